"""Open databases with SQLite."""

from __future__ import annotations

import apsw

_URI_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-")


def uri(path: str, parameters: str) -> str:
    """Return the SQLite URI of an absolute path, whatever characters it has."""
    quoted = "".join(chr(b) if b in _URI_SAFE else f"%{b:02X}" for b in path.encode())
    return f"file://{quoted}?{parameters}"


def connect(path: str, mode: str) -> apsw.Connection:
    """Open an existing database with the URI parameters `mode`; never creates one."""
    write = mode.startswith("mode=rw")
    flags = apsw.SQLITE_OPEN_READWRITE if write else apsw.SQLITE_OPEN_READONLY
    connection = apsw.Connection(uri(path, mode), flags=flags | apsw.SQLITE_OPEN_URI)
    connection.pragma("mmap_size", 0)
    return connection


def harden(connection: apsw.Connection) -> None:
    """Let nothing that a database's schema says run code or reach other files."""
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
