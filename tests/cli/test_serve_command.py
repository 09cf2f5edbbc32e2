"""`holdfast serve` before it serves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_it_does_not_serve_a_plan_of_nothing(tmp_path: Path) -> None:
    """Started in the wrong directory it would look well, and back up nothing."""
    argv = [sys.executable, "-m", "holdfast", "serve", "--check"]
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "protects nothing" in done.stderr
    assert "holdfast.toml" in done.stderr
    assert list(tmp_path.iterdir()) == []
