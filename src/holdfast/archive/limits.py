"""What an archive may ask of the machine that reads it, and how refusals are worded.

The writer keeps within the same limits, so that what Holdfast exports with its defaults it
also imports.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.errors import ArchiveDamaged, ArchiveRefused

MAX_SHOWN_CHARACTERS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """Caps that are checked before and while an archive is read.

    Attributes:
        entries: Members of the archive.
        directory_bytes: Size of the ZIP's central directory, which is held in memory.
        total_bytes: Sum of all files, decompressed.
        file_bytes: One file, decompressed.
        ratio: Decompressed bytes per compressed byte of one file. Deflate reaches 1032; the
            writer never exceeds `WRITTEN_RATIO`.
        ratio_floor_bytes: Files up to this size may have any ratio.
        head_bytes: `manifest.json` without its lists of files, directories and links.
        index_bytes: Memory for all that is known of the members, as `index_cost` estimates it.
        json_depth: Nesting of `manifest.json`.
        scrypt_log_n: Work factor that an age file may ask for; 18 needs 256 MiB of memory.
    """

    entries: int = 1_000_000
    directory_bytes: int = 128 * 2**20
    total_bytes: int = 4 * 2**40
    file_bytes: int = 2**40
    ratio: int = 250
    ratio_floor_bytes: int = 2**20
    head_bytes: int = 4 * 2**20
    index_bytes: int = 200 * 2**20
    json_depth: int = 32
    scrypt_log_n: int = 18


WRITTEN_RATIO = 200
"""The writer pads what compresses better than this, so that readers can refuse bombs."""


def index_cost(*, directory_bytes: int, entries: int, special: int, special_bytes: int) -> int:
    """Return about how much memory [bytes] the reader needs to know an archive's members.

    Args:
        special: Symbolic links, and entries stored under another name than their own.
        special_bytes: Length of those names and of the links' targets.
    """
    return directory_bytes + 64 * entries + 600 * special + special_bytes


def sorting_cost(*, directory_bytes: int, entries: int) -> int:
    """Return about how much memory [bytes] it takes to bring an archive's members in order."""
    return 2 * directory_bytes + 64 * entries


def damaged(what: str) -> ArchiveDamaged:
    """Return the error for an archive that is not as it was written."""
    return ArchiveDamaged(
        f"Backup file is corrupted: {what}",
        hint="Copy or download the file again; if it stays so, export the backup once more.",
    )


def refused(what: str) -> ArchiveRefused:
    """Return the error for an archive that no honest export produces."""
    return ArchiveRefused(
        f"Backup file was refused: {what}",
        hint="Only use backup files that hold what Holdfast exported, nothing added or edited.",
    )


def shown(name: bytes | str) -> str:
    """Return `name` fit for a message: short, printable, quoted."""
    text = name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name
    if len(text) > MAX_SHOWN_CHARACTERS:
        text = text[:MAX_SHOWN_CHARACTERS] + "..."
    return repr(text)
