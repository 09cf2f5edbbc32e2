"""Which settings are secret and therefore never leave the application.

A setting is secret if its name says so (`smtp_password`, `apiKey`), if its value says so (it
is encrypted, hashed, a private key or an address with a password), or if it is an object
that hides its value as Pydantic's `SecretStr` does. A name that only speaks of a secret
(`password_min_length`, `token_ttl`) does not make one, nor does a truth value.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

SecretRule = Callable[[str, Any], bool]
"""Judges a setting by its name (parts of nested ones joined by dots) and value."""

_SECRET_WORDS = re.compile(
    r"passw(or)?ds?|passphrases?|passcodes?|pwd|secrets?|tokens?|credentials?|pin|t?otp|mnemonic"
    r"|(api|private|secret|access)keys?"
)
_KEY_KINDS = re.compile(
    r"api|private|secret|access|encryption|signing|master|licen[cs]e|ssh|account|fernet|hmac|jwt"
    r"|session|cookie"
)
_ABOUT_WORDS = re.compile(
    r"length|size|count|limit|min(imum)?|max(imum)?|ttl|age|expir(y|es|ed|ation)|lifetime|timeout"
    r"|days?|hours?|minutes?|seconds?|ms|interval|policy|requ(ired?|irements?)|(en|dis)abled?"
    r"|allow(ed)?|rotation|algo(rithm)?|type|kind|name|hint|label|header|field|prefix|ur[il]"
    r"|endpoint|issuer|audience|scopes?|format|version|strength|rounds|attempts|changed?|updated"
    r"|created|at|file|path"
)
"""As the last word of a name: it tells something about a secret, and is none."""
_SECRET_VALUES = re.compile(
    r"enc:|enc\[|\{cipher\}|vault:|\$ansible_vault|sops:|gAAAA[\w-]{20}"
    r"|-----BEGIN [A-Z ]*(PRIVATE KEY|AGE ENCRYPTED|PGP MESSAGE)"
    r"|\$(argon2|2[aby]\$|5\$|6\$|scrypt|pbkdf2)|scrypt:|pbkdf2[:_]|bcrypt[$_]"
    r"|(bearer|basic) [\w.+/=-]{8}|eyJ[\w-]{8,}\.eyJ|AGE-SECRET-KEY-"
    r"|(sk|pk|rk)[_-](live|test|ant|proj)[_-]|gh[opsur]_\w{20}|xox[abp]-|AKIA[0-9A-Z]{16}",
    re.IGNORECASE,
)
# Begins with fixed characters, so that a long text takes a time proportional to its length.
_URL_PASSWORD = re.compile(r"://[^/\s:@]*:[^/\s@]+@")


class Secrets:
    """The rules of one source.

    Args:
        secret: Names of further secret settings as patterns (`*` and `?`; matched with the
            whole name and with its last part), or a rule of the host's own.
        public: Names, as patterns, that are no secrets whatever their words.
    """

    def __init__(
        self, secret: Sequence[str] | SecretRule | None = None, public: Sequence[str] = ()
    ) -> None:
        self._rule = secret if callable(secret) else None
        self._patterns = () if secret is None or callable(secret) else tuple(secret)
        self._public = tuple(public)

    def conceals(self, path: Sequence[str], value: Any) -> bool:
        """Return whether the setting at `path` is secret, judged as a whole."""
        if callable(getattr(value, "get_secret_value", None)):
            return True
        name = ".".join(path)
        if self._rule is not None and self._rule(name, value):
            return True
        if _matches(self._patterns, name, path[-1]):
            return True
        if isinstance(value, str) and is_marked(value):
            return True
        if value is None or isinstance(value, bool | Mapping) or value in ("", [], ()):
            return False
        if _matches(self._public, name, path[-1]):
            return False
        return _names_secret(path[-1])


def is_marked(value: str) -> bool:
    """Return whether a text shows by itself that it is encrypted, hashed or holds a password."""
    return bool(_SECRET_VALUES.match(value.lstrip()) or _URL_PASSWORD.search(value))


def _names_secret(name: str) -> bool:
    words = _words(name)
    if not words or words[0] in {"max", "min"} or _ABOUT_WORDS.fullmatch(words[-1]):
        return False
    return any(_SECRET_WORDS.fullmatch(word) for word in words) or any(
        _KEY_KINDS.fullmatch(first) and second in {"key", "keys"}
        for first, second in itertools.pairwise(words)
    )


def _words(name: str) -> list[str]:
    """Return the words of `snake_case`, `kebab-case`, `dotted.names` and `camelCase`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word]


def _matches(patterns: Sequence[str], name: str, last: str) -> bool:
    return any(fnmatchcase(name, pattern) or fnmatchcase(last, pattern) for pattern in patterns)
