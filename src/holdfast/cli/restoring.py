"""How a restore and an undo ask beforehand and tell afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from holdfast.cli.context import Context
from holdfast.cli.text import (
    Column,
    format_count,
    format_size,
    format_table,
    format_time,
    printable,
)
from holdfast.errors import ConfirmationRequired
from holdfast.models.backup import SAME_COUNT, PlannedChange, RestoreResult
from holdfast.models.target import RestoreTarget, TargetPlace

_SHOWN_CHANGES = 40
_COLOURS = {"replace": "yellow", "remove": "red", "create": "green"}


def confirm_plan(context: Context, plan: Callable[[], RestoreResult], question: str) -> str | None:
    """Show what would be replaced by what, and ask; return the name that confirms it, if any.

    Where the live data have a name, it must be given by `--confirm` or typed; `--yes` does not
    do. Whether a name that was given is the right one is for the service to say.

    Raises:
        ConfirmationRequired: The answer was no, or there is nobody to ask.
    """
    arguments = context.arguments
    name = context.settings.restore.target_name
    if arguments.confirm is not None or (arguments.yes and name is None):
        return str(arguments.confirm) if arguments.confirm is not None else None
    if context.prompts.terminal:
        planned = plan()
        context.warn_all(planned.warnings)
        if planned.target is not None:
            context.console.err.write(target_table(planned.target) + "\n\n")
        context.console.err.write(changes_table(context, planned.changes) + "\n")
    if name is None:
        context.prompts.confirm(question)
        return None
    # Without a terminal the service refuses, and says which name is needed.
    return _typed_name(context, name) if context.prompts.terminal else None


def _typed_name(context: Context, name: str) -> str:
    typed = context.prompts.line(f"To replace the data of {name}, type its name: ")
    if typed != name:
        raise ConfirmationRequired("Not confirmed, nothing was changed")
    return typed


def target_table(target: RestoreTarget) -> str:
    """Return which live data a restore would replace, and what is there now."""
    name = f"{target.name} ({target.fingerprint})" if target.named else target.fingerprint
    title = f"Target {name}: plan {target.plan} on {target.hostname}"
    columns = (Column(title="WHERE"), Column(title="WHAT IS THERE NOW"))
    rows = [(each.path or each.root, _content(each)) for each in target.places]
    return f"{printable(title)}\n{format_table(columns, rows)}"


def _content(place: TargetPlace) -> str:
    if place.path is None:
        return "the settings that the application keeps"
    if not place.exists:
        return "nothing"
    facts = [format_size(place.size_bytes)]
    if place.files is not None:
        facts.insert(0, format_count(place.files, "file"))
    if place.modified_at is not None:
        facts.append(f"last written {format_time(place.modified_at)}")
    return ", ".join(facts)


def answer_restore(context: Context, result: RestoreResult, place: str = "") -> int:
    """Show the result and return the exit status."""
    context.warn_all(result.warnings)
    context.console.answer({"restore": result}, lambda: _describe(context, result, place))
    return 0 if result.success else 1


def changes_table(context: Context, changes: Sequence[PlannedChange]) -> str:
    """Return what changes (or would) as a table; what stays as it is comes as a count."""
    changing = [each for each in changes if each.action != "unchanged"]
    same = len(changes) - len(changing)
    moving = _folded(changing)
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


def _folded(changes: Sequence[PlannedChange]) -> list[PlannedChange]:
    """Make one line of a database's tables where all have as many rows as now."""
    shown: list[PlannedChange] = []
    folded = ""
    for i, each in enumerate(changes):
        if folded and each.target.startswith(folded):
            continue
        shown.append(each)
        prefix = f"{each.target}: "
        tables = [other for other in changes[i + 1 :] if other.target.startswith(prefix)]
        if len(tables) > 1 and all(other.detail.endswith(SAME_COUNT) for other in tables):
            folded = prefix
            what = f"{prefix}all {len(tables):,} tables"
            detail = f"as many rows in each {SAME_COUNT}"
            shown.append(PlannedChange(target=what, action="replace", detail=detail))
    return shown


def _describe(context: Context, result: RestoreResult, place: str) -> str:
    if result.dry_run:
        table = changes_table(context, result.changes)
        if result.target is not None:
            table = f"{target_table(result.target)}\n\n{table}"
        return f"{table}\n\nNothing was changed: this was a dry run of {result.backup_id}."
    amount = f"{format_count(result.restored_files, 'file')}, {format_size(result.restored_bytes)}"
    lines = [f"Restored {result.backup_id}{place}: {amount}"]
    if result.safety_backup_id:
        lines.append(
            f"What was replaced is in {result.safety_backup_id}; `holdfast undo` puts it back."
        )
    lines += [
        f"Until the next cleanup the database {name} on the server keeps it too, with its full"
        " size; `holdfast cleanup --drop-old` drops it now."
        for name in result.kept
    ]
    return "\n".join(lines)
