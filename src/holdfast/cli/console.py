"""Where the command line writes: results on standard output, everything else on standard error.

With `--json` standard output gets exactly one JSON document.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from holdfast.config import wants_no_color

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}


class Console:
    """Standard output and standard error of one run."""

    def __init__(
        self,
        *,
        json: bool = False,
        quiet: bool = False,
        color: bool = True,
        out: TextIO | None = None,
        err: TextIO | None = None,
    ) -> None:
        self.json = json
        self.quiet = quiet
        self.out = sys.stdout if out is None else out
        self.err = sys.stderr if err is None else err
        self._color = color and not wants_no_color()

    def answer(
        self, document: Mapping[str, Any], text: Callable[[], str], *, brief: str | None = None
    ) -> None:
        """Print the result: as a document with `--json`, else as text.

        Args:
            text: Makes the text for people; not called with `--json`.
            brief: What to print instead of the text with `--quiet`.
        """
        if self.json:
            import json

            from holdfast.cli.documents import to_json

            self._write(self.out, json.dumps(to_json(document), ensure_ascii=False, indent=2))
        elif self.quiet and brief is not None:
            self._write(self.out, brief)
        else:
            self._write(self.out, text())

    def note(self, text: str) -> None:
        """Say something by the way, on standard error; not with `--quiet` or `--json`."""
        if not (self.quiet or self.json):
            self._write(self.err, text)

    def say(self, text: str) -> None:
        """Say what must be read, on standard error, also with `--quiet` and `--json`."""
        self._write(self.err, text)

    def warn(self, text: str) -> None:
        """Say a warning."""
        self._write(self.err, f"{self.paint('warning:', 'yellow', self.err)} {text}")

    def complain(self, message: str, hint: str | None) -> None:
        """Say an error and what to do about it."""
        self._write(self.err, f"{self.paint('holdfast:', 'red', self.err)} {message}")
        if hint:
            self._write(self.err, f"  hint: {hint}")

    def paint(self, text: str, colour: str, stream: TextIO | None = None) -> str:
        """Return text in a colour if the stream (default: standard output) shows colours."""
        if not self._color or not (stream or self.out).isatty():
            return text
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"

    def painter(self, colours: Mapping[str, str]) -> Callable[[str], str]:
        """Return a function that paints the words it knows, for the cells of a table."""

        def paint(cell: str) -> str:
            colour = colours.get(cell.strip())
            return self.paint(cell, colour) if colour else cell

        return paint

    @property
    def width(self) -> int | None:
        """Columns of the terminal, or None where standard output is none."""
        return terminal_width(self.out)

    def _write(self, stream: TextIO, text: str) -> None:
        # Names that are no text, and characters that the locale lacks, are escaped, not fatal;
        # \udcff is an escape that JSON knows as well.
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        stream.flush()


def terminal_width(stream: TextIO) -> int | None:
    """Return the columns of the terminal behind a stream, or None if there is none."""
    if not stream.isatty():
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except OSError:
        return 80
