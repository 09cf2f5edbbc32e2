"""One captured moment of tables: a directory, and in it a file of JSON for each."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO, cast

from holdfast.models.manifest import TABLE_KIND, ContentEntry
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import Progress
from holdfast.sources.base import CaptureContext, CaptureFacts, Entry
from holdfast.sources.tables.columns import Table
from holdfast.sources.tables.failures import translated
from holdfast.sources.tables.fingerprint import watched
from holdfast.sources.tables.link import Link
from holdfast.sources.tables.rows import TableFile, row_lines

FORMAT = 1
"""Of the files and of what the manifest says of them."""


class TablesCapture:
    """Reads the tables one after the other, in one transaction.

    Args:
        tables: In an order in which their foreign keys hold.
    """

    unchanged = False

    def __init__(
        self,
        link: Link,
        tables: Sequence[Table],
        context: CaptureContext,
        *,
        root: str,
        schema_version: str | None,
    ) -> None:
        self._link = link
        self._tables = tables
        self._context = context
        self._root = root
        self._schema_version = schema_version
        self._found: dict[str, ContentEntry] = {}
        self._taken_at_ns = time.time_ns()

    def entries(self) -> Iterator[Entry]:
        """Yield the directory, then a file per table."""
        name = self._root.rpartition("/")[2]
        yield Entry(path=self._root, node=self._node(name, NodeType.DIR))
        for number, table in enumerate(self._tables):
            self._context.progress(
                Progress(
                    step=f"Exporting table {table.key}",
                    done_items=number,
                    total_items=len(self._tables),
                )
            )
            yield Entry(
                path=self._path(table),
                node=self._node(table.file_name, NodeType.FILE),
                open=partial(self._open, table),
                rows=True,
            )

    def _path(self, table: Table) -> str:
        return f"{self._root}/{table.file_name}"

    def _node(self, name: str, kind: NodeType) -> Node:
        # The time of the capture: a file of an older backup is never taken for the same one.
        now = self._taken_at_ns
        mode = 0o700 if kind is NodeType.DIR else 0o600
        return Node(name=name, type=kind, mode=mode, mtime_ns=now, atime_ns=now, ctime_ns=now)

    def _open(self, table: Table) -> BinaryIO:
        names = [column.name for column in table.columns]

        def lines() -> Iterator[bytes]:
            with translated(self._link.location):
                yield from watched(row_lines(names, self._link.read(table)), self._context.cancel)

        found = lines()
        file = TableFile(found, on_end=partial(self._note, table))
        return cast(BinaryIO, _Closing(file, found))

    def _note(self, table: Table, file: TableFile) -> None:
        facts: dict[str, Any] = {
            "path": self._path(table),
            "engine": self._link.engine_name,
            "format": FORMAT,
            **table.describe(),
        }
        self._found[table.key] = ContentEntry(
            kind=TABLE_KIND,
            size=file.size,
            count=file.count,
            checksum=file.checksum,
            facts=facts,
        )

    def facts(self) -> CaptureFacts:
        """Return count and checksum of each table.

        Raises:
            DatabaseChanged: What was read is not one moment.
        """
        with translated(self._link.location):
            # Rows can break foreign keys in every engine: a restore then may as well.
            broken = self._link.broken_references(self._tables)
            require = getattr(self._link, "require_one_moment", None)
            if require is not None:
                require()
            versions = self._link.versions
            warnings = self._link.left_out()
        for key, count in broken.items():
            if key in self._found:
                self._found[key].facts["violations"] = count
        return CaptureFacts(
            count=sum(entry.count for entry in self._found.values()),
            schema_version=self._schema_version,
            facts={
                "engine": self._link.engine_name,
                "format": FORMAT,
                "tables": [table.key for table in self._tables],
            },
            engines=versions,
            warnings=warnings,
            tables=dict(self._found),
        )


class _Closing(io.BufferedReader):
    """A table's file that ends its query when it is closed, also before its end."""

    def __init__(self, file: TableFile, rows: Iterator[bytes]) -> None:
        super().__init__(file, 1 << 18)
        self._rows = rows

    def close(self) -> None:
        super().close()
        with contextlib.suppress(Exception):
            cast(Any, self._rows).close()


def schema_version(link: Link) -> str | None:
    """Return the Alembic heads that the database is at, several joined by commas."""
    table = next((each for each in link.tables() if each.name == "alembic_version"), None)
    if table is None or "version_num" not in {column.name for column in table.columns}:
        return None
    rows = link.fetch(f"SELECT version_num FROM {link.name(table)}")  # noqa: S608
    heads = sorted(str(row[0])[:100] for row in rows[:20] if row[0] is not None)
    return ",".join(heads) or None
