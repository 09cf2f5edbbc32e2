"""Tell in milliseconds, and without opening it, that a database did not change.

The stats of the file and of its `-wal` are compared with those of the last capture. They
were taken before that capture began, so a later write shows, with one exception: a write in
the same tick of the file system's clock as the one before. So they only count if the file
had been at rest for a while when it was captured.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holdfast.sources.sqlite.agent import files

AT_REST_NS = 2_000_000_000
"""FAT keeps times in steps of 2 s; others in fractions of a second."""


def take(path: Path) -> dict[str, Any]:
    """Return the fingerprint of a database as it is now, as JSON values.

    `trusted` says whether an equal one later proves that nothing changed.
    """
    started_ns = time.time_ns()
    database, wal, journal = files.stats(str(path))
    newest_ns = max([max(database[3], database[4]) if database else 0, wal[3] if wal else 0])
    return {
        "database": list(database) if database else None,
        # Without its change time: SQLite sets the owner of a -wal at each opening by root.
        "wal": list(wal[:4]) if wal else None,
        "trusted": not _size(journal) and newest_ns + AT_REST_NS <= started_ns,
    }


def is_unchanged(now: Mapping[str, Any], before: object, journal_size: int) -> bool:
    """Whether the database is certainly the one that the fingerprint `before` was taken of."""
    return (
        isinstance(before, Mapping)
        and before.get("trusted") is True
        and not journal_size
        and now["database"] is not None
        and now["database"] == before.get("database")
        and now["wal"] == before.get("wal")
    )


def _size(stat: files.Stat) -> int:
    return stat[2] if stat else 0
