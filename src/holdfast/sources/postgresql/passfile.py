"""libpq's password file, for programs in a container: they do not see the files of this machine."""

from __future__ import annotations

import re
from pathlib import Path

from holdfast.sources.inherited import inherited
from holdfast.sources.postgresql.connection import DEFAULT_PORT, Connection

_FIELDS = 5
_LOCAL = "localhost"
_WORLD_OR_GROUP = 0o077


def with_password_of_file(connection: Connection) -> Connection:
    """Return the same connection, with the password that libpq would find for it here.

    Files that others may read are passed over, as libpq does.
    """
    if connection.password is not None:
        return connection
    given = connection.parameters.get("passfile")
    path = Path(given) if given else Path(inherited().get("HOME", "/")) / ".pgpass"
    try:
        if path.stat().st_mode & _WORLD_OR_GROUP:
            return connection
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeError):
        return connection
    password = next(filter(None, (_password(line, connection) for line in lines)), None)
    return connection.without("passfile").with_password(password)


def _password(line: str, connection: Connection) -> str | None:
    parts = _split(line)
    if line.startswith("#") or len(parts) != _FIELDS:
        return None
    host = connection.parameters.get("host", "")
    wanted = (
        _LOCAL if not host or host.startswith("/") else host,
        connection.parameters.get("port", DEFAULT_PORT),
        connection.database,
        connection.user or "",
    )
    fits = all(part in ("*", value) for part, value in zip(parts[:-1], wanted, strict=True))
    return parts[-1] if fits else None


def _split(line: str) -> list[str]:
    """Split at colons that no backslash stands before, and take the backslashes away."""
    parts = re.split(r"(?<!\\):", line.replace("\\\\", "\0"), maxsplit=_FIELDS - 1)
    return [part.replace("\\:", ":").replace("\0", "\\") for part in parts]
