"""A stored dump as SQL text, which `psql` of any machine restores without Holdfast."""

from __future__ import annotations

from typing import BinaryIO

from holdfast.errors import ClientMissing, ProgramFailed, RestoreError
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.checking import needed_version, reader_of
from holdfast.sources.postgresql.failures import first_line
from holdfast.sources.postgresql.server import Server
from holdfast.sources.postgresql.stored import StoredDump
from holdfast.sources.postgresql.table_data import fed
from holdfast.sources.programs import Child

_BUFFER_BYTES = 1 << 18
_ARGUMENTS = ("--format=custom", "--no-owner", "--no-privileges", "--exit-on-error", "--file=-")
"""Owners and rights name roles, which another server need not have; `psql` would stop there."""


def write_plain_sql(
    server: Server, dump: StoredDump, sink: BinaryIO, *, cancel: CancellationToken
) -> None:
    """Write all of a dump as SQL, for a database that holds nothing yet.

    Raises:
        ClientMissing: No `pg_restore` here is new enough to read it.
        RestoreError: The dump is not whole; what was written is not to be used.
        Cancelled: The token was cancelled.
    """
    needed = needed_version(dump)
    clients = reader_of(server, needed)
    if clients is None:
        raise ClientMissing(
            f"{dump.name} was written by pg_dump {needed}, and no pg_restore here is as new",
            hint=f"Install the client programs of PostgreSQL {needed.major} or newer.",
        )
    how = clients.place.invocation(
        clients.path("pg_restore"), list(_ARGUMENTS), {"LC_ALL": "C"}, stdin=True
    )
    buffer = memoryview(bytearray(_BUFFER_BYTES))
    try:
        with (
            Child(how, reads=True, writes=True, cancel=cancel, stall_s=server.stall_s) as child,
            fed(child, dump),
        ):
            while count := child.read_into(buffer):
                sink.write(buffer[:count])
            child.finish()
    except ProgramFailed as error:
        raise RestoreError(
            f"{dump.name} cannot be read: {first_line(error.said or error.message)}",
            hint="Verify the backup, and take another one.",
        ) from error
