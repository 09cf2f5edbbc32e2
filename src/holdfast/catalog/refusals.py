"""What the drivers of the catalog say, as errors of ours.

What SQLAlchemy makes of them is never shown: it quotes statements with their values.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError

from holdfast.catalog.engines import file_of
from holdfast.errors import CatalogError, RequestInvalid

_SPACE = "Free disk space; nothing of the catalog is lost by it."
_RIGHTS = "Let the user that Holdfast runs as write it, and its directory if it is a file."
_BUSY = "Another process has kept it for long; try again."
_DAMAGED = "Move it away and run `holdfast catalog rebuild`: the backups do not depend on it."
_SERVER = "See that the database server runs and lets this user in."
_OTHER = "The backups do not depend on the catalog; `holdfast list` shows them."
_HINTS = (
    ("is full", _SPACE),
    ("disk i/o error", _SPACE),
    ("no space left", _SPACE),
    ("readonly", _RIGHTS),
    ("read-only", _RIGHTS),
    ("unable to open", _RIGHTS),
    ("permission denied", _RIGHTS),
    ("is locked", _BUSY),
    ("malformed", _DAMAGED),
    ("not a database", _DAMAGED),
    ("connection", _SERVER),
    ("authentication", _SERVER),
    ("server", _SERVER),
)


@contextmanager
def translated(place: URL) -> Iterator[None]:
    """Raise what a driver says as `CatalogError`, or of a value that none could keep as
    `RequestInvalid`: half a character, a number beyond 64 bits, NUL where it cannot be.
    """
    try:
        yield
    except (UnicodeError, OverflowError, DataError) as error:
        raise RequestInvalid(
            "A text or a number cannot be kept in the catalog",
            hint="Send text without control characters, and numbers of at most 18 digits.",
        ) from error
    except SQLAlchemyError as error:
        if _is_too_long(error):
            raise RequestInvalid("A text is too long to be kept in the catalog") from error
        raise refusal(place, _said(error)) from error
    except OSError as error:
        said = error.strerror or "it cannot be opened"
        if error.errno == errno.EROFS:
            said = "the file system is read-only"
        raise refusal(place, said) from error


def _is_too_long(error: SQLAlchemyError) -> bool:
    """Whether PostgreSQL says that a text does not fit into an index (program_limit_exceeded)."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "54000"


def refusal(place: URL, said: str) -> CatalogError:
    """Return the error for what a driver said."""
    lowered = said.lower()
    hint = next((hint for part, hint in _HINTS if part in lowered), _OTHER)
    return CatalogError(f"The catalog {shown(place)} cannot be used: {said}", hint=hint)


def shown(place: URL) -> str:
    """Return the place of a catalog as people may see it."""
    path = file_of(place)
    return place.render_as_string(hide_password=True) if path is None else str(path)


def _said(error: SQLAlchemyError) -> str:
    if not isinstance(error, DBAPIError) or error.orig is None:
        return type(error).__name__
    diagnosis = getattr(error.orig, "diag", None)
    # A server's detail may quote values; its first line does not.
    said = getattr(diagnosis, "message_primary", None) or str(error.orig)
    return said.strip().partition("\n")[0] or type(error.orig).__name__
