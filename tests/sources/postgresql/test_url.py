"""Database URLs: every spelling that SQLAlchemy and libpq know, and what they leave open."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ConfigError
from holdfast.sources.inherited import STARTING
from holdfast.sources.postgresql.connection import VARIABLES
from holdfast.sources.postgresql.services import SERVICE_VARIABLES
from holdfast.sources.postgresql.url import is_postgres_url, parse_url


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {*VARIABLES.values(), *SERVICE_VARIABLES} - set(STARTING):
        monkeypatch.delenv(name, raising=False)


_URLS = {
    "postgresql://app:s3cret@db:5433/shop": {
        "host": "db",
        "port": "5433",
        "user": "app",
        "password": "s3cret",
        "dbname": "shop",
    },
    "postgres://db/shop": {"host": "db", "dbname": "shop"},
    "postgresql+psycopg://app@db/shop": {"host": "db", "user": "app", "dbname": "shop"},
    "postgresql+psycopg2://app@db/shop": {"host": "db", "user": "app", "dbname": "shop"},
    "PostgreSQL+asyncpg://app@db/shop": {"host": "db", "user": "app", "dbname": "shop"},
    "postgresql://app@db": {"host": "db", "user": "app", "dbname": "app"},
    "postgresql:///shop": {"dbname": "shop"},
    "postgresql://:s3cret@/shop": {"password": "s3cret", "dbname": "shop"},
    "postgresql:///shop?host=/run/postgresql": {"host": "/run/postgresql", "dbname": "shop"},
    "postgresql://%2Frun%2Fpostgresql:5433/shop": {
        "host": "/run/postgresql",
        "port": "5433",
        "dbname": "shop",
    },
    "postgresql://app@[::1]:5433/shop": {
        "host": "::1",
        "port": "5433",
        "user": "app",
        "dbname": "shop",
    },
    "postgresql://[2001:db8::7]/shop": {"host": "2001:db8::7", "dbname": "shop"},
    "postgresql://a:1,b:2/shop": {"host": "a,b", "port": "1,2", "dbname": "shop"},
    "postgresql://a,b/shop": {"host": "a,b", "dbname": "shop"},
    "postgresql+psycopg:///shop?host=a:1&host=b:2": {
        "host": "a,b",
        "port": "1,2",
        "dbname": "shop",
    },
    "postgresql://db/?dbname=shop&user=app&password=s3": {
        "host": "db",
        "user": "app",
        "password": "s3",
        "dbname": "shop",
    },
    "postgresql://a%40b:p%2F%3F%23%25@db/sh%20op": {
        "host": "db",
        "user": "a@b",
        "password": "p/?#%",
        "dbname": "sh op",
    },
    "postgresql://app:p/w?d#:x@db/shop": {
        "host": "db",
        "user": "app",
        "password": "p/w?d#:x",
        "dbname": "shop",
    },
    "postgresql://db:1234/shop?options=-c%20a%3Db@c": {
        "host": "db",
        "port": "1234",
        "dbname": "shop",
        "options": "-c a=b@c",
    },
    "postgresql://db/shop?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c&sslkey=/k": {
        "host": "db",
        "dbname": "shop",
        "sslmode": "verify-full",
        "sslrootcert": "/ca.pem",
        "sslcert": "/c",
        "sslkey": "/k",
    },
    "postgresql+asyncpg://db/shop?ssl=require": {
        "host": "db",
        "dbname": "shop",
        "sslmode": "require",
    },
    "postgresql://db/shop?ssl=true": {"host": "db", "dbname": "shop", "sslmode": "require"},
    "postgresql://db/shop?passfile=/secret/pass": {
        "host": "db",
        "dbname": "shop",
        "passfile": "/secret/pass",
    },
    "postgresql://db/shop?connect_timeout=3&target_session_attrs=read-write": {
        "host": "db",
        "dbname": "shop",
        "connect_timeout": "3",
        "target_session_attrs": "read-write",
    },
}


@pytest.mark.parametrize("url", _URLS)
def test_a_url_says_what_it_says(url: str) -> None:
    assert is_postgres_url(url)
    assert parse_url(url).keywords() == _URLS[url]


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("postgresql://app:s3cret@db:5433/shop", "postgresql://app@db:5433/shop"),
        ("postgres://db/shop?sslmode=require", "postgresql://db:5432/shop"),
        ("postgresql:///shop?host=/run/pg", "postgresql:///shop?host=/run/pg"),
        (
            "postgresql://a@/shop?host=/run/pg&port=5433",
            "postgresql://a@/shop?host=/run/pg&port=5433",
        ),
        ("postgresql:///shop", "postgresql:///shop"),
        ("postgresql://[::1]/shop", "postgresql://[::1]:5432/shop"),
        ("postgresql://a:1,b:2/sh%2Fop", "postgresql://a:1,b:2/sh%2Fop"),
        ("postgresql://a,b/shop", "postgresql://a:5432,b:5432/shop"),
    ],
)
def test_the_location_is_a_url_without_secrets(url: str, location: str) -> None:
    connection = parse_url(url)
    assert connection.location == location
    assert parse_url(location).location == location


_TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=30)


@given(user=_TEXTS, password=_TEXTS, database=_TEXTS)
def test_any_user_password_and_database_survive_encoding(
    user: str, password: str, database: str
) -> None:
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    connection = parse_url(f"postgresql://{login}@h/{quote(database, safe='')}")
    assert connection.keywords() == {
        "host": "h",
        "user": user,
        "password": password,
        "dbname": database,
    }
    assert connection.environment()["PGPASSWORD"] == password
    assert connection.environment()["PGDATABASE"] == database


@given(password=st.from_regex(r"canary[a-z/?#:]{3,9}", fullmatch=True))
def test_a_password_is_shown_nowhere(password: str) -> None:
    """R56: not by `repr`, not by the location, not in a redacted message."""
    connection = parse_url(f"postgresql://app:{quote(password, safe='')}@db/shop")
    assert password not in f"{connection!r} {connection.location}"
    said = connection.redact(f"login as {password} or {quote(password, safe='')} failed")
    assert "canary" not in said


@pytest.mark.parametrize(
    "url",
    [
        "mysql://app:canary@db/shop",
        "canary",
        "postgresql:app:canary@db",
        "postgresql://db:canary/shop",
        "postgresql://app:can@ary@db/shop",
        "postgresql://[::1/canary",
        "postgresql://",
        "postgresql://db/",
        "postgresql://db/canary%00",
        "postgresql://db/shop?sslmode=canary1",
        "postgresql://db/shop?sslmod=require",
        "postgresql://db/shop?sslpassword=canary",
        "postgresql://db/shop?host=a:b:canary",
    ],
)
def test_what_is_no_usable_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_url(url)
    shown = f"{caught.value} {caught.value.hint}"
    assert "canary" not in shown.replace("'canary1' is no sslmode", "")


def test_options_of_the_application_are_told_and_not_used() -> None:
    connection = parse_url(
        "postgresql+asyncpg://db/shop?prepared_statement_cache_size=0&pool_size=5&pool_size=6"
    )
    assert connection.ignored == ("prepared_statement_cache_size", "pool_size")
    assert connection.keywords() == {"host": "db", "dbname": "shop"}


def test_libpqs_variables_fill_what_the_url_leaves_open(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGHOST": "elsewhere",
        "PGPORT": "6000",
        "PGUSER": "env",
        "PGPASSWORD": "s3cret",
        "PGPASSFILE": "/pass",
        "PGSSLROOTCERT": "/ca.pem",
        "PGDATABASE": "other",
    }.items():
        monkeypatch.setenv(name, value)
    connection = parse_url("postgresql://db/shop")
    assert connection.keywords() == {
        "host": "db",
        "port": "6000",
        "user": "env",
        "password": "s3cret",
        "passfile": "/pass",
        "sslrootcert": "/ca.pem",
        "dbname": "shop",
    }
    assert parse_url("postgresql://").database == "other"


def test_a_service_file_fills_what_the_url_leaves_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "services"
    file.write_text(
        "# ours\n[other]\nhost=wrong\n[shop]\nhost = db\nport=5433\nuser=app\n"
        "password=s3cret\ndbname=store\n\n[later]\nhost=wrong\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    monkeypatch.setenv("PGUSER", "less")
    expected = {"host": "db", "port": "5433", "user": "app", "password": "s3cret"}
    assert parse_url("postgresql://?service=shop").keywords() == {**expected, "dbname": "store"}
    assert parse_url("postgresql:///x?service=shop").keywords() == {**expected, "dbname": "x"}
    monkeypatch.setenv("PGSERVICE", "shop")
    assert parse_url("postgresql://").keywords() == {**expected, "dbname": "store"}
    # Another database of the server stays another one: the service does not come back.
    again = parse_url("postgresql://").to_database("copy").environment()
    assert again["PGDATABASE"] == "copy"
    assert "PGSERVICE" not in again


def test_a_users_service_file_is_found_at_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".pg_service.conf").write_text("[shop]\ndbname=store\nhost=db\n")
    assert parse_url("postgresql://?service=shop").database == "store"


def test_a_systems_service_file_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("PGSYSCONFDIR", str(tmp_path))
    (tmp_path / "pg_service.conf").write_text("[shop]\ndbname=store\nhost=db\n")
    assert parse_url("postgresql://?service=shop").database == "store"


def test_a_service_that_is_nowhere_is_an_error_that_says_where(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="no connection service 'shop'") as caught:
        parse_url("postgresql://?service=shop")
    assert str(tmp_path / "none") in str(caught.value.hint)
