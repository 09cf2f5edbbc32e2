"""Deployments on a server: a failed migration is taken back, an older backup is migrated first."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from holdfast import BackupService
from holdfast.errors import SchemaMismatch
from tests.rig.alembic_project import AlembicProject
from tests.rig.mariadb import MariaDbDatabase
from tests.rig.postgresql import PostgresDatabase

DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
GOOD = """\
    op.add_column('users', sa.Column('email', sa.Text))
    run("update users set email = concat(name, '@example.org')")
"""
HALFWAY = """\
    run("update users set name = 'lost'")
    run("delete from users where id > 1")
    op.get_bind().commit()
    op.add_column('users', sa.Column('email', sa.Text))
    op.get_bind().commit()
    raise RuntimeError("the migration failed halfway")
"""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Code with migrations, and a live database at its first one.

    Attributes:
        url: As SQLAlchemy writes it, with its driver.
    """

    server: PostgresDatabase | MariaDbDatabase
    url: str
    project: AlembicProject

    def service(self, **options: Any) -> BackupService:
        return BackupService(
            self.url,
            self.project.root / "backups",
            "correct horse",
            scratch_dir=self.project.root / "scratch",
            **options,
        )

    def migrate(self) -> None:
        environment = {**os.environ, "DATABASE_URL": self.url}
        subprocess.run(
            self.project.upgrade,
            env=environment,
            check=True,
            stderr=subprocess.DEVNULL,
            timeout=600,
        )

    def users(self) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.server.run("SELECT * FROM users ORDER BY id")]


@pytest.fixture(params=sorted(DRIVERS))
def deployment(request: pytest.FixtureRequest, tmp_path: Path) -> Deployment:
    """A deployment on each engine."""
    name = {"postgresql": "postgres_database", "mysql": "mariadb_database"}[request.param]
    server = request.getfixturevalue(name)
    project = AlembicProject(tmp_path / "app")
    project.create()
    url = f"{DRIVERS[request.param]}://{server.url.partition('://')[2]}"
    made = Deployment(server, url, project)
    made.migrate()
    server.run("INSERT INTO users VALUES (1, 'ann'), (2, 'bob'), (3, 'eve')")
    return made


def test_a_migration_that_fails_halfway_is_taken_back(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R21: the data are what they were, though the migration had committed half of its work."""
    monkeypatch.setenv("DATABASE_URL", deployment.url)
    deployment.project.add_revision("b2", "a1", HALFWAY)
    before = deployment.users()
    result = deployment.service().guard(deployment.project.upgrade)
    assert result.brought_back
    assert deployment.users() == before
    assert deployment.server.run("SELECT version_num FROM alembic_version")[0][0] == "a1"


def test_a_migration_that_succeeds_stays(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", deployment.url)
    deployment.project.add_revision("b2", "a1", GOOD)
    result = deployment.service().guard(deployment.project.upgrade)
    assert result.exit_code == 0
    assert not result.brought_back
    assert deployment.users()[0] == (1, "ann", "ann@example.org")


def test_an_older_backup_is_refused_or_migrated_beside_the_live_data(
    deployment: Deployment,
) -> None:
    """R21: both heads are named; or the staged database is migrated, checked, and then swapped."""
    project = deployment.project
    service = deployment.service(
        migration_head_command=project.heads, migration_upgrade_command=project.upgrade
    )
    backup = service.create_backup()
    assert backup.schema_version == "a1"
    project.add_revision("b2", "a1", GOOD)
    deployment.migrate()
    deployment.server.run("DELETE FROM users")
    with pytest.raises(SchemaMismatch, match=r"a1.*b2"):
        service.restore_backup(backup.backup_id)
    assert deployment.users() == []
    from holdfast.operations.migrations import OtherSchema

    service.restore_backup(backup.backup_id, other_schema=OtherSchema.MIGRATE)
    assert [row[2] for row in deployment.users()] == [
        "ann@example.org",
        "bob@example.org",
        "eve@example.org",
    ]
    assert deployment.server.run("SELECT version_num FROM alembic_version")[0][0] == "b2"
    service.undo()
    assert deployment.users() == []
