"""Questions to the person at the terminal."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.cli.console import Console
from holdfast.cli.interruption import Interruption
from holdfast.errors import ConfirmationRequired, PasswordMissing

_ATTEMPTS = 3
_YES = frozenset({"y", "yes"})


class Prompts:
    """Asks on the terminal, or says which option to use where there is none."""

    def __init__(self, console: Console, interruption: Interruption) -> None:
        self._console = console
        self._interruption = interruption

    @property
    def terminal(self) -> bool:
        """Whether there is a person to ask."""
        return sys.stdin.isatty() and self._console.err.isatty()

    def confirm(self, question: str) -> None:
        """Ask before a destructive act; anything but yes is no.

        Raises:
            ConfirmationRequired: The answer was no, or there is no terminal.
        """
        if not self.terminal:
            raise ConfirmationRequired(
                f"Not confirmed, nothing was changed: {question}",
                hint="Use --yes to go ahead without being asked.",
            )
        if self.line(f"{question} [y/N] ").lower() not in _YES:
            raise ConfirmationRequired("Not confirmed, nothing was changed")

    def line(self, question: str) -> str:
        """Ask for one line that is no secret; "" at the end of the input.

        Call it only where there is a `terminal`.
        """
        with self._asking():
            self._console.err.write(question)
            self._console.err.flush()
            return sys.stdin.readline().strip()

    def repository_password(self, new: bool) -> str:
        """Ask for the repository's password; twice for a new one.

        Raises:
            PasswordMissing: There is no terminal, or nothing was typed.
        """
        if not self.terminal:
            raise PasswordMissing(
                "The repository needs a password and none was given",
                hint="Give it with --password-file or --password-command, by the variables"
                " BACKUP_ENCRYPTION_PASSWORD, BACKUP_ENCRYPTION_PASSWORD_FILE or"
                " BACKUP_ENCRYPTION_PASSWORD_COMMAND, or in holdfast.toml"
                + (" (--no-encrypt makes a repository that anyone may read)." if new else "."),
            )
        if new:
            self._console.err.write("Without this password nobody can read the backups again.\n")
            return self.new_secret("Password for the new repository")
        return self._ask("Password of the repository")

    def new_secret(self, what: str) -> str:
        """Ask for a new password or passphrase, twice.

        Raises:
            PasswordMissing: There is no terminal, nothing was typed, or never twice the same.
        """
        self._require_terminal(what)
        for _ in range(_ATTEMPTS):
            first = self._ask(what)
            if first == self._ask("The same again"):
                return first
            self._console.err.write("The two are not the same.\n")
        raise PasswordMissing(f"{what}: the same was never typed twice", hint="Start again.")

    def secret(self, what: str) -> str:
        """Ask for an existing passphrase, once.

        Raises:
            PasswordMissing: There is no terminal, or nothing was typed.
        """
        self._require_terminal(what)
        return self._ask(what)

    def _require_terminal(self, what: str) -> None:
        if not self.terminal:
            raise PasswordMissing(
                f"{what}: none was given, and there is no terminal to ask on",
                hint="Give it with one of the options for it; --help names them.",
            )

    def _ask(self, what: str) -> str:
        with self._asking():
            try:
                answer = getpass.getpass(f"{what}: ", stream=self._console.err)
            except EOFError:
                answer = ""
        if not answer:
            raise PasswordMissing(f"{what}: nothing was typed", hint="It cannot be empty.")
        return answer

    @contextmanager
    def _asking(self) -> Iterator[None]:
        with self._interruption.prompting():
            try:
                yield
            except KeyboardInterrupt:
                self._console.err.write("\n")
                raise
