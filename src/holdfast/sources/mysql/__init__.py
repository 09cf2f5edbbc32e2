"""MySQL and MariaDB databases: dumped in one transaction, restored beside and exchanged at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.sources.mysql.source import MySqlSource
    from holdfast.sources.mysql.url import is_mysql_url

__all__ = ["MySqlSource", "is_mysql_url"]

_MODULES = {"MySqlSource": "source", "is_mysql_url": "url"}


def __getattr__(name: str) -> Any:
    # On first use, so that the command line starts quickly.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
