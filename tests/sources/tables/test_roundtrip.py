"""R12: what is exported and restored is what was there, of every type of each engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.rig.mariadb import MariaDbDatabase
from tests.rig.postgresql import PostgresDatabase
from tests.sources.tables.conftest import ENGINES, Database, NewDatabase
from tests.sources.tables.support import MemoryTree, restore

CHINOOK = Path(__file__).parents[3] / "examples" / "sample_app" / "chinook.sqlite"


@pytest.mark.parametrize("through", ENGINES)
@pytest.mark.parametrize("first", ENGINES)
def test_chinook_is_the_same_in_all_nine_directions(
    first: str, through: str, new_database: NewDatabase, scratch: Path, chinook: Database
) -> None:
    """A store moved from one engine to another, and into a third place, has the same files."""
    source = new_database(first)
    restore(source.source(), MemoryTree(chinook.source(), scratch), scratch, only_new=True)
    before = MemoryTree(source.source(), scratch)
    target = new_database(through)
    restore(target.source(), before, scratch, only_new=True)
    after = MemoryTree(target.source(), scratch)
    assert after.data == before.data
    assert len(after.data) == 11


@pytest.fixture
def chinook(new_database: NewDatabase) -> Database:
    database = new_database("sqlite")
    shutil.copy(CHINOOK, database.url.removeprefix("sqlite:///"))
    # As SQLAlchemy stores a moment; another spelling would be kept as it is.
    database.run(
        "UPDATE Employee SET BirthDate = BirthDate || '.000000', HireDate = HireDate || '.000000'",
        "UPDATE Invoice SET InvoiceDate = InvoiceDate || '.000000'",
    )
    return database


def test_every_feature_of_postgresql_comes_back(
    features_postgres: PostgresDatabase, scratch: Path
) -> None:
    """R12: tables with all types, schemas, partitions and keys are the same after a restore."""
    database = Database("postgresql", features_postgres.url)
    before = MemoryTree(database.source(), scratch)
    restore(database.source(), before, scratch)
    after = MemoryTree(database.source(), scratch)
    assert after.data == before.data


def test_every_feature_of_mariadb_comes_back(
    features_mariadb: MariaDbDatabase, scratch: Path
) -> None:
    """R12: tables with all types, character sets and keys are the same after a restore."""
    database = Database("mysql", features_mariadb.url)
    database.run("ALTER TABLE old_counters ENGINE=InnoDB", "DROP TRIGGER `refuse ``all```")
    before = MemoryTree(database.source(), scratch)
    restore(database.source(), before, scratch)
    after = MemoryTree(database.source(), scratch)
    assert after.data == before.data


@pytest.mark.parametrize("then", ENGINES)
@pytest.mark.parametrize("first", ENGINES)
def test_common_types_survive_two_moves_and_the_way_back(
    first: str, then: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R12: what every engine can hold is the same when it has been in any two of them."""
    origin = new_database("postgresql")
    origin.run(
        "CREATE TABLE things (id bigint PRIMARY KEY, small smallint, truth boolean NOT NULL,"
        " amount numeric(10,2), ratio double precision, words varchar(200), long_words text,"
        " data bytea, day date, clock time, at timestamp, at_there timestamptz, uid uuid,"
        " doc jsonb, unique (words))",
        "INSERT INTO things VALUES (-9223372036854775808, -32768, true, '12345678.10', 0.1,"
        " 'ü日😀''\"\\', repeat('x', 70000), '\\x00ff0a', '1999-12-31', '23:59:59.999999',"
        " '1000-01-01 00:00:00.000001', '2024-02-29 23:59:59.5+05:30',"
        " '01234567-89ab-4def-8123-456789abcdef', '{\"a\": [1, null, \"\\\\u00fc\"]}')",
        "INSERT INTO things VALUES (9223372036854775807, 32767, false, '-0.01', -1e300, '', '',"
        " '', '9999-12-31', '00:00', '9999-12-31 23:59:59', '1970-01-02 00:00:00+00',"
        " '00000000-0000-0000-0000-000000000000', '{}')",
        "INSERT INTO things (id, truth) VALUES (0, true)",
    )
    before = MemoryTree(origin.source(), scratch)
    tree = before
    for engine_name in (first, then):
        database = new_database(engine_name)
        restore(database.source(), tree, scratch, only_new=True)
        tree = MemoryTree(database.source(), scratch)
    origin.run("DELETE FROM things")
    restore(origin.source(), tree, scratch)
    assert MemoryTree(origin.source(), scratch).data == before.data
