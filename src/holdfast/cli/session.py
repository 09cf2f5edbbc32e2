"""Run one parsed command, from its first signal handler to its exit status."""

from __future__ import annotations

from argparse import Namespace

from holdfast.cli.console import Console
from holdfast.cli.context import Context
from holdfast.cli.failures import report
from holdfast.cli.interruption import Interruption
from holdfast.cli.table import Command

_TOLD = frozenset({"create", "cleanup"})
"""The commands whose end is told on the channels of notification, where nobody sits at them."""


def run_command(command: Command, arguments: Namespace) -> int:
    """Run a command and return its exit status; errors are shown, not raised."""
    console = Console(json=arguments.json, quiet=arguments.quiet, color=not arguments.no_color)
    with Interruption() as interruption:
        try:
            return _run(command, Context(arguments, console, interruption))
        except BrokenPipeError:
            raise
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last one to know
            return report(
                error,
                console,
                verbose=arguments.verbose,
                signal_number=interruption.signal_number,
            )


def _run(command: Command, context: Context) -> int:
    run = command.load().run
    if command.name not in _TOLD or not context.settings.notify:
        return run(context)
    from holdfast.cli.notifying import run_and_tell

    return run_and_tell(command.name, context, run)
