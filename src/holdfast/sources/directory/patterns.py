"""Which paths of a directory a plan takes: patterns like those of `.gitignore`.

A pattern is matched case-sensitively against the path below the directory:

- `*.tmp`, without a slash: that name at any depth.
- `/logs` or `a/b`, with a slash at the front or inside: from the top of the directory.
- `cache/`, with a slash at the end: directories only.
- `*` and `?` match within one part, `[a-z]` and `[!a-z]` one character, `**` any number of
  parts. A backslash has no special meaning; write `[*]` for a star.

A matched directory matches with all below it. There is no negation by `!`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from holdfast.errors import ConfigError


class PathPatterns:
    """Selects paths by patterns; excluding wins over including.

    With `include`, only files that match (or lie below a directory that matches) are taken;
    directories are always walked and kept, for their metadata.

    Raises:
        ConfigError: A pattern cannot be understood.
    """

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self.include = tuple(include)
        self.exclude = tuple(exclude)
        self._included = _compile(self.include)
        self._excluded = _compile(self.exclude)

    @property
    def selective(self) -> bool:
        """Whether there is any pattern."""
        return bool(self.include or self.exclude)

    def selects(self, path: str, *, is_directory: bool) -> bool:
        """Return whether the entry at `path` (relative, without slashes at the ends) is taken."""
        subject = path + "/" if is_directory else path
        if self._excluded is not None and self._excluded.match(subject):
            return False
        return is_directory or self._included is None or bool(self._included.match(subject))


def _compile(patterns: Sequence[str]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    return re.compile("|".join(f"(?:{_translate(pattern)})" for pattern in patterns), re.DOTALL)


def _translate(pattern: str) -> str:
    """Return a regular expression for paths, of which those of directories end in a slash."""
    parts = pattern.split("/")
    anchored = "/" in pattern[:-1]
    only_directories = pattern.endswith("/")
    if parts[0] == "":
        parts = parts[1:]
    if only_directories:
        parts = parts[:-1]
    if not parts or any(part in {"", ".", ".."} for part in parts) or "\0" in pattern:
        raise ConfigError(
            f"Cannot understand the pattern {pattern!r}",
            hint="Write a name such as '*.tmp', a directory such as 'cache/', or a path.",
        )
    if pattern.startswith("!"):
        raise ConfigError(
            f"Cannot understand the pattern {pattern!r}: there is no negation",
            hint="Name what to take in `include` and what to leave out in `exclude`.",
        )
    if not anchored:
        parts = ["**", *parts]
    expression = _translate_parts(parts, pattern)
    expression += "/.*" if only_directories else "(?:/.*)?"
    try:
        re.compile(expression)
    except re.error as error:
        raise ConfigError(f"Cannot understand the pattern {pattern!r}: {error}") from error
    return expression + r"\Z"


def _translate_parts(parts: list[str], pattern: str) -> str:
    """Return the expression for parts, of which `**` stands for any number.

    What lies between two `**` is taken where it first fits, once and for all: a later place
    would help nothing, and to try them all would take a time that grows with each `**`. The
    same holds for what lies between two stars of one part. Patterns may come from a backup.
    """
    runs: list[list[str]] = [[]]
    for part in parts:
        if part == "**":
            runs.append([])
        else:
            runs[-1].append(_translate_part(part, pattern))
    first, *middle = ["/".join(run) for run in runs]
    if not middle:
        return first
    last = middle.pop()
    expression = first + "/" if first else ""
    expression += "".join(f"(?>(?:[^/]+/)*?{run}/)" for run in middle if run)
    return expression + (f"(?:[^/]+/)*{last}" if last else ".+")


def _translate_part(part: str, pattern: str) -> str:
    """Return the expression for one part, which matches no slash."""
    runs = [""]
    position = 0
    while position < len(part):
        character = part[position]
        position += 1
        if character == "*":
            runs.append("")
        elif character == "?":
            runs[-1] += "[^/]"
        elif character == "[":
            expression, position = _translate_set(part, position, pattern)
            runs[-1] += expression
        else:
            runs[-1] += re.escape(character)
    first, *middle = runs
    if not middle:
        return first
    last = middle.pop()
    # A part is never empty, not even one that is only stars.
    return (
        "(?=[^/])" + first + "".join(f"(?>[^/]*?{run})" for run in middle if run) + "[^/]*" + last
    )


def _translate_set(part: str, position: int, pattern: str) -> tuple[str, int]:
    """Return the expression for a set of characters, and the position after it."""
    start = position + (1 if part[position : position + 1] in {"!", "^"} else 0)
    # A closing bracket right after the opening one is a character of the set.
    end = part.find("]", start + 1)
    if end < 0:
        raise ConfigError(
            f"Cannot understand the pattern {pattern!r}: '[' is never closed",
            hint="Write '[[]' for the character '[' itself.",
        )
    negation = "^" if start > position else ""
    members = re.sub(r"([\[\]\\^&~|])", r"\\\1", part[start:end])
    return f"(?!/)[{negation}{members}]", end + 1
