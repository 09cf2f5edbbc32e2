"""What a restore that was killed while it staged left beside a database."""

from __future__ import annotations

import os
from pathlib import Path

from holdfast.sources.sqlite.agent import files
from holdfast.sources.sqlite.agent.names import names_for


def remove_staged(path: Path, token: str, scratch: Path) -> None:
    """Remove the files of the restore `token` of the database at `path`, none else; idempotent.

    Only for a restore that never began to swap: afterwards its files tell what happened.
    """
    for leftover in names_for(os.path.realpath(path), token, str(scratch)).all():
        files.remove(leftover)
