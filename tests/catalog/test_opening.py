"""Where the catalog is, who may read it, and what is said when it cannot be used."""

from __future__ import annotations

import secrets
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.catalog import CatalogDatabase
from holdfast.errors import CatalogError, ConfigError, MissingExtra
from holdfast.models.backup import Trigger
from holdfast.models.job import JobKind
from tests.rig.daemon import free_port
from tests.rig.disk import as_nobody, fill, remount, small_disk
from tests.rig.postgresql import PostgresDatabase, Role

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "catalog.db"


@pytest.fixture
def database(path: Path) -> Iterator[CatalogDatabase]:
    made = CatalogDatabase(f"sqlite:///{path}")
    yield made
    made.close()


def use(database: CatalogDatabase) -> None:
    database.jobs.add(plan="app", kind=JobKind.BACKUP, trigger=Trigger.MANUAL_API)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_naming_a_catalog_touches_nothing(database: CatalogDatabase, path: Path) -> None:
    assert database.path == path
    assert database.name == str(path)
    assert not path.parent.exists()


def test_only_its_owner_can_read_it(database: CatalogDatabase, path: Path) -> None:
    """The file, its directory, and the journal that it has while it is written."""
    with database.writing() as session:
        from holdfast.catalog.schema import FactRow

        session.add(FactRow(key="a", value=1, updated_at=database.clock.now()))
        session.flush()
        modes = {each.name: mode(each) for each in path.parent.iterdir()}
    assert modes == {"catalog.db": 0o600, "catalog.db-journal": 0o600}
    assert mode(path.parent) == 0o700


def test_the_directories_above_it_are_their_owners_too(tmp_path: Path) -> None:
    """The one above may be the repository, of which the catalog is the first to be made."""
    repository = tmp_path / "backups"
    made = CatalogDatabase.beside(repository / "holdfast")
    use(made)
    made.close()
    assert mode(repository) == 0o700


def test_a_file_that_others_can_read_is_closed_to_them(
    database: CatalogDatabase, path: Path
) -> None:
    path.parent.mkdir()
    path.touch(mode=0o644)
    use(database)
    assert mode(path) == 0o600


def test_it_uses_a_rollback_journal(database: CatalogDatabase, path: Path) -> None:
    """WAL can be corrupted by SQLite before 3.51.3, and leaves files beside."""
    use(database)
    assert [each.name for each in path.parent.iterdir()] == ["catalog.db"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("pragma journal_mode").fetchone() == ("delete",)


@pytest.mark.parametrize("name", ["o'ne?x=1#a%20 b", "ä\U0001f98a", "a;b&c"])
def test_any_path_can_hold_one(tmp_path: Path, name: str) -> None:
    database = CatalogDatabase.beside(tmp_path / name)
    use(database)
    assert (tmp_path / name / "catalog.db").exists()
    database.close()


def test_opening_again_is_harmless(database: CatalogDatabase) -> None:
    """Also after it was closed."""
    database.open()
    database.open()
    database.close()
    database.close()
    use(database)


def test_a_lost_catalog_is_made_anew(database: CatalogDatabase, path: Path) -> None:
    """Also under the hands of a server that has it open."""
    use(database)
    path.unlink()
    assert database.jobs.list() == ([], 0)
    use(database)
    assert database.jobs.list()[1] == 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "no url",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql+pymysql://root:hunter2@localhost/app",
        "postgresql://root:hunter2@localhost:port/app",
    ],
)
def test_what_cannot_be_a_catalog_is_refused(url: str) -> None:
    """When it is named, and without its password."""
    with pytest.raises(ConfigError) as caught:
        CatalogDatabase(url)
    assert "hunter2" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_postgresql_is_reached_by_its_usual_names(
    postgres_database: PostgresDatabase, scheme: str
) -> None:
    rest = postgres_database.url.partition("://")[2]
    database = CatalogDatabase(f"{scheme}://{rest}")
    use(database)
    assert "***" in database.name
    database.close()


def refused(database: CatalogDatabase) -> CatalogError:
    """Use the catalog in several ways; each is refused, by an error of ours with a hint."""
    attempts: list[Callable[[], object]] = [
        lambda: use(database),
        lambda: database.facts.put("a", 1),
        lambda: database.audit.add(actor=None, action="a", outcome="done"),
    ]
    found = []
    for attempt in attempts:
        with pytest.raises(CatalogError) as caught:
            attempt()
        found.append(caught.value)
    assert len({(error.message, error.hint) for error in found}) == 1
    assert type(found[0]) is CatalogError
    return found[0]


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """And when there is space again it goes on, with all that it had."""
    with small_disk() as disk:
        database = CatalogDatabase.beside(disk)
        use(database)
        ballast = fill(disk)
        error = refused(database)
        assert error.message.endswith("cannot be used: database or disk is full")
        assert error.hint == "Free disk space; nothing of the catalog is lost by it."
        assert database.jobs.list()[1] == 1
        ballast.unlink()
        use(database)
        assert database.jobs.list()[1] == 2
        database.close()


def test_a_full_disk_holds_no_new_catalog() -> None:
    with small_disk() as disk:
        fill(disk)
        error = refused(CatalogDatabase.beside(disk / "state"))
        assert error.hint == "Free disk space; nothing of the catalog is lost by it."


def test_a_read_only_medium_is_said(tmp_path: Path) -> None:
    """What is on it can still be read."""
    with small_disk() as disk:
        database = CatalogDatabase.beside(disk)
        use(database)
        remount(disk, "ro")
        error = refused(database)
        assert error.message.endswith("cannot be used: attempt to write a readonly database")
        assert "write" in (error.hint or "")
        assert database.jobs.list()[1] == 1
        database.close()
        error = refused(CatalogDatabase.beside(disk / "new"))
        assert error.message.endswith("cannot be used: the file system is read-only")


def test_a_directory_of_somebody_else_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "state").mkdir(mode=0o700)
    with as_nobody():
        error = refused(CatalogDatabase.beside(tmp_path / "state"))
    assert error.message.endswith("cannot be used: Permission denied")
    assert "write" in (error.hint or "")


@pytest.mark.parametrize("size", [100, 5000])
def test_a_file_that_is_no_database_is_left_as_it_is(
    database: CatalogDatabase, path: Path, size: int
) -> None:
    path.parent.mkdir()
    content = secrets.token_bytes(size)
    path.write_bytes(content)
    error = refused(database)
    assert "holdfast catalog rebuild" in (error.hint or "")
    assert path.read_bytes() == content


def test_a_damaged_one_is_said(database: CatalogDatabase, path: Path) -> None:
    use(database)
    content = bytearray(path.read_bytes())
    content[4096:] = secrets.token_bytes(len(content) - 4096)
    path.write_bytes(content)
    error = refused(database)
    assert "holdfast catalog rebuild" in (error.hint or "")


def test_a_server_that_is_not_there_is_said() -> None:
    database = CatalogDatabase(f"postgresql://app:hunter2@127.0.0.1:{free_port()}/app")
    error = refused(database)
    assert "Connection refused" in error.message
    assert error.hint == "See that the database server runs and lets this user in."
    assert "hunter2" not in error.message


def test_a_wrong_password_is_said_and_not_shown(
    postgres_database: PostgresDatabase, new_postgres_role: Callable[..., Role]
) -> None:
    role = Role(new_postgres_role().name, "hunter2")
    error = refused(CatalogDatabase(postgres_database.url_for(role)))
    assert "password authentication failed" in error.message
    assert "hunter2" not in str(error) + repr(error.__cause__)


def test_a_user_without_rights_is_said(
    postgres_database: PostgresDatabase, new_postgres_role: Callable[..., Role]
) -> None:
    database = CatalogDatabase(postgres_database.url_for(new_postgres_role()))
    error = refused(database)
    assert "permission denied" in error.message
    database.close()


def test_a_server_that_went_away_is_used_again_when_it_is_back(
    postgres_database: PostgresDatabase,
) -> None:
    """Connections that it ended are not noticed by anybody."""
    database = CatalogDatabase(postgres_database.url)
    use(database)
    postgres_database.server.end_connections(postgres_database.name)
    use(database)
    assert database.jobs.list()[1] == 2
    database.close()


def test_no_error_shows_what_was_written(database: CatalogDatabase) -> None:
    """SQLAlchemy's own would show statements with their values."""
    from holdfast.catalog.schema import FactRow

    def write() -> None:
        with database.writing() as session:
            for _ in range(2):
                now = database.clock.now()
                session.add(FactRow(key="hunter2", value="hunter2", updated_at=now))
                session.flush()
                session.expunge_all()

    with pytest.raises(CatalogError) as caught:
        write()
    assert "hunter2" not in caught.value.message


DOOR = """
import sys, holdfast.catalog
holdfast.catalog.RunLog, holdfast.catalog.include_name, holdfast.catalog.Claim
heavy = {"sqlalchemy", "alembic"} & set(sys.modules)
assert not heavy, heavy
sys.modules["sqlalchemy"] = None
from holdfast.errors import MissingExtra
try:
    holdfast.catalog.CatalogDatabase
except MissingExtra as error:
    print(error.hint)
"""


def test_the_door_is_light() -> None:
    """The log of runs needs no SQLAlchemy; who needs it and lacks it is told what to install."""
    done = subprocess.run(
        [sys.executable, "-c", DOOR], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "pip install 'holdfast[jobs]'\n"
    assert MissingExtra.http_status == 501


def test_every_name_of_the_door_is_there() -> None:
    import holdfast.catalog as door

    assert all(getattr(door, name).__doc__ for name in door.__all__)
    assert sorted(door.__all__) == list(door.__all__)
