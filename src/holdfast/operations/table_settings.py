"""Settings that an application keeps in a table of its database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from holdfast.config import SettingsTable
from holdfast.models.manifest import DATABASE_KINDS
from holdfast.sources.base import PairReader, Source


class ReadableSource(Source, PairReader, Protocol):
    """A source of a plan whose tables can be read."""


class TableSettings:
    """Exports a table of names and values. It puts nothing back: the database's restore does.

    Args:
        place: What people call the database.

    Attributes:
        comes_back_with: What a restore must bring back for them to come back.
        database_root: Where that is in a backup.
        instead: What to choose for a restore instead of the settings.
    """

    def __init__(self, database: ReadableSource, place: str, table: SettingsTable) -> None:
        self.comes_back_with = f"the table {table.table} of {place}"
        self.database_root = database.root
        self.instead = f"--only {database.name}"
        if database.kind in DATABASE_KINDS - {"sqlite"}:
            self.instead += f" --table {table.table}"
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
