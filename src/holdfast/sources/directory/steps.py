"""The steps of a swap: which entries change places, found before anything moves.

They are kept in a file beside the staged data, one JSON array a line, so that a swap of a
million entries needs no memory and a crash in its midst can be finished or taken back.
Paths in it are percent-encoded bytes, for names need not be Unicode.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from urllib.parse import quote_from_bytes, unquote_to_bytes

import msgspec

from holdfast.errors import TargetInUse
from holdfast.sources.directory.attributes import Attributes, read_attributes, readable
from holdfast.sources.directory.beneath import Beneath, display, join
from holdfast.sources.directory.scope import Scope
from holdfast.stores.durable import sync_open_directory

STEPS = "steps"
"""Name of the file in the staging directory."""


class Step(msgspec.Struct, frozen=True, array_like=True, tag="exchange"):
    """Exchange the entries at one path of the live and of the staged tree.

    Attributes:
        path: Encoded by `encode_path`.
        old: Inode of the live entry, 0 if there is none. Device numbers would not help: they
            may change when the machine starts anew, and both trees are on one file system.
        new: Inode of the staged entry, 0 if the live one is only to be removed.
    """

    path: str
    old: int
    new: int


class Ownership(msgspec.Struct, frozen=True, array_like=True):
    """What a restore sets on a directory that stays in its place."""

    mode: int
    uid: int
    gid: int
    atime_ns: int
    mtime_ns: int
    attributes: Attributes


class Adjustment(msgspec.Struct, frozen=True, array_like=True, tag="adjust"):
    """Give a live directory that itself cannot be exchanged the metadata of the staged one."""

    path: str
    old: Ownership
    new: Ownership


def encode_path(path: str) -> str:
    """Return a relative or absolute path as ASCII text."""
    return quote_from_bytes(os.fsencode(path))


def decode_path(text: str) -> str:
    """Return the path that `encode_path` encoded."""
    return os.fsdecode(unquote_to_bytes(text))


def plan_steps(
    scope: Scope, held: frozenset[str], live: Beneath, staged: Beneath
) -> Iterator[Step | Adjustment]:
    """Yield the steps that make the live directory as the staged one, sparing what stays.

    Directories in `held` are gone into; all else is exchanged as a whole. Empty places for
    what will be removed are made in the staged tree.

    Raises:
        TargetInUse: The backup has something in a place that cannot be replaced.
    """
    pending = [""]
    while pending:
        directory = pending.pop()
        inside: list[str] = []
        for name in sorted({*live.names(directory), *staged.names(directory)}):
            path = join(directory, name)
            old, new = live.find(path), staged.find(path)
            if old is not None and scope.untouchable(path, old):
                _refuse_mount(scope, path, staged)
            elif old is None and path in scope.reserved.paths:
                continue
            elif path in held and old is not None and (new is not None or scope.covers(path, old)):
                _refuse_conflict(path, old, new)
                if new is None:
                    _make_place(path, staged)
                inside.append(path)
            elif new is not None:
                yield Step(encode_path(path), old.st_ino if old else 0, new.st_ino)
            elif old is not None and scope.covers(path, old):
                yield Step(encode_path(path), old.st_ino, 0)
        if not scope.leads(directory):
            adjustment = _adjust(directory, live, staged)
            if adjustment is not None:
                yield adjustment
        pending.extend(reversed(inside))


def write_steps(container: Beneath, steps: Iterator[Step | Adjustment]) -> Step | None:
    """Write the steps durably; return one that tells whether the swap happened."""
    telling: Step | None = None
    encoder = msgspec.json.Encoder()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(container.open_file(STEPS, flags), "wb") as file:
        for step in steps:
            if isinstance(step, Step) and (telling is None or (step.new and not telling.new)):
                telling = step
            file.write(encoder.encode(step) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync_open_directory(container.directory())
    return telling


def read_steps(container: Beneath) -> Iterator[Step | Adjustment]:
    """Yield the steps as they were written."""
    decoder = msgspec.json.Decoder(Step | Adjustment)
    with os.fdopen(container.open_file(STEPS, os.O_RDONLY), "rb") as file:
        for line in file:
            yield decoder.decode(line)


def ownership(descriptor: int) -> Ownership:
    """Return what `Adjustment` sets, as it is now on an open directory."""
    status = os.fstat(descriptor)
    return Ownership(
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        atime_ns=status.st_atime_ns,
        mtime_ns=status.st_mtime_ns,
        attributes=read_attributes(descriptor) if readable() else (),
    )


def _refuse_mount(scope: Scope, path: str, staged: Beneath) -> None:
    new = staged.find(path)
    if path not in scope.mounts or new is None:
        return
    if not stat.S_ISDIR(new.st_mode) or staged.names(path):
        raise TargetInUse(
            f"Cannot replace {display(path)}: another file system is mounted there",
            hint="Restore into a new place and copy from there, or protect it as a source "
            "of its own.",
        )


def _refuse_conflict(path: str, old: os.stat_result, new: os.stat_result | None) -> None:
    if not stat.S_ISDIR(old.st_mode):
        raise TargetInUse(
            f"Cannot restore into {display(path)}: it is not a directory any more",
            hint="Restore the directory that holds it, or restore into a new place.",
        )
    if new is not None and not stat.S_ISDIR(new.st_mode):
        raise TargetInUse(
            f"Cannot replace the directory {display(path)} by a file: it holds something "
            "that the backup must not touch",
            hint="Move that away first, or restore into a new place.",
        )


def _make_place(path: str, staged: Beneath) -> None:
    descriptor, name = staged.parent(path)
    os.mkdir(name, 0o700, dir_fd=descriptor)


def _adjust(directory: str, live: Beneath, staged: Beneath) -> Adjustment | None:
    old, new = ownership(live.directory(directory)), ownership(staged.directory(directory))
    return Adjustment(encode_path(directory), old, new) if old != new else None
