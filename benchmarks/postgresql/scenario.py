"""What is measured on PostgreSQL, in which order, for every tool alike."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg

from benchmarks.measure import Measurement
from benchmarks.postgresql.comparison import fingerprint
from benchmarks.postgresql.server import Server
from benchmarks.postgresql.tools import DATABASE, PostgresTool
from benchmarks.scenario import Change, Step, WrongBytes
from benchmarks.scenarios import come_to_rest

BASE = "base"
BRANCHES = (
    (Change("accounts-1", "1 % of the accounts at random"),),
    (Change("newest-1", "1 % of rows, of the newest 5 %"),),
    (Change("recent-1", "1 % of mostly recent rows"),),
    (
        Change("random-1", "1 % of all rows at random"),
        Change("random-2", "again 1 % at random"),
    ),
)
_ORIGINS = {
    "accounts-1": BASE,
    "newest-1": BASE,
    "recent-1": BASE,
    "random-1": BASE,
    "random-2": "random-1",
}
_SEGMENTS = 24
_MODULE = (sys.executable, "-m", "benchmarks.postgresql.data")


class PostgresScenario:
    """One database in several states, on a server of its own.

    A state is a data directory, so that tools that copy files see it as it would have become:
    only what a change wrote is different.
    """

    def __init__(self, directory: Path, size_bytes: int, server: Server) -> None:
        self.title = f"PostgreSQL database of {size_bytes / (1 << 30):.4g} GiB"
        self.server = server
        self._states = directory / "states"
        self._size_bytes = size_bytes

    def build(self) -> None:
        """Make every state that is not there yet."""
        if not self._fingerprint_file(BASE).exists():
            self.server.stop()
            shutil.rmtree(self.server.data, ignore_errors=True)
            self.server.create()
            self.server.start()
            with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}")
            pgbench = str(self.server.programs / "pgbench")
            self._change("build", "--size", str(self._size_bytes), "--pgbench", pgbench)
            self._keep(BASE)
        for seed, (name, origin) in enumerate(_ORIGINS.items(), 2):
            if not self._fingerprint_file(name).exists():
                self._start_from(origin)
                self._change("change", "--how", name.partition("-")[0], "--seed", str(seed))
                self._pass_over_segments()
                self._keep(name)

    def measure(self, kind: type[PostgresTool], home: Path, report: Callable[[Step], None]) -> None:
        """Run every step with one tool; its repository is removed in the end."""
        self._start_from(BASE)
        tool = kind(home, self.server)
        tool.initialise()
        self._backup(tool, "full backup", report)
        self._backup(tool, "unchanged", report)
        self._restore(tool, report)
        kept = home.with_name(home.name + "-kept")
        for branch in BRANCHES:
            copy(home, kept)
            for change in branch:
                self._start_from(change.state)
                self._backup(tool, change.title, report)
            self.server.stop()  # it may be archiving into what is removed now
            copy(kept, home)
        shutil.rmtree(home)
        shutil.rmtree(kept)

    def _change(self, command: str, *arguments: str) -> None:
        # In a process of its own, so that the memory of this one stays small: see `measure`.
        subprocess.run([*_MODULE, command, self.server.url(DATABASE), *arguments], check=True)

    def _pass_over_segments(self) -> None:
        """Go on so far in the log that names of segments are not used for two contents.

        While the state before was backed up its server wrote some segments, and an archive
        refuses another content of the same name.
        """
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            for _ in range(_SEGMENTS):
                connection.execute("SELECT txid_current()")
                connection.execute("SELECT pg_switch_wal()")

    def _keep(self, name: str) -> None:
        found = fingerprint(self.server.url(DATABASE))
        self.server.stop()
        self.server.copy_to(self._states / name)
        self._fingerprint_file(name).write_text(json.dumps(found))

    def _start_from(self, name: str) -> None:
        self.server.stop()
        self.server.take_from(self._states / name)
        self.server.start()
        come_to_rest()

    def _fingerprint_file(self, name: str) -> Path:
        return self._states / f"{name}.json"

    def _backup(self, tool: PostgresTool, step: str, report: Callable[[Step], None]) -> None:
        before = tool.stored_bytes()
        measurement = tool.backup()
        report(_step(tool, step, measurement, tool.stored_bytes() - before))

    def _restore(self, tool: PostgresTool, report: Callable[[Step], None]) -> None:
        os.sync()
        measurement = tool.restore()
        expected = json.loads(self._fingerprint_file(BASE).read_text())
        if fingerprint(tool.restored_url()) != expected:
            raise WrongBytes(f"{tool.name} did not restore what it was given")
        tool.forget_restored()
        report(_step(tool, "restore beside", measurement, None))


def copy(source: Path, target: Path) -> None:
    """Make `target` a copy of a folder, with owners and times."""
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def _step(
    tool: PostgresTool, step: str, measurement: Measurement, stored_bytes: int | None
) -> Step:
    return Step(tool=tool.name, step=step, measurement=measurement, stored_bytes=stored_bytes)
