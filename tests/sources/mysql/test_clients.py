"""Which program dumps, and how it is started. MySQL's own is known here by its version only."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from holdfast.errors import ClientMissing
from holdfast.sources.mysql.clients import (
    Version,
    dump_arguments,
    dump_invocation,
    find_dump_program,
    fit_warnings,
    parse_client_version,
    parse_server_version,
    write_options_file,
)
from holdfast.sources.mysql.url import parse_url
from holdfast.sources.programs import LocalPlace
from tests.rig.tools import Behaviour, install_tool

MARIADB = Version(flavour="mariadb", number=(10, 11, 6))
MYSQL = Version(flavour="mysql", number=(8, 0, 39))
VERSIONS = {
    "mysqldump  Ver 8.0.39 for Linux on x86_64 (MySQL Community Server - GPL)": ("mysql", "8.0.39"),
    "mysqldump  Ver 9.1.0 for Linux on x86_64": ("mysql", "9.1.0"),
    "mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)": ("mysql", "5.7.44"),
    "mysqldump  Ver 10.19 Distrib 10.11.6-MariaDB, for debian-linux-gnu": ("mariadb", "10.11.6"),
    "mariadb-dump from 11.4.2-MariaDB, client 10.19 for Linux": ("mariadb", "11.4.2"),
}


@pytest.mark.parametrize(("said", "expected"), VERSIONS.items())
def test_the_version_of_a_program_is_read(said: str, expected: tuple[str, str]) -> None:
    found = parse_client_version(said)
    assert (found.flavour, found.text) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    {
        "10.11.19-MariaDB-0+deb12u1": ("mariadb", "10.11.19"),
        "5.5.5-10.4.2-MariaDB-log": ("mariadb", "10.4.2"),
        "8.0.39-0ubuntu0.22.04.1": ("mysql", "8.0.39"),
        "8.4.2": ("mysql", "8.4.2"),
    }.items(),
)
def test_the_version_of_a_server_is_read(said: str, expected: tuple[str, str]) -> None:
    found = parse_server_version(said)
    assert (found.flavour, found.text) == expected


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, **versions: str) -> None:
    """Put programs on `PATH`, and nothing else."""
    folder.mkdir(exist_ok=True)
    for name, version in versions.items():
        install_tool(folder, name.replace("_", "-"), Behaviour.GOOD, version=version)
    monkeypatch.setenv("PATH", str(folder))


def flags(folder: Path, monkeypatch: pytest.MonkeyPatch, version: str, url: str) -> list[str]:
    install(folder, monkeypatch, mysqldump=version)
    place = LocalPlace()
    program = find_dump_program(place, MARIADB)
    return dump_arguments(program, parse_url(url), place, Path("/scratch/x.cnf"))


def test_a_program_of_the_servers_flavour_is_preferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, mysqldump=next(iter(VERSIONS)), mariadb_dump=[*VERSIONS][-1])
    assert find_dump_program(LocalPlace(), MARIADB).name == "mariadb-dump"
    assert find_dump_program(LocalPlace(), MYSQL).name == "mysqldump"


def test_a_program_of_the_other_flavour_is_used_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R05: the user hears that the programs do not fit."""
    install(tmp_path, monkeypatch, mysqldump=next(iter(VERSIONS)))
    program = find_dump_program(LocalPlace(), MARIADB)
    (warning,) = fit_warnings(program, MARIADB)
    assert "MySQL 8.0.39" in warning
    assert "MariaDB 10.11.6" in warning
    assert fit_warnings(program, MYSQL) == ()


def test_an_older_program_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R05."""
    install(tmp_path, monkeypatch, mysqldump=[*VERSIONS][2])
    (warning,) = fit_warnings(find_dump_program(LocalPlace(), MYSQL), MYSQL)
    assert "5.7.44 is older than the server, MySQL 8.0.39" in warning


def test_without_a_program_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch)
    with pytest.raises(ClientMissing, match=r"can dump MariaDB 10\.11\.6") as caught:
        find_dump_program(LocalPlace(), MARIADB)
    assert "apt install mariadb-client" in str(caught.value.hint)


def test_mysqls_program_is_told_what_mariadb_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = flags(tmp_path, monkeypatch, next(iter(VERSIONS)), "mysql://app:pw@db/shop")
    assert "--column-statistics=0" in found
    assert "--set-gtid-purged=OFF" in found
    assert "--ssl-mode=PREFERRED" in found


def test_an_old_program_gets_no_flag_that_it_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = flags(tmp_path, monkeypatch, [*VERSIONS][2], "mysql://app:pw@db/shop")
    assert "--column-statistics=0" not in found
    assert "--set-gtid-purged=OFF" in found


def test_mariadbs_program_gets_its_own_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R55: the whole argument list, options first, the operand after `--`."""
    url = "mysql://app:pw@db:3307/-shop?ssl_ca=/ca.pem"
    assert flags(tmp_path, monkeypatch, [*VERSIONS][4], url) == [
        "--defaults-file=/scratch/x.cnf",
        "--user=app",
        "--protocol=tcp",
        "--host=db",
        "--port=3307",
        "--ssl",
        "--ssl-verify-server-cert",
        "--ssl-ca=/ca.pem",
        "--single-transaction",
        "--quick",
        "--routines",
        "--events",
        "--triggers",
        "--hex-blob",
        "--default-character-set=utf8mb4",
        "--no-tablespaces",
        "--skip-dump-date",
        "--order-by-primary",
        "--tz-utc",
        "--max-allowed-packet=1G",
        "--",
        "-shop",
    ]


class Elsewhere:
    """A container, as far as the flags are concerned."""

    local = False
    find = LocalPlace().find
    invocation = LocalPlace().invocation


def test_in_a_container_the_password_is_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R56: and never among the arguments; a published port is not used from inside."""
    install(tmp_path, monkeypatch, mysqldump=[*VERSIONS][3])
    connection = parse_url("mysql://app:c4nary@localhost:13306/shop")
    place = Elsewhere()
    program = find_dump_program(place, MARIADB)
    arguments = dump_arguments(program, connection, place, None)
    invocation = dump_invocation(place, program, arguments, connection)
    assert arguments[:3] == ["--no-defaults", "--user=app", "--host=localhost"]
    assert "c4nary" not in " ".join(invocation.argv)
    assert invocation.env["MYSQL_PWD"] == "c4nary"
    assert "c4nary" not in repr(invocation)


def test_the_file_with_the_password_is_private(tmp_path: Path) -> None:
    """R56."""
    path = tmp_path / "x.cnf"
    write_options_file(path, parse_url("mysql://app:a%22b%5Cc%23d@db/shop"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == '[client]\npassword="a\\"b\\\\c#d"\n'
