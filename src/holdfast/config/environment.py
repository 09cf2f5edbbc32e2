"""The one place that reads the process environment."""

from __future__ import annotations

import os
from collections.abc import Mapping

_SECRETS = frozenset(
    {"BACKUP_ENCRYPTION_PASSWORD", "DATABASE_URL", "HOLDFAST_CATALOG_URL", "HOLDFAST_SERVE"}
)


def read_environment() -> Mapping[str, str]:
    """Return a copy of the environment."""
    return dict(os.environ)


def child_environment() -> dict[str, str]:
    """Return the environment for a program that we start: without our own secrets."""
    return {name: value for name, value in os.environ.items() if name not in _SECRETS}


def wants_no_color() -> bool:
    """Return whether NO_COLOR is set (https://no-color.org) or the terminal knows no colour."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def pass_on(name: str, value: str) -> None:
    """Set a variable for the processes of our own that this one starts."""
    os.environ[name] = value
