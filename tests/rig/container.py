"""A real container with a PostgreSQL server in it, run by podman.

Its root file system is a Debian that `debootstrap` makes from Debian's packages when first
asked for (less than a minute), and that is kept in the user's cache; each container sees it
below an overlay of its own. Needs root. The container has the machine's network, so that the
server inside can be reached at `127.0.0.1` by those who do not enter it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.rig.daemon import DaemonFolder, free_port, wait_until

_RELEASE = "bookworm"
_PACKAGES = ("postgresql-15", "mariadb-client")
_CLUTTER = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man")
# The cluster that the package makes is not ours, and its presence changes what clients do.
_CLUSTER = ("etc/postgresql/15", "var/lib/postgresql/15")
_PATH = "/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PATIENCE_S = 300

_SERVE = """
install -d -o postgres -g postgres /run/postgresql
if [ ! -d /srv/database/data ]; then
    install -d -m 0700 -o postgres -g postgres /srv/database/data
    install -m 0600 -o postgres /srv/database/password /tmp/password
    runuser -u postgres -- initdb -D /srv/database/data -U postgres -A scram-sha-256 \
        --pwfile=/tmp/password -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions
    rm /tmp/password
fi
exec setpriv --reuid=postgres --regid=postgres --clear-groups \
    postgres -D /srv/database/data -c "port=$1" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories=/run/postgresql -c fsync=off -c autovacuum=off
"""

_CONTAINERS_CONF = """
[containers]
netns = "host"
cgroupns = "host"
log_driver = "k8s-file"
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
tmp_dir = "{folder}/tmp"
static_dir = "{folder}/static"
volume_path = "{folder}/volumes"
"""

_STORAGE_CONF = """
[storage]
driver = "overlay"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
"""


class Podman:
    """podman with a storage of its own.

    Attributes:
        env: The variables that lead podman there; whoever calls it needs them.
    """

    def __init__(self, folder: Path) -> None:
        self.env = {
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        }
        (folder / "containers.conf").write_text(_CONTAINERS_CONF.format(folder=folder))
        (folder / "storage.conf").write_text(_STORAGE_CONF.format(folder=folder))

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run podman, whatever comes of it."""
        return subprocess.run(
            [_program("podman"), *arguments],
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def __call__(self, *arguments: str) -> str:
        """Run podman; return what it said, or fail the test."""
        done = self.attempt(*arguments)
        if done.returncode:
            pytest.fail(f"podman {arguments[0]} ended with {done.returncode}: {done.stderr}")
        return done.stdout.strip()


class PostgresContainer:
    """A container in which a PostgreSQL server runs; `PostgresContainer.started` makes one.

    Attributes:
        name: The container's name.
        host: The address of the server, within the container and on this machine.
        socket_dir: The folder of its Unix socket, within the container.
        superuser: The name of the role that may do everything.
        password: The password of that role.
        env: The variables that lead `podman` to the container.
    """

    host = "127.0.0.1"
    socket_dir = "/run/postgresql"
    superuser = "postgres"

    def __init__(self) -> None:
        root = root_file_system()
        self.port = free_port()
        self.password = secrets.token_urlsafe(12)
        self.name = f"holdfast-test-{os.getpid()}-{self.port}"
        self._folder = DaemonFolder("holdfast-container-", "root", _ENDING)
        self._podman = Podman(self._folder.path)
        self.env = self._podman.env
        self._create(root)

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[PostgresContainer]:
        """Start a container and the server in it; at the end stop and remove both."""
        container = cls()
        try:
            container.start()
            yield container
        finally:
            container.remove()

    @property
    def running(self) -> bool:
        """Whether the container runs."""
        return self._podman("inspect", "--format", "{{.State.Running}}", self.name) == "true"

    @property
    def image_root(self) -> Path:
        """The root file system that the container began with, seen from outside."""
        return root_file_system()

    def start(self) -> None:
        """Start the container if it does not run, and wait until the server answers."""
        self._podman("start", self.name)
        wait_until(lambda: not self.running or self._ready(), "the container's start", _PATIENCE_S)
        if not self.running:
            pytest.fail(f"the container does not run: {self._podman.attempt('logs', self.name)}")

    def stop(self) -> None:
        """Stop the container as an administrator does."""
        self._podman("stop", "--time", "10", self.name)

    def kill(self) -> None:
        """Kill all that runs in the container."""
        self._podman("kill", "--signal", "KILL", self.name)
        wait_until(lambda: not self.running, "the container's end")

    def remove(self) -> None:
        """Remove the container and all that it had."""
        self._podman("rm", "--force", "--time", "0", self.name)
        # What podman starts at a container's end may still be at work, and mount this anew.
        wait_until(lambda: not self._users(), "the end of podman's work")
        mounted = self._folder.path / "graph" / "overlay"
        if mounted.is_mount():
            subprocess.run(["umount", mounted], check=True)
        self._folder.remove()

    def exec(self, *argv: str) -> str:
        """Run a program in the container; return what it said."""
        return self._podman("exec", self.name, *argv)

    def processes(self) -> list[str]:
        """Return the command lines of what runs in the container, the server itself first."""
        return self._podman("top", self.name, "args").splitlines()[1:]

    def url(
        self,
        database: str = "postgres",
        user: str | None = None,
        password: str | None = None,
        driver: str = "postgresql",
    ) -> str:
        """Return the URL of a database: the same from within and from outside."""
        account = self._account(user, password)
        return f"{driver}://{account}@{self.host}:{self.port}/{quote(database, safe='')}"

    def socket_url(self, database: str = "postgres", driver: str = "postgresql") -> str:
        """Return the URL of a database by the socket, which is only there within."""
        folder = quote(self.socket_dir, safe="")
        name = quote(database, safe="")
        return f"{driver}://{self._account(None, None)}@/{name}?host={folder}&port={self.port}"

    def run(self, sql: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run SQL, one or more statements; return the last one's rows."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as session:
            cursor = session.execute(sql.encode())
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def _users(self) -> list[str]:
        """Return the ids of the processes of podman that were started for the folder."""
        return [
            path.parent.name
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if self._names_folder(path)
        ]

    def _names_folder(self, path: Path) -> bool:
        try:
            program, _, arguments = path.read_bytes().partition(b"\0")
        except OSError:
            return False
        ours = Path(program.decode(errors="replace")).name in ("podman", "conmon")
        return ours and str(self._folder.path).encode() in arguments

    def _account(self, user: str | None, password: str | None) -> str:
        name = self.superuser if user is None else user
        secret = self.password if password is None and user is None else password
        return quote(name, safe="") + (f":{quote(secret, safe='')}" if secret is not None else "")

    def _create(self, root: Path) -> None:
        database = self._folder.path / "database"
        database.mkdir()
        (database / "password").write_text(self.password)
        (self._folder.path / "name").write_text(self.name)
        options = ["--name", self.name, "--stop-signal", "SIGINT", "--env", f"PATH={_PATH}"]
        mounts = ["--volume", f"{database}:/srv/database", "--rootfs", f"{root}:O"]
        self._podman("create", *options, *mounts, "sh", "-ec", _SERVE, "sh", str(self.port))

    def _ready(self) -> bool:
        asked = ("pg_isready", "--quiet", "--host", self.socket_dir, "--port", str(self.port))
        return self._podman.attempt("exec", self.name, *asked).returncode == 0


_ENDING = """
export CONTAINERS_CONF="$1/containers.conf" CONTAINERS_STORAGE_CONF="$1/storage.conf"
[ -e "$1/name" ] && podman rm --force --time 0 "$(cat "$1/name")"
sleep 1
umount "$1/graph/overlay"
"""


def install_docker(folder: Path) -> Path:
    """Put a program named `docker` into a folder that hands everything to podman."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "docker"
    path.write_text(f'#!/bin/sh\nexec {_program("podman")} "$@"\n')
    path.chmod(0o755)
    return path


def root_file_system() -> Path:
    """Return the folder of a Debian with database programs, made when it is not there yet.

    Safe to call from several processes at once: one makes it, the others wait.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "holdfast-tests"
    version = hashlib.sha256(repr((_RELEASE, _PACKAGES, _CLUTTER, _CLUSTER)).encode()).hexdigest()
    root = cache / f"{_RELEASE}-{version[:12]}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            _make_root(root.with_suffix(".part")).rename(root)
    return root


def _make_root(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    options = ["--variant=minbase", f"--include={','.join(_PACKAGES)}"]
    _run_as_root([_program("debootstrap"), *options, _RELEASE, str(folder)])
    for name in (*_CLUTTER, *_CLUSTER):
        shutil.rmtree(folder / name, ignore_errors=True)
    return folder


def _run_as_root(argv: Sequence[str]) -> None:
    if os.geteuid() != 0:
        pytest.fail(f"{argv[0]} needs root; run the tests of containers as root")
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"{argv[0]} ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr}")


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        pytest.fail(f"There is no {name}; run scripts/install_system_packages.sh")
    return found
