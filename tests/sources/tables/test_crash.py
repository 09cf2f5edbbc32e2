"""R17: killed at any step of the swap, the tables are wholly old or wholly new."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sources.tables.conftest import ENGINES, NewDatabase
from tests.sources.tables.support import MemoryTree

ROOT = Path(__file__).parents[3]
STEPS = ("save_content", "load", "after_writing", "commit")


@pytest.mark.parametrize("step", [*STEPS, "committed"])
@pytest.mark.parametrize("engine_name", ENGINES)
def test_a_killed_swap_is_old_or_new(
    engine_name: str, step: str, new_database: NewDatabase, scratch: Path
) -> None:
    """R17: recovery tells which, finishes it or takes it back, and leaves no file."""
    database = new_database(engine_name)
    database.run("CREATE TABLE notes (id integer PRIMARY KEY, body varchar(20))")
    for number in range(9):
        database.run(f"INSERT INTO notes VALUES ({number}, 'saved {number}')")
    tree = MemoryTree(database.source(), scratch)
    database.run("UPDATE notes SET body = 'live'", "DELETE FROM notes WHERE id = 3")
    live = MemoryTree(database.source(), scratch)
    (scratch / "tree.pickle").write_bytes(pickle.dumps(tree))
    command = [sys.executable, "-m", "tests.sources.tables.killed_restore"]
    died = subprocess.run(
        [*command, database.url, str(scratch), step], cwd=ROOT, check=False, timeout=600
    )
    assert died.returncode == -signal.SIGKILL
    state = json.loads((scratch / "state.json").read_text())
    source = database.source()
    assert source.recover(state, committed=None) is (step == "committed")
    expected = tree if step == "committed" else live
    assert MemoryTree(source, scratch).data == expected.data
    back = step == "committed" or step == "commit"
    if back:  # and the other way round: what other sources of the restore decide
        wanted = step == "commit"
        assert source.recover(state, committed=wanted) is wanted
        assert MemoryTree(source, scratch).data == (tree if wanted else live).data
    else:
        assert source.recover(state, committed=False) is False
        assert MemoryTree(source, scratch).data == live.data
    assert list(scratch.glob("tables-*")) == []
