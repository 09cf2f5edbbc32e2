"""The client program that dumps: which one fits the server, and with which flags it is started."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.errors import ClientMissing, ProgramFailed
from holdfast.sources.mysql.url import Connection, Tls
from holdfast.sources.programs import Invocation, Place, run

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_NAMES = {"mariadb": ("mariadb-dump", "mysqldump"), "mysql": ("mysqldump", "mariadb-dump")}
_PACKAGES = {"mariadb": "mariadb-client", "mysql": "mysql-client"}
_ASK_S = 30.0
_COMMON = (
    "--single-transaction",
    "--quick",
    "--routines",
    "--events",
    "--triggers",
    "--hex-blob",
    "--default-character-set=utf8mb4",
    "--no-tablespaces",
    "--skip-dump-date",
    # Rows in the order of their keys: the optimizer may choose another index from day to day,
    # and a dump in another order would share nothing with the one before.
    "--order-by-primary",
    "--tz-utc",
    "--max-allowed-packet=1G",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A server's or a program's flavour (`mariadb` or `mysql`) and version."""

    flavour: str
    number: tuple[int, int, int]

    def __str__(self) -> str:
        name = "MariaDB" if self.flavour == "mariadb" else "MySQL"
        return f"{name} {self.text}"

    @property
    def text(self) -> str:
        """The version alone: `10.11.6`."""
        return ".".join(map(str, self.number))


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpProgram:
    """A program that dumps, as it was found."""

    path: str
    name: str
    version: Version


def parse_server_version(text: str) -> Version:
    """Read what `SELECT VERSION()` says: `10.11.6-MariaDB-log`, `8.0.39`."""
    if "mariadb" in text.lower():
        # Versions 10 and newer put 5.5.5- before theirs for old replicas.
        return Version(flavour="mariadb", number=_number(text.removeprefix("5.5.5-")))
    return Version(flavour="mysql", number=_number(text))


def parse_client_version(text: str) -> Version:
    """Read what `--version` says.

    `mysqldump  Ver 10.19 Distrib 10.11.6-MariaDB`, `mysqldump  Ver 8.0.39 for Linux`,
    `mariadb-dump from 11.4.2-MariaDB`.
    """
    for word in ("Distrib ", "from "):
        _, found, rest = text.partition(word)
        if found:
            flavour = "mariadb" if "mariadb" in text.lower() else "mysql"
            return Version(flavour=flavour, number=_number(rest))
    flavour = "mariadb" if "mariadb" in text.lower() else "mysql"
    return Version(flavour=flavour, number=_number(text.partition("Ver ")[2] or text))


def _number(text: str) -> tuple[int, int, int]:
    found = _VERSION.search(text)
    if found is None:
        return (0, 0, 0)
    major, minor, patch = map(int, found.groups())
    return (major, minor, patch)


def find_dump_program(place: Place, server: Version) -> DumpProgram:
    """Return the program that fits the server: of its flavour if there is one.

    Raises:
        ClientMissing: There is none.
    """
    found: list[DumpProgram] = []
    for name in _NAMES[server.flavour]:
        path = place.find(name)
        version = _ask(place, path) if path else None
        if path and version:
            found.append(DumpProgram(path=path, name=name, version=version))
    for program in found:
        if program.version.flavour == server.flavour:
            return program
    if found:
        return found[0]
    where = "on this machine" if place.local else "in the container"
    raise ClientMissing(
        f"There is no program {where} that can dump {server}:"
        f" none of {', '.join(_NAMES[server.flavour])} is on the PATH",
        hint=f"Install {_PACKAGES[server.flavour]}, such as apt install"
        f" {_PACKAGES[server.flavour]}; it should be as new as the server.",
    )


def _ask(place: Place, path: str) -> Version | None:
    try:
        said = run(place.invocation(path, ["--version"], {}), stall_s=_ASK_S)
    except ProgramFailed:
        return None
    return parse_client_version(said.decode(errors="replace"))


def fit_warnings(program: DumpProgram, server: Version) -> tuple[str, ...]:
    """Say where program and server are not of one kind, for the user."""
    if program.version.flavour != server.flavour:
        return (
            (
                f"{program.name} is of {program.version} and the server is {server}: install"
                f" {_PACKAGES[server.flavour]}, which knows all that this server has"
            ),
        )
    if program.version.number[:2] < server.number[:2]:
        return (
            (
                f"{program.name} {program.version.text} is older than the server, {server}:"
                " install a newer one, which knows all that this server has"
            ),
        )
    return ()


def dump_arguments(
    program: DumpProgram, connection: Connection, place: Place, options_file: Path | None
) -> list[str]:
    """Return the arguments of a dump of the connection's database.

    Args:
        options_file: Where the password stands; None in a container, which gets it otherwise.
    """
    # First, or it is not heeded. No other file is: it might leave out routines, say.
    first = f"--defaults-file={options_file}" if options_file else "--no-defaults"
    return [
        first,
        *_where(connection, place),
        *_tls_flags(program.version, connection.tls),
        *_COMMON,
        *_flavour_flags(program.version),
        "--",
        connection.database,
    ]


def _where(connection: Connection, place: Place) -> list[str]:
    user = [f"--user={connection.user}"] if connection.user else []
    if connection.unix_socket:
        return [*user, "--protocol=socket", f"--socket={connection.unix_socket}"]
    if not place.local and connection.loopback:
        # A published port is of the machine outside; inside, the server's own socket is there.
        return [*user, "--host=localhost"]
    return [*user, "--protocol=tcp", f"--host={connection.host}", f"--port={connection.port}"]


def _flavour_flags(version: Version) -> list[str]:
    if version.flavour == "mariadb":
        return []
    flags = ["--set-gtid-purged=OFF"] if version.number >= (5, 6, 0) else []
    # Servers before 8.0 and MariaDB have no table of column statistics.
    return [*flags, "--column-statistics=0"] if version.number >= (8, 0, 0) else flags


def _tls_flags(version: Version, tls: Tls) -> list[str]:
    files = [
        f"--ssl-{name}={path}"
        for name, path in (("ca", tls.ca), ("cert", tls.cert), ("key", tls.key))
        if path
    ]
    if version.flavour == "mysql":
        return [f"--ssl-mode={tls.mode.upper()}", *files]
    if tls.mode == "disabled":
        return ["--skip-ssl"]
    if tls.verified:
        return ["--ssl", "--ssl-verify-server-cert", *files]
    # Since 11.4 it verifies unless told not to, and then refuses servers without TLS.
    return [*(["--ssl"] if tls.wanted else []), "--skip-ssl-verify-server-cert", *files]


def write_options_file(path: Path, connection: Connection) -> None:
    """Write the password where only this user and the program can read it."""
    quoted = connection.password.replace("\\", "\\\\").replace('"', '\\"')
    for raw, escaped in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        quoted = quoted.replace(raw, escaped)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(f'[client]\npassword="{quoted}"\n', encoding="utf-8")


def dump_invocation(
    place: Place, program: DumpProgram, arguments: Sequence[str], connection: Connection
) -> Invocation:
    """Return how to start the dump; in a container the password stands in its environment."""
    env: Mapping[str, str] = {} if place.local else {"MYSQL_PWD": connection.password}
    return place.invocation(program.path, arguments, env)
