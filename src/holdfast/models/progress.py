"""How long work tells how far it is, and how it is asked to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from holdfast.errors import Cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a piece of work is.

    Attributes:
        step: What is being done now, for people: "Reading database app.db".
        done_bytes: Bytes of this step done.
        total_bytes: Bytes of this step in all, or None while unknown.
        done_items: Files, tables or objects of this step done; total_items alike.
        done_tables: Tables of the whole work that are done (parts, where a plan has no
            database); None where this step does not know.
        total_tables: Such tables in all; 0 while unknown.
    """

    step: str
    done_bytes: int = 0
    total_bytes: int | None = None
    done_items: int = 0
    total_items: int | None = None
    done_tables: int | None = None
    total_tables: int = 0


ProgressCallback = Callable[[Progress], None]


def no_progress(progress: Progress) -> None:
    """Ignore progress."""


class CancellationToken:
    """Asks running work to stop at its next safe point. Safe to use from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Ask for the work to stop (idempotent)."""
        self._event.set()

    def raise_if_cancelled(self) -> None:
        """Raise `Cancelled` if `cancel` was called."""
        if self._event.is_set():
            raise Cancelled("Cancelled", hint="Nothing half-done was left; start it again.")
