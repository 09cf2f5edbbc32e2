"""Roles that a database needs: they belong to the server, and a dump of the database has none.

`pg_dumpall --globals-only --no-role-passwords` tells of all roles of the server. Only those
that own or were granted something in this database are kept, with their memberships: other
applications' are nobody's business here. Their settings (`ALTER ROLE ... SET`) are left out,
because applications keep secrets in them. The text is small and goes into the manifest's
facts; it is for people, and nothing here ever runs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from holdfast.errors import ProgramFailed
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.clients import Clients
from holdfast.sources.postgresql.connection import Connection
from holdfast.sources.programs import run

MOST_BYTES = 256 << 10
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_ARGUMENTS = ("--globals-only", "--no-role-passwords", "--no-tablespaces", "--no-password")
_NAME = r'("(?:[^"]|"")*"|[a-z_][a-z0-9_$]*)'
_STATEMENT = re.compile(rf"(?:CREATE ROLE|ALTER ROLE) {_NAME}(?:;| WITH [A-Z0-9 ':+.-]*;)")
_GRANT = re.compile(rf"GRANT {_NAME} TO {_NAME}(?: WITH [A-Z, ]+)?(?: GRANTED BY {_NAME})?;")
_LIMIT_S = 60.0


def role_statements(
    clients: Clients,
    connection: Connection,
    roles: Sequence[str],
    cancel: CancellationToken | None = None,
) -> str | None:
    """Return the statements that make these roles, None where they cannot be read.

    Raises:
        Cancelled: The token was cancelled.
    """
    # Only a plain name is given: any other might be taken for a connection string.
    database = (
        [f"--database={connection.database}"] if _PLAIN.fullmatch(connection.database) else []
    )
    program = clients.path("pg_dumpall")
    how = clients.place.invocation(program, [*_ARGUMENTS, *database], connection.environment())
    try:
        text = run(how, cancel=cancel, stall_s=_LIMIT_S, redact=connection.redact)
    except ProgramFailed:
        return None
    found = "".join(f"{line}\n" for line in _of_roles(text.decode(errors="replace"), set(roles)))
    return found if len(found.encode()) <= MOST_BYTES else None


def _of_roles(text: str, roles: set[str]) -> Iterator[str]:
    lines = text.splitlines()
    grants = [(match, line) for line in lines if (match := _GRANT.fullmatch(line))]
    wanted = set(roles)
    size = -1
    while size != len(wanted):  # a member has the rights of its groups' groups, too
        size = len(wanted)
        wanted |= {_bare(match[1]) for match, _ in grants if _bare(match[2]) in wanted}
    for line in lines:
        match = _STATEMENT.fullmatch(line)
        if match and _bare(match[1]) in wanted:
            yield line
    yield from (line for match, line in grants if _bare(match[2]) in wanted)


def _bare(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
