"""Tells what rows tables have: exactly or, if they were written to since, what they are nearer to.

After a crash a swap's transaction either was committed or was not, and nothing in the user's
schema may say which. The rows say it: they are those of before, or those of the backup. Should
the application have written since, a sample of the rows still says which they come from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from holdfast.models.progress import CancellationToken
from holdfast.sources.tables.columns import Table
from holdfast.sources.tables.link import Link
from holdfast.sources.tables.rows import row_lines

_SAMPLED = 20_000
_CANCEL_ROWS = 1024


class Fingerprint:
    """Of the rows of several tables, fed line by line. Empty and missing tables are alike.

    The rows of one table have an order. That of the tables does not matter.
    """

    def __init__(self) -> None:
        self._digests: dict[str, Any] = {}
        self._level = 0
        self._sample: set[int] = set()

    def add(self, key: str, line: bytes) -> None:
        """Take a row of the table `key`."""
        digest = self._digests.get(key)
        if digest is None:
            digest = self._digests[key] = hashlib.sha256(key.encode("utf-8", "surrogatepass"))
            digest.update(b"\0")
        digest.update(line)
        digest.update(b"\n")
        short = hashlib.blake2b(key.encode("utf-8", "surrogatepass") + b"\0" + line, digest_size=8)
        number = int.from_bytes(short.digest(), "big")
        if not number & ((1 << self._level) - 1):
            self._sample.add(number)
            if len(self._sample) > _SAMPLED:
                self._level += 1
                mask = (1 << self._level) - 1
                self._sample = {each for each in self._sample if not each & mask}

    @property
    def token(self) -> str:
        """The same for the same rows only."""
        parts = sorted((key, digest.hexdigest()) for key, digest in self._digests.items())
        return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()

    def describe(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"token": self.token, "level": self._level, "sample": sorted(self._sample)}

    def likeness(self, other: dict[str, Any]) -> float:
        """Return how like a described one it is, 0 to 1; 1 only if the rows are the same."""
        if other["token"] == self.token:
            return 1.0
        mask = (1 << max(self._level, int(other["level"]))) - 1
        ours = {each for each in self._sample if not each & mask}
        theirs = {each for each in other["sample"] if not each & mask}
        return min(len(ours & theirs) / max(len(ours | theirs), 1), 0.999)


def fingerprint_of(link: Link, tables: Sequence[Table], cancel: CancellationToken) -> Fingerprint:
    """Return the fingerprint of live tables, in the transaction that is under way."""
    found = Fingerprint()
    for table in tables:
        for line in watched(row_lines(_names(table), link.read(table)), cancel):
            found.add(table.key, line)
    return found


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def watched(lines: Iterable[bytes], cancel: CancellationToken) -> Iterable[bytes]:
    """Yield lines until the work is cancelled.

    Raises:
        Cancelled: It was.
    """
    for number, line in enumerate(lines):
        if not number % _CANCEL_ROWS:
            cancel.raise_if_cancelled()
        yield line
