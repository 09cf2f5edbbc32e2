"""What is asked of every tool that is measured."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from pathlib import Path

from benchmarks.measure import Measurement, run_measured

PASSWORD = "correct horse battery staple"


class Tool(ABC):
    """One tool with its own repository.

    Attributes:
        name: As the tables show it.
        home: Everything that the tool keeps: repository, caches, state.
    """

    name: str
    programs: tuple[str, ...] = ()
    increments = True

    def __init__(self, home: Path) -> None:
        self.home = home
        self.repository = home / "repository"
        home.mkdir(parents=True)

    @classmethod
    def missing(cls) -> list[str]:
        """Return the programs that this tool needs and this machine lacks."""
        return [program for program in cls.programs if shutil.which(program) is None]

    def environment(self) -> dict[str, str]:
        """Return environment variables for the tool's commands."""
        return {}

    def run(self, *command: str, directory: Path | None = None) -> Measurement:
        """Run one command, measured."""
        return run_measured(command, environment=self.environment(), directory=directory)

    @classmethod
    @abstractmethod
    def version_command(cls) -> tuple[str, ...]:
        """Return the command that prints the version."""

    def next_name(self) -> str:
        """Return the name for another backup. It is kept in `home`, as a repository would."""
        name = f"{int(self.latest_name() or 0) + 1:04}"
        (self.home / "latest").write_text(name)
        return name

    def latest_name(self) -> str:
        """Return what `next_name` returned last, or nothing."""
        latest = self.home / "latest"
        return latest.read_text() if latest.exists() else ""

    @abstractmethod
    def initialise(self) -> None:
        """Make the repository."""

    @abstractmethod
    def backup(self) -> Measurement:
        """Back up what is live."""

    def stored_bytes(self) -> int:
        """Return the bytes that the repository holds; caches are not counted."""
        return sum(path.stat().st_size for path in self.repository.rglob("*") if path.is_file())


class FileTool(Tool):
    """A tool that protects what is in files.

    Attributes:
        live: What is protected: a database file or a folder.
    """

    def __init__(self, home: Path, live: Path) -> None:
        super().__init__(home)
        self.live = live

    @abstractmethod
    def restore(self, target: Path) -> Measurement:
        """Restore the latest backup into the new folder `target`."""

    @abstractmethod
    def restore_in_place(self) -> Measurement:
        """Restore the latest backup over what is live."""

    @abstractmethod
    def restored(self, target: Path) -> Path:
        """Return where `restore` put what was live."""
