"""What each kind of value accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.config import values

BASE = Path("/srv/app")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sqlite:///./data/app.db", "sqlite:////srv/app/data/app.db"),
        ("sqlite:////var/lib/app.db", "sqlite:////var/lib/app.db"),
        ("sqlite+aiosqlite:///app.db", "sqlite+aiosqlite:////srv/app/app.db"),
        ("sqlite:///app.db?timeout=5", "sqlite:////srv/app/app.db?timeout=5"),
        ("sqlite:///file:app.db?uri=true", "sqlite:///file:app.db?uri=true"),
        ("data/my app ü.db", "sqlite:////srv/app/data/my app ü.db"),
        ("data/a?b.db", "sqlite:////srv/app/data/a%3Fb.db"),
        ("postgresql://u:p@host/db", "postgresql://u:p@host/db"),
    ],
)
def test_a_database_url_names_an_absolute_file(given: str, expected: str) -> None:
    assert values.parse_database_url(given, BASE) == expected


@pytest.mark.parametrize("given", ["sqlite://", "sqlite:///:memory:", "sqlite:///", "", 7])
def test_a_database_that_is_in_no_file_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        values.parse_database_url(given, BASE)


@pytest.mark.parametrize("given", ["30d", "12h", "6m", "1y6m", "1y5m7d2h", " 2d "])
def test_a_span_is_written_as_restic_writes_it(given: str) -> None:
    assert values.parse_duration(given, BASE) == given.strip()


@pytest.mark.parametrize("given", ["", "30", "d", "2h1y", "1d1d", "30 d", "-1d", 30])
def test_other_spans_are_refused(given: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        values.parse_duration(given, BASE)


def test_directories_on_the_command_line_are_label_and_path() -> None:
    parse = values.parse_table(values.parse_directory)
    assert parse(["a=x", "b=/y=z"], BASE) == {
        "a": (Path("/srv/app/x"), ()),
        "b": (Path("/y=z"), ()),
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [(["x"], "LABEL=PATH"), (["a=x", "a=y"], "given twice"), (["=x"], "label")],
)
def test_directories_given_otherwise_are_refused(given: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        values.parse_table(values.parse_directory)(given, BASE)


@pytest.mark.parametrize(
    ("word", "expected"),
    [(word, True) for word in ("true", "1", "YES", " on ", True)]
    + [(word, False) for word in ("false", "0", "No", "OFF", False)],
)
def test_booleans_are_written_in_many_ways(word: object, expected: bool) -> None:
    assert values.parse_bool(word, BASE) is expected
