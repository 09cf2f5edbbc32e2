"""Database URLs as SQLAlchemy and libpq write them, and what libpq adds to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, unquote, urlencode

from holdfast.errors import ConfigError
from holdfast.sources.inherited import inherited
from holdfast.sources.postgresql.connection import VARIABLES, WITHOUT_VARIABLE, Connection
from holdfast.sources.postgresql.services import SERVICE_VARIABLES, service_parameters

_SCHEME = re.compile(r"(postgresql|postgres)(\+[a-z0-9_]+)?", re.IGNORECASE)
_PATTERN = (
    r"(?:(?P<user>[^:/?@]*)(?::(?P<password>{0}*))?@)?(?P<hosts>[^/?@]*)"
    r"(?:/(?P<database>{1}*))?(?:\?(?P<query>.*))?"
)
_READINGS = (
    # libpq's first: a password has its `/` and `?` percent-encoded.
    _PATTERN.format("[^/?@]", "[^?@]"),
    # Then SQLAlchemy's, which takes all but `@` in a password.
    _PATTERN.format("[^@]", "[^?]"),
)
_HOST = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>\d*))?")
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SSL_WORDS = {"true": "require", "1": "require", "false": "disable", "0": "disable"}
_HINT = "Write postgresql://user:password@host:5432/database, with special characters encoded."


def is_postgres_url(url: str) -> bool:
    """Tell whether a database URL names a PostgreSQL database, whatever its driver."""
    scheme, separator, _ = url.partition("://")
    return bool(separator) and _SCHEME.fullmatch(scheme) is not None


def parse_url(url: str) -> Connection:
    """Return the connection that a URL describes.

    What the URL leaves open, a service file and libpq's own variables fill in, in libpq's
    order: `postgresql://?service=shop`, `PGHOST`, `PGPASSFILE`. They are looked up now, so that
    another database of the same server can be named later.

    Raises:
        ConfigError: It is no PostgreSQL URL or has a wrong value; no password is shown.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or _SCHEME.fullmatch(scheme) is None:
        raise ConfigError("Not a PostgreSQL database URL", hint=_HINT)
    given, ignored = _given(rest)
    variables = inherited(*VARIABLES.values(), *SERVICE_VARIABLES)
    service = given.pop("service", variables.get("PGSERVICE"))
    found = {key: variables[name] for key, name in VARIABLES.items() if name in variables}
    if service:
        found |= service_parameters(service, variables)
    return _connection(found | given, ignored)


def with_database(url: str, name: str) -> str:
    """Return a URL that names another database of the same server, else as it is written.

    Raises:
        ConfigError: It cannot be read.
    """
    scheme, separator, rest = url.partition("://")
    parts, _ = _parts(rest)
    before = rest[: len(rest) - len(f"?{parts['query']}")] if parts["query"] is not None else rest
    if parts["database"] is not None:
        before = before[: len(before) - len(f"/{parts['database']}")]
    options = parse_qsl(parts["query"] or "", keep_blank_values=True)
    kept = urlencode([each for each in options if each[0] != "dbname"], quote_via=quote)
    return f"{scheme}{separator}{before}/{quote(name, safe='')}{f'?{kept}' if kept else ''}"


def _given(rest: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the parameters of a URL after its scheme, and the names of those not libpq's."""
    parts, hosts = _parts(rest)
    found = {key: value for key, value in hosts.items() if value.strip(",")}
    for part, key in (("user", "user"), ("password", "password"), ("database", "dbname")):
        if text := parts[part]:
            found[key] = unquote(text)
    options = parse_qsl(parts["query"] or "", keep_blank_values=True)
    found |= _hosts(value for key, value in options if key == "host")
    ignored: list[str] = []
    for key, value in options:
        if key == "ssl":  # asyncpg's, and an old spelling of libpq's
            found["sslmode"] = _SSL_WORDS.get(value.lower(), value)
        elif key in VARIABLES or key in WITHOUT_VARIABLE or key == "service":
            found |= {} if key == "host" else {key: value}
        elif key.startswith(("ssl", "gss")):
            # Mistyped, it must not silently give less protection.
            raise ConfigError(
                f"The database URL has an option {key} that cannot be used",
                hint="A key with a password cannot be given to pg_dump: use one without, mode 0600."
                if key == "sslpassword"
                else "See libpq's documentation for its name.",
            )
        else:
            ignored.append(key)
    return found, tuple(dict.fromkeys(ignored))


def _parts(rest: str) -> tuple[dict[str, str | None], dict[str, str]]:
    for pattern in _READINGS:
        match = re.fullmatch(pattern, rest, re.DOTALL)
        hosts = match and _hosts_or_none((match["hosts"] or "").split(","))
        if match and hosts is not None:
            return match.groupdict(), hosts
    raise ConfigError("The PostgreSQL database URL cannot be read", hint=_HINT)


def _hosts(values: Iterable[str]) -> dict[str, str]:
    """Read the `host` options of a URL: one with commas, or one for each host, with its port."""
    each = [part for value in values for part in value.split(",")]
    found = _hosts_or_none(each)
    if found is None:
        raise ConfigError("The PostgreSQL database URL has a host that cannot be read", hint=_HINT)
    return {key: value for key, value in found.items() if value.strip(",")}


def _hosts_or_none(each: list[str]) -> dict[str, str] | None:
    hosts: list[str] = []
    ports: list[str] = []
    for text in each:
        match = _HOST.fullmatch(text)
        if text.startswith("/"):
            hosts.append(unquote(text))
            ports.append("")
        elif match is None:
            return None
        else:
            hosts.append(unquote(match["host"].strip("[]")))
            ports.append(match["port"] or "")
    return {"host": ",".join(hosts), "port": ",".join(ports)}


def _connection(found: Mapping[str, str], ignored: tuple[str, ...]) -> Connection:
    parameters = {key: value for key, value in found.items() if value}
    password = parameters.pop("password", None)
    parameters.setdefault("dbname", parameters.get("user", ""))
    if not parameters["dbname"]:
        raise ConfigError("The PostgreSQL database URL names no database", hint=_HINT)
    if any("\0" in value for value in (*parameters.values(), password or "")):
        raise ConfigError("The PostgreSQL database URL contains a NUL character")
    if parameters.get("sslmode", "prefer") not in _SSL_MODES:
        raise ConfigError(
            f"{parameters['sslmode']!r} is no sslmode",
            hint=f"It is one of {', '.join(_SSL_MODES)}.",
        )
    return Connection(parameters=parameters, password=password, ignored=ignored)
