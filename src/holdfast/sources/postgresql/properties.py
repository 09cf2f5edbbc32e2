"""What makes a database besides its content, noted for the day on which it is not there any more.

Where a live one is there a restored one takes it from that. Else it comes from the backup, whose
manifest may be anybody's: each word is looked up on the server or fits a narrow pattern, and what
grants rights or changes settings is left out if nobody answers for the backup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from holdfast.errors import HoldfastError
from holdfast.sources.postgresql.attributes import rights_of, setting_value, settings_of
from holdfast.sources.postgresql.databases import Beside, Database, create, describe
from holdfast.sources.postgresql.failures import sqlstate_of
from holdfast.sources.postgresql.names import Purpose
from holdfast.sources.postgresql.server import version_of
from holdfast.sources.postgresql.session import Session, identifier, literal

_LOCALE = re.compile(r"[A-Za-z0-9_.@=;, -]{1,128}")
_PROVIDERS = {"icu": 15, "builtin": 17}
"""Providers of locales, and the version of the server that first knows them for databases."""
_PRIVILEGES = frozenset({"CREATE", "CONNECT", "TEMPORARY"})
_MOST_CONNECTIONS = 1 << 18
_MOST_CHARACTERS = 10_000
_OUR_HOLD = "holdfast keeps writers away"
_NOT_TAKEN = frozenset({"local_preload_libraries", "application_name"})
_NOT_AS_WANTED = frozenset({"22023", "42809", "42704", "0A000", "42601", "42P17"})
_ROLES = "SELECT rolname AS name FROM pg_catalog.pg_roles"
_EVERYBODYS = "SELECT name FROM pg_catalog.pg_settings WHERE context = 'user'"


def properties_of(session: Session) -> dict[str, Any]:
    """Return what is needed to make the session's database again, as JSON values.

    Settings of an application's own making stay out: applications keep secrets in them.
    """
    name = session.value("SELECT pg_catalog.current_database() AS name")
    live = describe(session, str(name))
    if live is None:
        return {}
    facts = live.facts
    settings = _settings(session, live.oid)
    known = _known_settings(session)
    provider = {"i": "icu", "b": "builtin"}.get(facts.get("datlocprovider", "c"), "libc")
    return {
        "encoding": live.encoding,
        "collate": facts["datcollate"],
        "ctype": facts["datctype"],
        "provider": provider,
        "locale": facts.get("datlocale") or facts.get("daticulocale"),
        "connections": live.connections,
        "settings": {key: value for key, value in settings.items() if key.lower() in known},
        "settings_left_out": sorted(key for key in settings if key.lower() not in known),
        "rights": rights_of(session, live.oid),
    }


def _settings(session: Session, oid: int) -> dict[str, str]:
    rows = (row for row in settings_of(session, oid) if not row["role"])
    pairs = (each.partition("=") for row in rows for each in row["settings"])
    found = {name: value for name, _, value in pairs}
    if found.get("application_name", "").startswith(_OUR_HOLD):
        found.pop("default_transaction_read_only", None)
        found.pop("application_name")
    return found


def _known_settings(session: Session) -> set[str]:
    return {row["name"].lower() for row in session.query(_EVERYBODYS)} - _NOT_TAKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a backup says of the database that is to be made, as far as it can be used.

    Attributes:
        options: For `CREATE DATABASE`; None where they are the server's own.
        settings: By name.
        rights: Roles (PUBLIC is empty), privileges and whether they may grant them; None where
            they are as the server gives them.
        connections: How many it takes at once, -1 for any number.
        left_out: What cannot be used, for people.
    """

    options: str | None = None
    settings: Mapping[str, str]
    rights: tuple[tuple[str, str, bool], ...] | None = None
    connections: int = -1
    left_out: tuple[str, ...] = ()

    def statements(self, name: str) -> Iterator[str]:
        """Yield what gives a database its settings and rights."""
        target = identifier(name)
        for key, value in self.settings.items():
            yield f"ALTER DATABASE {target} SET {identifier(key)} TO {setting_value(key, value)}"
        if self.rights is None:
            return
        yield f"REVOKE ALL ON DATABASE {target} FROM PUBLIC"
        for role, privilege, again in self.rights:
            whom = identifier(role) if role else "PUBLIC"
            grant = " WITH GRANT OPTION" if again else ""
            yield f"GRANT {privilege} ON DATABASE {target} TO {whom}{grant}"


def wanted_of(session: Session, facts: Mapping[str, Any], *, trusted: bool, rights: bool) -> Wanted:
    """Return what of a backup's facts can be used on a server.

    Args:
        session: To any database of the server.
        trusted: Whether anybody answers for the backup.
        rights: Whether rights are to be restored.
    """
    said = facts.get("properties")
    if not isinstance(said, dict):
        return Wanted(settings={})
    left: list[str] = []
    options = _options(session, said, left)
    if not trusted:
        more = "its settings, rights and limit of connections, as nobody answers for the backup"
        return Wanted(options=options, settings={}, left_out=(*left, more))
    return Wanted(
        options=options,
        settings=_usable_settings(session, said, left),
        rights=_usable_rights(session, said, left) if rights else None,
        connections=_limit(said.get("connections")),
        left_out=tuple(left),
    )


def _limit(said: object) -> int:
    fits = isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= _MOST_CONNECTIONS
    return said if isinstance(said, int) and fits else -1


def _options(session: Session, said: Mapping[str, Any], left: list[str]) -> str | None:
    encoding, provider = said.get("encoding"), said.get("provider")
    words = [said.get(key) for key in ("encoding", "collate", "ctype")]
    if not all(isinstance(word, str) and _LOCALE.fullmatch(word) for word in words):
        left.append("its encoding and locale")
        return None
    encoding, collate, ctype = map(str, words)
    if int(session.value(f"SELECT pg_catalog.pg_char_to_encoding({literal(encoding)}) AS n")) < 0:
        left.append(f"its encoding {encoding}, which the server does not know")
        return None
    options = f"ENCODING {literal(encoding)} LC_COLLATE {literal(collate)}"
    options += f" LC_CTYPE {literal(ctype)}"
    version = version_of(session).major
    if provider not in _PROVIDERS:
        return f"{options} LOCALE_PROVIDER libc" if version >= _PROVIDERS["icu"] else options
    locale = said.get("locale")
    fits = isinstance(locale, str) and _LOCALE.fullmatch(locale)
    if not fits or version < _PROVIDERS[provider]:
        left.append(f"its locale of the provider {provider}")
        return options
    named = f"LOCALE_PROVIDER {provider} {provider.upper()}_LOCALE {literal(str(locale))}"
    return f"{options} {named}"


def _usable_settings(session: Session, said: Mapping[str, Any], left: list[str]) -> dict[str, str]:
    known = _known_settings(session)
    settings = said.get("settings")
    found = settings if isinstance(settings, dict) else {}
    usable = {
        name: value
        for name, value in found.items()
        if name.lower() in known and isinstance(value, str) and _is_plain(value)
    }
    omitted = said.get("settings_left_out")
    names = [*(found.keys() - usable.keys()), *(omitted if isinstance(omitted, list) else [])]
    if names:
        left.append(f"its settings {', '.join(sorted(map(str, names)))[:200]}")
    return usable


def _is_plain(value: str) -> bool:
    return "\0" not in value and len(value) <= _MOST_CHARACTERS


def _usable_rights(
    session: Session, said: Mapping[str, Any], left: list[str]
) -> tuple[tuple[str, str, bool], ...] | None:
    found = said.get("rights")
    if not isinstance(found, list):
        return None
    roles = {
        row["name"] for row in session.query("SELECT rolname AS name FROM pg_catalog.pg_roles")
    }
    usable, unknown = [], set()
    for row in found:
        role, privilege, again = (
            (row.get("role"), row.get("privilege"), row.get("again"))
            if isinstance(row, dict)
            else (None, None, None)
        )
        if privilege in _PRIVILEGES and isinstance(role, str) and role in {"", *roles}:
            usable.append((role, str(privilege), again is True and role != ""))
        else:
            unknown.add(str(role)[:63])
    if unknown:
        left.append(f"rights of {', '.join(sorted(unknown))}, which the server does not have")
    return tuple(usable)


def create_wanted(
    session: Session,
    wanted: Wanted,
    *,
    live: str,
    like: Database | None,
    purpose: Purpose,
    token: str,
) -> tuple[Beside, tuple[str, ...]]:
    """Make a database as `databases.create` does; also return what it does not have, for people."""
    make = partial(create, session, live=live, like=like, purpose=purpose, token=token)
    if like is not None or wanted.options is None:
        return make(), wanted.left_out
    try:
        return make(options=wanted.options), wanted.left_out
    except HoldfastError as error:
        if sqlstate_of(error) not in _NOT_AS_WANTED:
            raise
    lost = "its encoding and locale, which the server does not have"
    return make(), (*wanted.left_out, lost)


def dress(session: Session, wanted: Wanted, name: str) -> tuple[str, ...]:
    """Give a database its settings and rights; return what was refused, for people."""
    refused = []
    for statement in wanted.statements(name):
        try:
            session.execute(statement)
        except HoldfastError as error:
            if not sqlstate_of(error):
                raise
            refused.append(f"what the server refused: {error.message}")
    return tuple(refused)
