"""The benchmark database is the same for the same seed, and changes by what it says."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import database
from benchmarks.comparison import databases_equal

SIZE_BYTES = 4 << 20


def rows(path: Path, table: str) -> dict[int, tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return {row[0]: row for row in connection.execute(f"SELECT * FROM {table}")}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("built") / "app.db"
    database.build(path, SIZE_BYTES, seed=7)
    return path


def test_one_seed_makes_one_database(built: Path, tmp_path: Path) -> None:
    """Two builds of one seed hold the same rows, so that runs can be compared."""
    again = tmp_path / "again.db"
    database.build(again, SIZE_BYTES, seed=7)
    assert databases_equal(built, again)


def test_the_size_is_about_what_was_asked(built: Path) -> None:
    """The database is within a tenth of the size asked for."""
    assert built.stat().st_size == pytest.approx(SIZE_BYTES, rel=0.1)


@pytest.mark.parametrize("how", ["random", "recent"])
def test_a_change_updates_and_appends_its_share(built: Path, tmp_path: Path, how: str) -> None:
    """1 % of the events are updated and 0.5 % appended, and the file is left without a log."""
    changed = tmp_path / "changed.db"
    changed.write_bytes(built.read_bytes())
    database.change(changed, how, seed=3)
    before, after = rows(built, "events"), rows(changed, "events")
    updated = sum(after[key] != row for key, row in before.items())
    assert updated == pytest.approx(len(before) * 0.01, rel=0.05)
    assert len(after) - len(before) == int(len(before) * 0.005)
    assert not databases_equal(built, changed)
    assert not changed.with_name("changed.db-wal").exists()
