"""Captures of a real MariaDB server, and of programs that fail."""

from __future__ import annotations

import os
import random
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pymysql
import pytest

from holdfast.errors import (
    Cancelled,
    ClientMissing,
    ContainerUnavailable,
    DatabaseChanged,
    DatabaseRefused,
    DatabaseUnreachable,
    HoldfastError,
    SourceNotFound,
)
from holdfast.models.progress import CancellationToken, Progress, no_progress
from holdfast.sources.base import CaptureContext
from holdfast.sources.mysql import MySqlSource
from tests.rig.daemon import wait_until
from tests.rig.load import backups_under_load
from tests.rig.mariadb import MariaDbDatabase, MariaDbServer, User
from tests.rig.servers import MariaDbDatabases
from tests.rig.tools import FAILURES, Behaviour, install_tool
from tests.sources.mysql.support import (
    Backup,
    capture,
    context_of,
    require_passed,
    source_of,
    staged,
)

VERSION = "mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)"


def check_stored(source: MySqlSource, backup: Backup) -> list[str]:
    """Return the names of the failed checks."""
    found = source.check_stored(backup, progress=no_progress, cancel=CancellationToken())
    return [each.name for each in found if each.failed]


def test_a_capture_says_what_it_took(chinook_mariadb: MariaDbDatabase, tmp_path: Path) -> None:
    """R05: versions of server and program; counts of the dump; nothing is left in scratch."""
    source = source_of(chinook_mariadb)
    backup = capture(source, tmp_path)
    facts = backup.facts
    counts = {
        str(name): int(chinook_mariadb.run(f"SELECT COUNT(*) FROM `{name}`")[0][0])
        for (name,) in chinook_mariadb.run("SHOW TABLES")
    }
    assert facts.table_counts == counts
    assert facts.count == sum(counts.values())
    assert facts.facts["row_counts"] == counts
    assert facts.facts["server"] == {
        "flavour": "mariadb",
        "version": chinook_mariadb.server.version,
    }
    assert set(facts.engines) == {"mariadb", "mariadb-dump"}
    assert facts.warnings == ()
    assert backup.data.endswith(b"-- Dump completed\n")
    assert check_stored(source, backup) == []
    assert list(tmp_path.iterdir()) == []


def test_the_same_data_make_the_same_dump(chinook_mariadb: MariaDbDatabase, tmp_path: Path) -> None:
    """So that a repeated backup stores nothing new."""
    source = source_of(chinook_mariadb)
    assert capture(source, tmp_path).data == capture(source, tmp_path).data


def test_progress_names_the_table_and_counts_bytes(
    chinook_mariadb: MariaDbDatabase, tmp_path: Path
) -> None:
    seen: list[Progress] = []
    context = CaptureContext(scratch_dir=tmp_path, progress=seen.append)
    with source_of(chinook_mariadb).capture(context) as taken:
        (entry,) = taken.entries()
        assert entry.open is not None
        with entry.open() as stream:
            while stream.read(4096):
                pass
        taken.facts()
    steps = {each.step for each in seen}
    assert any("Track" in step for step in steps)
    assert [each.done_bytes for each in seen] == sorted(each.done_bytes for each in seen)


def test_tables_without_transactions_are_named(
    mariadb_database: MariaDbDatabase, tmp_path: Path
) -> None:
    """R09: what is not of the same moment is said."""
    mariadb_database.run("CREATE TABLE fine (x int) ENGINE=InnoDB")
    mariadb_database.run("CREATE TABLE loose (x int) ENGINE=MyISAM")
    mariadb_database.run("CREATE TABLE brief (x int) ENGINE=MEMORY")
    mariadb_database.run("CREATE TABLE inexact (x float)")
    warnings = capture(source_of(mariadb_database), tmp_path).facts.warnings
    assert [each for each in warnings if "brief (MEMORY), loose (MyISAM)" in each]
    assert [each for each in warnings if "FLOAT" in each and "inexact.x" in each]
    assert not [each for each in warnings if "fine" in each]


CAPTURES = backups_under_load(6)
ACCOUNTS = 40


def open_accounts(database: MariaDbDatabase) -> None:
    database.run("CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL)")
    database.run("CREATE TABLE transfers (id int AUTO_INCREMENT PRIMARY KEY, amount int NOT NULL)")
    values = ", ".join(f"({number}, 1000)" for number in range(ACCOUNTS))
    database.run(f"INSERT INTO accounts VALUES {values}")
    # Something to read between the two, so that a dump takes a while.
    database.run("CREATE TABLE bulk (id int PRIMARY KEY, body text)")
    database.run("INSERT INTO bulk SELECT seq, REPEAT(MD5(seq), 20) FROM seq_1_to_20000")


class Transfers:
    """Moves money between accounts, and counts each transfer in another table."""

    def __init__(self, database: MariaDbDatabase) -> None:
        self._database = database
        self._stop = threading.Event()
        self.committed = 0
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(2)]

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)
        session = self._database.server.connect(self._database.name)
        session.autocommit(False)
        try:
            with session.cursor() as cursor:
                while not self._stop.is_set():
                    one, other = sorted(chance.sample(range(ACCOUNTS), 2))
                    update = "UPDATE accounts SET balance = balance + %s WHERE id = %s"
                    cursor.execute(update, (-7, one))
                    cursor.execute("INSERT INTO transfers (amount) VALUES (7)")
                    cursor.execute(update, (7, other))
                    session.commit()
                    self.committed += 1
        finally:
            session.close()

    def __enter__(self) -> Transfers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_every_capture_under_load_is_one_moment(
    mariadb_database: MariaDbDatabase, tmp_path: Path
) -> None:
    """R07: the sum of all accounts stays; what was committed before it began is in it."""
    open_accounts(mariadb_database)
    source = source_of(mariadb_database)
    with Transfers(mariadb_database) as transfers:
        for _ in range(CAPTURES):
            goal = transfers.committed + 1
            wait_until(lambda: transfers.committed >= goal, "a transfer")  # noqa: B023  at once
            before = mariadb_database.run("SELECT COUNT(*) FROM transfers")[0][0]
            backup = capture(source, tmp_path)
            with source.rehearse(context_of(backup, tmp_path)) as restored:
                require_passed(restored.check())
                require_passed(
                    restored.ask(
                        [
                            f"SELECT SUM(balance) = {ACCOUNTS * 1000} FROM accounts",
                            f"SELECT COUNT(*) >= {before} FROM transfers",
                        ]
                    )
                )
    assert mariadb_database.relatives() == set()


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that comes first on `PATH`."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.mark.parametrize("behaviour", FAILURES, ids=lambda each: each.name.lower())
def test_a_dump_program_that_fails_makes_no_backup(
    mariadb_database: MariaDbDatabase, tmp_path: Path, tools: Path, behaviour: Behaviour
) -> None:
    """R01: whatever way it fails, the capture fails with a clear error, and none is `OSError`."""
    mariadb_database.run("CREATE TABLE t (a int)")
    mariadb_database.run("INSERT INTO t SELECT seq FROM seq_1_to_200000")
    output = capture(source_of(mariadb_database), tmp_path).data
    install_tool(tools, "mariadb-dump", behaviour, output=output, version=VERSION)
    source = source_of(mariadb_database, stall_s=0.5)
    with pytest.raises(HoldfastError) as caught:
        capture(source, tmp_path)
    assert caught.value.message
    assert [each.name for each in tmp_path.iterdir()] == ["tools"]


def test_a_dump_program_that_works_makes_one(
    mariadb_database: MariaDbDatabase, tmp_path: Path, tools: Path
) -> None:
    """R01, the other way round: the failures above are not of the stand-in."""
    mariadb_database.run("CREATE TABLE t (a int)")
    output = capture(source_of(mariadb_database), tmp_path).data
    install_tool(tools, "mariadb-dump", Behaviour.GOOD, output=output, version=VERSION)
    assert capture(source_of(mariadb_database), tmp_path).data == output


def test_a_cut_dump_does_not_pass_verification(
    chinook_mariadb: MariaDbDatabase, tmp_path: Path
) -> None:
    """R02: at 300 places, and at every end of a statement."""
    source = source_of(chinook_mariadb)
    backup = capture(source, tmp_path)
    end = len(backup.data) - len(b" completed\n")
    statements = [at + 2 for at in range(end) if backup.data.startswith(b";\n", at)]
    for cut in [*range(0, end, end // 300), *statements[::5], end]:
        assert check_stored(source, backup.with_data(backup.data[:cut])) == ["dump"]


def test_a_lost_row_does_not_pass_verification(
    mariadb_database: MariaDbDatabase, tmp_path: Path
) -> None:
    mariadb_database.run("CREATE TABLE t (a int)")
    mariadb_database.run("INSERT INTO t VALUES (1), (2), (3)")
    source = source_of(mariadb_database)
    backup = capture(source, tmp_path)
    assert backup.data.count(b"(2),\n") == 1
    assert check_stored(source, backup.with_data(backup.data.replace(b"(2),\n", b""))) == [
        "table counts"
    ]


def test_without_a_program_the_capture_says_what_to_install(
    mariadb_database: MariaDbDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClientMissing, match="MariaDB"):
        capture(source_of(mariadb_database), tmp_path)


@pytest.mark.parametrize("password", ["wrong", "c4nary'\"\\$;#\n", ""])
def test_a_wrong_password_is_refused_and_not_repeated(
    mariadb_server: MariaDbServer, tmp_path: Path, password: str
) -> None:
    """R56."""
    source = MySqlSource(mariadb_server.url("app", "root", password))
    with pytest.raises(DatabaseRefused) as caught:
        capture(source, tmp_path)
    assert "c4nary" not in f"{caught.value.message}{caught.value.hint}"
    assert not source.place().exists


def test_odd_passwords_and_names_work(
    new_mariadb_database: MariaDbDatabases, new_mariadb_user: Callable[..., User], tmp_path: Path
) -> None:
    """R55: for the driver and for the program, in user, password and database."""
    name = "-o'dd \"n`me;$(touch x)\\é%"
    database = new_mariadb_database(name=name)
    database.run("CREATE TABLE t (a int)")
    user = new_mariadb_user("-us'er \"`$é", password="p'a\"s\\s;#$(x) é\t%", grants=["ALL ON *.*"])
    source = MySqlSource(database.url_for(user))
    backup = capture(source, tmp_path)
    assert backup.facts.table_counts == {"t": 0}
    with source.stage(context_of(backup, tmp_path)) as stage:
        stage.swap()
    assert source.drop_kept() != ()
    assert database.relatives() == set()


def test_secrets_are_in_no_argument_and_no_message(
    mariadb_database: MariaDbDatabase, tmp_path: Path, tools: Path
) -> None:
    """R56: what the program was called with, what it says, and the manifest's facts."""
    password = mariadb_database.server.password
    real = shutil.which("mariadb-dump", path="/usr/bin")
    recorder = tools / "mariadb-dump"
    recorder.write_text(
        f'#!/bin/sh\necho "$@" >> {tools}/log\nenv >> {tools}/log\nexec {real} "$@"\n'
    )
    recorder.chmod(0o755)
    backup = capture(source_of(mariadb_database), tmp_path)
    assert "--single-transaction" in (tools / "log").read_text()
    assert password not in (tools / "log").read_text()
    assert password not in repr(backup.facts)
    assert password.encode() not in backup.data


def test_a_missing_database_is_named(mariadb_server: MariaDbServer, tmp_path: Path) -> None:
    source = MySqlSource(mariadb_server.url("nowhere"))
    with pytest.raises(SourceNotFound, match="'nowhere'"):
        capture(source, tmp_path)
    assert not source.place().exists
    assert source.size_bytes() == 0


def test_a_server_that_never_greets_is_not_waited_for_without_end() -> None:
    """Somebody listens there, and it is no MySQL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        source = MySqlSource(f"mysql://app:x@127.0.0.1:{port}/shop", connect_timeout_s=1)
        with pytest.raises(DatabaseUnreachable, match=str(port)):
            source.read_pairs("settings", "key", "value")


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    source = MySqlSource("mysql://app:c4nary@127.0.0.1:1/shop", connect_timeout_s=2)
    with pytest.raises(DatabaseUnreachable, match=r"mysql://app@127\.0\.0\.1:1/shop"):
        capture(source, tmp_path)
    assert not source.place().exists


def test_a_user_without_rights_is_refused(
    mariadb_database: MariaDbDatabase, new_mariadb_user: Callable[..., User], tmp_path: Path
) -> None:
    mariadb_database.run("CREATE TABLE t (a int)")
    mariadb_database.run("CREATE VIEW v AS SELECT a FROM t")
    user = new_mariadb_user(grants=[f"SELECT ON `{mariadb_database.name}`.*"])
    with pytest.raises(DatabaseRefused):
        capture(MySqlSource(mariadb_database.url_for(user)), tmp_path)


def test_a_user_who_may_not_see_triggers_is_told(
    mariadb_database: MariaDbDatabase, new_mariadb_user: Callable[..., User], tmp_path: Path
) -> None:
    """R13: what is left out in silence by the program is said."""
    name = mariadb_database.name
    mariadb_database.run("CREATE TABLE t (a int)")
    rights = "SELECT, SHOW VIEW, EVENT, LOCK TABLES, EXECUTE"
    user = new_mariadb_user(grants=[f"{rights} ON `{name}`.*"])
    warnings = capture(MySqlSource(mariadb_database.url_for(user)), tmp_path).facts.warnings
    assert [each for each in warnings if "TRIGGER" in each]
    more = new_mariadb_user(grants=[f"{rights}, TRIGGER ON `{name}`.*"])
    assert capture(MySqlSource(mariadb_database.url_for(more)), tmp_path).facts.warnings == ()


def test_a_user_who_may_not_see_routines_is_told(
    mariadb_database: MariaDbDatabase, new_mariadb_user: Callable[..., User], tmp_path: Path
) -> None:
    """R13: the program lists none and says nothing. A restore leaves the live ones alone."""
    name = mariadb_database.name
    mariadb_database.run("CREATE TABLE t (a int)")
    mariadb_database.run("CREATE FUNCTION seven() RETURNS int DETERMINISTIC RETURN 7")
    rights = f"SELECT, SHOW VIEW, EVENT, TRIGGER, LOCK TABLES ON `{name}`.*"
    user = new_mariadb_user(grants=[rights])
    backup = capture(MySqlSource(mariadb_database.url_for(user)), tmp_path)
    (warning,) = backup.facts.warnings
    assert "mysql.proc" in warning
    assert backup.facts.facts["covers"] == {"routines": False, "events": True}
    source = source_of(mariadb_database)
    with staged(source, backup, tmp_path) as stage:
        assert [each for each in stage.plan() if each.action == "skip"]
        stage.swap()
        assert mariadb_database.run("SELECT seven()") == [(7,)]
        stage.undo()
    assert mariadb_database.run("SELECT seven()") == [(7,)]
    more = new_mariadb_user(grants=[rights, "SELECT ON mysql.proc"])
    backup = capture(MySqlSource(mariadb_database.url_for(more)), tmp_path)
    assert backup.facts.warnings == ()
    assert backup.facts.facts["programs"] == {"function": 1}


def begin(
    database: MariaDbDatabase,
    source: MySqlSource,
    folder: Path,
    act: Callable[[], None],
    cancel: CancellationToken | None = None,
) -> None:
    """Read some of a long dump, do something, and read the rest."""
    database.run("CREATE TABLE a_first (id int PRIMARY KEY, body longtext)")
    database.run("INSERT INTO a_first SELECT seq, REPEAT(MD5(seq), 2000) FROM seq_1_to_400")
    database.run("CREATE TABLE z_last (id int PRIMARY KEY)")
    context = CaptureContext(scratch_dir=folder, cancel=cancel or CancellationToken())
    with source.capture(context) as taken:
        (entry,) = taken.entries()
        assert entry.open is not None
        with entry.open() as stream:
            assert stream.read(100_000)
            act()
            while stream.read(1 << 16):
                pass
        taken.facts()


def test_a_table_that_is_altered_meanwhile_fails_the_capture(
    mariadb_database: MariaDbDatabase, tmp_path: Path
) -> None:
    """I11: a migration in the middle is an error that says so, not half of the data."""

    def alter() -> None:
        mariadb_database.run("ALTER TABLE z_last FORCE")

    with pytest.raises(DatabaseChanged, match="altered while it was read"):
        begin(mariadb_database, source_of(mariadb_database), tmp_path, alter)


def test_a_server_that_dies_meanwhile_fails_the_capture(tmp_path: Path) -> None:
    with MariaDbServer.started() as server:
        server.create_database("app")
        database = MariaDbDatabase(server, "app")
        with pytest.raises(DatabaseUnreachable):
            begin(database, source_of(database), tmp_path, server.kill)
    assert list(tmp_path.iterdir()) == []


def test_a_connection_that_is_ended_meanwhile_fails_the_capture(
    mariadb_database: MariaDbDatabase, tmp_path: Path
) -> None:
    def end() -> None:
        mariadb_database.server.end_connections(mariadb_database.name)

    with pytest.raises(DatabaseUnreachable):
        begin(mariadb_database, source_of(mariadb_database), tmp_path, end)


def test_a_cancelled_capture_leaves_no_process_and_no_session(
    mariadb_database: MariaDbDatabase, tmp_path: Path
) -> None:
    """R46: the program is gone at once, and the server's session with it."""
    cancel = CancellationToken()
    with pytest.raises(Cancelled):
        begin(mariadb_database, source_of(mariadb_database), tmp_path, cancel.cancel, cancel)
    wait_until(lambda: mariadb_database.connections() == [], "the end of the session")
    assert list(tmp_path.iterdir()) == []


def test_a_capture_that_is_given_up_leaves_nothing(
    mariadb_database: MariaDbDatabase, tmp_path: Path
) -> None:
    class GivenUpError(Exception):
        pass

    def give_up() -> None:
        raise GivenUpError

    with pytest.raises(GivenUpError):
        begin(mariadb_database, source_of(mariadb_database), tmp_path, give_up)
    wait_until(lambda: mariadb_database.connections() == [], "the end of the session")
    assert list(tmp_path.iterdir()) == []


def test_a_socket_works_like_an_address(mariadb_database: MariaDbDatabase, tmp_path: Path) -> None:
    mariadb_database.run("CREATE TABLE t (a int)")
    source = MySqlSource(mariadb_database.server.socket_url(mariadb_database.name))
    assert capture(source, tmp_path).facts.table_counts == {"t": 0}


def test_encryption_that_is_asked_for_and_not_there_is_an_error(
    mariadb_database: MariaDbDatabase, tmp_path: Path
) -> None:
    """R67: never in the clear instead."""
    with pytest.raises((DatabaseRefused, DatabaseUnreachable)):
        capture(MySqlSource(f"{mariadb_database.url}?ssl=true"), tmp_path)


def test_the_drivers_errors_do_not_leak(mariadb_database: MariaDbDatabase) -> None:
    source = source_of(mariadb_database)
    with pytest.raises(SourceNotFound):
        source.read_pairs("settings", "name", "value")
    mariadb_database.run("CREATE TABLE settings (name varchar(20), value text)")
    mariadb_database.run("INSERT INTO settings VALUES ('a', 'b'), ('c', NULL)")
    assert source.read_pairs("settings", "name", "value") == [("a", "b"), ("c", None)]
    assert not issubclass(HoldfastError, pymysql.err.MySQLError)


DOCKER = """#!/bin/sh
# A stand-in that runs the command on this machine, with only the variables that were named.
echo "$@" >> {folder}/docker.log
if [ "$1 $2" = "container inspect" ]; then
    [ "$3" = db ] || {{ echo "No such container: $3" >&2; exit 1; }}
    echo '[{{"Id": "0123456789ab", "State": {{"Running": true}}}}]'
    exit 0
fi
shift
set_names=""
while [ "$1" = "--env" ]; do set_names="$set_names $2=$(printenv "$2")"; shift 2; done
[ "$1" = 0123456789ab ] || exit 125
shift
exec env -i PATH=/usr/bin:/bin $set_names "$@"
"""


def test_the_program_runs_in_a_container(
    chinook_mariadb: MariaDbDatabase, tmp_path: Path, tools: Path
) -> None:
    """R04, R56: byte for byte, without a terminal, the password not among the arguments.

    The container runtime is a stand-in; those of the PostgreSQL source are real.
    """
    (tools / "docker").write_text(DOCKER.format(folder=tools))
    (tools / "docker").chmod(0o755)
    server = chinook_mariadb.server
    url = server.socket_url(chinook_mariadb.name)
    inside = MySqlSource(url, container="db", container_runtime="docker")
    assert capture(inside, tmp_path).data == capture(MySqlSource(url), tmp_path).data
    log = (tools / "docker.log").read_text()
    assert "exec --env MYSQL_PWD 0123456789ab" in log
    assert server.password not in log
    assert " -t" not in log
    missing = MySqlSource(url, container="nothing", container_runtime="docker")
    with pytest.raises(ContainerUnavailable, match="nothing"):
        capture(missing, tmp_path)
