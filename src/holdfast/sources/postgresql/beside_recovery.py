"""What becomes of databases beside a live one after a crash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.errors import TargetExists
from holdfast.sources.postgresql.databases import Beside, drop, mark_settled, oid_of, ours
from holdfast.sources.postgresql.exchange import Exchange, carry_out, take_back
from holdfast.sources.postgresql.filling import expect_empty
from holdfast.sources.postgresql.names import Purpose, beside, mark
from holdfast.sources.postgresql.site import Site


def recover_beside(site: Site, state: Mapping[str, Any], *, committed: bool | None) -> bool:
    """Finish or take back an exchange that a crash interrupted; see `Source.recover`."""
    exchange = Exchange(**state["exchange"])
    if committed:
        carry_out(exchange, site.maintenance)
        if not state["keep_old"] and exchange.old_oid is not None:
            _drop_replaced(site, exchange, empty=bool(state.get("only_new")))
        if exchange.old_oid is not None:
            with site.maintenance() as session:
                mark_settled(session, exchange.old_oid, site.live)
        return True
    if committed is False:
        take_back(exchange, site.maintenance, comment=state["mark"])
        if not state["adopted"]:
            _drop(site, exchange.new_oid)
        return False
    with site.maintenance() as session:
        return exchange.is_done(session)


def _drop(site: Site, oid: int) -> None:
    with site.maintenance() as session:
        drop(session, oid, site.live)


def _drop_replaced(site: Site, exchange: Exchange, *, empty: bool) -> None:
    """Drop what was replaced; where it was to be empty only if it is, else the cleanup does."""
    with site.maintenance() as session:
        if empty and oid_of(session, exchange.kept) == exchange.old_oid:
            try:
                expect_empty(site, session, exchange.kept)
            except TargetExists:
                return
        if exchange.old_oid is not None:
            drop(session, exchange.old_oid, site.live)


def sweep_beside(site: Site, token: str) -> None:
    """Remove the databases of a restore; put back what it replaced if nobody knew of that."""
    with site.maintenance() as session:
        found = [each for each in ours(session, site.live) if each.token == token]
    for each in found:
        if each.purpose is Purpose.OLD:
            _put_back(site, each)
    for each in found:
        if each.purpose is not Purpose.OLD:
            _drop(site, each.oid)


def _put_back(site: Site, old: Beside) -> None:
    with site.maintenance() as session:
        live_oid = oid_of(session, site.live)
    if live_oid is None:
        return
    new = beside(site.live, Purpose.NEW, old.token)
    exchange = Exchange(
        live=site.live,
        old_oid=old.oid,
        kept=old.name,
        new_oid=live_oid,
        new=new,
        token=old.token,
    )
    take_back(exchange, site.maintenance, comment=mark(site.live, Purpose.NEW, old.token))
    _drop(site, live_oid)
