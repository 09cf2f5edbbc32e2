"""The recovery key: a random password that a person can type from paper.

    K7M2Q-9TRC4-0DXNF-8HJ6W-3PZ1V-MB5EA-YS7GK
    name  secret

Seven groups of five characters of Crockford's alphabet, which has no I, L, O or U. Thirty are
random: 150 bits. The first five are the key's *name*: a hash of the others. So a typing mistake
is told from a wrong key before anything is tried, and the name, which is no secret, says on
paper and in the list of keys which key of which repository it is.
Source of the alphabet: https://www.crockford.com/base32.html
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Self

from holdfast.errors import RecoveryKeyMistyped

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUP = 5
GROUPS = 7
_LENGTH = GROUP * GROUPS
USER_PREFIX = "recovery-"
"""Its key file names `recovery-<name>` as the user, so that restic's list shows it as well."""

_READ_AS = str.maketrans("ILO", "110")
_BETWEEN = re.compile(r"[\s\u2010-\u2015-]+")


@dataclass(frozen=True, slots=True)
class RecoveryKey:
    """A recovery key. Its text is a password of the repository, for `restic` as well.

    Attributes:
        text: The key as it is printed and as it opens the repository: the secret itself.
    """

    text: str = field(repr=False)

    @classmethod
    def random(cls) -> Self:
        """Make a new key from the system's random numbers."""
        secret = "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH - GROUP))
        return cls._of(_name_of(secret) + secret)

    @classmethod
    def parse(cls, typed: str) -> Self:
        """Read a key that a person typed: in either case, with or without the hyphens.

        Raises:
            RecoveryKeyMistyped: It is no recovery key, or has a typing mistake.
        """
        characters = _BETWEEN.sub("", typed).upper().translate(_READ_AS)
        if len(characters) != _LENGTH:
            raise _mistyped(f"it has {len(characters)} characters instead of {_LENGTH}")
        if not set(characters) <= set(ALPHABET):
            raise _mistyped("a recovery key has only digits and letters, and no U")
        if _name_of(characters[GROUP:]) != characters[:GROUP]:
            raise _mistyped("at least one character is wrong")
        return cls._of(characters)

    @property
    def name(self) -> str:
        """The first group, which is no secret: `K7M2Q`."""
        return self.text[:GROUP]

    @property
    def user(self) -> str:
        """What its key file names as the user: `recovery-K7M2Q`."""
        return f"{USER_PREFIX}{self.name}"

    @classmethod
    def _of(cls, characters: str) -> Self:
        return cls("-".join(characters[i : i + GROUP] for i in range(0, _LENGTH, GROUP)))


def looks_like_recovery_key(typed: str) -> bool:
    """Return whether a text has the outward form of a recovery key, mistyped or not."""
    groups = typed.strip().split("-")
    return len(groups) == GROUPS and all(each.isalnum() for each in groups)


def recovery_key_name(user: str) -> str | None:
    """Return the name of the recovery key whose file names this user; None for other keys."""
    name = user.removeprefix(USER_PREFIX)
    if name == user or len(name) != GROUP or not set(name) <= set(ALPHABET):
        return None
    return name


def _name_of(secret: str) -> str:
    digest = hashlib.sha256(b"holdfast recovery key\0" + secret.encode()).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:GROUP])


def _mistyped(why: str) -> RecoveryKeyMistyped:
    return RecoveryKeyMistyped(
        f"This is not a recovery key as it was printed: {why}",
        hint="Compare it with the kit, group by group. Hyphens and small letters do not matter.",
    )
