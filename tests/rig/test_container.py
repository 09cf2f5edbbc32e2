"""The rig's container is a real one: its own root, its own processes, entered by `exec`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.errors import ContainerUnavailable
from holdfast.sources.programs.place import ContainerPlace
from tests.rig.container import PostgresContainer, install_docker
from tests.rig.daemon import wait_until


def test_the_server_lives_in_the_container(postgres_container: PostgresContainer) -> None:
    """Its files and its socket are not where this machine would look for them."""
    assert postgres_container.run("SHOW data_directory") == [("/srv/database/data",)]
    assert not Path("/srv/database").exists()
    assert postgres_container.exec("cat", "/etc/hostname")
    assert postgres_container.processes()[0].startswith("postgres ")


def test_a_stopped_container_keeps_its_databases(postgres_container: PostgresContainer) -> None:
    """And the adapter of the product says that it does not run."""
    postgres_container.run("CREATE DATABASE kept")
    assert ContainerPlace(postgres_container.name).find("pg_dump")
    postgres_container.stop()
    try:
        with pytest.raises(ContainerUnavailable, match="does not run"):
            ContainerPlace(postgres_container.name)
    finally:
        postgres_container.start()
    assert ("kept",) in postgres_container.run("SELECT datname FROM pg_database")
    postgres_container.run("DROP DATABASE kept")


def test_podman_answers_to_the_name_of_docker(
    postgres_container: PostgresContainer, tmp_path: Path
) -> None:
    docker = install_docker(tmp_path / "bin")
    said = subprocess.run(
        [docker, "exec", postgres_container.name, "pg_dump", "--version"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert said.startswith("pg_dump (PostgreSQL) 15")


def test_a_container_ends_with_a_test_run_that_is_killed() -> None:
    code = (
        "import os, signal\n"
        "from tests.rig.container import PostgresContainer\n"
        "container = PostgresContainer()\n"
        "container.start()\n"
        "pid = container._podman('inspect', '--format', '{{.State.Pid}}', container.name)\n"
        "print(pid, container._folder.path, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    pid, folder = done.stdout.split()
    wait_until(lambda: not Path(folder).exists(), "the removal of the container's folder")
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the server's end")
