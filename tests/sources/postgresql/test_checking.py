"""A stored dump is read whole, without a server."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from holdfast.errors import Cancelled, PathNotInBackup
from holdfast.models.manifest import ContentEntry
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.source import PostgresSource
from tests.rig.postgresql import PostgresDatabase
from tests.sources.directory.memory_tree import MemoryTree, empty_manifest
from tests.sources.postgresql.support import Captured, Reader

_ROOT = "database/shop.dump"
_NOWHERE = "postgresql://127.0.0.1:1/shop"


def stored(captured: Captured, dump: bytes | None = None, version: str | None = None) -> MemoryTree:
    facts = dict(captured.facts.facts)
    facts["client_version"] = version or facts["client_version"]
    entry = ContentEntry(kind="postgresql", size=len(captured.dump), facts=facts)
    tree = MemoryTree(msgspec.structs.replace(empty_manifest(), contents={_ROOT: entry}))
    tree.nodes[_ROOT] = captured.entries[0].node
    tree.data[_ROOT] = captured.dump if dump is None else dump
    return tree


@pytest.fixture
def captured(chinook_postgres: PostgresDatabase, tmp_path: Path) -> Captured:
    return Reader(tmp_path).capture(PostgresSource(chinook_postgres.url))


def test_a_whole_dump_passes_though_no_server_is_there(captured: Captured) -> None:
    (result,) = PostgresSource(_NOWHERE).check_stored(stored(captured))
    assert (result.name, result.passed) == ("dump", True)
    assert "all of shop.dump read by pg_restore 15." in result.detail


def test_a_cut_dump_does_not_pass(captured: Captured) -> None:
    """R02."""
    whole = captured.dump
    for end in (0, 3, 100, len(whole) // 2, len(whole) - 1):
        (result,) = PostgresSource(_NOWHERE).check_stored(stored(captured, whole[:end]))
        assert result.failed, end
        assert "pg_restore failed" in result.detail


def test_what_is_no_dump_does_not_pass(captured: Captured) -> None:
    """Not a script either: it would be SQL that anyone wrote."""
    for data in (b"CREATE TABLE t (i int);\n" * 1000, b"\0" * 100_000):
        (result,) = PostgresSource(_NOWHERE).check_stored(stored(captured, data))
        assert result.failed


def test_a_dump_is_skipped_where_no_program_reads_it(captured: Captured, tmp_path: Path) -> None:
    """Which is neither passed nor failed: the dump may well be good."""
    source = PostgresSource(_NOWHERE, client_folders=[tmp_path])
    (result,) = source.check_stored(stored(captured))
    assert (result.passed, result.skipped, result.failed) == (False, True, False)
    assert result.detail == "no pg_restore 15 or newer is installed here"
    (result,) = PostgresSource(_NOWHERE).check_stored(stored(captured, version="99.1"))
    assert result.skipped


def test_a_backup_without_the_dump_is_refused() -> None:
    with pytest.raises(PathNotInBackup):
        PostgresSource(_NOWHERE).check_stored(MemoryTree(empty_manifest()))


def test_a_check_can_be_cancelled(captured: Captured) -> None:
    cancel = CancellationToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        PostgresSource(_NOWHERE).check_stored(stored(captured), cancel=cancel)
