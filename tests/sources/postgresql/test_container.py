"""A database in a container, reached only from within: a real one, run by podman.

Its root file system is made by debootstrap, its programs are Debian's; see `rig/container.py`.
Proves R04 and R05 for the way through `podman exec`, and R56.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.errors import (
    Cancelled,
    ContainerUnavailable,
    DatabaseRefused,
    DatabaseUnreachable,
    SourceNotFound,
)
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.source import PostgresSource
from holdfast.sources.programs import Child, ContainerPlace, run
from tests.rig.arguments import SeenArguments
from tests.rig.container import PostgresContainer
from tests.rig.daemon import free_port, wait_until
from tests.sources.postgresql.support import Captured, Reader

_numbers = itertools.count(1)
_ROWS = """
CREATE TABLE big (id int PRIMARY KEY, text text);
INSERT INTO big SELECT g, repeat(md5(g::text), 10) FROM generate_series(1, 20000) g;
"""


@pytest.fixture
def database(postgres_container: PostgresContainer) -> Iterator[str]:
    name = f"inside_{next(_numbers)}"
    postgres_container.run(f"CREATE DATABASE {name} STRATEGY file_copy")
    postgres_container.run(_ROWS, name)
    yield name
    left = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'"
    wait_until(lambda: postgres_container.run(left) == [(0,)], "the end of all sessions")
    postgres_container.run(f"DROP DATABASE {name}")


@pytest.fixture
def source_of(
    postgres_container: PostgresContainer, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., PostgresSource]:
    """Makes sources that may not use this machine's own way to the server."""
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)

    def make(url: str, **options: object) -> PostgresSource:
        options.setdefault("container", postgres_container.name)
        return PostgresSource(url, connect_timeout_s=60, **options)  # type: ignore[arg-type]

    return make


def restored_rows(container: PostgresContainer, captured: Captured) -> object:
    name = f"copy_{next(_numbers)}"
    container.run(f"CREATE DATABASE {name} STRATEGY file_copy")
    place = ContainerPlace(container.name)
    how = place.invocation(
        "pg_restore",
        ["--exit-on-error", f"--dbname={name}"],
        {
            "PGHOST": container.socket_dir,
            "PGPORT": str(container.port),
            "PGUSER": container.superuser,
            "PGPASSWORD": container.password,
        },
        stdin=True,
    )
    run(how, feed=[captured.dump])
    rows = container.run("SELECT count(*), md5(string_agg(text, '' ORDER BY id)) FROM big", name)
    container.run(f"DROP DATABASE {name}")
    return rows


def test_a_database_in_a_container_is_captured_whole(
    postgres_container: PostgresContainer,
    database: str,
    source_of: Callable[..., PostgresSource],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R04: with the programs, the versions and the environment of the container."""
    source = source_of(postgres_container.url(database))
    assert source.size_bytes() > 1_000_000
    captured = Reader(tmp_path).capture(source)
    assert captured.facts.table_counts == {"big": 20_000}
    assert captured.facts.engines["pg_dump"].startswith("15.")
    assert "postgres" in captured.facts.facts["role_statements"]
    monkeypatch.undo()
    for name, value in postgres_container.env.items():
        monkeypatch.setenv(name, value)
    rows = restored_rows(postgres_container, captured)
    asked = "SELECT count(*), md5(string_agg(text, '' ORDER BY id)) FROM big"
    assert rows == postgres_container.run(asked, database)


def test_the_socket_within_is_reached(
    postgres_container: PostgresContainer,
    database: str,
    source_of: Callable[..., PostgresSource],
    tmp_path: Path,
) -> None:
    source = source_of(postgres_container.socket_url(database))
    assert Reader(tmp_path).capture(source).facts.count == 20_000


def test_a_password_file_of_this_machine_serves_within(
    postgres_container: PostgresContainer,
    database: str,
    source_of: Callable[..., PostgresSource],
    tmp_path: Path,
) -> None:
    """Which the programs in the container cannot read."""
    file = tmp_path / "pass"
    file.write_text(f"*:*:*:*:{postgres_container.password}\n")
    file.chmod(0o600)
    where = f"{postgres_container.host}:{postgres_container.port}"
    source = source_of(f"postgresql://postgres@{where}/{database}?passfile={file}")
    assert source.size_bytes() > 1_000_000


def test_what_was_tried_is_said(
    postgres_container: PostgresContainer, source_of: Callable[..., PostgresSource], tmp_path: Path
) -> None:
    """The server of the rig listens on another port than its socket's default."""
    port = free_port()
    source = source_of(f"postgresql://postgres:canary-5@127.0.0.1:{port}/shop")
    with pytest.raises(DatabaseUnreachable) as caught:
        Reader(tmp_path).capture(source)
    said = caught.value.message
    assert f"127.0.0.1:{port}" in said
    assert "own socket, port 5432" in said
    assert "canary-5" not in said


def test_nothing_is_sent_before_psql_has_reached_the_server(
    postgres_container: PostgresContainer,
    source_of: Callable[..., PostgresSource],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What podman holds for a program that ended without reading costs what that one said."""
    sent: list[bytes] = []
    monkeypatch.setattr(Child, "write", lambda _, data: sent.append(data))
    with pytest.raises(SourceNotFound, match="no database 'nowhere'"):
        Reader(tmp_path).capture(source_of(postgres_container.url("nowhere")))
    assert sent == []


def test_errors_are_the_same_as_elsewhere(
    postgres_container: PostgresContainer, source_of: Callable[..., PostgresSource], tmp_path: Path
) -> None:
    with pytest.raises(SourceNotFound, match="no database 'nowhere'"):
        Reader(tmp_path).capture(source_of(postgres_container.url("nowhere")))
    with pytest.raises(DatabaseRefused, match="refused the login"):
        Reader(tmp_path).capture(source_of(postgres_container.url("postgres", "postgres", "no")))


def test_a_cancelled_capture_leaves_nothing_running_in_the_container(
    postgres_container: PostgresContainer,
    database: str,
    source_of: Callable[..., PostgresSource],
    tmp_path: Path,
) -> None:
    cancel = CancellationToken()
    reader = Reader(tmp_path, cancel=cancel, on_piece=cancel.cancel)
    with pytest.raises(Cancelled):
        reader.capture(source_of(postgres_container.url(database)))

    def gone() -> bool:
        return not any(
            name in line for line in postgres_container.processes() for name in ("pg_dump", "psql")
        )

    wait_until(gone, "the end of the programs")


def test_a_password_is_in_no_argument_within_or_outside(
    postgres_container: PostgresContainer,
    database: str,
    source_of: Callable[..., PostgresSource],
    tmp_path: Path,
) -> None:
    """R56: variables are named among the runtime's arguments, and their values are not there."""
    with SeenArguments() as seen:
        Reader(tmp_path, on_piece=seen.look).capture(source_of(postgres_container.url(database)))
    ours = [line for line in seen.lines if b"pg_dump\0" in line]
    assert any(b"--env\0PGPASSWORD\0" in line for line in ours)
    assert not any(postgres_container.password.encode() in line for line in seen.lines)


def test_a_container_that_ends_in_the_middle_or_before_is_said(
    source_of: Callable[..., PostgresSource], tmp_path: Path
) -> None:
    """And what to do; a target that cannot be asked does not exist."""
    with PostgresContainer.started() as container, pytest.MonkeyPatch.context() as patch:
        for name, value in container.env.items():
            patch.setenv(name, value)
        source = source_of(container.url(), container=container.name)
        with pytest.raises(ContainerUnavailable, match="does not run any more"):
            Reader(tmp_path, on_begin=container.kill).capture(source)
        with pytest.raises(ContainerUnavailable, match="does not run") as caught:
            Reader(tmp_path).capture(source)
        assert f"start {container.name}" in str(caught.value.hint)
        assert not source.place().exists


def test_a_container_that_is_missing_is_said(
    source_of: Callable[..., PostgresSource], tmp_path: Path
) -> None:
    with pytest.raises(ContainerUnavailable, match="There is no container"):
        Reader(tmp_path).capture(source_of("postgresql://h/x", container="holdfast-nowhere"))
