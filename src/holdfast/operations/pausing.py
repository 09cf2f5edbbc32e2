"""Let the host application stand still while its data are captured or replaced.

A camera service stops recording, a queue stops its workers; afterwards they go on, also when what
was done in between failed.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from holdfast.errors import HookFailed, UsageError

Hook = Callable[[], object]

_log = logging.getLogger("holdfast.hooks")


class Pauses:
    """Calls the host's hooks around work. Safe to use from any thread.

    A restore makes a safety backup within its own pause: the hooks are called by the outermost
    only, so that the host is not set going in the middle.

    Args:
        on_pause: Called before; may be a coroutine function. What it raises fails the work.
        on_resume: Called after, whatever became of the work, and if `on_pause` raised too, since
            that may have stopped half of what there is to stop.
    """

    def __init__(self, on_pause: Hook | None = None, on_resume: Hook | None = None) -> None:
        self.on_pause = on_pause
        self.on_resume = on_resume
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._depth = 0

    def run_in(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Run hooks that are coroutines in this loop, the host's own, rather than in a new one."""
        self._loop = loop

    @contextmanager
    def paused(self) -> Iterator[list[str]]:
        """Pause the host; yield a list that holds, afterwards, what the user should be told.

        Raises:
            HookFailed: `on_pause` raised; nothing was done.
        """
        told: list[str] = []
        with self._lock:
            self._depth += 1
            outermost = self._depth == 1
        try:
            if outermost:
                self.pause()
            yield told
        finally:
            with self._lock:
                self._depth -= 1
            if outermost:
                problem = self.resume()
                if problem:
                    told.append(problem)

    def pause(self) -> None:
        """Call `on_pause`.

        Raises:
            HookFailed: It raised.
        """
        try:
            self._call(self.on_pause)
        except (UsageError, HookFailed):
            raise
        except Exception as error:
            raise HookFailed(
                f"The application could not be paused: {type(error).__name__}: {error}",
                hint="Nothing was captured or replaced. See to what its on_pause does.",
            ) from error

    def resume(self) -> str | None:
        """Call `on_resume`; return what to tell the user if it raised.

        The work is done by then, and done well or not by itself: it does not fail by this.
        """
        try:
            self._call(self.on_resume)
        except HookFailed as error:  # of the process that asked for this one's work
            return error.message
        except Exception as error:  # noqa: BLE001 - the work is done, and that is what counts
            _log.exception("on_resume raised an exception")
            return (
                f"The application was not set going again: {type(error).__name__}: {error};"
                " see to it by hand"
            )
        return None

    def _call(self, hook: Hook | None) -> None:
        if hook is None:
            return
        result = hook()
        if inspect.isawaitable(result):
            self._await(result if inspect.iscoroutine(result) else _as_coroutine(result))

    def _await(self, coroutine: Coroutine[Any, Any, object]) -> None:
        if self._loop is not None and self._loop.is_running():
            if _running_loop() is self._loop:
                coroutine.close()
                raise UsageError(
                    "A backup or restore with hooks that are coroutines was called in the event"
                    " loop that they shall run in",
                    hint="Call it by `await asyncio.to_thread(service.create_backup)`.",
                )
            asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
        elif _running_loop() is not None:
            _run_apart(coroutine)
        else:
            asyncio.run(coroutine)


async def _as_coroutine(awaitable: Awaitable[object]) -> None:
    await awaitable


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _run_apart(coroutine: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine in a loop of another thread, as this one's loop is blocked by the caller."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(coroutine)
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
            raised.append(error)

    thread = threading.Thread(target=run, name="holdfast-hook")
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
