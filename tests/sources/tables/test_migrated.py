"""A new database whose schema was made by migrations is filled; one that holds data is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import DataDoesNotFit, LiveDataChanged, TargetExists
from tests.sources.tables.conftest import ENGINES, Database, NewDatabase
from tests.sources.tables.support import MemoryTree, restore, staged

each_engine = pytest.mark.parametrize("engine_name", ENGINES)


def migrate(database: Database, revision: str = "b2") -> None:
    """Make a schema as Alembic and Django do."""
    database.run(
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
        f"INSERT INTO alembic_version VALUES ('{revision}')",
        "CREATE TABLE django_migrations (id integer PRIMARY KEY, app varchar(99),"
        " name varchar(99), applied varchar(30))",
        "CREATE TABLE django_content_type (id integer PRIMARY KEY, model varchar(99))",
        "INSERT INTO django_content_type VALUES (1, 'of the code')",
        "CREATE TABLE notes (id integer PRIMARY KEY, body varchar(10) DEFAULT 'none')",
        "CREATE INDEX of_notes ON notes (body)",
    )


def applied(database: Database, when: str) -> None:
    database.run(f"INSERT INTO django_migrations VALUES (1, 'shop', '0001_initial', '{when}')")


@pytest.fixture
def tree(engine_name: str, new_database: NewDatabase, scratch: Path) -> MemoryTree:
    """A backup of a database with data."""
    database = new_database(engine_name)
    migrate(database)
    applied(database, "2023")
    database.run(
        "INSERT INTO notes VALUES (1, 'one'), (2, 'two')",
        "UPDATE django_content_type SET id = 7, model = 'of the backup'",
    )
    return MemoryTree(database.source(), scratch)


def notes(database: Database) -> list[tuple[object, ...]]:
    return database.query("SELECT id, body FROM notes ORDER BY id")


@each_engine
def test_a_schema_without_data_is_filled(
    tree: MemoryTree, engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R20: what the migrations noted stays; what the code seeded becomes that of the backup."""
    database = new_database(engine_name)
    migrate(database)
    applied(database, "2024")
    restore(database.source(), tree, scratch, only_new=True)
    assert notes(database) == [(1, "one"), (2, "two")]
    assert database.query("SELECT id, applied FROM django_migrations") == [(1, "2024")]
    assert database.query("SELECT * FROM django_content_type") == [(7, "of the backup")]


@each_engine
def test_bookkeeping_that_only_one_of_the_two_has_is_no_matter(
    tree: MemoryTree, engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R20: the backup's is made, or filled; that of the database stays."""
    database = new_database(engine_name)
    migrate(database)
    database.run("DROP TABLE alembic_version")
    restore(database.source(), tree, scratch, only_new=True)
    assert database.query("SELECT version_num FROM alembic_version") == [("b2",)]
    assert database.query("SELECT applied FROM django_migrations") == [("2023",)]
    other = new_database(engine_name)
    migrate(other, "c3")
    restore(other.source(), tree, scratch, only_new=True, tables=("notes",))
    assert notes(other) == [(1, "one"), (2, "two")]


@each_engine
def test_a_schema_with_data_or_of_other_migrations_is_refused(
    tree: MemoryTree, engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R20, R58: nothing is written; neither into one to which somebody writes meanwhile."""
    database = new_database(engine_name)
    migrate(database, "c3")
    only_new = {"only_new": True}
    differs = pytest.raises(DataDoesNotFit, match="alembic_version differs in b2, c3")
    with differs, staged(database.source(), tree, scratch, **only_new):
        pass
    database.run("UPDATE alembic_version SET version_num = 'b2'")
    with staged(database.source(), tree, scratch, **only_new) as found:
        database.run("INSERT INTO notes VALUES (9, 'mine')")
        with pytest.raises(LiveDataChanged):
            found.swap()
    holds = pytest.raises(TargetExists, match="holds rows already: notes")
    with holds, staged(database.source(), tree, scratch, **only_new):
        pass
    assert notes(database) == [(9, "mine")]
    database.run("DROP TABLE notes")
    with pytest.raises(DataDoesNotFit, match="no table notes"):
        restore(database.source(), tree, scratch, only_new=True)
