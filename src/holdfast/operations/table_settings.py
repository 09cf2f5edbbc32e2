"""Settings that an application keeps in a table of its database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.config import SettingsTable
from holdfast.sources.base import PairReader


class TableSettings:
    """Exports a table of names and values. It puts nothing back: the database's restore does.

    Args:
        place: What people call the database.
    """

    def __init__(self, database: PairReader, place: str, table: SettingsTable) -> None:
        self.comes_back_with = f"the table {table.table} of {place}"
        self._database = database
        self._table = table

    def export(self) -> Mapping[str, Any]:
        """Return all settings.

        Raises:
            SourceError: The table cannot be read.
        """
        table = self._table
        pairs = self._database.read_pairs(table.table, table.key, table.value)
        return {str(key): value for key, value in pairs}
