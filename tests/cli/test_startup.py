"""The program starts at once: help imports nothing heavy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.app import App
from tests.cli.terminal import PROGRAM, clean_environment

HEAVY = {"apsw", "cryptography", "msgspec", "zstandard", "sqlite3", "holdfast.service", "tomllib"}
SERVER = {"sqlalchemy", "alembic", "fastapi", "starlette", "pydantic", "uvicorn", "argon2"}
HELP_LIMIT_S = 0.150
_MODULES = """
import json, sys
from holdfast.cli.main import main
status = main(sys.argv[1:])
print(json.dumps([status, sorted(sys.modules)]), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "line", ["--help", "--version", "create --help", "keys --help", "catalog --help"]
)
def test_help_imports_nothing_heavy(line: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MODULES, *line.split()],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=clean_environment(),
        check=True,
    )
    status, modules = json.loads(done.stderr)
    assert status == 0
    assert HEAVY & set(modules) == set()


@pytest.mark.parametrize("line", ["list", "create", "verify latest"])
def test_a_command_loads_nothing_of_the_server(line: str, kept: App) -> None:
    """Neither the catalog's SQLAlchemy nor the web: they take longer than the command."""
    done = subprocess.run(
        [sys.executable, "-c", _MODULES, *line.split(), "--quiet"],
        capture_output=True,
        text=True,
        cwd=kept.root,
        env=kept.environment,
        check=True,
    )
    status, modules = json.loads(done.stderr.splitlines()[-1])
    assert status == 0
    assert SERVER & set(modules) == set()


def test_help_takes_less_than_150_milliseconds(tmp_path: Path) -> None:
    """Of the processor: how long that is by the clock depends on what else the machine does."""

    def measure_s() -> float:
        process = subprocess.Popen(
            [*PROGRAM, "--help"],
            stdout=subprocess.DEVNULL,
            cwd=tmp_path,
            env=clean_environment(),
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_utime + usage.ru_stime

    # The best of several: the processor's caches may be full of other tests.
    assert min(measure_s() for _ in range(7)) < HELP_LIMIT_S


def test_without_a_command_the_help_comes_as_an_error(tmp_path: Path) -> None:
    done = subprocess.run(PROGRAM, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: holdfast")


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)  # before it starts, or it might have written all by then
    done = subprocess.run(
        [*PROGRAM, "config", "show"],
        stdout=write_end,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=clean_environment(),
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (141, b"")
