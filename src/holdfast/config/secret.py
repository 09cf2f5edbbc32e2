"""Passwords that stand elsewhere: in a file, behind a command, in a variable.

A source is cheap to make and to pass on; the password is read when it is needed and is in no
`repr`.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from holdfast.config.environment import child_environment
from holdfast.errors import ConfigError

MAX_PASSWORD_BYTES = 64 * 1024


class PasswordKind(StrEnum):
    """Where a password stands."""

    VALUE = "value"
    FILE = "file"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class PasswordSource:
    """Where a password is to be had.

    Attributes:
        origin: What named it, for messages: `--password-file`, `BACKUP_ENCRYPTION_PASSWORD`.
        content: The password, the path of a file, or the arguments of a command.
    """

    kind: PasswordKind
    origin: str
    content: str | Path | tuple[str, ...] = field(repr=False)

    @classmethod
    def of_value(cls, password: str, origin: str) -> PasswordSource:
        """Make a source of a password that is known already."""
        return cls(PasswordKind.VALUE, origin, password)

    @classmethod
    def of_file(cls, path: Path, origin: str) -> PasswordSource:
        """Make a source of a file's content."""
        return cls(PasswordKind.FILE, origin, path)

    @classmethod
    def of_command(cls, command: str, origin: str) -> PasswordSource:
        """Make a source of a command's output; the command is split as a shell would.

        Raises:
            ConfigError: It is empty or has unbalanced quotes.
        """
        try:
            arguments = tuple(shlex.split(command))
        except ValueError as error:
            raise ConfigError(f"{origin} cannot be read as a command: {error}") from error
        if not arguments:
            raise ConfigError(f"{origin} is an empty command")
        return cls(PasswordKind.COMMAND, origin, arguments)


def read_password(source: PasswordSource) -> str:
    """Return the password; line ends after it are no part of it.

    Raises:
        ConfigError: The file cannot be read, the command fails, or there is no password in it.
    """
    content = source.content
    if isinstance(content, Path):
        data = _read_file(content, source.origin)
    elif isinstance(content, tuple):
        data = _run_command(content, source.origin)
    else:
        return content
    return _decode(data, source.origin)


def _read_file(path: Path, origin: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_PASSWORD_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"The password file {path} ({origin}) cannot be read: {error.strerror}",
            hint="Check the path and its permissions.",
        ) from error


def _run_command(arguments: tuple[str, ...], origin: str) -> bytes:
    import subprocess

    try:
        # Standard error stays the user's: programs like pass or gpg explain themselves there.
        done = subprocess.run(
            arguments, stdout=subprocess.PIPE, env=child_environment(), check=False
        )
    except OSError as error:
        raise ConfigError(
            f"The password command {arguments[0]} ({origin}) cannot be run: {error.strerror}",
            hint="Check that the program is installed; no shell is involved.",
        ) from error
    if done.returncode:
        raise ConfigError(
            f"The password command {arguments[0]} ({origin}) ended with status {done.returncode}",
            hint="Run it by hand to see why.",
        )
    return done.stdout


def _decode(data: bytes, origin: str) -> str:
    if len(data) > MAX_PASSWORD_BYTES:
        raise ConfigError(f"The password of {origin} is longer than {MAX_PASSWORD_BYTES} bytes")
    try:
        password = data.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ConfigError(f"The password of {origin} is not UTF-8 text") from error
    if not password:
        raise ConfigError(
            f"The password of {origin} is empty",
            hint="Write the password into it, on one line.",
        )
    return password
