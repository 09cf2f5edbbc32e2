"""PostgreSQL databases: dumped from one snapshot, restored beside the live one and swapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.sources.postgresql.source import PostgresSource
    from holdfast.sources.postgresql.url import is_postgres_url

__all__ = ["PostgresSource", "is_postgres_url"]

_MODULES = {"PostgresSource": "source", "is_postgres_url": "url"}


def __getattr__(name: str) -> Any:
    # On first use, so that the command line starts quickly.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
