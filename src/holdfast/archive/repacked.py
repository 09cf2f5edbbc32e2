"""What an archive loses when other programs pack it again: the directories without entries."""

from __future__ import annotations

import stat
from collections.abc import Iterator

from holdfast.archive import records
from holdfast.archive.directory import Directory
from holdfast.archive.limits import ArchiveLimits, refused, shown, sorting_cost
from holdfast.archive.manifest_scan import DIRECTORIES_KEY, scan_manifest
from holdfast.archive.names import has_place, path_fault
from holdfast.archive.records import Member
from holdfast.models.progress import CancellationToken


def add_listed_directories(
    directory: Directory,
    pieces: Iterator[bytes],
    limits: ArchiveLimits,
    cancel: CancellationToken,
) -> None:
    """Take in the directories that the manifest lists and the file does not hold.

    Args:
        pieces: The manifest.

    Raises:
        ArchiveTooNew: The manifest is of a newer format.
        ArchiveDamaged: It is malformed.
        ArchiveRefused: It lists an impossible directory, or too many.
    """
    added = bytearray()
    count = len(directory)

    def take(path: str, _: bytes) -> None:
        nonlocal count
        name = path.encode() + b"/"
        if directory.find(path.encode()) is not None:
            return
        if path_fault(name) or not has_place(name):
            raise refused(f"its manifest has a directory at {shown(path)}")
        added.extend(directory_record(name))
        count += 1
        cost = sorting_cost(directory_bytes=directory.size + len(added), entries=count)
        if count > limits.entries or cost > limits.index_bytes:
            raise refused("its manifest lists too many directories")

    scan_manifest(pieces, directory, limits, {DIRECTORIES_KEY: take}, cancel)
    if added:
        directory.add_directories(bytes(added), limits)


def directory_record(name: bytes) -> bytes:
    """Return a central record for a directory that the file itself does not hold."""
    return records.encode_central(
        Member(
            name=name,
            mode=stat.S_IFDIR | 0o755,
            mtime_ns=0,
            method=records.STORED,
            size=0,
            stored_size=0,
            crc=0,
            offset=0,
            large=False,
        )
    )
