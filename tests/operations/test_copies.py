"""The directory of copies: whose it is, which names are given, and what killed copies leave."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.errors import ConfigError, TargetExists, UsageError
from holdfast.models.backup import BackupMetadata
from holdfast.operations.copies import CopiesDir
from tests.operations.application import Application

BACKUP = "backup_20260101_000000"
LAYING_OUT = """
import sys, time
from pathlib import Path
from holdfast.operations.copies import CopiesDir
with CopiesDir.of(sys.argv[1], Path("/")).scratch() as scratch:
    (scratch / "half").write_text("in the clear")
    print(scratch, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def private(tmp_path: Path) -> CopiesDir:
    """The directory where none was configured."""
    return CopiesDir.of(None, tmp_path)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "/etc", "a/b", f"{BACKUP}/../../x", f"{BACKUP}\n", "x\0y", "\udcff"],
)
def test_a_name_that_anybody_may_have_made_up_leads_nowhere_else(
    private: CopiesDir, name: str
) -> None:
    """R15: the manifest of an archive that was sent may say whatever it likes."""
    assert private.folder_for(name) == private.path / "backup"


def test_a_folder_is_one_that_is_neither_there_nor_promised(private: CopiesDir) -> None:
    """A link that leads nowhere is there, too."""
    private.make()
    (private.path / BACKUP).symlink_to("nowhere")
    promised = [str(private.path / f"{BACKUP}_2")]
    assert private.folder_for(BACKUP, promised) == private.path / f"{BACKUP}_3"


@pytest.mark.parametrize("folder", ["..", "../x", "x/y", "/etc/x", "."])
def test_nothing_is_put_elsewhere(private: CopiesDir, folder: str) -> None:
    with pytest.raises(UsageError):
        private.require_free(private.path / folder)


def test_the_directory_is_made_for_this_user_alone(private: CopiesDir) -> None:
    """It lies in a directory that others write in."""
    assert private.path.name == f"holdfast-restored-{os.getuid()}"
    private.make()
    private.make()
    assert private.path.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["link", "file", "open"])
def test_a_directory_of_somebody_else_is_not_trusted(private: CopiesDir, kind: str) -> None:
    """Whoever was there first could read the copies, or send them elsewhere."""
    if kind == "link":
        elsewhere = private.path.with_name("elsewhere")
        elsewhere.mkdir(mode=0o700)
        private.path.symlink_to(elsewhere)
    elif kind == "file":
        private.path.touch(mode=0o600)
    else:
        private.path.mkdir()
        private.path.chmod(0o750)
    with pytest.raises(ConfigError, match=r"restored copies .* (is|cannot be)"):
        private.folder_for(BACKUP)
    with pytest.raises(ConfigError), private.scratch():
        pass


def test_a_directory_that_was_configured_is_as_whoever_did_wants_it(tmp_path: Path) -> None:
    """A link to another disk, say, which a group may read."""
    (tmp_path / "disk").mkdir(mode=0o750)
    (tmp_path / "copies").symlink_to("disk")
    copies = CopiesDir.of(tmp_path / "copies", Path("/nowhere"))
    with copies.scratch() as scratch:
        (scratch / BACKUP).mkdir()
        copies.put(scratch / BACKUP, copies.path / BACKUP)
    assert [each.name for each in (tmp_path / "disk").iterdir()] == [BACKUP]


@pytest.mark.parametrize(("mode", "trusted"), [(0o777, False), (0o1777, True), (0o770, True)])
def test_a_directory_in_which_anybody_may_rename_is_not_trusted(
    tmp_path: Path, mode: int, trusted: bool
) -> None:
    """They could exchange what is being written for a link; in /tmp they cannot."""
    copies = CopiesDir.of(tmp_path / "copies", tmp_path)
    copies.path.mkdir()
    copies.path.chmod(mode)
    if trusted:
        assert copies.folder_for(BACKUP) == copies.path / BACKUP
    else:
        with pytest.raises(ConfigError, match="everybody"):
            copies.folder_for(BACKUP)


def test_of_two_copies_with_one_name_the_first_stays(private: CopiesDir) -> None:
    """Two servers may share the directory, and know nothing of each other."""
    folder = private.folder_for(BACKUP)
    with private.scratch() as one, private.scratch() as other:
        for scratch in (one, other):
            (scratch / BACKUP).mkdir()
            (scratch / BACKUP / "of").write_text(scratch.name)
        private.put(one / BACKUP, folder)
        with pytest.raises(TargetExists):
            private.put(other / BACKUP, folder)
        assert (folder / "of").read_text() == one.name
    assert list(private.path.iterdir()) == [folder]


def test_what_a_killed_copy_left_is_removed_and_nothing_of_one_at_work(tmp_path: Path) -> None:
    """What lies there is in the clear; it must not wait for somebody to find it."""
    copies = CopiesDir.of(tmp_path / "copies", tmp_path)
    command = [sys.executable, "-c", LAYING_OUT, str(copies.path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as copying:  # type: ignore[call-overload]
        left = Path(copying.stdout.readline().strip())
        copies.sweep()
        assert (left / "half").exists()
        copying.kill()
        copying.wait()
    assert (left / "half").exists()
    copies.sweep()
    assert list(copies.path.iterdir()) == []


def test_copies_are_not_backed_up(application: Application) -> None:
    """Where they lie in a directory that is protected."""
    copies = application.thumbnails / "copies"
    service = application.service(copies_dir=copies)
    with service.copies.scratch() as scratch:
        (scratch / BACKUP).mkdir()
        service.copies.put(scratch / BACKUP, copies / BACKUP)
    made: BackupMetadata = service.create_backup()
    kept = {each.path for each in service.list_contents(made.backup_id, "files/thumbnails")}
    assert kept
    assert not [path for path in kept if "copies" in path]
