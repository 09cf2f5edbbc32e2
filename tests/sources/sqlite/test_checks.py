"""Database files of anybody are checked and queried without harm (R58)."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from holdfast.errors import SourceError
from holdfast.models.backup import CheckResult
from holdfast.sources.sqlite import SqliteSource, check_database, query_column
from tests.sources.sqlite.support import capture, make, run_sql

ENDLESS = "with recursive t(x) as (select 1 union all select x + 1 from t) select max(x) from t"
NO_HANG_S = 120
"""What never ends by itself would take longer on any machine, and what is only slow does not."""


def test_a_sound_database_passes_every_check(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", "insert into notes values(1), (2)")

    assert check_database(
        path, table_counts={"notes": 2}, expect=["select count(*) > 1 from notes"]
    ) == [
        CheckResult(name="integrity", passed=True),
        CheckResult(name="foreign keys", passed=True),
        CheckResult(name="table counts", passed=True, detail="1 table, 2 rows"),
        CheckResult(name="expect: select count(*) > 1 from notes", passed=True),
    ]


@pytest.mark.parametrize(
    ("sql", "detail"),
    [
        ("select count(*) from notes", "it returned '0'"),
        ("select null", "it returned 'None'"),
        ("select nonsense", "no such column: nonsense"),
        ("select 1, 2", "it must return one row of one column"),
        ("select value from json_each('[1,2]')", "it must return one row of one column"),
        ("select 1 where false", "it must return one row of one column"),
        ("delete from notes", "attempt to write a readonly database"),
        ("attach '/tmp/x' as x", "too many attached databases - max 0"),
        ("select load_extension('/tmp/x.so')", "not authorized"),
    ],
)
def test_an_expectation_that_is_not_one_true_value_fails(
    tmp_path: Path, sql: str, detail: str
) -> None:
    path = make(tmp_path / "app.db")

    result = check_database(path, expect=[sql])[-1]

    assert result == CheckResult(name=f"expect: {sql}", passed=False, detail=detail)


def test_an_expectation_that_never_ends_fails(tmp_path: Path) -> None:
    """R58: no hang."""
    began = time.monotonic()

    result = check_database(make(tmp_path / "app.db"), expect=[ENDLESS], limit_s=0.3)[-1]

    assert result.detail == "it did not answer within 0.3 s"
    assert time.monotonic() - began < NO_HANG_S


def test_tables_that_are_missing_or_more_are_named(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", "insert into notes values(1); create table more(x)")

    result = check_database(path, table_counts={"notes": 2, "gone": 0})[2]

    assert result == CheckResult(
        name="table counts",
        passed=False,
        detail="gone: no table instead of 0; notes: 1 instead of 2; more: not in the manifest",
    )


FOREIGN = (
    "create table parent(id integer primary key);"
    "create table child(of int references parent(id)); insert into child values(7)"
)


@pytest.mark.parametrize(("known", "passed"), [(None, True), (0, False), (1, True)])
def test_foreign_keys_that_were_broken_before_are_no_failure(
    tmp_path: Path, known: int | None, passed: bool
) -> None:
    path = make(tmp_path / "app.db", FOREIGN)

    result = check_database(path, known_violations=known)[1]

    assert result.passed is passed
    assert result.detail.startswith("1 row refers to rows that are not there")


def test_a_capture_records_broken_foreign_keys(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", FOREIGN)

    assert capture(SqliteSource(path), tmp_path).facts.facts["violations"] == 1


def test_only_the_full_check_compares_indexes_with_their_tables(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", "create index i on notes(body); insert into notes values(1)")
    run_sql(
        path,
        "pragma writable_schema=on; update sqlite_schema set sql='create index i on notes(-body)'"
        " where name='i';",
    )

    assert check_database(path, full=False)[0].passed
    assert not check_database(path, full=True)[0].passed


def test_a_full_check_without_the_applications_collation_says_what_it_left_out(
    tmp_path: Path,
) -> None:
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.create_collation("mine", lambda a, b: (a < b) - (a > b))
        connection.execute("create table t(x text collate mine primary key)")
        connection.execute("insert into t values('b'), ('a')")
        connection.commit()

    results = check_database(path, table_counts={"t": 2})

    assert all(result.passed for result in results)
    assert results[0].detail == "t could be checked only in part"


@pytest.mark.parametrize("size", [1, 99, 100, 511, 512, 4095, 4096, 5000])
def test_a_truncated_file_fails(tmp_path: Path, size: int) -> None:
    """R02: a database cut short is not sound."""
    path = make(tmp_path / "app.db", "insert into notes values(1)")
    content = path.read_bytes()
    path.write_bytes(content[:size])

    result = check_database(path)[0]

    assert (result.name, result.passed) == ("integrity", False)
    assert result.detail


def patched(path: Path, *patches: tuple[int, bytes]) -> Path:
    content = bytearray(path.read_bytes())
    for offset, data in patches:
        content[offset : offset + len(data)] = data
    path.write_bytes(bytes(content))
    return path


@pytest.mark.parametrize(
    "patch",
    [
        (28, b"\xff\xff\xff\xfe"),  # a page count of four billion
        (16, b"\x00\x03"),  # a page size that is none
        (20, b"\xff"),  # no usable bytes in a page
        (32, b"\x00\x00\x00\x02\x7f\xff\xff\xff"),  # a free list with two billion pages
        (44, b"\x00\x00\x00\x63"),  # a schema format of the future
        (100, b"\x05"),  # the schema's page says that it is an inner page
        (103, b"\xff\xff"),  # 65,535 cells on one page
        (4096, b"\x0d\x00\x00\xff\xff"),  # a table's page alike
        (52, b"\x00\x00\xff\xff\x00\x00\x00\x01"),  # auto-vacuum with a root that is not there
    ],
)
def test_a_hostile_header_or_page_ends_quickly(tmp_path: Path, patch: tuple[int, bytes]) -> None:
    """R58: malformed databases: no crash of ours, no hang, a result."""
    path = patched(make(tmp_path / "app.db", "insert into notes values(1)"), patch)
    began = time.monotonic()

    results = check_database(path, table_counts={"notes": 1})

    assert not all(result.passed for result in results), patch
    assert time.monotonic() - began < NO_HANG_S


@pytest.mark.parametrize(
    "statement",
    [
        f"create view notes2 as {ENDLESS}",
        f"create view sqlite_evil as {ENDLESS}",
        "create trigger t after insert on notes begin delete from notes; end",
        "create view v as select load_extension('/tmp/evil.so')",
        "create virtual table v using fts5(x)",
        "create table w(x check(load_extension('/tmp/evil.so')))",
        "create table w(x default (load_extension('/tmp/evil.so')))",
    ],
)
def test_a_schema_never_runs(tmp_path: Path, statement: str) -> None:
    """R58: views, triggers and defaults of the file are not executed by checks and counts."""
    path = make(tmp_path / "app.db", "insert into notes values(1)")
    kind = statement.split()[1].replace("virtual", "table")
    name = statement.split()[2] if kind != "table" else "w"
    run_sql(
        path,
        "pragma writable_schema=on;"
        f"insert into sqlite_schema values('{kind}', '{name}', '{name}', 0,"
        f" '{statement.replace(chr(39), chr(39) * 2)}');",
    )
    began = time.monotonic()

    check_database(path, table_counts={"notes": 1}, limit_s=2)

    assert time.monotonic() - began < NO_HANG_S


def test_an_endless_view_in_an_expectation_fails(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", f"create view v as {ENDLESS}")

    result = check_database(path, expect=["select count(*) from v"], limit_s=0.3)[-1]

    assert (result.passed, result.detail) == (False, "it did not answer within 0.3 s")


def test_a_memory_bomb_fails(tmp_path: Path) -> None:
    """R58: a query may not take the machine's memory."""
    bomb = "select length(hex(zeroblob(400000000))) > 0"

    result = check_database(make(tmp_path / "app.db"), expect=[bomb])[-1]

    assert not result.passed


def test_a_query_yields_one_column_as_text(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", "insert into notes values('a'), (null), (1), (x'ff62')")

    assert list(query_column(path, "select body, 1 from notes")) == ["a", "1", "\udcffb"]


def test_a_query_of_many_rows_is_streamed(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db")
    sql = (
        "with recursive t(x) as (select 1 union all select x + 1 from t limit 5000) select x from t"
    )

    assert list(query_column(path, sql)) == [str(number) for number in range(1, 5001)]


def test_a_query_that_never_ends_is_stopped_and_says_so(tmp_path: Path) -> None:
    """R58: in a sentence of its own, not as a process that died."""
    with pytest.raises(SourceError, match=r"did not end within 0\.3 s and was stopped: with"):
        list(query_column(make(tmp_path / "app.db"), ENDLESS, limit_s=0.3))


def test_a_query_that_cannot_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such table: events"):
        list(query_column(make(tmp_path / "app.db"), "select thumbnail from events"))


def test_flipped_bytes_never_crash_or_hang(tmp_path: Path) -> None:
    """R58: a seeded corpus of damaged files: each check ends with a result."""
    source = make(
        tmp_path / "source.db",
        "create index i on notes(body); create virtual table words using fts5(word);"
        "insert into words values('hello'); insert into notes values(zeroblob(9000)), (1)",
    )
    content = source.read_bytes()
    random = Random(20250101)
    for _ in range(20):
        damaged = bytearray(content)
        for _ in range(random.choice((1, 8, 64))):
            damaged[random.randrange(16, len(damaged))] = random.randrange(256)
        path = tmp_path / "app.db"
        path.write_bytes(damaged)

        results = check_database(path, table_counts={"notes": 2, "words": 1}, limit_s=5)

        assert results[0].name == "integrity"


def test_the_sample_application_passes(tmp_path: Path) -> None:
    sample = Path(__file__).parents[3] / "examples/sample_app/chinook.sqlite"
    path = Path(shutil.copy(sample, tmp_path / "chinook.db"))

    captured = capture(SqliteSource(path), tmp_path)

    assert captured.facts.table_counts["Track"] == 3503
    results = check_database(captured.path, table_counts=captured.facts.table_counts)
    assert all(result.passed for result in results)
