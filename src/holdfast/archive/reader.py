"""Archives that may come from anywhere: everything is checked before anything is used.

In this order: the structure (no content is read), the manifest, every byte of content, and
last that the records are to the bit those that Holdfast writes, so that no bit of the file
can change unseen.
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
from holdfast.archive.limits import ArchiveLimits, damaged, refused, shown
from holdfast.archive.records import Member
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
        ArchiveRefused: It holds what no export of Holdfast does.
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
    manifest = len(directory) - 1
    if directory.path(manifest) != MANIFEST_PATH.encode():
        raise damaged(f"{MANIFEST_PATH} is missing")
    inventory = Inventory(directory, limits)
    inventory.load(read_member(file, directory, manifest, digest=None), cancel)
    _check_content(file, directory, inventory, progress, cancel)
    _check_records(file, directory, inventory)
    file.check_unchanged()
    return ArchiveTree(file, directory, inventory)


def _check_content(
    file: ArchiveFile,
    directory: Directory,
    inventory: Inventory,
    progress: ProgressCallback,
    cancel: CancellationToken,
) -> None:
    """Read every byte before the manifest's member, and compare all checksums."""
    whole = hashlib.sha256()
    done = 0
    total = directory.total_bytes - directory[len(directory) - 1].size
    for index in range(len(directory) - 1):
        member = directory[index]
        data_offset = directory.data_offset(index)
        whole.update(file.read(member.offset, data_offset - member.offset))
        if not member.is_directory:
            digest = inventory.facts(index).digest
            for piece in read_member(file, directory, index, digest=digest, on_stored=whole.update):
                cancel.raise_if_cancelled()
                done += len(piece)
        end = data_offset + member.stored_size
        whole.update(file.read(end, directory.end(index) - end))
        progress(
            Progress(
                step="Checking the backup file",
                done_bytes=done,
                total_bytes=total,
                done_items=index + 1,
                total_items=len(directory) - 1,
            )
        )
    if whole.hexdigest() != inventory.archive_checksum:
        raise damaged("its bytes are not those that were exported, though each file is intact")


def _check_records(file: ArchiveFile, directory: Directory, inventory: Inventory) -> None:
    """Every record is the one that we would write for this member.

    The local headers but the manifest's are part of what `archive_checksum` proved.
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
            raise refused(f"the record of {shown(located.path)} is not as Holdfast writes it")
        local = records.encode_local(member)
        length = directory.data_offset(index) - located.offset
        is_last = index + 1 == len(directory)
        if length != len(local) or (is_last and file.read(located.offset, length) != local):
            raise refused(f"the header of {shown(located.path)} is not as Holdfast writes it")
