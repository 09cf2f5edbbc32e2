"""Copy one moment of a live database into a scratch file of ours."""

from __future__ import annotations

import os
from typing import Any

import apsw

from holdfast.errors import DatabaseDamaged, NotADatabase
from holdfast.sources.sqlite.agent import connecting, faults, files, reading


def capture(
    path: str, destination: str, scratch: str, timeout_s: float, *, allow_damaged: bool
) -> dict[str, Any]:
    """Copy the database at `path` into the new file `destination`.

    The copy is one step of SQLite's online backup, which no writer makes start over, and
    its bytes depend on the content alone: a database that did not change is copied into
    equal bytes.

    Returns:
        How it was read, the size and page size [bytes], whether it is in WAL mode, which
        version of SQLite wrote to it last, and the damage that was found.
    """
    if files.stat(path) is None:
        raise faults.missing(path)
    if os.path.isdir(path):
        raise faults.unreadable(path)
    damage: list[str] = []
    try:
        header = files.read_header(path)
        if not header:
            way = _capture_empty(destination)
        else:
            _, way = reading.read_live(
                path, timeout_s, scratch, lambda live: back_up(live, destination)
            )
    except (NotADatabase, DatabaseDamaged) as error:
        if not allow_damaged:
            raise
        way, header = "raw", b""
        damage.append(error.message)
        if not reading.copy_raw(path, destination, timeout_s):
            damage.append("it was written to while it was copied")
    except OSError as error:
        raise faults.translate(error, path) from error
    return {
        "way": way,
        "size": files.size(destination),
        "page_size": files.page_size_of(files.read_header(destination)),
        "wal": files.is_wal(header),
        "writer_version": _writer_version(header),
        "damage": damage,
    }


def _capture_empty(destination: str) -> str:
    with open(destination, "xb"):
        return "empty"


def back_up(source: apsw.Connection, destination: str) -> None:
    """Copy a database into a fresh file by SQLite's online backup, in one step."""
    files.remove(destination)
    with open(destination, "xb"):
        pass  # made here, so that it is private from its first moment
    copy = connecting.connect(destination, "mode=rw")
    try:
        # A torn scratch file is thrown away anyway.
        copy.pragma("journal_mode", "off")
        copy.pragma("synchronous", "off")
        with copy.backup("main", source, "main") as backup:
            backup.step(-1)
    finally:
        copy.close()


def _writer_version(header: bytes) -> str | None:
    """Return the SQLite version that wrote last: bytes 96 to 99 of the header.

    Source: https://www.sqlite.org/fileformat2.html, section 1.3.
    """
    number = int.from_bytes(header[96:100], "big") if len(header) >= 100 else 0
    if not 3_000_000 <= number < 4_000_000:
        return None
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
