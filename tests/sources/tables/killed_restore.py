"""Restores tables and is killed at a step of the swap: `URL SCRATCH STEP`, the tree by pickle."""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
from pathlib import Path
from typing import Any

from holdfast.sources.tables import TablesSource, link, mariadb, postgresql, sqlite, staged
from tests.sources.tables.support import context_of

LINKS = (postgresql.PostgresLink, mariadb.MariaLink, sqlite.SqliteLink)


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, scratch: Path, step: str) -> None:
    tree = pickle.loads((scratch / "tree.pickle").read_bytes())
    source = TablesSource(url)
    with source.stage(context_of(tree, scratch)) as found:
        (scratch / "state.json").write_text(json.dumps(found.state()))
        if step == "committed":
            commit = link.Link.commit

            def commit_and_die(self: Any) -> None:
                commit(self)
                die()

            for each in LINKS:
                each.commit = commit_and_die  # type: ignore[method-assign]
        elif step == "save_content":
            setattr(staged, "save_content", die)  # noqa: B010  its own name there
        else:
            for each in LINKS:
                setattr(each, step, die)
        found.swap()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
