"""Portable archives: one backup as a ZIP file that opens without Holdfast.

Here live the writing of archives, the reading of archives that may come from anywhere, and
their encryption with a passphrase. An archive is read by its own parser under the rule that
nothing in it decides a path, an amount of memory or a size before that was checked.
"""

from __future__ import annotations

from holdfast.archive.age import age_encrypted, age_size
from holdfast.archive.export import (
    ArchiveMeasure,
    archive_pieces,
    archive_size,
    default_name,
    measure_archive,
    write_archive,
    write_database,
)
from holdfast.archive.file import decrypt_archive, is_encrypted
from holdfast.archive.limits import ArchiveLimits
from holdfast.archive.names import RESTORE_PATH
from holdfast.archive.plain import PLAIN, PLAIN_DATABASE, PLAIN_THUMBNAILS, THUMBNAILS_ROOT
from holdfast.archive.plain_reader import PlainBackup, is_plain, open_plain
from holdfast.archive.plain_tree import PlainTree
from holdfast.archive.reader import open_archive
from holdfast.archive.tables import TablesTree
from holdfast.archive.tree import ArchiveTree

__all__ = [
    "PLAIN",
    "PLAIN_DATABASE",
    "PLAIN_THUMBNAILS",
    "RESTORE_PATH",
    "THUMBNAILS_ROOT",
    "ArchiveLimits",
    "ArchiveMeasure",
    "ArchiveTree",
    "PlainBackup",
    "PlainTree",
    "TablesTree",
    "age_encrypted",
    "age_size",
    "archive_pieces",
    "archive_size",
    "decrypt_archive",
    "default_name",
    "is_encrypted",
    "is_plain",
    "measure_archive",
    "open_archive",
    "open_plain",
    "write_archive",
    "write_database",
]
