"""`holdfast drill`: prove that a backup restores, in a scratch place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    from holdfast.cli.parser import add_trust_option

    parser.add_argument(
        "backup",
        nargs="?",
        default="latest",
        metavar="BACKUP",
        help="its id, the unique beginning of one, or latest (the default)",
    )
    parser.add_argument(
        "--expect",
        action="append",
        default=[],
        metavar="SQL",
        help="a query that must yield one true value in the restored database, within a minute;"
        " NAME: SQL asks another database than the first (repeatable)",
    )
    add_trust_option(parser)


def run(context: Context) -> int:
    """Drill the backup."""
    from holdfast.cli.reminders import remind
    from holdfast.cli.verification import answer_verification

    with context.progress() as progress:
        result = context.service.drill(
            context.arguments.backup,
            expect=context.arguments.expect,
            trust_dump=context.arguments.trust_dump,
            progress=progress,
            cancel=context.cancel,
        )
    return answer_verification(
        context, result, "restored in a scratch place and checked", reminders=remind(context)
    )
