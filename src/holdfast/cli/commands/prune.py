"""`holdfast prune`: free the space that no backup uses any more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context
    from holdfast.repository import PruneOptions, PrunePlan

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)(%|[KMGT]?)", re.IGNORECASE)
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_ANY_SHARE = 1e9
"""No limit in practice, where one in bytes is given."""
_PLAN_FIELDS = (
    "packs_kept",
    "packs_repacked",
    "packs_removed",
    "packs_unreferenced",
    "total_bytes",
    "freed_bytes",
    "repacked_bytes",
    "unused_bytes_kept",
)


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--dry-run", action="store_true", help="only say how much would be freed")
    parser.add_argument(
        "--max-unused",
        metavar="AMOUNT",
        help="leave so much unused rather than rewrite it: 5%% of what is used (the default), 500M,"
        " or 0 to free all",
    )


def run(context: Context) -> int:
    """Free the space."""
    from holdfast.cli.text import format_size

    arguments = context.arguments
    options = _options(arguments.max_unused)
    if arguments.dry_run:
        with context.progress() as progress:
            plan = context.service.plan_prune(options, progress=progress, cancel=context.cancel)
        document: dict[str, Any] = {name: getattr(plan, name) for name in _PLAN_FIELDS}
        context.console.answer({"prune": {"dry_run": True, **document}}, lambda: _describe(plan))
        return 0
    with context.progress() as progress:
        freed_bytes = context.service.prune(options, progress=progress, cancel=context.cancel)
    context.console.answer(
        {"prune": {"dry_run": False, "freed_bytes": freed_bytes}},
        lambda: f"Freed {format_size(freed_bytes)}",
        brief=f"Freed {format_size(freed_bytes)}",
    )
    return 0


def _options(max_unused: str | None) -> PruneOptions | None:
    from holdfast.errors import UsageError
    from holdfast.repository import PruneOptions

    if max_unused is None:
        return None
    match = _AMOUNT.fullmatch(max_unused)
    if match is None:
        raise UsageError(
            f"--max-unused does not understand {max_unused!r}",
            hint="Write a percentage such as 5%, or a size such as 500M.",
        )
    number, unit = float(match[1]), match[2].upper()
    if unit == "%":
        return PruneOptions(max_unused_share=number / 100)
    return PruneOptions(max_unused_share=_ANY_SHARE, max_unused_bytes=round(number * _UNITS[unit]))


def _describe(plan: PrunePlan) -> str:
    from holdfast.cli.text import format_count, format_size

    gone = plan.packs_removed + plan.packs_unreferenced
    return (
        f"A prune would free {format_size(plan.freed_bytes)} of {format_size(plan.total_bytes)}:"
        f" {format_count(gone, 'pack')} would be removed,"
        f" {format_count(plan.packs_repacked, 'pack')} rewritten"
        f" ({format_size(plan.repacked_bytes)}), {format_count(plan.packs_kept, 'pack')} kept."
        "\nNothing was changed."
    )
