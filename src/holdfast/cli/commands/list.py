"""`holdfast list`: the backups, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from holdfast.cli.context import Context
    from holdfast.models.backup import BackupMetadata

_DISPROVEN = "verification FAILED"
"""In the place of the status, so that nobody takes such a backup for a good one."""

TYPES = ("manual", "scheduled", "pre_restore")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--limit", type=int, default=50, metavar="N", help="at most so many; 0 for all (default 50)"
    )
    parser.add_argument("--tag", metavar="TAG", help="only those with this tag")
    parser.add_argument("--type", choices=TYPES, help="only those of this type")


def run(context: Context) -> int:
    """List the backups."""
    from holdfast.cli.restic import note_restic
    from holdfast.errors import UsageError
    from holdfast.models.backup import BackupType

    arguments = context.arguments
    if arguments.limit < 0:
        raise UsageError("--limit must not be negative", hint="0 lists all.")
    backups = context.service.list_backups(
        arguments.limit or None,
        tag=arguments.tag,
        backup_type=BackupType(arguments.type) if arguments.type else None,
    )
    context.console.answer({"backups": backups}, lambda: _table(context, backups))
    # restic's own "latest" may be a safety backup: the state that somebody wanted to be rid of.
    newest = next(
        (
            each
            for each in backups
            if each.backup_type is not BackupType.PRE_RESTORE and not each.only
        ),
        None,
    )
    note_restic(
        context,
        encrypted=all(each.encrypted for each in backups),
        snapshot=(newest.snapshot_id or "latest")[:8] if newest else "latest",
    )
    return 0


def _table(context: Context, backups: Sequence[BackupMetadata]) -> str:
    from datetime import UTC, datetime

    from holdfast.cli.text import Column, format_age, format_table

    if not backups:
        return "There are no backups yet; `holdfast create` makes one."
    now = datetime.now(UTC)
    console = context.console
    status_style = console.painter(
        {"verified": "green", "partial": "yellow", "failed": "red", _DISPROVEN: "red"}
    )
    columns = (
        Column(title="ID"),
        Column(title="MADE"),
        Column(title="TYPE"),
        Column(title="STATUS", style=status_style),
        Column(title="SIZE", right=True),
        Column(title="NEW", right=True),
        Column(title="NOTES", flexible=True),
    )
    rows = [
        (
            each.backup_id,
            format_age(each.created_at, now),
            each.backup_type.value,
            _DISPROVEN if each.disproven else each.status.value,
            _size(each, each.original_size),
            _size(each, each.stored_size),
            _notes(each),
        )
        for each in backups
    ]
    return format_table(columns, rows, width=console.width)


def _size(backup: BackupMetadata, size: int) -> str:
    """Return a size; that of a backup of another program may not be known."""
    from holdfast.cli.text import format_size

    return "-" if backup.compressed is None and not size else format_size(size)


def _notes(backup: BackupMetadata) -> str:
    marks = [word for word in ("keep", "damaged") if getattr(backup, word)]
    if not backup.encrypted:
        marks.append("not encrypted")
    if backup.only:
        marks.append(f"only {', '.join(backup.only)}")
    tags = [f"#{tag}" for tag in backup.tags]
    words = " ".join([*(f"[{mark}]" for mark in marks), *tags])
    return "  ".join(part for part in (words, backup.description or "") if part)
