"""From a backup's rows to values for a live table, each checked on its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from holdfast.errors import DataDoesNotFit, RestoreError
from holdfast.sources.tables.columns import Column, Table
from holdfast.sources.tables.fitting import fit, standard
from holdfast.sources.tables.link import Link
from holdfast.sources.tables.rows import Row, RowReader
from holdfast.sources.tables.values import Misfit

_HINT = "Nothing was changed. Change the column, or leave the table out."
_SAME_HINT = "Nothing was changed. Bring the database to the schema of the backup first."


class RowBinder:
    """Makes values for the driver of rows of one table.

    Args:
        source: The table as the backup has it, captured from `engine`.
        target: The table that takes the rows.

    Attributes:
        names: The columns that are written, in order.

    Raises:
        DataDoesNotFit: The target lacks a column, or has it with a type that cannot hold it.
    """

    def __init__(self, source: Table, target: Table, engine: str, link: Link) -> None:
        self._source = source
        live = {column.name: column for column in target.columns}
        unknown = [each.name for each in source.columns if each.name not in live]
        if unknown:
            raise DataDoesNotFit(
                f"The table {target.key} has no column {', '.join(unknown)}", hint=_SAME_HINT
            )
        self._columns = {column.name for column in source.columns}
        self._steps: list[tuple[str, Column, Callable[[Any], Any]]] = []
        for column in source.columns:
            wanted = live[column.name]
            if not wanted.generated:
                self._steps.append((column.name, wanted, self._step(column, wanted, engine, link)))
        self.names = [name for name, _, _ in self._steps]

    def _step(
        self, column: Column, wanted: Column, engine: str, link: Link
    ) -> Callable[[Any], Any]:
        verbatim = engine == link.engine_name == "sqlite"
        bind = link.binder(wanted, verbatim=verbatim)
        if verbatim:
            return link.binder(column, verbatim=True)
        bring = standard(column, engine)
        try:
            check = fit(column, wanted, link.engine_name)
        except Misfit as error:
            raise DataDoesNotFit(
                f"{self._source.key}.{column.name} does not fit: {error}", hint=_HINT
            ) from error
        return lambda value: bind(check(bring(value)))

    def bind(self, row: Row, number: int) -> list[Any]:
        """Return the values of a row, the `number`th of its file.

        Raises:
            DataDoesNotFit: A value cannot be held; table, column and row are named.
            RestoreError: The row has other columns than its table.
        """
        if row.keys() != self._columns:
            odd = sorted(row.keys() ^ self._columns)
            raise RestoreError(
                f"Row {number} of the table {self._source.key} has other columns than the manifest"
                f" says: {', '.join(odd)[:200]}",
                hint="Nothing was changed. The backup was altered; restore another one.",
            )
        found: list[Any] = []
        for name, column, step in self._steps:
            value = row[name]
            if value is None:
                if not column.nullable:
                    raise self._misfit(name, number, "is NULL, which the column does not take")
                found.append(None)
                continue
            try:
                found.append(step(value))
            except Misfit as error:
                raise self._misfit(name, number, str(error)) from error
            except (ValueError, TypeError, OverflowError, AttributeError) as error:
                raise self._misfit(name, number, "is not of the column's type") from error
        return found

    def _misfit(self, name: str, number: int, why: str) -> DataDoesNotFit:
        return DataDoesNotFit(
            f"{self._source.key}.{name} does not fit: its value in row {number} {why}", hint=_HINT
        )

    def bound(self, reader: RowReader) -> Iterator[list[Any]]:
        """Yield the values of every row of a file."""
        for row in reader:
            yield self.bind(row, reader.count)
