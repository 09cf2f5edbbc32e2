"""`holdfast recover`: settle a restore that was interrupted, or give it up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    from holdfast.cli.parser import add_source_options

    parser.description = (
        f"{parser.description}\n\n"
        "Every command does so by itself. Where it is not possible, because what it takes is\n"
        "gone, --give-up leaves everything as it is, keeps the journal under another name, and\n"
        "says what is where and from which backup to go on."
    )
    parser.add_argument(
        "--give-up",
        action="store_true",
        help="if it can be neither finished nor taken back, leave everything as it is",
    )
    add_source_options(parser)


def run(context: Context) -> int:
    """Recover."""
    from holdfast.cli.documents import to_json

    recovery = context.service.recover(give_up=context.arguments.give_up)
    context.console.answer(
        {"recovery": to_json(recovery)},
        lambda: recovery.sentence() if recovery else "No restore was interrupted",
    )
    return 0
