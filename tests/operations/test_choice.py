"""Sources that are named one by one: what cannot be meant is refused before anything is done."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from holdfast import BackupService, SettingsTable
from holdfast.errors import UsageError
from tests.operations.application import Application
from tests.operations.shop import Shop


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


def test_settings_that_are_rows_of_a_table_are_not_restored_without_it(
    application: Application, tmp_path: Path
) -> None:
    """They would be said to be restored, and nothing would have changed."""
    service = application.service()
    service.create_backup()
    application.execute("update settings set value = 'light' where key = 'theme'")
    choices = ways(service, application, tmp_path)
    choices["path"] = lambda _: service.restore_backup("latest", paths=["settings.json"])
    choices.pop("into")(["settings"])
    assert (tmp_path / "out" / "settings.json").exists()
    for name, choose in choices.items():
        with pytest.raises(UsageError, match=r"come back with the table settings of app\.db") as it:
            choose(["settings", "thumbnails"])
        assert it.value.hint == "Choose --only app instead.", name
    assert len(service.list_backups()) == 1
    assert {path.name for path in tmp_path.iterdir()}.isdisjoint({"ran", "none"})
    service.restore_backup("latest", sources=["settings", "app"])
    assert ("theme", "dark") in application.rows("select * from settings")


def test_settings_of_a_read_only_provider_are_not_restored_alone(application: Application) -> None:
    service = application.service(settings=lambda: {"theme": "dark"})
    service.create_backup()
    with pytest.raises(UsageError, match="read-only provider"):
        service.restore_backup("latest", sources=["settings"])
    assert service.restore_backup("latest", sources=["settings", "app"])


def test_settings_of_a_server_come_back_by_what_the_refusal_says(shop: Shop) -> None:
    table = SettingsTable(table="settings", key="name", value="content")
    service = shop.service(settings=table)
    service.create_backup()
    shop.server.run("UPDATE settings SET content = 'light' WHERE name = 'theme'")
    shop.write("second")
    with pytest.raises(UsageError) as said:
        service.restore_backup("latest", sources=["settings"])
    assert said.value.hint == "Choose --only orders --table settings instead."
    service.restore_backup("latest", sources=["orders"], tables=["settings"])
    found = shop.server.run("SELECT content FROM settings WHERE name = 'theme'")
    assert [tuple(row) for row in found] == [("dark",)]
    assert shop.state()["orders"][-1][2] == "second"
