"""The process from which `tests.rig.killer` forks: it imports once, then runs and kills.

Run as `python -m tests.rig.zygote MODULE:FUNCTION`. Each line on standard input is a request
in JSON; each line on standard output says how the run ended. It has no threads of its own, so
that it may fork; the forked child may start what it likes.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from holdfast.stores import LocalStore
from tests.rig.steps import Perform, Step, watch

_WRITES = ("write", "pwrite")


class _Death:
    """Counts steps, reports each through a pipe, and ends the process at the chosen one."""

    def __init__(self, kill_at: int | None, moment: str, report: int) -> None:
        self._kill_at = kill_at
        self._moment = moment
        self._report = report
        self._seen = 0
        self._lock = threading.Lock()
        self._write = os.write

    def pass_by(self, text: str, perform: Perform, tear: Callable[[], object] | None) -> Any:
        """Perform a step, unless it is the one to die at.

        Args:
            tear: Does half of the step, where that can be; only such steps count for `torn`.
        """
        if self._moment == "torn" and tear is None:
            return perform()
        with self._lock:
            number, self._seen = self._seen, self._seen + 1
            self._write(self._report, f"{text}\n".encode(errors="replace"))
            if number == self._kill_at:
                self._die(perform, tear)
        return perform()

    def _die(self, perform: Perform, tear: Callable[[], object] | None) -> None:
        try:
            if self._moment == "after":
                perform()
            elif self._moment == "torn" and tear is not None:
                tear()
        finally:  # a step may fail, and the process dies after it all the same
            os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def _system_steps(folders: list[str], death: _Death) -> Iterator[None]:
    write = os.write

    def around(step: Step, perform: Perform, arguments: tuple[Any, ...]) -> Any:
        tear = None
        if step.function in _WRITES:
            half = bytes(arguments[1])[: len(arguments[1]) // 2]
            tear = lambda: write(arguments[0], half)  # noqa: E731
        return death.pass_by(str(step), perform, tear)

    with watch([Path(folder) for folder in folders], around):
        yield


@contextmanager
def _store_steps(folders: list[str], death: _Death) -> Iterator[None]:
    save, remove = LocalStore.save, LocalStore.remove

    def dying_save(self: LocalStore, name: str, data: Any) -> None:
        def tear() -> None:
            path = self.path / f"{name}-tmp-dead"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes(data)[: len(data) // 2])

        death.pass_by(f"save {name}", lambda: save(self, name, data), tear)

    def dying_remove(self: LocalStore, name: str) -> None:
        death.pass_by(f"remove {name}", lambda: remove(self, name), None)

    LocalStore.save = dying_save  # type: ignore[method-assign]
    LocalStore.remove = dying_remove  # type: ignore[method-assign]
    yield


_LEVELS = {"system": _system_steps, "store": _store_steps}


def _run_child(target: Callable[..., object], request: dict[str, Any], report: int) -> None:
    os.environ.update(request["environment"])
    death = _Death(request["kill_at"], request["moment"], report)
    status = 0
    try:
        with _LEVELS[request["level"]](request["folders"], death):
            result = target(*request["arguments"])
        status = result if isinstance(result, int) else 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001 - this is the end of the process
        import traceback

        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _serve(target: Callable[..., object], request: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.close(reading)
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            _run_child(target, request, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            steps = pipe.read().decode().splitlines()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output.seek(0)
        return {
            "steps": steps,
            "status": status,
            "output": output.read().decode(errors="replace"),
        }


def main() -> None:
    """Serve requests until standard input ends."""
    module, _, function = sys.argv[1].partition(":")
    target = getattr(importlib.import_module(module), function)
    for line in sys.stdin:
        print(json.dumps(_serve(target, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
