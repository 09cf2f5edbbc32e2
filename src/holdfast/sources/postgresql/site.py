"""Where a restore happens: one database of one server, and the ways to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from holdfast.errors import HoldfastError
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.checks import rows_per_table
from holdfast.sources.postgresql.databases import open_maintenance
from holdfast.sources.postgresql.inspection import schema_version
from holdfast.sources.postgresql.server import Server
from holdfast.sources.postgresql.session import Session, literal
from holdfast.sources.programs import Place

COUNTING_LIMIT_S = 60
"""How long the rows of a live database are counted for a plan, before it does without."""
_QUIET = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
_QUIET_SINCE_14 = """
SELECT pg_catalog.set_config(name, '0', false) AS value
  FROM pg_catalog.pg_settings WHERE name = 'idle_session_timeout'
"""
_RIGHTS = """
SELECT me.rolsuper OR me.rolcreatedb AS creates, coalesce({owner}, true) AS owns
  FROM pg_catalog.pg_roles me WHERE me.rolname = current_user
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A source's database, as a restore sees it.

    Attributes:
        root: The path in a backup of its dump.
        url: As the plan writes it; it may hold a password.
        owner: Whether things get their owners and rights back.
    """

    server: Server
    place: Place
    root: str
    url: str = field(repr=False)
    owner: bool = True

    @property
    def live(self) -> str:
        """Name of the live database."""
        return self.server.connection.database

    @property
    def location(self) -> str:
        """The database for people."""
        return self.server.connection.location

    def maintenance(self, cancel: CancellationToken | None = None) -> Session:
        """Connect to another database of the server, to work on whole databases."""
        return _unhurried(open_maintenance(self.server, self.place, cancel=cancel))

    def database(self, name: str | None = None, cancel: CancellationToken | None = None) -> Session:
        """Connect to a database, by default to the live one."""
        return _unhurried(self.server.open(self.place, database=name, cancel=cancel))

    def live_schema_version(self) -> str | None:
        """Return the schema version of the live database, None if it cannot be told."""
        try:
            with self.database() as session:
                return schema_version(session)
        except HoldfastError:
            return None

    def live_rows(self, cancel: CancellationToken) -> dict[str, int] | None:
        """Return the rows per table of the live database, None if it takes too long."""
        try:
            with self.database(cancel=cancel) as session:
                session.execute(f"SET statement_timeout = '{COUNTING_LIMIT_S}s'")
                return rows_per_table(session, cancel)
        except HoldfastError:
            cancel.raise_if_cancelled()
            return None

    def rights(self, session: Session, owner: str | None) -> tuple[bool, bool]:
        """Tell whether the role may create databases, and whether the live one is its own.

        Args:
            owner: Role that the live database belongs to, None where there is none.
        """
        has = "NULL::boolean" if owner is None else _has_role(owner)
        found = session.row(_RIGHTS.format(owner=has))
        return bool(found["creates"]), bool(found["owns"])


def _has_role(owner: str) -> str:
    return f"pg_catalog.pg_has_role({literal(owner)}, 'USAGE')"


def _unhurried(session: Session) -> Session:
    """Take the limits of everyday work off a session: a role may have a second per statement."""
    try:
        for setting in _QUIET:
            session.execute(f"SET {setting} = 0")
        session.query(_QUIET_SINCE_14)
    except BaseException:
        session.close()
        raise
    return session
