"""Small real disks, and a real user without rights."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_NOBODY = 65534


@contextmanager
def small_disk(*, size_bytes: int = 1 << 20, inodes: int = 0) -> Iterator[Path]:
    """Mount a tmpfs of this size; needs root, or to be run below `unshare -rm`.

    Args:
        inodes: How many files and directories it can hold; 0 means no limit.
    """
    with tempfile.TemporaryDirectory(prefix="holdfast-disk-") as folder:
        options = f"size={size_bytes},nr_inodes={inodes},mode=0777"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True
        )
        if done.returncode != 0:
            pytest.fail(f"cannot mount a tmpfs; run as root or below unshare -rm: {done.stderr}")
        try:
            Path(folder).chmod(0o777)
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def remount(disk: Path, option: str) -> None:
    """Mount a small disk again, `ro` or `rw`."""
    subprocess.run(["mount", "-o", f"remount,{option}", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Use up all free bytes of a disk; remove the returned file to free them again."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return ballast


@contextmanager
def as_nobody() -> Iterator[None]:
    """Act as a user whom permissions bind (root may read everything)."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def no_more_files() -> Iterator[None]:
    """Let no further file be opened by this process (EMFILE)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
