"""`holdfast delete`: remove one backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    from holdfast.cli.parser import add_yes_option

    parser.add_argument(
        "backup",
        metavar="BACKUP",
        help="its id, the unique beginning of one, or latest: the newest that is no safety backup",
    )
    add_yes_option(parser)


def run(context: Context) -> int:
    """Remove the backup."""
    from holdfast.cli.text import format_size, format_time, printable

    backup = context.service.get_backup(context.arguments.backup)
    context.confirm(
        f"Delete {backup.backup_id} of {format_time(backup.created_at)},"
        f" {format_size(backup.original_size)}{printable(_named(backup.description))}?"
    )
    context.service.delete_backup(backup.backup_id)
    context.console.answer(
        {"deleted": {"backup_id": backup.backup_id}},
        lambda: f"Deleted {backup.backup_id}",
        brief=backup.backup_id,
    )
    context.console.note("`holdfast prune` or the next cleanup frees its space.")
    return 0


def _named(description: str | None) -> str:
    return f' ("{description}")' if description else ""
