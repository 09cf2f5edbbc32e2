"""What keeps the data of a server from coming back is found before the guarded command runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from holdfast import BackupService, TablesOptions
from holdfast.errors import GuardRefused
from tests.rig.mariadb import MariaDbDatabase, User
from tests.rig.postgresql import PostgresDatabase, Role
from tests.rig.servers import PostgresDatabases

HALFWAY = """
ALTER TABLE users ADD email text; UPDATE users SET name = 'lost';
CREATE TABLE orders (id int PRIMARY KEY, by_whom int REFERENCES users);
CREATE VIEW names AS SELECT id, name FROM users; CREATE TYPE mood AS ENUM ('good');
"""


def service_of(url: str | None, root: Path, **options: Any) -> BackupService:
    return BackupService(
        url, root / "backups", "correct horse", scratch_dir=root / "scratch", **options
    )


def failing(code: str) -> tuple[str, ...]:
    """Return a command that does something, and fails."""
    return (sys.executable, "-c", f"{code}\nraise SystemExit(3)")


@pytest.fixture
def in_place(
    new_postgres_database: PostgresDatabases, new_postgres_role: Callable[..., Role]
) -> tuple[PostgresDatabase, Role]:
    """A database whose role may make no other, so that it is restored in place."""
    role = new_postgres_role()
    made = new_postgres_database(owner=role.name)
    made.run("GRANT ALL ON SCHEMA public TO PUBLIC")
    made.run("CREATE TABLE users (id int PRIMARY KEY, name text)", user=role)
    made.run("INSERT INTO users VALUES (1, 'ann'), (2, 'bob')", user=role)
    return made, role


def test_what_a_failed_migration_made_is_gone_where_the_restore_is_in_place(
    in_place: tuple[PostgresDatabase, Role], tmp_path: Path
) -> None:
    """R21: a view on an old table would keep it from being replaced, a new one from a retry."""
    database, role = in_place
    url = database.url_for(role)
    migration = (
        f"import psycopg\nwith psycopg.connect({url!r}) as live:\n    live.execute({HALFWAY!r})"
    )
    result = service_of(url, tmp_path).guard(failing(migration))
    assert result.brought_back
    assert database.run("SELECT * FROM users ORDER BY id") == [(1, "ann"), (2, "bob")]
    found = database.run("SELECT relname FROM pg_class WHERE oid > 16384 AND relkind IN ('r', 'v')")
    assert found == [("users",)]
    database.run(HALFWAY, user=role)  # as the corrected migration would


def test_a_table_of_another_role_is_named_before_the_command_runs(
    in_place: tuple[PostgresDatabase, Role], tmp_path: Path
) -> None:
    """R21: with what to grant; a restore says the same, and not to take another backup."""
    database, role = in_place
    database.run("ALTER TABLE users OWNER TO postgres; GRANT ALL ON users TO PUBLIC")
    service = service_of(database.url_for(role), tmp_path)
    with pytest.raises(GuardRefused, match="users belongs to postgres") as caught:
        service.guard(failing(f"open({str(tmp_path / 'ran')!r}, 'w')"))
    hint = str(caught.value.hint)
    assert f'ALTER TABLE "public"."users" OWNER TO "{role.name}"' in hint
    assert not (tmp_path / "ran").exists()
    with pytest.raises(Exception, match="rights: users belongs to postgres") as refused:
        service.restore_backup("latest")
    assert getattr(refused.value, "hint", None) == hint


def test_triggers_on_exported_tables_are_named_before_the_command_runs(
    mariadb_database: MariaDbDatabase, tmp_path: Path
) -> None:
    """R21: they would act on the rows as these come back, so that they cannot."""
    mariadb_database.run("CREATE TABLE users (id INT PRIMARY KEY)")
    mariadb_database.run("CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW SET NEW.id = 1")
    tables = TablesOptions(database=mariadb_database.url)
    service = service_of(None, tmp_path, tables=tables)
    with pytest.raises(GuardRefused, match="users"):
        service.guard(failing(f"open({str(tmp_path / 'ran')!r}, 'w')"))
    assert not (tmp_path / "ran").exists()


def test_a_user_who_may_make_no_database_is_told_before_the_command_runs(
    mariadb_database: MariaDbDatabase, new_mariadb_user: Callable[..., User], tmp_path: Path
) -> None:
    """R21: what to grant; and asking leaves nothing on the server."""
    mariadb_database.run("CREATE TABLE users (id INT PRIMARY KEY)")
    base = mariadb_database.name.replace("_", "\\_")
    granted = [f"ALL ON `{base}`.*"]
    ran = tmp_path / "ran"
    service = service_of(mariadb_database.url_for(new_mariadb_user(grants=granted)), tmp_path)
    with pytest.raises(GuardRefused, match="may not make the database") as caught:
        service.guard(failing(f"open({str(ran)!r}, 'w')"))
    assert "GRANT ALL ON" in str(caught.value.hint)
    assert not ran.exists()
    user = new_mariadb_user(grants=[*granted, rf"ALL ON `{base}\_holdfast\_%`.*"])
    service = service_of(mariadb_database.url_for(user), tmp_path)
    assert service.guard((sys.executable, "-c", "")).exit_code == 0
    assert mariadb_database.relatives() == set()
