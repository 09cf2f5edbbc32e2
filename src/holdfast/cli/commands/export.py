"""`holdfast export`: write a backup to a portable file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    from holdfast.cli.archives import add_passphrase_options

    parser.add_argument(
        "backup", metavar="BACKUP", help="its id, the unique beginning of one, or latest"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the file, or a directory for it; its suffix decides its form: .zip, .zip.age,"
        " .db, .sql (each also .gz) (default: <app>-backup-YYYY-MM-DD-HH-MM-SS.zip here)",
    )
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")
    add_passphrase_options(parser, "of a .zip.age file")


def run(context: Context) -> int:
    """Export the backup."""
    from holdfast.cli.archives import passphrase_for
    from holdfast.cli.text import format_size
    from holdfast.errors import TargetExists

    arguments = context.arguments
    output = Path(arguments.output).expanduser() if arguments.output else None
    if output is not None and output.is_file() and not arguments.force:
        # Said before a passphrase is asked for twice.
        raise TargetExists(f"{output} exists already", hint="Name another file, or use --force.")
    passphrase = passphrase_for(context, output, new=True)
    with context.progress() as progress:
        path = context.service.export_backup(
            arguments.backup,
            output,
            passphrase=passphrase,
            overwrite=arguments.force,
            progress=progress,
            cancel=context.cancel,
        )
    size_bytes = path.stat().st_size
    context.console.answer(
        {"export": {"path": path.absolute(), "size": size_bytes}},
        lambda: f"Wrote {path} ({format_size(size_bytes)})",
        brief=str(path),
    )
    return 0
