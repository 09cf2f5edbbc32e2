"""Backups and restores while the application commits."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast import BackupService
from holdfast.repository import KdfParameters, Repository
from holdfast.stores import open_store
from tests.operations.committing import broken_invariants, last_acknowledged, prepare
from tests.rig.daemon import wait_until
from tests.rig.load import backups_under_load

BACKUPS = backups_under_load(50)
"""In each journal mode."""


@pytest.mark.parametrize("journal_mode", ["wal", "delete"])
def test_every_backup_under_load_restores_to_one_moment_with_all_acknowledged_commits(
    tmp_path: Path, journal_mode: str
) -> None:
    """R07: by the service, from the live database to a restored copy, again and again."""
    database, log, out = tmp_path / "app.db", tmp_path / "log", tmp_path / "out"
    prepare(database, journal_mode)
    log.touch()
    # A key that opens at once: each call of the service opens the repository.
    kdf = KdfParameters(n=2, r=1, p=1)
    Repository.create(open_store(str(tmp_path / "backups")), "secret", kdf=kdf)
    service = BackupService(
        f"sqlite:///{database}", tmp_path / "backups", "secret", scratch_dir=tmp_path / "scratch"
    )
    command = [sys.executable, "-m", "tests.operations.committing", str(database), str(log)]
    writer = subprocess.Popen(command)
    try:
        acknowledged = 0
        for _ in range(BACKUPS):
            goal = acknowledged + 1
            wait_until(lambda: last_acknowledged(log) >= goal, "a commit")  # noqa: B023  at once
            acknowledged = last_acknowledged(log)
            made = service.create_backup()
            service.restore_backup(made.backup_id, verify_first=False, into=out)
            assert broken_invariants(out / "database" / "app.db", acknowledged) == []
            shutil.rmtree(out)
        assert writer.poll() is None, "the application was disturbed"
    finally:
        writer.kill()
        writer.wait()
    assert broken_invariants(database, last_acknowledged(log)) == []
