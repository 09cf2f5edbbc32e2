"""`holdfast verify`: prove that a backup is intact and readable."""

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
    """Verify the backup."""
    from holdfast.cli.verification import answer_verification

    with context.progress() as progress:
        result = context.service.verify_backup(
            context.arguments.backup, progress=progress, cancel=context.cancel
        )
    return answer_verification(context, result, "intact and readable")
