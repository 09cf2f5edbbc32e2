"""What goes wrong in a thread that must go on."""

from __future__ import annotations

import logging
from types import TracebackType

from holdfast.errors import HoldfastError

_log = logging.getLogger("holdfast.jobs")


class Trouble:
    """Says once that something goes wrong, and again when it goes well: a thread must go on."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._said: str | None = None

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            self._said = self._said if error else None
            return False
        said = f"{type(error).__name__}: {error}"
        if said != self._said:
            self._said = said
            expected = isinstance(error, HoldfastError)
            _log.warning("%s: %s", self._what, error, exc_info=None if expected else error)
        return True
