"""Database URLs are read as SQLAlchemy spells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import ConfigError
from holdfast.sources.sqlite import sqlite_path


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///app.db", "app.db"),
        ("sqlite:///./data/app.db", "data/app.db"),
        ("sqlite+aiosqlite:///data/app.db", "data/app.db"),
        ("SQLite+pysqlite:///data/app.db?timeout=5&cache=shared", "data/app.db"),
        ("sqlite:///file:data/app.db?mode=ro&uri=true", "data/app.db"),
        ("sqlite:///my%20app.db", "my app.db"),
        ("sqlite:///Dät%C3%A4.db", "Dätä.db"),
    ],
)
def test_three_slashes_are_relative_to_the_working_directory(
    url: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert sqlite_path(url) == tmp_path / path


@pytest.mark.parametrize("url", ["sqlite:////srv/app.db", "sqlite:///file:///srv/app.db?uri=true"])
def test_four_slashes_are_absolute(url: str) -> None:
    assert sqlite_path(url) == Path("/srv/app.db")


def test_a_file_of_the_literal_name_goes_before_the_decoded_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my%20app.db").touch()

    assert sqlite_path("sqlite:///my%20app.db") == tmp_path / "my%20app.db"


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"],
)
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="in memory"):
        sqlite_path(url)


def test_another_databases_url_is_refused_without_showing_its_password() -> None:
    with pytest.raises(ConfigError) as caught:
        sqlite_path("postgresql://app:hunter2@db/app")

    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


def test_a_host_is_refused() -> None:
    with pytest.raises(ConfigError, match="no host"):
        sqlite_path("sqlite://data/app.db")
