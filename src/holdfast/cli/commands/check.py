"""`holdfast check`: look for damage in the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context
    from holdfast.repository import CheckReport


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--read-data", action="store_true", help="read and prove every stored byte as well"
    )
    group.add_argument(
        "--read-data-subset",
        metavar="PART",
        help="read a part of them: n/t (part n of t), 10%%, or a size such as 500M",
    )


def run(context: Context) -> int:
    """Check the repository."""
    from holdfast.cli.documents import to_json
    from holdfast.repository import Subset

    arguments = context.arguments
    part = arguments.read_data_subset
    subset = Subset.parse(part) if part else None
    with context.progress() as progress:
        report = context.service.check(
            arguments.read_data, subset, progress=progress, cancel=context.cancel
        )
    context.console.answer(
        {"check": {"ok": report.ok, **to_json(report)}},
        lambda: _describe(context, report),
        brief="no damage" if report.ok else None,
    )
    return 0 if report.ok else 1


def _describe(context: Context, report: CheckReport) -> str:
    from holdfast.cli.text import format_count, format_size, printable

    counts = (
        format_count(report.snapshots, "backup"),
        f"{format_count(report.packs, 'pack')} ({format_size(report.packs_bytes)})",
        format_count(report.blobs, "blob"),
        format_count(report.keys, "key"),
    )
    lines = [", ".join(counts)]
    if report.packs_read:
        lines.append(
            f"Read every byte of {format_count(report.packs_read, 'pack')}"
            f" ({format_size(report.bytes_read)})"
        )
    lines += [f"note: {printable(note)}" for note in report.notes]
    if report.ok:
        lines.append(context.console.paint("No damage was found", "green"))
        return "\n".join(lines)
    lines.append(
        context.console.paint(f"DAMAGED: {format_count(len(report.findings), 'finding')}", "red")
    )
    lines += [f"  {printable(str(finding))}" for finding in report.findings]
    lines += dict.fromkeys(f"What to do: {finding.remedy}" for finding in report.findings)
    touched = report.touched_backups
    lines.append(
        f"Cannot be restored whole: {printable(', '.join(touched))}; every other backup can."
        if touched
        else "Every backup can be restored."
    )
    return "\n".join(lines)
