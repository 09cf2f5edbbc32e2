"""What a restore of tables promises: all or nothing, and nothing that does not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from holdfast.errors import (
    Cancelled,
    DatabaseRefused,
    DatabaseUnreachable,
    DataDoesNotFit,
    HoldfastError,
    LiveDataChanged,
    PathNotInBackup,
    RestoreError,
    SourceNotFound,
    TargetExists,
    TargetInUse,
)
from holdfast.models.progress import CancellationToken
from holdfast.sources.tables import TablesSource
from holdfast.sources.tables.mariadb_catalog import Catalog
from tests.rig.postgresql import PostgresDatabase, Role
from tests.sources.tables.conftest import ENGINES, Database, NewDatabase
from tests.sources.tables.support import MemoryTree, context_of, restore, rows_of, staged

HOSTILE = ["a\"b`c'd", "../x", "😀", "select", "%s", "a.b", ":name", "x; DROP TABLE y", "ü" * 15]
QUOTES = {"sqlite": '"', "postgresql": '"', "mysql": "`"}


def quoted(database: Database, name: str) -> str:
    mark = QUOTES[database.engine_name]
    name = name.replace(mark, mark * 2)
    if database.engine_name != "sqlite":
        name = name.replace("%", "%%")
    return f"{mark}{name}{mark}"


def simple(database: Database, *rows: str) -> None:
    database.run("CREATE TABLE notes (id integer PRIMARY KEY, body varchar(10) NOT NULL)")
    for row in rows:
        database.run(f"INSERT INTO notes VALUES {row}")


def altered(tree: MemoryTree, key: str, **facts: Any) -> None:
    entry = tree.manifest.contents[key]
    changed = msgspec.structs.replace(entry, facts={**entry.facts, **facts})
    tree.change({**tree.manifest.contents, key: changed})


def contents(database: Database) -> list[tuple[Any, ...]]:
    return database.query("SELECT id, body FROM notes ORDER BY id")


@pytest.mark.parametrize("engine_name", ENGINES)
def test_hostile_names_are_only_names(
    engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R58: quotes, paths, reserved words and emoji; files lie right below the root."""
    database = new_database(engine_name)
    names = [each for each in HOSTILE if engine_name != "mysql" or each != "😀"]
    for name in names:
        table, column = quoted(database, name), quoted(database, f"c{name}")
        database.run(
            f"CREATE TABLE {table} (id integer PRIMARY KEY, {column} varchar(20))",
            f"INSERT INTO {table} VALUES (1, 'x'), (2, NULL)",
        )
    before = MemoryTree(database.source(), scratch)
    assert len(before.data) == len(names)
    assert all(path.count("/") == 1 and ".." not in path.split("/") for path in before.data)
    for name in names:
        database.run(f"DELETE FROM {quoted(database, name)}")
    restore(database.source(), before, scratch)
    assert MemoryTree(database.source(), scratch).data == before.data
    target = new_database("sqlite")
    restore(target.source(), before, scratch, only_new=True)


@pytest.mark.parametrize("engine_name", ENGINES)
def test_what_is_not_in_the_live_schema_is_refused(
    engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R58: an unknown table or column is named, and nothing is written."""
    database = new_database(engine_name)
    simple(database, "(1, 'one')")
    database.run("CREATE TABLE other (id integer PRIMARY KEY)")
    tree = MemoryTree(database.source(), scratch)
    database.run("DROP TABLE other", "UPDATE notes SET body = 'now'")
    with (
        pytest.raises(DataDoesNotFit, match="no table other"),
        staged(database.source(), tree, scratch),
    ):
        pass
    database.run("CREATE TABLE other (id integer PRIMARY KEY)")
    database.run("ALTER TABLE notes RENAME COLUMN body TO text")
    with (
        pytest.raises(DataDoesNotFit, match="notes has no column body"),
        staged(database.source(), tree, scratch),
    ):
        pass
    assert database.query("SELECT text FROM notes") == [("now",)]


@pytest.mark.parametrize(
    ("engine_name", "kind", "value", "why"),
    [
        ("postgresql", "varchar(3)", "'four'", "4 characters"),
        ("postgresql", "smallint", "'40000'", "outside"),
        ("postgresql", "numeric(4,2)", "'1.234'", "3 digits after the point"),
        ("postgresql", "uuid", "'no uuid'", "no UUID"),
        ("mysql", "varchar(3)", "'four'", "4 characters"),
        ("mysql", "uuid", "'0123456789abcdef0123456789abcdef'", "MariaDB"),
        ("mysql", "tinyint unsigned", "'-1'", "outside"),
        ("mysql", "enum('a','b')", "'c'", "none of a, b"),
        ("mysql", "varchar(9) character set latin1", "'日'", "character set"),
        ("mysql", "datetime", "'2024-01-01 00:00:00.5'", "finer fraction"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_before_anything_is_written(
    engine_name: str, kind: str, value: str, why: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R14, R15: table, column, row and problem are named, and the value is not."""
    wide = "datetime(6)" if kind == "datetime" else "varchar(40)"
    source = new_database("mysql" if kind == "datetime" else "sqlite")
    declared = {"smallint": "bigint", "tinyint unsigned": "bigint", "numeric(4,2)": "numeric"}
    source.run(
        f"CREATE TABLE notes (id integer PRIMARY KEY, body {declared.get(kind, wide)})",
        f"INSERT INTO notes VALUES (1, NULL), (2, {value})",
    )
    database = new_database(engine_name)
    database.run(
        f"CREATE TABLE notes (id integer PRIMARY KEY, body {kind})",
        "INSERT INTO notes VALUES (7, NULL)",
    )
    tree = MemoryTree(source.source(), scratch)
    with (
        pytest.raises(DataDoesNotFit, match=r"notes\.body.*row 2") as caught,
        staged(database.source(), tree, scratch),
    ):
        pass
    assert why in caught.value.message
    assert value.strip("'") not in caught.value.message or "outside" in why
    assert contents(database) == [(7, None)]


def test_null_where_none_may_be_is_refused(new_database: NewDatabase, scratch: Path) -> None:
    """R14: NOT NULL is checked before anything is written."""
    source, database = new_database("sqlite"), new_database("postgresql")
    source.run("CREATE TABLE notes (id integer PRIMARY KEY, body varchar(10))")
    source.run("INSERT INTO notes VALUES (1, NULL)")
    simple(database, "(7, 'x')")
    tree = MemoryTree(source.source(), scratch)
    with pytest.raises(DataDoesNotFit, match="is NULL"), staged(database.source(), tree, scratch):
        pass
    assert contents(database) == [(7, "x")]


@pytest.mark.parametrize("engine_name", ENGINES)
def test_foreign_keys_in_circles_and_to_themselves_hold(
    engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """Tables that refer to each other and to later rows of themselves are replaced, and created."""
    database = new_database(engine_name)
    people = (
        "CREATE TABLE people (id integer PRIMARY KEY, team_id integer, boss_id integer,"
        " FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE,"
        " FOREIGN KEY (boss_id) REFERENCES people (id))"
    )
    if engine_name == "sqlite":
        database.run(
            "CREATE TABLE teams (id integer PRIMARY KEY, lead_id integer REFERENCES people (id))",
            people,
        )
    else:
        database.run(
            "CREATE TABLE teams (id integer PRIMARY KEY, lead_id integer)",
            people,
            "ALTER TABLE teams ADD FOREIGN KEY (lead_id) REFERENCES people (id)",
        )
    database.run(
        "INSERT INTO teams VALUES (1, NULL)",
        "INSERT INTO people VALUES (2, 1, NULL)",
        "INSERT INTO people VALUES (1, 1, 2)",
        "UPDATE teams SET lead_id = 1",
    )
    before = MemoryTree(database.source(), scratch)
    database.run("UPDATE people SET boss_id = NULL", "UPDATE teams SET lead_id = 2")
    restore(database.source(), before, scratch)
    assert MemoryTree(database.source(), scratch).data == before.data
    for other in ENGINES:
        target = new_database(other)
        restore(target.source(), before, scratch, only_new=True)
        after = MemoryTree(target.source(), scratch)
        assert after.data == before.data
        assert len(after.facts.tables["people"].facts["foreign_keys"]) == 2


@pytest.mark.parametrize("engine_name", ENGINES)
def test_rows_of_other_tables_stay(
    engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """A table that is not restored keeps rows that an ON DELETE CASCADE would have taken."""
    database = new_database(engine_name)
    simple(database, "(1, 'one')")
    database.run(
        "CREATE TABLE likes (note_id integer, FOREIGN KEY (note_id) REFERENCES notes (id)"
        " ON DELETE CASCADE)",
        "INSERT INTO likes VALUES (1), (1)",
    )
    source = database.source(tables=["notes"])
    tree = MemoryTree(source, scratch)
    database.run("UPDATE notes SET body = 'now'")
    restore(source, tree, scratch)
    assert contents(database) == [(1, "one")]
    assert database.query("SELECT count(*) FROM likes") == [(2,)]
    database.run("INSERT INTO notes VALUES (2, 'two')", "INSERT INTO likes VALUES (2)")
    with pytest.raises(DataDoesNotFit), staged(source, tree, scratch) as found:
        found.swap()
    assert contents(database) == [(1, "one"), (2, "two")]
    assert database.query("SELECT count(*) FROM likes") == [(3,)]


@pytest.mark.parametrize("engine_name", ENGINES)
def test_the_first_row_after_a_restore_gets_a_new_number(
    engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R19: identity, serial, AUTO_INCREMENT and AUTOINCREMENT go on after the restored rows."""
    kinds = {
        "sqlite": ["INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER PRIMARY KEY"],
        "postgresql": ["serial PRIMARY KEY", "int GENERATED ALWAYS AS IDENTITY PRIMARY KEY"],
        "mysql": ["integer AUTO_INCREMENT PRIMARY KEY"],
    }
    source = new_database("sqlite")
    for number in range(len(kinds[engine_name])):
        name = f"t{number}"
        source.run(
            f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, body TEXT)",
            f"INSERT INTO {name} VALUES (41, 'x'), (500, 'y')",
        )
    tree = MemoryTree(source.source(), scratch)
    database = new_database(engine_name)
    for number, kind in enumerate(kinds[engine_name]):
        database.run(f"CREATE TABLE t{number} (id {kind}, body text)")
    restore(database.source(), tree, scratch)
    fresh = new_database(engine_name)
    restore(fresh.source(), tree, scratch, only_new=True)
    for each in (database, fresh):
        for number in range(len(kinds[engine_name])):
            each.run(f"INSERT INTO t{number} (body) VALUES ('new')")
            assert each.query(f"SELECT id FROM t{number} WHERE body = 'new'") == [(501,)]


@pytest.mark.parametrize("engine_name", ENGINES)
def test_triggers_and_generated_columns_do_not_change_what_is_restored(
    engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R12: a generated column is computed anew; where triggers can rest they do."""
    database = new_database(engine_name)
    kind = "int GENERATED ALWAYS AS (a * 2) STORED"
    database.run(
        f"CREATE TABLE sums (a integer PRIMARY KEY, doubled {kind})",
        "CREATE TABLE log (id integer)",
        "INSERT INTO sums (a) VALUES (1), (2)",
    )
    tree = MemoryTree(database.source(), scratch)
    if engine_name == "sqlite":
        database.run(
            "CREATE TRIGGER t AFTER INSERT ON sums BEGIN INSERT INTO log VALUES (new.a); END"
        )
    elif engine_name == "postgresql":
        database.run(
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN INSERT INTO log VALUES (new.a); RETURN new; END'",
            "CREATE TRIGGER t AFTER INSERT ON sums FOR EACH ROW EXECUTE FUNCTION f()",
        )
    restore(database.source(), tree, scratch)
    assert database.query("SELECT a, doubled FROM sums ORDER BY a") == [(1, 2), (2, 4)]
    assert database.query("SELECT count(*) FROM log") == [(0,)]
    if engine_name != "mysql":
        database.run("INSERT INTO sums (a) VALUES (3)")
        assert database.query("SELECT count(*) FROM log") == [(1,)]


@pytest.mark.parametrize("engine_name", ENGINES)
def test_no_acknowledged_write_is_lost(
    engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R18: who wrote after the last look makes the swap refuse; while held, writers wait."""
    database = new_database(engine_name)
    simple(database, "(1, 'one')")
    tree = MemoryTree(database.source(), scratch)
    source = database.source(lock_timeout_s=1)
    with staged(source, tree, scratch) as found:
        version = found.live_version()
        database.run("UPDATE notes SET body = 'new'")
        assert found.live_version() != version
        found.expect_unchanged_since(version)
        with pytest.raises(LiveDataChanged):
            found.swap()
    assert contents(database) == [(1, "new")]
    with staged(source, tree, scratch) as found, found.hold_writers():
        held = MemoryTree(database.source(), scratch)  # a safety backup goes on meanwhile
        assert rows_of(held, "notes") == [{"id": 1, "body": "new"}]
        other = database.source(lock_timeout_s=1)
        with pytest.raises(TargetInUse), staged(other, tree, scratch / "other") as late:
            late.swap()
        found.expect_unchanged_since(found.live_version())
        found.swap()
    assert contents(database) == [(1, "one")]


@pytest.mark.parametrize("engine_name", ENGINES)
def test_a_swap_is_undone(engine_name: str, new_database: NewDatabase, scratch: Path) -> None:
    """What was replaced comes back; what a restore made is gone again."""
    database = new_database(engine_name)
    simple(database, "(1, 'one')")
    tree = MemoryTree(database.source(), scratch)
    database.run("INSERT INTO notes VALUES (2, 'two')")
    with staged(database.source(), tree, scratch) as found:
        found.swap()
        assert contents(database) == [(1, "one")]
        found.undo()
        assert contents(database) == [(1, "one"), (2, "two")]
    fresh = new_database(engine_name)
    with staged(fresh.source(), tree, scratch, only_new=True) as found:
        found.swap()
        assert contents(fresh) == [(1, "one")]
        found.undo()
    assert MemoryTree(fresh.source(), scratch).data == {}


@pytest.mark.parametrize("engine_name", ENGINES)
def test_recovery_knows_and_settles(
    engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R17: what was committed is told, and taken back, also after the application wrote."""
    database = new_database(engine_name)
    simple(database, *(f"({n}, 'new {n}')" for n in range(5)))
    tree = MemoryTree(database.source(), scratch)
    database.run("UPDATE notes SET body = 'old'")
    source = database.source()
    with source.stage(context_of(tree, scratch)) as found:
        state = found.state()
        assert source.recover(state, committed=None) is False
        found.swap()
        assert source.recover(state, committed=None) is True
        database.run("INSERT INTO notes VALUES (9, 'since')")
        assert source.recover(state, committed=None) is True
        assert source.recover(state, committed=False) is False
        assert {body for _, body in contents(database)} == {"old"}
        assert source.recover(state, committed=False) is False


def test_a_target_that_must_be_new_is_refused_otherwise(
    new_database: NewDatabase, scratch: Path
) -> None:
    """R20: `only_new` never touches a database that holds a table."""
    database = new_database("sqlite")
    simple(database, "(1, 'one')")
    tree = MemoryTree(database.source(), scratch)
    with (
        pytest.raises(TargetExists, match="notes"),
        staged(database.source(), tree, scratch, only_new=True),
    ):
        pass


@pytest.mark.parametrize("engine_name", ["postgresql", "mysql"])
def test_a_database_of_a_server_that_is_not_there_is_to_be_made_first(
    engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R20: it is said who makes it, for nobody has mistyped its name."""
    database = new_database(engine_name)
    simple(database, "(1, 'one')")
    tree = MemoryTree(database.source(), scratch)
    url = sa.make_url(database.url).set(database="nowhere")
    source = TablesSource(url.render_as_string(hide_password=False))
    with (
        pytest.raises(SourceNotFound) as found,
        staged(source, tree, scratch, only_new=True),
    ):
        pass
    assert "Make the new, empty database first" in (found.value.hint or "")


def test_selected_tables_only(new_database: NewDatabase, scratch: Path) -> None:
    """A restore of some tables leaves the others; an unknown one is refused."""
    database = new_database("sqlite")
    simple(database, "(1, 'one')")
    database.run("CREATE TABLE other (id integer)", "INSERT INTO other VALUES (1)")
    tree = MemoryTree(database.source(), scratch)
    database.run("DELETE FROM other", "DELETE FROM notes")
    restore(database.source(), tree, scratch, tables=("notes",))
    assert contents(database) == [(1, "one")]
    assert database.query("SELECT count(*) FROM other") == [(0,)]
    with pytest.raises(PathNotInBackup), staged(database.source(), tree, scratch, tables=("none",)):
        pass
    restore(database.source(), tree, scratch, only=("tables/other.json",))
    assert database.query("SELECT count(*) FROM other") == [(1,)]


TRIGGER = "CREATE TRIGGER taken {} ON notes FOR EACH ROW UPDATE stock SET left_over = left_over - 1"


def with_stock(database: Database) -> None:
    simple(database, "(1, 'one')", "(2, 'two')")
    database.run("CREATE TABLE stock (left_over int)", "INSERT INTO stock VALUES (100)")


@pytest.mark.parametrize("event", ["AFTER INSERT", "BEFORE INSERT", "AFTER DELETE"])
def test_a_table_whose_triggers_would_act_on_others_is_refused(
    event: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R12: MariaDB has no triggers that rest; the capture says so, the restore writes nothing."""
    database = new_database("mysql")
    with_stock(database)
    tree = MemoryTree(database.source(), scratch)
    assert tree.facts.warnings == ()
    database.run(TRIGGER.format(event))
    (warning,) = MemoryTree(database.source(), scratch).facts.warnings
    assert "triggers (taken)" in warning
    refused = pytest.raises(DataDoesNotFit, match="other tables: taken")
    with refused as found, staged(database.source(), tree, scratch, tables=("notes",)):
        pass
    assert "drop the triggers" in (found.value.hint or "")
    assert database.query("SELECT left_over FROM stock") == [(100,)]
    database.run("DROP TRIGGER taken", TRIGGER.format("AFTER UPDATE"), "DELETE FROM notes")
    restore(database.source(), tree, scratch, tables=("notes",))
    assert contents(database) == [(1, "one"), (2, "two")]
    assert database.query("SELECT left_over FROM stock") == [(100,)]


def test_a_trigger_that_comes_after_the_restore_is_not_fired_by_its_undo(
    new_database: NewDatabase, scratch: Path
) -> None:
    """R17: what is to be put back waits until the trigger is gone."""
    database = new_database("mysql")
    with_stock(database)
    tree = MemoryTree(database.source(), scratch)
    database.run("DELETE FROM notes WHERE id = 2")
    with staged(database.source(), tree, scratch, tables=("notes",)) as found:
        found.swap()
        database.run(TRIGGER.format("AFTER INSERT"))
        with pytest.raises(DataDoesNotFit, match="taken"):
            found.undo()
        assert contents(database) == [(1, "one"), (2, "two")]
        database.run("DROP TRIGGER taken")
        found.undo()
    assert contents(database) == [(1, "one")]
    assert database.query("SELECT left_over FROM stock") == [(100,)]


def test_a_trigger_that_the_user_is_not_shown_makes_the_restore_roll_back(
    new_database: NewDatabase, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R12, R14: some versions show triggers only to who may make them; they act all the same."""
    database = new_database("mysql")
    with_stock(database)
    tree = MemoryTree(database.source(), scratch)
    database.run("DELETE FROM notes WHERE id = 2", TRIGGER.format("AFTER INSERT"))
    monkeypatch.setattr(Catalog, "triggers", lambda _: {})
    refused = pytest.raises(DataDoesNotFit, match="A trigger acted on the rows of notes")
    with staged(database.source(), tree, scratch, tables=("notes",)) as found, refused:
        found.swap()
    assert contents(database) == [(1, "one")]
    assert database.query("SELECT left_over FROM stock") == [(100,)]


def test_a_table_without_transactions_is_refused(new_database: NewDatabase, scratch: Path) -> None:
    """MyISAM cannot be replaced all or nothing; its capture says so too."""
    database = new_database("mysql")
    database.run("CREATE TABLE old (id int PRIMARY KEY) ENGINE=MyISAM")
    tree = MemoryTree(database.source(), scratch)
    assert "MyISAM" in tree.facts.warnings[0]
    with pytest.raises(DataDoesNotFit, match="MyISAM"), staged(database.source(), tree, scratch):
        pass


@pytest.mark.parametrize("engine_name", ENGINES)
def test_a_cancelled_restore_changes_nothing(
    engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """Cancelled while rows are written: rolled back, no connection and no file is left."""
    database = new_database(engine_name)
    simple(database, "(1, 'one')")
    tree = MemoryTree(database.source(), scratch)
    database.run("UPDATE notes SET body = 'now'")
    cancel = CancellationToken()

    def stop(progress: Any) -> None:
        if progress.step.startswith("Writing"):
            cancel.cancel()

    with (
        pytest.raises(Cancelled),
        staged(database.source(), tree, scratch, cancel=cancel, progress=stop) as found,
    ):
        found.swap()
    assert contents(database) == [(1, "now")]


def test_altered_files_are_refused(new_database: NewDatabase, scratch: Path) -> None:
    """R02, R58: cut files, odd rows, duplicate tables, foreign paths, deep JSON: refused."""
    database = new_database("sqlite")
    simple(database, "(1, 'one')", "(2, 'two')")
    whole = MemoryTree(database.source(), scratch)
    path = "tables/notes.json"
    good = whole.data[path]
    bad = [good[:cut] for cut in range(len(good) - 1)]
    bad += [
        good.replace(b'"body":"one"', b'"body":"one","more":1'),
        good.replace(b'"body":"one"', b'"other":"one"'),
        good.replace(b'"one"', b"[" * 5000 + b"]" * 5000),
        good.replace(b'"one"', b'{"$int":"' + b"9" * 400 + b'"}'),
        good.replace(b'"one"', b'{"$blob":"%%%"}'),
        good + b"x",
    ]
    for data in bad:
        whole.data[path] = data
        with (
            pytest.raises((RestoreError, AssertionError)),
            staged(database.source(), whole, scratch),
        ):
            pytest.fail(f"taken: {data[:100]!r}")
    whole.data[path] = good
    whole.nodes["tables/other.json"] = whole.nodes[path]
    whole.data["tables/other.json"] = good
    for facts in (
        {"path": "../../etc/passwd"},
        {"path": "tables/../../etc/passwd"},
        {"path": "tables/other.json"},
        {"path": "manifest.json"},
        {"columns": 7},
    ):
        entry = whole.facts.tables["notes"]
        altered(whole, "notes", **{**entry.facts, **facts})
        with pytest.raises(HoldfastError), staged(database.source(), whole, scratch):
            pytest.fail(f"taken: {facts}")
    assert len(contents(database)) == 2


@pytest.mark.parametrize("engine_name", ["postgresql", "mysql"])
def test_a_lost_connection_changes_nothing(
    engine_name: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R17: the server ends the session in the middle of the swap; a clear error, the old rows."""
    database = new_database(engine_name)
    simple(database, "(1, 'one')")
    tree = MemoryTree(database.source(), scratch)
    database.run("UPDATE notes SET body = 'now'")

    def end(progress: Any) -> None:
        if not progress.step.startswith("Writing"):
            return
        if engine_name == "postgresql":
            database.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'holdfast' AND datname = current_database()"
            )
        else:
            me = "SELECT id FROM information_schema.processlist WHERE db = DATABASE()"
            for (pid,) in database.query(f"{me} AND id <> CONNECTION_ID()"):
                database.run(f"KILL {pid}")

    with (
        pytest.raises(DatabaseUnreachable),
        staged(database.source(), tree, scratch, progress=end) as found,
    ):
        found.swap()
    assert contents(database) == [(1, "now")]


def test_a_role_that_owns_nothing_restores_too(
    postgres_database: PostgresDatabase, new_postgres_role: Callable[..., Role], scratch: Path
) -> None:
    """R14: rights on the rows are enough where nothing has to step aside; else it is refused."""
    database = Database("postgresql", postgres_database.url)
    simple(database, "(1, 'one')")
    role = new_postgres_role()
    user = postgres_database.url_for(role)
    database.run(f'GRANT SELECT, INSERT, DELETE ON notes TO "{role.name}"')
    source = Database("postgresql", user)
    tree = MemoryTree(source.source(), scratch)
    database.run("UPDATE notes SET body = 'now'")
    restore(source.source(), tree, scratch)
    assert contents(database) == [(1, "one")]
    database.run(
        "UPDATE notes SET body = 'now'", "CREATE TABLE likes (id int REFERENCES notes (id))"
    )
    with (
        pytest.raises(DatabaseRefused),
        staged(source.source(tables=["notes"]), tree, scratch) as found,
    ):
        found.swap()
    assert contents(database) == [(1, "now")]
    database.run("REVOKE ALL ON notes FROM PUBLIC", f'DROP OWNED BY "{role.name}"')
