"""Parse the command line, run the command, report how it ended."""

from __future__ import annotations

import sys
from collections.abc import Sequence

BROKEN_PIPE_EXIT = 141
"""128 + SIGPIPE: as a program that the signal ended."""

INTERRUPTED_EXIT = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's) and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _mute(sys.stdout)
        return BROKEN_PIPE_EXIT
    except KeyboardInterrupt:
        # Before the command's own handlers were in place.
        return INTERRUPTED_EXIT
    return status


def _run(arguments: list[str]) -> int:
    from holdfast.cli.parser import parse, root_parser
    from holdfast.errors import UsageError

    if not arguments:
        sys.stderr.write(root_parser().format_help())
        return 2
    if _wants_version_as_json(arguments):
        _print_version_as_json()
        return 0
    try:
        command, namespace = parse(arguments)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    except UsageError as error:
        from holdfast.cli.console import Console
        from holdfast.cli.failures import report

        return report(error, Console(json="--json" in arguments))

    from holdfast.cli.session import run_command

    return run_command(command, namespace)


def _wants_version_as_json(arguments: list[str]) -> bool:
    # `--version` ends the parsing where it stands, so that a `--json` behind it is never seen.
    options_only = all(each.startswith("--") for each in arguments)
    return options_only and "--version" in arguments and "--json" in arguments


def _print_version_as_json() -> None:
    import json

    from holdfast import __version__

    sys.stdout.write(json.dumps({"version": __version__}) + "\n")


def _mute(stream: object) -> None:
    """Point a stream whose reader has gone at nothing, so that the exit is silent too."""
    import os

    with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - os.devnull is no path of ours
        fileno = getattr(stream, "fileno", None)
        if fileno is not None:
            os.dup2(nothing.fileno(), fileno())
