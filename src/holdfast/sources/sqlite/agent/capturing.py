"""Capture one moment of a live database: send it as it lies there, or copy it into scratch."""

from __future__ import annotations

import os
from typing import Any

import apsw

from holdfast.errors import DatabaseDamaged, NotADatabase
from holdfast.sources.sqlite.agent import connecting, faults, files, inspection, reading
from holdfast.sources.sqlite.agent.moment import Moment
from holdfast.sources.sqlite.agent.pumping import Pump, is_cached


def describe(moment: Moment) -> dict[str, Any]:
    """Return of a held moment what `capture` returns of a copy."""
    header = moment.connection.read("main", 0, 0, files.HEADER_BYTES)[1]
    return {
        "way": moment.way,
        "streamed": True,
        "size": moment.size,
        "page_size": moment.page_size,
        "wal": True,
        "writer_version": _writer_version(header),
        "damage": [],
    }


def send(
    moment: Moment, out: int, *, allow_damaged: bool, violations_limit_s: float
) -> dict[str, Any]:
    """Send the bytes of a moment into the pipe `out`, inspect it meanwhile, and let it go.

    Returns:
        What `inspection.inspect` returns, once the reader has taken all bytes or has closed
        its end.

    Raises:
        DatabaseDamaged: It is damaged, and that is not allowed.
        DatabaseChanged: What was sent is not one moment, or it was held for too long.
    """
    pump = Pump(moment, out)
    try:
        if not is_cached(moment):
            pump.wait()
        found = inspection.inspect_open(
            moment.connection,
            live=moment.path,
            allow_damaged=allow_damaged,
            violations_limit_s=violations_limit_s,
        )
        pump.wait()
        moment.require_held()
        return found
    except (apsw.Error, OSError) as error:
        raise faults.translate(error, moment.path) from error
    finally:
        pump.stop()
        moment.close()


def capture(
    path: str, destination: str, scratch: str, timeout_s: float, *, allow_damaged: bool
) -> dict[str, Any]:
    """Copy the database at `path` into the new file `destination`.

    No writer makes the copy start over, and its bytes depend on the content alone: a
    database that did not change is copied into equal bytes.

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
            way = _copy_moment(path, destination, scratch, timeout_s)
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
        "streamed": False,
        "size": files.size(destination),
        "page_size": files.page_size_of(files.read_header(destination)),
        "wal": files.is_wal(header),
        "writer_version": _writer_version(header),
        "damage": damage,
    }


def _capture_empty(destination: str) -> str:
    with open(destination, "xb"):
        return "empty"


def _copy_moment(path: str, destination: str, scratch: str, timeout_s: float) -> str:
    live = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:

        def copy(connection: apsw.Connection) -> None:
            needed = connection.pragma("page_size") * connection.pragma("page_count")
            faults.require_space(path, destination, needed)
            if _is_the_file(connection, live):
                _copy_file(connection, live, destination)
            else:
                back_up(connection, destination)

        return reading.read_live(path, timeout_s, scratch, copy)[1]
    finally:
        os.close(live)  # when the connection has no locks any more that this would drop


def _is_the_file(connection: apsw.Connection, live: int) -> bool:
    """Whether an open file is all that a connection's transaction sees.

    With a rollback journal it is: a reader's lock keeps every writer from the file, and it
    begins only once no journal is left that would have to be rolled back.
    """
    header = connection.read("main", 0, 0, files.HEADER_BYTES)[1]
    opened, here = os.stat(connection.filename), os.fstat(live)
    return not files.is_wal(header) and os.path.samestat(opened, here)


def _copy_file(connection: apsw.Connection, live: int, destination: str) -> None:
    """Copy the file of a database that a transaction keeps as it is; the kernel does the work.

    For 1 GiB 0.3 s of CPU, with SQLite's online backup 1.8 s.
    """
    files.remove(destination)
    size = connection.pragma("page_size") * connection.pragma("page_count")
    copy = os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        files.copy_range(live, copy, size)
    finally:
        os.close(copy)


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
