"""Passwords of users: argon2id, and what a new one must be."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING

from holdfast.errors import AccountError, MissingExtra

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_LENGTH = 12
MAX_LENGTH = 1024
# Source: OWASP Password Storage Cheat Sheet, the first of its equally strong choices.
MEMORY_KIB = 47_104
PASSES = 1
AT_ONCE = 4
"""So many are reckoned at a time: 50 logins at once would take 2.3 GB of memory."""


class Passwords:
    """Hashes passwords and compares them; safe to use from many threads."""

    def __init__(self) -> None:
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    def hash(self, password: str) -> str:
        """Return what is kept of a password."""
        with self._slots:
            return self._hasher.hash(password)

    def matches(self, kept: str | None, password: str) -> bool:
        """Say whether a password is the one that was kept.

        For a user who is not there, or has no password, another is compared: how long the answer
        takes does not tell who exists.
        """
        from argon2.exceptions import InvalidHashError, VerificationError

        with self._slots:
            try:
                self._hasher.verify(self._nobody if kept is None else kept, password)
            except (VerificationError, InvalidHashError):
                return False
        return kept is not None

    def outdated(self, kept: str) -> bool:
        """Say whether a password that was kept long ago should be hashed anew."""
        return self._hasher.check_needs_rehash(kept)

    @cached_property
    def _hasher(self) -> PasswordHasher:
        try:
            from argon2 import PasswordHasher
        except ModuleNotFoundError as error:
            raise MissingExtra(
                "Users have passwords, and argon2-cffi is not installed",
                hint="pip install 'holdfast[server]'",
            ) from error
        return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash("the password of nobody")


def require_good_password(password: str, name: str) -> None:
    """Insist on a password that is not guessed at once.

    Source: NIST SP 800-63B, 5.1.1.2: length counts, and no rules of composition.

    Raises:
        AccountError: It is too short, too long, or made of the user's name.
    """
    hint = "Use several words that do not belong together, or let a password manager make one."
    if len(password) < MIN_LENGTH:
        raise AccountError(f"A password has {MIN_LENGTH} characters or more", hint=hint)
    if len(password) > MAX_LENGTH:
        raise AccountError(f"A password has {MAX_LENGTH} characters at most", hint=hint)
    plain = password.casefold()
    if len(set(plain)) < 5 or plain.replace(name.casefold(), "") in ("", "123", "1234", "12345"):
        raise AccountError("This password is one of the first that would be tried", hint=hint)
    if any(run in plain for run in ("123456789", "password1234", "qwertyuiop", "holdfast1234")):
        raise AccountError("This password is one of the first that would be tried", hint=hint)
