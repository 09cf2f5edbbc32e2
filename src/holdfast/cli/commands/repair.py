"""`holdfast repair`: rebuild what can be rebuilt from what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context
    from holdfast.repository import IndexRebuildPlan

_DOCUMENT_FIELDS = (
    "packs",
    "blobs",
    "packs_added",
    "packs_missing",
    "packs_dropped",
    "packs_unreadable",
    "packs_ignored",
    "damaged_files",
)


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "part", choices=("index",), help="index: make it anew from the packs; nothing is lost by it"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would change")
    parser.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="PACK",
        help="leave out a pack that cannot be read, by its whole id (repeatable)",
    )


def run(context: Context) -> int:
    """Rebuild the index."""
    arguments = context.arguments
    with context.progress() as progress:
        plan = context.service.rebuild_index(
            drop=arguments.drop,
            dry_run=arguments.dry_run,
            progress=progress,
            cancel=context.cancel,
        )
    context.console.answer(
        {
            "repair": {
                "dry_run": arguments.dry_run,
                "changed": not plan.empty and not arguments.dry_run,
                **{name: getattr(plan, name) for name in _DOCUMENT_FIELDS},
            }
        },
        lambda: _describe(plan, dry_run=arguments.dry_run),
    )
    return 0


def _describe(plan: IndexRebuildPlan, *, dry_run: bool) -> str:
    from holdfast.cli.text import format_count, printable

    counts = f"{format_count(plan.packs, 'pack')}, {format_count(plan.blobs, 'blob')}"
    if plan.empty:
        return f"The index is right as it is: {counts}"
    lines = [f"The index {'would name' if dry_run else 'names'} {counts}"]
    if plan.packs_added:
        lines.append(f"  {format_count(plan.packs_added, 'pack')} newly named")
    for title, names in (
        ("no longer there", plan.packs_missing),
        ("left out", plan.packs_dropped),
        ("with a damaged header, as the old index says", plan.packs_unreadable),
        ("damaged and of no use to any backup", plan.packs_ignored),
    ):
        if names:
            lines.append(f"  {format_count(len(names), 'pack')} {title}: {', '.join(names)}")
    lines += [
        f"  {printable(f'{name} is replaced: {reason}')}"
        for name, reason in plan.damaged_files.items()
    ]
    lines.append("Nothing was changed." if dry_run else "`holdfast check` says what it is worth.")
    return "\n".join(lines)
