"""SQLite databases: captured online, checked, restored in place in one transaction.

The process that uses this package never opens a live database file: see `agent`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.sources.sqlite.checks import check_database, query_column
    from holdfast.sources.sqlite.database_url import sqlite_path
    from holdfast.sources.sqlite.looking import describe_database
    from holdfast.sources.sqlite.restore import SqliteStaged
    from holdfast.sources.sqlite.source import SqliteSource

__all__ = [
    "SqliteSource",
    "SqliteStaged",
    "check_database",
    "describe_database",
    "query_column",
    "sqlite_path",
]

_MODULES = {
    "SqliteSource": "source",
    "SqliteStaged": "restore",
    "check_database": "checks",
    "describe_database": "looking",
    "query_column": "checks",
    "sqlite_path": "database_url",
}


def __getattr__(name: str) -> Any:
    # On first use, because the agent imports this package too and has to start quickly.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
