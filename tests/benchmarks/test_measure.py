"""A measurement covers the whole process tree, and a failed command is never a number."""

from __future__ import annotations

import sys

import pytest

from benchmarks.measure import CommandFailed, run_measured

# A parent that waits for a child which holds 150 MB long enough to be sampled: on a busy machine
# the one that samples may not have the processor for a while.
_CHILD = "import time; held = b'x' * 150_000_000; time.sleep(2)"
_PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_CHILD!r}], check=True)"


def test_memory_of_children_is_counted() -> None:
    """The peak is that of the sum over the process tree."""
    measured = run_measured([sys.executable, "-c", _PARENT])
    assert 150_000_000 < measured.peak_bytes < 260_000_000


def test_processor_time_of_children_is_counted() -> None:
    """The time that a child burnt is in the sum."""
    burn = "n = 0\nwhile n < 3_000_000: n += 1"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    measured = run_measured([sys.executable, "-c", parent])
    assert measured.cpu_s > 0.05


def test_a_failed_command_raises_with_what_it_said() -> None:
    """A tool that fails is an error of the benchmark, with the tool's own words."""
    with pytest.raises(CommandFailed, match="no such snapshot"):
        run_measured([sys.executable, "-c", "import sys; sys.exit('no such snapshot')"])
