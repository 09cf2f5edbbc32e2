"""The PostgreSQL database changes by what it says, and its states come back as they were."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest

from benchmarks.postgresql import data
from benchmarks.postgresql.comparison import Fingerprint, fingerprint
from benchmarks.postgresql.server import Server, give_to_server_user, program_directory

SIZE_BYTES = 4 << 20
ACCOUNTS = 100_000
EVENTS = 800_000 * SIZE_BYTES >> 30


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    programs = program_directory()
    assert programs is not None
    # Not in the folder of pytest: every run that starts shuts that one to all but its owner.
    with TemporaryDirectory(prefix="bench-") as folder:
        give_to_server_user(Path(folder))
        yield from _built(Server(Path(folder, "data"), programs))


def _built(server: Server) -> Iterator[Server]:
    try:
        server.create()
        server.start()
        execute(server, "CREATE DATABASE base")
        data.build(server.url("base"), SIZE_BYTES, pgbench=str(server.programs / "pgbench"))
        yield server
    finally:
        server.close()


def execute(server: Server, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
    with psycopg.connect(server.url(database), autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def amounts(server: Server, database: str) -> dict[int, Decimal]:
    return dict(execute(server, "SELECT id, amount FROM events", database))


def changed(server: Server, how: str) -> Fingerprint:
    """Make a copy of the database, change it, and return its fingerprint."""
    execute(server, f"CREATE DATABASE {how} TEMPLATE base")
    data.change(server.url(how), how, seed=3)
    return fingerprint(server.url(how))


@pytest.mark.parametrize("how", ["random", "recent", "newest"])
def test_a_change_updates_and_appends_its_share(server: Server, how: str) -> None:
    """1 % of the accounts and events are updated, and 0.5 % of the events appended."""
    changed(server, how)
    ((moved,),) = execute(server, "SELECT count(*) FROM pgbench_accounts WHERE abalance <> 0", how)
    assert moved == pytest.approx(ACCOUNTS * 0.01, rel=0.02)
    before, after = amounts(server, "base"), amounts(server, how)
    updated = [key for key, amount in before.items() if after[key] != amount]
    assert len(updated) == pytest.approx(EVENTS * 0.01, rel=0.1)
    assert len(after) - len(before) == int(EVENTS * 0.005)
    if how == "newest":
        assert min(updated) > EVENTS * 0.95


def test_a_change_of_the_accounts_touches_nothing_else(server: Server) -> None:
    before, after = fingerprint(server.url("base")), changed(server, "accounts")
    differing = {table for table in before if before[table] != after[table]}
    assert differing == {"pgbench_accounts", "pgbench_history"}


def test_a_state_that_was_kept_comes_back_as_it_was(server: Server) -> None:
    """Whatever was written meanwhile; the fingerprint shows a single changed row."""
    before = fingerprint(server.url("base"))
    kept = server.data.with_name("kept")
    server.stop()
    server.copy_to(kept)
    server.start()
    execute(server, "UPDATE events SET kind = 'other' WHERE id = 1", "base")
    assert fingerprint(server.url("base")) != before
    server.stop()
    server.take_from(kept)
    server.start()
    assert fingerprint(server.url("base")) == before
