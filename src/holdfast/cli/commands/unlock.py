"""`holdfast unlock`: remove the locks that dead processes left."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--all",
        action="store_true",
        help="remove every lock: only when certainly nobody works on the repository",
    )


def run(context: Context) -> int:
    """Remove locks."""
    from holdfast.cli.text import format_count

    removed = context.service.unlock(remove_all=context.arguments.all)
    context.console.answer(
        {"unlock": {"removed_locks": removed}},
        lambda: f"Removed {format_count(removed, 'lock')}",
        brief=str(removed),
    )
    return 0
