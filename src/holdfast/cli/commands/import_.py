"""`holdfast import`: keep a portable file as a backup in the repository."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    from holdfast.cli.archives import SINGLE_DATABASE_HELP, add_passphrase_options

    parser.description = f"{parser.description}\n\n{SINGLE_DATABASE_HELP}"
    parser.add_argument("file", metavar="FILE", help="a .zip or .zip.age that was exported")
    add_passphrase_options(parser, "of a .zip.age file")


def run(context: Context) -> int:
    """Import the archive."""
    from holdfast.cli.archives import passphrase_for, refuse_single_database
    from holdfast.cli.reminders import remind
    from holdfast.cli.text import format_size

    refuse_single_database(context.arguments.file)
    path = Path(context.arguments.file).expanduser()
    passphrase = passphrase_for(context, path, new=False)
    with context.progress() as progress:
        backup = context.service.import_archive(
            path, passphrase=passphrase, progress=progress, cancel=context.cancel
        )
    context.warn_all(backup.warnings)
    context.console.answer(
        {"backup": backup, "reminders": remind(context, of_drills=False)},
        lambda: (
            f"Imported {path.name} as {backup.backup_id}:"
            f" {format_size(backup.original_size)}, {format_size(backup.stored_size)} new"
        ),
        brief=backup.backup_id,
    )
    return 0
