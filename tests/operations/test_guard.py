"""A guarded command runs behind a proven backup, and what it breaks is taken back."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from holdfast import BackupService, CancellationToken, RestoreResult, RetentionPolicy
from holdfast.errors import (
    BackupBusy,
    CommandNotExecutable,
    CommandNotFound,
    GuardRefused,
    GuardRestoreFailed,
    NotADatabase,
    NotEnoughSpace,
    RetentionError,
    UsageError,
)
from holdfast.operations import commands
from holdfast.operations.guard import Guard
from holdfast.operations.guard_note import (
    FAILED,
    LEFT,
    RESTORING,
    RUNNING,
    GuardNote,
    load_note,
    save_note,
)
from holdfast.operations.plan import Workplace
from holdfast.operations.workspace import plan_lock
from tests.rig.alembic_project import GOOD, HALFWAY, KILLED, AlembicProject
from tests.rig.disk import fill, remount, small_disk

PASSWORD = "correct horse"


@pytest.fixture
def project(tmp_path: Path) -> AlembicProject:
    made = AlembicProject(tmp_path / "app")
    made.create()
    return made


def service(project: AlembicProject, **options: Any) -> BackupService:
    given: dict[str, Any] = {
        "database_url": project.url,
        "backup_dir": project.root / "backups",
        "encryption_password": PASSWORD,
        "scratch_dir": project.root / "scratch",
        "busy_timeout_s": 60.0,
    }
    return BackupService(**{**given, **options})


def state_dir(project: AlembicProject) -> Path:
    return project.root / "backups" / "holdfast"


def note(project: AlembicProject) -> GuardNote | None:
    return load_note(state_dir(project), "default")


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def lose_users(project: AlembicProject) -> str:
    """Return code that changes the data for the worse."""
    return (
        "import sqlite3\n"
        f"with sqlite3.connect({str(project.database)!r}) as database:\n"
        "    database.execute('delete from users')\n"
        "database.close()\n"
    )


def test_a_command_that_succeeds_leaves_a_backup_of_before(project: AlembicProject) -> None:
    """R21, I13: proven before it ran; afterwards it is a backup as any other."""
    project.add_revision("b2", "a1", GOOD)
    result = service(project).guard(project.upgrade)
    assert result
    assert (result.exit_code, result.verified, result.brought_back) == (0, True, False)
    assert project.rows("select * from alembic_version") == [("b2",)]
    (made,) = service(project).list_backups()
    assert made.backup_id == result.backup_id
    assert (made.verified, made.tags, made.keep) == (True, ("guard",), False)
    assert made.schema_version == "a1"
    assert (made.description or "").startswith("Before: ")
    assert (made.description or "").endswith("upgrade head")
    assert note(project) is None


@pytest.mark.parametrize(
    ("body", "exit_code"), [(HALFWAY, 1), (KILLED, 137)], ids=["fails", "killed"]
)
def test_what_a_migration_broke_halfway_is_taken_back(
    body: str, exit_code: int, project: AlembicProject, tmp_path: Path
) -> None:
    """R21: the data are as they were, and the failed state can be looked at."""
    before = project.state()
    project.add_revision("b2", "a1", body)
    result = service(project).guard(project.upgrade)
    assert not result
    assert (result.exit_code, result.brought_back, result.left) == (exit_code, True, False)
    assert project.state() == before
    assert note(project) is None
    backups = {each.backup_id: each for each in service(project).list_backups()}
    assert not backups[result.backup_id].keep
    assert result.safety_backup_id in backups
    service(project).restore_backup(result.safety_backup_id, into=tmp_path / "failed")
    with closing(sqlite3.connect(tmp_path / "failed" / "database" / "app.db")) as failed:
        assert failed.execute("select name from users").fetchall() == [("lost",)]


def test_without_a_safety_backup_the_failed_state_is_gone(project: AlembicProject) -> None:
    result = service(project).guard(
        python(lose_users(project) + "raise SystemExit(3)"), create_safety_backup=False
    )
    assert (result.exit_code, result.brought_back, result.safety_backup_id) == (3, True, None)
    assert len(project.rows("select * from users")) == 3


def test_files_come_back_with_the_database(project: AlembicProject) -> None:
    files = project.root / "files"
    files.mkdir()
    (files / "a").write_text("before")
    code = (
        f"open({str(files / 'a')!r}, 'w').write('after')\n{lose_users(project)}raise SystemExit(1)"
    )
    guarded = service(project, directories={"files": files})
    guarded.guard(python(code))
    assert (files / "a").read_text() == "before"
    guarded.guard(python(code), sources=["app"])
    assert (files / "a").read_text() == "after", "only the database was to come back"
    assert len(project.rows("select * from users")) == 3
    with pytest.raises(UsageError, match="nowhere"):
        guarded.guard(python(""), sources=["nowhere"])


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(
    project: AlembicProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it started must not write into the data that were brought back."""
    child = tmp_path / "child"

    def passed_s() -> float:
        """Return more than it is given, as soon as what it shall start is there."""
        return 100.0 if child.exists() and child.read_text() else 0.0

    monkeypatch.setattr(commands, "time", SimpleNamespace(monotonic=passed_s, sleep=time.sleep))
    code = (
        "import subprocess, sys, time\n"
        f"{lose_users(project)}"
        "stubborn = 'import signal, time; signal.signal(15, signal.SIG_IGN);'\n"
        "stubborn += 'print(1, flush=True); time.sleep(600)'\n"
        "child = subprocess.Popen([sys.executable, '-c', stubborn], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        f"open({str(child)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    result = service(project).guard(python(code), timeout_s=2.0)
    assert (result.exit_code, result.timed_out, result.brought_back) == (124, True, True)
    assert len(project.rows("select * from users")) == 3
    state = Path(f"/proc/{child.read_text()}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


def leaving_behind(project: AlembicProject, child: Path, *, exit_code: int) -> tuple[str, ...]:
    """Return a command that ends while a process that it started and cannot be asked goes on."""
    code = (
        "import subprocess, sys\n"
        f"{lose_users(project)}"
        "stubborn = 'import signal, time; signal.signal(15, signal.SIG_IGN);'\n"
        "stubborn += 'print(1, flush=True); time.sleep(600)'\n"
        "child = subprocess.Popen([sys.executable, '-c', stubborn], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        f"open({str(child)!r}, 'w').write(str(child.pid))\n"
        f"import os; os._exit({exit_code})\n"
    )
    return python(code)


def lives(child: Path) -> bool:
    state = Path(f"/proc/{child.read_text()}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_what_a_failed_command_left_behind_is_ended_before_the_data_come_back(
    project: AlembicProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R21: else it writes on into the data that were brought back."""
    monkeypatch.setattr(commands, "_GRACE_S", 0.2)
    child = tmp_path / "child"
    lived: list[bool] = []
    bring_back = Guard._bring_back

    def look_first(guard: Guard, work: Workplace) -> RestoreResult:
        lived.append(lives(child))
        return bring_back(guard, work)

    monkeypatch.setattr(Guard, "_bring_back", look_first)
    result = service(project).guard(leaving_behind(project, child, exit_code=3))
    assert (result.exit_code, result.brought_back, result.warnings) == (3, True, ())
    assert lived == [False]


def test_what_a_command_that_succeeded_left_behind_goes_on(
    project: AlembicProject, tmp_path: Path
) -> None:
    """It may be the service that was started anew."""
    child = tmp_path / "child"
    assert service(project).guard(leaving_behind(project, child, exit_code=0))
    assert lives(child)
    os.kill(int(child.read_text()), signal.SIGKILL)


def test_on_a_terminal_it_is_said_what_a_failed_command_left_behind(
    project: AlembicProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the command shares a group with what else the terminal runs."""
    monkeypatch.setattr(commands, "_on_terminal", lambda: True)
    child = tmp_path / "child"
    result = service(project).guard(leaving_behind(project, child, exit_code=3))
    assert result.brought_back
    assert lives(child)
    os.kill(int(child.read_text()), signal.SIGKILL)
    (warning,) = result.warnings
    assert "were not ended" in warning
    assert child.read_text() in warning


def test_a_cancelled_command_is_ended_and_taken_back(project: AlembicProject) -> None:
    token = CancellationToken()
    code = lose_users(project) + "import time\ntime.sleep(600)"
    result = service(project).guard(
        python(code), cancel=token, started=lambda backup, process: _cancel_later(project, token)
    )
    assert (result.exit_code, result.brought_back) == (143, True)
    assert len(project.rows("select * from users")) == 3


def _cancel_later(project: AlembicProject, token: CancellationToken) -> None:
    def wait() -> None:
        while project.rows("select * from users"):
            pass
        token.cancel()

    threading.Thread(target=wait, daemon=True).start()


def test_a_failed_state_is_left_where_somebody_wants_to_look(
    project: AlembicProject, caplog: pytest.LogCaptureFixture
) -> None:
    """The backup is kept from any cleanup until all of it is restored."""
    result = service(project).guard(python(lose_users(project) + "raise SystemExit(1)"), keep=True)
    assert (result.left, result.brought_back) == (True, False)
    assert project.rows("select * from users") == []
    found = note(project)
    assert found is not None
    assert found.phase == LEFT
    for _ in range(2):
        service(project).create_backup()
    plan = service(project).plan_retention(RetentionPolicy(keep_last=1), force=True)
    assert len(service(project).apply_retention(plan).removed) == 1
    with pytest.raises(RetentionError):
        service(project).delete_backup(result.backup_id)
    with caplog.at_level(logging.WARNING, "holdfast.guard"):
        service(project).list_backups()
    assert f"holdfast restore {result.backup_id}" in caplog.text
    service(project).restore_backup(result.backup_id)
    assert len(project.rows("select * from users")) == 3
    assert note(project) is None
    assert not service(project).get_backup(result.backup_id).keep


def test_an_archive_that_takes_the_place_of_what_was_left_settles_it(
    project: AlembicProject, tmp_path: Path
) -> None:
    """Part of it does not: the rest may still be as the command left it."""
    result = service(project).guard(python("raise SystemExit(1)"), keep=True)
    archive = service(project).export_backup(result.backup_id, tmp_path / "before.zip")
    service(project).restore_archive(archive, dry_run=True)
    service(project).restore_archive(archive, sources=["app"])
    assert note(project) is not None
    service(project).restore_archive(archive)
    assert note(project) is None
    assert not service(project).get_backup(result.backup_id).keep


def test_who_says_that_the_data_are_right_is_reminded_no_more(
    project: AlembicProject, caplog: pytest.LogCaptureFixture
) -> None:
    result = service(project).guard(python("raise SystemExit(1)"), keep=True)
    service(project).keep_backup(result.backup_id, keep=False)
    caplog.clear()
    service(project).list_backups()
    assert caplog.text == ""
    assert note(project) is None


def marked(project: AlembicProject) -> tuple[Path, tuple[str, ...]]:
    """Return a file, and a command that makes it."""
    marker = project.root / "ran"
    return marker, python(f"open({str(marker)!r}, 'w')")


def test_behind_a_partial_backup_nothing_is_run(project: AlembicProject) -> None:
    marker, command = marked(project)
    lacking = service(project, directories={"files": project.root / "not-mounted"})
    with pytest.raises(GuardRefused, match=r"partial.*files/files"):
        lacking.guard(command)
    assert not marker.exists()
    assert note(project) is None


def test_behind_a_backup_that_does_not_verify_nothing_is_run(project: AlembicProject) -> None:
    """R21, I13: everything is proven before the first step that may destroy."""
    marker, command = marked(project)
    (project.root / "files").mkdir()
    lacking = service(
        project,
        directories={"files": project.root / "files"},
        references={"files": "select name from users"},
    )
    with pytest.raises(GuardRefused, match="is not intact"):
        lacking.guard(command)
    assert not marker.exists()
    assert lacking.guard(command, verify=False)
    assert marker.exists()


def test_while_another_run_is_under_way_nothing_is_run(project: AlembicProject) -> None:
    marker, command = marked(project)
    service(project).create_backup()
    with plan_lock(state_dir(project), "default"), pytest.raises(BackupBusy):
        service(project).guard(command)
    assert not marker.exists()


def test_a_database_that_cannot_be_backed_up_is_left_alone(project: AlembicProject) -> None:
    marker, command = marked(project)
    project.database.write_bytes(b"no database" * 500)
    with pytest.raises(NotADatabase, match="not a SQLite database"):
        service(project).guard(command)
    assert not marker.exists()


def test_a_command_that_is_not_there_costs_no_backup(project: AlembicProject) -> None:
    text = project.root / "text"
    text.write_text("no program")
    with pytest.raises(CommandNotFound, match="no-such-program"):
        service(project).guard(["no-such-program"])
    with pytest.raises(CommandNotExecutable):
        service(project).guard([str(text)])
    text.chmod(0o700)
    assert not (project.root / "backups").exists()
    with pytest.raises(CommandNotExecutable):
        service(project).guard([str(text)])
    (made,) = service(project).list_backups()
    assert not made.keep
    assert note(project) is None


def test_a_call_that_raises_is_taken_back_and_raises(project: AlembicProject) -> None:
    def migrate() -> None:
        project.execute("delete from users")
        raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        service(project).guard(migrate)
    assert len(project.rows("select * from users")) == 3
    assert service(project).guard(lambda: project.execute("delete from users"))
    assert project.rows("select * from users") == []


@pytest.mark.parametrize("error", [RuntimeError("x"), SystemExit(1), KeyboardInterrupt()])
def test_a_block_that_raises_is_taken_back_and_raises(
    error: BaseException, project: AlembicProject
) -> None:
    backups = []

    def release() -> None:
        with service(project).guarded("Release 42") as backup:
            backups.append(backup)
            project.execute("delete from users")
            raise error

    with pytest.raises(type(error)):
        release()
    (backup,) = backups
    assert backup.verified
    assert len(project.rows("select * from users")) == 3
    assert service(project).get_backup(backup.backup_id).description == "Release 42"


def test_no_other_run_of_the_plan_comes_between(project: AlembicProject) -> None:
    with service(project).guarded("Release 42"), pytest.raises(BackupBusy):
        service(project).create_backup()


def test_data_that_cannot_be_brought_back_are_said_to_be(project: AlembicProject) -> None:
    """The command holds the database open; the error names the backup and what to do."""
    with closing(sqlite3.connect(project.database, isolation_level=None)) as held:

        def migrate() -> None:
            held.execute("begin exclusive")
            held.execute("delete from users")
            raise RuntimeError("halfway")

        with pytest.raises(GuardRestoreFailed, match=r"RuntimeError.*locked|in use") as caught:
            service(project, busy_timeout_s=0.2).guard(migrate)
        held.execute("commit")
    found = note(project)
    assert found is not None
    assert found.phase == FAILED
    (made, *_) = [each for each in service(project).list_backups() if "guard" in each.tags]
    assert made.keep
    assert f"holdfast restore {made.backup_id}" in (caught.value.hint or "")
    service(project).restore_backup(made.backup_id)
    assert len(project.rows("select * from users")) == 3
    assert note(project) is None


def test_a_name_of_the_live_data_and_a_newer_code_do_not_keep_them_from_coming_back(
    project: AlembicProject,
) -> None:
    """It is the same data, and the code is ahead of them whenever a migration fails."""
    guarded = service(project, restore_target_name="production", schema_version=lambda: "b2")
    result = guarded.guard(python(lose_users(project) + "raise SystemExit(1)"))
    assert result.brought_back
    assert result.warnings == ()
    assert len(project.rows("select * from users")) == 3


def test_what_a_killed_guard_left_is_said_until_it_is_settled(
    project: AlembicProject, caplog: pytest.LogCaptureFixture
) -> None:
    """R16: whoever comes next is told what was going on, and by which backup to go back."""
    backup_id = service(project).create_backup().backup_id
    save_note(
        state_dir(project),
        GuardNote(
            plan="default",
            command="make migrate",
            backup_id=backup_id,
            started_at="2026-03-02T11:00:00Z",
            hostname=os.uname().nodename,
            phase=RUNNING,
            pid=os.getpid(),
        ),
    )
    service(project).list_backups()
    assert "`make migrate`, guarded since" in caplog.text
    assert f"process {os.getpid()} may be at work still" in caplog.text
    assert f"holdfast restore {backup_id}" in caplog.text
    result = service(project).guard(python(""))
    assert any(backup_id in each for each in result.warnings), "the next guard says it too"


_DIES_AT = """
import os, signal, sys
from pathlib import Path
from holdfast.operations.restore import _Restore
from tests.operations.test_guard import lose_users, python, service
from tests.rig.alembic_project import AlembicProject
setattr(_Restore, sys.argv[2], lambda self, *_: os.kill(os.getpid(), signal.SIGKILL))
project = AlembicProject(Path(sys.argv[1]))
service(project).guard(python(lose_users(project) + "raise SystemExit(1)"))
"""


@pytest.mark.parametrize(("step", "back"), [("_swap", False), ("_settle", True)])
def test_a_death_while_the_data_come_back_leaves_a_note_unless_they_are_back(
    step: str, back: bool, project: AlembicProject
) -> None:
    """R16, R17: what recovery completed needs no reminder."""
    command = [sys.executable, "-c", _DIES_AT, str(project.root), step]
    died = subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
    assert died.returncode == -signal.SIGKILL
    found = note(project)
    assert found is not None
    assert found.phase == RESTORING
    made = service(project).get_backup(found.backup_id)
    assert (note(project) is None) == back
    assert len(project.rows("select * from users")) == (3 if back else 0)
    assert made.keep != back
    service(project).restore_backup(found.backup_id)
    assert len(project.rows("select * from users")) == 3
    assert note(project) is None


def test_a_note_that_cannot_be_read_stops_nothing(
    project: AlembicProject, caplog: pytest.LogCaptureFixture
) -> None:
    service(project).create_backup()
    (state_dir(project) / "guard-default.json").write_text("{")
    assert service(project).guard(python(""))
    assert "cannot be read" in caplog.text


def test_secrets_of_a_command_are_kept_nowhere(project: AlembicProject) -> None:
    command = (*python("raise SystemExit(1)"), "postgresql://app:hush@db/shop", "--token", "hush")
    result = service(project).guard(command, keep=True)
    found = note(project)
    assert found is not None
    (made,) = service(project).list_backups()
    shown = f"{result.command} {found.command} {made.description}"
    assert "hush" not in shown
    assert "'postgresql://app:***@db/shop' --token ***" in shown


def test_a_signal_that_ends_the_command_is_its_exit_code(project: AlembicProject) -> None:
    code = f"import os; os.kill(os.getpid(), {int(signal.SIGTERM)})"
    assert service(project).guard(python(code)).exit_code == 128 + signal.SIGTERM
    assert shlex.split(service(project).guard(["true"]).command) == ["true"]


@pytest.mark.parametrize("lacking", ["room", "rights"])
def test_where_the_data_could_not_be_brought_back_nothing_is_run(
    lacking: str, project: AlembicProject
) -> None:
    """I13: the way back is looked at before the first step that may destroy."""
    marker, command = marked(project)
    with small_disk(size_bytes=2 << 20) as disk:
        database = disk / "app.db"
        shutil.copy(project.database, database)
        guarded = service(project, database_url=f"sqlite:///{database}")
        if lacking == "room":
            fill(disk)
            with pytest.raises(NotEnoughSpace, match="to stage the restore"):
                guarded.guard(command)
        else:
            remount(disk, "ro")
            with pytest.raises(GuardRefused, match="cannot be written to"):
                guarded.guard(command)
    assert not marker.exists()
    assert note(project) is None
