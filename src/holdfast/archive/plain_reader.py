"""Archives in the plain layout, which may come from anywhere: checked before they are used.

The structure is held to the rules of `directory`, as for Holdfast's own archives: no name, size
or ratio in it is believed. What it says of itself in `metadata.json` must be what it holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from holdfast.archive.central import Located
from holdfast.archive.content import read_member
from holdfast.archive.directory import Directory, read_directory
from holdfast.archive.file import ArchiveFile, opened
from holdfast.archive.limits import ArchiveLimits, damaged, refused, shown, sorting_cost
from holdfast.archive.plain import (
    METADATA_NAME,
    PLAIN_DATABASE,
    PLAIN_THUMBNAILS,
    SETTINGS_NAME,
    VERSION,
    PlainMetadata,
)
from holdfast.archive.repacked import directory_record
from holdfast.errors import ArchiveTooNew
from holdfast.models.manifest import MANIFEST_PATH
from holdfast.models.progress import CancellationToken, no_progress

MAX_METADATA_BYTES = 64 << 10
MAX_SETTINGS_BYTES = 16 << 20
MAX_SETTINGS_DEPTH = 32

_FILES = (PLAIN_DATABASE, SETTINGS_NAME, METADATA_NAME)
_PLAIN_TIME = "%Y-%m-%d-%H-%M-%S"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainBackup:
    """A backup in the plain layout, whose structure and description were checked.

    Its content proves itself as it is read, by the CRCs.

    Attributes:
        settings: As `settings.json` has them.
        created_at: When it was made, in UTC.
    """

    file: ArchiveFile
    directory: Directory
    metadata: PlainMetadata
    settings: dict[str, Any]
    created_at: datetime

    def read(self, name: str) -> Iterator[bytes]:
        """Yield a file's content in pieces; it is proven when the iterator ends.

        Raises:
            ArchiveDamaged: It is not there, or differs in length or CRC.
        """
        return read_member(self.file, self.directory, _index(self.directory, name), digest=None)

    def size(self, name: str) -> int:
        """Return the length of a file [bytes]."""
        return self.directory[_index(self.directory, name)].size


def is_plain(path: Path, *, scratch_dir: Path) -> bool:
    """Say whether a file is laid out plainly, and not as Holdfast's own archives are.

    Raises:
        ArchiveError: It is no archive that can be read.
    """
    with _directory(path, scratch_dir, ArchiveLimits(), CancellationToken()) as (_, directory):
        if directory.find(MANIFEST_PATH.encode()) is not None:
            return False
        return any(directory.find(each.encode()) is not None for each in _FILES)


@contextmanager
def open_plain(
    path: Path,
    *,
    scratch_dir: Path,
    limits: ArchiveLimits | None = None,
    cancel: CancellationToken | None = None,
) -> Iterator[PlainBackup]:
    """Open a backup in the plain layout.

    Raises:
        ArchiveDamaged: It is truncated, altered or incomplete, or not what it says it is.
        ArchiveRefused: It holds what has no place in it, or could be read in two ways.
        ArchiveTooNew: It is of a newer layout.
    """
    limits, cancel = limits or ArchiveLimits(), cancel or CancellationToken()
    with _directory(path, scratch_dir, limits, cancel) as (file, directory):
        _add_parents(directory, limits)
        directory.check_parents()
        _check_places(directory)
        metadata = _metadata(file, directory)
        settings = _settings(file, directory)
        _compare(directory, metadata, settings)
        yield PlainBackup(
            file=file,
            directory=directory,
            metadata=metadata,
            settings=settings,
            created_at=_created_at(metadata.timestamp),
        )


@contextmanager
def _directory(
    path: Path, scratch_dir: Path, limits: ArchiveLimits, cancel: CancellationToken
) -> Iterator[tuple[ArchiveFile, Directory]]:
    with opened(
        path,
        passphrase=None,
        limits=limits,
        scratch_dir=scratch_dir,
        progress=no_progress,
        cancel=cancel,
    ) as file:
        yield file, read_directory(file, limits, cancel)


def _add_parents(directory: Directory, limits: ArchiveLimits) -> None:
    """Take in the directories that the names of files imply: most programs write none."""
    missing: dict[bytes, None] = {PLAIN_THUMBNAILS.encode(): None}
    for index in range(len(directory)):
        parent = directory.path(index).rpartition(b"/")[0]
        while parent and parent not in missing:
            missing[parent] = None
            parent = parent.rpartition(b"/")[0]
            if len(missing) + len(directory) > limits.entries:
                raise refused("it holds too many directories")
    # What is there as a file makes the check of all names fail, as it should.
    found = (directory.find(name) for name in missing)
    wanted = [
        directory_record(name + b"/")
        for name, index in zip(missing, found, strict=True)
        if index is None or not directory[index].is_directory
    ]
    added = b"".join(wanted)
    cost = sorting_cost(
        directory_bytes=directory.size + len(added), entries=len(directory) + len(wanted)
    )
    if cost > limits.index_bytes:
        raise refused("it holds too many directories")
    if added:
        directory.add_directories(added, limits)


def _check_places(directory: Directory) -> None:
    for index in range(len(directory)):
        member = directory[index]
        top, _, below = member.path.partition(b"/")
        fits = not below and not member.is_directory and top.decode() in _FILES
        if not fits and top != PLAIN_THUMBNAILS.encode():
            raise refused(f"{shown(member.name)} has no place in a backup")


def _metadata(file: ArchiveFile, directory: Directory) -> PlainMetadata:
    data = _small(file, directory, METADATA_NAME, MAX_METADATA_BYTES)
    try:
        found = msgspec.json.decode(data, type=PlainMetadata)
    except (msgspec.MsgspecError, ValueError) as error:
        raise damaged(f"{METADATA_NAME} is malformed: {error}") from error
    major = str(found.version).partition(".")[0]
    if not (major.isascii() and major.isdigit() and len(major) < 6):
        raise damaged(f"{METADATA_NAME} names no version: {shown(str(found.version))}")
    if int(major) > int(VERSION.partition(".")[0]):
        raise ArchiveTooNew(
            f"Backup is from a newer version (format {found.version}, this one reads {VERSION})",
            hint="Upgrade the application, then try again.",
        )
    return found


def _settings(file: ArchiveFile, directory: Directory) -> dict[str, Any]:
    data = _small(file, directory, SETTINGS_NAME, MAX_SETTINGS_BYTES)
    try:
        found = json.loads(data, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise damaged(f"{SETTINGS_NAME} is malformed: {error}") from error
    if not isinstance(found, dict):
        raise damaged(f"{SETTINGS_NAME} is malformed: it is no object")
    _check_depth(found)
    return found


def _check_depth(value: object) -> None:
    level: list[object] = [value]
    for _ in range(MAX_SETTINGS_DEPTH):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise damaged(f"{SETTINGS_NAME} is malformed: it is nested too deeply")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def _small(file: ArchiveFile, directory: Directory, name: str, most_bytes: int) -> bytes:
    index = _index(directory, name)
    if directory[index].size > most_bytes:
        raise refused(f"{name} is longer than {most_bytes:,} bytes")
    return b"".join(read_member(file, directory, index, digest=None))


def _index(directory: Directory, name: str) -> int:
    index = directory.find(name.encode())
    if index is None:
        raise damaged(f"{name} is missing")
    return index


def _compare(directory: Directory, metadata: PlainMetadata, settings: dict[str, Any]) -> None:
    """What the metadata says must be what is there, or something was lost or added."""
    thumbnails = [each for each in directory if _is_thumbnail(each)]
    held = {
        "database_size_bytes": directory[_index(directory, PLAIN_DATABASE)].size,
        "thumbnails_count": len(thumbnails),
        "thumbnails_size_bytes": sum(each.size for each in thumbnails),
        "settings_count": len(settings),
    }
    for name, value in held.items():
        said = getattr(metadata, name)
        if said != value:
            raise damaged(f"{METADATA_NAME} says {name} {said:,}, and it is {value:,}")


def _is_thumbnail(member: Located) -> bool:
    return not member.is_directory and member.path.startswith(PLAIN_THUMBNAILS.encode() + b"/")


def _created_at(timestamp: str) -> datetime:
    for read in (datetime.fromisoformat, _plain_time):
        try:
            found = read(timestamp)
            found = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
        if found.year >= 1980:  # as no file in a ZIP can be older
            return found
    raise damaged(f"{METADATA_NAME} names no time: {shown(timestamp)}")


def _plain_time(text: str) -> datetime:
    return datetime.strptime(text, _PLAIN_TIME).replace(tzinfo=UTC)
