"""Connection poolers: found out before they spoil a capture.

A pooler that gives each transaction another server session makes a dump fail at best. At worst
the settings that `pg_dump` makes for itself stay behind in sessions of the application.
"""

from __future__ import annotations

from holdfast.errors import DatabaseRefused
from holdfast.sources.postgresql.server import Server
from holdfast.sources.postgresql.session import Session
from holdfast.sources.programs import Place

_PROBE = "holdfast.probe"


def expect_own_session(server: Server, place: Place, session: Session) -> None:
    """Raise `DatabaseRefused` if the connection is one of a pooler in transaction mode.

    A session is asked for a setting that was made before, while a second one has begun a
    transaction: a pooler that shares has given the first one's server session away.
    """
    if not session.proxied:
        return
    session.query(f"SELECT set_config('{_PROBE}', 'ours', false) AS made")
    with server.open(place) as other, other.transaction():
        other.query("SELECT 1 AS taken")
        kept = session.value(f"SELECT current_setting('{_PROBE}', true) AS kept")
        seen = other.value(f"SELECT current_setting('{_PROBE}', true) AS kept")
        other.query(f"SELECT set_config('{_PROBE}', '', false) AS cleared")
    if kept != "ours" or seen == "ours":
        raise DatabaseRefused(
            f"{server.connection.location} is a pooler in transaction mode, which keeps neither"
            " a session's settings nor its snapshot together",
            hint="Give the address of the server itself, or of a pooler in session mode.",
        )
