"""restic, as the commands that a careful user would type."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import Measurement
from benchmarks.tools.base import PASSWORD, FileTool


class Restic(FileTool):
    """restic as it comes."""

    name = "restic"
    programs = ("restic",)

    def environment(self) -> dict[str, str]:
        return {
            "RESTIC_REPOSITORY": str(self.repository),
            "RESTIC_PASSWORD": PASSWORD,
            "RESTIC_CACHE_DIR": str(self.home / "cache"),
        }

    @classmethod
    def version_command(cls) -> tuple[str, ...]:
        return ("restic", "version")

    def initialise(self) -> None:
        self.run("restic", "init", "--repository-version", "2")

    def backup(self) -> Measurement:
        return self.run("restic", "backup", "--quiet", str(self.live))

    def restore(self, target: Path) -> Measurement:
        return self.run("restic", "restore", "--quiet", "latest", "--target", str(target))

    def restore_in_place(self) -> Measurement:
        return self.restore(Path("/"))

    def restored(self, target: Path) -> Path:
        return target / self.live.relative_to("/")
