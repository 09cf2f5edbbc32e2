"""The writer's invariant is one that a bad copy breaks."""

from __future__ import annotations

import pytest

from tests.rig.mariadb import MariaDbDatabase
from tests.rig.postgresql import PostgresDatabase
from tests.rig.transfers import (
    TOTAL,
    Bank,
    Ledger,
    MariaDbBank,
    PostgresBank,
    Transfers,
    check_ledger,
    open_accounts,
    read_ledger,
)


@pytest.fixture(params=["postgres_database", "mariadb_database"])
def database(request: pytest.FixtureRequest) -> PostgresDatabase | MariaDbDatabase:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, PostgresDatabase | MariaDbDatabase)
    return found


@pytest.fixture
def bank(database: PostgresDatabase | MariaDbDatabase) -> Bank:
    postgres = isinstance(database, PostgresDatabase)
    bank: Bank = PostgresBank(database.url) if postgres else MariaDbBank(database.url)
    open_accounts(bank)
    return bank


def test_money_moves_and_none_is_lost(bank: Bank) -> None:
    with Transfers(bank) as transfers:
        acknowledged = transfers.wait_for(20)
        check_ledger(read_ledger(bank), at_least=acknowledged)
    check_ledger(read_ledger(bank), at_least=acknowledged)
    assert transfers.acknowledged() == read_ledger(bank).last_transfer


def test_the_writer_comes_back_when_its_server_was_killed(
    bank: Bank, database: PostgresDatabase | MariaDbDatabase
) -> None:
    with Transfers(bank) as transfers:
        acknowledged = transfers.wait_for(5)
        database.server.kill()
        database.server.start()
        transfers.wait_for(5)
    assert transfers.reconnected > 0
    check_ledger(read_ledger(bank), at_least=acknowledged)


@pytest.mark.parametrize(
    "ledger",
    [
        Ledger(total=TOTAL - 1, transfers=5, last_transfer=5),
        Ledger(total=TOTAL, transfers=4, last_transfer=5),
        Ledger(total=TOTAL, transfers=3, last_transfer=3),
    ],
)
def test_a_torn_copy_is_noticed(ledger: Ledger) -> None:
    with pytest.raises(AssertionError):
        check_ledger(ledger, at_least=4)
