"""What a backup holds, as the interface shows it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from holdfast.models.node import NodeType
from holdfast.operations.contents import StoredEntry
from holdfast.web.schemas.base import INSTANT, Instant, Shape


class ContentKind(StrEnum):
    """What an entry of a folder is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    OTHER = "other"


_KINDS = {
    NodeType.FILE: ContentKind.FILE,
    NodeType.DIR: ContentKind.DIRECTORY,
    NodeType.SYMLINK: ContentKind.SYMLINK,
}


class ContentShape(Shape):
    """One entry of a folder of a backup."""

    name: str = Field(
        description="Its name. A byte that is no text stands as `\\xff`.", examples=["7.jpg"]
    )
    path: str = Field(
        description="Where it is in the backup; `path` takes it.",
        examples=["files/media/7.jpg"],
    )
    kind: ContentKind = Field(
        description="`other` is a device, a socket or a pipe.", examples=["file"]
    )
    size_bytes: int | None = Field(
        description="Its length; null for anything but a file.", examples=[48213]
    )
    modified_at: Instant | None = Field(
        description="When it was last written; null if that is no time.", examples=[INSTANT]
    )


class ContentsPage(Shape):
    """One folder of a backup, folders first, each by name; or what was found below it.

    What was found comes in the order of the backup, a folder before what is in it.
    """

    path: str = Field(description="The folder; empty for the top.", examples=["files/media"])
    entries: list[ContentShape] = Field(description="What is in it, on this page.")
    total: int | None = Field(
        description="How many there are on all pages; null of a search, which does not know.",
        examples=[42],
    )
    next_cursor: str | None = Field(
        description="Give this as `cursor` for the next page; null on the last one.",
        examples=["eyJmb2xkZXIiOnRydWV9"],
    )
    visited: int | None = Field(
        description="How many entries the search looked at for this page; null of a folder.",
        examples=[5321],
    )
    cut_short: bool = Field(
        description="Whether the search ended because it had looked at 50,000 entries. There may"
        " be more, also where it found nothing: `next_cursor` goes on from there.",
        examples=[False],
    )


def content_shape(entry: StoredEntry) -> ContentShape:
    """Return an entry of a folder as the interface shows it."""
    return ContentShape(
        name=entry.name,
        path=entry.path,
        kind=_KINDS.get(entry.kind, ContentKind.OTHER),
        size_bytes=entry.size,
        modified_at=entry.modified_at,
    )
