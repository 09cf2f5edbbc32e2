"""Run a command and measure it: wall time, CPU time, peak memory of its whole process tree."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_EVERY_S = 0.02
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_ERROR_TAIL_BYTES = 2000


class CommandFailed(Exception):
    """A measured command did not succeed, so its numbers mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one command took.

    Attributes:
        cpu_s: User and system time of the process and of all that it started [s].
        peak_bytes: Highest sum of the resident memory over the process tree, sampled every
            20 ms, or the highest that the kernel noted for one process of it, whichever is
            more. Page cache is not in it; mapped and shared pages are counted per process.
    """

    wall_s: float
    cpu_s: float
    peak_bytes: int


def run_measured(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Measurement:
    """Run `command` to its end and return what it took.

    Raises:
        CommandFailed: Its exit code is not 0; the message ends with what it said.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    sampler = _Sampler(process.pid)
    sampler.start()
    assert process.stdout is not None
    with process.stdout as output:
        said = output.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    sampler.stop()
    if process.returncode != 0:
        tail = said[-_ERROR_TAIL_BYTES:].decode(errors="replace")
        raise CommandFailed(f"{' '.join(command)} ended with {process.returncode}:\n{tail}")
    return Measurement(
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_bytes=max(sampler.peak_bytes, _kernel_peak_bytes(usage)),
    )


def _kernel_peak_bytes(usage: resource.struct_rusage) -> int:
    # A started process begins with the memory of the one that started it, and the kernel
    # counts that: what is not above our own says nothing.
    own_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage.ru_maxrss * 1024 if usage.ru_maxrss > own_kib else 0


class _Sampler(threading.Thread):
    """Sums the resident memory of a process and its descendants until stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._done = threading.Event()
        self.peak_bytes = 0

    def run(self) -> None:
        while not self._done.wait(_SAMPLE_EVERY_S):
            total = sum(_resident_bytes(pid) for pid in _tree(self._pid))
            self.peak_bytes = max(self.peak_bytes, total)

    def stop(self) -> None:
        self._done.set()
        self.join()


def _tree(root: int) -> list[int]:
    found = [root]
    for pid in found:  # grows while it is walked
        found.extend(_children(pid))
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return children
    for thread in threads:
        try:
            text = (thread / "children").read_text()
        except OSError:
            continue
        children.extend(int(child) for child in text.split())
    return children


def _resident_bytes(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0  # it ended between the listing and the reading
    return int(pages) * _PAGE_BYTES
