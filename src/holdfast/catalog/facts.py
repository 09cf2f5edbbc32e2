"""Single values under a name: the instance's id, the hash of the setup token, settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from holdfast.catalog.schema import FactRow

if TYPE_CHECKING:
    from holdfast.catalog.database import CatalogDatabase

_ALONE = "facts"


class FactTable:
    """Values, each JSON, under names such as `setup.token`."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or the default."""
        with self._database.reading() as session:
            row = session.get(FactRow, key)
            return default if row is None else row.value

    def under(self, prefix: str) -> dict[str, Any]:
        """Return the values whose names begin so, by name."""
        with self._database.reading() as session:
            query = select(FactRow).where(FactRow.key.startswith(prefix, autoescape=True))
            return {row.key: row.value for row in session.scalars(query.order_by(FactRow.key))}

    def put(self, key: str, value: Any) -> None:
        """Keep a value in the place of another, or of none."""
        with self._database.writing(alone=_ALONE) as session:
            session.merge(FactRow(key=key, value=value, updated_at=self._database.clock.now()))

    def add(self, key: str, value: Any) -> Any:
        """Keep a value if there is none yet; return the one that is kept now."""
        with self._database.writing(alone=_ALONE) as session:
            row = session.get(FactRow, key)
            if row is None:
                row = FactRow(key=key, value=value, updated_at=self._database.clock.now())
                session.add(row)
            return row.value

    def change(self, key: str, change: Callable[[Any], Any]) -> Any:
        """Put what `change` makes of a value (or of None) in its place; return the new one.

        No other process changes the value in between.
        """
        with self._database.writing(alone=_ALONE) as session:
            row = session.get(FactRow, key)
            value = change(None if row is None else row.value)
            session.merge(FactRow(key=key, value=value, updated_at=self._database.clock.now()))
            return value

    def take(self, key: str) -> Any:
        """Remove a value and return it, to one caller only; None if there is none."""
        with self._database.writing(alone=_ALONE) as session:
            row = session.get(FactRow, key)
            if row is None:
                return None
            session.delete(row)
            return row.value

    def remove(self, key: str) -> None:
        """Remove a value if there is one."""
        with self._database.writing() as session:
            session.execute(delete(FactRow).where(FactRow.key == key))
