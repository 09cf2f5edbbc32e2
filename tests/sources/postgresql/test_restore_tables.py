"""Selected tables are replaced in one transaction, and no others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from holdfast.errors import LiveDataChanged, RestoreError, UsageError
from holdfast.sources.base import Watched
from holdfast.sources.postgresql.source import PostgresSource
from tests.rig.postgresql import PostgresDatabase, Role
from tests.rig.servers import PostgresDatabases
from tests.sources.postgresql.restoring import Tree, backup_of, context_of, die, source_at, staged

_VALUES = """
CREATE SCHEMA "Other one";
CREATE TABLE parents (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text,
  twice int GENERATED ALWAYS AS (2 * 3) STORED);
CREATE TABLE children (id serial PRIMARY KEY,
  parent int NOT NULL REFERENCES parents ON DELETE CASCADE);
CREATE TABLE "Other one"."wild 'name\\" (
  a bytea, b text[], c jsonb, d numeric, e timestamptz, f text);
INSERT INTO parents (body) SELECT 'row ' || i FROM generate_series(1, 50) i;
INSERT INTO children (parent) SELECT id FROM parents;
INSERT INTO "Other one"."wild 'name\\" VALUES
  ('\\x00ff5c0a', ARRAY['a,b', NULL, '"', E'\\\\'], '{"a": "\\\\"}', 'NaN', 'infinity',
    E'tab\\tline\\n\\\\.\\n'),
  (NULL, '{}', 'null', 1e100, '0044-03-15 BC', ''),
  ('', NULL, NULL, NULL, NULL, E'\\\\N ''quoted'' \\b\\f\\r\\v \U0001f600');
CREATE TABLE log (what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO log VALUES (TG_OP); RETURN NEW; END';
CREATE TRIGGER noted AFTER INSERT ON parents FOR EACH ROW EXECUTE FUNCTION note();
"""
WILD = "Other one.wild 'name\\"
_SHAPE = (
    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid > 0"
    " UNION ALL SELECT tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
)


@pytest.fixture
def role(new_postgres_role: Callable[..., Role]) -> Role:
    return new_postgres_role()


@pytest.fixture
def database(new_postgres_database: PostgresDatabases, role: Role) -> PostgresDatabase:
    made = new_postgres_database(owner=role.name)
    made.run("GRANT ALL ON SCHEMA public TO PUBLIC")
    made.run(_VALUES, user=role)
    return made


@pytest.fixture
def source(database: PostgresDatabase, role: Role) -> PostgresSource:
    return source_at(database.url_for(role))


@pytest.fixture
def backup(database: PostgresDatabase, role: Role, tmp_path: Path) -> Tree:
    return backup_of(database.url_for(role), tmp_path)


def rows(database: PostgresDatabase, table: str) -> list[tuple[object, ...]]:
    return database.run(f"SELECT t::text FROM {table} t ORDER BY 1")


def test_the_rows_of_a_table_come_back_exactly_and_no_others(
    database: PostgresDatabase, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R12, R18, R19: rows, foreign keys, triggers, numbers; what was not asked for stays."""
    wild = '"Other one"."wild \'name\\"'
    before = rows(database, wild), rows(database, "parents"), database.run(_SHAPE)
    database.run(
        f"DELETE FROM {wild}; UPDATE parents SET body = 'spoilt'; INSERT INTO parents (body) VALUES"
        " ('later'); INSERT INTO children (parent) VALUES (1); DELETE FROM log"
    )
    with staged(source, backup, tmp_path, tables=("parents", WILD)) as stage:
        assert [each for each in stage.check() if not each.passed] == []
        details = {each.target.rpartition(": ")[2]: each.detail for each in stage.plan()}
        assert details["parents"] == "51 rows -> 50 rows"
        stage.swap()
    assert (rows(database, wild), rows(database, "parents"), database.run(_SHAPE)) == before
    assert database.run("SELECT count(*) FROM children") == [(51,)]
    assert database.run("SELECT count(*) FROM log") == [(0,)]
    database.run("INSERT INTO parents (body) VALUES ('next')")
    assert database.run("SELECT max(id) FROM parents") == [(52,)]


def test_rules_do_not_act_on_restored_rows(
    database: PostgresDatabase, role: Role, source: PostgresSource, tmp_path: Path
) -> None:
    """R12, R14: neither swallowed nor told of once more; afterwards they are in force again."""
    database.run(
        "CREATE RULE swallow AS ON INSERT TO log WHERE new.what = 'x' DO INSTEAD NOTHING;"
        "CREATE RULE tell AS ON INSERT TO log DO ALSO INSERT INTO children (parent) VALUES (1);"
        "ALTER TABLE log DISABLE RULE swallow; INSERT INTO log VALUES ('x');"
        "ALTER TABLE log ENABLE ALWAYS RULE swallow",
        user=role,
    )
    tree = backup_of(database.url_for(role), tmp_path)
    before = rows(database, "log"), rows(database, "children")
    rules = (
        "SELECT rulename, ev_enabled FROM pg_rewrite WHERE ev_class = 'log'::regclass ORDER BY 1"
    )
    enabled = sorted(database.run(rules))
    database.run("DELETE FROM log")
    with staged(source, tree, tmp_path, tables=("log",)) as stage:
        stage.swap()
    assert (rows(database, "log"), rows(database, "children")) == before
    assert sorted(database.run(rules)) == enabled


def test_sequences_go_past_the_restored_rows(
    database: PostgresDatabase, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R19: also where they had begun anew."""
    database.run("TRUNCATE parents, children RESTART IDENTITY")
    with staged(source, backup, tmp_path, tables=("parents", "children")) as stage:
        stage.swap()
    (parent,) = database.run("INSERT INTO parents (body) VALUES ('new') RETURNING id")
    (child,) = database.run("INSERT INTO children (parent) VALUES (51) RETURNING id")
    assert parent == child == (51,)


def test_an_undo_puts_the_rows_back(
    database: PostgresDatabase, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R17."""
    database.run("UPDATE parents SET body = 'spoilt'")
    before = rows(database, "parents")
    with staged(source, backup, tmp_path, tables=("parents",), keep_previous=True) as stage:
        stage.swap()
        assert rows(database, "parents") != before
        stage.undo()
    assert rows(database, "parents") == before


def test_foreign_keys_of_other_tables_are_kept(
    database: PostgresDatabase, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R14: a row that stays would refer to nothing; nothing is deleted in its stead."""
    database.run(
        "INSERT INTO parents (body) VALUES ('new');"
        "INSERT INTO children (parent) SELECT max(id) FROM parents"
    )
    before = rows(database, "parents"), rows(database, "children"), database.run(_SHAPE)
    with (
        staged(source, backup, tmp_path, tables=("parents",)) as stage,
        pytest.raises(RestoreError, match="foreign key children_parent_fkey"),
    ):
        stage.swap()
    assert (rows(database, "parents"), rows(database, "children"), database.run(_SHAPE)) == before


def test_writers_wait_and_a_write_before_is_noticed(
    database: PostgresDatabase, role: Role, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R18: between the safety backup and the swap no write is lost without a word."""
    with staged(source, backup, tmp_path, tables=("parents",)) as stage:
        assert isinstance(stage, Watched)
        before = stage.live_version()
        database.run("UPDATE parents SET body = 'written' WHERE id = 1")
        stage.expect_unchanged_since(before)
        with stage.hold_writers():
            with psycopg.connect(database.url_for(role), autocommit=True) as writer:
                writer.execute("SET lock_timeout = '50ms'")
                writer.execute("SELECT count(*) FROM parents")
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    writer.execute("DELETE FROM parents")
            with pytest.raises(LiveDataChanged):
                stage.swap()
            stage.expect_unchanged_since(stage.live_version())
            stage.swap()
    assert database.run("SELECT body FROM parents WHERE id = 1") == [("row 1",)]


def test_columns_that_differ_are_found_before_anything_is_done(
    database: PostgresDatabase, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    """R15, R21."""
    database.run("ALTER TABLE parents ADD more int")
    with staged(source, backup, tmp_path, tables=("parents",)) as stage:
        (failed,) = [each for each in stage.check() if each.failed]
        assert (failed.name, failed.detail) == (
            "columns",
            "not the same there and in the backup: parents: more",
        )


@pytest.mark.parametrize("done", [True, False])
def test_after_a_crash_the_rows_are_wholly_new_or_wholly_old(
    database: PostgresDatabase,
    source: PostgresSource,
    backup: Tree,
    tmp_path: Path,
    done: bool,
) -> None:
    """R17."""
    database.run("UPDATE parents SET body = 'spoilt'")
    before = rows(database, "parents")
    context = context_of(backup, tmp_path, tables=("parents",))
    with source.stage(context) as stage:
        state = stage.state()
        if done:
            stage.swap()
        die(stage)
    assert source.recover(state, committed=None) is done
    assert source.recover(state, committed=False) is False
    assert source.recover(state, committed=False) is False
    assert rows(database, "parents") == before
    assert list(context.scratch_dir.iterdir()) == []


def test_unknown_tables_are_refused(
    database: PostgresDatabase, source: PostgresSource, backup: Tree, tmp_path: Path
) -> None:
    with (
        pytest.raises(UsageError, match="has no table nothing"),
        staged(source, backup, tmp_path, tables=("nothing",)),
    ):
        pytest.fail("it was staged")
    database.run("DROP TABLE log")
    with (
        pytest.raises(RestoreError, match="no table log"),
        staged(source, backup, tmp_path, tables=("log",)),
    ):
        pytest.fail("it was staged")
