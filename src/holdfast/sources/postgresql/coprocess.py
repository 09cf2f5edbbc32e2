"""Statements through a `psql` that runs in a container, one after the other.

`psql` reads its input as a script, in which a backslash begins a command of its own (`\\!` runs
a program). So no statement is written there: each is sent as hexadecimal digits, turned into
text by the server and run by `\\gexec`, which does not look into it.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Mapping

from holdfast.errors import ClientMissing, ProgramFailed
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.connection import Connection
from holdfast.sources.postgresql.failures import SqlError
from holdfast.sources.programs import Child, Place

_OPTIONS = ("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--record-separator-zero")
_CONTROL = re.compile(r"(BEGIN|COMMIT|ROLLBACK)( [A-Z, ]+)?")
"""Statements that work in a failed transaction, in which the server turns no digits into text."""
_READY = b"ready\n"
_ARGUMENTS = (*_OPTIONS, "--no-password", "--command", "\\echo ready", "--file", "-")
_BUFFER_BYTES = 1 << 16


class CoprocessWire:
    """A `psql` that waits for statements.

    Raises:
        SqlError: It cannot reach the server, or the login was refused.
        ClientMissing: The container has no `psql`.
    """

    def __init__(
        self, connection: Connection, place: Place, cancel: CancellationToken | None = None
    ) -> None:
        program = place.find("psql")
        if program is None:
            raise ClientMissing(
                "There is no psql in the container",
                hint="Name the container of the database server itself, which has its programs.",
            )
        env = {**connection.environment(), "PGCLIENTENCODING": "UTF8"}
        how = place.invocation(program, _ARGUMENTS, env, stdin=True)
        self._child = Child(how, reads=True, writes=True, cancel=cancel, redact=connection.redact)
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        try:
            self._await_start()
            self.run("SELECT 1")
        except BaseException:
            self._child.close()
            raise

    def _await_start(self) -> None:
        # Nothing is sent to one that may end without reading it: podman then loses what it said.
        try:
            self._read_to(_READY)
        except ProgramFailed as error:
            raise SqlError("", error.said or error.message) from error

    def run(self, sql: str) -> list[str]:
        """Run one statement and return the first column of its rows as text; see `Wire`."""
        mark = secrets.token_hex(16)
        try:
            self._child.write(
                f"{_script(sql)}\n\\echo {mark} :SQLSTATE :LAST_ERROR_MESSAGE {mark}\n".encode()
            )
            rows, state, said = self._answer(mark.encode())
        except ProgramFailed as error:
            raise SqlError("", error.said or error.message) from error
        if state != "00000":
            raise SqlError(state, said)
        return rows

    def _answer(self, mark: bytes) -> tuple[list[str], str, str]:
        rows, _, rest = self._read_to(mark + b"\n").partition(mark)
        state, _, said = rest.decode(errors="replace").strip().partition(" ")
        return [row.decode() for row in rows.split(b"\0")[:-1]], state, said

    def _read_to(self, end: bytes) -> bytes:
        """Return what it writes before `end`, which is the last that it does."""
        found = bytearray()
        while not found.endswith(end):
            count = self._child.read_into(self._buffer)
            if not count:
                self._child.finish()
                raise ProgramFailed(self._child.name, 0, "the connection was lost")
            found += self._buffer[:count]
        return bytes(found[: -len(end)])

    def reached(self) -> Mapping[str, str]:
        """Return nothing: the container's own server is the only one."""
        return {}

    backend_pid = None

    def close(self) -> None:
        """End it, and with it the connection (idempotent)."""
        with contextlib.suppress(ProgramFailed):
            self._child.end_input()
        self._child.close()


def _script(sql: str) -> str:
    if _CONTROL.fullmatch(sql):
        return f"{sql};"
    return f"SELECT pg_catalog.convert_from('\\x{sql.encode().hex()}', 'UTF8') \\gexec"
