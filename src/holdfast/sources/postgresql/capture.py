"""One moment of a database: dumped from an exported snapshot, in which its rows are counted.

`pg_dump` gives the bytes and `pg_restore` reads the same ones as they pass, so that a dump that
was cut short is found out before anything calls it a backup. Nothing is written to disk here.

Counted are the rows that a restored database has, too: of tables and partitions. Not so a
materialized view, which a restore computes anew, and the tables of extensions, of which a dump
carries some rows only; both are in the facts under names of their own.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any, BinaryIO, cast

from holdfast.models.node import Node, NodeType
from holdfast.sources.base import CaptureContext, CaptureFacts, Entry
from holdfast.sources.postgresql.connection import Connection
from holdfast.sources.postgresql.counting import RowCounts, Stop
from holdfast.sources.postgresql.dumping import (
    DumpStream,
    Narration,
    dump_arguments,
    end_sessions,
    without_chatter,
)
from holdfast.sources.postgresql.failures import explain_program
from holdfast.sources.postgresql.inspection import begin, expect_no_rewrite, inspect
from holdfast.sources.postgresql.poolers import expect_own_session
from holdfast.sources.postgresql.properties import properties_of
from holdfast.sources.postgresql.providers import extension_warnings
from holdfast.sources.postgresql.roles import role_statements
from holdfast.sources.postgresql.server import Server
from holdfast.sources.programs import Child

_MODE = 0o600
_FORMAT = "custom"


class PostgresCapture:
    """One consistent moment of a database. Use as a context manager.

    Raises:
        SourceError: It cannot be captured; nothing was begun that is not ended.
    """

    unchanged = False

    def __init__(
        self,
        server: Server,
        context: CaptureContext,
        *,
        root: str,
        schema_version: str | None = None,
    ) -> None:
        self._server = server
        self._context = context
        self._root = root
        self._given_version = schema_version
        self._application = f"holdfast_{secrets.token_hex(6)}"
        self._stop = Stop(context.cancel)
        self._stream: DumpStream | None = None
        self._ended = False
        self._left = ExitStack()

    def __enter__(self) -> PostgresCapture:
        with ExitStack() as stack:
            self._place = self._server.place()
            self._session = stack.enter_context(
                self._server.open(self._place, cancel=self._stop, application=self._application)
            )
            expect_own_session(self._server, self._place, self._session)
            self._clients = self._server.clients(self._place, self._session)
            begin(self._session)
            self._inspection = inspect(self._session)
            self._properties = properties_of(self._session)
            self._counts = RowCounts(self._session, self._inspection.counted, self._stop)
            stack.callback(self._counts.end)
            self._left = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        if self._stream is not None:
            self._stream.close()
        self._left.close()
        if self._stream is not None and not self._ended:
            end_sessions(self._server, self._place, self._application)

    @property
    def _connection(self) -> Connection:
        return self._session.connection

    def entries(self) -> Iterator[Entry]:
        """Yield the one file that the dump is."""
        node = Node(
            name=self._root.rpartition("/")[2],
            type=NodeType.FILE,
            mode=_MODE,
            mtime_ns=time.time_ns(),
            size=self._inspection.size_bytes,
        )
        yield Entry(path=self._root, node=node, open=self._open, rows=True)

    def _open(self) -> BinaryIO:
        step = f"Dumping database {self._connection.database}"
        self._narration = Narration(
            self._inspection, step, self._context.progress, self._connection.redact
        )
        with ExitStack() as stack:
            dump = stack.enter_context(self._start_dump())
            proof = stack.enter_context(self._start_proof())
            stack.pop_all()
        self._stream = DumpStream(
            dump,
            self._narration,
            proof=proof,
            explain=lambda error: explain_program(error, self._connection),
            on_begin=self._begin,
            on_end=self._end,
        )
        return cast(BinaryIO, self._stream)

    def _begin(self) -> None:
        expect_no_rewrite(self._session)
        self._counts.start()

    def _end(self) -> None:
        self._ended = True

    def _start_dump(self) -> Child:
        named = self._connection.called(self._application)
        how = self._place.invocation(
            self._clients.path("pg_dump"),
            dump_arguments(self._clients, self._inspection),
            named.environment(),
        )
        return Child(
            how,
            writes=True,
            cancel=self._context.cancel,
            stall_s=self._server.stall_s,
            redact=without_chatter(named.redact),
        )

    def _start_proof(self) -> Child:
        program = self._clients.path("pg_restore")
        how = self._place.invocation(program, ["--file=/dev/null"], {"LC_ALL": "C"}, stdin=True)
        return Child(how, reads=True, cancel=self._context.cancel, stall_s=self._server.stall_s)

    def facts(self) -> CaptureFacts:
        """Return counts and versions; waits until all rows are counted.

        Raises:
            SourceError: Rows could not be counted.
            Cancelled: The context's token was cancelled.
        """
        counts = self._counts.result()
        owned = {each.label for each in self._inspection.counted if each.of_extension}
        rows = {label: count for label, count in counts.items() if label not in owned}
        rows |= {each.label: 0 for each in self._inspection.empty}
        statements = role_statements(
            self._clients, self._connection, self._inspection.roles, self._context.cancel
        )
        found = self._inspection
        return CaptureFacts(
            table_counts=rows,
            count=sum(rows.values()),
            schema_version=found.schema_version or self._given_version,
            facts={
                **self._facts(),
                "row_counts": rows,
                "extension_rows": {label: counts[label] for label in sorted(owned)},
                "role_statements": statements or "",
            },
            engines={
                "postgresql": str(found.version),
                "pg_dump": str(self._clients.version),
            },
            warnings=self._warnings(roles_known=statements is not None),
        )

    def _facts(self) -> Mapping[str, Any]:
        found = self._inspection
        assert self._stream is not None
        return {
            "format": _FORMAT,
            "format_version": self._stream.format_version,
            "server_version": str(found.version),
            "client_version": str(self._clients.version),
            "database": self._connection.database,
            **found.database,
            "properties": self._properties,
            "schema_version": found.schema_version or self._given_version,
            "features": list(found.features),
            "extensions": found.extensions,
            "roles": list(found.roles),
            "materialized_views": [each.label for each in found.of_kind("m")],
            "foreign_tables": [each.label for each in found.of_kind("f")],
            "left_out": {
                "provider": found.left_out.provider,
                "schemas": list(found.left_out.schemas),
                "extensions": list(found.left_out.extensions),
            },
        }

    def _warnings(self, *, roles_known: bool) -> tuple[str, ...]:
        found = self._inspection
        warnings = [*found.left_out.warnings, *extension_warnings(found.extensions)]
        if foreign := [each.label for each in found.of_kind("f")]:
            warnings.append(
                f"The rows of foreign tables are not in the backup: {', '.join(foreign)}."
            )
        if found.empty:
            names = ", ".join(each.label for each in found.empty)
            warnings.append(f"A standby has no rows of unlogged tables, so of {names} none.")
        if not roles_known:
            warnings.append(
                "The rights of the roles could not be read, so only their names are in the backup."
            )
        return (*warnings, *self._narration.warnings, *self._clients.warnings)
