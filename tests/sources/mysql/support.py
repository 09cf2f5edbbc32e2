"""What the tests of the MySQL source share: backups held in memory, restores, comparisons."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from holdfast.models.backup import CheckResult
from holdfast.models.manifest import ContentEntry, Manifest
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import CancellationToken
from holdfast.sources.base import CaptureContext, CaptureFacts, RestoreContext
from holdfast.sources.mysql import MySqlSource
from holdfast.sources.mysql.restore import MySqlStaged
from tests.rig.mariadb import MariaDbDatabase, MariaDbServer, Row, identifier

TIMEOUT_S = 60.0


def source_of(database: MariaDbDatabase, **how: Any) -> MySqlSource:
    """Return the source of a test's database."""
    return MySqlSource(database.url, **{"connect_timeout_s": TIMEOUT_S, **how})


@dataclass(frozen=True)
class Backup:
    """A dump in memory, with its manifest, as a `BackupTree`."""

    root: str
    data: bytes
    facts: CaptureFacts
    piece_bytes: int = 1 << 16

    @property
    def manifest(self) -> Manifest:
        entry = ContentEntry(
            kind="mysql",
            size=len(self.data),
            count=self.facts.count,
            facts=dict(self.facts.facts),
        )
        return Manifest(
            backup_id="backup_20260101_000000",
            created_at="2026-01-01T00:00:00Z",
            backup_type="full",
            trigger="manual_api",
            holdfast_version="0",
            contents={self.root: entry},
            table_counts=dict(self.facts.table_counts),
        )

    def node(self, path: str) -> Node | None:
        if path != self.root:
            return None
        name = path.rpartition("/")[2]
        return Node(name=name, type=NodeType.FILE, mode=0o600, size=len(self.data))

    def children(self, path: str) -> Iterator[Node]:
        raise NotImplementedError

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        raise NotImplementedError

    def read(self, path: str) -> Iterator[bytes]:
        assert path == self.root
        for at in range(0, len(self.data), self.piece_bytes):
            yield self.data[at : at + self.piece_bytes]

    def write_to(self, path: str, descriptor: int) -> None:
        os.write(descriptor, self.data)

    def with_data(self, data: bytes) -> Backup:
        """Return the same backup with another dump in it."""
        return replace(self, data=data)

    def at(self, root: str) -> Backup:
        """Return the same backup with the dump at another path."""
        return replace(self, root=root)


def capture(
    source: MySqlSource, folder: Path, *, cancel: CancellationToken | None = None
) -> Backup:
    """Capture a database as a backup does, and hold the dump in memory."""
    context = CaptureContext(scratch_dir=folder, cancel=cancel or CancellationToken())
    with source.capture(context) as taken:
        (entry,) = taken.entries()
        assert entry.open is not None
        with entry.open() as stream:
            data = b"".join(iter(lambda: stream.read(1 << 16), b""))
        return Backup(entry.path, data, taken.facts())


def context_of(tree: Backup, folder: Path, **how: Any) -> RestoreContext:
    """Return how to restore a backup."""
    return RestoreContext(
        **{"token": secrets.token_hex(6), "tree": tree, "scratch_dir": folder, **how}
    )


@contextmanager
def staged(source: MySqlSource, tree: Backup, folder: Path, **how: Any) -> Iterator[MySqlStaged]:
    """Stage a backup."""
    with source.stage(context_of(tree, folder, **how)) as stage:
        assert isinstance(stage, MySqlStaged)
        yield stage


def restore(source: MySqlSource, tree: Backup, folder: Path, **how: Any) -> Mapping[str, Any]:
    """Restore a backup with all checks; return what is kept."""
    with staged(source, tree, folder, **how) as stage:
        stage.plan()
        require_passed(stage.check())
        stage.state()
        stage.swap()
        return stage.kept()


def require_passed(checks: Sequence[CheckResult]) -> None:
    assert [each for each in checks if each.failed] == []


def catalog(server: MariaDbServer, name: str) -> dict[str, list[Row]]:
    """Return all that the server's catalogue says of a database, for comparison."""
    queries = {
        "tables": "SELECT table_name, table_type, engine, table_collation, auto_increment,"
        " create_options, table_comment FROM information_schema.tables WHERE table_schema = %s",
        "columns": "SELECT table_name, column_name, ordinal_position, column_default, is_nullable,"
        " column_type, character_set_name, collation_name, column_key, extra, column_comment,"
        " generation_expression FROM information_schema.columns WHERE table_schema = %s",
        "keys": "SELECT table_name, constraint_name, column_name, ordinal_position,"
        " referenced_table_schema = table_schema, referenced_table_name, referenced_column_name"
        " FROM information_schema.key_column_usage WHERE table_schema = %s",
        "indexes": "SELECT table_name, index_name, seq_in_index, column_name, non_unique,"
        " sub_part, index_type FROM information_schema.statistics WHERE table_schema = %s",
        "checks": "SELECT table_name, constraint_name, check_clause"
        " FROM information_schema.check_constraints WHERE constraint_schema = %s",
        "partitions": "SELECT table_name, partition_name, partition_method, partition_expression,"
        " partition_description FROM information_schema.partitions WHERE table_schema = %s",
        "views": "SELECT table_name, REPLACE(view_definition, %s, ''), check_option, definer,"
        " security_type, character_set_client, collation_connection"
        " FROM information_schema.views WHERE table_schema = %s",
        "triggers": "SELECT trigger_name, event_manipulation, event_object_table,"
        " action_statement, action_timing, action_order, sql_mode, definer,"
        " character_set_client, collation_connection"
        " FROM information_schema.triggers WHERE trigger_schema = %s",
        "routines": "SELECT routine_name, routine_type, routine_definition, is_deterministic,"
        " sql_data_access, security_type, sql_mode, routine_comment, definer,"
        " character_set_client, collation_connection"
        " FROM information_schema.routines WHERE routine_schema = %s",
        "parameters": "SELECT specific_name, ordinal_position, parameter_mode, parameter_name,"
        " dtd_identifier FROM information_schema.parameters WHERE specific_schema = %s",
        "events": "SELECT event_name, event_definition, event_type, interval_value,"
        " interval_field, starts, ends, status, on_completion, sql_mode, definer, time_zone,"
        " character_set_client, event_comment"
        " FROM information_schema.events WHERE event_schema = %s",
    }
    session = server.connect()
    found: dict[str, list[Row]] = {}
    try:
        with session.cursor() as cursor:
            for what, query in queries.items():
                arguments = (name,) if query.count("%s") == 1 else (f"`{name}`.", name)
                cursor.execute(query, arguments)
                found[what] = sorted(cursor.fetchall(), key=repr)
    finally:
        session.close()
    return found


def contents(server: MariaDbServer, name: str) -> dict[str, list[Row]]:
    """Return all rows of all tables, those of every moment alike."""
    rows = server.run(
        "SELECT table_name, table_type FROM information_schema.tables"
        f" WHERE table_schema = '{name}' AND table_type <> 'VIEW' ORDER BY 1"
    )
    return {
        str(table): sorted(
            server.run(f"SELECT * FROM {identifier(name)}.{identifier(table)}"), key=repr
        )
        for table, _ in rows
    }
