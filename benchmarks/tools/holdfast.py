"""Holdfast, as the commands that a user would type."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measure import Measurement
from benchmarks.tools.base import PASSWORD, FileTool


class Holdfast(FileTool):
    """Holdfast's own command line."""

    name = "holdfast"
    command = str(Path(sys.executable).with_name("holdfast"))

    @classmethod
    def missing(cls) -> list[str]:
        return [] if Path(cls.command).exists() else ["holdfast"]

    def environment(self) -> dict[str, str]:
        return {
            "BACKUP_DIR": str(self.repository),
            "BACKUP_ENCRYPTION_PASSWORD": PASSWORD,
            "DATABASE_URL": f"sqlite:///{self.live}",
        }

    @classmethod
    def version_command(cls) -> tuple[str, ...]:
        return (cls.command, "--version")

    def initialise(self) -> None:
        self.run(self.command, "init", "--password-kept-elsewhere", directory=self.home)

    def backup(self) -> Measurement:
        return self.run(self.command, "create", directory=self.home)

    def restore(self, target: Path) -> Measurement:
        return self.run(
            self.command, "restore", "latest", "--into", str(target), "--no-verify", "--yes",
            directory=self.home,
        )  # fmt: skip

    def restore_in_place(self) -> Measurement:
        return self.run(
            self.command, "restore", "latest", "--no-verify", "--no-safety-backup", "--yes",
            directory=self.home,
        )  # fmt: skip

    def restored(self, target: Path) -> Path:
        return target / "database" / self.live.name


class HoldfastFiles(Holdfast):
    """Holdfast with a folder in place of a database."""

    def environment(self) -> dict[str, str]:
        variables = super().environment()
        del variables["DATABASE_URL"]
        return variables

    def initialise(self) -> None:
        configuration = f'[directories]\n{self.live.name} = "{self.live}"\n'
        (self.home / "holdfast.toml").write_text(configuration)
        super().initialise()

    def restored(self, target: Path) -> Path:
        return target / "files" / self.live.name
