"""R12: what goes through a capture and a restore comes out value for value, type for type."""

from __future__ import annotations

import math
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.sources.sqlite import SqliteSource
from tests.sources.sqlite.support import JOURNAL_MODES, backup_of, capture, run_sql, staged

LARGEST = 2**63 - 1

VALUES = st.one_of(
    st.none(),
    st.integers(-LARGEST - 1, LARGEST),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=30),
    st.binary(max_size=30),
    st.sampled_from(["", b"", "NULL", "\0", "emoji 🦭", -0.0, 2**53 + 1, "1e999", "ﬀ", "é"]),
)
NAMES = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12
).filter(lambda name: not name.lower().startswith("sqlite_"))
COLUMNS = st.lists(NAMES, min_size=1, max_size=4, unique_by=str.casefold)


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def typed(rows: list[tuple[object, ...]]) -> list[list[str]]:
    """Return rows so that equal means the same type and the same bits."""
    return [[f"{type(value).__name__} {value!r}" for value in row] for row in rows]


@settings(max_examples=8)
@given(
    table=NAMES,
    columns=COLUMNS,
    data=st.data(),
    page_size=st.sampled_from([512, 4096, 65536]),
    encoding=st.sampled_from(["UTF-8", "UTF-16le", "UTF-16be"]),
    journal_mode=st.sampled_from(JOURNAL_MODES),
)
def test_every_value_returns(
    table: str,
    columns: list[str],
    data: st.DataObject,
    page_size: int,
    encoding: str,
    journal_mode: str,
) -> None:
    """R12: NULL and '', bytes, infinities, big integers, quoted names, emoji."""
    rows = data.draw(st.lists(st.tuples(*[VALUES] * len(columns)), max_size=20))
    listed = ", ".join(quote(column) for column in columns)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "live").mkdir()
        path = folder / "live/app.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"pragma page_size={page_size}")
            connection.execute(f"pragma encoding='{encoding}'")
            connection.execute(f"pragma journal_mode={journal_mode}")
            connection.execute(f"create table {quote(table)} ({listed})")
            marks = ", ".join("?" * len(columns))
            connection.executemany(f"insert into {quote(table)} values ({marks})", rows)
            connection.commit()
        everything = f"select * from {quote(table)} order by rowid"
        before = typed(run_sql(path, everything))
        source = SqliteSource(path)
        captured = capture(source, folder)
        assert captured.facts.table_counts == {table: len(rows)}
        run_sql(path, f"delete from {quote(table)}")
        with staged(source, backup_of(captured, source), folder) as stage:
            assert all(check.passed for check in stage.check())
            stage.swap()

        assert typed(run_sql(path, everything)) == before


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, LARGEST, "", b"", None])
def test_what_sqlite_itself_keeps(tmp_path: Path, value: object) -> None:
    """R12: a NaN is NULL already in SQLite; all else stays."""
    path = tmp_path / "app.db"
    run_sql(path, "create table t(x)")
    run_sql(path, "insert into t values(?)", value)

    captured = capture(SqliteSource(path), tmp_path)

    assert typed(run_sql(captured.path, "select x from t")) == typed(
        run_sql(path, "select x from t")
    )
