"""What an interrupted restore left beside the live data: all of it carries the restore's token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from holdfast.operations.journal import Journal
from holdfast.sources.base import Source


def left_behind(journal: Journal, sources: Sequence[Source]) -> tuple[str, ...]:
    """Return the paths that are there, and the names of databases on servers that may be."""
    roots = {step.root for step in journal.steps}
    found = [Path(journal.scratch)] if Path(journal.scratch).exists() else []
    for source in sources:
        path = getattr(source, "path", None)
        if source.root in roots and isinstance(path, Path):
            found += _carrying(journal.token, path)
    names = [
        f"{text} on the database server (if nobody removed it)"
        for step in journal.steps
        for text in _texts(step.state)
        if text.endswith(f"_{journal.token}") and not text.startswith("/")
    ]
    return tuple(dict.fromkeys([*map(str, found), *names]))


def _carrying(token: str, path: Path) -> Iterator[Path]:
    """Yield what stands beside `path`, or in it, with the token in its name."""
    for directory in dict.fromkeys((path.parent, path.resolve().parent, path)):
        with suppress(OSError):
            yield from sorted(each for each in directory.iterdir() if token in each.name)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
