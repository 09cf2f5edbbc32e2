"""File system steps of this process, seen one by one and in order.

The functions of `os` that change the file system are wrapped while a watch is on, so that
production code needs no hooks. What C libraries write (SQLite) is not seen.
"""

# Paths stay text here: Path would call the wrapped functions.
# ruff: noqa: PTH100, PTH115, PTH117, PTH118

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Each function, with the positions of the arguments that name what it changes.
_WATCHED = {
    "open": (0,),
    "write": (0,),
    "pwrite": (0,),
    "fsync": (0,),
    "fdatasync": (0,),
    "ftruncate": (0,),
    "truncate": (0,),
    "link": (0, 1),
    "rename": (0, 1),
    "replace": (0, 1),
    "symlink": (1,),
    "unlink": (0,),
    "remove": (0,),
    "mkdir": (0,),
    "rmdir": (0,),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the file system: the function of `os` and what it was told to change."""

    number: int
    function: str
    paths: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.number} {self.function} {' '.join(self.paths)}"


Perform = Callable[[], Any]
Around = Callable[[Step, Perform, tuple[Any, ...]], Any]


def _perform(step: Step, perform: Perform, arguments: tuple[Any, ...]) -> Any:
    return perform()


@contextmanager
def watch(folders: Iterable[Path], around: Around = _perform) -> Iterator[list[Step]]:
    """Record every step below the folders; `around` performs it, or does something else.

    Args:
        around: Called with the step, a function that performs it, and its arguments.
    """
    roots = tuple(os.path.realpath(folder) for folder in folders)
    steps: list[Step] = []
    lock = threading.Lock()
    originals = {name: getattr(os, name) for name in _WATCHED}

    def wrapper(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            paths = _paths(name, args, kwargs)
            if not any(_below(path, roots) for path in paths):
                return original(*args, **kwargs)
            with lock:
                step = Step(len(steps), name, paths)
                steps.append(step)
            return around(step, lambda: original(*args, **kwargs), args)

        return call

    for name, original in originals.items():
        setattr(os, name, wrapper(name, original))
    try:
        yield steps
    finally:
        for name, original in originals.items():
            setattr(os, name, original)


def _paths(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[str, ...]:
    if name == "open" and not _opens_new(args, kwargs):
        return ()
    return tuple(
        _path(args[position], kwargs) for position in _WATCHED[name] if position < len(args)
    )


def _opens_new(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    flags: int = args[1] if len(args) > 1 else kwargs.get("flags", 0)
    return bool(flags & (os.O_CREAT | os.O_TRUNC))


def _path(target: Any, kwargs: dict[str, Any]) -> str:
    if isinstance(target, int):
        try:
            return os.readlink(f"/proc/self/fd/{target}")
        except OSError:
            return ""
    path = os.fsdecode(target)
    folder = next((kwargs[key] for key in ("dir_fd", "dst_dir_fd") if kwargs.get(key)), None)
    if folder is not None and not os.path.isabs(path):
        path = os.path.join(_path(folder, {}), path)
    head, tail = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(head), tail)


def _below(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(root + "/") for root in roots)
