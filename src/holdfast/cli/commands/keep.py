"""`holdfast keep` and `holdfast unkeep`: take a backup out of the retention rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "backup", metavar="BACKUP", help="its id, the unique beginning of one, or latest"
    )


def run(context: Context) -> int:
    """Keep the backup, or no longer."""
    keep = context.arguments.command == "keep"
    backup = context.service.keep_backup(context.arguments.backup, keep=keep)
    what = "is kept for ever" if keep else "is left to the retention rules again"
    context.console.answer(
        {"backup": backup}, lambda: f"{backup.backup_id} {what}", brief=backup.backup_id
    )
    return 0
