"""What a dump may do to the server that it is restored on: all that the restoring role may.

Restoring runs what is in a dump: the functions of its materialized views, indexes and constraints.
As a superuser that is anything at all on the server's machine. So a dump that nobody here answers
for is only restored as a role that has no rights beyond databases.
"""

from __future__ import annotations

from holdfast.errors import RestoreError
from holdfast.sources.base import RestoreContext
from holdfast.sources.postgresql.session import Session

_MIGHT = """
SELECT g.rolname AS name, g.rolsuper AS superuser
  FROM pg_catalog.pg_roles g
 WHERE (g.rolsuper OR g.rolname IN (
        'pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files'))
   AND (pg_catalog.pg_has_role(session_user, g.oid, 'MEMBER')
        OR pg_catalog.pg_has_role(current_user, g.oid, 'MEMBER'))
UNION ALL
SELECT 'CREATEROLE', false FROM pg_catalog.pg_roles r
 WHERE r.rolname IN (session_user, current_user) AND r.rolcreaterole
   AND pg_catalog.current_setting('server_version_num')::int < 160000
ORDER BY 2 DESC, 1
"""
"""Before PostgreSQL 16 a role that may create roles may make itself a member of those, too."""


def require_harmless(session: Session, context: RestoreContext) -> None:
    """Refuse a dump of unknown origin where restoring it could run commands on the server.

    Raises:
        RestoreError: The session's role is too mighty for it.
    """
    if context.trusted:
        return
    found = session.query(_MIGHT)
    if not found:
        return
    role = session.value("SELECT current_user AS name")
    might = "a superuser" if found[0]["superuser"] else f"not harmless ({found[0]['name']})"
    raise RestoreError(
        f"The backup came from an archive, and the role {role} is {might}: restoring it as a"
        " superuser, or as a role that may run programs or use files of the server, would let"
        " whoever made it run commands on the database server",
        hint="Use the application's own role, or add --trust-dump if you know who made it."
        " Nothing was changed.",
    )
