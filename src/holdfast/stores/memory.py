"""A store in memory: the shortest true statement of what a store does. For tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

from holdfast.errors import NotEnoughSpace, ObjectExists, ObjectNotFound, StoreError
from holdfast.stores.base import Buffer, ObjectInfo
from holdfast.stores.names import check_folder, check_name


class MemoryStore:
    """Keep objects in a dictionary; what is saved lasts as long as the process.

    Args:
        objects: What is stored at first, by name; copied.
        capacity_bytes: Room for all objects together, or None for no limit.
    """

    def __init__(
        self, objects: Mapping[str, bytes] | None = None, *, capacity_bytes: int | None = None
    ) -> None:
        self._lock = threading.Lock()
        self._objects = dict(objects or {})
        self._capacity_bytes = capacity_bytes

    @property
    def location(self) -> str:
        return "memory"

    @property
    def objects(self) -> dict[str, bytes]:
        """A copy of everything stored, by name."""
        with self._lock:
            return dict(self._objects)

    def create(self) -> None:
        """Do nothing: there is nothing to make."""

    def save(self, name: str, data: Buffer) -> None:
        check_name(name)
        content = bytes(data)
        with self._lock:
            if name in self._objects:
                raise ObjectExists(f"{name} is stored already")
            free = self._free_bytes()
            if free is not None and len(content) > free:
                raise NotEnoughSpace(
                    f"Not enough disk space: {name} needs {len(content)} bytes, "
                    f"{self.location} has {free}",
                    hint="Free some space, then try again.",
                )
            self._objects[name] = content

    def load(self, name: str, *, offset: int = 0, length: int | None = None) -> bytes:
        content = self._content(name)
        end = len(content) if length is None else offset + length
        if offset > len(content) or end > len(content):
            raise StoreError(
                f"{name} in {self.location} is too short: bytes {offset} to {end} "
                f"were asked for, it has {len(content)}"
            )
        return content[offset:end]

    def stat(self, name: str) -> ObjectInfo:
        return ObjectInfo(name, len(self._content(name)))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        folder = check_folder(prefix) + "/"
        with self._lock:
            found = [
                ObjectInfo(name, len(content))
                for name, content in self._objects.items()
                if name.startswith(folder)
            ]
        return iter(sorted(found, key=lambda info: info.name))

    def remove(self, name: str) -> None:
        check_name(name)
        with self._lock:
            if self._objects.pop(name, None) is None:
                raise ObjectNotFound(f"{name} is not in {self.location}")

    def free_bytes(self) -> int | None:
        with self._lock:
            return self._free_bytes()

    def close(self) -> None:
        """Do nothing: the objects stay, so that a test can open the same store again."""

    def _content(self, name: str) -> bytes:
        check_name(name)
        with self._lock:
            content = self._objects.get(name)
        if content is None:
            raise ObjectNotFound(f"{name} is not in {self.location}")
        return content

    def _free_bytes(self) -> int | None:
        if self._capacity_bytes is None:
            return None
        used = sum(len(content) for content in self._objects.values())
        return max(0, self._capacity_bytes - used)
