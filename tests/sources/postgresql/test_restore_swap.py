"""The swap: atomic for the application, for a crash at any statement, and for the server's end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from holdfast.errors import HoldfastError, RestoreError, TargetInUse
from holdfast.sources.postgresql.names import Purpose, beside, mark
from tests.rig.daemon import wait_until
from tests.rig.killer import Killer
from tests.rig.postgresql import PostgresDatabase, PostgresServer, Role, identifier, literal
from tests.rig.servers import PostgresDatabases
from tests.sources.postgresql.restoring import (
    Tree,
    backup_of,
    context_of,
    die,
    restore,
    source_at,
    staged,
)

TABLE = "CREATE TABLE notes (id serial PRIMARY KEY, body text NOT NULL)"


@pytest.fixture
def database(new_postgres_database: PostgresDatabases) -> PostgresDatabase:
    made = new_postgres_database()
    made.run(f"{TABLE}; INSERT INTO notes (body) VALUES ('backed up')")
    return made


@pytest.fixture
def backup(database: PostgresDatabase, tmp_path: Path) -> Tree:
    tree = backup_of(database.url, tmp_path)
    database.run("UPDATE notes SET body = 'today'")
    return tree


def bodies(database: PostgresDatabase) -> list[str]:
    return [str(body) for (body,) in database.run("SELECT body FROM notes ORDER BY id")]


class Writer:
    """An application with a connection pool that writes as fast as it can."""

    def __init__(self, url: str) -> None:
        self._engine = sqlalchemy.create_engine(
            url.replace("postgresql://", "postgresql+psycopg://"), pool_size=3
        )
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.acknowledged: list[str] = []
        self.errors: list[Exception] = []

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
        self._engine.dispose()

    def _run(self) -> None:
        insert = sqlalchemy.text("INSERT INTO notes (body) VALUES (:body)")
        number = 0
        while not self._over.is_set():
            number += 1
            body = f"written {number}"
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert, {"body": body})
            except sqlalchemy.exc.OperationalError as error:
                self.errors.append(error)
            else:
                self.acknowledged.append(body)

    def wait_for(self, more: int) -> None:
        """Wait until it has written so many rows more."""
        wanted = len(self.acknowledged) + more
        wait_until(lambda: len(self.acknowledged) >= wanted, "its rows")


def test_a_live_pool_finds_the_restored_database(
    database: PostgresDatabase, backup: Tree, tmp_path: Path
) -> None:
    """R18: it reconnects by itself; nothing acknowledged is in neither of the two databases."""
    with (
        Writer(database.url) as writer,
        staged(source_at(database.url), backup, tmp_path) as stage,
    ):
        writer.wait_for(20)
        stage.swap()
        writer.wait_for(20)
        done = list(writer.acknowledged)
        kept = stage.kept()["database"]
    found = bodies(database)
    assert found[0] == "backed up"
    database.server.run(f"ALTER DATABASE {identifier(kept)} ALLOW_CONNECTIONS true")
    old = PostgresDatabase(database.server, kept)
    assert set(done) <= {*found, *bodies(old)}
    assert not set(found) & set(bodies(old))


def test_a_lost_keeper_is_replaced_before_the_swap(
    database: PostgresDatabase, new_postgres_role: Callable[..., Role], tmp_path: Path
) -> None:
    """R18, R38: neither a limit for idle sessions nor a cut leaves what is staged to others."""
    setting = "SELECT pg_catalog.current_setting('idle_session_timeout')"
    role = new_postgres_role(createdb=True)
    database.run(
        f"ALTER ROLE {role.name} SET idle_session_timeout TO '90s';"
        f"ALTER DATABASE {identifier(database.name)} OWNER TO {role.name};"
        f"ALTER TABLE notes OWNER TO {role.name}"
    )
    url = database.url_for(role)
    tree = backup_of(url, tmp_path)
    with staged(source_at(url), tree, tmp_path, keep_old=False) as stage:
        keeper = stage._keeper  # type: ignore[attr-defined]
        assert keeper.value(f"{setting} AS value") == "0"
        pid = keeper.value("SELECT pg_backend_pid() AS pid")
        database.server.run(f"SELECT pg_terminate_backend({pid}, 5000)")
        stage.swap()
        assert stage._keeper.answers()  # type: ignore[attr-defined]
    assert bodies(database) == ["backed up"]


def test_subscriptions_are_named_and_what_they_keep_does_not_fail_a_cleanup(
    database: PostgresDatabase, backup: Tree, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """R14: they stay with the old database, which cannot be dropped before them."""
    database.run(
        "CREATE SUBSCRIPTION sub CONNECTION 'dbname=nowhere' PUBLICATION p"
        " WITH (connect = false, slot_name = NONE)"
    )
    source = source_at(database.url)
    with staged(source, backup, tmp_path, keep_old=False) as stage:
        (said,) = [each.detail for each in stage.plan() if each.action == "skip"]
        assert said == "Subscriptions stay with the old database, which they keep: sub"
        stage.swap()
    (kept,) = database.relatives()
    assert f"{kept} cannot be removed" in caplog.text
    caplog.clear()
    assert source.drop_kept() == ()
    assert f"{kept} cannot be removed" in caplog.text
    database.server.run(f"ALTER DATABASE {identifier(kept)} ALLOW_CONNECTIONS true")
    PostgresDatabase(database.server, kept).run("DROP SUBSCRIPTION sub")
    assert source.drop_kept() == (kept,)


def test_what_belongs_to_the_name_is_taken_over_and_given_back(
    database: PostgresDatabase,
    backup: Tree,
    new_postgres_role: Callable[..., Role],
    tmp_path: Path,
) -> None:
    """Settings, rights, limit, comment: no dump has them."""
    role, name = new_postgres_role(), identifier(database.name)
    database.run(
        f'ALTER DATABASE {name} SET search_path TO "$user", public, "odd ""name";'
        f"ALTER DATABASE {name} SET work_mem TO '17MB';"
        f"ALTER DATABASE {name} SET \"shop.tenant\" TO 'it''s';"
        f"ALTER ROLE {role.name} IN DATABASE {name} SET statement_timeout TO '5s';"
        f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC;"
        f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {role.name} WITH GRANT OPTION;"
        f"ALTER DATABASE {name} CONNECTION LIMIT 17;"
        f"COMMENT ON DATABASE {name} IS 'it''s the shop'"
    )
    look = (
        "SELECT datallowconn, datconnlimit, datistemplate, datcollate, datdba, encoding,"
        " shobj_description(oid, 'pg_database'), (SELECT array_agg(a::text ORDER BY a::text)"
        " FROM aclexplode(datacl) a), (SELECT array_agg(setrole || setconfig::text ORDER BY 1)"
        " FROM pg_db_role_setting WHERE setdatabase = oid) FROM pg_database"
        f" WHERE datname = {literal(database.name)}"
    )
    before = database.run(look)
    with staged(source_at(database.url), backup, tmp_path, keep_previous=True) as stage:
        stage.swap()
        assert database.run(look) == before
        assert bodies(database) == ["backed up"]
        stage.undo()
        assert database.run(look) == before
        assert bodies(database) == ["today"]


def test_a_crash_at_any_statement_leaves_it_wholly_old_or_wholly_new(
    database: PostgresDatabase, backup: Tree, tmp_path: Path
) -> None:
    """R17: SIGKILL before each one, forwards and back; every time the name works."""
    source = source_at(database.url)
    with (
        Killer("tests.sources.postgresql.dying:exchange") as killer,
        staged(source, backup, tmp_path) as stage,
    ):
        state = stage.state()
        for forward, stride in ((True, 1), (False, 3)):
            seen = []
            for number in range(0, 100, stride):
                death = killer.run([database.url, state, forward, number], [])
                new = source.recover(state, committed=None)
                assert bodies(database) == (["backed up"] if new else ["today"]), number
                seen.append(new)
                if not death.killed:
                    assert death.status == 3, death
                    break
            assert seen == sorted(seen, reverse=not forward)
            assert seen[-1] is forward
            assert len(seen) > 3
    assert database.relatives() == set()


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("keep_old", [False, True])
def test_recovery_finishes_or_takes_back(
    database: PostgresDatabase,
    backup: Tree,
    tmp_path: Path,
    swapped: bool,
    committed: bool,
    keep_old: bool,
) -> None:
    """R17: from wherever it stopped, twice with the same result, and nothing is left over."""
    source = source_at(database.url)
    context = context_of(backup, tmp_path, keep_old=keep_old)
    with source.stage(context) as stage:
        state = stage.state()
        if swapped:
            stage.swap()
        die(stage)
    for _ in range(2):
        assert source.recover(state, committed=committed) is committed
    assert bodies(database) == (["backed up"] if committed else ["today"])
    kept = beside(database.name, Purpose.OLD, context.token)
    assert database.relatives() == ({kept} if committed and keep_old else set())


@pytest.mark.parametrize("committed", [False, True])
def test_what_a_recovery_needs_is_not_dropped_by_another_cleanup(
    database: PostgresDatabase,
    backup: Tree,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    committed: bool,
) -> None:
    """R17, R30: until its restore has ended; a plan of another repository may clean up too."""
    source = source_at(database.url)
    with source.stage(context_of(backup, tmp_path)) as stage:
        state = stage.state()
        stage.swap()
        die(stage)
    assert source.drop_kept() == ()
    (kept,) = database.relatives()
    assert f"{kept} stays" in caplog.text
    source.recover(state, committed=committed)
    assert bodies(database) == (["backed up"] if committed else ["today"])
    assert source.drop_kept() == ((kept,) if committed else ())


def test_a_recovery_whose_old_database_is_gone_names_the_way_on(
    database: PostgresDatabase, backup: Tree, tmp_path: Path
) -> None:
    source = source_at(database.url)
    with source.stage(context_of(backup, tmp_path)) as stage:
        state = stage.state()
        stage.swap()
        die(stage)
    (kept,) = database.relatives()
    database.server.drop_database(kept)
    with pytest.raises(RestoreError, match="cannot be taken back") as caught:
        source.recover(state, committed=False)
    assert "safety backup" in (caught.value.hint or "")


@pytest.mark.parametrize("swapped", [False, True])
def test_a_sweep_removes_what_a_dead_restore_left_and_only_that(
    database: PostgresDatabase, backup: Tree, tmp_path: Path, swapped: bool
) -> None:
    """R30, R38: also where its swap was done and nobody knew."""
    source = source_at(database.url)
    context = context_of(backup, tmp_path)
    with source.stage(context) as stage:
        if swapped:
            stage.swap()
        die(stage)
        source.sweep("0123456789ab", context.scratch_dir)
        assert len(database.relatives()) == 1
    source.sweep(context.token, context.scratch_dir)
    source.sweep(context.token, context.scratch_dir)
    assert database.relatives() == set()
    assert bodies(database) == ["today"]


def test_the_next_restore_removes_what_nobody_works_on(
    database: PostgresDatabase, backup: Tree, tmp_path: Path
) -> None:
    """R38: and leaves what another restore has just staged."""
    source = source_at(database.url)
    with source.stage(context_of(backup, tmp_path)) as dead:
        die(dead)
        with source.stage(context_of(backup, tmp_path)):
            (first,) = database.relatives()
            with source.stage(context_of(backup, tmp_path)):
                assert database.relatives() > {first}
                assert len(database.relatives()) == 2


HOSTILE = "we\"ird'% \\_db; DROP TABLE x -- \u00e4"


def test_only_our_own_databases_are_dropped(
    new_postgres_database: PostgresDatabases, tmp_path: Path
) -> None:
    """R30: name and comment must both say so, for this live database, whatever it is called."""
    live = new_postgres_database(name=f"{HOSTILE}{'long ' * 4}")
    live.run(f"{TABLE}; INSERT INTO notes (body) VALUES ('backed up')")
    tree = backup_of(live.url, tmp_path)
    source = source_at(live.url)
    name = beside(live.name, Purpose.OLD, "abc")
    other = beside("other", Purpose.OLD, "abc")
    for each, comment in (
        (name, "of somebody"),
        (other, mark("other", Purpose.OLD, "abc")),
        (f"{live.name[:20]}_x", mark(live.name, Purpose.OLD, "abc")),
        (beside(live.name, Purpose.OLD, "def"), mark(live.name, Purpose.NEW, "def")),
    ):
        new_postgres_database(name=each)
        live.run(f"COMMENT ON DATABASE {identifier(each)} IS {literal(comment)}")
    before = live.server.databases()
    kept = restore(source, tree, tmp_path)
    assert live.server.databases() == before | {kept["database"]}
    assert bodies(live) == ["backed up"]
    assert source.drop_kept() == (kept["database"],)
    assert live.server.databases() == before


def test_a_session_that_may_not_be_ended_is_named_and_nothing_happens(
    new_postgres_database: PostgresDatabases,
    new_postgres_role: Callable[..., Role],
    tmp_path: Path,
) -> None:
    """R18: the application of a mightier role."""
    role = new_postgres_role(createdb=True)
    database = new_postgres_database(owner=role.name)
    database.run("GRANT ALL ON SCHEMA public TO PUBLIC")
    database.run(f"{TABLE}; INSERT INTO notes (body) VALUES ('backed up')", user=role)
    tree = backup_of(database.url_for(role), tmp_path)
    source = source_at(database.url_for(role))
    with psycopg.connect(database.url, application_name="monitor") as mighty:
        with (
            staged(source, tree, tmp_path) as stage,
            pytest.raises(TargetInUse, match="monitor as postgres"),
        ):
            stage.swap()
        mighty.execute("SELECT 1")
    assert database.relatives() == set()
    restore(source, tree, tmp_path, keep_old=False)
    assert bodies(database) == ["backed up"]


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may stop."""
    with PostgresServer.started("max_prepared_transactions=2") as server:
        yield server


def test_a_server_that_stops_leaves_the_live_data_and_nothing_else(
    own_server: PostgresServer, tmp_path: Path
) -> None:
    """R17: while it is loaded, and in the middle of the swap; and a transaction was prepared."""
    own_server.create_database("shop")
    database = PostgresDatabase(own_server, "shop")
    database.run(
        f"{TABLE}; INSERT INTO notes (body) SELECT repeat('x', 100) FROM generate_series(1, 9999)"
    )
    tree = backup_of(database.url, tmp_path)
    database.run("TRUNCATE notes; INSERT INTO notes (body) VALUES ('today')")
    source = source_at(database.url)

    def kill(number: int) -> None:
        if number == 3:
            own_server.kill()

    dying = Tree(tree.content, tree.manifest, kill)
    context = context_of(dying, tmp_path)
    with pytest.raises(HoldfastError), source.stage(context):
        pytest.fail("it was staged")
    own_server.start()
    source.sweep(context.token, context.scratch_dir)
    assert database.relatives() == set()

    context = context_of(tree, tmp_path)
    with source.stage(context) as stage:
        state = stage.state()
        own_server.kill()
        with pytest.raises(HoldfastError):
            stage.swap()
    own_server.start()
    assert source.recover(state, committed=None) is False
    assert source.recover(state, committed=False) is False
    assert (database.relatives(), bodies(database)) == (set(), ["today"])

    database.run("BEGIN; DELETE FROM notes; PREPARE TRANSACTION 'half'")
    with staged(source, tree, tmp_path) as stage, pytest.raises(TargetInUse, match="half"):
        stage.swap()
    database.run("ROLLBACK PREPARED 'half'")
    restore(source, tree, tmp_path)
    assert len(bodies(database)) == 9999
