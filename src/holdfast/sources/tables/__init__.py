"""Tables as JSON: exported from one consistent moment, restored into the same or another engine.

SQLAlchemy is loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.errors import MissingExtra

if TYPE_CHECKING:
    from holdfast.sources.tables.source import TablesSource

__all__ = ["TablesSource"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        return getattr(import_module(f"{__name__}.source"), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "sqlalchemy":
            raise
        raise MissingExtra(
            "Tables can only be exported with SQLAlchemy, which is not installed",
            hint="pip install 'holdfast[tables]'",
        ) from error
