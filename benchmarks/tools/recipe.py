"""The shell recipes that many projects ship."""

from __future__ import annotations

import shlex
from pathlib import Path

from benchmarks.measure import Measurement
from benchmarks.tools.base import PASSWORD, FileTool


class Recipe(FileTool):
    """The common shell recipe: each backup is a whole compressed, encrypted copy."""

    name = "VACUUM INTO, gzip, openssl"
    programs = ("sqlite3", "gzip", "openssl", "bash")
    increments = False

    _CIPHER = "openssl enc -aes-256-cbc -pbkdf2 -pass env:RECIPE_PASSWORD"

    def environment(self) -> dict[str, str]:
        return {"RECIPE_PASSWORD": PASSWORD}

    @classmethod
    def version_command(cls) -> tuple[str, ...]:
        return ("sqlite3", "--version")

    def initialise(self) -> None:
        self.repository.mkdir()

    def backup(self) -> Measurement:
        copy = shlex.quote(str(self.home / "copy.db"))
        return self._shell(
            f"sqlite3 {shlex.quote(str(self.live))} \"VACUUM INTO '{self.home / 'copy.db'}'\"; "
            f"gzip -6 -c {copy} | {self._CIPHER} -out {self._file(self.next_name())}; rm {copy}"
        )

    def restore(self, target: Path) -> Measurement:
        target.mkdir(parents=True, exist_ok=True)
        return self._unpack(target / self.live.name)

    def restore_in_place(self) -> Measurement:
        return self._unpack(self.live)

    def restored(self, target: Path) -> Path:
        return target / self.live.name

    def _file(self, name: str) -> str:
        return shlex.quote(str(self.repository / f"{name}.gz.enc"))

    def _unpack(self, file: Path) -> Measurement:
        quoted = shlex.quote(str(file))
        return self._shell(
            f"{self._CIPHER} -d -in {self._file(self.latest_name())} | gzip -dc > {quoted}"
        )

    def _shell(self, script: str) -> Measurement:
        return self.run("bash", "-euo", "pipefail", "-c", script)


class RecipeFiles(Recipe):
    """The same recipe for a folder."""

    name = "tar, gzip, openssl"
    programs = ("tar", "gzip", "openssl", "bash")

    @classmethod
    def version_command(cls) -> tuple[str, ...]:
        return ("tar", "--version")

    def backup(self) -> Measurement:
        parent, name = shlex.quote(str(self.live.parent)), shlex.quote(self.live.name)
        file = self._file(self.next_name())
        return self._shell(f"tar -C {parent} -c {name} | gzip -6 | {self._CIPHER} -out {file}")

    def _unpack(self, file: Path) -> Measurement:
        parent = shlex.quote(str(file.parent))
        return self._shell(
            f"{self._CIPHER} -d -in {self._file(self.latest_name())} | tar -C {parent} -xz"
        )
