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


_SINGLE_DATABASE = (".db", ".db.gz", ".sqlite", ".sqlite3", ".sqlite.gz", ".sqlite3.gz")
SINGLE_DATABASE_HELP = (
    "An archive is a .zip or a .zip.age. A single database that was exported (.db, .db.gz) is"
    " restored by\ncopying it: stop the application, unpack the file if it ends in .gz, remove the"
    " -wal and -shm files\nbeside the live database, and copy the file over it."
)


def refuse_single_database(name: str) -> None:
    """Say how a single database is restored, where it is given in the place of an archive.

    Raises:
        UsageError: By its suffix the file is one.
    """
    from holdfast.errors import UsageError

    if name.lower().endswith(_SINGLE_DATABASE):
        raise UsageError(
            f"{name} is a single database; archives end in .zip or .zip.age",
            hint="It is restored by copying: stop the application, unpack the file if it ends in"
            " .gz, remove the -wal and -shm files beside the live database, and copy the file over"
            " it.",
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
