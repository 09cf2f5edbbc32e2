"""Run one parsed command, from its first signal handler to its exit status."""

from __future__ import annotations

from argparse import Namespace

from holdfast.cli.console import Console
from holdfast.cli.context import Context
from holdfast.cli.failures import report
from holdfast.cli.interruption import Interruption
from holdfast.cli.table import Command


def run_command(command: Command, arguments: Namespace) -> int:
    """Run a command and return its exit status; errors are shown, not raised."""
    console = Console(json=arguments.json, quiet=arguments.quiet, color=not arguments.no_color)
    with Interruption() as interruption:
        try:
            return command.load().run(Context(arguments, console, interruption))
        except BrokenPipeError:
            raise
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last one to know
            return report(
                error,
                console,
                verbose=arguments.verbose,
                signal_number=interruption.signal_number,
            )
