"""What the commands of `manage.py` share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from holdfast.errors import HoldfastError


@contextmanager
def told() -> Iterator[None]:
    """Tell an error of Holdfast as an error of the command, with what to do about it."""
    try:
        yield
    except HoldfastError as error:
        hint = f"\n{error.hint}" if error.hint else ""
        raise CommandError(f"{error.message}{hint}", returncode=error.exit_code) from error
