"""Rows that broke foreign keys before a backup may break them after its restore; no others may."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.errors import DataDoesNotFit
from tests.sources.tables.conftest import ENGINES, Database, NewDatabase
from tests.sources.tables.support import MemoryTree, context_of, restore, staged

each_engine = pytest.mark.parametrize("engine_name", ENGINES)
ORPHAN = {"mysql": "SET STATEMENT foreign_key_checks = 0 FOR INSERT INTO pages VALUES {}"}


def add_orphan(database: Database, row: str) -> None:
    database.run(ORPHAN.get(database.engine_name, "INSERT INTO pages VALUES {}").format(row))


def fill(database: Database, *books: int) -> None:
    """Make books with pages, of which the last one is of book 9."""
    key = "FOREIGN KEY (book) REFERENCES books (id)"
    in_table = "" if database.engine_name == "postgresql" else f", {key}"
    database.run(
        "CREATE TABLE books (id integer PRIMARY KEY)",
        f"CREATE TABLE pages (id integer PRIMARY KEY, book integer{in_table})",
        *(f"INSERT INTO books VALUES ({book})" for book in books),
        "INSERT INTO pages VALUES (1, 1), (2, 2), (3, NULL)",
    )
    add_orphan(database, "(4, 9)")
    if database.engine_name == "postgresql":
        database.run(f"ALTER TABLE pages ADD CONSTRAINT of_book {key} NOT VALID")


@pytest.fixture
def library(new_database: NewDatabase, engine_name: str) -> Database:
    """Books with pages, one of which is of a book that is not there."""
    database = new_database(engine_name)
    fill(database, 1, 2)
    return database


def pages(database: Database) -> list[tuple[int, int | None]]:
    return [(row[0], row[1]) for row in database.query("SELECT id, book FROM pages ORDER BY id")]


@each_engine
def test_what_was_broken_before_comes_back_and_proves(library: Database, scratch: Path) -> None:
    """R12, R14: a backup that verifies can be restored, in a drill and over the live tables."""
    tree = MemoryTree(library.source(), scratch)
    assert tree.facts.tables["pages"].facts["violations"] == 1
    assert "violations" not in tree.facts.tables["books"].facts
    with library.source().rehearse(context_of(tree, scratch)) as restored:
        assert [each for each in restored.check() if each.failed] == []
    before = pages(library)
    library.run("DELETE FROM pages")
    restore(library.source(), tree, scratch)
    assert pages(library) == before


@each_engine
@pytest.mark.parametrize("chosen", [("books", "pages"), ("books",)], ids=["both", "beside"])
def test_what_was_broken_before_is_put_back_by_an_undo(
    library: Database, chosen: tuple[str, ...], new_database: NewDatabase, scratch: Path
) -> None:
    """R17: in the tables that were replaced, and in one beside them that the swap made whole."""
    whole = new_database(library.engine_name)
    fill(whole, 1, 2, 9)
    tree = MemoryTree(whole.source(), scratch)
    assert "violations" not in tree.facts.tables["pages"].facts
    before = pages(library)
    with staged(library.source(), tree, scratch, tables=chosen) as found:
        found.swap()
        assert library.query("SELECT count(*) FROM books") == [(3,)]
        found.undo()
    assert pages(library) == before
    assert library.query("SELECT count(*) FROM books") == [(2,)]


@each_engine
def test_more_than_was_broken_before_is_refused(library: Database, scratch: Path) -> None:
    """R14: what stands beside may stay as it was, and must not lose rows that it refers to."""
    tree = MemoryTree(library.source(), scratch)
    restore(library.source(), tree, scratch, tables=("books",))
    library.run("INSERT INTO books VALUES (3)", "INSERT INTO pages VALUES (5, 3)")
    before = pages(library)
    refused = pytest.raises(DataDoesNotFit, match="2 rows of pages")
    with staged(library.source(), tree, scratch, tables=("books",)) as found, refused:
        found.swap()
    assert pages(library) == before
    assert library.query("SELECT count(*) FROM books") == [(3,)]


@pytest.mark.parametrize("target", ENGINES)
@each_engine
def test_what_was_broken_before_goes_into_a_new_database(
    library: Database, target: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R12: of any engine; new rows must name a book there all the same."""
    tree = MemoryTree(library.source(), scratch)
    other = new_database(target)
    restore(other.source(), tree, scratch, only_new=True)
    assert pages(other) == pages(library)
    if target != "sqlite":
        with pytest.raises(sa.exc.IntegrityError):
            other.run("INSERT INTO pages VALUES (6, 8)")
