"""Prove that what a tool restored is what it was given."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

_READ_BYTES = 4 << 20


def databases_equal(first: Path, second: Path) -> bool:
    """Return whether two databases hold the same rows and the second one is intact."""
    if not _no_log(second):
        # A log beside a file restored byte for byte would be read into it: the classic damage.
        return _rows(first) == _rows(second) and _intact(second)
    same = file_checksum(first) == file_checksum(second)
    return _intact(second) and (same or _rows(first) == _rows(second))


def folders_equal(first: Path, second: Path) -> bool:
    """Return whether two folders hold the same files, byte for byte, with the same times."""
    return _files(first) == _files(second)


def file_checksum(path: Path) -> str:
    """Return the SHA-256 of a file, in constant memory."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest()


def _no_log(database: Path) -> bool:
    log = database.with_name(database.name + "-wal")
    return not log.exists() or log.stat().st_size == 0


def _rows(database: Path) -> dict[str, tuple[int, str]]:
    """Return, per table, its number of rows and a digest of them in the order of their keys."""
    found = {}
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        for (table,) in connection.execute(query).fetchall():
            digest, count = hashlib.sha256(), 0
            for row in connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid'):
                digest.update(repr(row).encode())
                count += 1
            found[table] = (count, digest.hexdigest())
    return found


def _intact(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as connection:
        (result,) = connection.execute("PRAGMA integrity_check").fetchone()
    return bool(result == "ok")


def _files(folder: Path) -> dict[str, tuple[int, int, str]]:
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            # tar keeps whole seconds, so finer times are not asked of anyone.
            whole_second = int(path.stat().st_mtime)
            checksum = file_checksum(path)
            found[str(path.relative_to(folder))] = (path.stat().st_size, whole_second, checksum)
    return found
