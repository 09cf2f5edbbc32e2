"""A backup of a server's database, as SQL text that its stock client restores."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from holdfast import BackupService
from holdfast.errors import HoldfastError, UsageError
from tests.operations.application import PASSWORD, Application
from tests.operations.damaging import flip_first, spoil_file
from tests.rig.fingerprint import mariadb_fingerprint, postgres_fingerprint
from tests.rig.postgresql import PostgresDatabase
from tests.rig.servers import MariaDbDatabases, PostgresDatabases


def service_of(url: str, place: Path) -> BackupService:
    return BackupService(url, place / "backups", PASSWORD, scratch_dir=place / "scratch")


def unpacked(path: Path, target: Path) -> Path:
    target.write_bytes(gzip.decompress(path.read_bytes()))
    return target


def test_psql_restores_what_was_exported(
    features_postgres: PostgresDatabase,
    new_postgres_database: PostgresDatabases,
    tmp_path: Path,
) -> None:
    """All of it, and the same backup gives the same file."""
    service = service_of(features_postgres.url, tmp_path)
    service.create_backup()
    first = service.export_backup("latest", tmp_path / "first.sql.gz")
    second = service.export_backup("latest", tmp_path / "second.sql")
    again = service.export_backup("latest", tmp_path / "again.sql.gz")
    text = unpacked(first, tmp_path / "first.sql")
    # pg_restore puts a random word around the text, to keep psql from running what is in it.
    stable = [line for line in text.read_bytes().splitlines() if b"restrict" not in line]
    for other in (second, unpacked(again, tmp_path / "again.sql")):
        assert [
            line for line in other.read_bytes().splitlines() if b"restrict" not in line
        ] == stable
    fresh = new_postgres_database()
    fresh.server.load(text, fresh.name)
    assert postgres_fingerprint(fresh) == postgres_fingerprint(features_postgres)


def test_the_mariadb_client_restores_what_was_exported(
    new_mariadb_database: MariaDbDatabases, tmp_path: Path
) -> None:
    live, fresh = new_mariadb_database(), new_mariadb_database()
    live.run("CREATE TABLE t (id INT PRIMARY KEY, word TEXT)")
    live.run("INSERT INTO t VALUES (1, 'Grüße'), (2, NULL)")
    service = service_of(live.url, tmp_path)
    service.create_backup()
    path = service.export_backup("latest", tmp_path / "all.sql.gz")
    fresh.server.load(unpacked(path, tmp_path / "all.sql"), fresh.name)
    assert mariadb_fingerprint(fresh) == mariadb_fingerprint(live)


def test_a_dump_that_is_not_whole_gives_no_file(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    postgres_database.run("CREATE TABLE t AS SELECT generate_series(1, 5000) AS n")
    service = service_of(postgres_database.url, tmp_path)
    service.create_backup()
    root = next(iter(service.backup_manifest("latest")["contents"]))
    spoil_file(tmp_path / "backups", root, flip_first, seal=False)
    with pytest.raises(HoldfastError):
        service.export_backup("latest", tmp_path / "out.sql.gz")
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]


def test_no_file_gets_the_name_of_another_form(
    application: Application, postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    service = application.service()
    service.create_backup()
    with pytest.raises(UsageError, match="not SQL text"):
        service.export_backup("latest", tmp_path / "app.sql")
    server = service_of(postgres_database.url, tmp_path / "other")
    server.create_backup()
    with pytest.raises(UsageError, match="dump of a server"):
        server.export_backup("latest", tmp_path / "app.db.gz")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("app")]
