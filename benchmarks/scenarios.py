"""The two scenarios: one large database, and many small files."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.comparison import databases_equal, folders_equal
from benchmarks.scenario import Change, Scenario
from benchmarks.text import Pool

_COPY_BYTES = 4 << 20
_MADE_FROM = {"random-1": "base", "random-2": "random-1", "recent-1": "base"}


class DatabaseScenario(Scenario):
    """A database of a tracker, of a given size; 1 % of rows updated and 0.5 % appended."""

    branches = (
        (
            Change("random-1", "1 % of rows at random"),
            Change("random-2", "again 1 % at random"),
        ),
        (Change("recent-1", "1 % of mostly recent rows"),),
    )

    def __init__(self, directory: Path, size_bytes: int) -> None:
        super().__init__(directory, directory / "live" / "app.db")
        self._size_bytes = size_bytes
        self.title = f"SQLite database of {size_bytes / (1 << 30):.4g} GiB"

    def build(self) -> None:
        if not self.state("base").exists():
            self._make("build", "base", "--size", str(self._size_bytes))
        for seed, (name, origin) in enumerate(_MADE_FROM.items(), 2):
            if not self.state(name).exists():
                _copy(self.state(origin), self.state(name).with_suffix(".part"))
                self._make("change", name, "--how", name.partition("-")[0], "--seed", str(seed))

    def place(self, name: str) -> None:
        for suffix in ("-wal", "-shm", "-journal"):
            self.live.with_name(self.live.name + suffix).unlink(missing_ok=True)
        _copy(self.state(name), self.live)
        come_to_rest()

    def equal(self, name: str, restored: Path) -> bool:
        return databases_equal(self.state(name), restored)

    def _make(self, command: str, name: str, *arguments: str) -> None:
        # In a process of its own: the memory of this one must stay small, because the kernel
        # counts it as the first memory of every process that is started.
        part = self.state(name).with_suffix(".part")
        module = (sys.executable, "-m", "benchmarks.database")
        subprocess.run([*module, command, str(part), *arguments], check=True)
        part.rename(self.state(name))


class FilesScenario(Scenario):
    """Ten thousand files of 4 to 40 KB, half of them text; 1 % rewritten and 0.5 % added."""

    branches = ((Change("changed", "1 % of files rewritten"),),)
    restores_in_place = False  # most tools leave newer files in place: not the same result

    def __init__(self, directory: Path, files: int = 10_000) -> None:
        super().__init__(directory, directory / "live" / "uploads")
        self._count = files
        self.title = f"{files:,} files of 4 to 40 KB"

    def build(self) -> None:
        if not self.state("changed").exists():
            command = "from benchmarks.scenarios import make_files; make_files({!r}, {!r}, {})"
            script = command.format(
                str(self.state("base")), str(self.state("changed")), self._count
            )
            subprocess.run([sys.executable, "-c", script], check=True)

    def place(self, name: str) -> None:
        """Only what differs is written, as an application would."""
        wanted = {path.relative_to(self.state(name)) for path in self.state(name).rglob("*.*")}
        for path in list(self.live.rglob("*.*")):
            if path.relative_to(self.live) not in wanted:
                path.unlink()
        for relative in sorted(wanted):
            source, target = self.state(name) / relative, self.live / relative
            if not target.exists() or target.stat().st_mtime_ns != source.stat().st_mtime_ns:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        come_to_rest()

    def equal(self, name: str, restored: Path) -> bool:
        return folders_equal(self.state(name), restored)


def make_files(base: str, changed: str, count: int) -> None:
    """Make the files, and a second folder with 1 % of them rewritten and 0.5 % added."""
    pool = Pool(random.Random(9))
    for index in range(count):
        _write(Path(base), index, pool)
    part = Path(changed + ".part")
    shutil.copytree(base, part)
    for index in pool.random.sample(range(count), count // 100):
        _write(part, index, pool)
    for index in range(count, count + count // 200):
        _write(part, index, pool)
    part.rename(changed)


def _write(folder: Path, index: int, pool: Pool) -> None:
    suffix = "txt" if index % 2 else "jpg"
    path = folder / f"{index % 100:02}" / f"{index:06}.{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    length = pool.random.randrange(4_000, 40_000)
    path.write_bytes(pool.text(length).encode() if index % 2 else pool.blob(length))


def come_to_rest() -> None:
    """Let the disk finish, and the files get older than the doubt about their times.

    A file that was written a moment ago may be written again within the same tick of its time,
    so careful tools read it again.
    """
    os.sync()
    time.sleep(2.5)


def _copy(source: Path, target: Path) -> None:
    """Copy a file in constant memory; afterwards both are in the page cache."""
    with source.open("rb") as reader, target.open("wb") as writer:
        while data := reader.read(_COPY_BYTES):
            writer.write(data)
