"""`holdfast guard`: back up, run a command, and bring the data back if it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from argparse import ArgumentParser

    from holdfast.cli.context import Context
    from holdfast.cli.relay import Relay
    from holdfast.models.backup import BackupMetadata
    from holdfast.models.guard import GuardResult

NOT_RUN = 125
_SECRET = frozenset({"encryption.password_command"})
"""Settings whose value may name more than it should (the token of a vault)."""
_STATUSES = """\
The exit status is the command's own, whether its data were brought back or left; else:
  123  the command failed, and the data could not be brought back
  124  the command ran for longer than --timeout, and was ended
  125  the command was not run: there is no backup that is whole and proven
  126  the command cannot be run
  127  there is no such command
  128 and a signal's number: the signal ended the command"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    from holdfast.cli.parser import add_source_options

    parser.description = f"{parser.description}\n\n{_STATUSES}"
    parser.add_argument(
        "program",
        nargs="+",
        metavar="COMMAND",
        help="the command and its arguments, after two dashes; it is run without a shell",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        dest="leave",
        help="if it fails, leave its state for inspection; the command to go back is printed",
    )
    parser.add_argument(
        "--no-verify",
        action="store_true",
        help="do not prove the backup first; it is then verified only if it is needed",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help="end the command after so long; it has then failed",
    )
    parser.add_argument(
        "--description",
        metavar="TEXT",
        help="what the backup is for (default: the command, without what looks like a secret)",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="bring back only this database, directory or settings (repeatable)",
    )
    parser.add_argument(
        "--no-safety-backup",
        action="store_true",
        help="do not back up the failed state before the data come back",
    )
    add_source_options(parser)


def run(context: Context) -> int:
    """Guard the command."""
    from holdfast.cli.failures import report
    from holdfast.cli.relay import Relay
    from holdfast.errors import (
        Cancelled,
        CommandNotExecutable,
        CommandNotFound,
        GuardRestoreFailed,
    )

    own = (Cancelled, CommandNotFound, CommandNotExecutable, GuardRestoreFailed)
    with Relay(context.interruption) as relay:
        try:
            result = _guard(context, relay)
        except own:
            raise
        except Exception as error:  # noqa: BLE001 - a script must not take it for the command's
            # Whatever goes wrong once the command ran is one of those above.
            return report(error, context.console, verbose=context.arguments.verbose, status=NOT_RUN)
    context.warn_all(result.warnings)
    _tell(context, result)
    return result.exit_code


def _guard(context: Context, relay: Relay) -> GuardResult:
    from holdfast.cli.progress import ProgressDisplay
    from holdfast.errors import UsageError
    from holdfast.models.backup import Trigger

    arguments, settings = context.arguments, context.settings
    if arguments.timeout is not None and arguments.timeout <= 0:
        raise UsageError("--timeout must be more than 0 seconds")

    with context.progress() as progress:

        def started(backup: BackupMetadata, process: subprocess.Popen[bytes]) -> None:
            relay.started(process)
            if isinstance(progress, ProgressDisplay):
                progress.close()
            proven = "verified" if backup.verified else "not verified"
            context.console.note(f"Backed up as {backup.backup_id} ({proven}); the command runs")

        return context.service.guard(
            arguments.program,
            description=arguments.description,
            verify=not arguments.no_verify,
            keep=arguments.leave,
            create_safety_backup=settings.restore.safety_backup and not arguments.no_safety_backup,
            sources=arguments.only,
            timeout_s=arguments.timeout,
            trigger=Trigger.MANUAL_CLI,
            own_output=not context.console.json,
            started=started,
            progress=progress,
            cancel=context.cancel,
        )


def _tell(context: Context, result: GuardResult) -> None:
    """Say how it ended on standard error: standard output is the command's."""
    back = restore_command(context, result.backup_id)
    if context.console.json:
        document = {"guard": result, "restore_command": back}
        context.console.answer(document, lambda: "")
    elif result.succeeded:
        context.console.note(f"`{result.command}` succeeded. To go back to before it: {back}")
    elif result.left:
        context.console.complain(
            f"{_failed(result)}; what it left is there for inspection",
            f"To bring the data back: {back}",
        )
    else:
        saved = result.safety_backup_id
        context.console.complain(
            f"{_failed(result)}; the data are as they were before it ({result.backup_id})",
            f"What it left is in {saved}: `holdfast restore {saved} --into DIR` lays it out."
            if saved
            else None,
        )


def _failed(result: GuardResult) -> str:
    from holdfast.operations.commands import CommandEnd

    number = result.exit_code - 128 if result.exit_code > 128 else None
    end = CommandEnd(exit_code=result.exit_code, timed_out=result.timed_out, signal=number)
    return f"`{result.command}` {end.sentence()}"


def restore_command(context: Context, backup_id: str) -> str:
    """Return the command that restores a backup, with the options that this one was given.

    What is secret in them is left out.
    """
    import shlex

    from holdfast.operations.commands import without_secret

    words = ["holdfast", "restore", backup_id]
    if context.arguments.config is not None:
        words += ["--config", context.arguments.config]
    if context.arguments.plan is not None:
        words += ["--plan", context.arguments.plan]
    for setting, (option, value) in context.arguments.flags.items():
        values = value if isinstance(value, list) else [value]
        shown = ["..." if setting in _SECRET else without_secret(str(each)) for each in values]
        words += [word for each in shown for word in (option, each)]
    if context.settings.restore.target_name is not None:
        words += ["--confirm", context.settings.restore.target_name]
    return shlex.join(words)
