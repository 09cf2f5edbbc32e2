"""Notices that the catalog was restored to an earlier state, and ends what it brought back (R22).

Every change of who may come in (a login, a logout, a token, a password, a role) counts up a number,
first in the catalog and then in a file beside it. A catalog whose number is below the file's is an
older one that was put back: in it, sessions that were ended and tokens that were revoked are alive
again. All of them are then ended.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.catalog import CatalogDatabase

_log = logging.getLogger("holdfast.web.server")
KEY = "accounts.epoch"


class Epoch:
    """The number, in the catalog and beside it.

    Args:
        directory: Where the file is.
        end_all: Ends every session and revokes every token.
    """

    def __init__(
        self, database: CatalogDatabase, directory: Path, end_all: Callable[[], None]
    ) -> None:
        self._database = database
        self._end_all = end_all
        self.path = directory / "accounts-epoch"

    def advance(self) -> None:
        """Count up, after something changed."""
        self._save(self._count())

    def check(self) -> bool:
        """Return whether all is well; where it is not, everything was ended.

        The file is read first: in between, another process can only count up.
        """
        kept = self._load()
        now = int(self._database.facts.get(KEY, 0))
        if kept == now:
            return True
        if kept is not None and kept < now:
            self._save(now)
            return True
        if kept is None and now == 0:
            self._save(now)
            return True
        self._end_all()
        self._save(self._count(least=kept or 0))
        _log.warning(
            "The catalog is an earlier one than this server knew: every session and API token was"
            " ended, since some of them may have been revoked in the meantime"
        )
        return False

    def _count(self, least: int = 0) -> int:
        return int(self._database.facts.change(KEY, lambda now: max(int(now or 0), least) + 1))

    def _load(self) -> int | None:
        try:
            return int(self.path.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def _save(self, number: int) -> None:
        """Write the number, never a lower one than is there."""
        kept = self._load()
        if kept is not None and kept >= number:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, fresh = tempfile.mkstemp(prefix=f"{self.path.name}.", dir=self.path.parent)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{number}\n")
        Path(fresh).replace(self.path)
