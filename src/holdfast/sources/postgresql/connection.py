"""How a database is reached: libpq's parameters, with everything secret kept apart.

Client programs get the parameters as `PG*` variables and never as arguments: what stands there
is seen by every user of the machine, and a database name among them may be taken for a whole
connection string.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote

VARIABLES: Mapping[str, str] = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "passfile": "PGPASSFILE",
    "require_auth": "PGREQUIREAUTH",
    "channel_binding": "PGCHANNELBINDING",
    "options": "PGOPTIONS",
    "application_name": "PGAPPNAME",
    "sslmode": "PGSSLMODE",
    "sslnegotiation": "PGSSLNEGOTIATION",
    "sslcompression": "PGSSLCOMPRESSION",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslcertmode": "PGSSLCERTMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcrl": "PGSSLCRL",
    "sslcrldir": "PGSSLCRLDIR",
    "sslsni": "PGSSLSNI",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "min_protocol_version": "PGMINPROTOCOLVERSION",
    "max_protocol_version": "PGMAXPROTOCOLVERSION",
    "requirepeer": "PGREQUIREPEER",
    "krbsrvname": "PGKRBSRVNAME",
    "gsslib": "PGGSSLIB",
    "gssencmode": "PGGSSENCMODE",
    "gssdelegation": "PGGSSDELEGATION",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "load_balance_hosts": "PGLOADBALANCEHOSTS",
}
"""libpq's parameters and the variables that stand for them."""

WITHOUT_VARIABLE = frozenset(
    {
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
        *("tcp_user_timeout", "fallback_application_name"),
    }
)
"""Parameters that only a driver takes; client programs work without them."""

DEFAULT_PORT = "5432"
_SHORTEST_SECRET = 3
"""Shorter ones are not looked for in messages: hiding every `a` would show that it is `a`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One database on one server (or on several that stand in for each other).

    Attributes:
        parameters: libpq's parameters by keyword, `dbname` among them, without secrets.
        password: The password; None where a password file, a certificate or trust serves.
        ignored: Names of the URL's options that are an application's own.
    """

    parameters: Mapping[str, str]
    password: str | None = field(default=None, repr=False)
    ignored: tuple[str, ...] = ()

    @property
    def database(self) -> str:
        """Name of the database."""
        return self.parameters["dbname"]

    @property
    def user(self) -> str | None:
        """Name of the role that logs in; None where it is the system's user."""
        return self.parameters.get("user")

    @property
    def location(self) -> str:
        """The database for people, without secrets: `postgresql://app@host:5432/shop`."""
        hosts = self.parameters.get("host", "").split(",")
        ports = self.parameters.get("port", DEFAULT_PORT).split(",")
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        database = quote(self.database, safe="")
        if hosts[0].startswith("/") or hosts == [""]:
            where = f"?host={hosts[0]}" if hosts[0] else ""
            port = "" if ports == [DEFAULT_PORT] else f"{'&' if where else '?'}port={ports[0]}"
            return f"postgresql://{user}/{database}{where}{port}"
        if len(ports) == 1:
            ports *= len(hosts)
        servers = (_address(*pair) for pair in zip(hosts, ports, strict=False))
        return f"postgresql://{user}{','.join(servers)}/{database}"

    def keywords(self) -> dict[str, str]:
        """Return all parameters for a driver, the password among them."""
        password = {} if self.password is None else {"password": self.password}
        return {**self.parameters, **password}

    def environment(self) -> dict[str, str]:
        """Return all parameters as variables for a client program, the password among them.

        Messages come untranslated: they are looked into to say what happened.
        """
        named = {
            VARIABLES[key]: value for key, value in self.keywords().items() if key in VARIABLES
        }
        return {"LC_ALL": "C", **named}

    def to_database(self, name: str) -> Connection:
        """Return the way to another database of the same server."""
        return replace(self, parameters={**self.parameters, "dbname": name})

    def called(self, application_name: str) -> Connection:
        """Return the same connection, under a name that the server shows."""
        named = {**self.parameters, "application_name": application_name}
        return replace(self, parameters=named)

    def with_default(self, key: str, value: str) -> Connection:
        """Return the same connection, with a parameter that it may not have yet."""
        return replace(self, parameters={key: value, **self.parameters})

    def with_all(self, more: Mapping[str, str]) -> Connection:
        """Return the same connection with more parameters, or others."""
        return replace(self, parameters={**self.parameters, **more})

    def with_password(self, password: str | None) -> Connection:
        """Return the same connection with another password."""
        return replace(self, password=password)

    def without(self, *keys: str) -> Connection:
        """Return the same connection with libpq's defaults for some parameters."""
        rest = {key: value for key, value in self.parameters.items() if key not in keys}
        return replace(self, parameters=rest)

    def redact(self, text: str) -> str:
        """Return a text with every occurrence of the password replaced."""
        if self.password is None or len(self.password) < _SHORTEST_SECRET:
            return text
        for secret in {self.password, quote(self.password, safe=""), quote(self.password)}:
            text = text.replace(secret, "***")
        return text


def _address(host: str, port: str) -> str:
    return f"{f'[{host}]' if ':' in host else host}:{port or DEFAULT_PORT}"
