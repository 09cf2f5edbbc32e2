"""Archives that may come from anywhere: everything is checked before anything is used.

In this order: the structure (no content is read), the manifest, every byte of content. An
archive as Holdfast wrote it must last be so to the bit, so that no bit of it can change
unseen. One that other programs packed again may have other records, in another order; what
it holds must be the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.archive import records
from holdfast.archive.content import read_member
from holdfast.archive.directory import Directory, read_directory
from holdfast.archive.file import ArchiveFile, opened
from holdfast.archive.inventory import Inventory, member_mode
from holdfast.archive.limits import ArchiveLimits, damaged, shown
from holdfast.archive.records import Member
from holdfast.archive.repacked import add_listed_directories
from holdfast.archive.tree import ArchiveTree
from holdfast.models.manifest import MANIFEST_PATH
from holdfast.models.progress import CancellationToken, Progress, ProgressCallback, no_progress


@contextmanager
def open_archive(
    path: Path,
    *,
    passphrase: str | None = None,
    limits: ArchiveLimits | None = None,
    scratch_dir: Path,
    progress: ProgressCallback = no_progress,
    cancel: CancellationToken | None = None,
) -> Iterator[ArchiveTree]:
    """Open a `.zip` or `.zip.age` and give its backup, every byte of it checked.

    Memory is bounded whatever the file claims. Nothing is written but, for an encrypted file,
    its decrypted copy in `scratch_dir`, which has no name there and vanishes with the context.

    Raises:
        ArchiveError: There is no file at `path`.
        ArchiveDamaged: It is truncated, altered or incomplete.
        ArchiveRefused: It holds what no export of Holdfast does, or could be read in two ways.
        ArchiveTooNew: It is of a newer format than this Holdfast reads.
        ArchivePassphraseError: The passphrase is missing or wrong.
        NotEnoughSpace: `scratch_dir` has not the room for the decrypted copy.
        Cancelled: `cancel` was set.
    """
    limits = limits or ArchiveLimits()
    cancel = cancel or CancellationToken()
    with opened(
        path,
        passphrase=passphrase,
        limits=limits,
        scratch_dir=scratch_dir,
        progress=progress,
        cancel=cancel,
    ) as file:
        yield _validated(file, limits, progress, cancel)


def _validated(
    file: ArchiveFile,
    limits: ArchiveLimits,
    progress: ProgressCallback,
    cancel: CancellationToken,
) -> ArchiveTree:
    directory = read_directory(file, limits, cancel)
    if not directory.ours:
        manifest = read_member(file, directory, _manifest_index(directory), digest=None)
        add_listed_directories(directory, manifest, limits, cancel)
    inventory = Inventory(directory, limits)
    manifest = read_member(file, directory, _manifest_index(directory), digest=None)
    inventory.load(manifest, cancel)
    if directory.ours:
        _check_order(directory)
    whole = _check_content(file, directory, inventory, progress, cancel)
    if directory.ours:
        if whole != inventory.archive_checksum:
            raise damaged("its bytes are not those that were exported, though each file is intact")
        _check_records(file, directory, inventory)
    file.check_unchanged()
    return ArchiveTree(file, directory, inventory)


def _manifest_index(directory: Directory) -> int:
    index = directory.find(MANIFEST_PATH.encode())
    if index is None or directory[index].is_directory:
        raise damaged(f"{MANIFEST_PATH} is missing")
    return index


def _check_order(directory: Directory) -> None:
    """The members stand where Holdfast puts them."""
    if not directory.in_order:
        raise damaged("its entries are not in the order in which Holdfast writes them")


def _check_content(
    file: ArchiveFile,
    directory: Directory,
    inventory: Inventory,
    progress: ProgressCallback,
    cancel: CancellationToken,
) -> str:
    """Read every byte before the manifest's member, and compare all checksums.

    Returns:
        The SHA-256 (hexadecimal) of these bytes, if the archive is ours.
    """
    whole = hashlib.sha256()
    manifest = len(directory) - 1  # `sort_key` puts it last
    done = 0
    total = directory.total_bytes - directory[manifest].size
    for index in range(manifest):
        for piece in _content(file, directory, inventory, index, whole):
            cancel.raise_if_cancelled()
            done += len(piece)
        progress(
            Progress(
                step="Checking the backup file",
                done_bytes=done,
                total_bytes=total,
                done_items=index + 1,
                total_items=manifest,
            )
        )
    return whole.hexdigest()


def _content(
    file: ArchiveFile, directory: Directory, inventory: Inventory, index: int, whole: hashlib._Hash
) -> Iterator[bytes]:
    """Yield a member's content; if the archive is ours, add the member's bytes to `whole`."""
    member = directory[index]
    digest = inventory.facts(index).digest
    if not directory.ours:
        if not member.is_directory:
            yield from read_member(file, directory, index, digest=digest)
        return
    start = directory.data_offset(index)
    whole.update(file.read(member.offset, start - member.offset))
    if not member.is_directory:
        yield from read_member(file, directory, index, digest=digest, on_stored=whole.update)
    end = start + member.stored_size
    whole.update(file.read(end, directory.end(index) - end))


def _check_records(file: ArchiveFile, directory: Directory, inventory: Inventory) -> None:
    """Every record is the one that we would write for this member, and so is the end.

    What stands before the manifest's member is part of what `archive_checksum` proved.
    """
    own = inventory.facts(0)  # RESTORE.txt; the manifest's member has the same mode and time
    for index, located in enumerate(directory):
        facts = own if located.path == MANIFEST_PATH.encode() else inventory.facts(index)
        member = Member(
            name=located.name,
            mode=member_mode(facts, located),
            mtime_ns=facts.mtime_ns,
            method=located.method,
            size=located.size,
            stored_size=located.stored_size,
            crc=located.crc,
            offset=located.offset,
            large=located.large,
        )
        if records.encode_central(member) != located.raw:
            raise damaged(f"the record of {shown(located.path)} is not as Holdfast writes it")
        local = records.encode_local(member)
        length = directory.data_offset(index) - located.offset
        is_last = index + 1 == len(directory)
        if length != len(local) or (is_last and not _frames(file, directory, member)):
            raise damaged(f"the header of {shown(located.path)} is not as Holdfast writes it")
    begin = directory.offset + directory.size
    end = records.encode_end(count=len(directory), size=directory.size, offset=directory.offset)
    if end != file.read(begin, file.size - begin):
        raise damaged("its end record is not as Holdfast writes it")


def _frames(file: ArchiveFile, directory: Directory, member: Member) -> bool:
    """Whether the last member's local header and descriptor are as we write them."""
    local, descriptor = records.encode_local(member), records.encode_descriptor(member)
    start = directory.offset - len(descriptor)
    return (
        file.read(member.offset, len(local)) == local
        and member.offset + len(local) + member.stored_size == start
        and file.read(start, len(descriptor)) == descriptor
    )
