"""A process that dies in the middle of a swap, and what recovery makes of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from holdfast.errors import RestoreError
from holdfast.sources.mysql import MySqlSource
from holdfast.sources.mysql.restore import MySqlStaged
from holdfast.sources.mysql.session import Session
from tests.rig.daemon import wait_until
from tests.rig.mariadb import MariaDbDatabase, MariaDbServer
from tests.sources.mysql.support import Backup, capture, context_of, restore, source_of, staged
from tests.sources.mysql.test_restore import Everything, everything

# The thread that renames dies too.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
SHOP = (
    "CREATE TABLE items (id int AUTO_INCREMENT PRIMARY KEY, word varchar(20))",
    "CREATE TABLE orders (id int PRIMARY KEY, item int REFERENCES items (id))",
    "CREATE TRIGGER items_upper BEFORE INSERT ON items FOR EACH ROW SET NEW.word = 'old'",
    "CREATE VIEW item_count AS SELECT COUNT(*) AS n FROM items",
    "INSERT INTO items (word) VALUES ('x'), ('y')",
    "INSERT INTO orders VALUES (1, 1)",
)
LIVE = (
    "DROP TRIGGER items_upper",
    "CREATE TRIGGER items_upper BEFORE INSERT ON items FOR EACH ROW SET NEW.word = 'live'",
    "CREATE TRIGGER more BEFORE UPDATE ON orders FOR EACH ROW SET NEW.item = OLD.item",
    "DROP VIEW item_count",
    "CREATE VIEW item_sum AS SELECT SUM(id) AS n FROM items",
    "UPDATE items SET word = 'live'",
)


class Death(BaseException):
    """The process is gone: nothing after it is sent to the server."""


READING = ("SELECT", "SHOW", "SET", "USE")


class Mortal:
    """Lets a process live for some statements only; those that change nothing are not counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        self.sent: list[str] = []
        rows, send = Session.rows, Session.send

        def mortal_rows(this: Session, sql: str | bytes, arguments: Sequence[object] = ()) -> Any:
            self._count(sql)
            return rows(this, sql, arguments)

        def mortal_send(this: Session, sql: bytes) -> int:
            self._count(sql)
            return send(this, sql)

        monkeypatch.setattr(Session, "rows", mortal_rows)
        monkeypatch.setattr(Session, "send", mortal_send)

    def _count(self, sql: str | bytes) -> None:
        text = sql if isinstance(sql, str) else sql.decode("utf-8", "replace")
        if text.startswith(READING) and self.left != 0:
            return
        self.sent.append(text)
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Death


@pytest.fixture
def shop(mariadb_database: MariaDbDatabase) -> MariaDbDatabase:
    mariadb_database.server.run_all(SHOP, mariadb_database.name)
    return mariadb_database


def die_in_swap(
    source: MySqlSource, backup: Backup, folder: Path, mortal: Mortal, statements: int | None
) -> tuple[dict[str, Any], bool]:
    """Stage, and die after some statements of the swap; return its state and whether it died."""
    stage = MySqlStaged(context_of(backup, folder), source._server, root=source.root)
    stage.prepare()
    state = json.loads(json.dumps(stage.state()))
    mortal.sent.clear()
    mortal.left = statements
    try:
        stage.swap()
    except Death:
        return state, True
    finally:
        mortal.left = None
    return state, False


@pytest.mark.parametrize("committed", [None, False, True])
def test_a_death_at_every_statement_of_a_swap_is_recovered(
    shop: MariaDbDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    committed: bool | None,
) -> None:
    """R17, I16: afterwards it is wholly old or wholly new, programs too, and can be told.

    `None` stands for what the journal does: ask, then go that way.
    """
    source = source_of(shop)
    new = everything(shop)
    backup = capture(source, tmp_path)
    shop.server.run_all(LIVE, shop.name)
    old = everything(shop)
    mortal = Mortal(monkeypatch)
    told: list[bool] = []
    number, died = (0 if committed is None else 1), True
    while died:
        state, died = die_in_swap(source, backup, tmp_path, mortal, number)
        told.append(source.recover(state, committed=None))
        wanted = told[-1] if committed is None else committed
        for _ in range(2):
            assert source.recover(state, committed=wanted) is wanted
            assert everything(shop) == (new if wanted else old), mortal.sent[-1]
        assert shop.relatives() == ({state["outgoing"]} if wanted else set())
        if wanted:
            kept = {"schema": state["outgoing"]}
            restore(source, backup, tmp_path, kept=kept, keep_old=False)
            assert everything(shop) == old
            assert shop.relatives() == set()
        number += 1 if committed is None else 3
    assert told == sorted(told), "once it is the new one it stays the new one"
    assert set(told) == {False, True}


def test_what_a_restore_replaced_stays_until_it_is_settled(
    shop: MariaDbDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R30: cleanups of others run at any time. An undo that swaps it back is a restore too."""
    source = source_of(shop)
    new = everything(shop)
    backup = capture(source, tmp_path)
    shop.server.run_all(LIVE, shop.name)
    old = everything(shop)
    mortal = Mortal(monkeypatch)
    state, _ = die_in_swap(source, backup, tmp_path, mortal, None)
    assert source.drop_kept() == ()
    assert source.recover(state, committed=True)
    kept = {"schema": state["outgoing"]}
    undo = MySqlStaged(context_of(backup, tmp_path, kept=kept), source._server, root=source.root)
    undo.prepare()
    undo.swap()
    assert everything(shop) == old
    assert source.drop_kept() == ()
    assert source.recover(undo.state(), committed=False) is False
    assert everything(shop) == new
    assert source.drop_kept() == (state["outgoing"],)


def test_a_recovery_without_what_was_replaced_says_so(
    shop: MariaDbDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R17: an administrator dropped it. It is not taken for a restore that never was."""
    source = source_of(shop)
    new = everything(shop)
    backup = capture(source, tmp_path)
    shop.server.run_all(LIVE, shop.name)
    state, _ = die_in_swap(source, backup, tmp_path, Mortal(monkeypatch), None)
    shop.server.drop_database(state["outgoing"])
    for committed in (None, False):
        with pytest.raises(RestoreError, match="is gone") as caught:
            source.recover(state, committed=committed)
        assert "safety backup" in str(caught.value.hint)
    assert source.recover(state, committed=True)
    assert everything(shop) == new
    assert shop.relatives() == set()


def test_a_death_in_a_recovery_is_recovered(
    shop: MariaDbDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R17: recovery may be repeated from wherever it got to."""
    source = source_of(shop)
    new = everything(shop)
    backup = capture(source, tmp_path)
    shop.server.run_all(LIVE, shop.name)
    old = everything(shop)
    mortal = Mortal(monkeypatch)
    state, _ = die_in_swap(source, backup, tmp_path, mortal, None)
    assert everything(shop) == new
    mortal.sent.clear()
    for number in range(1000):
        mortal.left = number
        try:
            assert source.recover(state, committed=False) is False
        except Death:
            continue
        finally:
            mortal.left = None
        break
    assert len(mortal.sent) > 10
    assert everything(shop) == old
    assert shop.relatives() == set()


DYING = """
import json, os, signal, sys
from pathlib import Path
from holdfast.sources.mysql import MySqlSource
from holdfast.sources.mysql.restore import MySqlStaged
from holdfast.sources.mysql.session import Session
from tests.sources.mysql.support import Backup, context_of
from holdfast.sources.base import CaptureFacts
url, dump, root, at = sys.argv[1:]
source = MySqlSource(url, connect_timeout_s=20)
backup = Backup(root, Path(dump).read_bytes(), CaptureFacts())
stage = MySqlStaged(context_of(backup, Path(dump).parent), source._server, root=root)
stage.prepare()
print(json.dumps(stage.state()), flush=True)
rows = Session.rows
def dying(self, sql, arguments=()):
    if isinstance(sql, str) and sql.startswith(at):
        os.kill(os.getpid(), signal.SIGKILL)
    return rows(self, sql, arguments)
Session.rows = dying
stage.swap()
"""


@pytest.mark.parametrize("statement", ["LOCK TABLES", "RENAME TABLE", "UNLOCK TABLES"])
def test_a_killed_process_is_recovered(
    shop: MariaDbDatabase, tmp_path: Path, statement: str
) -> None:
    """R17: SIGKILL. At `UNLOCK TABLES` the rename waits on the server, and runs on without us."""
    source = source_of(shop)
    new = everything(shop)
    backup = capture(source, tmp_path)
    shop.server.run_all(LIVE, shop.name)
    old = everything(shop)
    dump = tmp_path / "dump.sql"
    dump.write_bytes(backup.data)
    done = subprocess.run(
        [sys.executable, "-c", DYING, shop.url, dump, source.root, statement],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    state = json.loads(done.stdout)
    told = source.recover(state, committed=None)
    assert source.recover(state, committed=told) is told
    assert everything(shop) == (new if told else old)
    if statement != "UNLOCK TABLES":
        assert not told


def test_an_exchange_that_still_waits_is_ended_by_the_recovery(
    shop: MariaDbDatabase, tmp_path: Path
) -> None:
    """R17: its process is dead and a transaction holds it up; it must not happen later."""
    source = source_of(shop)
    backup = capture(source, tmp_path)
    shop.server.run_all([*LIVE[:1], "DROP TRIGGER IF EXISTS more", *LIVE[-1:]], shop.name)
    old = everything(shop)
    dump = tmp_path / "dump.sql"
    dump.write_bytes(backup.data)
    session = shop.server.connect(shop.name)
    session.begin()
    with session.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM items")
    with subprocess.Popen(
        [sys.executable, "-c", DYING, shop.url, dump, source.root, "nothing"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        state = json.loads(process.stdout.readline())

        def waits() -> bool:
            return any("RENAME TABLE" in each.query for each in shop.server.connections())

        wait_until(waits, "the exchange to wait")
        process.kill()
    assert source.recover(state, committed=None) is False
    assert not waits()
    session.close()
    assert source.recover(state, committed=False) is False
    assert everything(shop) == old
    assert shop.relatives() == set()


@pytest.fixture
def own_server() -> Iterator[MariaDbServer]:
    with MariaDbServer.started() as server:
        yield server


def test_a_server_that_is_killed_at_the_swap_is_recovered(
    own_server: MariaDbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R17: before the rename, and right after it; when the server is back the journal decides."""
    own_server.create_database("app")
    shop = MariaDbDatabase(own_server, "app")
    own_server.run_all(SHOP, "app")
    source = source_of(shop)
    new = everything(shop)
    backup = capture(source, tmp_path)
    own_server.run_all(LIVE, "app")
    old = everything(shop)
    rows = Session.rows
    seen: list[Everything] = []
    for before in (True, False):

        def fatal(
            this: Session,
            sql: str | bytes,
            arguments: Sequence[object] = (),
            before: bool = before,
        ) -> Any:
            hit = isinstance(sql, str) and sql.startswith("RENAME TABLE")
            if hit and before:
                own_server.kill()
            found = rows(this, sql, arguments)
            if hit:
                own_server.kill()
            return found

        with staged(source, backup, tmp_path) as stage:
            state = stage.state()
            monkeypatch.setattr(Session, "rows", fatal)
            with pytest.raises(Exception, match="does not answer"):
                stage.swap()
            monkeypatch.setattr(Session, "rows", rows)
            assert stage.unsettled
        own_server.start()
        told = source.recover(state, committed=None)
        assert source.recover(state, committed=told) is told
        seen.append(everything(shop))
    assert seen == [old, new]
