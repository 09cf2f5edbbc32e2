"""Reading whole packs and proving every byte of them, in bounded memory.

A pack is read from its first byte to its last in stretches of a few mebibytes: all of it is
hashed against its name, and each blob in it is opened, decompressed and hashed on the way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeVar

from holdfast.errors import ObjectNotFound, RepositoryDamaged, StoreError
from holdfast.models.progress import CancellationToken
from holdfast.repository.crypto import SealingKey
from holdfast.repository.index import BlobLocation
from holdfast.repository.layout import ObjectKind, object_name
from holdfast.repository.packs import PackEntry, load_header
from holdfast.repository.reader import BlobReader, Damaged
from holdfast.repository.repository import Repository
from holdfast.repository.workers import worker_count
from holdfast.stores.base import Store

_STRETCH_BYTES: Final = 4 * 2**20

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass
class PackReport:
    """What reading a whole pack showed.

    Attributes:
        entries: What its header lists; None if the header cannot be read.
        problems: What is wrong with it, in words for people.
        damaged: Blobs in it that are not what they should be.
        unread: The store failed, so that nobody knows; not the same as damage.
    """

    pack_id: bytes
    size_bytes: int
    entries: list[PackEntry] | None = None
    problems: list[str] = field(default_factory=list)
    damaged: list[PackEntry] = field(default_factory=list)
    unread: bool = False


class PackChecker:
    """Proves packs. Safe to use from many threads."""

    def __init__(self, store: Store, key: SealingKey, blobs: BlobReader) -> None:
        self._store = store
        self._key = key
        self._blobs = blobs

    def check(self, pack_id: bytes, size_bytes: int) -> PackReport:
        """Read a pack whole. What fails is read a second time: it may be the way here."""
        report = self._check_once(pack_id, size_bytes)
        return self._check_once(pack_id, size_bytes) if report.problems else report

    def check_entries(
        self, pack_id: bytes, entries: Iterable[PackEntry]
    ) -> tuple[list[PackEntry], list[PackEntry]]:
        """Read single blobs of a pack; return those that are damaged and those not read."""
        damaged: list[PackEntry] = []
        unread: list[PackEntry] = []
        for entry in entries:
            try:
                if not self.is_intact(pack_id, entry):
                    damaged.append(entry)
            except StoreError:
                unread.append(entry)
        return damaged, unread

    def is_intact(self, pack_id: bytes, entry: PackEntry) -> bool:
        """Read one blob of a pack, twice if need be, and return whether it is right.

        Raises:
            StoreError: The store could not be read, so nobody knows.
        """
        for _ in range(2):
            sealed = self._blobs.load_range(pack_id, entry.offset, entry.length)
            try:
                self.open(pack_id, entry, sealed)
            except Damaged:
                continue
            return True
        return False

    def open(self, pack_id: bytes, entry: PackEntry, sealed: bytes | memoryview) -> bytes:
        """Return the plaintext of a blob.

        Raises:
            Damaged: It is not the blob that the entry names.
        """
        _, blob_id, offset, length, uncompressed = entry
        location = BlobLocation(pack_id, offset, length, uncompressed, entry.plain_length)
        return self._blobs.open(sealed, blob_id, location)

    def _check_once(self, pack_id: bytes, size_bytes: int) -> PackReport:
        report = PackReport(pack_id, size_bytes)
        try:
            self._read_header(report)
            self._read_content(report)
        except ObjectNotFound:
            report.problems.append("it is missing")
        except StoreError as error:
            report.problems.append(error.message)
            report.unread = True
        return report

    def _read_header(self, report: PackReport) -> None:
        try:
            entries, header_bytes = load_header(
                self._store, self._key, report.pack_id.hex(), report.size_bytes
            )
        except RepositoryDamaged as error:
            report.problems.append(error.message.partition(": ")[2] or error.message)
            return
        report.entries = entries
        gap = report.size_bytes - header_bytes - sum(entry.length for entry in entries)
        if gap:
            report.problems.append(f"it holds {gap} bytes that its header does not list")

    def _read_content(self, report: PackReport) -> None:
        digest = hashlib.sha256()
        name = object_name(ObjectKind.PACK, report.pack_id.hex())
        for start, end, entries in stretches(report.entries or [], report.size_bytes):
            data = self._store.load(name, offset=start, length=end - start)
            digest.update(data)
            view = memoryview(data)
            for entry in entries:
                at = entry.offset - start
                try:
                    self.open(report.pack_id, entry, view[at : at + entry.length])
                except Damaged as error:
                    report.damaged.append(entry)
                    report.problems.append(
                        f"{entry.type.value} blob {entry.id.hex()[:16]}: {error}"
                    )
        if digest.digest() != report.pack_id:
            report.problems.append("its content does not match its name")


def damaged_headers(repository: Repository, packs: Iterable[bytes]) -> dict[bytes, str]:
    """Read the headers of packs, and return what is wrong with those that are damaged.

    All that a header says the index says too, so its damage costs no backup before the index is
    lost as well.

    Raises:
        StoreError: A pack could not be read, so nobody knows.
    """
    damaged: dict[bytes, str] = {}
    for pack_id in packs:
        if _header_problem(repository, pack_id):
            problem = _header_problem(repository, pack_id)  # it may have been the way here
            if problem:
                damaged[pack_id] = problem
    return damaged


def _header_problem(repository: Repository, pack_id: bytes) -> str:
    name = object_name(ObjectKind.PACK, pack_id.hex())
    size = repository.store.stat(name).size_bytes
    try:
        entries, header_bytes = load_header(repository.store, repository.key, pack_id.hex(), size)
    except RepositoryDamaged as error:
        return error.message
    extra = size - header_bytes - sum(entry.length for entry in entries)
    return f"Pack {pack_id.hex()[:16]} is {extra} bytes longer than its contents" if extra else ""


def stretches(
    entries: Sequence[PackEntry], size_bytes: int
) -> Iterator[tuple[int, int, Sequence[PackEntry]]]:
    """Cut a pack into consecutive stretches `(start, end, entries wholly in it)`.

    Args:
        entries: As a header lists them: one after the other from offset 0.
    """
    start = 0
    within: list[PackEntry] = []
    for entry in entries:
        within.append(entry)
        end = entry.offset + entry.length
        if end - start >= _STRETCH_BYTES:
            yield start, end, within
            start, within = end, []
    while size_bytes - start > _STRETCH_BYTES and not within:
        yield start, start + _STRETCH_BYTES, []
        start += _STRETCH_BYTES
    if start < size_bytes:
        yield start, size_bytes, within


def map_parallel(
    function: Callable[[_Item], _Result], items: Iterable[_Item], cancel: CancellationToken
) -> Iterator[_Result]:
    """Apply a function on as many threads as there are processors; yield results in order.

    At most twice as many items are under way, so that memory stays bounded.
    """
    threads = worker_count()
    with ThreadPoolExecutor(threads, thread_name_prefix="holdfast-pack") as pool:
        waiting: list[Future[_Result]] = []
        try:
            for item in items:
                cancel.raise_if_cancelled()
                waiting.append(pool.submit(function, item))
                if len(waiting) >= 2 * threads:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()
