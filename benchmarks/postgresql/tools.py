"""The tools that are measured on PostgreSQL, as the commands that a careful user would type."""

from __future__ import annotations

import shlex
import shutil
from abc import abstractmethod
from pathlib import Path

from benchmarks.measure import Measurement
from benchmarks.postgresql.server import (
    Server,
    as_server_user,
    give_to_server_user,
    program_directory,
)
from benchmarks.tools.base import PASSWORD, Tool
from benchmarks.tools.holdfast import Holdfast
from benchmarks.tools.restic import Restic

DATABASE = "app"
RESTORED = "restored"


class PostgresTool(Tool):
    """One tool that protects one database.

    Attributes:
        server: Where the database is.
    """

    def __init__(self, home: Path, server: Server) -> None:
        super().__init__(home)
        self.server = server

    @classmethod
    def missing(cls) -> list[str]:
        return [*super().missing(), *([] if program_directory() else ["postgresql"])]

    def environment(self) -> dict[str, str]:
        return {"PGHOST": str(self.server.sockets), "PGUSER": "postgres"}

    @abstractmethod
    def restore(self) -> Measurement:
        """Restore the latest backup into a new database."""

    def restored_url(self) -> str:
        """Return where the restored database is; called after `restore`."""
        return self.server.url(RESTORED)

    def forget_restored(self) -> None:
        """Remove what `restore` made."""
        self.run(str(self.server.programs / "dropdb"), "--force", RESTORED)

    def shell(self, script: str) -> Measurement:
        """Run a script, measured; the server's programs come first in its path."""
        path = f"PATH={self.server.programs}:$PATH; "
        return self.run("bash", "-euo", "pipefail", "-c", path + script)


class HoldfastPostgres(PostgresTool):
    """Holdfast's own command line."""

    name = Holdfast.name
    command = Holdfast.command

    @classmethod
    def missing(cls) -> list[str]:
        return [*super().missing(), *Holdfast.missing()]

    def environment(self) -> dict[str, str]:
        own = {
            "BACKUP_DIR": str(self.repository),
            "BACKUP_ENCRYPTION_PASSWORD": PASSWORD,
            "DATABASE_URL": self.server.url(DATABASE),
        }
        return super().environment() | own

    @classmethod
    def version_command(cls) -> tuple[str, ...]:
        return Holdfast.version_command()

    def initialise(self) -> None:
        self.run(self.command, "init", "--password-kept-elsewhere", directory=self.home)

    def backup(self) -> Measurement:
        return self.run(self.command, "create", directory=self.home)

    def restore(self) -> Measurement:
        return self.run(
            self.command, "restore", "latest", "--to", self.server.url(RESTORED),
            "--no-verify", "--yes", directory=self.home,
        )  # fmt: skip


class _Dump(PostgresTool):
    """pg_dump: each backup is a whole dump, compressed by gzip, not encrypted."""

    options = ""
    jobs = ""

    @classmethod
    def version_command(cls) -> tuple[str, ...]:
        return (str((program_directory() or Path()) / "pg_dump"), "--version")

    def initialise(self) -> None:
        self.repository.mkdir()

    def backup(self) -> Measurement:
        file = self.repository / self.next_name()
        return self.shell(f"pg_dump {self.options} -f {shlex.quote(str(file))} {DATABASE}")

    def restore(self) -> Measurement:
        file = shlex.quote(str(self.repository / self.latest_name()))
        return self.shell(f"createdb {RESTORED}; pg_restore {self.jobs} -d {RESTORED} {file}")


class CustomDump(_Dump):
    """The usual dump."""

    name = "pg_dump -Fc"
    options = "-Fc"
    jobs = "-j2"


class DirectoryDump(_Dump):
    """The parallel dump."""

    name = "pg_dump -Fd -j2"
    options = "-Fd -j2"
    jobs = "-j2"


class ResticDump(PostgresTool):
    """A dump piped into restic: uncompressed, for else restic would find nothing twice."""

    name = "pg_dump -Z0, restic --stdin"
    programs = ("restic", "bash")

    def environment(self) -> dict[str, str]:
        restic = {
            "RESTIC_REPOSITORY": str(self.repository),
            "RESTIC_PASSWORD": PASSWORD,
            "RESTIC_CACHE_DIR": str(self.home / "cache"),
        }
        return super().environment() | restic

    @classmethod
    def version_command(cls) -> tuple[str, ...]:
        return Restic.version_command()

    def initialise(self) -> None:
        self.run("restic", "init", "--repository-version", "2")

    def backup(self) -> Measurement:
        return self.shell(
            f"pg_dump -Fc -Z0 {DATABASE} | restic backup --quiet --stdin --stdin-filename app.dump"
        )

    def restore(self) -> Measurement:
        return self.shell(
            f"createdb {RESTORED}; restic dump latest app.dump | pg_restore -d {RESTORED}"
        )


class PgBackRest(PostgresTool):
    """pgBackRest: files of the whole server, and its log; restored by starting another server."""

    name = "pgBackRest"
    programs = ("pgbackrest", "bash")

    def __init__(self, home: Path, server: Server) -> None:
        super().__init__(home, server)
        self._other: Server | None = None

    @classmethod
    def version_command(cls) -> tuple[str, ...]:
        return ("pgbackrest", "version")

    def initialise(self) -> None:
        for folder in (self.home, self.repository, self.home / "state"):
            folder.mkdir(exist_ok=True)
            give_to_server_user(folder)
        configuration = self.home / CONFIGURATION
        configuration.write_text(
            f"[global]\nrepo1-path={self.repository}\nrepo1-cipher-type=aes-256-cbc\n"
            f"repo1-cipher-pass={PASSWORD}\ncompress-type=zst\nprocess-max=2\nstart-fast=y\n"
            f"log-path={self.home}/state\nlock-path={self.home}/state\n"
            f"spool-path={self.home}/state\nlog-level-console=error\n\n"
            f"[bench]\npg1-path={self.server.data}\npg1-socket-path={self.server.sockets}\n"
            "pg1-user=postgres\n"
        )
        give_to_server_user(configuration)
        self.run(*self._command("stanza-create"))

    def backup(self) -> Measurement:
        kind = "incr" if self.latest_name() else "full"
        self.next_name()
        return self.run(*self._command("backup", f"--type={kind}"))

    def restore(self) -> Measurement:
        data = self.home / RESTORED
        data.mkdir(mode=0o700)
        give_to_server_user(data)
        self._other = Server(data, self.server.programs)
        restore = self._command(
            "restore", f"--pg1-path={data}", "--type=immediate", "--target-action=promote"
        )
        return self.shell(f"{shlex.join(restore)}; {shlex.join(self._other.start_command())}")

    def restored_url(self) -> str:
        assert self._other is not None
        return self._other.url(DATABASE)

    def forget_restored(self) -> None:
        if self._other is not None:
            self._other.close()
            shutil.rmtree(self._other.data)

    def _command(self, *arguments: str) -> tuple[str, ...]:
        configuration = f"--config={self.home / CONFIGURATION}"
        return as_server_user("pgbackrest", configuration, "--stanza=bench", *arguments)


CONFIGURATION = "pgbackrest.conf"


def archive_command(home: Path) -> str:
    """Return a server's archive command: pgBackRest's while it is measured, else nothing."""
    configuration = home / CONFIGURATION
    return (
        f"test ! -e {configuration} || "
        f"pgbackrest --config={configuration} --stanza=bench archive-push %p"
    )


POSTGRES_TOOLS: tuple[type[PostgresTool], ...] = (
    HoldfastPostgres,
    CustomDump,
    DirectoryDump,
    ResticDump,
    PgBackRest,
)
