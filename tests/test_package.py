"""What is installed: the page is in every package, and none is built without it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILT = "holdfast/web/server/static/built"
PARTS = ("src", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE")


def copied(root: Path) -> Path:
    """Copy what a package is made of, so that nothing of the checkout is changed."""
    root.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / part)
    return root


def build(root: Path, into: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    return subprocess.run(
        [*command, "--wheel-dir", str(into), str(root)], capture_output=True, text=True
    )


def test_the_page_is_in_the_package_and_none_is_built_without_it(tmp_path: Path) -> None:
    root = copied(tmp_path / "source")
    done = build(root, tmp_path / "whole")
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "whole").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert f"{BUILT}/index.html" in names
    assert any(name.startswith(f"{BUILT}/assets/") and name.endswith(".js") for name in names)
    assert not [name for name in names if "node_modules" in name or name.endswith(".map")]

    shutil.rmtree(root / "src" / BUILT)
    refused = build(root, tmp_path / "without")
    assert refused.returncode != 0
    assert "make page" in refused.stdout + refused.stderr
    assert not list((tmp_path / "without").glob("*.whl"))
