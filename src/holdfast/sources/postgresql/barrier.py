"""Nothing is written into tables from the moment that they are looked at until they are dropped.

A lock alone cannot do that: the program that drops them has a session of its own, so ours must let
go first, and whoever waited for it meanwhile would write, and be told so, into what is dropped.
So each table gets a trigger that refuses, under the lock. Its function is a temporary one: when
our session ends, however it ends, the server removes it and the triggers with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from holdfast.errors import HoldfastError
from holdfast.models.progress import CancellationToken
from holdfast.sources.base import RestoreContext
from holdfast.sources.postgresql.holding import unblocked
from holdfast.sources.postgresql.inspection import Table
from holdfast.sources.postgresql.replacement import lock
from holdfast.sources.postgresql.session import Session, identifier, literal
from holdfast.sources.postgresql.site import Site

_REFUSAL = (
    "BEGIN RAISE EXCEPTION 'a restore is replacing this table' USING ERRCODE = 'object_in_use'; END"
)
_MAY = """
SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMP')
   AND EXISTS (SELECT FROM pg_catalog.pg_language l WHERE l.lanname = 'plpgsql'
               AND pg_catalog.has_language_privilege(l.oid, 'USAGE')) AS may
"""
_LEFT = """
SELECT n.nspname AS schema, c.relname AS name, t.tgname AS trigger
  FROM pg_catalog.pg_trigger t
  JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT t.tgisinternal AND t.tgname IN ({names})
"""


@contextmanager
def nothing_written(
    site: Site,
    tables: Sequence[Table],
    context: RestoreContext,
    expect: Callable[[Session], None],
) -> Iterator[None]:
    """Refuse writes into tables until the context ends.

    Args:
        context: Of the restore; its hold is told if the server is gone by then, which keeps the
            triggers if it was killed, until a sweep.
        expect: Looks at them while they are locked, and raises if they are not as wanted.

    Raises:
        TargetInUse: Somebody holds one of them for too long.
    """
    token, cancel = context.token, context.cancel
    with site.database(cancel=cancel) as session:
        try:
            _raise_barrier(site, session, tables, token, cancel, expect)
            yield
        finally:
            try:
                session.execute(f"DROP FUNCTION IF EXISTS {_function(token)}() CASCADE")
            except HoldfastError:
                context.hold.left.add(site.root)  # the end of the session removes it too, mostly


def _raise_barrier(
    site: Site,
    session: Session,
    tables: Sequence[Table],
    token: str,
    cancel: CancellationToken,
    expect: Callable[[Session], None],
) -> None:
    application = f"holdfast_lock_{token}"
    session.execute("SET default_transaction_read_only = off")
    session.execute(f"SET application_name = {literal(application)}")
    with session.transaction("READ WRITE"):
        with unblocked(site, application, cancel):
            if tables:
                lock(session, tables, "SHARE ROW EXCLUSIVE")
        expect(session)
        # Without the right to it there is but the lock: then those who wait for it get through.
        if not session.value(_MAY):
            return
        session.execute(
            f"CREATE FUNCTION {_function(token)}() RETURNS trigger LANGUAGE plpgsql"
            f" AS {literal(_REFUSAL)}"
        )
        for table in tables:
            _refuse(session, table.quoted, token)


def _function(token: str) -> str:
    return f"pg_temp.{identifier(f'holdfast_refuse_{token}')}"


def _triggers(token: str) -> tuple[str, str]:
    return f"holdfast_write_{token}", f"holdfast_truncate_{token}"


def _refuse(session: Session, quoted: str, token: str) -> None:
    # A partition is written to by way of its table: only a trigger for each row notices.
    events = ("INSERT OR UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")
    for name, (event, each) in zip(_triggers(token), events, strict=True):
        session.execute(
            f"CREATE TRIGGER {identifier(name)} BEFORE {event} ON {quoted}"
            f" FOR EACH {each} EXECUTE PROCEDURE {_function(token)}()"
        )
        session.execute(f"ALTER TABLE {quoted} ENABLE ALWAYS TRIGGER {identifier(name)}")


def remove_barrier(session: Session, token: str) -> None:
    """Let tables be written to again after a crash of the server, which keeps the triggers."""
    names = ", ".join(map(literal, _triggers(token)))
    with session.transaction("READ WRITE"):
        for row in session.query(_LEFT.format(names=names)):
            table = identifier(row["schema"], row["name"])
            session.execute(f"DROP TRIGGER IF EXISTS {identifier(row['trigger'])} ON {table}")
