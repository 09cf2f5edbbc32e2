"""`holdfast-react` as it would be published, and a host's page that has it installed."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.web.contracts.example import ROOT

_FRONTEND = ROOT / "frontend"
_HOST = ROOT / "examples" / "react_host"
_NAME = "react_host"
_LEFT_OUT = shutil.ignore_patterns("node_modules", "dist", "__pycache__", "*.tgz", ".*")


def run_npm(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run npm with the Node of this environment; return what it said."""
    env = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(cwd)}
    argv = ["npm", "--offline", *arguments]
    return subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True)


def shared_host(factory: pytest.TempPathFactory, worker: str) -> Path:
    """Return the page of `examples/react_host`, built with the packed package, for all workers.

    Args:
        worker: Name of the worker of pytest-xdist; `master` without it.
    """
    base = factory.getbasetemp()
    common = base if worker == "master" else base.parent
    place = common / _NAME
    with (common / f"{_NAME}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "dist").exists():
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(_HOST, place, ignore=_LEFT_OUT)
            _install(_pack(common / "package"), place / "node_modules")
            _succeed("run", "build", cwd=place)
    return place


def _succeed(*arguments: str, cwd: Path) -> None:
    done = run_npm(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr


def _pack(place: Path) -> Path:
    """Pack a copy: others may build in the real place at this time."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(_FRONTEND, place, ignore=_LEFT_OUT)
    (place / "node_modules").symlink_to(_FRONTEND / "node_modules")
    _succeed("pack", cwd=place)
    (tarball,) = place.glob("*.tgz")
    return tarball


def _install(tarball: Path, packages: Path) -> None:
    """Unpack it beside the packages of the frontend, as npm would with a network."""
    packages.mkdir()
    for package in (_FRONTEND / "node_modules").iterdir():
        (packages / package.name).symlink_to(package)
    with tarfile.open(tarball) as archive:
        archive.extractall(packages, filter="data")
    (packages / "package").rename(packages / "holdfast-react")
