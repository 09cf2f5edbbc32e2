"""`holdfast catalog`: the database of jobs, schedules and users."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "action",
        choices=("path", "migrate", "rebuild"),
        help="path: print where it is; migrate: make it, or bring it up to date; rebuild: add a"
        " job for every backup that it does not know, after it was lost",
    )


def run(context: Context) -> int:
    """Say where the catalog is, bring it up to date, or rebuild it."""
    engine = context.service.jobs
    added = None
    match context.arguments.action:
        case "migrate":
            engine.database.open()
        case "rebuild":
            added = engine.rebuild()
    place = engine.database.name
    engine.database.close()
    document = {"place": place} if added is None else {"place": place, "added": added}
    context.console.answer(
        {"catalog": document}, lambda: _describe(context.arguments.action, place, added)
    )
    return 0


def _describe(action: str, place: str, added: int | None) -> str:
    from holdfast.cli.text import format_count, printable

    if added is not None:
        return f"{format_count(added, 'job')} added to the catalog {printable(place)}"
    if action == "migrate":
        return f"The catalog {printable(place)} is up to date"
    return printable(place)
