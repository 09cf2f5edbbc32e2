"""Rows are counted while the dump is read, in the same snapshot, so that nobody waits twice."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.inspection import Table, count_rows
from holdfast.sources.postgresql.session import Session

_TICK_S = 0.1


class Stop(CancellationToken):
    """Asks for a stop by itself, or together with another token."""

    def __init__(self, other: CancellationToken) -> None:
        super().__init__()
        self._other = other

    @property
    def cancelled(self) -> bool:
        """Whether either of the two was cancelled."""
        return super().cancelled or self._other.cancelled

    def raise_if_cancelled(self) -> None:
        """Raise `Cancelled` if either of the two was cancelled."""
        self._other.raise_if_cancelled()
        super().raise_if_cancelled()


class RowCounts:
    """Counts the rows of tables in a thread, which has the session for itself until it ends."""

    def __init__(self, session: Session, tables: Sequence[Table], stop: Stop) -> None:
        self._session = session
        self._tables = tables
        self._stop = stop
        self._found: dict[str, int] = {}
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._count, name="holdfast-rows", daemon=True)

    def start(self) -> None:
        """Begin to count."""
        self._thread.start()

    def _count(self) -> None:
        try:
            for table in self._tables:
                self._stop.raise_if_cancelled()
                self._found[table.label] = count_rows(self._session, table)
        except BaseException as error:  # noqa: BLE001 - raised again by `result` in the caller
            self._error = error

    def result(self) -> dict[str, int]:
        """Wait for the end and return the rows by the tables' labels.

        Raises:
            Cancelled: Meanwhile the token was cancelled.
            HoldfastError: A table could not be counted.
        """
        while self._thread.is_alive():
            self._thread.join(_TICK_S)
        if self._error is not None:
            raise self._error
        return dict(self._found)

    def end(self) -> None:
        """Stop counting, whatever is missing (idempotent)."""
        self._stop.cancel()
        if self._thread.ident is not None:
            self._thread.join()
