"""The right client for a server: R05."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import ClientMissing
from holdfast.sources.postgresql.clients import Version, find_clients, newest_clients
from holdfast.sources.postgresql.source import PostgresSource
from holdfast.sources.programs import LocalPlace
from tests.rig.postgresql import PostgresDatabase
from tests.rig.tools import Behaviour, install_tool
from tests.sources.postgresql.support import Reader

_PROGRAMS = ("pg_dump", "pg_restore")


def install(folder: Path, *versions: str, programs: tuple[str, ...] = _PROGRAMS) -> list[Path]:
    folders = []
    for version in versions:
        folders.append(folder / version / "bin")
        for name in programs:
            said = f"{name} (PostgreSQL) {version} (Debian {version}-1)"
            install_tool(folders[-1], name, Behaviour.GOOD, version=said)
    return folders


@pytest.mark.parametrize("server", [13, 14, 15, 16, 17, 18])
@pytest.mark.parametrize("clients", [("15.18", "16.14", "17.10", "18.4"), ("18.4", "16.14")])
def test_the_lowest_that_is_not_below_the_server_is_taken(
    server: int, clients: tuple[str, ...], tmp_path: Path
) -> None:
    folders = install(tmp_path, *clients)
    found = find_clients(LocalPlace(), Version(server, 3), folders=folders)
    fitting = sorted(int(each.partition(".")[0]) for each in clients)
    assert found.version.major == next(major for major in fitting if major >= server)
    assert found.path("pg_restore") == str(tmp_path / str(found.version) / "bin" / "pg_restore")


def test_of_one_major_version_the_newest_is_taken(tmp_path: Path) -> None:
    folders = install(tmp_path, "17.2", "17.10", "17.9")
    assert str(find_clients(LocalPlace(), Version(17), folders=folders).version) == "17.10"


@pytest.mark.parametrize(
    ("clients", "said"),
    [
        ((), "there is none"),
        (("15.18",), "15.18 is too old"),
        (("14.1", "15.18"), "the newest of 14.1, 15.18 is too old"),
    ],
)
def test_none_that_fits_names_both_versions_and_what_to_install(
    clients: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    with pytest.raises(ClientMissing) as caught:
        find_clients(LocalPlace(), Version(18, 1), folders=install(tmp_path, *clients))
    assert "The server is PostgreSQL 18.1 and needs pg_dump 18 or newer" in caught.value.message
    assert said in caught.value.message
    assert "postgresql-client-18" in str(caught.value.hint)


def test_a_folder_without_all_programs_of_one_version_is_none(tmp_path: Path) -> None:
    folders = install(tmp_path, "17.1", programs=("pg_dump",))
    folders += install(tmp_path, "16.1")
    install_tool(folders[1], "pg_restore", Behaviour.GOOD, version="pg_restore (PostgreSQL) 15.1")
    broken = tmp_path / "broken"
    install_tool(broken, "pg_dump", Behaviour.GOOD, version="out of order")
    install_tool(broken, "pg_restore", Behaviour.GOOD, version="out of order")
    with pytest.raises(ClientMissing, match="there is none"):
        find_clients(LocalPlace(), Version(15), folders=[*folders, broken])
    assert newest_clients(LocalPlace(), folders=[*folders, broken]) is None


def test_a_beta_counts_as_its_version(tmp_path: Path) -> None:
    (folder,) = install(tmp_path, "19beta1")
    assert find_clients(LocalPlace(), Version(18), folders=[folder]).version == Version(19)


def test_a_version_with_known_flaws_is_warned_of(tmp_path: Path) -> None:
    folders = install(tmp_path, "17.2", "18.4")
    old = find_clients(LocalPlace(), Version(17), folders=folders)
    assert old.warnings == ("pg_dump 17.2 has known flaws; install 17.10 or newer.",)
    assert find_clients(LocalPlace(), Version(18), folders=folders).warnings == ()


def test_the_installed_ones_are_found(postgres_database: PostgresDatabase) -> None:
    """Debian's wrapper in /usr/bin starts the newest one, so it is not what is taken."""
    version = Version(int(postgres_database.server.version.partition(".")[0]))
    assert find_clients(LocalPlace(), version).folder.startswith("/usr/lib/postgresql/")


def test_a_capture_without_a_fitting_client_says_so_and_begins_nothing(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    """R05: before the dump; nobody stays connected."""
    folders = install(tmp_path, "12.1")
    source = PostgresSource(postgres_database.url, client_folders=folders)
    with pytest.raises(ClientMissing, match=r"PostgreSQL 15\.\d+ and needs pg_dump 15 or newer"):
        Reader(tmp_path).capture(source)
