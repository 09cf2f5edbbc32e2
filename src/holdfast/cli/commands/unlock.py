"""`holdfast unlock`: remove the locks that dead processes left."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context
    from holdfast.repository import LockInfo


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
    left = context.service.list_locks()
    context.console.answer(
        {"unlock": {"removed_locks": removed, "left": left}},
        lambda: "\n".join([f"Removed {format_count(removed, 'lock')}", *map(_describe, left)]),
    )
    return 0


def _describe(lock: LockInfo) -> str:
    from holdfast.cli.text import format_time, printable

    kind = "an exclusive" if lock.exclusive else "a shared"
    holder = printable(f"process {lock.pid} of {lock.username} on {lock.hostname}")
    # One that was not refreshed for 30 minutes, or whose process is gone, was removed.
    return (
        f"Left {kind} lock of {holder}, refreshed {format_time(lock.created_at)}: it may be alive."
        " If it certainly is not, `holdfast unlock --all` removes it."
    )
