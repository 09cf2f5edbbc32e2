"""R46: Ctrl-C and SIGTERM end work tidily; a second one ends it at once."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.app import App
from tests.cli.terminal import DEADLINE_S, clean_environment

_WORK = """
import sys, threading
from holdfast.cli.console import Console
from holdfast.cli.failures import report
from holdfast.cli.interruption import Interruption

console = Console()
with Interruption() as interruption:
    try:
        token = interruption.token if "token" in sys.argv else None
        print("ready", flush=True)
        for line in sys.stdin:
            token.raise_if_cancelled()
        print("ended well")
    except BaseException as error:
        sys.exit(report(error, console, signal_number=interruption.signal_number))
"""


@contextmanager
def work(tmp_path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", _WORK, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=clean_environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def read_notice(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    assert process.stderr.readline() == "\n"
    assert "once more to stop at once" in process.stderr.readline()


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_work_is_asked_to_stop_and_ends_tidily(
    number: signal.Signals, status: int, tmp_path: Path
) -> None:
    with work(tmp_path, "token") as process:
        process.send_signal(number)
        read_notice(process)
        assert process.poll() is None
        _, err = process.communicate("go on\n", timeout=DEADLINE_S)
        assert process.returncode == status
        assert "holdfast: Cancelled" in err


def test_work_that_could_finish_all_the_same_has_succeeded(tmp_path: Path) -> None:
    with work(tmp_path, "token") as process:
        process.send_signal(signal.SIGINT)
        read_notice(process)
        out, _ = process.communicate("", timeout=DEADLINE_S)
        assert (process.returncode, out) == (0, "ended well\n")


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with work(tmp_path, "token") as process:
        process.send_signal(signal.SIGINT)
        read_notice(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_S) == 130


def test_what_watches_no_token_is_broken_off(tmp_path: Path) -> None:
    with work(tmp_path) as process:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 143
        assert "holdfast: Interrupted" in err


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_a_real_backup_ends_tidily(number: signal.Signals, status: int, kept: App) -> None:
    # Holes only, and so many that it cannot end before the signal comes; but a backup is refused
    # for which the disk might have no room.
    free_bytes = shutil.disk_usage(kept.root).free
    with (kept.root / "data" / "thumbnails" / "large").open("wb") as file:
        file.truncate(min(64 * 2**30, free_bytes // 2))
    with kept.sit("create") as terminal:
        terminal.expect("GiB  ")
        terminal.process.send_signal(number)
        assert terminal.wait() == status
        assert "Stopping tidily" in terminal.screen
        assert "Cancelled" in terminal.screen
    kept.do("check", "--read-data")
    assert len(kept.do("list", "--json").document["backups"]) == 1
    (kept.root / "data" / "thumbnails" / "large").unlink()
    kept.do("create")
