"""borg, as the commands that a careful user would type."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import Measurement
from benchmarks.tools.base import PASSWORD, FileTool


class Borg(FileTool):
    """borg with the compression named."""

    name = "borg, zstd 3"
    programs = ("borg",)
    compression = "zstd,3"

    def environment(self) -> dict[str, str]:
        return {
            "BORG_REPO": str(self.repository),
            "BORG_PASSPHRASE": PASSWORD,
            "BORG_BASE_DIR": str(self.home / "base"),
            "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
        }

    @classmethod
    def version_command(cls) -> tuple[str, ...]:
        return ("borg", "--version")

    def initialise(self) -> None:
        self.run("borg", "init", "--encryption", "repokey")

    def backup(self) -> Measurement:
        name = f"::{self.next_name()}"
        return self.run("borg", "create", "--compression", self.compression, name, str(self.live))

    def restore(self, target: Path) -> Measurement:
        target.mkdir(parents=True, exist_ok=True)
        return self.run("borg", "extract", f"::{self.latest_name()}", directory=target)

    def restore_in_place(self) -> Measurement:
        return self.restore(Path("/"))

    def restored(self, target: Path) -> Path:
        return target / self.live.relative_to("/")


class BorgDefault(Borg):
    """borg as it comes: lz4."""

    name = "borg, lz4"
    compression = "lz4"
