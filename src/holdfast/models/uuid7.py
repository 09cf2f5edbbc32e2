"""Identifiers that sort by the time at which they were made: UUIDs of version 7.

Source: RFC 9562, section 5.7: 48 bits of milliseconds, then 74 bits that are random or count.
"""

from __future__ import annotations

import secrets
import threading
import uuid
from datetime import UTC, datetime, timedelta
from hashlib import sha256

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANDOM_BITS = 74
_LOW_BITS = 62
_VERSION = 7
_VARIANT = 0b10


class Uuid7Source:
    """Makes identifiers, each greater than the one before, even when the clock is set back.

    Safe to use from many threads.
    """

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self, at: datetime) -> str:
        """Return a new identifier for something that happens `at` this instant."""
        value = _milliseconds(at) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        with self._lock:
            self._last = max(value, self._last + 1 + secrets.randbits(32))
            return _format(self._last)


def derived_uuid7(at: datetime, name: str) -> str:
    """Return the identifier of what happened `at` this instant and has this name: always the same.

    Args:
        name: What tells it from all else that happened in that millisecond.
    """
    digest = int.from_bytes(sha256(name.encode()).digest())
    return _format(_milliseconds(at) << _RANDOM_BITS | digest >> (256 - _RANDOM_BITS))


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _format(value: int) -> str:
    high, low = value >> _LOW_BITS, value & ((1 << _LOW_BITS) - 1)
    milliseconds, middle = high >> 12, high & 0xFFF
    return str(
        uuid.UUID(
            int=milliseconds << 80 | _VERSION << 76 | middle << 64 | _VARIANT << _LOW_BITS | low
        )
    )
