"""The real restic, run against a repository that we wrote, or to write one that we read."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True, slots=True)
class Restic:
    """The restic program with a repository and its password.

    Attributes:
        repository: Directory of the repository.
        home: Its home directory, so that nothing of the machine's user plays a part.
    """

    repository: Path
    password: str
    home: Path

    def run(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run it and return what it printed; fail the test with all its output otherwise."""
        done = self.attempt(*arguments, cwd=cwd)
        if done.returncode != 0:
            pytest.fail(
                f"restic {' '.join(arguments)} ended with {done.returncode}:\n"
                f"{done.stdout}\n{done.stderr}"
            )
        return done.stdout

    def attempt(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run it and return how it ended, whatever that is."""
        self.home.mkdir(parents=True, exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "RESTIC_REPOSITORY": str(self.repository),
            "RESTIC_PASSWORD": self.password,
        }
        return subprocess.run(
            ["restic", "--no-cache", *arguments],
            env=environment,
            cwd=cwd,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=300,
        )

    def init(self, *, version: int = 2) -> None:
        """Make the repository."""
        self.run("init", "--repository-version", str(version))

    def check(self, *, read_data: bool = True) -> None:
        """Prove the repository sound in restic's eyes."""
        self.run("check", *(["--read-data"] if read_data else []))

    def snapshots(self) -> list[dict[str, Any]]:
        """Return what restic says of the snapshots, oldest first."""
        found: list[dict[str, Any]] = json.loads(self.run("snapshots", "--json"))
        return found

    def restore(self, snapshot_id: str, target: Path) -> None:
        """Restore a snapshot into a directory."""
        self.run("restore", snapshot_id, "--target", str(target))
