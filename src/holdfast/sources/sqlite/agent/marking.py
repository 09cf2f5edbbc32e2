"""How a crashed swap tells afterwards whether it was committed.

SQLite makes the copy of a whole database into a live one atomic, but it has no place for a
mark of ours in that transaction: of the header it sets the change counter and the schema
cookie itself, and everything else an application may see. So a log beside the database says
how far the swap came:

1. Under the write lock, before anything is written: the schema cookie of the live database.
2. After the commit: `committed`. After an undo: `undone`.

Only a crash between the two leaves a question. A copy that commits always adds one to the
cookie, so an equal cookie says no, even when the application has written rows since. A higher
one says that the swap was committed, or that the application changed its schema after the
crash; then the pages decide: those in which the staged and the replaced database differ are
compared with the live ones. Rows that the application wrote meanwhile do not outvote them.
"""

from __future__ import annotations

import os

import apsw

from holdfast.sources.sqlite.agent import capturing, files, reading
from holdfast.sources.sqlite.agent.names import Names

COMMITTED = "committed"
UNDONE = "undone"
_SQLITE_PAGE_ONE = 1
_COMPARE_BYTES = 4096


def append(names: Names, line: str) -> None:
    """Add a line to the log, durably."""
    created = files.stat(names.log) is None
    with open(names.log, "a", encoding="ascii") as log:
        log.write(line + "\n")
        log.flush()
        os.fsync(log.fileno())
    if created:
        files.sync_directory(names.log)


def begin(names: Names, cookie: int) -> None:
    """Start the log of a swap whose lock is held, with the live database's schema cookie."""
    files.remove(names.log)
    append(names, f"cookie {cookie}")


def lines(names: Names) -> list[str]:
    """Return the whole lines of the log; none if there is no log."""
    try:
        with open(names.log, encoding="ascii", errors="replace") as log:
            return [line.rstrip("\n") for line in log if line.endswith("\n")]
    except FileNotFoundError:
        return []


def was_copied(names: Names, scratch: str, timeout_s: float) -> bool:
    """Tell whether the swap that wrote the log was committed, and not undone since."""
    found = lines(names)
    if not found or found[-1] == UNDONE:
        return False
    if found[-1] == COMMITTED:
        return True
    cookie = int(found[0].removeprefix("cookie "))
    moment = os.path.join(scratch, f"moment-{os.getpid()}.db")

    def copy(live: apsw.Connection) -> int:
        capturing.back_up(live, moment)
        return int(live.pragma("schema_version"))

    try:
        now, _ = reading.read_live(names.target, timeout_s, scratch, copy, doing="restore")
        return now != cookie and _looks_like_staged(moment, names)
    finally:
        files.remove(moment)


def _looks_like_staged(moment: str, names: Names) -> bool:
    """Compare page by page, without page 1, which every write changes."""
    known_old = files.stat(names.saved) is not None
    votes = {"new": 0, "old": 0}
    with (
        open(moment, "rb") as live,
        open(names.staged, "rb") as new,
        open(names.saved if known_old else os.devnull, "rb") as old,
    ):
        number = 0
        while page := new.read(_COMPARE_BYTES):
            here, before = live.read(_COMPARE_BYTES), old.read(_COMPARE_BYTES)
            number += 1
            if number == _SQLITE_PAGE_ONE or (known_old and before == page):
                continue
            if here == page:
                votes["new"] += 1
            elif not known_old or here == before:
                votes["old"] += 1
    return votes["new"] >= votes["old"]
