"""What a store must do: keep named bytes, durably, and never replace them.

A store knows names and bytes only. It knows nothing of encryption, packs or backups.
Names are relative POSIX paths such as `config` or `data/0a/0a5f...`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """Name and size of a stored object."""

    name: str
    size_bytes: int


@runtime_checkable
class LeavesTemporaries(Protocol):
    """A store in which a killed process can leave temporary files of unfinished saves."""

    def remove_stale_temporaries(self, *, before: datetime) -> int:
        """Remove those last written before an instant; return how many."""


class Store(Protocol):
    """A place for immutable named objects. All methods are safe to call from many threads."""

    @property
    def location(self) -> str:
        """Say where this is, for messages; never with credentials."""

    def create(self) -> None:
        """Make the place itself (idempotent)."""

    def save(self, name: str, data: Buffer) -> None:
        """Keep `data` under `name`, atomically; durable when this returns.

        Raises:
            ObjectExists: `name` is there already; it is left as it is.
            NotEnoughSpace: The store is full; nothing of the object is visible.
            StoreError: The object was not stored; nothing of it is visible.
        """

    def load(self, name: str, *, offset: int = 0, length: int | None = None) -> bytes:
        """Return `length` bytes of the object from `offset`, or all that follow.

        Raises:
            ObjectNotFound: There is no such object.
            StoreError: It could not be read, or holds fewer bytes than were asked for.
        """

    def stat(self, name: str) -> ObjectInfo:
        """Return the object's size.

        Raises:
            ObjectNotFound: There is no such object.
        """

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield the objects in the folder `prefix` (such as `keys/` or `data/`), at any depth.

        A folder that is not there yields nothing; a listing that fails raises, so that an
        error is never taken for absence. Temporary objects of unfinished saves are left out.
        """

    def remove(self, name: str) -> None:
        """Remove exactly this object, durably.

        Raises:
            ObjectNotFound: There is no such object.
        """

    def free_bytes(self) -> int | None:
        """Return the free space in bytes, or None where that is unknown."""

    def close(self) -> None:
        """Release connections; the store cannot be used afterwards."""
