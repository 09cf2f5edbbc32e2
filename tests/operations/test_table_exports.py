"""Tables exported as JSON beside a database, and an application that moves to another engine."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from holdfast import BackupService, TablesOptions
from holdfast.errors import ConfigError
from tests.operations.application import PASSWORD, Application
from tests.rig.mariadb import MariaDbDatabase
from tests.rig.postgresql import PostgresDatabase


def service_of(application: Application, **options: Any) -> BackupService:
    return BackupService(
        f"sqlite:///{application.database}",
        application.repository,
        PASSWORD,
        scratch_dir=application.root / "scratch",
        **{"tables": ["*"], **options},
    )


def test_the_manifest_counts_each_table_and_has_its_checksum(
    application: Application, tmp_path: Path
) -> None:
    service = service_of(application)
    backup_id = service.create_backup().backup_id
    manifest = service.backup_manifest(backup_id)
    events = manifest["contents"]["events"]
    assert events["count"] == 20
    assert len(events["checksum"]) == 64
    assert manifest["total_records"] == 22  # not twice
    service.restore_backup(backup_id, into=tmp_path / "out")
    rows = json.loads((tmp_path / "out" / "tables" / "events.json").read_text())
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert len(rows) == 20


def test_a_backup_with_tables_verifies_drills_and_travels(
    application: Application, tmp_path: Path
) -> None:
    service = service_of(application)
    backup_id = service.create_backup().backup_id
    assert service.verify_backup(backup_id).verified
    drill = service.drill(backup_id, expect=["select count(*) = 20 from events"])
    assert drill.verified, drill.errors
    archive = tmp_path / "a.zip"
    service.export_backup(backup_id, archive)
    imported = service.import_archive(archive)
    assert service.backup_manifest(imported.backup_id)["contents"]["events"]["count"] == 20
    assert service.verify_backup(imported.backup_id).verified


def test_tables_come_back_with_the_database_that_they_are_of(application: Application) -> None:
    """They are written once, and not into the database that was just put in place."""
    service = service_of(application)
    backup_id = service.create_backup().backup_id
    before = application.rows("select * from events")
    application.add_events(3)
    result = service.restore_backup(backup_id)
    assert application.rows("select * from events") == before
    assert all(str(application.database) in change.target for change in result.changes)


def test_only_the_tables_go_back_where_they_are_named(application: Application) -> None:
    service = service_of(application)
    backup_id = service.create_backup().backup_id
    before = application.rows("select * from events")
    application.add_events(3)
    changed = application.rows("select * from events")
    service.restore_backup(backup_id, sources=["tables"])
    assert application.rows("select * from events") == before
    service.undo()
    assert application.rows("select * from events") == changed


@pytest.mark.parametrize("engine", ["postgres_database", "mariadb_database"])
def test_an_application_moves_to_a_server_and_back(
    application: Application, engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """SQLite to a server by one backup and one restore, and back by another."""
    target: PostgresDatabase | MariaDbDatabase = request.getfixturevalue(engine)
    service = service_of(application)
    backup_id = service.create_backup().backup_id
    before = application.rows("select id, title, thumbnail_path from events order by id")
    service.restore_backup(backup_id, to={"": target.url})
    moved = target.run("SELECT id, title, thumbnail_path FROM events ORDER BY id")
    assert [tuple(row) for row in moved] == before
    back = BackupService(
        None,
        tmp_path / "other",
        PASSWORD,
        scratch_dir=tmp_path / "scratch",
        tables=TablesOptions(database=target.url),
    )
    second = back.create_backup().backup_id
    path = tmp_path / "back.db"
    back.restore_backup(second, to={"": f"sqlite:///{path}"})
    import sqlite3

    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("select id, title, thumbnail_path from events order by id")
        assert rows.fetchall() == before


def test_tables_without_a_database_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="need a database"):
        BackupService(None, tmp_path, PASSWORD, tables=["events"])
