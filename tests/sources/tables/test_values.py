"""R12: generated values of every kind come back exactly, on each engine."""

from __future__ import annotations

import base64
import json
import math
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sources.tables.conftest import Database, NewDatabase
from tests.sources.tables.support import MemoryTree, restore, rows_of

TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=40)
INT64 = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=20, max_value=10**30)

POSTGRES: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "big": ("bigint", INT64),
    "truth": ("boolean", st.booleans()),
    "amount": ("numeric", st.one_of(DECIMALS, st.just("NaN"), st.just("-Infinity"))),
    "long_number": ("numeric", st.integers(-(10**1000), 10**1000)),
    "double": ("double precision", st.floats().map(repr)),
    "single": ("real", st.floats(width=32).map(repr)),
    "words": ("text", TEXT),
    "data": ("bytea", st.binary(max_size=50).map(lambda data: "\\x" + data.hex())),
    "day": ("date", st.sampled_from(["4713-01-01 BC", "infinity", "-infinity", "5874897-12-31"])),
    "moment": (
        "timestamptz",
        st.one_of(st.datetimes().map(str), st.just("infinity"), st.just("0044-03-15 12:00 BC")),
    ),
    "while_": (
        "interval",
        st.builds(
            "{} months {} days {} microseconds".format,
            st.integers(-9999, 9999),
            st.integers(-9999, 9999),
            st.integers(-(10**15), 10**15),
        ),
    ),
    "doc": ("jsonb", st.recursive(TEXT | st.integers() | st.none(), st.lists).map(json.dumps)),
    "many": ("text[]", st.lists(st.none() | TEXT, max_size=4)),
    "bits": ("bit(5)", st.integers(0, 31).map("{:05b}".format)),
}
MARIADB: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "big": ("bigint unsigned", st.integers(0, 2**64 - 1)),
    "truth": ("tinyint(1)", st.integers(-128, 127)),
    "amount": ("decimal(65,30)", st.decimals(-(10**34), 10**34, places=30)),
    "double_": ("double", FLOATS),
    "single": ("float", st.floats(width=32, allow_nan=False, allow_infinity=False)),
    "words": ("varchar(40) character set utf8mb4", TEXT),
    "data": ("varbinary(50)", st.binary(max_size=50)),
    "moment": ("datetime(6)", st.datetimes().filter(lambda each: each.year > 999)),
    "clock": ("time(6)", st.times()),
    "doc": ("json", st.recursive(TEXT | st.integers() | st.none(), st.lists).map(json.dumps)),
}
SQLITE: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    name: (declared, st.one_of(INT64, FLOATS, st.just(math.inf), TEXT, st.binary(max_size=20)))
    for name, declared in {
        "whole": "INTEGER",
        "words": "VARCHAR(3)",
        "data": "BLOB",
        "amount": "NUMERIC(10, 2)",
        "real_": "REAL",
        "truth": "BOOLEAN",
        "moment": "DATETIME",
        "clock": "TIME",
        "doc": "JSON",
        "anything": "",
    }.items()
}
SQLITE["moment"] = (
    "DATETIME",
    st.datetimes().map(str) | st.datetimes().map(lambda at: at.isoformat()) | SQLITE["whole"][1],
)
SQLITE["clock"] = ("TIME", st.times().map(str) | SQLITE["whole"][1])
COLUMNS = {"postgresql": POSTGRES, "mysql": MARIADB, "sqlite": SQLITE}
MARKS = {"postgresql": "%s", "mysql": "%s", "sqlite": "?"}


def _fill(database: Database, rows: list[dict[str, Any]]) -> None:
    mark = MARKS[database.engine_name]
    engine = database.engine()
    with engine.connect() as connection:
        if database.engine_name == "mysql":
            connection.exec_driver_sql("SET sql_mode = 'STRICT_ALL_TABLES'")
        connection.exec_driver_sql("DELETE FROM kinds")
        for number, row in enumerate(rows):
            names = ", ".join(["id", *row])
            marks = ", ".join([mark] * (len(row) + 1))
            connection.exec_driver_sql(
                f"INSERT INTO kinds ({names}) VALUES ({marks})", (number, *row.values())
            )
        connection.commit()
    engine.dispose()


@pytest.mark.parametrize("engine_name", COLUMNS)
def test_generated_values_come_back_exactly(engine_name: str, new_database: NewDatabase) -> None:
    """R12: NULL, extremes, NaN, infinity, years before Christ, tagged values of SQLite."""
    columns = COLUMNS[engine_name]
    database = new_database(engine_name)
    declared = ", ".join(f"{name} {kind}" for name, (kind, _) in columns.items())
    database.run(f"CREATE TABLE kinds (id integer PRIMARY KEY, {declared})")
    shapes = {name: st.none() | values for name, (_, values) in columns.items()}

    @settings(max_examples=8, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.fixed_dictionaries(shapes), min_size=1, max_size=8))
    def check(rows: list[dict[str, Any]]) -> None:
        _fill(database, rows)
        with tempfile.TemporaryDirectory() as directory:
            scratch = Path(directory)
            before = MemoryTree(database.source(), scratch)
            shown = _shown(database)
            database.run("DELETE FROM kinds")
            restore(database.source(), before, scratch)
            assert _shown(database) == shown
            assert MemoryTree(database.source(), scratch).data == before.data

    check()


def _shown(database: Database) -> list[tuple[Any, ...]]:
    """Return every value as the engine itself tells it, beyond what a driver would change."""
    ways: dict[str, Callable[[str], str]] = {
        "sqlite": lambda name: f"typeof({name}), quote({name})",
        "postgresql": lambda name: f"{name}::text",
        "mysql": lambda name: f"HEX(CAST({name} AS BINARY))",
    }
    way = ways[database.engine_name]
    names = ", ".join(way(name) for name in COLUMNS[database.engine_name])
    return database.query(f"SELECT id, {names} FROM kinds ORDER BY id")


def test_the_file_is_as_documented(new_database: NewDatabase, scratch: Path) -> None:
    """One row object per line; large integers, decimals and moments are strings."""
    database = new_database("postgresql")
    database.run(
        "CREATE TABLE kinds (id bigint PRIMARY KEY, amount numeric(6,2), at timestamptz,"
        " data bytea, doc jsonb, ratio float8, note text, for_ interval)",
        "INSERT INTO kinds VALUES (9007199254740993, 1.1, '2024-02-29 12:00:00.5+02', '\\x00ff',"
        " 'null', 'NaN', '', '1 month -2 days')",
        "INSERT INTO kinds (id, ratio) VALUES (1, '-0')",
    )
    tree = MemoryTree(database.source(), scratch)
    assert tree.data["tables/kinds.json"].decode() == (
        '[\n{"id":1,"amount":null,"at":null,"data":null,"doc":null,"ratio":-0.0,"note":null,'
        '"for_":null},\n{"id":"9007199254740993","amount":"1.10",'
        '"at":"2024-02-29T10:00:00.500000+00:00","data":"AP8=","doc":"null","ratio":"NaN",'
        '"note":"","for_":"P1M-2D"}\n]\n'
    )
    entry = tree.facts.tables["kinds"]
    assert (entry.count, entry.size) == (2, len(tree.data["tables/kinds.json"]))
    assert entry.facts["columns"]["amount"] == {
        "type": "decimal",
        "native": "numeric(6,2)",
        "precision": 6,
        "scale": 2,
    }
    assert base64.b64decode(rows_of(tree, "kinds")[1]["data"]) == b"\0\xff"


def test_text_that_is_no_utf8_comes_back(new_database: NewDatabase, scratch: Path) -> None:
    """R12: SQLite keeps any bytes as text; they are restored as text."""
    database = new_database("sqlite")
    database.run(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)",
        "INSERT INTO notes VALUES (1, CAST(x'ff00fe' AS TEXT)), (2, 'ü')",
    )
    tree = MemoryTree(database.source(), scratch)
    database.run("DELETE FROM notes")
    restore(database.source(), tree, scratch)
    found = database.query("SELECT typeof(body), hex(body) FROM notes")
    assert found == [("text", "FF00FE"), ("text", "C3BC")]


def test_a_float_of_32_bits_is_written_short(new_database: NewDatabase, scratch: Path) -> None:
    """0.1 as FLOAT is 0.1 in the file on both servers, not its 17 digits."""
    for engine_name, kind in {"postgresql": "real", "mysql": "float"}.items():
        database = new_database(engine_name)
        database.run(
            f"CREATE TABLE kinds (id integer PRIMARY KEY, x {kind})",
            "INSERT INTO kinds VALUES (1, 0.1), (2, 16777217.25)",
        )
        rows = rows_of(MemoryTree(database.source(), scratch), "kinds")
        assert rows[0]["x"] == 0.1
        assert struct.pack("f", rows[1]["x"]) == struct.pack("f", 16777217.25)
