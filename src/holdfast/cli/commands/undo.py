"""`holdfast undo`: put back what the last restore replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context
    from holdfast.models.backup import RestoreResult


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    from holdfast.cli.parser import add_confirm_option, add_source_options, add_yes_option

    parser.add_argument("--dry-run", action="store_true", help="only say what would change")
    add_confirm_option(parser)
    add_yes_option(parser)
    add_source_options(parser)


def run(context: Context) -> int:
    """Undo the last restore."""
    from holdfast.cli.restoring import answer_restore, confirm_plan

    arguments = context.arguments

    def undo(*, dry_run: bool, confirm: str | None = None) -> RestoreResult:
        with context.progress() as progress:
            return context.service.undo(
                dry_run=dry_run, confirm=confirm, progress=progress, cancel=context.cancel
            )

    confirm = None
    if not arguments.dry_run:
        question = "Undo will replace the live data by what was there before. Continue?"
        confirm = confirm_plan(context, lambda: undo(dry_run=True), question)
    return answer_restore(context, undo(dry_run=arguments.dry_run, confirm=confirm))
