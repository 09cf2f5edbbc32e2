"""How a restore and an undo ask beforehand and tell afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from holdfast.cli.context import Context
from holdfast.cli.text import Column, format_count, format_size, format_table
from holdfast.models.backup import PlannedChange, RestoreResult

_SHOWN_CHANGES = 40
_COLOURS = {"replace": "yellow", "remove": "red", "create": "green"}


def confirm_plan(context: Context, plan: Callable[[], RestoreResult], question: str) -> None:
    """Show what would change, then ask.

    Raises:
        ConfirmationRequired: The answer was no, or there is nobody to ask.
    """
    if context.prompts.terminal:
        planned = plan()
        context.warn_all(planned.warnings)
        context.console.err.write(changes_table(context, planned.changes) + "\n")
    context.confirm(question)


def answer_restore(context: Context, result: RestoreResult, place: str = "") -> int:
    """Show the result and return the exit status."""
    context.warn_all(result.warnings)
    context.console.answer({"restore": result}, lambda: _describe(context, result, place))
    return 0 if result.success else 1


def changes_table(context: Context, changes: Sequence[PlannedChange]) -> str:
    """Return what changes (or would) as a table; what stays as it is comes as a count."""
    moving = [each for each in changes if each.action != "unchanged"]
    same = len(changes) - len(moving)
    columns = (
        Column(title="CHANGE", style=context.console.painter(_COLOURS)),
        Column(title="WHAT"),
        Column(title="DETAIL"),
    )
    rows = [(each.action, each.target, each.detail) for each in moving[:_SHOWN_CHANGES]]
    # Never cut to the terminal: it is what a person must recognise before saying yes.
    lines = [format_table(columns, rows)] if rows else []
    if len(moving) > _SHOWN_CHANGES:
        lines.append(f"and {len(moving) - _SHOWN_CHANGES:,} more changes")
    if same:
        lines.append(f"{format_count(same, 'item')} unchanged")
    return "\n".join(lines) or "Nothing would change."


def _describe(context: Context, result: RestoreResult, place: str) -> str:
    if result.dry_run:
        table = changes_table(context, result.changes)
        return f"{table}\n\nNothing was changed: this was a dry run of {result.backup_id}."
    amount = f"{format_count(result.restored_files, 'file')}, {format_size(result.restored_bytes)}"
    lines = [f"Restored {result.backup_id}{place}: {amount}"]
    if result.safety_backup_id:
        lines.append(
            f"What was replaced is in {result.safety_backup_id}; `holdfast undo` puts it back."
        )
    return "\n".join(lines)
