"""Sources that are named one by one: what cannot be meant is refused before anything is done."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from holdfast import BackupService
from holdfast.errors import UsageError
from tests.operations.application import Application


def ways(service: BackupService, application: Application, tmp_path: Path) -> dict[str, Any]:
    """Return every way to name sources."""
    archive = service.export_backup("latest", tmp_path / "a.zip")
    return {
        "in place": lambda names: service.restore_backup("latest", sources=names),
        "dry run": lambda names: service.restore_backup("latest", sources=names, dry_run=True),
        "archive": lambda names: service.restore_archive(archive, sources=names),
        "archive on a new machine": lambda names: application.service(
            backup_dir=tmp_path / "none"
        ).restore_archive(archive, sources=names),
        "guard": lambda names: service.guard(
            [sys.executable, "-c", f"open({str(tmp_path / 'ran')!r}, 'w')"], sources=names
        ),
        "into": lambda names: service.restore_backup(
            "latest", sources=names, into=tmp_path / "out"
        ),
    }


def test_a_mistyped_name_is_answered_by_the_nearest_and_all_there_are(
    application: Application, tmp_path: Path
) -> None:
    service = application.service()
    service.create_backup()
    before = application.state()
    application.add_events(1)
    changed = application.state()
    for name, choose in ways(service, application, tmp_path).items():
        with pytest.raises(
            UsageError, match=r"has no Thumbnals; did you mean thumbnails\?"
        ) as said:
            choose(["app", "Thumbnals"])
        assert said.value.hint == "It has app, settings, thumbnails.", name
    with pytest.raises(UsageError, match=r"has no xyz$"):
        service.restore_backup("latest", sources=["xyz"])
    assert application.state() == changed
    assert len(service.list_backups()) == 1
    assert {path.name for path in tmp_path.iterdir()}.isdisjoint({"ran", "out", "none"})
    service.restore_backup("latest", sources=["files/thumbnails", "app"])
    assert application.state() == before


def test_a_name_that_only_one_of_backup_and_plan_has_is_said_to_be_so(
    application: Application,
) -> None:
    application.service(directories={}).create_backup()
    with pytest.raises(UsageError, match=r"backup_\w+ holds no thumbnails"):
        application.service().restore_backup("latest", sources=["app", "thumbnails"])
    application.service().create_backup()
    with pytest.raises(UsageError, match="thumbnails is in the backup") as said:
        application.service(directories={}).restore_backup("latest", sources=["thumbnails"])
    assert "--into" in (said.value.hint or "")
