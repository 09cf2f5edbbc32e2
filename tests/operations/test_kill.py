"""SIGKILL at every step: the live data is old or new, and the repository is whole."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from holdfast import BackupStatus
from tests.operations.application import Application
from tests.rig.killer import Killer, Level, Moment


@pytest.fixture
def template(tmp_path: Path) -> Application:
    """An application with two backups, whose live data changed since the first."""
    application = Application(tmp_path / "template")
    application.create(events=4)
    service = application.service(settings=None)
    service.create_backup()
    application.add_events(2)
    (application.thumbnails / "2.jpg").unlink()
    service.create_backup()
    application.execute("pragma wal_checkpoint(truncate)")
    return application


class _Scene:
    """A copy of the template, made anew for each death."""

    def __init__(self, template: Application, root: Path) -> None:
        self.application = Application(root)
        self._template = template

    def prepare(self) -> Sequence[object]:
        root = self.application.root
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self._template.root, root)
        return [str(root)]


def test_a_restore_killed_at_any_step_ends_as_old_or_new(
    template: Application, tmp_path: Path
) -> None:
    """R16, R17: after recovery the database and the files are one state, the old or the new."""
    scene = _Scene(template, tmp_path / "scene")
    application = scene.application
    scene.prepare()
    service = application.service(settings=None)
    first = service.list_backups()[-1].backup_id
    old = application.state()
    service.restore_backup(first)
    new = application.state()
    assert old != new
    folders = [
        application.root / "data",
        application.repository / "holdfast",
        application.repository / "snapshots",
    ]
    ends = {"old": 0, "new": 0}
    with Killer("tests.operations.restoring:restore") as killer:
        for death in killer.each(scene.prepare, folders):
            after = application.service(settings=None)
            after.list_backups()  # whatever is done next settles the restore
            state = application.state()
            assert state in (old, new), str(death)
            ends["old" if state == old else "new"] += 1
            assert application.leftovers() == [], str(death)
            assert len(after.list_backups()) >= 2
            if state == new and ends["new"] == 1:
                after.undo()
                assert application.state() == old, str(death)
    assert min(ends.values()) > 0, "deaths on both sides of the swap were seen"
    application.restic().run("check", "--read-data")


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.TORN, Moment.AFTER])
@pytest.mark.parametrize("work", ["back_up", "clean_up"])
def test_work_killed_at_any_store_operation_loses_no_backup(
    work: str, moment: Moment, template: Application, tmp_path: Path
) -> None:
    """R28, R32: valid for restic, and every backup that stood is restorable, all parts of it."""
    template.add_events(1)
    scene = _Scene(template, tmp_path / "scene")
    application = scene.application
    deaths = 0
    with Killer(f"tests.operations.restoring:{work}", level=Level.STORE) as killer:
        for death in killer.each(scene.prepare, [application.repository], moment=moment):
            deaths += 1
            service = application.service(settings=None)
            backups = service.list_backups()
            assert len(backups) >= (2 if work == "back_up" else 1), str(death)
            assert service.verify_backup("latest"), str(death)
            assert service.verify_backup(backups[-1].backup_id), str(death)
            service.unlock()
            application.restic().run("check", "--read-data")
            assert service.create_backup().status is BackupStatus.COMPLETED
    assert deaths > 2


_DIES_BETWEEN = """
import os, signal, sys
from holdfast.sources.sqlite.restore import SqliteStaged
from tests.operations.restoring import restore
SqliteStaged.swap = lambda self: os.kill(os.getpid(), signal.SIGKILL)
restore(sys.argv[1])
"""


@pytest.mark.parametrize("how", ["a new file", "a changed file", "a removed file", "nothing"])
def test_what_is_written_between_a_death_and_the_next_command_is_never_lost(
    how: str, template: Application, caplog: pytest.LogCaptureFixture
) -> None:
    """R17: the files are swapped, the database is not yet, and the application goes on."""
    application = template
    old = application.state()
    command = [sys.executable, "-c", _DIES_BETWEEN, str(application.root)]
    died = subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
    assert died.returncode == -signal.SIGKILL
    if how == "a new file":
        (application.thumbnails / "upload.jpg").write_bytes(b"since")
    elif how == "a changed file":
        (application.thumbnails / "1.jpg").write_bytes(b"since")
    elif how == "a removed file":
        (application.thumbnails / "1.jpg").unlink()
    service = application.service(settings=None)
    service.list_backups()  # whatever is done next settles the restore
    assert application.state() == old
    kept = list(application.root.glob("data/*.after-interrupted-restore-*"))
    if how == "nothing":
        assert kept == []
        assert "as it was before" in caplog.text
        return
    (aside,) = kept
    assert f"is kept in {aside}" in caplog.text
    assert "as it was before" not in caplog.text
    service.create_backup()
    files = {path.name: path.read_bytes() for path in aside.rglob("*.jpg")}
    assert files.get("upload.jpg" if how == "a new file" else "1.jpg") == (
        None if how == "a removed file" else b"since"
    )
    assert "2.jpg" in files, "with what was restored"
    application.execute("insert into events (title) values ('on')")
