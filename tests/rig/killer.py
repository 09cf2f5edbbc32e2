"""Kill a process (SIGKILL) at every step that it takes, and see what is left.

    with Killer("tests.repository.runs:back_up") as killer:
        for death in killer.each(prepare, folders):
            ...check what is left...

The function is named as `module:function` and runs in a fresh process each time, with
arguments that JSON can carry. Production code needs no hooks: see `tests.rig.steps`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType

_ROOT = Path(__file__).parents[2]


class Level(Enum):
    """What counts as a step."""

    SYSTEM = "system"
    """A change of the file system: open for writing, write, fsync, link, rename, unlink ..."""
    STORE = "store"
    """A save or a remove of a `LocalStore`."""


class Moment(Enum):
    """When the process dies."""

    BEFORE = "before"
    TORN = "torn"
    """When half of the bytes are written. Only steps that write are counted."""
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Death:
    """How a run ended.

    Attributes:
        steps: The steps up to the end; the last is the one it died at.
        status: Exit status; negative is the number of the signal.
        output: What it printed.
    """

    steps: tuple[str, ...]
    status: int
    output: str

    @property
    def killed(self) -> bool:
        return self.status == -signal.SIGKILL

    def __str__(self) -> str:
        last = self.steps[-1] if self.steps else "no step"
        return f"status {self.status} at step {len(self.steps) - 1}: {last}\n{self.output}"


class Killer:
    """Runs one function again and again, each time in a process of its own.

    Args:
        target: `module:function`. Its result, if an integer, is the exit status.
    """

    def __init__(self, target: str, *, level: Level = Level.SYSTEM) -> None:
        self._level = level
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.rig.zygote", target],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )

    def __enter__(self) -> Killer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.__exit__(kind, error, trace)

    def run(
        self,
        arguments: Sequence[object],
        folders: Sequence[Path],
        *,
        kill_at: int | None = None,
        moment: Moment = Moment.BEFORE,
        environment: Mapping[str, str] | None = None,
    ) -> Death:
        """Run the function once.

        Args:
            folders: Only steps below these count.
            kill_at: The step, counted from 0, at which it dies; None lets it live.
        """
        request = {
            "arguments": arguments,
            "folders": [str(folder) for folder in folders],
            "kill_at": kill_at,
            "moment": moment.value,
            "level": self._level.value,
            "environment": dict(environment or {}),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the process that runs the function is gone"
        return Death(**{**json.loads(answer), "steps": tuple(json.loads(answer)["steps"])})

    def each(
        self,
        prepare: Callable[[], Sequence[object]],
        folders: Sequence[Path],
        *,
        moment: Moment = Moment.BEFORE,
        environment: Mapping[str, str] | None = None,
        stride: int = 1,
    ) -> Iterator[Death]:
        """Kill the function at step 0, 1, 2, ... until it survives; that last run is left out.

        Args:
            prepare: Makes everything as it was, and returns the arguments.
            stride: Take every n-th step only.
        """
        number = 0
        while True:
            death = self.run(
                prepare(), folders, kill_at=number, moment=moment, environment=environment
            )
            if not death.killed:
                assert death.status == 0, str(death)
                return
            yield death
            number += stride
