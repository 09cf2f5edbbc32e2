"""Restores on a real MariaDB server: beside, checked, exchanged in one statement, undone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pymysql
import pytest
import sqlalchemy as sa

from holdfast.errors import (
    Cancelled,
    DatabaseRefused,
    DatabaseUnreachable,
    HoldfastError,
    PathNotInBackup,
    RestoreError,
    TargetExists,
    TargetInUse,
)
from holdfast.models.progress import CancellationToken, Progress
from holdfast.sources.mysql import MySqlSource
from holdfast.sources.mysql.session import Session
from holdfast.sources.mysql.swap import Swap
from tests.rig.daemon import wait_until
from tests.rig.mariadb import MariaDbDatabase, MariaDbServer, User, identifier
from tests.rig.servers import FEATURES, MariaDbDatabases
from tests.sources.mysql.support import (
    Backup,
    capture,
    catalog,
    contents,
    context_of,
    require_passed,
    restore,
    source_of,
    staged,
)

Everything = tuple[object, object]


def everything(database: MariaDbDatabase) -> Everything:
    """Return all that a database is and holds."""
    return catalog(database.server, database.name), contents(database.server, database.name)


def make_features(new: MariaDbDatabases) -> MariaDbDatabase:
    """Make the database of every feature, without the two that no dump can give back."""
    database = new(FEATURES)
    database.run("DROP TABLE enum_beyond_three_bytes")
    database.run("DROP TABLE single_precision")
    return database


def spoil(database: MariaDbDatabase) -> None:
    """Change what a restore has to put back: rows, tables, and programs of each kind."""
    for statement in (
        "DELETE FROM gaps",
        "DROP TABLE no_key",
        "ALTER TABLE generated DROP COLUMN hidden",
        "CREATE TABLE added (x int AUTO_INCREMENT PRIMARY KEY)",
        "CREATE TRIGGER added_later BEFORE INSERT ON added FOR EACH ROW SET NEW.x = NEW.x + 1",
        "DROP TRIGGER departments_noted",
        "CREATE TRIGGER departments_noted BEFORE INSERT ON audit FOR EACH ROW SET NEW.what = 'x'",
        "DROP FUNCTION total",
        "CREATE FUNCTION extra() RETURNS int DETERMINISTIC RETURN 1",
        "DROP VIEW z_view",
        "CREATE VIEW z_view AS SELECT 1 AS x",
        "CREATE VIEW extra_view AS SELECT * FROM added",
        "DROP EVENT nightly",
        "CREATE EVENT extra_event ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO DELETE FROM added",
    ):
        database.run(statement)


def test_every_feature_comes_back_and_every_change_too(
    new_mariadb_database: MariaDbDatabases, tmp_path: Path
) -> None:
    """R12, R13: compared by the catalogue and by all rows; then `undo`, then what was kept."""
    database = make_features(new_mariadb_database)
    source = source_of(database)
    good = everything(database)
    backup = capture(source, tmp_path)
    spoil(database)
    spoilt = everything(database)

    with staged(source, backup, tmp_path) as stage:
        assert everything(database) == spoilt
        require_passed(stage.check())
        stage.swap()
        assert everything(database) == good
        stage.undo()
        assert everything(database) == spoilt
    assert database.relatives() == set()

    kept = restore(source, backup, tmp_path)
    assert everything(database) == good
    assert database.relatives() == {kept["schema"]}
    restore(source, backup, tmp_path, kept=kept, keep_old=False)
    assert everything(database) == spoilt
    assert database.relatives() == set()


def test_what_no_dump_gives_back_is_refused_or_said(
    new_mariadb_database: MariaDbDatabases, tmp_path: Path
) -> None:
    """R14: the server only warns that a value does not fit; that is a failure."""
    database = new_mariadb_database(FEATURES)
    source = source_of(database)
    backup = capture(source, tmp_path)
    assert [each for each in backup.facts.warnings if "single_precision.value" in each]
    before = everything(database)
    with pytest.raises(RestoreError, match="enum_beyond_three_bytes"):
        restore(source, backup, tmp_path)
    assert everything(database) == before
    assert database.relatives() == set()


def test_an_enum_that_was_nothing_valid_comes_back(
    mariadb_database: MariaDbDatabase, tmp_path: Path
) -> None:
    """R14: it is dumped as ''. The server warns of it, and makes of it what it was."""
    mariadb_database.server.run_all(
        [
            "SET sql_mode = ''",
            "CREATE TABLE odd (id int, a text, s enum('x', 'y'), g int AS (id) STORED)",
            "INSERT INTO odd (id, a, s) VALUES (1, '),(\\'', 'x'), (2, '', 'zzz')",
        ],
        mariadb_database.name,
    )
    look = "SELECT id, a, s, s + 0 FROM odd ORDER BY id"
    before = mariadb_database.run(look)
    assert before[1][2:] == ("", 0)
    source = source_of(mariadb_database)
    backup = capture(source, tmp_path)
    mariadb_database.run("DELETE FROM odd")
    restore(source, backup, tmp_path)
    assert mariadb_database.run(look) == before
    forged = backup.data.replace(b"'x',1)", b"'q',1)")
    assert forged != backup.data
    with pytest.raises(RestoreError, match="1265"):
        restore(source, backup.with_data(forged), tmp_path)


NOTES = [
    "CREATE TABLE notes (id int AUTO_INCREMENT PRIMARY KEY, body varchar(50))",
    "CREATE TABLE entries (id int PRIMARY KEY, note int REFERENCES notes (id))",
    "CREATE TRIGGER notes_lower BEFORE INSERT ON notes FOR EACH ROW SET NEW.body = LOWER(NEW.body)",
    "CREATE VIEW note_count AS SELECT COUNT(*) AS n FROM notes",
    "INSERT INTO notes (body) VALUES ('old 1'), ('old 2')",
    "INSERT INTO entries VALUES (1, 1), (2, NULL)",
]


@pytest.fixture
def notes(mariadb_database: MariaDbDatabase) -> MariaDbDatabase:
    """A small database with a foreign key, a trigger and a view."""
    mariadb_database.server.run_all(NOTES, mariadb_database.name)
    return mariadb_database


@pytest.fixture
def source(notes: MariaDbDatabase) -> MySqlSource:
    return source_of(notes)


@pytest.fixture
def backup(notes: MariaDbDatabase, source: MySqlSource, tmp_path: Path) -> Backup:
    """A backup; afterwards the live database has other rows."""
    taken = capture(source, tmp_path)
    notes.run("UPDATE notes SET body = 'live'")
    notes.run("INSERT INTO notes (body) VALUES ('live')")
    return taken


def bodies(database: MariaDbDatabase) -> list[str]:
    return [str(body) for (body,) in database.run("SELECT body FROM notes ORDER BY id")]


OLD = ["old 1", "old 2"]
LIVE = ["live", "live", "live"]


def test_foreign_keys_counters_and_triggers_work_after_a_restore(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    """R19, I17: the first write works and is guarded; keys follow the tables, on both sides."""
    kept = restore(source, backup, tmp_path)
    notes.run("INSERT INTO notes (body) VALUES ('NEW')")
    assert notes.run("SELECT id, body FROM notes ORDER BY id DESC LIMIT 1") == [(3, "new")]
    with pytest.raises(pymysql.err.IntegrityError):
        notes.run("INSERT INTO entries VALUES (9, 99)")
    with pytest.raises(pymysql.err.IntegrityError):
        notes.run("DELETE FROM notes WHERE id = 1")
    with pytest.raises(pymysql.err.IntegrityError):
        notes.server.run("INSERT INTO entries VALUES (9, 99)", kept["schema"])
    assert notes.run("SELECT n FROM note_count") == [(3,)]


def test_a_plan_says_what_would_change_and_changes_nothing(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    """R20."""
    with staged(source, backup, tmp_path) as stage:
        changes = {each.target: (each.action, each.detail) for each in stage.plan()}
    place = source.location
    assert changes[f"{place}: notes"] == ("replace", "3 rows -> 2 rows")
    assert changes[f"{place}: entries"][1].startswith("2 rows, as now")
    assert changes[place][0] == "replace"
    assert bodies(notes) == LIVE
    assert notes.relatives() == set()


def test_a_bad_statement_anywhere_fails_and_changes_nothing(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    """R14, R15, R58: at every 5 %, one that is not of a dump, and one that cannot run."""
    ends = [at + 2 for at in range(len(backup.data)) if backup.data.startswith(b";\n", at)]
    bad = (b"DROP DATABASE `mysql`;\n", b"INSERT INTO `notes` VALUES (1,'twice','many');\n")
    for percent in range(0, 100, 5):
        at = ends[len(ends) * percent // 100]
        for text in bad:
            data = backup.data[:at] + text + backup.data[at:]
            with pytest.raises(RestoreError):
                restore(source, backup.with_data(data), tmp_path)
    assert bodies(notes) == LIVE
    assert notes.relatives() == set()


def test_a_cut_or_thinned_dump_changes_nothing(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    """R02, R15: the last byte counts as much as the first."""
    thinned = backup.data.replace(b",\n(2,'old 2')", b"")
    assert thinned != backup.data
    for data in (backup.data[: -len(b" completed\n")], backup.data[:3000], thinned, b""):
        with pytest.raises((RestoreError, AssertionError)):
            restore(source, backup.with_data(data), tmp_path)
    assert bodies(notes) == LIVE
    assert notes.relatives() == set()


def test_a_row_without_its_parent_fails_the_check(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    """R14: the load looks at no foreign key, so the check does."""
    data = backup.data.replace(b"(1,1)", b"(1,7)")
    with staged(source, backup.with_data(data), tmp_path) as stage:
        assert [each.name for each in stage.check() if each.failed] == ["foreign keys"]


def test_rows_that_broke_a_key_when_they_were_captured_are_no_failure(
    notes: MariaDbDatabase, source: MySqlSource, tmp_path: Path
) -> None:
    notes.server.run_all(
        ["SET foreign_key_checks = 0", "INSERT INTO entries VALUES (7, 77)"], notes.name
    )
    backup = capture(source, tmp_path)
    assert backup.facts.facts["violations"] == 1
    restore(source, backup, tmp_path)


def test_a_program_that_cannot_be_created_fails_before_anything_is_live(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    """R14: a partial object."""
    data = backup.data.replace(b"count(0) AS `n` from `notes`", b"count(0) AS `n` from `nothing`")
    assert data != backup.data
    with pytest.raises(RestoreError, match="view note_count cannot be created"):
        restore(source, backup.with_data(data), tmp_path)
    assert bodies(notes) == LIVE


@contextmanager
def transaction(database: MariaDbDatabase) -> Iterator[int]:
    """Hold a transaction open that has read a table."""
    session = database.server.connect(database.name)
    try:
        with session.cursor() as cursor:
            cursor.execute("START TRANSACTION")
            cursor.execute("SELECT COUNT(*) FROM notes")
            yield int(session.thread_id())  # type: ignore[no-untyped-call]
    finally:
        session.close()


@pytest.mark.parametrize("triggers", [True, False])
def test_a_long_transaction_is_named_and_everything_stays(
    notes: MariaDbDatabase, tmp_path: Path, triggers: bool
) -> None:
    """R18: it holds a lock on what it read; with triggers and without, all stays as it is."""
    source = source_of(notes)
    source._server.lock_wait_s = 1  # not for a connection: that may take longer
    backup = capture(source, tmp_path)
    if not triggers:
        notes.run("DROP TRIGGER notes_lower")
    notes.run("UPDATE notes SET body = 'live'")
    before = everything(notes)
    with transaction(notes) as number:
        with pytest.raises(TargetInUse, match=f"session {number} of root@"):
            restore(source, backup, tmp_path)
        assert everything(notes) == before
    assert notes.relatives() == set()
    restore(source, backup, tmp_path)
    assert bodies(notes) == OLD


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RestoreError("a view fails")])
def test_a_swap_that_is_interrupted_after_the_exchange_is_taken_back(
    notes: MariaDbDatabase,
    source: MySqlSource,
    backup: Backup,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    """I16: whatever it is that interrupts; tables and programs."""
    before = everything(notes)
    put, failing = Swap._put_programs, [error]

    def put_programs(this: Swap, recorded_in: str) -> None:
        if failing:
            raise failing.pop()
        put(this, recorded_in)

    monkeypatch.setattr(Swap, "_put_programs", put_programs)
    with staged(source, backup, tmp_path) as stage:
        with pytest.raises(type(error)):
            stage.swap()
        assert not stage.unsettled
        assert everything(notes) == before
    assert notes.relatives() == set()


def test_a_swap_that_can_neither_be_finished_nor_taken_back_is_left_to_recovery(
    notes: MariaDbDatabase,
    source: MySqlSource,
    backup: Backup,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R17: nothing that recovery needs is removed."""
    before = everything(notes)

    def refuse(this: Swap, recorded_in: str) -> None:
        raise TargetInUse("busy")

    with monkeypatch.context() as patched, staged(source, backup, tmp_path) as stage:
        state = stage.state()
        patched.setattr(Swap, "_put_programs", refuse)
        with pytest.raises(TargetInUse):
            stage.swap()
        assert stage.unsettled
    source.recover(state, committed=False)
    assert everything(notes) == before
    assert notes.relatives() == set()


def test_a_short_transaction_is_waited_for(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    """R18: the rename gets its turn when the transaction ends."""
    with staged(source, backup, tmp_path) as stage:
        with transaction(notes):
            swap = threading.Thread(target=stage.swap)
            swap.start()
            wait_until(
                lambda: any("metadata lock" in each.state for each in notes.connections()),
                "the swap to wait",
            )
        swap.join()
    assert bodies(notes) == OLD


def test_a_live_application_sees_one_switch_and_goes_on(
    notes: MariaDbDatabase, source: MySqlSource, tmp_path: Path
) -> None:
    """R18: a pool that writes all the time: no error but a deadlock, never half.

    Each of its transactions finds the two tables of one moment.
    """
    notes.run("CREATE TABLE moments (id int PRIMARY KEY, word varchar(10))")
    notes.run("INSERT INTO moments VALUES (1, 'old')")
    backup = capture(source, tmp_path)
    notes.run("UPDATE notes SET body = 'live'")
    notes.run("UPDATE moments SET word = 'live'")
    engine = sa.create_engine(notes.server.url(notes.name, driver="mysql+pymysql"))
    stop, seen, failures = threading.Event(), set[tuple[str, str]](), list[Exception]()
    rounds: list[None] = []

    def work() -> None:
        while not stop.is_set():
            try:
                with engine.begin() as connection:
                    look = "SELECT LEFT(body, 3), word FROM notes JOIN moments ON moments.id = 1"
                    row = connection.execute(sa.text(f"{look} WHERE notes.id = 1")).one()
                    seen.add((str(row[0]), str(row[1])))
                    connection.execute(sa.text("INSERT INTO notes (body) VALUES ('WRITTEN')"))
            except sa.exc.DBAPIError as error:
                # A transaction that has one table and wants the next may be the one to give
                # way, as to any other: applications repeat it.
                if error.orig is None or error.orig.args[0] != 1213:
                    failures.append(error)
            rounds.append(None)

    def wait_for_more() -> None:
        # Those that go on while this is called are not counted: they may have begun before.
        goal = len(rounds) + len(workers) + 10
        wait_until(lambda: len(rounds) >= goal, "more rounds")

    workers = [threading.Thread(target=work) for _ in range(3)]
    try:
        for worker in workers:
            worker.start()
        wait_for_more()
        restore(source, backup, tmp_path)
        wait_for_more()
    finally:
        stop.set()
        for worker in workers:
            worker.join()
        engine.dispose()
    assert failures == []
    assert seen == {("liv", "live"), ("old", "old")}
    assert notes.run("SELECT COUNT(*) > 0 FROM notes WHERE body = 'written'") == [(1,)]


def test_a_database_that_is_gone_is_made_again(
    notes: MariaDbDatabase, source: MySqlSource, tmp_path: Path
) -> None:
    """With its character set and collation, which tables made later have."""
    notes.run("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_swedish_ci")
    backup = capture(source, tmp_path)
    notes.server.drop_database(notes.name)
    assert restore(source, backup, tmp_path) == {}
    assert bodies(notes) == OLD
    assert notes.run("SELECT @@collation_database") == [("utf8mb4_swedish_ci",)]
    assert notes.relatives() == set()


def test_another_database_is_filled_if_it_is_empty(
    notes: MariaDbDatabase,
    new_mariadb_database: MariaDbDatabases,
    backup: Backup,
    tmp_path: Path,
) -> None:
    """A `target`: made if it is missing, used if it is empty, else refused."""
    missing = MySqlSource(notes.server.url("app_elsewhere"), root=backup.root)
    restore(missing, backup, tmp_path, only_new=True)
    assert bodies(MariaDbDatabase(notes.server, "app_elsewhere")) == OLD
    with pytest.raises(TargetExists):
        restore(missing, backup, tmp_path, only_new=True)
    empty = new_mariadb_database()
    restore(source_of(empty, root=backup.root), backup, tmp_path, only_new=True, keep_old=False)
    assert bodies(empty) == OLD
    assert bodies(notes) == LIVE


@pytest.mark.parametrize(
    ("statement", "query"),
    [
        ("CREATE TABLE mine AS SELECT 7 AS x", "SELECT x FROM mine"),
        ("CREATE FUNCTION mine() RETURNS int DETERMINISTIC RETURN 7", "SELECT mine()"),
    ],
)
@pytest.mark.parametrize("moment", ["before", "meanwhile", "last"])
def test_another_database_that_is_not_empty_any_more_is_left_as_it_is(
    new_mariadb_database: MariaDbDatabases,
    backup: Backup,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    statement: str,
    query: str,
    moment: str,
) -> None:
    """Looked at when it begins and when it ends; what comes even later is not taken away."""
    other = new_mariadb_database()
    if moment == "before":
        other.run(statement)
    source = source_of(other, root=backup.root)
    forward = Swap.forward

    def late(this: Swap) -> None:
        other.run(statement)
        forward(this)
        raise RestoreError("it fails after all")

    with ExitStack() as stack:
        if moment != "last":
            stack.enter_context(pytest.raises(TargetExists))
        stage = stack.enter_context(staged(source, backup, tmp_path, only_new=True))
        if moment == "meanwhile":
            other.run(statement)
            stage.swap()
        monkeypatch.setattr(Swap, "forward", late)
        with pytest.raises(RestoreError, match="after all"):
            stage.swap()
    assert other.run(query) == [(7,)]
    assert len(other.run("SHOW TABLES")) == ("TABLE" in statement)
    assert other.relatives() == set()


def test_selected_tables_only(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    """The others stay; a key to a table that stays holds; the exchange back takes only these."""
    notes.run("UPDATE entries SET note = 3")
    kept = restore(source, backup, tmp_path, tables=("entries",))
    assert bodies(notes) == LIVE
    assert notes.run("SELECT id, note FROM entries ORDER BY id") == [(1, 1), (2, None)]
    with pytest.raises(pymysql.err.IntegrityError):
        notes.run("INSERT INTO entries VALUES (9, 99)")
    restore(source, backup, tmp_path, kept=kept, keep_old=False)
    assert notes.run("SELECT id, note FROM entries ORDER BY id") == [(1, 3), (2, 3)]
    assert bodies(notes) == LIVE
    assert notes.relatives() == set()


def test_what_is_kept_holds_nothing_of_the_live_tables(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    """A key of a kept table to one that stays is no bar to the application, nor to a cleanup."""
    before = everything(notes)
    kept = restore(source, backup, tmp_path, tables=("entries",))
    notes.run("UPDATE entries SET note = NULL")
    notes.run("DELETE FROM notes WHERE id = 1")
    notes.run("INSERT INTO notes VALUES (1, 'live')")
    again = restore(source, backup, tmp_path, kept=kept)
    assert everything(notes) == before
    with pytest.raises(pymysql.err.IntegrityError):
        notes.run("DELETE FROM notes WHERE id = 1")
    with staged(source, backup, tmp_path, kept=again) as stage:
        stage.swap()
        stage.undo()
    assert everything(notes) == before
    restore(source, backup, tmp_path, tables=("entries",))
    restore(source, backup, tmp_path, keep_old=False)
    assert len(source.drop_kept()) == 2
    assert notes.relatives() == set()


def test_what_cannot_be_removed_is_no_failure_of_a_restore(
    notes: MariaDbDatabase,
    source: MySqlSource,
    backup: Backup,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows = Session.rows

    def refusing(this: Session, sql: str | bytes, arguments: Sequence[object] = ()) -> Any:
        if str(sql).startswith("DROP DATABASE"):
            raise DatabaseRefused("no")
        return rows(this, sql, arguments)

    monkeypatch.setattr(Session, "rows", refusing)
    restore(source, backup, tmp_path)
    assert "could not be told: no" in caplog.text
    assert bodies(notes) == OLD


def test_selected_tables_that_do_not_fit_are_refused(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    """A table that stays refers to it; a row that would name nothing; a name that is none."""
    with pytest.raises(RestoreError, match="entries is not restored and refers to notes"):
        restore(source, backup, tmp_path, tables=("notes",))
    notes.server.run_all(["SET foreign_key_checks = 0", "DELETE FROM notes"], notes.name)
    with staged(source, backup, tmp_path, tables=("entries",)) as stage:
        assert [each.name for each in stage.check() if each.failed] == ["foreign keys"]
    with pytest.raises(RestoreError, match="no table nowhere"):
        restore(source, backup, tmp_path, tables=("nowhere",))
    assert notes.relatives() == set()


def test_only_what_we_made_is_dropped(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    """R30: neither a namesake without our mark nor what another database kept."""
    foreign = f"{notes.name}_holdfast_old_000000000000"
    notes.server.create_database(foreign)
    notes.server.run("CREATE TABLE precious (x int)", foreign)
    kept = restore(source, backup, tmp_path)
    other = MySqlSource(notes.server.url(notes.name[:-1] or "x"))
    assert other.drop_kept() == ()
    assert source.drop_kept() == (kept["schema"],)
    assert source.drop_kept() == ()
    assert notes.relatives() == {foreign}


def test_what_was_kept_and_dropped_is_restored_from_the_backup(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    kept = restore(source, backup, tmp_path)
    source.drop_kept()
    notes.run("UPDATE notes SET body = 'later'")
    restore(source, backup, tmp_path, kept=kept)
    assert bodies(notes) == OLD


def test_a_user_who_may_not_make_databases_is_told_what_to_grant(
    notes: MariaDbDatabase, new_mariadb_user: Callable[..., User], backup: Backup, tmp_path: Path
) -> None:
    """And with exactly that granted it works; a foreign definer becomes the user, and is said."""
    base = notes.name.replace("_", r"\_")
    user = new_mariadb_user(grants=[f"ALL ON `{base}`.*"])
    source = MySqlSource(notes.url_for(user), root=backup.root)
    with pytest.raises(DatabaseRefused) as caught:
        restore(source, backup, tmp_path)
    assert rf"GRANT ALL ON `{base}\_holdfast\_%`.*" in str(caught.value.hint)
    assert bodies(notes) == LIVE
    more = new_mariadb_user(grants=[f"ALL ON `{base}`.*", rf"ALL ON `{base}\_holdfast\_%`.*"])
    source = MySqlSource(notes.url_for(more), root=backup.root)
    with staged(source, backup, tmp_path) as stage:
        said = [each.detail for each in stage.plan() if each.action == "skip"]
        assert [each for each in said if "note_count now runs as the user of this restore" in each]
        stage.swap()
    assert bodies(notes) == OLD
    assert source.drop_kept() != ()


def test_a_definer_that_does_not_exist_is_said(
    notes: MariaDbDatabase, source: MySqlSource, tmp_path: Path
) -> None:
    notes.run("CREATE DEFINER=`nobody`@`nowhere` VIEW orphaned AS SELECT 1 AS x")
    backup = capture(source, tmp_path)
    with staged(source, backup, tmp_path) as stage:
        said = [each.detail for each in stage.plan() if each.action == "skip"]
    assert [each for each in said if "orphaned has a definer that does not exist" in each]


def test_a_value_longer_than_the_servers_packet_is_restored(tmp_path: Path) -> None:
    """A dump writes bytes twice as long as they are; what went in must come back."""
    with MariaDbServer.started("--max-allowed-packet=2M") as server:
        server.create_database("app")
        database = MariaDbDatabase(server, "app")
        database.run("CREATE TABLE blobs (id int PRIMARY KEY, body longblob)")
        database.run("INSERT INTO blobs VALUES (1, REPEAT(x'00fffe8041424344eeee', 150000))")
        source = source_of(database)
        backup = capture(source, tmp_path)
        before = everything(database)
        database.run("DELETE FROM blobs")
        restore(source, backup, tmp_path)
        assert everything(database) == before


def test_a_server_that_tells_no_capitals_finds_what_was_kept(tmp_path: Path) -> None:
    """R30: it calls `Shop_holdfast_old_...` by another name than the restore did."""
    with MariaDbServer.started("--lower-case-table-names=1") as server:
        server.create_database("Shop")
        server.run_all(NOTES, "shop")
        source = MySqlSource(server.url("Shop"))
        backup = capture(source, tmp_path)
        server.run("UPDATE notes SET body = 'live'", "shop")
        kept = restore(source, backup, tmp_path)
        again = restore(source, backup, tmp_path, kept=kept)
        assert server.run("SELECT DISTINCT body FROM notes", "shop") == [("live",)]
        assert len(MySqlSource(server.url("shop")).drop_kept()) == 1, again
        assert MariaDbDatabase(server, "shop").relatives() == set()


def test_a_server_that_dies_meanwhile_leaves_the_live_data(tmp_path: Path) -> None:
    """I16: killed while the dump is loaded, and after it came back all is as it was."""
    with MariaDbServer.started() as server:
        server.create_database("app")
        database = MariaDbDatabase(server, "app")
        server.run_all(NOTES, "app")
        source = source_of(database)
        backup = capture(source, tmp_path)
        database.run("UPDATE notes SET body = 'live'")

        def kill(progress: Progress) -> None:
            if progress.done_bytes > 1000:
                server.kill()

        small = Backup(backup.root, backup.data, backup.facts, piece_bytes=100)
        context = context_of(small, tmp_path, progress=kill)
        with pytest.raises(DatabaseUnreachable), source.stage(context):
            pass
        server.start()
        assert set(bodies(database)) == {"live"}
        source.sweep(context.token, tmp_path)
        assert database.relatives() == set()


def test_a_cancelled_restore_leaves_nothing(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    """R46: no database, no session."""
    cancel = CancellationToken()
    small = Backup(backup.root, backup.data, backup.facts, piece_bytes=100)

    def stop(progress: Progress) -> None:
        if progress.done_bytes > 1000:
            cancel.cancel()

    with pytest.raises(Cancelled):
        restore(source, small, tmp_path, cancel=cancel, progress=stop)
    assert bodies(notes) == LIVE
    assert notes.relatives() == set()


def test_a_long_statement_is_cancelled_on_the_server(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    """R46: a query of a drill that would take a minute."""
    cancel = CancellationToken()
    with source.rehearse(context_of(backup, tmp_path, cancel=cancel)) as restored:
        timer = threading.Timer(0.3, cancel.cancel)
        timer.start()
        with pytest.raises(Cancelled):
            list(restored.column("SELECT SLEEP(50)"))
        timer.join()
    assert notes.relatives() == set()


def test_a_backup_without_the_database_is_refused(
    source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    with pytest.raises(PathNotInBackup):
        restore(source, backup.at("database/other.sql"), tmp_path)


def test_a_drill_asks_and_only_reads(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    """R10: true is what is not 0; a write, a second value and a false one fail."""
    queries = [
        "SELECT COUNT(*) = 2 FROM notes",
        "SELECT 0",
        "SELECT NULL",
        "SELECT 1, 2",
        "SELECT id FROM notes",
        "DELETE FROM notes",
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
        "SELECT nonsense",
    ]
    with source.rehearse(context_of(backup, tmp_path)) as restored:
        require_passed(restored.check())
        answers = restored.ask(queries)
        assert list(restored.column("SELECT body FROM notes ORDER BY id")) == OLD
        (drill,) = notes.relatives()
        assert bodies(MariaDbDatabase(notes.server, drill)) == OLD
    assert [each.name for each in answers] == [f"expect: {query}" for query in queries]
    passed = [each.passed for each in answers]
    assert passed == [True, False, False, False, False, False, True, False]
    assert notes.relatives() == set()
    assert bodies(notes) == LIVE


def test_a_drill_finds_what_is_wrong(
    source: MySqlSource, notes: MariaDbDatabase, backup: Backup, tmp_path: Path
) -> None:
    """R10: break it and the drill is red."""
    thinned = backup.data.replace(b",\n(2,'old 2')", b"")
    with source.rehearse(context_of(backup.with_data(thinned), tmp_path)) as restored:
        assert [each.name for each in restored.check() if each.failed] == ["table counts"]


def test_a_program_that_names_its_database_is_no_part_of_another(
    notes: MariaDbDatabase, source: MySqlSource, tmp_path: Path
) -> None:
    """R10: it would read the live rows. A drill fails; where it belongs it is restored."""
    name = notes.name
    notes.run(f"CREATE TABLE {name} (word int)")
    notes.run(f"CREATE VIEW innocent AS SELECT {name}.word AS '{name}.notes' FROM {name}")
    backup = capture(source, tmp_path)
    with source.rehearse(context_of(backup, tmp_path)) as restored:
        require_passed(restored.check())
    notes.run(
        f"CREATE FUNCTION outside() RETURNS int RETURN (SELECT COUNT(*) FROM {name}. `notes`)"
    )
    backup = capture(source, tmp_path)
    with source.rehearse(context_of(backup, tmp_path)) as restored:
        (failed,) = [each for each in restored.check() if each.failed]
        assert failed.detail.startswith("function outside would read")
    elsewhere = MySqlSource(notes.server.url("app_elsewhere_2"), root=backup.root)
    with pytest.raises(RestoreError, match="function outside would read"):
        restore(elsewhere, backup, tmp_path, only_new=True)
    assert not elsewhere.place().exists
    restore(source, backup, tmp_path)
    assert notes.run("SELECT outside()") == [(2,)]


def test_a_staged_database_may_be_migrated_before_it_is_live(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    with staged(source, backup, tmp_path) as stage:
        require_passed(stage.check())
        assert stage.staged_schema_version() is None
        engine = sa.create_engine(stage.staged_url().replace("mysql:", "mysql+pymysql:", 1))
        with engine.begin() as connection:
            for statement in (
                "ALTER TABLE notes ADD more int DEFAULT 5",
                "CREATE TABLE alembic_version (version_num varchar(32))",
                "INSERT INTO alembic_version VALUES ('abc')",
                "DROP VIEW note_count",
                "CREATE VIEW note_sum AS SELECT SUM(more) AS n FROM notes",
            ):
                connection.execute(sa.text(statement))
        engine.dispose()
        stage.migrated()
        assert stage.staged_schema_version() == "abc"
        assert stage.live_schema_version is None
        require_passed(stage.check())
        stage.swap()
        assert stage.live_schema_version == "abc"
    assert notes.run("SELECT n FROM note_sum") == [(10,)]
    assert "note_count" not in {name for (name,) in notes.run("SHOW TABLES")}


def test_events_run_again_after_a_migration(
    notes: MariaDbDatabase, source: MySqlSource, tmp_path: Path
) -> None:
    """They sleep while it runs; those that slept in the backup go on to."""
    for name, state in (("runs", "ENABLE"), ("sleeps", "DISABLE")):
        notes.run(f"CREATE EVENT {name} ON SCHEDULE EVERY 1 DAY {state} DO DELETE FROM entries")
    backup = capture(source, tmp_path)
    with staged(source, backup, tmp_path) as stage:
        (new,) = notes.relatives()
        states = "SELECT event_name, status FROM information_schema.events WHERE event_schema = "
        assert {state for _, state in notes.run(f"{states}'{new}'")} == {"DISABLED"}
        notes.server.run("ALTER EVENT runs COMMENT 'migrated'", new)
        stage.migrated()
        stage.swap()
    found: dict[object, object] = dict(notes.run(f"{states}'{notes.name}'"))
    assert found == {"runs": "ENABLED", "sleeps": "DISABLED"}


def test_a_database_with_the_longest_name_is_restored(
    new_mariadb_database: MariaDbDatabases, tmp_path: Path
) -> None:
    """The names of what is beside it fit, and stay apart."""
    names = ["n" * 63 + end for end in "ab"]
    sources = [source_of(new_mariadb_database(name=name)) for name in names]
    for source in sources:
        restore(source, capture(source, tmp_path), tmp_path)
    for source in sources:
        assert len(source.drop_kept()) == 1


def test_nothing_of_the_driver_leaks_from_a_restore(
    notes: MariaDbDatabase, source: MySqlSource, backup: Backup, tmp_path: Path
) -> None:
    """A server that ends every session at any time raises only our errors."""
    for number in range(1, 40, 3):
        small = Backup(backup.root, backup.data, backup.facts, piece_bytes=100)
        left = [number]

        def end(progress: Progress, left: list[int] = left) -> None:
            left[0] -= 1
            if not left[0]:
                for each in notes.server.connections():
                    notes.server.run(f"KILL {each.pid}")

        with pytest.raises(HoldfastError):
            restore(source, small, tmp_path, progress=end)
        assert bodies(notes) == LIVE
    assert [identifier(each) for each in notes.relatives()] == []
