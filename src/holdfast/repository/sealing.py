"""Sealing blobs: the loop in which a backup spends its time.

Every new blob is proven before it leaves the worker: the sealed bytes are opened,
decompressed and compared with what came in. Compressors have had bugs that wrote what could
not be read (restic 0.16.0 and 0.16.3), and memory fails. It costs about a fifth of the time
of a first backup, and nothing where nothing is new.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from holdfast.errors import UsageError
from holdfast.repository.compression import DecompressionFailed, Zstd
from holdfast.repository.crypto import AuthenticationFailed, SealingKey, unproven
from holdfast.repository.index import BlobIndex
from holdfast.repository.layout import BlobType
from holdfast.repository.new_blobs import NewBlobs
from holdfast.repository.packs import (
    COMPRESSED_ENTRY,
    MAX_BLOB_BYTES,
    PLAIN_ENTRY,
    entry_codes,
)


@dataclass(slots=True)
class SealedPiece:
    """What became of some chunks of a file.

    Attributes:
        ids: Ids of the chunks, joined.
        sealed: The sealed bytes of the new ones among them, joined.
        header: Their pack header entries, joined.
        new: How many are new; `reused` is how many are not.
        stored_new: What the new ones occupy [bytes].
        stored_total: What all of them occupy [bytes], without those in `unsized`.
        unsized: Chunks that another worker is sealing at this moment.
    """

    ids: bytes = b""
    sealed: bytearray = field(default_factory=bytearray)
    header: bytearray = field(default_factory=bytearray)
    new: int = 0
    reused: int = 0
    stored_new: int = 0
    stored_total: int = 0
    unsized: list[bytes] = field(default_factory=list)


class BlobSealer:
    """Seals blobs of one type. Safe to use from many threads.

    Args:
        level: zstd level, or None to store blobs as they are.
    """

    def __init__(
        self,
        blob_type: BlobType,
        key: SealingKey,
        zstd: Zstd,
        level: int | None,
        index: BlobIndex,
        new: NewBlobs,
    ) -> None:
        self._type = blob_type
        self._key = key
        self._zstd = zstd
        self._level = level
        self._known = index.table(blob_type)
        self._new = new
        self._claims = new.claims[blob_type]
        self._codes = entry_codes(blob_type)

    def seal(self, chunks: Iterable[tuple[bytes, memoryview]]) -> SealedPiece:
        """Seal those chunks that the repository has not.

        Args:
            chunks: Each with its id.

        Raises:
            RepositoryDamaged: A sealed blob did not open to what was sealed.
        """
        piece = SealedPiece()
        ids: list[bytes] = []
        find = self._known.find
        for blob_id, chunk in chunks:
            ids.append(blob_id)
            found = find(blob_id)
            if found is not None:
                piece.reused += 1
                piece.stored_total += found[2]
            else:
                self._seal_unless_claimed(blob_id, chunk, piece)
        piece.ids = b"".join(ids)
        piece.stored_total += piece.stored_new
        return piece

    def length_of(self, blob_id: bytes) -> int:
        """Return the sealed length [bytes] of a blob that is stored or sealed, else 0."""
        # In the order in which a blob moves on, so that it cannot slip past.
        claim = self._claims.get(blob_id)
        if isinstance(claim, int):
            return claim
        if length := self._new.find(self._type, blob_id):
            return length
        found = self._known.find(blob_id)
        return found[2] if found is not None else 0

    def _seal_unless_claimed(self, blob_id: bytes, chunk: memoryview, piece: SealedPiece) -> None:
        claims = self._claims
        claim = claims.setdefault(blob_id, blob_id)
        if claim is not blob_id:
            piece.reused += 1
            if isinstance(claim, int):
                piece.stored_total += claim
            else:
                piece.unsized.append(blob_id)
            return
        # The claim is ours. A blob leaves the claims only after it is found elsewhere, so it
        # is in neither place only if it is really new.
        length = self._new.find(self._type, blob_id)
        if not length and (found := self._known.find(blob_id)) is not None:
            length = found[2]
        if length:
            del claims[blob_id]
            piece.reused += 1
            piece.stored_total += length
            return
        claims[blob_id] = self._append_sealed(blob_id, chunk, piece)

    def _append_sealed(self, blob_id: bytes, chunk: memoryview, piece: SealedPiece) -> int:
        plain = bytes(chunk)
        if len(plain) > MAX_BLOB_BYTES:
            raise UsageError(f"A blob of {len(plain)} bytes is more than a repository can hold")
        packed = plain if self._level is None else self._zstd.compress(plain, self._level)
        code, compressed_code = self._codes
        if len(packed) >= len(plain):
            packed = plain
        start = len(piece.sealed)
        length = self._key.append_sealed(packed, piece.sealed)
        with memoryview(piece.sealed) as sealed:
            self._prove(blob_id, sealed[start:], plain, compressed=packed is not plain)
        if packed is plain:
            piece.header += PLAIN_ENTRY.pack(code, length, blob_id)
        else:
            piece.header += COMPRESSED_ENTRY.pack(compressed_code, length, len(plain), blob_id)
        piece.new += 1
        piece.stored_new += length
        return length

    def _prove(self, blob_id: bytes, sealed: memoryview, plain: bytes, *, compressed: bool) -> None:
        try:
            with sealed, self._key.open_view(sealed) as opened:
                proof = self._zstd.decompress(opened, len(plain)) if compressed else bytes(opened)
        except (AuthenticationFailed, DecompressionFailed):
            proof = None
        # `plain` was copied from the buffer that was hashed, so the comparison reaches back
        # to the bytes that gave the blob its name.
        if proof != plain:
            raise unproven(f"blob {blob_id.hex()[:16]}")
