"""R07: every copy that was exported from a busy database is one moment of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig.load import backups_under_load
from tests.rig.transfers import (
    Bank,
    Ledger,
    MariaDbBank,
    PostgresBank,
    Transfers,
    check_ledger,
    open_accounts,
)
from tests.sources.tables.conftest import Database, NewDatabase
from tests.sources.tables.support import MemoryTree, rows_of, staged

SERVERS = ("postgresql", "mysql")
EXPORTS = backups_under_load(8)


def bank_of(database: Database) -> Bank:
    if database.engine_name == "mysql":
        return MariaDbBank(database.url)
    return PostgresBank(database.url)


def ledger_of(tree: MemoryTree) -> Ledger:
    balances = [*rows_of(tree, "savings"), *rows_of(tree, "checking")]
    numbers = [int(row["number"]) for row in rows_of(tree, "transfers")]
    return Ledger(
        total=sum(int(row["balance"]) for row in balances),
        transfers=len(numbers),
        last_transfer=max(numbers, default=0),
    )


@pytest.mark.parametrize("engine_name", SERVERS)
def test_a_copy_under_load_is_one_moment(
    engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R07: no money is made or lost, no transfer is half there, none acknowledged is missing."""
    database = new_database(engine_name)
    bank = bank_of(database)
    open_accounts(bank)
    with Transfers(bank) as transfers:
        for _ in range(EXPORTS):
            before = transfers.acknowledged()
            tree = MemoryTree(database.source(), scratch)
            check_ledger(ledger_of(tree), at_least=before)
    tree = MemoryTree(database.source(), scratch)
    database.run("DELETE FROM transfers WHERE number > 1")
    with staged(database.source(), tree, scratch) as found:
        found.swap()
    assert ledger_of(MemoryTree(database.source(), scratch)) == ledger_of(tree)


@pytest.mark.parametrize("engine_name", SERVERS)
def test_writers_wait_while_they_are_held(
    engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R18: from the last look to the commit of the swap nobody's commit comes between."""
    database = new_database(engine_name)
    bank = bank_of(database)
    open_accounts(bank)
    tree = MemoryTree(database.source(), scratch)
    with (
        Transfers(bank) as transfers,
        staged(database.source(), tree, scratch) as found,
        found.hold_writers(),
    ):
        before = transfers.acknowledged()
        version = found.live_version()
        safety = MemoryTree(database.source(), scratch)
        check_ledger(ledger_of(safety), at_least=before)
        assert found.live_version() == version
        found.expect_unchanged_since(version)
        found.swap()
        transfers.wait_for(3)
    check_ledger(ledger_of(MemoryTree(database.source(), scratch)))
