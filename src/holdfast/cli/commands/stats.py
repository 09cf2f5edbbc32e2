"""`holdfast stats`: the repository in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context
    from holdfast.models.backup import BackupStats


def add_arguments(parser: ArgumentParser) -> None:
    """Add no arguments."""
    del parser


def run(context: Context) -> int:
    """Show the numbers."""
    from holdfast.cli.reminders import remind

    stats = context.service.get_backup_stats()
    document = {"stats": stats, "reminders": remind(context)}
    context.console.answer(document, lambda: _describe(stats))
    return 0


def _describe(stats: BackupStats) -> str:
    from datetime import UTC, datetime

    from holdfast.cli.text import format_age, format_fields, format_size, format_time

    def instant(when: datetime | None) -> str:
        if when is None:
            return "none"
        return f"{format_time(when)} ({format_age(when, datetime.now(UTC))})"

    return format_fields(
        [
            ("Backups", f"{stats.total_backups:,}"),
            ("Verified", f"{stats.verified_backups:,}"),
            ("Failed runs", f"{stats.failed_backups:,}"),
            ("Newest", instant(stats.newest)),
            ("Oldest", instant(stats.oldest)),
            ("Size of all", format_size(stats.total_size)),
            ("Average size", format_size(stats.average_size)),
            ("Stored", format_size(stats.stored_size)),
            *_unused(stats.unused_size, stats.stored_size),
            ("Compression", _saved(stats.compression_ratio)),
            ("Deduplication", _saved(stats.dedup_ratio)),
        ]
    )


def _unused(unused: int | None, stored: int) -> list[tuple[str, str]]:
    from holdfast.cli.text import format_size

    # A prune leaves a twentieth: less is not worth a word.
    if unused is None or unused * 20 <= stored:
        return []
    return [("Unused", f"{format_size(unused)} belong to no backup: `holdfast prune` frees them")]


def _saved(ratio: float) -> str:
    return f"{ratio:.1f} times smaller" if ratio >= 1.05 else "nothing saved yet"
