"""Threads that do the hashing, compressing and sealing, and the buffers they work on.

Hashing, zstd and AES leave Python's global lock, so threads use all processors. Work comes
in pieces of about a mebibyte: handing over smaller ones costs more than it gains.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable

Job = Callable[[], None]


def worker_count() -> int:
    """Return how many threads keep the processors that we may use busy; at most 8."""
    return max(1, min(8, len(os.sched_getaffinity(0))))


class WorkerPool:
    """Runs jobs on threads. Jobs must not raise; they report failures themselves.

    Args:
        threads: How many threads, started when the first job comes.
        waiting: How many jobs may wait; `submit` blocks beyond that, which bounds memory.
    """

    def __init__(self, *, threads: int, waiting: int, name: str) -> None:
        self._queue: queue.Queue[Job | None] = queue.Queue(maxsize=waiting)
        self._count = threads
        self._name = name
        self._threads: list[threading.Thread] = []
        self._starting = threading.Lock()

    def submit(self, job: Job) -> None:
        """Hand over a job; blocks while too many wait."""
        if not self._threads:
            self._start()
        self._queue.put(job)

    def close(self) -> None:
        """Wait until all jobs are done and end the threads (idempotent)."""
        threads, self._threads = self._threads, []
        for _ in threads:
            self._queue.put(None)
        for thread in threads:
            thread.join()

    def _start(self) -> None:
        with self._starting:
            if self._threads:
                return
            threads = [
                threading.Thread(target=self._run, name=f"{self._name}-{number}", daemon=True)
                for number in range(self._count)
            ]
            for thread in threads:
                thread.start()
            self._threads = threads

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            job()


class BufferPool:
    """Buffers to use again.

    Fresh memory is dear: the kernel clears each page on first touch, which takes as long as
    hashing it.
    """

    def __init__(self) -> None:
        self._free: deque[bytearray] = deque()

    def take(self, size: int) -> bytearray:
        """Return a buffer of at least `size` bytes."""
        try:
            buffer = self._free.pop()
        except IndexError:
            return bytearray(size)
        if len(buffer) < size:
            return bytearray(size)
        return buffer

    def give(self, buffer: bytearray) -> None:
        """Give a buffer back; the caller must not touch it again."""
        self._free.append(buffer)
