"""How the result of a verification or a drill is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from holdfast.cli.context import Context
from holdfast.cli.text import Column, format_count, format_duration, format_table, printable
from holdfast.models.backup import BackupVerification, CheckResult

_SHOWN_PATHS = 10


def answer_verification(
    context: Context,
    result: BackupVerification,
    proven: str,
    *,
    reminders: Sequence[str] | None = None,
) -> int:
    """Show the result and return the exit status.

    Args:
        reminders: Said already; None where the command has none.
    """
    document: dict[str, Any] = {"verification": result}
    if reminders is not None:
        document["reminders"] = reminders
    context.console.answer(
        document,
        lambda: _describe(context, result, proven),
        brief=f"{result.backup_id}: passed" if result.verified else _failure(context, result),
    )
    return 0 if result.verified else 1


def check_table(context: Context, checks: Sequence[CheckResult]) -> str:
    """Return named checks as a table."""
    style = context.console.painter({"passed": "green", "FAILED": "red"})
    columns = (
        Column(title="CHECK"),
        Column(title="RESULT", style=style),
        Column(title="DETAIL", flexible=True),
    )
    rows = [(each.name, _result(each), each.detail) for each in checks]
    return format_table(columns, rows, width=context.console.width)


def _result(check: CheckResult) -> str:
    if check.skipped:
        return "skipped"
    return "passed" if check.passed else "FAILED"


def _describe(context: Context, result: BackupVerification, proven: str) -> str:
    lines = [check_table(context, result.checks), ""]
    lines += _paths("the database names and the backup lacks", result.missing_files)
    lines += _paths("no row of the database names", result.orphan_files)
    if result.verified:
        spent = format_duration(result.duration_s)
        lines.append(f"{result.backup_id}: {proven} ({spent})")
    else:
        lines.append(_failure(context, result))
    return "\n".join(lines)


def _failure(context: Context, result: BackupVerification) -> str:
    failed = context.console.paint(f"{result.backup_id} FAILED:", "red")
    return "\n".join([failed, *(f"  {printable(error)}" for error in result.errors)])


def _paths(which: str, paths: Sequence[str]) -> list[str]:
    if not paths:
        return []
    shown = [f"  {printable(path)}" for path in paths[:_SHOWN_PATHS]]
    if len(paths) > _SHOWN_PATHS:
        shown.append(f"  and {len(paths) - _SHOWN_PATHS:,} more")
    return [f"{format_count(len(paths), 'file')} that {which}:", *shown, ""]
