"""One conformance suite for both ways to a server: the driver, and `psql` as in a container."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.errors import (
    Cancelled,
    ConfigError,
    DatabaseRefused,
    DatabaseUnreachable,
    HoldfastError,
    MissingExtra,
    SourceError,
    SourceNotFound,
)
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.coprocess import CoprocessWire
from holdfast.sources.postgresql.failures import SqlError, explain_sql, sqlstate_of
from holdfast.sources.postgresql.session import Session, identifier, literal, open_session
from holdfast.sources.postgresql.url import parse_url
from holdfast.sources.programs import LocalPlace
from tests.rig.daemon import free_port
from tests.rig.postgresql import PostgresDatabase, PostgresServer, Role

Opener = Callable[..., Session]


def by_driver(url: str, cancel: CancellationToken | None = None) -> Session:
    return open_session(parse_url(url), LocalPlace(), cancel=cancel, connect_timeout_s=60)


def by_psql(url: str, cancel: CancellationToken | None = None) -> Session:
    connection = parse_url(url).called("holdfast").with_default("connect_timeout", "5")
    try:
        return Session(CoprocessWire(connection, LocalPlace(), cancel), connection)
    except SqlError as error:
        raise explain_sql(error, connection) from error


@pytest.fixture(params=[by_driver, by_psql])
def opener(request: pytest.FixtureRequest) -> Opener:
    found: Opener = request.param
    return found


@pytest.fixture
def session(opener: Opener, postgres_server: PostgresServer) -> Iterator[Session]:
    with opener(postgres_server.url()) as session:
        yield session


def test_values_are_those_of_json(session: Session) -> None:
    sql = "SELECT 1 AS a, 'x' AS b, NULL AS c, true AS d, ARRAY[1, 2] AS e, '\\x00ff'::bytea AS f;"
    assert session.query(sql) == [
        {"a": 1, "b": "x", "c": None, "d": True, "e": [1, 2], "f": "\\x00ff"}
    ]


def test_no_rows_are_no_rows(session: Session) -> None:
    assert session.query("SELECT 1 AS a WHERE false -- none") == []
    assert session.value("SELECT 1 AS a WHERE false") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(text=st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40))
def test_any_text_and_name_is_quoted(session: Session, text: str) -> None:
    """No text ends its quotes, and none is a command of `psql`."""
    name = text.encode()[:40].decode(errors="ignore") or "empty"
    assert session.query(f"SELECT {literal(text)} AS {identifier(name)}") == [{name: text}]


@pytest.mark.parametrize(
    "text",
    ["'; DROP TABLE t --", "\\! touch x", "a\n\\! id\n", ":HOME :'x'", "\\gexec", "\\", "$$"],
)
def test_hostile_texts_are_texts(session: Session, text: str, tmp_path: Path) -> None:
    assert session.value(f"SELECT {literal(text)} AS x") == text
    with pytest.raises(SourceError):
        session.execute(f"SELECT nonsense \\! touch {tmp_path}/made\n\\! touch {tmp_path}/made\n")
    assert list(tmp_path.iterdir()) == []


def test_a_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        literal("a\0b")
    with pytest.raises(ValueError, match="NUL"):
        identifier("a\0b")


def test_a_refused_statement_tells_why_and_the_session_goes_on(session: Session) -> None:
    with pytest.raises(SourceError, match="division by zero") as caught:
        session.query("SELECT 1/0 AS x")
    assert sqlstate_of(caught.value) == "22012"
    assert session.value("SELECT 5 AS x") == 5


def test_a_transaction_is_committed_or_nothing(session: Session) -> None:
    session.execute("CREATE TEMPORARY TABLE t (i int)")
    with session.transaction():
        session.execute("INSERT INTO t VALUES (1)")
    statement = "INSERT INTO t VALUES (2), (1/0)"
    with pytest.raises(SourceError), session.transaction("ISOLATION LEVEL REPEATABLE READ"):
        session.execute(statement)
    assert session.query("SELECT i FROM t") == [{"i": 1}]


def test_a_read_only_transaction_refuses_writes(session: Session) -> None:
    with pytest.raises(SourceError, match="read-only"), session.transaction("READ ONLY"):
        session.execute("CREATE TABLE t (i int)")


def test_a_column_comes_in_pages_as_text(session: Session) -> None:
    with session.transaction():
        assert list(session.column("SELECT generate_series(1, 2500);")) == [
            str(number) for number in range(1, 2501)
        ]
        assert list(session.column("SELECT NULL")) == [None]
        assert list(session.column("SELECT 'a' || chr(10) || 'b'")) == ["a\nb"]


def test_an_ended_connection_is_told(opener: Opener, postgres_database: PostgresDatabase) -> None:
    with opener(postgres_database.url) as session:
        postgres_database.server.end_connections(postgres_database.name)
        with pytest.raises(DatabaseUnreachable):
            session.query("SELECT 1 AS x")


def test_a_cancelled_statement_ends_on_the_server(
    opener: Opener, postgres_database: PostgresDatabase
) -> None:
    """Nobody is left on the server: the fixture looks for open sessions."""
    cancel = CancellationToken()
    with opener(postgres_database.url, cancel) as session:
        cancel.cancel()
        with pytest.raises(Cancelled):
            session.query("SELECT pg_sleep(3) AS x")


def test_a_wrong_password_is_refused(opener: Opener, postgres_server: PostgresServer) -> None:
    with pytest.raises(DatabaseRefused, match="refused the login") as caught:
        opener(postgres_server.url("postgres", "postgres", "canary-2718"))
    assert "canary-2718" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_a_missing_password_is_refused_and_not_asked_for(
    opener: Opener, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PGPASSWORD", raising=False)
    with pytest.raises(DatabaseRefused, match="no password supplied"):
        opener(f"postgresql://postgres@{postgres_server.host}:{postgres_server.port}/postgres")


def test_an_unknown_role_is_refused(opener: Opener, postgres_server: PostgresServer) -> None:
    with pytest.raises(DatabaseRefused):
        opener(postgres_server.url("postgres", "nobody", "x"))


def test_a_role_without_login_is_refused(
    opener: Opener, postgres_database: PostgresDatabase, new_postgres_role: Callable[..., Role]
) -> None:
    role = new_postgres_role()
    postgres_database.run(f"REVOKE CONNECT ON DATABASE {postgres_database.name} FROM PUBLIC")
    with pytest.raises(DatabaseRefused, match="permission denied for database"):
        opener(postgres_database.url_for(role))


def test_a_missing_database_is_not_found(opener: Opener, postgres_server: PostgresServer) -> None:
    with pytest.raises(SourceNotFound, match="no database 'nowhere'"):
        opener(postgres_server.url("nowhere"))


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_a_server_that_is_not_there_is_unreachable(opener: Opener, host: str) -> None:
    with pytest.raises(DatabaseUnreachable, match=f"{host}:") as caught:
        opener(f"postgresql://app:canary-1@{host}:{free_port()}/shop")
    assert "canary-1" not in str(caught.value)


def test_a_missing_right_is_refused_and_named(
    opener: Opener, postgres_database: PostgresDatabase, new_postgres_role: Callable[..., Role]
) -> None:
    role = new_postgres_role()
    postgres_database.run("CREATE TABLE secret (i int)")
    with (
        opener(postgres_database.url_for(role)) as session,
        pytest.raises(DatabaseRefused, match="permission denied for table secret"),
    ):
        session.query("SELECT * FROM secret")


def test_no_connection_left_is_told(
    opener: Opener, postgres_database: PostgresDatabase, new_postgres_role: Callable[..., Role]
) -> None:
    role = new_postgres_role()
    postgres_database.run(f"ALTER ROLE {role.name} CONNECTION LIMIT 0")
    with pytest.raises(DatabaseUnreachable, match="no connection left"):
        opener(postgres_database.url_for(role))


def test_a_socket_is_reached(opener: Opener, postgres_server: PostgresServer) -> None:
    with opener(postgres_server.socket_url()) as session:
        assert session.value("SELECT inet_client_addr() IS NULL AS x") is True


def test_of_several_servers_the_one_that_answers_is_taken(
    postgres_server: PostgresServer,
) -> None:
    """And programs are sent to that one: another one would not know our snapshot."""
    port = postgres_server.port
    url = postgres_server.url().replace(
        f"127.0.0.1:{port}", f"127.0.0.1:{free_port()},localhost:{port}"
    )
    with by_driver(url) as session:
        assert session.connection.environment()["PGPORT"] == str(port)
        assert session.connection.environment()["PGHOST"] == "localhost"


def test_a_password_file_works(
    opener: Opener,
    postgres_server: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = postgres_server
    file = tmp_path / "pass"
    file.write_text(f"{server.host}:{server.port}:*:postgres:{server.password}\n")
    file.chmod(0o600)
    bare = f"postgresql://postgres@{server.host}:{server.port}/postgres"
    with opener(f"{bare}?passfile={file}") as session:
        assert session.value("SELECT 1 AS x") == 1
    monkeypatch.setenv("PGPASSFILE", str(file))
    with opener(bare) as session:
        assert session.value("SELECT 1 AS x") == 1


def test_a_service_works(
    opener: Opener,
    postgres_database: PostgresDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = postgres_database.server
    file = tmp_path / "services"
    file.write_text(
        f"[shop]\nhost={server.host}\nport={server.port}\nuser=postgres\n"
        f"password={server.password}\ndbname=postgres\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    with opener(f"postgresql:///{postgres_database.name}?service=shop") as session:
        found = session.value("SELECT current_database() AS x")
        assert found == postgres_database.name


def test_a_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(MissingExtra) as caught:
        by_driver("postgresql://127.0.0.1/shop")
    assert caught.value.hint == "pip install 'holdfast[postgresql]'"


@pytest.mark.parametrize(
    ("state", "said", "kind"),
    [
        ("57P03", "the database system is starting up", DatabaseUnreachable),
        ("", "FATAL:  the database system is shutting down", DatabaseUnreachable),
        ("57P01", "terminating connection due to administrator command", DatabaseUnreachable),
        ("08006", "connection failure", DatabaseUnreachable),
        ("53300", "sorry, too many clients already", DatabaseUnreachable),
        ("28000", 'no pg_hba.conf entry for host "::1"', DatabaseRefused),
        ("", 'FATAL:  no pg_hba.conf entry for host "::1", user "a"', DatabaseRefused),
        ("", "timeout expired", DatabaseUnreachable),
        ("", "something unheard of", DatabaseUnreachable),
        ("42P01", "relation does not exist", SourceError),
    ],
)
def test_what_the_server_says_is_explained(
    state: str, said: str, kind: type[HoldfastError]
) -> None:
    error = explain_sql(SqlError(state, said), parse_url("postgresql://app:pw1@db/shop"))
    assert type(error) is kind
    assert "postgresql://app@db:5432/shop" in error.message


def test_a_client_without_a_database_name_is_a_config_error() -> None:
    with pytest.raises(ConfigError):
        parse_url("postgresql://h/")
