"""Warnings that the library logs while work is under way: each on a line of its own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.cli.console import Console
from holdfast.cli.progress import ProgressDisplay
from holdfast.cli.text import printable


class _Lines(logging.Handler):
    def __init__(self, console: Console, display: ProgressDisplay) -> None:
        super().__init__(logging.WARNING)
        self._console = console
        self._display = display

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record above the bar."""
        mark = self._console.paint("warning:", "yellow", self._console.err)
        self._display.say(f"{mark} {printable(record.getMessage())}")


@contextmanager
def warnings_said(console: Console, display: ProgressDisplay) -> Iterator[None]:
    """Say what is logged while the block runs, instead of in the midst of the bar."""
    logger = logging.getLogger("holdfast")
    handler = _Lines(console, display)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
