"""The client programs that fit a server: of its major version or the next newer one there is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.errors import ClientMissing, ProgramFailed
from holdfast.sources.programs import LocalPlace, Place, run

_PROGRAMS = ("pg_dump", "pg_restore")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)(?:\.(\d+))?")
_VERSION_LIMIT_S = 30.0
_PATTERNS = (
    "usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "usr/pgsql-*/bin",  # Red Hat and its kin, from postgresql.org
    "usr/libexec/postgresql*",  # Alpine
    "usr/local/pgsql/bin",  # built from source
    "opt/postgresql*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "opt/homebrew/opt/libpq/bin",
    "usr/local/opt/postgresql@*/bin",
    "usr/local/opt/libpq/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
)


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version of PostgreSQL since 10: major and minor."""

    major: int
    minor: int = 0

    @classmethod
    def of_server(cls, number: int) -> Version:
        """Read `server_version_num`: 150018 is 15.18."""
        return cls(number // 10_000, number % 10_000)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


SAFE_MINORS = {14: 23, 15: 18, 16: 14, 17: 10, 18: 4}
"""First versions whose `pg_dump` and `pg_restore` have no known way to run a dump's code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The programs of one installation.

    Attributes:
        folder: Where they are; empty where the place finds them by name.
        version: That of `pg_dump` and `pg_restore`.
    """

    place: Place
    folder: str
    version: Version

    def path(self, program: str) -> str:
        """Return how the place starts one of the programs: `pg_dump`, `pg_restore`, `psql`."""
        return f"{self.folder}/{program}" if self.folder else program

    @property
    def warnings(self) -> tuple[str, ...]:
        """Say if a known flaw of this version matters to backups."""
        safe = SAFE_MINORS.get(self.version.major, 0)
        if self.version.minor >= safe:
            return ()
        better = Version(self.version.major, safe)
        return (f"pg_dump {self.version} has known flaws; install {better} or newer.",)


def find_clients(
    place: Place, server: Version, *, folders: Sequence[Path] | None = None
) -> Clients:
    """Return the programs of the lowest major version that is not below the server's.

    Args:
        folders: Where to look on this machine, instead of everywhere.

    Raises:
        ClientMissing: There are none; names the versions and what to install.
    """
    found = list(_installed(place, server.major, folders))
    fitting = [each for each in found if each.version.major >= server.major]
    if not fitting:
        raise _missing(place, server, found)
    # The newest minor version of it; the first folder wins, which is no wrapper's.
    return min(fitting, key=lambda each: (each.version.major, -each.version.minor))


def newest_clients(place: Place, *, folders: Sequence[Path] | None = None) -> Clients | None:
    """Return the programs of the newest version, which reads the dumps of all before it."""
    return max(_installed(place, None, folders), key=lambda each: each.version, default=None)


def _missing(place: Place, server: Version, found: Iterable[Clients]) -> ClientMissing:
    where = "on this machine" if place.local else "in the container"
    have = ", ".join(sorted({str(each.version) for each in found}))
    there = f"the newest of {have} is too old" if "," in have else f"{have} is too old"
    return ClientMissing(
        f"The server is PostgreSQL {server} and needs pg_dump {server.major} or newer;"
        f" {where} {there if have else 'there is none'}",
        hint=f"Install it: apt install postgresql-client-{server.major} (or a newer version)"
        if place.local
        else "Name the container of the database server itself, which has its programs.",
    )


def _installed(
    place: Place, major: int | None, folders: Sequence[Path] | None
) -> Iterator[Clients]:
    names = _local_folders(folders) if place.local else _container_folders(major)
    for folder in dict.fromkeys(names):
        versions = {_version(place, folder, program) for program in _PROGRAMS}
        version = versions.pop() if len(versions) == 1 else None
        if version is not None:
            yield Clients(place=place, folder=folder, version=version)


def _local_folders(folders: Sequence[Path] | None) -> Iterator[str]:
    if folders is not None:
        yield from map(str, folders)
        return
    for pattern in _PATTERNS:
        yield from map(str, sorted(Path("/").glob(pattern)))
    # Last, because Debian's /usr/bin/pg_dump is a wrapper that starts the newest one.
    named = LocalPlace().find(_PROGRAMS[0])
    if named:
        yield str(Path(named).parent)


def _container_folders(major: int | None) -> Iterator[str]:
    if major is not None:
        yield f"/usr/lib/postgresql/{major}/bin"
    yield ""


def _version(place: Place, folder: str, program: str) -> Version | None:
    path = f"{folder}/{program}" if folder else program
    if place.local and not Path(path).is_file():
        return None
    try:
        said = run(place.invocation(path, ["--version"], {}), stall_s=_VERSION_LIMIT_S)
    except ProgramFailed:
        return None
    match = _VERSION.search(said.decode(errors="replace"))
    return Version(int(match[1]), int(match[2] or 0)) if match else None
