"""For an application whose database also holds the catalog: Alembic is to leave it alone.

In the application's `env.py`:

    from holdfast.catalog import include_name
    context.configure(..., include_name=include_name)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PREFIX = "holdfast_"
"""How the name of every table of the catalog begins."""


def include_name(
    name: str | None, type_: str, parent_names: Mapping[str, str | None] | None = None
) -> bool:
    """Tell Alembic which names of the database are the application's: all but the catalog's."""
    table = name if type_ == "table" else (parent_names or {}).get("table_name")
    return not (table or "").startswith(PREFIX)


def include_object(
    item: Any,
    name: str | None,
    type_: str,
    reflected: bool = False,  # noqa: ARG001 - as Alembic calls it
    compare_to: Any = None,  # noqa: ARG001 - as Alembic calls it
) -> bool:
    """Tell Alembic which things are the application's, where a host uses this hook instead."""
    table = name if type_ == "table" else getattr(getattr(item, "table", None), "name", None)
    return not (table or "").startswith(PREFIX)
