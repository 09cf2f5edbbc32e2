"""A staged tree is removed whatever it is like, and nothing beyond it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from holdfast.sources.directory.removal import remove_tree
from tests.rig.disk import as_nobody, small_disk


def remove(path: Path) -> None:
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        remove_tree(descriptor, path.name)
    finally:
        os.close(descriptor)


def test_directories_that_nobody_may_enter_are_removed_by_their_owner(tmp_path: Path) -> None:
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(0o755)
    tmp_path.chmod(0o777)
    with as_nobody():
        top = tmp_path / "top"
        (top / "closed" / "inner").mkdir(parents=True)
        (top / "closed" / "inner" / "file").touch()
        (top / "closed" / "inner").chmod(0o500)
        (top / "closed").chmod(0)
        top.chmod(0o100)
        remove(top)
        assert not top.exists()


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "link").symlink_to(outside)
    remove(tmp_path / "top")
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    (tmp_path / "link").symlink_to(outside)
    remove(tmp_path / "link")
    assert (outside / "file").exists()


def test_a_tree_deeper_than_a_path_may_be_long_is_removed(tmp_path: Path) -> None:
    """Neither the recursion limit nor PATH_MAX nor open files bound the depth."""
    (tmp_path / "top").mkdir()
    current = os.open(tmp_path / "top", os.O_RDONLY)
    for _ in range(2500):
        os.mkdir("d", dir_fd=current)
        following = os.open("d", os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = following
    os.close(current)
    remove(tmp_path / "top")
    assert list(tmp_path.iterdir()) == []


def test_another_file_system_inside_is_not_entered(tmp_path: Path) -> None:
    with small_disk() as disk:
        (disk / "precious").touch()
        top = tmp_path / "top"
        (top / "inner").mkdir(parents=True)
        assert os.system(f"mount --bind {disk} {top / 'inner'}") == 0
        try:
            with pytest.raises(OSError, match="mounted"):
                remove(top)
            assert (disk / "precious").exists()
        finally:
            os.system(f"umount {top / 'inner'}")


def test_what_is_not_there_is_removed_already(tmp_path: Path) -> None:
    remove(tmp_path / "nothing")
