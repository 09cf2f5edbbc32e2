"""A PostgreSQL server of our own, whose data directory is put into one state after another."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

_SUPERUSER = "postgres"
_SETTINGS = (
    "listen_addresses=",
    "shared_buffers=256MB",
    "max_wal_size=512MB",
    "autovacuum=off",  # or it would run during some measurements and not during others
    "archive_mode=on",
)


def program_directory() -> Path | None:
    """Return where the newest server's programs are, if there are any."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def as_server_user(*command: str) -> tuple[str, ...]:
    """Return the command as the server's user runs it: root may not."""
    if os.geteuid() != 0:
        return command
    user = ("--reuid", _SUPERUSER, "--regid", _SUPERUSER, "--init-groups")
    return ("setpriv", *user, "--reset-env", *command)


def give_to_server_user(path: Path) -> None:
    """Let the server's user write there."""
    if os.geteuid() == 0:
        shutil.chown(path, _SUPERUSER, _SUPERUSER)


class Server:
    """A server on a socket in a private folder.

    Args:
        data: Its data directory.
        programs: Where its programs are.
        archive_command: Archives a WAL segment `%p`.
    """

    def __init__(self, data: Path, programs: Path, archive_command: str = "true") -> None:
        self.data = data
        self.programs = programs
        self._archive_command = archive_command
        # A socket's path may have 107 bytes, and a work directory may be deep.
        self.sockets = Path(tempfile.mkdtemp(prefix="bench-"))
        give_to_server_user(self.sockets)
        self.sockets.chmod(0o755)

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://{_SUPERUSER}@/{database}?host={self.sockets}"

    def create(self) -> None:
        """Make an empty data directory."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        give_to_server_user(self.data.parent)
        self._run(
            "initdb", "-D", str(self.data), "-U", _SUPERUSER, "-A", "trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip

    def start_command(self) -> tuple[str, ...]:
        """Return the command that starts it and waits until it answers."""
        settings = (
            *_SETTINGS,
            f"unix_socket_directories={self.sockets}",
            f"archive_command={self._archive_command}",
        )
        options = " ".join(f"-c '{setting}'" for setting in settings)
        return as_server_user(
            str(self.programs / "pg_ctl"), "-D", str(self.data), "-o", options,
            "-l", str(self.sockets / "log"), "-t", "600", "-w", "start",
        )  # fmt: skip

    def start(self) -> None:
        """Start it, unless it runs."""
        if not (self.data / "postmaster.pid").exists():
            subprocess.run(self.start_command(), check=True, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        """Stop it after a checkpoint (idempotent)."""
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-t", "600", "-w", "stop")

    def close(self) -> None:
        """Stop it and remove the sockets' folder."""
        self.stop()
        shutil.rmtree(self.sockets, ignore_errors=True)

    def copy_to(self, data: Path) -> None:
        """Copy the data of the stopped server, with owners and times."""
        shutil.rmtree(data, ignore_errors=True)
        data.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", str(self.data), str(data)], check=True)

    def take_from(self, data: Path) -> None:
        """Put a copy of another directory in the place of the stopped server's data."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", str(data), str(self.data)], check=True)

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = as_server_user(str(self.programs / program), *arguments)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
