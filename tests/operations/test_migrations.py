"""A restore meets code that expects another schema (R21): refused, migrated first, or taken."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from holdfast import BackupService
from holdfast.errors import ConfigError, HoldfastError, RestoreError, SchemaMismatch
from holdfast.operations.commands import spelled
from holdfast.operations.migrations import OtherSchema, parse_head
from tests.rig.alembic_project import GOOD, HALFWAY, KILLED, AlembicProject

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
        "migration_head_command": project.heads,
        "migration_upgrade_command": project.upgrade,
    }
    return BackupService(**{**given, **options})


@pytest.fixture
def released(project: AlembicProject) -> tuple[AlembicProject, str]:
    """A project with a backup at `a1`, whose code and live data are at `b2` since."""
    backup_id = service(project).create_backup().backup_id
    project.add_revision("b2", "a1", GOOD)
    project.migrate()
    return project, backup_id


def leftovers(project: AlembicProject) -> list[Path]:
    return [path for path in (project.root / "data").iterdir() if path != project.database]


def test_a_backup_at_the_schema_of_the_code_is_restored_without_a_word(
    project: AlembicProject,
) -> None:
    made = service(project).create_backup()
    assert made.schema_version == "a1"
    project.execute("delete from users")
    result = service(project).restore_backup(made.backup_id)
    assert result.warnings == ()
    assert len(project.rows("select * from users")) == 3


def test_another_schema_is_refused_with_both_heads_named(
    released: tuple[AlembicProject, str],
) -> None:
    """R21: before anything is staged; the ways on are in the hint."""
    project, backup_id = released
    live = project.state()
    with pytest.raises(SchemaMismatch, match=r"schema version a1, .* expects b2") as caught:
        service(project).restore_backup(backup_id)
    assert "--migrate" in (caught.value.hint or "")
    assert "--any-schema" in (caught.value.hint or "")
    assert project.state() == live
    assert leftovers(project) == []
    with pytest.raises(SchemaMismatch):
        service(project).restore_backup(backup_id, dry_run=True)


def test_what_the_application_says_counts_before_any_command(
    released: tuple[AlembicProject, str],
) -> None:
    project, backup_id = released
    told = service(project, schema_version=lambda: "c3")
    with pytest.raises(SchemaMismatch, match="expects c3"):
        told.restore_backup(backup_id)
    old_code = service(project, schema_version=lambda: "a1")
    assert old_code.restore_backup(backup_id).warnings == ()


def test_a_backup_before_a_migration_is_of_the_schema_of_its_data(project: AlembicProject) -> None:
    """The code that makes the backup may be the new one already."""
    made = service(project, schema_version=lambda: "b2").create_backup()
    assert made.schema_version == "a1"


def test_it_is_taken_as_it_is_where_somebody_says_so(released: tuple[AlembicProject, str]) -> None:
    project, backup_id = released
    result = service(project).restore_backup(backup_id, other_schema=OtherSchema.TAKE)
    assert any("a1" in each and "b2" in each for each in result.warnings)
    assert project.rows("select * from alembic_version") == [("a1",)]
    again = service(project).undo()
    assert again
    assert project.rows("select * from alembic_version") == [("b2",)]


def test_it_is_migrated_before_it_is_put_in_place(released: tuple[AlembicProject, str]) -> None:
    """R21: by the host's own command, on the staged database; then checked, then swapped."""
    project, backup_id = released
    project.execute("delete from users")
    result = service(project).restore_backup(backup_id, other_schema=OtherSchema.MIGRATE)
    assert project.rows("select name, email from users where id = 1") == [
        ("ann", "ann@example.org")
    ]
    assert project.rows("select * from alembic_version") == [("b2",)]
    names = [check.name for check in result.checks]
    assert names.index("table counts") < names.index("migration")
    assert "integrity after the migration" in names
    assert leftovers(project) == []
    service(project).undo()
    assert project.rows("select count(*) from users") == [(0,)]


def test_a_dry_run_says_what_would_be_migrated_and_does_not(
    released: tuple[AlembicProject, str],
) -> None:
    project, backup_id = released
    marker = project.root / "ran"
    command = (sys.executable, "-c", f"open({str(marker)!r}, 'w')")
    planned = service(project, migration_upgrade_command=command).restore_backup(
        backup_id, dry_run=True, other_schema=OtherSchema.MIGRATE
    )
    assert any("a1 -> b2" in change.detail for change in planned.changes)
    assert not marker.exists()


@pytest.mark.parametrize("body", [HALFWAY, KILLED], ids=["fails", "killed"])
def test_a_migration_that_fails_changes_nothing(body: str, project: AlembicProject) -> None:
    backup_id = service(project).create_backup().backup_id
    project.add_revision("b2", "a1", body)
    project.execute("insert into users (name) values ('zoe')")
    live = project.state()
    with pytest.raises(RestoreError, match="on the restored database; nothing was changed"):
        service(project).restore_backup(backup_id, other_schema=OtherSchema.MIGRATE)
    assert project.state() == live
    assert leftovers(project) == []


def test_a_backup_of_a_newer_release_cannot_be_migrated_back(
    released: tuple[AlembicProject, str],
) -> None:
    """R21: the code does not know the revision that the data are at."""
    project, _ = released
    newer = service(project).create_backup().backup_id
    project.remove_revision("b2")
    live = project.state()
    with pytest.raises(SchemaMismatch, match=r"b2, .* expects a1"):
        service(project).restore_backup(newer)
    with pytest.raises(RestoreError):
        service(project).restore_backup(newer, other_schema=OtherSchema.MIGRATE)
    assert project.state() == live


def test_a_command_that_migrates_something_else_is_noticed(
    released: tuple[AlembicProject, str],
) -> None:
    """What counts is the version in the staged database, not the exit code."""
    project, backup_id = released
    idle = service(project, migration_upgrade_command=(sys.executable, "-c", ""))
    live = project.state()
    with pytest.raises(SchemaMismatch, match="at schema version a1"):
        idle.restore_backup(backup_id, other_schema=OtherSchema.MIGRATE)
    assert project.state() == live


def test_a_migration_that_breaks_references_changes_nothing(project: AlembicProject) -> None:
    project.execute("create table orders (user integer references users (id))")
    project.execute("insert into orders values (1)")
    backup_id = service(project).create_backup().backup_id
    project.add_revision("b2", "a1", "    run('delete from users where id = 1')")
    live = project.state()
    with pytest.raises(RestoreError, match="foreign keys after the migration"):
        service(project).restore_backup(backup_id, other_schema=OtherSchema.MIGRATE)
    assert project.state() == live


@pytest.mark.parametrize(
    ("code", "says"),
    [("raise SystemExit(3)", "exit code 3"), ("", "printed no schema version")],
    ids=["fails", "says nothing"],
)
def test_a_head_that_cannot_be_told_stops_the_restore(
    code: str, says: str, project: AlembicProject
) -> None:
    backup_id = service(project).create_backup().backup_id
    broken = service(project, migration_head_command=(sys.executable, "-c", code))
    with pytest.raises(ConfigError, match=says):
        broken.restore_backup(backup_id)
    assert broken.restore_backup(backup_id, other_schema=OtherSchema.TAKE)


def test_migrating_needs_to_know_how_and_where_to(released: tuple[AlembicProject, str]) -> None:
    project, backup_id = released
    for lacking in ("migration_head_command", "migration_upgrade_command"):
        with pytest.raises(ConfigError, match="cannot be migrated"):
            service(project, **{lacking: ()}).restore_backup(
                backup_id, other_schema=OtherSchema.MIGRATE
            )


def test_without_anybody_to_tell_the_head_the_live_version_is_compared(
    released: tuple[AlembicProject, str],
) -> None:
    project, backup_id = released
    plain = service(project, migration_head_command=(), migration_upgrade_command=())
    result = plain.restore_backup(backup_id)
    assert any("a1" in each and "b2" in each for each in result.warnings)


def test_files_alone_are_restored_whatever_the_schema(
    released: tuple[AlembicProject, str],
) -> None:
    project, _ = released
    files = project.root / "files"
    files.mkdir()
    (files / "a").write_text("a")
    with_files = service(project, directories={"files": files})
    made = with_files.create_backup().backup_id
    (files / "a").unlink()
    project.remove_revision("b2")
    with pytest.raises(SchemaMismatch):
        with_files.restore_backup(made)
    assert with_files.restore_backup(made, sources=["files"])
    assert (files / "a").exists()


def test_django_is_asked_for_its_migrations(project: AlembicProject) -> None:
    """A bare database as Django leaves it, and what `showmigrations --plan` prints."""
    project.database.unlink()
    with closing(sqlite3.connect(project.database)) as database, database:
        database.executescript(
            "create table django_migrations (id integer primary key, app varchar(255) not null,"
            " name varchar(255) not null, applied datetime not null);"
            "insert into django_migrations (app, name, applied) values"
            " ('shop', '0001_initial', '2026'), ('auth', '0001_initial', '2026');"
        )
    plan = "[X]  auth.0001_initial\n[X]  shop.0001_initial\n"
    newer = plan + "[ ]  shop.0002_price (2 squashed migrations)\n"
    says = (sys.executable, "-c", f"print({plan!r})")
    backup_id = service(project, migration_head_command=says).create_backup().backup_id
    assert service(project, migration_head_command=says).restore_backup(backup_id).warnings == ()
    says = (sys.executable, "-c", f"print({newer!r})")
    migrate = (
        "import os, sqlite3\n"
        "path = os.environ['DATABASE_URL'].removeprefix('sqlite:///')\n"
        "assert os.environ['HOLDFAST_STAGED_URL'] == os.environ['DATABASE_URL']\n"
        "with sqlite3.connect(path) as database:\n"
        "    database.execute('create table price (amount)')\n"
        '    database.execute("insert into django_migrations (app, name, applied)"\n'
        "                     \" values ('shop', '0002_price', '2026')\")\n"
    )
    later = service(
        project,
        migration_head_command=says,
        migration_upgrade_command=(sys.executable, "-c", migrate),
    )
    with pytest.raises(SchemaMismatch, match=r"shop\.0001_initial, .*shop\.0002_price"):
        later.restore_backup(backup_id)
    later.restore_backup(backup_id, other_schema=OtherSchema.MIGRATE)
    assert project.rows("select count(*) from price") == [(0,)]


@pytest.mark.parametrize(
    ("output", "head"),
    [
        ("abc123 (head)\n", "abc123"),
        ("bbb (billing) (head)\naaa (head)\n", "aaa,bbb"),
        ("[X]  a.0001_x\n[ ]  a.0002_y\n", "django:a.0002_y"),
        ("loading settings\n42\n\n", "42"),
    ],
)
def test_what_commands_print_is_read_as_a_version(output: str, head: str) -> None:
    assert parse_head(output, ("x",)) == head


def test_a_command_is_shown_without_its_secrets(project: AlembicProject) -> None:
    backup_id = service(project).create_backup().backup_id
    command = "no-such-program postgresql://app:hush@db/shop --password hush PGPASSWORD=hush"
    broken = service(project, migration_head_command=command)
    with pytest.raises(HoldfastError) as caught:
        broken.restore_backup(backup_id)
    assert "hush" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (
            ["psql", "postgresql://u:p@ss@h/db?password=x&a=1"],
            "postgresql://u:***@h/db?password=***&a=1",
        ),
        (["x", "--api-key=abc", "PGPASSWORD=abc"], "x '--api-key=***' 'PGPASSWORD=***'"),
        (["x", "--db-password", "abc", "y"], "x --db-password *** y"),
        (["make", "migrate\nnow"], "make 'migrate now'"),
    ],
)
def test_a_command_is_spelled_in_one_line_without_secrets(command: list[str], shown: str) -> None:
    assert shown in spelled(command)


def test_a_long_command_is_cut() -> None:
    assert len(spelled(["x" * 1000])) == 200
