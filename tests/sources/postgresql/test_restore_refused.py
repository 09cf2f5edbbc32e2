"""What cannot be restored wholly is refused, and the live database stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.errors import Cancelled, HoldfastError, PathNotInBackup, RestoreError, TargetExists
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql import loading
from holdfast.sources.postgresql.stored import stored_dump
from tests.rig.daemon import wait_until
from tests.rig.postgresql import PostgresDatabase, Role, identifier
from tests.rig.servers import PostgresDatabases
from tests.sources.postgresql.restoring import (
    ROOT,
    Tree,
    backup_of,
    context_of,
    restore,
    source_at,
    staged,
)


@pytest.fixture(params=["one connection", "several connections"])
def _ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Load from a pipe, or from a file by several connections."""
    if request.param == "several connections":
        monkeypatch.setattr(loading, "PARALLEL_FROM_BYTES", 0)


@pytest.fixture
def database(new_postgres_database: PostgresDatabases) -> PostgresDatabase:
    made = new_postgres_database()
    made.run(
        "CREATE TABLE parents (id int PRIMARY KEY, body text);"
        "CREATE TABLE children (parent int REFERENCES parents);"
        "INSERT INTO parents SELECT i, 'the row number ' || i FROM generate_series(1, 99) i;"
        "INSERT INTO children SELECT id FROM parents"
    )
    return made


@pytest.fixture
def backup(database: PostgresDatabase, tmp_path: Path) -> Tree:
    tree = backup_of(database.url, tmp_path)
    database.run("DELETE FROM children")
    return tree


def refuse(
    database: PostgresDatabase, tree: Tree, folder: Path, match: str, **options: object
) -> HoldfastError:
    """Expect that staging fails, says so, and leaves nothing."""
    with (
        pytest.raises(HoldfastError, match=match) as caught,
        staged(source_at(database.url, **options), tree, folder),
    ):
        pytest.fail("it was staged")
    assert database.relatives() == set()
    assert database.run("SELECT count(*) FROM parents") == [(99,)]
    assert database.run("SELECT count(*) FROM children") == [(0,)]
    # The server notes the end of a session a moment after the client has left.
    wait_until(lambda: database.connections() == [], "the end of the session")
    return caught.value


@pytest.mark.usefixtures("_ways")
@pytest.mark.parametrize(
    ("right", "wrong", "match"),
    [
        (b"50\tthe row", b"51\tthe row", "could not create unique index"),
        (b"50\tthe row", b"xx\tthe row", "invalid input syntax"),
        (b"\0\0\x0050\n", b"\0\0\0-5\n", "violates foreign key"),
        (b"REFERENCES", b"REFERENCED", "syntax error"),
    ],
)
def test_anything_that_the_server_refuses_fails_the_restore(
    database: PostgresDatabase, backup: Tree, tmp_path: Path, right: bytes, wrong: bytes, match: str
) -> None:
    """R14: a row, a key, a constraint, a statement; by one connection and by several."""
    assert backup.content.count(right) == 1
    tree = backup.with_content(backup.content.replace(right, wrong))
    assert isinstance(refuse(database, tree, tmp_path, match), RestoreError)


@pytest.mark.usefixtures("_ways")
def test_a_whole_one_is_restored_either_way(
    database: PostgresDatabase, backup: Tree, tmp_path: Path
) -> None:
    restore(source_at(database.url), backup, tmp_path)
    assert database.run("SELECT count(*) FROM children") == [(99,)]


def test_counts_that_differ_from_the_manifest_fail_the_check(
    database: PostgresDatabase, backup: Tree, tmp_path: Path
) -> None:
    """R15: before anything live is touched."""
    entry = backup.manifest.contents[ROOT]
    entry.facts["row_counts"] = {"parents": 99, "children": 98, "gone": 1}
    with staged(source_at(database.url), backup, tmp_path) as stage:
        (failed,) = [each for each in stage.check() if each.failed]
    assert failed.name == "table counts"
    assert failed.detail == "children: 99 instead of 98; gone: no table instead of 1"


def test_a_role_that_is_missing_is_named_and_can_be_left_out(
    database: PostgresDatabase,
    new_postgres_role: Callable[..., Role],
    tmp_path: Path,
) -> None:
    """R13, R14: with a hint that helps."""
    role = new_postgres_role("gone \u00e4")
    database.run(f'ALTER TABLE children OWNER TO "{role.name}"')
    tree = backup_of(database.url, tmp_path)
    database.run("ALTER TABLE children OWNER TO postgres; DELETE FROM children")
    database.server.drop_role(role.name)
    error = refuse(database, tree, tmp_path, "the server has no role gone \u00e4")
    assert error.hint is not None
    assert "--no-owner" in error.hint
    restore(source_at(database.url, owner=False), tree, tmp_path)
    assert database.run("SELECT count(*) FROM children") == [(99,)]


def test_an_extension_that_is_missing_is_named(database: PostgresDatabase, tmp_path: Path) -> None:
    """R13, R14."""
    database.run("CREATE EXTENSION citext")
    tree = backup_of(database.url, tmp_path)
    database.run("DELETE FROM children")
    changed = tree.with_content(tree.content.replace(b"citext", b"citexx"))
    refuse(database, changed, tmp_path, "the server has no extension citexx")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"-- PostgreSQL database dump\n\\! touch /tmp/owned\n" * 9, "no dump of PostgreSQL"),
        (b"--\n-- PostgreSQL database dump\n--\n\nSET x = 0;\n" * 40, "no dump of PostgreSQL"),
        (b"\0" * 4096, "no dump of PostgreSQL"),
        (b"", "is not whole|no dump"),
    ],
)
def test_a_script_is_never_run(
    database: PostgresDatabase, backup: Tree, tmp_path: Path, content: bytes, match: str
) -> None:
    """Dumps are untrusted: only the custom format, by pg_restore."""
    database.run("DELETE FROM children")
    refuse(database, backup.with_content(content), tmp_path, match)


@pytest.mark.usefixtures("_ways")
def test_a_cancelled_restore_leaves_nothing(
    database: PostgresDatabase, backup: Tree, tmp_path: Path
) -> None:
    """R17, R38: no database, no session, no file."""
    cancel = CancellationToken()
    big = "INSERT INTO parents SELECT i, repeat('x', 1000) FROM generate_series(100, 9999) i"
    database.run(big)
    tree = backup_of(database.url, tmp_path)
    dying = Tree(tree.content, tree.manifest, lambda number: cancel.cancel() if number else None)
    context = context_of(
        dying, tmp_path, cancel=cancel, progress=lambda step: _cancel_at(step.step, cancel)
    )
    with pytest.raises(Cancelled), source_at(database.url).stage(context):
        pytest.fail("it was staged")
    assert database.relatives() == set()
    assert list(context.scratch_dir.iterdir()) == []


def _cancel_at(step: str, cancel: CancellationToken) -> None:
    if step.startswith("Loading") and loading.PARALLEL_FROM_BYTES == 0:
        cancel.cancel()


def test_a_target_that_holds_something_is_refused(
    database: PostgresDatabase, backup: Tree, tmp_path: Path
) -> None:
    """R20: only a new or an empty database is filled, and an empty one keeps what it is."""
    source = source_at(database.url)
    with (
        pytest.raises(TargetExists),
        staged(source, backup, tmp_path, only_new=True, keep_old=False),
    ):
        pytest.fail("it was staged")
    database.run("DROP TABLE children, parents; COMMENT ON DATABASE " + database.name + " IS 'x'")
    restore(source, backup, tmp_path, only_new=True, keep_old=False)
    assert database.run("SELECT count(*) FROM children") == [(99,)]
    assert database.relatives() == set()


def test_a_target_that_was_filled_meanwhile_is_left_as_it_is(
    database: PostgresDatabase, backup: Tree, tmp_path: Path
) -> None:
    """R20: it is looked at again when nobody can write into it any more."""
    source = source_at(database.url)
    database.run("DROP TABLE children, parents")
    with staged(source, backup, tmp_path, only_new=True, keep_old=False) as stage:
        database.run("CREATE TABLE precious (id int)")
        with pytest.raises(TargetExists):
            stage.swap()
    assert database.run("SELECT to_regclass('precious') IS NULL") == [(False,)]
    assert database.relatives() == set()


def test_a_database_that_is_not_there_is_made(
    database: PostgresDatabase, backup: Tree, tmp_path: Path
) -> None:
    """R25: also with some of the tables; an undo takes it away again."""
    server, name = database.server, f"{database.name}_new"
    source = source_at(server.url(name))
    with staged(source, backup, tmp_path, keep_previous=True) as stage:
        assert next(iter(stage.plan())).action == "create"
        assert [each for each in stage.check() if each.failed] == []
        stage.swap()
        assert name in server.databases()
        stage.undo()
    assert database.relatives() == set()
    some = {"tables": ("parents",), "only_new": True, "keep_old": False}
    restore(source, backup, tmp_path, **some)
    assert database.relatives() == {name}
    made = PostgresDatabase(server, name)
    assert made.run("SELECT count(*) FROM parents") == [(99,)]
    assert made.run("SELECT to_regclass('children')") == [(None,)]


@pytest.mark.parametrize("member_of", ["superuser", "pg_execute_server_program", None])
@pytest.mark.parametrize("tables", [(), ("parents",)])
def test_what_nobody_answers_for_is_not_restored_by_a_mighty_role(
    database: PostgresDatabase,
    backup: Tree,
    new_postgres_role: Callable[..., Role],
    tmp_path: Path,
    member_of: str | None,
    tables: tuple[str, ...],
) -> None:
    """I18: a dump runs functions as it is restored: as a superuser, programs of the server."""
    url = database.url
    if member_of != "superuser":
        role = new_postgres_role(createdb=True, member_of=[member_of] if member_of else [])
        database.run(f"ALTER DATABASE {identifier(database.name)} OWNER TO {role.name}")
        url = database.url_for(role)
    source = source_at(url, owner=False)
    ways = (source.stage, source.rehearse)
    for way in ways if member_of else ():
        context = context_of(backup, tmp_path, trusted=False, tables=tables)
        with pytest.raises(RestoreError, match="came from an archive") as caught, way(context):
            pytest.fail("it was restored")
        assert "--trust-dump" in (caught.value.hint or "")
    if not member_of:
        with source.rehearse(context_of(backup, tmp_path, trusted=False)) as restored:
            assert [each for each in restored.check() if each.failed] == []
    assert database.relatives() == set()


@pytest.mark.parametrize("forged", ["abc", [1], None, True, -1])
def test_counts_of_a_forged_manifest_are_none(backup: Tree, forged: object) -> None:
    """I18: what is no number says nothing of the rows."""
    backup.manifest.contents[ROOT].facts["row_counts"] = {"parents": forged}
    assert stored_dump(backup, ROOT).counts in (None, backup.manifest.table_counts)


def test_a_backup_without_the_database_is_refused(
    database: PostgresDatabase, backup: Tree, tmp_path: Path
) -> None:
    source = source_at(database.url)
    source.root = "database/other.dump"
    with pytest.raises(PathNotInBackup), staged(source, backup, tmp_path):
        pytest.fail("it was staged")
