"""Settings that an application keeps in a table of its database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holdfast.sources.sqlite import query_live_pairs


class TableSettings:
    """Exports a table of names and values. It puts nothing back: the database's restore does.

    Args:
        database: The SQLite file.
        table: Name of the table; `key` and `value` are its columns.
        busy_timeout_s: How long to wait for a lock of another process [s].
    """

    def __init__(
        self,
        database: Path,
        *,
        table: str = "settings",
        key: str = "key",
        value: str = "value",
        busy_timeout_s: float = 30.0,
    ) -> None:
        self.comes_back_with = f"the table {table} of {database.name}"
        self._database = database
        self._sql = f"select {_quoted(key)}, {_quoted(value)} from {_quoted(table)}"  # noqa: S608
        self._busy_timeout_s = busy_timeout_s

    def export(self) -> Mapping[str, Any]:
        """Return all settings.

        Raises:
            SourceError: The table cannot be read.
        """
        pairs = query_live_pairs(self._database, self._sql, busy_timeout_s=self._busy_timeout_s)
        return {str(key): value for key, value in pairs}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
