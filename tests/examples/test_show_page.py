"""What `make demo` ends with: the page of a real server, until Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from examples.sample_app.office import Person
from tests.cli.terminal import clean_environment
from tests.rig.history import PASSWORD, history_copy, shared_history

ROOT = Path(__file__).parents[2]
PATIENCE_S = 300.0


@pytest.fixture
def weeks(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder in which the weeks have been made already."""
    history_copy(shared_history(tmp_path_factory, worker_id), tmp_path / "weeks")
    (tmp_path / "login").write_text(f"{PASSWORD}\n")
    return tmp_path


def started(folder: Path, **more: str) -> subprocess.Popen[str]:
    """Start the end of the demonstration, without a terminal."""
    environment = clean_environment() | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        **more,
    }
    return subprocess.Popen(
        ["bash", str(ROOT / "scripts" / "show_page.sh"), str(folder)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def shown(weeks: Path) -> Iterator[subprocess.Popen[str]]:
    process = started(weeks)
    try:
        yield process
    finally:
        with process:
            if still_runs(process):
                os.killpg(process.pid, signal.SIGKILL)


def told(process: subprocess.Popen[str]) -> dict[str, str]:
    """Return what it shows, when it has shown the last of it."""
    assert process.stdout is not None
    found: dict[str, str] = {}
    for line in process.stdout:
        if match := re.fullmatch(r"(Address|User|Password): +(.+)\n", line):
            found[match[1]] = match[2]
        if "Password" in found:
            return found
    return pytest.fail(f"it ended with {process.wait(PATIENCE_S)}")


def still_runs(process: subprocess.Popen[str]) -> bool:
    """Say whether anything that it started runs."""
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("whole", [True, False], ids=["terminal", "script alone"])
def test_it_stays_until_it_is_interrupted(shown: subprocess.Popen[str], whole: bool) -> None:
    """Without a terminal too; then it ends well and leaves nothing running, whoever is told."""
    found = told(shown)
    with urlopen(found["Address"], timeout=PATIENCE_S) as answer:
        assert answer.status == 200
    person = Person(f"{found['Address']}api/v1/", found["User"].split()[0], found["Password"])
    person.log_in()
    assert person.ask("GET", "auth/me")["role"] == "admin"
    assert shown.poll() is None
    if whole:
        os.killpg(shown.pid, signal.SIGINT)
    else:
        shown.send_signal(signal.SIGINT)
    assert shown.wait(PATIENCE_S) == 0
    assert not still_runs(shown)


def test_without_staying_it_looks_and_ends(weeks: Path) -> None:
    """What a change must pass asks for this."""
    with started(weeks, STAY="no") as process:
        text, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
    assert "the backups are ok" in text
    assert not still_runs(process)


def test_a_server_that_does_not_start_is_told(weeks: Path) -> None:
    """The demonstration fails then, and does not wait for ever."""
    (weeks / "weeks" / "holdfast.toml").write_text("nonsense = 1\n")
    with started(weeks, STAY="no") as process:
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 1
    assert not still_runs(process)
