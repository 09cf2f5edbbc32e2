"""Threads for blocking work, so many for each purpose: none waits for what another is slow at."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Threads:
    """At most `count` threads at a time in each event loop."""

    def __init__(self, name: str, count: int) -> None:
        self._limiter: RunVar[CapacityLimiter] = RunVar(f"holdfast-{name}")
        self._count = count

    async def run(self, work: Callable[_P, _T], /, *args: _P.args, **options: _P.kwargs) -> _T:
        """Do blocking work; who is cancelled waits for it to end."""
        return await anyio.to_thread.run_sync(
            functools.partial(work, *args, **options), limiter=self._limit()
        )

    def _limit(self) -> CapacityLimiter:
        try:
            return self._limiter.get()
        except LookupError:
            limiter = CapacityLimiter(self._count)
            self._limiter.set(limiter)
            return limiter
