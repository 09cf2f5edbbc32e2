"""Databases before and after they are filled."""

from __future__ import annotations

from holdfast.errors import HoldfastError, TargetExists
from holdfast.sources.postgresql.failures import sqlstate_of
from holdfast.sources.postgresql.session import Session, identifier
from holdfast.sources.postgresql.site import Site

_ANALYZE_LIMIT_S = 300
_LATE = "57014"
_HOLDS_ANYTHING = """
SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid >= 16384)
    OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid >= 16384)
    OR EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata) AS found
"""


def require_empty(session: Session, location: str) -> None:
    """Raise `TargetExists` if a database holds anything of its users."""
    if session.value(_HOLDS_ANYTHING):
        raise TargetExists(
            f"{location} holds something already",
            hint="Name a database that is empty or not there yet.",
        )


def expect_empty(site: Site, session: Session, closed: str) -> None:
    """Raise `TargetExists` if a database that takes no connections holds anything.

    Args:
        session: To another database of the server.
        closed: Name of the database; it is open for as long as it is looked at.
    """
    change = f"ALTER DATABASE {identifier(closed)} ALLOW_CONNECTIONS"
    session.execute(f"{change} true")
    try:
        with site.database(closed) as inside:
            require_empty(inside, site.location)
    finally:
        session.execute(f"{change} false")


def analyze(session: Session) -> None:
    """Gather what the server's planner knows, so that the application is not slow at first.

    A database that takes long is left to the server's own vacuuming.
    """
    session.execute(f"SET statement_timeout = '{_ANALYZE_LIMIT_S}s'")
    try:
        session.execute("ANALYZE")
    except HoldfastError as error:
        if sqlstate_of(error) != _LATE:
            raise
    session.execute("SET statement_timeout = 0")
