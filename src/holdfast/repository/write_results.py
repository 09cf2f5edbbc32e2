"""What a writer says of the files that it was given, and of its run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from holdfast.repository.sealing import SealedPiece


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFile:
    """A file that is stored.

    Attributes:
        content: Ids of its blobs, joined; for `Node.content`.
        size: Its length [bytes].
        checksum: SHA-256 of the whole, in hexadecimal.
        stored_new: What its new blobs occupy in the store [bytes].
        stored_total: What all its blobs occupy, shared with other files or not [bytes].
    """

    content: bytes
    size: int
    checksum: str
    stored_new: int
    stored_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSummary:
    """What a writer did.

    Attributes:
        new_bytes: What it added to the store: packs with their headers, and index files.
        new_blobs: Blobs that the repository did not have.
        reused_blobs: Blobs that it had, counted as often as they were met.
        packs: New packs.
    """

    new_bytes: int
    new_blobs: int
    reused_blobs: int
    packs: int


class PendingFile:
    """A file on its way into the repository; see `RepositoryWriter.submit_file`."""

    def __init__(self, resolve: Callable[[PendingFile], SavedFile]) -> None:
        self._resolve = resolve
        self.pieces: list[SealedPiece | None] = []
        self.missing = 0
        self.size = 0
        self.checksum = b""

    def result(self) -> SavedFile:
        """Wait until the file's blobs are sealed, and return what became of it.

        The blobs are durable when `RepositoryWriter.finish` has returned, not before.
        """
        return self._resolve(self)
