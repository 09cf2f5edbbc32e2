"""What is measured, in which order, for every tool alike."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Measurement
from benchmarks.tools import FileTool


class WrongBytes(Exception):
    """A tool restored something else than was backed up."""


@dataclass(frozen=True, slots=True)
class Change:
    """A state of the data, and in words how it differs from the one before."""

    state: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One measured step of one tool.

    Attributes:
        stored_bytes: What the repository grew by; None for a restore.
    """

    tool: str
    step: str
    measurement: Measurement
    stored_bytes: int | None


class Scenario(ABC):
    """Data in several states, and the place where the tools find it.

    Attributes:
        branches: Changes that follow each other; each branch starts from the full backup of
            the state `base`.
        live: What the tools protect; each state is put there in turn, under one name.
    """

    title: str
    branches: tuple[tuple[Change, ...], ...]
    restores_in_place = True

    def __init__(self, directory: Path, live: Path) -> None:
        self.live = live
        self._states = directory / "states"
        live.parent.mkdir(parents=True, exist_ok=True)
        self._states.mkdir(parents=True, exist_ok=True)

    def state(self, name: str) -> Path:
        """Return where the state is kept."""
        return self._states / name

    @abstractmethod
    def build(self) -> None:
        """Make every state that is not there yet."""

    @abstractmethod
    def place(self, name: str) -> None:
        """Make what is live equal to a state, read it once, and let the disk come to rest."""

    @abstractmethod
    def equal(self, name: str, restored: Path) -> bool:
        """Return whether `restored` holds what the state holds."""

    def measure(self, kind: type[FileTool], home: Path, report: Callable[[Step], None]) -> None:
        """Run every step with one tool; its repository is removed in the end."""
        tool = kind(home, self.live)
        tool.initialise()
        run = _Run(self, tool, report)
        self.place("base")
        run.backup("full backup")
        run.backup("unchanged")
        run.restore("base")
        kept = home.with_name(home.name + "-kept")
        shutil.copytree(home, kept, symlinks=True)
        for branch in self.branches:
            for change in branch:
                self.place(change.state)
                run.backup(change.title)
            shutil.rmtree(home)
            shutil.copytree(kept, home, symlinks=True)
        if self.restores_in_place:
            self.place(self.branches[0][0].state)
            run.restore_in_place("base")
        shutil.rmtree(home)
        shutil.rmtree(kept)


class _Run:
    def __init__(self, scenario: Scenario, tool: FileTool, report: Callable[[Step], None]) -> None:
        self._scenario = scenario
        self._tool = tool
        self._report = report

    def backup(self, step: str) -> None:
        before = self._tool.stored_bytes()
        measurement = self._tool.backup()
        self._tell(step, measurement, self._tool.stored_bytes() - before)

    def restore(self, state: str) -> None:
        target = self._scenario.live.parent.with_name("restored")
        shutil.rmtree(target, ignore_errors=True)
        os.sync()
        measurement = self._tool.restore(target)
        self._compare(state, self._tool.restored(target))
        shutil.rmtree(target)
        self._tell("restore to a new place", measurement, None)

    def restore_in_place(self, state: str) -> None:
        measurement = self._tool.restore_in_place()
        self._compare(state, self._scenario.live)
        self._tell("restore in place", measurement, None)

    def _compare(self, state: str, restored: Path) -> None:
        if not self._scenario.equal(state, restored):
            raise WrongBytes(f"{self._tool.name} did not restore what it was given")

    def _tell(self, step: str, measurement: Measurement, stored_bytes: int | None) -> None:
        self._report(
            Step(
                tool=self._tool.name,
                step=step,
                measurement=measurement,
                stored_bytes=stored_bytes,
            )
        )
