"""What a run of the suite says at its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_SUITE = """
import pytest

@pytest.fixture
def broken():
    raise ValueError("a fixture")

def test_good():
    pass

def test_large():
    raise AssertionError("word " * 500)

@pytest.mark.parametrize("word", ["two words"])
def test_of(word):
    assert word == ""

def test_without(broken):
    pass

def test_skipped():
    pytest.skip("not today")
"""


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["alone", "in a worker"])
def test_the_last_lines_name_what_failed(workers: list[str], tmp_path: Path) -> None:
    """One line for each, after messages of any length."""
    (tmp_path / "test_suite.py").write_text(_SUITE)
    options = ["-p", "tests.conftest", "-p", "no:randomly", "-p", "no:cacheprovider"]
    where = ["-c", os.devnull, "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *workers, *where],
        cwd=ROOT,
        env={**os.environ, "CI": "true"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stdout.splitlines()[-4:] == [
        "FAILED test_suite.py::test_large",
        "FAILED test_suite.py::test_of[two words]",
        "FAILED test_suite.py::test_skipped",
        "FAILED test_suite.py::test_without",
    ]
