"""Reading blobs: load, open, decompress, verify. No byte leaves unverified.

A blob whose bytes are wrong is read a second time, in case they were spoilt on the way; then
its copies in other packs are tried; only then is it called damaged.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from holdfast.errors import ObjectNotFound, RepositoryDamaged, StoreError
from holdfast.repository.compression import DecompressionFailed, Zstd
from holdfast.repository.crypto import AuthenticationFailed, SealingKey
from holdfast.repository.index import BlobIndex, BlobLocation
from holdfast.repository.layout import BlobType, ObjectKind, object_name
from holdfast.repository.packs import PackEntry
from holdfast.stores.base import Buffer, Store

_READ_AHEAD_BYTES: Final = 512 * 2**10
_READ_AHEAD_PARTS: Final = 8
_SMALL_BLOB_BYTES: Final = 128 * 2**10


READING_STEPS: Final = ("existence", "decryption", "decompression", "checksum")
"""What every blob passes, in this order; damage shows in one of them."""


class Damaged(Exception):
    """The bytes read are not the blob that was asked for; says why.

    Attributes:
        check: The one of `READING_STEPS` that showed it.
    """

    def __init__(self, reason: str, check: str) -> None:
        super().__init__(reason)
        self.check = check


@dataclass(slots=True)
class _Copies:
    """What was met while the copies of one blob were tried.

    Attributes:
        furthest: The step of reading that the best copy came to; it says what is wrong.
        missing: Whether a pack is not there.
        unread: Why a copy could not be read, so that nobody knows whether it is intact.
    """

    failures: list[str] = field(default_factory=list)
    furthest: int = 0
    missing: bool = False
    unread: StoreError | None = None


class BlobReader:
    """Reads blobs by id. Safe to use from many threads.

    Args:
        index: Returns the repository's index.
        refresh_index: Reads index files that are new since the index was loaded; returns
            whether there were any.

    Attributes:
        damage: Damaged copies of blobs that were met, by the id of their pack.
    """

    def __init__(
        self,
        store: Store,
        key: SealingKey,
        zstd: Zstd,
        index: Callable[[], BlobIndex],
        refresh_index: Callable[[], bool],
    ) -> None:
        self._store = store
        self._key = key
        self._zstd = zstd
        self._index = index
        self._refresh_index = refresh_index
        self._ahead = _ReadAhead(store)
        self.damage: dict[bytes, set[PackEntry]] = {}

    def load(self, blob_type: BlobType, blob_id: bytes, *, where: str = "") -> bytes:
        """Return a blob's plaintext.

        Args:
            where: What the blob belongs to, for messages.

        Raises:
            RepositoryDamaged: It is missing, or no copy of it is intact.
        """
        location = self.locate(blob_type, blob_id, where=where)
        try:
            return self.open(self._load_sealed(location), blob_id, location)
        except (Damaged, StoreError):
            return self.rescue(blob_type, blob_id, where=where)

    def locate(self, blob_type: BlobType, blob_id: bytes, *, where: str = "") -> BlobLocation:
        """Return where a blob lies, reading new index files if it is not known yet.

        Raises:
            RepositoryDamaged: No index file names it.
        """
        location = self._index().lookup(blob_type, blob_id)
        if location is None and self._refresh_index():
            location = self._index().lookup(blob_type, blob_id)
        if location is None:
            unread = "".join(f" ({why})" for why in self._index().damaged_files.values())
            raise RepositoryDamaged(
                f"{_title(blob_type, blob_id, where)} is missing: no index names it{unread}",
                hint="Run `holdfast check`; the index can be rebuilt from the packs.",
            )
        return location

    def load_range(self, pack_id: bytes, offset: int, length: int) -> bytes:
        """Return `length` stored bytes of a pack from `offset`; nothing is verified yet."""
        name = object_name(ObjectKind.PACK, pack_id.hex())
        return self._store.load(name, offset=offset, length=length)

    def open(self, sealed: Buffer, blob_id: bytes, location: BlobLocation) -> bytes:
        """Return the plaintext of a sealed blob.

        Raises:
            Damaged: It is not the blob `blob_id`.
        """
        (plain,) = self.open_all([sealed], [blob_id], [location.uncompressed_length])
        return bytes(plain)

    def open_all(
        self, sealed: Sequence[Buffer], ids: Sequence[bytes], uncompressed: Sequence[int]
    ) -> list[Buffer]:
        """Return the plaintexts of sealed blobs; for small ones much faster than one by one.

        Args:
            uncompressed: Length of each plaintext [bytes] that is compressed, else 0.

        Returns:
            Views of buffers that hold until this thread opens something else.

        Raises:
            Damaged: One of them is not what its id says.
        """
        try:
            plain: list[Buffer] = list(self._key.open_all(sealed))
            numbers = [number for number, length in enumerate(uncompressed) if length]
            if numbers:
                unpacked = self._zstd.decompress_all(
                    [plain[number] for number in numbers],
                    [uncompressed[number] for number in numbers],
                )
                for number, data in zip(numbers, unpacked, strict=True):
                    plain[number] = data
        except AuthenticationFailed as error:
            raise Damaged("its stored bytes are altered or cut off", "decryption") from error
        except DecompressionFailed as error:
            raise Damaged(f"it does not decompress: {error}", "decompression") from error
        for data, blob_id in zip(plain, ids, strict=True):
            if hashlib.sha256(data).digest() != blob_id:
                raise Damaged("its content does not match its id", "checksum")
        return plain

    def rescue(self, blob_type: BlobType, blob_id: bytes, *, where: str = "") -> bytes:
        """Return a blob that failed to read once: try again, then try its other copies.

        A pack that is gone may have been written anew by a prune beside us, as readers hold no
        lock; the index files of now tell where its blobs are.

        Raises:
            RepositoryDamaged: No copy is intact.
            StoreError: The store could not be read, so nobody knows.
        """
        copies = _Copies()
        found = self._read_any(blob_type, blob_id, copies)
        if found is None and copies.missing and self._refresh_index():
            copies = _Copies()
            found = self._read_any(blob_type, blob_id, copies)
        if found is not None:
            return found
        if copies.unread is not None:
            raise copies.unread
        raise RepositoryDamaged(
            f"{_title(blob_type, blob_id, where)} is damaged: " + "; ".join(copies.failures),
            hint="Run `holdfast check --read-data` to see which backups are touched.",
            check=READING_STEPS[copies.furthest],
        )

    def _read_any(self, blob_type: BlobType, blob_id: bytes, copies: _Copies) -> bytes | None:
        """Return the first intact copy of a blob; None if there is none, and `copies` says why."""
        for location in self._index().locations(blob_type, blob_id):
            pack = location.pack_id.hex()[:16]
            try:
                sealed = self.load_range(location.pack_id, location.offset, location.length)
                return self.open(sealed, blob_id, location)
            except Damaged as error:
                copies.failures.append(f"in pack {pack} {error}")
                self._remember(blob_type, blob_id, location)
                copies.furthest = max(copies.furthest, READING_STEPS.index(error.check))
            except ObjectNotFound:
                copies.failures.append(f"pack {pack} is missing")
                copies.missing = True
            except StoreError as error:
                # A pack that is cut off reads as too short; that too is damage.
                if self._cut_off(location):
                    copies.failures.append(f"pack {pack} is cut off")
                else:
                    copies.unread = error
        return None

    def _remember(self, blob_type: BlobType, blob_id: bytes, location: BlobLocation) -> None:
        _, offset, length, uncompressed, _ = location
        entry = PackEntry(blob_type, blob_id, offset, length, uncompressed)
        self.damage.setdefault(location.pack_id, set()).add(entry)

    def _cut_off(self, location: BlobLocation) -> bool:
        name = object_name(ObjectKind.PACK, location.pack_id.hex())
        return self._store.stat(name).size_bytes < location.offset + location.length

    def _load_sealed(self, location: BlobLocation) -> Buffer:
        if location.length > _SMALL_BLOB_BYTES:
            return self.load_range(location.pack_id, location.offset, location.length)
        end = self._index().pack_end(location.pack_id)
        return self._ahead.load(location, end)


class _ReadAhead:
    """Keeps a few stretches of packs that small blobs were read from.

    Trees and small files lie in their packs in the order in which they are read again, so one
    read serves some tens of them.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._parts: OrderedDict[tuple[bytes, int], bytes] = OrderedDict()
        self._guard = threading.Lock()

    def load(self, location: BlobLocation, pack_end: int) -> Buffer:
        start, length = location.offset, location.length
        with self._guard:
            for (pack_id, part_start), part in self._parts.items():
                at = start - part_start
                if pack_id == location.pack_id and 0 <= at <= len(part) - length:
                    self._parts.move_to_end((pack_id, part_start))
                    return memoryview(part)[at : at + length]
        want = max(length, min(_READ_AHEAD_BYTES, pack_end - start))
        name = object_name(ObjectKind.PACK, location.pack_id.hex())
        part = self._store.load(name, offset=start, length=want)
        with self._guard:
            self._parts[location.pack_id, start] = part
            while len(self._parts) > _READ_AHEAD_PARTS:
                self._parts.popitem(last=False)
        return memoryview(part)[:length]


def _title(blob_type: BlobType, blob_id: bytes, where: str) -> str:
    of = f" of {where}" if where else ""
    return f"{blob_type.value.capitalize()} blob {blob_id.hex()[:16]}{of}"
