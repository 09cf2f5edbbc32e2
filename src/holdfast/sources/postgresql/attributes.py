"""What belongs to a database's name and not to its data: settings, rights, limits, comment.

A dump does not hold it, so a restored database takes it over from the one that it replaces.
"""

# ruff: noqa: S608 - names and values are quoted by `identifier` and `literal`

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from holdfast.models.backup import PlannedChange
from holdfast.sources.postgresql.databases import Database
from holdfast.sources.postgresql.session import Session, identifier, literal

_LISTS = frozenset(
    {
        *("local_preload_libraries", "search_path", "session_preload_libraries"),
        *("shared_preload_libraries", "temp_tablespaces", "unix_socket_directories"),
    }
)
"""Settings whose values are lists of quoted names. Source: `variable_is_guc_list_quote`."""
_NAME = re.compile(r'"(?:[^"]|"")*"|[^,\s"]+')
_SETTINGS = """
SELECT coalesce(r.rolname, '') AS role, s.setconfig AS settings,
       coalesce(r.rolname = current_user OR me.rolsuper OR me.rolcreaterole, true) AS may
  FROM pg_catalog.pg_db_role_setting s
  JOIN pg_catalog.pg_roles me ON me.rolname = current_user
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
"""
_RIGHTS = """
SELECT coalesce(r.rolname, '') AS role, a.privilege_type AS privilege, a.is_grantable AS again
  FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
"""
_SUBSCRIPTIONS = "SELECT subname AS name FROM pg_catalog.pg_subscription WHERE subdbid = {oid}"
_SLOTS = "SELECT slot_name AS name FROM pg_catalog.pg_replication_slots WHERE datoid = {oid}"


def take_over(session: Session, live: Database, name: str) -> Iterator[str]:
    """Yield statements that give a database what belongs to the live one's name.

    It takes connections afterwards if the live one does.
    """
    target = identifier(name)
    yield f"ALTER DATABASE {target} RESET ALL"
    for row in settings_of(session, live.oid):
        if row["may"]:
            whose = f"ROLE {identifier(row['role'])} IN DATABASE" if row["role"] else "DATABASE"
            for each in row["settings"]:
                setting, _, value = each.partition("=")
                named = identifier(*setting.split("."))
                yield f"ALTER {whose} {target} SET {named} TO {setting_value(setting, value)}"
    yield from _rights(session, live.oid, target, live.owner)
    yield f"ALTER DATABASE {target} CONNECTION LIMIT {live.connections}"
    if live.template:
        yield f"ALTER DATABASE {target} IS_TEMPLATE true"
    yield f"COMMENT ON DATABASE {target} IS {literal(live.comment) if live.comment else 'NULL'}"
    yield f"ALTER DATABASE {target} ALLOW_CONNECTIONS {str(live.open).lower()}"


def roles_left_out(session: Session, oid: int) -> list[str]:
    """Return the roles whose settings in a database we may not take over."""
    return [row["role"] for row in settings_of(session, oid) if not row["may"]]


def settings_of(session: Session, oid: int) -> list[dict[str, Any]]:
    """Return the settings of a database, by role; the name of no role is empty."""
    return session.query(f"{_SETTINGS} WHERE s.setdatabase = {oid} ORDER BY 1")


def setting_value(setting: str, value: str) -> str:
    """Return the value of a setting, as the server stores it, for `SET`."""
    if setting.lower() not in _LISTS:
        return literal(value)
    return ", ".join(literal(name) for name in _names(value)) or "''"


def _names(value: str) -> list[str]:
    """Split a list of names, of which some are quoted, as the server stores it."""
    return [
        (word[1:-1] if word.startswith('"') else word).replace('""', '"')
        for word in _NAME.findall(value)
    ]


def rights_of(session: Session, oid: int) -> list[dict[str, Any]] | None:
    """Return who may do what with a database; None where nobody ever changed that."""
    given = session.value(
        f"SELECT datacl IS NOT NULL AS given FROM pg_catalog.pg_database WHERE oid = {oid}"
    )
    return session.query(f"{_RIGHTS} WHERE d.oid = {oid}") if given else None


def _rights(session: Session, oid: int, target: str, owner: str) -> Iterator[str]:
    rights = rights_of(session, oid)
    if rights is None:
        return
    yield f"REVOKE ALL ON DATABASE {target} FROM PUBLIC"
    yield f"REVOKE ALL ON DATABASE {target} FROM {identifier(owner)}"
    for row in rights:
        role = identifier(row["role"]) if row["role"] else "PUBLIC"
        again = " WITH GRANT OPTION" if row["again"] else ""
        yield f"GRANT {row['privilege']} ON DATABASE {target} TO {role}{again}"


def left_behind_with(session: Session, oid: int, target: str) -> tuple[PlannedChange, ...]:
    """Say what belongs to a live database and does not come along when it is replaced.

    Args:
        target: The live database for people.
    """
    roles = roles_left_out(session, oid)
    slots = [row["name"] for row in session.query(_SLOTS.format(oid=oid))]
    subscribed = [row["name"] for row in session.query(_SUBSCRIPTIONS.format(oid=oid))]
    said = (
        (roles, f"Settings of {', '.join(roles)} in {target} stay with the old database"),
        (slots, f"Replication slots stay with the old database: {', '.join(slots)}"),
        (
            subscribed,
            f"Subscriptions stay with the old database, which they keep: {', '.join(subscribed)}",
        ),
    )
    return tuple(
        PlannedChange(target=target, action="skip", detail=detail)
        for names, detail in said
        if names
    )
