"""The token of the first run: who can read the console may make the first administrator."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from holdfast.errors import NotAuthenticated


class SetupToken:
    """A file beside the catalog that holds the hash of the token, until it is used.

    Args:
        directory: Where the file is.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / "setup-token"

    def make(self) -> str:
        """Make a token in the place of any before; return it, for it is kept nowhere."""
        token = secrets.token_urlsafe(32)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        _write(fresh, _digest(token))
        fresh.replace(self.path)
        return token

    def make_once(self) -> str | None:
        """Make a token unless there is one: of several processes, one gets it."""
        token = secrets.token_urlsafe(32)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write(self.path, _digest(token))
        except FileExistsError:
            return None
        return token

    def require(self, token: str) -> None:
        """Insist on the token.

        Raises:
            NotAuthenticated: It is another, or there is none any more.
        """
        try:
            kept = self.path.read_text().strip()
        except FileNotFoundError:
            kept = ""
        if not kept or not hmac.compare_digest(kept, _digest(token)):
            raise NotAuthenticated(
                "This is not the set-up token of this server",
                hint="`holdfast serve` prints a new one each time it starts while there are no"
                " users; `holdfast users add` needs none.",
            )

    def remove(self) -> None:
        """Remove the token: the server is set up."""
        with suppress(FileNotFoundError):
            self.path.unlink()


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{text}\n")


def _digest(token: str) -> str:
    # 256 random bits: there is nothing to guess, so no slow hash is needed.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
