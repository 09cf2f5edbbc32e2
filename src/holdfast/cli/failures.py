"""How errors are shown and which exit status they give: the one place that decides it."""

from __future__ import annotations

import json
import traceback

from holdfast.cli.console import Console
from holdfast.errors import Cancelled, HoldfastError


def report(
    error: BaseException,
    console: Console,
    *,
    verbose: bool = False,
    signal_number: int | None = None,
    status: int | None = None,
) -> int:
    """Show an error and return the exit status: that of its kind, unless `status` is given.

    With `--json` the error is the one document on standard output.
    """
    known = known_error(error)
    status = known.exit_code if status is None else status
    if isinstance(known, Cancelled) and signal_number is not None:
        status = 128 + signal_number
    if verbose and not isinstance(error, HoldfastError | OSError | KeyboardInterrupt):
        console.err.write("".join(traceback.format_exception(error)))
    if console.json:
        document = {
            "error": {
                "code": known.code,
                "message": known.message,
                "hint": known.hint,
                "exit_code": status,
            }
        }
        console.answer(document, lambda: json.dumps(document))
    else:
        console.complain(known.message, known.hint)
    return status


def known_error(error: BaseException) -> HoldfastError:
    """Return any error as one of ours."""
    if isinstance(error, HoldfastError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Cancelled("Interrupted")
    if isinstance(error, OSError):
        return HoldfastError(_describe(error))
    return HoldfastError(
        f"Unexpected error: {type(error).__name__}: {error}",
        hint="This is a fault in Holdfast; --verbose shows the traceback.",
    )


def _describe(error: OSError) -> str:
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    reason = error.strerror or str(error)
    return f"{' -> '.join(names)}: {reason}" if names else reason
