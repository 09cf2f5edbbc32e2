"""A stored dump, loaded into a database by `pg_restore`: wholly and without a warning, or not.

The dump is of the custom format and goes straight to the server: nothing runs it as a script, and
nothing in it names a file, a program, an option or the database that it goes to. What it creates
is created with the rights of the role that logs in, and no more.
"""

from __future__ import annotations

import errno
import math
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from holdfast.errors import (
    BackupTooNew,
    HoldfastError,
    NotEnoughSpace,
    ProgramFailed,
    RestoreError,
    TargetInUse,
)
from holdfast.models.progress import CancellationToken, Progress, ProgressCallback, no_progress
from holdfast.sources.base import RestoreContext
from holdfast.sources.postgresql.connection import Connection
from holdfast.sources.postgresql.failures import explain_text
from holdfast.sources.postgresql.server import Server
from holdfast.sources.postgresql.session import Session
from holdfast.sources.postgresql.site import Site
from holdfast.sources.postgresql.stored import StoredDump
from holdfast.sources.programs import Child, Invocation, Place

PARALLEL_FROM_BYTES = 256 << 20
"""Below, one connection is done as soon: 232 MiB took it 7 to 8 s, two of them 8 to 10 s with the
writing of the file, on a server with two processors that had other work."""
_MOST_JOBS = 4
_SPARE_BYTES = 256 << 20
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_COMPLAINT = re.compile(r"^pg_restore: (?:warning|error)", re.MULTILINE)
_ERROR = re.compile(
    r"^(?:pg_restore: (?:error|warning): )?(?:could not execute query: )?(.*?(?:ERROR|FATAL):.*)$",
    re.MULTILINE,
)
_AS_GIVEN = ("--no-owner", "--no-privileges")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """How dumps get into databases of one server.

    Attributes:
        scratch_dir: Where a dump may lie for as long as several connections read it.
        owner: Whether things get their owners and rights back.
        parallel_from_bytes: From this size on several connections load a dump.
    """

    server: Server
    place: Place
    scratch_dir: Path
    owner: bool = True
    progress: ProgressCallback = no_progress
    cancel: CancellationToken
    parallel_from_bytes: int = PARALLEL_FROM_BYTES

    @classmethod
    def of(cls, site: Site, context: RestoreContext) -> Loader:
        """Return what loads dumps for a restore."""
        return cls(
            server=site.server,
            place=site.place,
            scratch_dir=context.scratch_dir,
            owner=site.owner,
            progress=context.progress,
            cancel=context.cancel,
            parallel_from_bytes=PARALLEL_FROM_BYTES,
        )

    def load(
        self, dump: StoredDump, database: Session, *, application: str, options: Sequence[str] = ()
    ) -> None:
        """Load a dump into a database.

        Args:
            database: A session there: its way and its name are the program's too.
            application: What the server shows the program as.
            options: More options for `pg_restore`.

        Raises:
            RestoreError: Something in it could not be restored.
            DatabaseUnreachable: The connection was lost.
            NotEnoughSpace: The server's disk is full.
            Cancelled: The token was cancelled; the program was killed.
        """
        connection = _writing(database.connection.called(application))
        parallel = self._may_be_parallel(dump, options)
        with _explained(connection, dump.name):
            if not parallel or not self._load_file(dump, database, connection, options):
                self._feed(dump, database, connection, options)

    def _may_be_parallel(self, dump: StoredDump, options: Sequence[str]) -> bool:
        free = shutil.disk_usage(self.scratch_dir).free
        return (
            self.place.local
            and "--single-transaction" not in options
            and dump.size_bytes >= self.parallel_from_bytes
            and free >= dump.size_bytes + max(_SPARE_BYTES, dump.size_bytes // 10)
        )

    def _load_file(
        self, dump: StoredDump, database: Session, connection: Connection, options: Sequence[str]
    ) -> bool:
        """Load by several connections, from a file; False where the disk is full after all."""
        path = self.scratch_dir / f"postgresql-{secrets.token_hex(8)}.dump"
        try:
            if not _write(dump, path):
                return False
            jobs = f"--jobs={min(_MOST_JOBS, max(2, os.cpu_count() or 1))}"
            how = self._invocation(database, connection, (*options, jobs, str(path)), stdin=False)
            self.progress(Progress(step=f"Loading {dump.name}", total_bytes=dump.size_bytes))
            # It says nothing while it works, for as long as the largest index takes.
            with Child(
                how, cancel=self.cancel, stall_s=math.inf, redact=connection.redact
            ) as child:
                _expect_no_complaint(child.name, child.finish())
            return True
        finally:
            path.unlink(missing_ok=True)

    def _feed(
        self, dump: StoredDump, database: Session, connection: Connection, options: Sequence[str]
    ) -> None:
        how = self._invocation(database, connection, options, stdin=True)
        with Child(
            how, reads=True, cancel=self.cancel, stall_s=math.inf, redact=connection.redact
        ) as child:
            step, done = f"Loading {dump.name}", 0
            for piece in dump.tree.read(dump.root):
                child.write(piece)
                done += len(piece)
                self.progress(Progress(step=step, done_bytes=done, total_bytes=dump.size_bytes))
            self.progress(Progress(step=f"Making the indexes of {dump.name}"))
            _expect_no_complaint(child.name, child.finish())

    def _invocation(
        self, database: Session, connection: Connection, options: Sequence[str], *, stdin: bool
    ) -> Invocation:
        program = self.server.clients(self.place, database).path("pg_restore")
        # The database's name is in the environment, where it cannot be taken for options.
        fixed = ("--format=custom", "--exit-on-error", "--no-password", "--dbname=")
        # A restored subscription would fetch from the publisher a second time.
        fixed = (*fixed, "--no-subscriptions", *(() if self.owner else _AS_GIVEN))
        return self.place.invocation(
            program, (*fixed, *options), connection.environment(), stdin=stdin
        )

    def watched(self, cancel: CancellationToken) -> Loader:
        """Return the same, ended by another token too."""
        return replace(self, cancel=cancel)


def _writing(connection: Connection) -> Connection:
    """Return a connection that writes even where others are kept from it meanwhile."""
    given = connection.parameters.get("options", "")
    options = f"{given} -c default_transaction_read_only=off".strip()
    return replace(connection, parameters={**connection.parameters, "options": options})


def _write(dump: StoredDump, path: Path) -> bool:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        dump.tree.write_to(dump.root, descriptor)
    except OSError as error:
        if error.errno in _NO_SPACE:
            return False
        raise RestoreError(
            f"The dump cannot be written to {path.parent}: {error.strerror}",
            hint="See that this user may write there.",
        ) from error
    finally:
        os.close(descriptor)
    return True


def _expect_no_complaint(program: str, said: str) -> None:
    if _COMPLAINT.search(said):
        raise ProgramFailed(program, 0, said)


@contextmanager
def _explained(connection: Connection, name: str) -> Iterator[None]:
    try:
        yield
    except ProgramFailed as error:
        raise explain_restore(error, connection, name) from error


def explain_restore(error: ProgramFailed, connection: Connection, name: str) -> HoldfastError:
    """Return what a failure of `pg_restore` means for the user.

    Only the server's first error is shown: what follows it may hold rows of the dump.
    """
    said = error.said
    for pattern, make in _MEANINGS:
        if match := re.search(pattern, said):
            return make(name, match)
    if error.status is not None and error.status < 0:
        return RestoreError(error.message.partition(": ")[0], hint=_AGAIN)
    refused = _ERROR.search(said)
    if refused is None or "FATAL" in refused[1]:
        known = explain_text(said, connection)
        if known is not None:
            return known
    reason = (
        refused[1].replace("ERROR:  ", "")
        if refused
        else said.partition("\n")[0] or "no reason given"
    )
    return RestoreError(f"{name} could not be restored: {reason}", hint=_UNCHANGED)


_UNCHANGED = "Nothing was changed."
_AGAIN = "Nothing was changed; try again."


def _no_role(name: str, match: re.Match[str]) -> HoldfastError:
    return RestoreError(
        f"{name} could not be restored: the server has no role {match[1]}",
        hint=f'Create it (CREATE ROLE "{match[1]}") or restore with --no-owner; nothing was'
        " changed.",
    )


def _not_member(name: str, match: re.Match[str]) -> HoldfastError:
    return RestoreError(
        f"{name} could not be restored: our role may not give things to the role {match[1]}",
        hint="Restore with --no-owner, or as a role that is a member of it; nothing was changed.",
    )


def _no_extension(name: str, match: re.Match[str]) -> HoldfastError:
    return RestoreError(
        f"{name} could not be restored: the server has no extension {match[1]}",
        hint=f"Install the package that has {match[1]} on the server; nothing was changed.",
    )


def _no_right_to_extension(name: str, match: re.Match[str]) -> HoldfastError:
    return RestoreError(
        f"{name} could not be restored: our role may not create the extension {match[1]}",
        hint="Restore as a role that may, a superuser for example; nothing was changed.",
    )


def _no_dump(name: str, match: re.Match[str]) -> HoldfastError:
    del match
    return RestoreError(
        f"{name} is no dump of PostgreSQL in the custom format",
        hint="A script of SQL may run programs: look through it, and feed it to psql by hand if you"
        " trust it.",
    )


def _cut(name: str, match: re.Match[str]) -> HoldfastError:
    return RestoreError(
        f"{name} is not whole: {match[0]}", hint="Nothing was changed. Restore another backup."
    )


def _too_new(name: str, match: re.Match[str]) -> HoldfastError:
    return BackupTooNew(
        f"{name} was dumped by a newer pg_dump than this pg_restore reads (format {match[1]})",
        hint="Install the client programs of that version, or restore to such a server.",
    )


def _depended_on(name: str, match: re.Match[str]) -> HoldfastError:
    return RestoreError(
        f"{name} could not be restored in place: something that the backup does not have depends on"
        f" the {match[1]}",
        hint="Remove that, or grant the role CREATEDB so that nothing needs to be dropped; nothing"
        " was changed.",
    )


def _full(name: str, match: re.Match[str]) -> HoldfastError:
    del match
    return NotEnoughSpace(
        f"The database server has not the room to restore {name}",
        hint="Free some space on its disk, then try again; nothing was changed.",
    )


def _locked(name: str, match: re.Match[str]) -> HoldfastError:
    return TargetInUse(f"{name} could not be restored: {match[0]}", hint=_AGAIN)


_MEANINGS: tuple[tuple[str, Callable[[str, re.Match[str]], HoldfastError]], ...] = (
    (r"ERROR: +role \"([^\n]*)\" does not exist", _no_role),
    (r"ERROR: +must be (?:a )?member of role \"([^\n]*)\"", _not_member),
    (r"ERROR: +must be able to SET ROLE \"([^\n]*)\"", _not_member),
    (r"ERROR: +extension \"([^\n\"]*)\" is not available", _no_extension),
    (r"could not open extension control file \"[^\n\"]*/([^\n/\"]*)\.control\"", _no_extension),
    (r"ERROR: +permission denied to create extension \"([^\n]*)\"", _no_right_to_extension),
    (r"did not find magic string|does not appear to be a valid archive", _no_dump),
    (r"unsupported version \(([\d.]+)\)", _too_new),
    (r"ERROR: +cannot drop ([^\n]*) because other objects depend on it", _depended_on),
    (r"unexpected end of file|could not read from input file: end of file", _cut),
    (r"No space left on device|could not extend file", _full),
    (r"canceling statement due to lock timeout|deadlock detected", _locked),
)
