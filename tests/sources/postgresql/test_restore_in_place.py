"""Where the role may not create databases, the live one is replaced in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from holdfast.errors import DatabaseRefused, HoldfastError, LiveDataChanged, RestoreError
from holdfast.sources.base import Watched
from holdfast.sources.postgresql import staged_in_place
from holdfast.sources.postgresql.source import PostgresSource
from tests.rig.postgresql import PostgresDatabase, Role
from tests.rig.servers import PostgresDatabases
from tests.sources.postgresql.restoring import (
    ROOT,
    Tree,
    backup_of,
    context_of,
    die,
    source_at,
    staged,
)

OLD, NEW = [(50, "spoilt")], [(50, "row 1")]


@pytest.fixture
def role(new_postgres_role: Callable[..., Role]) -> Role:
    """The application's role, without the right to create databases."""
    return new_postgres_role()


@pytest.fixture
def database(new_postgres_database: PostgresDatabases, role: Role) -> PostgresDatabase:
    made = new_postgres_database(owner=role.name)
    made.run("GRANT ALL ON SCHEMA public TO PUBLIC")
    made.run(
        "CREATE TABLE parents (id serial PRIMARY KEY, body text NOT NULL);"
        "CREATE TABLE children (id int PRIMARY KEY, parent int NOT NULL REFERENCES parents);"
        "INSERT INTO parents (body) SELECT 'row ' || i FROM generate_series(1, 50) i;"
        "INSERT INTO children SELECT id, id FROM parents",
        user=role,
    )
    return made


@pytest.fixture
def source(database: PostgresDatabase, role: Role) -> PostgresSource:
    return source_at(database.url_for(role))


@pytest.fixture
def backup(database: PostgresDatabase, role: Role, tmp_path: Path) -> Tree:
    tree = backup_of(database.url_for(role), tmp_path)
    spoil = "DELETE FROM children; UPDATE parents SET body = 'spoilt'; CREATE TABLE late ()"
    database.run(spoil, user=role)
    return tree


def bodies(database: PostgresDatabase) -> list[tuple[object, ...]]:
    return database.run("SELECT count(*), min(body) FROM parents")


def test_it_is_said_beforehand_and_done_in_one_transaction(
    database: PostgresDatabase, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R18: what the backup has comes back, what it does not have stays, and the plan says so."""
    with staged(source, backup, tmp_path) as stage:
        (warning,) = [each.detail for each in stage.plan() if each.action == "skip"]
        assert "may not create databases" in warning
        assert "late" in warning
        assert [each for each in stage.check() if not each.passed] == []
        assert bodies(database) == OLD
        stage.swap()
        assert stage.kept() == {}
    assert bodies(database) == NEW
    assert database.run("SELECT count(*) FROM late") == [(0,)]
    assert database.relatives() == set()


def test_an_undo_puts_back_what_was_there(
    database: PostgresDatabase, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R17: also tables that the backup brought are gone again."""
    database.run("DROP TABLE children")
    with staged(source, backup, tmp_path, keep_previous=True) as stage:
        stage.swap()
        assert database.run("SELECT count(*) FROM children") == [(50,)]
        stage.undo()
    assert bodies(database) == OLD
    assert database.run("SELECT to_regclass('children')") == [(None,)]


def test_writers_are_held_off_and_a_write_before_is_noticed(
    database: PostgresDatabase, role: Role, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R18: between the safety backup and the swap no write is lost without a word."""
    with staged(source, backup, tmp_path) as stage:
        assert isinstance(stage, Watched)
        before = stage.live_version()
        assert stage.live_version() == before
        database.run("UPDATE parents SET body = 'written' WHERE id = 1", user=role)
        assert stage.live_version() != before
        stage.expect_unchanged_since(before)
        with stage.hold_writers():
            with pytest.raises(Exception, match="read-only transaction"):
                database.run("DELETE FROM parents", user=role)
            with pytest.raises(LiveDataChanged):
                stage.swap()
            stage.expect_unchanged_since(stage.live_version())
            stage.swap()
    database.run("INSERT INTO parents (body) VALUES ('again')", user=role)
    assert (
        database.run(
            "SELECT setconfig FROM pg_db_role_setting s, pg_database d"
            f" WHERE d.oid = setdatabase AND datname = '{database.name}'"
        )
        == []
    )


def test_a_pool_that_connected_meanwhile_may_write_again(
    database: PostgresDatabase, role: Role, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R18: a session that began while writers were held off would only read, for ever."""
    with staged(source, backup, tmp_path) as stage:
        assert isinstance(stage, Watched)
        with stage.hold_writers():
            pooled = psycopg.connect(database.url_for(role), autocommit=True)
        with pooled, pytest.raises(psycopg.OperationalError):
            pooled.execute("SELECT 1")
    database.run("UPDATE parents SET body = 'again'", user=role)


@pytest.mark.parametrize("moment", ["saved", "loading"])
def test_a_write_during_the_swap_is_noticed_or_refused(
    database: PostgresDatabase,
    source: PostgresSource,
    backup: Tree,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    """R18: by a session that nobody may end, after what is live was saved."""
    name = {"saved": "save_live", "loading": "load_in_place"}[moment]
    original = getattr(staged_in_place, name)
    refused = []

    def write_then(*arguments: object) -> None:
        if moment == "saved":
            original(*arguments)
        try:
            database.run("UPDATE parents SET body = 'acknowledged'")
        except psycopg.errors.ObjectInUse as error:
            refused.append(str(error))
        if moment == "loading":
            original(*arguments)

    monkeypatch.setattr(staged_in_place, name, write_then)
    with staged(source, backup, tmp_path) as stage:
        if moment == "saved":
            with pytest.raises(LiveDataChanged):
                stage.swap()
            assert bodies(database) == [(50, "acknowledged")]
            return
        stage.swap()
    assert "a restore is replacing this table" in refused[0]
    assert bodies(database) == NEW
    database.run("UPDATE parents SET body = 'again'")


def test_a_crash_while_writers_are_held_does_not_hold_them_for_ever(
    database: PostgresDatabase, role: Role, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R17: the sweep of that restore lets them write again, as it was set before."""
    database.run(f'ALTER DATABASE "{database.name}" SET default_transaction_read_only TO off')
    context = context_of(backup, tmp_path)
    with source.stage(context) as stage:
        assert isinstance(stage, Watched)
        hold = stage.hold_writers()
        hold.__enter__()
    source.sweep("0123456789ab", context.scratch_dir)
    with pytest.raises(Exception, match="read-only transaction"):
        database.run("DELETE FROM parents", user=role)
    source.sweep(context.token, context.scratch_dir)
    database.run("UPDATE parents SET body = 'written'", user=role)
    del hold
    settings = database.run(
        "SELECT setconfig FROM pg_db_role_setting s, pg_database d"
        f" WHERE d.oid = setdatabase AND datname = '{database.name}'"
    )
    assert settings == [(["default_transaction_read_only=off"],)]


def test_a_server_that_is_lost_while_writers_are_held_is_not_forgotten(
    database: PostgresDatabase,
    role: Role,
    source: PostgresSource,
    backup: Tree,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """R17: it would let sessions only read for ever; it is said, and the sweep releases them."""
    context = context_of(backup, tmp_path)
    with source.stage(context) as stage:
        assert isinstance(stage, Watched)
        with stage.hold_writers():
            database.server.stop()
    assert context.hold.left == {ROOT}
    assert "RESET default_transaction_read_only" in caplog.text
    with pytest.raises(HoldfastError):
        source.sweep(context.token, context.scratch_dir)
    database.server.start()
    with pytest.raises(Exception, match="read-only transaction"):
        database.run("DELETE FROM children", user=role)
    source.sweep(context.token, context.scratch_dir)
    database.run("DELETE FROM children", user=role)


def test_what_cannot_be_dropped_is_found_before_anything_is_done(
    database: PostgresDatabase, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R14, R15: a table of another role, and one that refers to what would be dropped."""
    database.run(
        "ALTER TABLE late ADD parent int REFERENCES parents; ALTER TABLE children OWNER TO postgres"
    )
    with staged(source, backup, tmp_path) as stage:
        failed = {each.name: each.detail for each in stage.check() if not each.passed}
        assert failed == {
            "rights": "children belongs to postgres",
            "references": "late, which the backup does not have, refers to parents",
        }
        with pytest.raises(HoldfastError):
            stage.swap()
    assert bodies(database) == OLD


def test_what_a_later_migration_built_on_it_is_named_beforehand(
    database: PostgresDatabase, role: Role, source: PostgresSource, tmp_path: Path
) -> None:
    """R14, R15: views, functions and types; but not what comes back, or goes with its table."""
    database.run(
        "CREATE TYPE mood AS ENUM ('good'); CREATE VIEW kept AS SELECT * FROM parents;"
        "CREATE FUNCTION twice(n int, more mood[]) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';"
        "CREATE TABLE moods (m mood, n int DEFAULT twice(1, '{}'))",
        user=role,
    )
    tree = backup_of(database.url_for(role), tmp_path)
    database.run("ALTER TABLE children ADD more serial; CREATE INDEX ON parents (body)", user=role)
    with staged(source, tree, tmp_path) as stage:
        assert [each for each in stage.check() if not each.passed] == []
    database.run(
        'CREATE VIEW "a view" AS SELECT * FROM parents; CREATE TABLE late (m mood[]);'
        "CREATE VIEW top AS SELECT * FROM \"a view\"; CREATE VIEW two AS SELECT twice(1, '{}')",
        user=role,
    )
    with staged(source, tree, tmp_path) as stage:
        (failed,) = [each for each in stage.check() if not each.passed]
    built = ("view public.a view", "table public.late", "view public.two")
    on = ("table public.parents", "type public.mood", "function public.twice(integer, mood[])")
    assert failed.name == "dependents"
    for what, below in zip(built, on, strict=True):
        assert f"the {what}, which the backup does not have, depends on the" in failed.detail
        assert below.replace("mood[]", "public.mood[]") in failed.detail
    assert "public.top" not in failed.detail


BUILT = """
CREATE TABLE orders (id serial PRIMARY KEY, parent int REFERENCES parents, m mood);
CREATE VIEW "a ""view" AS SELECT * FROM parents; CREATE VIEW top AS SELECT * FROM "a ""view";
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM children;
CREATE TYPE sort AS ENUM ('a'); CREATE TYPE pair AS (a int, b sort); CREATE DOMAIN short AS text;
CREATE FUNCTION late_one(p parents, m mood[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE late_two(INOUT n int) LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE late_sum(int) (sfunc = int4pl, stype = int);
ALTER TABLE children ADD more sort, ADD COLUMN other serial;
CREATE SEQUENCE numbers; CREATE SCHEMA "new one"; CREATE TABLE "new one".things (id int);
CREATE TABLE heirs (x int) INHERITS (parents); DROP VIEW kept; CREATE EXTENSION pg_trgm;
"""
ALL = """
SELECT d.identity FROM (
  SELECT 'pg_class'::regclass AS class, oid FROM pg_class WHERE relkind <> 't' UNION ALL
  SELECT 'pg_type'::regclass, oid FROM pg_type UNION ALL
  SELECT 'pg_proc'::regclass, oid FROM pg_proc UNION ALL
  SELECT 'pg_namespace'::regclass, oid FROM pg_namespace WHERE nspname !~ '^pg_' UNION ALL
  SELECT 'pg_extension'::regclass, oid FROM pg_extension
) x, LATERAL pg_identify_object(class, oid, 0) d
 WHERE x.oid >= 16384 AND coalesce(d.schema, '') !~ '^pg_' ORDER BY 1
"""


def test_an_exact_restore_drops_what_was_made_since(
    database: PostgresDatabase, role: Role, source: PostgresSource, tmp_path: Path
) -> None:
    """R18: in the same transaction, so that nothing of a failed migration is left, or all."""
    database.run(f'GRANT CREATE ON DATABASE "{database.name}" TO "{role.name}"')
    database.run(
        "CREATE TYPE mood AS ENUM ('good'); CREATE VIEW kept AS SELECT * FROM parents;"
        "CREATE FUNCTION twice(n int, VARIADIC more mood[]) RETURNS TABLE (o int, p text)"
        " LANGUAGE sql AS $$SELECT 2 * n, ''$$; CREATE SCHEMA old;"
        "CREATE TABLE old.parts (id int GENERATED ALWAYS AS IDENTITY, m mood)"
        " PARTITION BY RANGE (id); CREATE TABLE old.first PARTITION OF old.parts"
        " FOR VALUES FROM (1) TO (9); INSERT INTO old.parts (m) VALUES ('good')",
        user=role,
    )
    before = database.run(ALL)
    tree = backup_of(database.url_for(role), tmp_path)
    database.run(BUILT, user=role)
    database.run("CREATE TABLE others (id int); GRANT SELECT ON others TO PUBLIC")
    with staged(source, tree, tmp_path, exact=True) as stage:
        gone = [each.detail for each in stage.plan() if each.action == "remove"]
        assert "the table public.orders, not in the backup" in gone
        assert [each for each in stage.check() if not each.passed] == []
        stage.swap()
    assert set(database.run(ALL)) - set(before) == {("public.others",), ("public.others[]",)}
    assert set(before) <= set(database.run(ALL))


def test_an_exact_restore_that_fails_drops_nothing(
    database: PostgresDatabase, role: Role, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R14, R17: and an undo brings back what one that was done has dropped."""
    database.run("CREATE VIEW seen AS SELECT * FROM parents", user=role)
    spoilt = backup.with_content(backup.content.replace(b"50\trow", b"51\trow"))
    with (
        staged(source, spoilt, tmp_path, exact=True) as stage,
        pytest.raises(RestoreError, match="violates foreign key"),
    ):
        stage.swap()
    assert database.run("SELECT count(*), min(body) FROM seen") == OLD
    with staged(source, backup, tmp_path, exact=True, keep_previous=True) as stage:
        stage.swap()
        assert database.run("SELECT to_regclass('seen'), to_regclass('late')") == [(None, None)]
        stage.undo()
    assert database.run("SELECT count(*), min(body) FROM seen") == OLD
    assert database.run("SELECT count(*) FROM late") == [(0,)]


def test_a_row_that_is_refused_late_changes_nothing(
    database: PostgresDatabase, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R14, R17: by then all that was live had been dropped, in the same transaction."""
    assert backup.content.count(b"50\trow") == 1
    tree = backup.with_content(backup.content.replace(b"50\trow", b"51\trow"))
    with (
        staged(source, tree, tmp_path) as stage,
        pytest.raises(RestoreError, match="violates foreign key"),
    ):
        stage.swap()
    assert bodies(database) == OLD
    assert database.run("SELECT count(*) FROM children") == [(0,)]


def test_sessions_that_block_it_are_ended(
    database: PostgresDatabase, role: Role, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R18: a transaction that was left open does not hold the restore up."""
    with psycopg.connect(database.url_for(role)) as idle:
        idle.execute("SELECT * FROM parents")
        with staged(source, backup, tmp_path) as stage:
            stage.swap()
        with pytest.raises(psycopg.OperationalError):
            idle.execute("SELECT 1")
    assert bodies(database) == NEW


@pytest.mark.parametrize("done", [True, False])
def test_after_a_crash_it_is_wholly_new_or_wholly_old(
    database: PostgresDatabase,
    source: PostgresSource,
    backup: Tree,
    tmp_path: Path,
    done: bool,
) -> None:
    """R17: the tables' OIDs tell, and it can be taken back from what was saved."""
    context = context_of(backup, tmp_path)
    with source.stage(context) as stage:
        state = stage.state()
        if done:
            stage.swap()
        die(stage)
    assert source.recover(state, committed=None) is done
    assert bodies(database) == (NEW if done else OLD)
    assert source.recover(state, committed=False) is False
    assert source.recover(state, committed=False) is False
    assert bodies(database) == OLD
    assert list(context.scratch_dir.iterdir()) == []


def test_a_missing_database_needs_the_right_to_create_it(
    database: PostgresDatabase, role: Role, backup: Tree, tmp_path: Path
) -> None:
    source = source_at(database.server.url("nowhere", role.name, role.password))
    with (
        pytest.raises(DatabaseRefused, match="may not create one"),
        staged(source, backup, tmp_path),
    ):
        pytest.fail("it was staged")


def test_a_drill_says_that_it_needs_a_scratch_database(
    source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R10: a server that cannot be used says nothing of the backup."""
    with (
        pytest.raises(DatabaseRefused, match="scratch database"),
        source.rehearse(context_of(backup, tmp_path)),
    ):
        pytest.fail("it was restored")
