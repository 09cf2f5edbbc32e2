from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.rig.tools import Behaviour, install_tool


@pytest.mark.parametrize(
    ("behaviour", "status", "size"),
    [
        (Behaviour.GOOD, 0, 100_000),
        (Behaviour.FAILS_AT_ONCE, 1, 0),
        (Behaviour.FAILS_HALFWAY, 1, 50_000),
        (Behaviour.FAILS_AFTER_ALL, 1, 100_000),
        (Behaviour.KILLED_KILL, -signal.SIGKILL, 50_000),
        (Behaviour.KILLED_PIPE, -signal.SIGPIPE, 50_000),
        (Behaviour.KILLED_TERM, -signal.SIGTERM, 50_000),
        (Behaviour.EMPTY, 0, 0),
        (Behaviour.TRUNCATED, 0, 50_000),
    ],
)
def test_a_tool_ends_as_told(tmp_path: Path, behaviour: Behaviour, status: int, size: int) -> None:
    tool = install_tool(tmp_path / "bin", "pg_dump", behaviour, output=b"x" * 100_000)
    done = subprocess.run([tool, "-Fc", "app"], capture_output=True)

    assert (done.returncode, len(done.stdout)) == (status, size)
    assert (tmp_path / "bin" / "pg_dump.log").read_text() == f"['{tool}', '-Fc', 'app']\n"


def test_a_tool_can_hang(tmp_path: Path) -> None:
    tool = install_tool(tmp_path, "docker", Behaviour.HANGS_HALFWAY, output=b"half")
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        subprocess.run([tool], capture_output=True, timeout=0.5)
    assert caught.value.stdout == b"ha"


def test_a_tool_tells_its_version(tmp_path: Path) -> None:
    tool = install_tool(tmp_path, "pg_dump", Behaviour.EMPTY, version="pg_dump (PostgreSQL) 15.9")
    done = subprocess.run([tool, "--version"], capture_output=True, text=True)

    assert done.stdout == "pg_dump (PostgreSQL) 15.9\n"
