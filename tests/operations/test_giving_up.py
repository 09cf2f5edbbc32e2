"""Interrupted restores of which what it takes to settle them is gone: there is a way out."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from holdfast import BackupService, BackupType, RetentionPolicy
from holdfast.errors import RestoreInterrupted
from holdfast.operations.journal import GivenUp, Recovery, journals_aside, load_journal
from tests.operations.application import Application
from tests.operations.shop import Shop
from tests.rig.mariadb import identifier as mariadb_identifier
from tests.rig.postgresql import PostgresDatabase, identifier

_DIES_BEFORE_THE_DATABASE = """
import os, signal, sys
from holdfast.sources.sqlite.restore import SqliteStaged
from tests.operations.restoring import restore
SqliteStaged.swap = lambda self: os.kill(os.getpid(), signal.SIGKILL)
restore(sys.argv[1])
"""


def die(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=Path(__file__).parents[2], check=False, timeout=120
    )
    assert done.returncode == -signal.SIGKILL


def given_up(recovery: Recovery | None) -> GivenUp:
    assert recovery is not None
    assert recovery.given_up is not None
    assert not recovery.completed
    return recovery.given_up


@pytest.fixture
def stuck(application: Application) -> Application:
    """The files are swapped, the database is not, and what the files replaced was removed."""
    service = application.service(settings=None)
    service.create_backup()
    application.add_events(2)
    (application.thumbnails / "1.jpg").unlink()
    die("-c", _DIES_BEFORE_THE_DATABASE, str(application.root))
    (container,) = application.root.glob("data/.thumbnails.holdfast-*")
    shutil.rmtree(container)
    return application


def journal_of(root: Path) -> Path:
    return root / "backups" / "holdfast" / "restore-default.json"


def only_reads(service: BackupService) -> None:
    assert service.list_backups()
    assert service.get_backup("latest").backup_id
    assert service.get_backup_stats().total_backups
    assert service.check().ok


def writes(service: BackupService) -> Sequence[object]:
    return (
        service.create_backup,
        service.undo,
        lambda: service.restore_backup("latest"),
        lambda: service.guard([sys.executable, "-c", ""]),
        service.recover,
    )


@pytest.mark.parametrize("way", ["restore", "undo"])
def test_a_restore_that_cannot_be_settled_is_given_up_and_loses_nothing(
    stuck: Application, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """R17: the error names the way out; it says what is where, and how to go on."""
    service = stuck.service(settings=None)
    found, journal = stuck.state(), journal_of(stuck.root)
    written = journal.read_bytes()
    only_reads(service)
    assert "holdfast recover --give-up" in caplog.text
    for write in writes(service):
        with pytest.raises(RestoreInterrupted, match="what was staged is gone") as said:
            write()  # type: ignore[operator]
        assert "`holdfast recover --give-up`" in (said.value.hint or "")
    (safety,) = service.list_backups(backup_type=BackupType.PRE_RESTORE)
    decisions = service.plan_retention(RetentionPolicy(keep_last=1), force=True).decisions
    (decided,) = [each for each in decisions if each.backup.backup_id == safety.backup_id]
    assert "needed by undo" in decided.reasons
    assert (stuck.state(), journal.read_bytes()) == (found, written), "nothing was changed"

    recovery = service.recover(give_up=True)
    left = given_up(recovery)
    assert stuck.state() == found
    assert Path(left.journal).read_bytes() == written
    assert [Path(each).exists() for each in left.left] == [True] * len(left.left)
    assert any(Path(each).name.startswith("holdfast-restore-") for each in left.left)
    assert recovery is not None
    assert f"`holdfast restore {safety.backup_id}`" in recovery.sentence()
    assert service.recover() is None
    if way == "restore":
        service.restore_backup(safety.backup_id)
    else:
        assert service.undo().backup_id == safety.backup_id
    assert stuck.rows("select count(*) from events") == [(22,)]
    names = {path.name for path in stuck.thumbnails.iterdir()}
    assert names == {f"{number}.jpg" for number in range(2, 23)}
    service.create_backup()
    assert Path(left.journal).exists()


def test_a_restore_that_can_be_settled_is_not_given_up(application: Application) -> None:
    service = application.service(settings=None)
    service.create_backup()
    assert service.recover(give_up=True) is None
    application.add_events(2)
    before = application.state()
    die("-c", _DIES_BEFORE_THE_DATABASE, str(application.root))
    recovery = service.recover(give_up=True)
    assert recovery is not None
    assert recovery.given_up is None
    assert application.state() == before
    assert application.leftovers() == []


def test_a_journal_that_cannot_be_read_is_set_aside_as_it_is(application: Application) -> None:
    service = application.service(settings=None)
    made = service.create_backup()
    journal_of(application.root).write_text("not to be read")
    only_reads(service)
    with pytest.raises(RestoreInterrupted, match="cannot be read"):
        service.create_backup()
    left = given_up(service.recover(give_up=True))
    assert Path(left.journal).read_text() == "not to be read"
    assert service.restore_backup(made.backup_id)


def test_a_kept_database_that_was_removed_by_hand_is_no_dead_end(shop: Shop) -> None:
    """R17, R30: what is left of the restore stays until its journal is removed too."""
    service = shop.service()
    service.create_backup()
    shop.write("second")
    changed = shop.state()
    die("-m", "tests.operations.dying_shop", shop.server.url, str(shop.root), "4")
    quoted = identifier if isinstance(shop.server, PostgresDatabase) else mariadb_identifier
    for name in shop.server.relatives():
        if "_holdfast_old_" in name:
            shop.server.server.run(f"DROP DATABASE {quoted(name)}")
    with pytest.raises(RestoreInterrupted) as said:
        service.create_backup()
    assert "`holdfast recover --give-up`" in (said.value.hint or "")
    recovery = service.recover(give_up=True)
    left = given_up(recovery)
    assert any("_holdfast_" in each and "on the database server" in each for each in left.left)
    assert recovery is not None
    assert recovery.safety_backup_id is not None
    state_dir = journal_of(shop.root).parent
    assert load_journal(state_dir, "default") is None
    (aside,) = journals_aside(state_dir, "default")
    service.restore_backup(recovery.safety_backup_id)
    assert shop.state() == changed
    assert (service.list_kept(), service.drop_kept()) == ((), ())
    aside.unlink()
    assert service.drop_kept()
