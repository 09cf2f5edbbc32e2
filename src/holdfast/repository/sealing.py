"""Sealing blobs: the loop in which a backup spends its time.

Every new blob is proven before it leaves the worker: the sealed bytes are opened,
decompressed and compared with what came in. Compressors have had bugs that wrote what could
not be read (restic 0.16.0 and 0.16.3), and memory fails. It costs about a fifth of the time
of a first backup, and nothing where nothing is new.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from holdfast.errors import UsageError
from holdfast.repository.compression import DecompressionFailed, Zstd
from holdfast.repository.crypto import (
    OVERHEAD_BYTES,
    AuthenticationFailed,
    SealingKey,
    unproven,
)
from holdfast.repository.index import BlobIndex
from holdfast.repository.layout import BlobType
from holdfast.repository.new_blobs import NewBlobs
from holdfast.repository.packs import (
    COMPRESSED_ENTRY,
    MAX_BLOB_BYTES,
    PLAIN_ENTRY,
    entry_codes,
)
from holdfast.stores.base import Buffer


@dataclass(slots=True)
class SealedPiece:
    """What became of some chunks of a file.

    Attributes:
        ids: Ids of the chunks, joined.
        new: How many are new; `reused` is how many are not.
        stored_new: What the new ones occupy [bytes].
        stored_total: What all of them occupy [bytes], without those in `unsized`.
        unsized: Chunks that another worker is sealing at this moment, or that this one met
            twice.
    """

    ids: bytes = b""
    new: int = 0
    reused: int = 0
    stored_new: int = 0
    stored_total: int = 0
    unsized: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class SealedBlobs:
    """New blobs, ready for a pack.

    Attributes:
        sealed: Their sealed bytes, joined.
        header: Their pack header entries, joined.
    """

    sealed: bytearray = field(default_factory=bytearray)
    header: bytearray = field(default_factory=bytearray)
    count: int = 0


class _NewChunk(NamedTuple):
    id: bytes
    data: memoryview
    piece: SealedPiece


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

    def seal(
        self, pieces: Iterable[Iterable[tuple[bytes, memoryview]]]
    ) -> tuple[list[SealedPiece], SealedBlobs]:
        """Seal those chunks that the repository has not; all together, which is faster.

        Args:
            pieces: The chunks of each piece of a file, with their ids.

        Raises:
            RepositoryDamaged: A sealed blob did not open to what was sealed.
        """
        new: list[_NewChunk] = []
        looked_up = [self._look_up(chunks, new) for chunks in pieces]
        blobs = self._seal_new(new) if new else SealedBlobs()
        for piece in looked_up:
            self._settle(piece)
        return looked_up, blobs

    def _settle(self, piece: SealedPiece) -> None:
        """Count what is sealed by now, as a chunk that these pieces hold twice."""
        unsized, piece.unsized = piece.unsized, []
        for blob_id in unsized:
            length = self.length_of(blob_id)
            piece.stored_total += length
            if not length:
                piece.unsized.append(blob_id)

    def _look_up(
        self, chunks: Iterable[tuple[bytes, memoryview]], new: list[_NewChunk]
    ) -> SealedPiece:
        """Find out which chunks are new, and add them to `new`."""
        piece = SealedPiece()
        ids: list[bytes] = []
        find = self._known.find
        for blob_id, chunk in chunks:
            ids.append(blob_id)
            found = find(blob_id)
            if found is not None:
                piece.reused += 1
                piece.stored_total += found[2]
            elif self._claim(blob_id, piece):
                new.append(_NewChunk(blob_id, chunk, piece))
        piece.ids = b"".join(ids)
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

    def _claim(self, blob_id: bytes, piece: SealedPiece) -> bool:
        """Return whether the blob is new and ours to seal."""
        claims = self._claims
        claim = claims.setdefault(blob_id, blob_id)
        if claim is not blob_id:
            piece.reused += 1
            if isinstance(claim, int):
                piece.stored_total += claim
            else:
                piece.unsized.append(blob_id)
            return False
        # The claim is ours. A blob leaves the claims only after it is found elsewhere, so it
        # is in neither place only if it is really new.
        length = self._new.find(self._type, blob_id)
        if not length and (found := self._known.find(blob_id)) is not None:
            length = found[2]
        if length:
            del claims[blob_id]
            piece.reused += 1
            piece.stored_total += length
        return not length

    def _seal_new(self, new: list[_NewChunk]) -> SealedBlobs:
        packed = self._compress([chunk.data for chunk in new])
        sealed = self._key.seal_all(packed)
        lengths = [len(data) + OVERHEAD_BYTES for data in packed]
        self._prove(new, packed, _parts(sealed, lengths))
        header = bytearray()
        code, compressed_code = self._codes
        for (blob_id, chunk, piece), data, length in zip(new, packed, lengths, strict=True):
            if data is chunk:
                header += PLAIN_ENTRY.pack(code, length, blob_id)
            else:
                header += COMPRESSED_ENTRY.pack(compressed_code, length, len(chunk), blob_id)
            self._claims[blob_id] = length
            piece.new += 1
            piece.stored_new += length
            piece.stored_total += length
        return SealedBlobs(sealed, header, len(new))

    def _compress(self, chunks: list[memoryview]) -> list[Buffer]:
        """Return the chunks as they are to be sealed; one that does not shrink is itself."""
        largest = max(map(len, chunks))
        if largest > MAX_BLOB_BYTES:
            raise UsageError(f"A blob of {largest} bytes is more than a repository can hold")
        if self._level is None:
            return list(chunks)
        return [
            packed if len(packed) < len(chunk) else chunk
            for packed, chunk in zip(
                self._zstd.compress_all(chunks, self._level), chunks, strict=True
            )
        ]

    def _prove(self, new: list[_NewChunk], packed: list[Buffer], sealed: list[memoryview]) -> None:
        """Open what was sealed and compare it with what came in."""
        try:
            proofs: list[Buffer] = list(self._key.open_all(sealed))
            compressed = [n for n, data in enumerate(packed) if data is not new[n].data]
            if compressed:
                plain = self._zstd.decompress_all(
                    [proofs[number] for number in compressed],
                    [len(new[number].data) for number in compressed],
                )
                for number, data in zip(compressed, plain, strict=True):
                    proofs[number] = data
        except (AuthenticationFailed, DecompressionFailed):
            raise unproven(f"blob {new[0].id.hex()[:16]}, or one beside it,") from None
        for chunk, proof in zip(new, proofs, strict=True):
            # Through bytes: comparing two memoryviews goes byte by byte.
            if bytes(proof) != bytes(chunk.data):
                raise unproven(f"blob {chunk.id.hex()[:16]}")


def _parts(data: bytearray, lengths: list[int]) -> list[memoryview]:
    """Return views of parts that stand one after the other."""
    view = memoryview(data)
    ends = accumulate(lengths)
    return [view[end - length : end] for end, length in zip(ends, lengths, strict=True)]
