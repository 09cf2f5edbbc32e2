"""Passphrases of exported archives."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.cli.context import Context


def add_passphrase_options(parser: ArgumentParser, which: str) -> None:
    """Add the options that give an archive's passphrase."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--passphrase-file", metavar="FILE", help=f"read the passphrase {which} from a file"
    )
    group.add_argument(
        "--passphrase-command",
        metavar="COMMAND",
        help=f"run a command, without a shell, that prints the passphrase {which}",
    )


def passphrase_for(context: Context, path: Path | None, *, new: bool) -> str | None:
    """Return the passphrase of an archive, or None for one that has none.

    Args:
        new: Ask twice, for an archive that is being made.

    Raises:
        PasswordMissing: It was not given, and cannot be asked for.
    """
    from holdfast.cli.context import secret_from

    arguments = context.arguments
    if path is None or not path.name.lower().endswith(".age"):
        return None
    given = secret_from(arguments.passphrase_file, arguments.passphrase_command, "passphrase")
    if given is not None:
        return given
    what = f"Passphrase of {path.name}"
    return context.prompts.new_secret(what) if new else context.prompts.secret(what)
