"""Database URLs as SQLAlchemy and the MySQL and MariaDB drivers write them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, quote, unquote

from holdfast.errors import ConfigError

_SCHEME = re.compile(r"(mysql|mariadb)(\+[a-z0-9_]+)?", re.IGNORECASE)
_REST = re.compile(
    r"(?:(?P<user>[^:/?@]*)(?::(?P<password>[^@]*))?@)?"
    r"(?P<host>\[[^\[\]]*\]|[^:/?\[\]@]*)(?::(?P<port>\d*))?"
    r"(?:/(?P<database>[^?]*))?(?:\?(?P<query>.*))?",
    re.DOTALL,
)
_HINT = "Write mysql://user:password@host:3306/database, with special characters encoded."
_MODES = ("disabled", "preferred", "required", "verify_ca", "verify_identity")
_YES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_FILES = ("ssl_ca", "ssl_cert", "ssl_key")
_SWITCHES = ("ssl", "ssl_disabled", "ssl_verify_cert", "ssl_verify_identity", "ssl_check_hostname")
DEFAULT_PORT = 3306
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_NAME_LIMIT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How the connection is encrypted.

    Attributes:
        mode: As MySQL's `--ssl-mode`: `disabled`, `preferred` (if the server can), `required`,
            `verify_ca`, `verify_identity`.
        ca: The file of the authorities that are trusted, or None for the system's.
    """

    mode: str = "preferred"
    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    @property
    def wanted(self) -> bool:
        """Whether a server that cannot encrypt is refused."""
        return self.mode in ("required", "verify_ca", "verify_identity")

    @property
    def verified(self) -> bool:
        """Whether the server's certificate is checked."""
        return self.mode in ("verify_ca", "verify_identity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where a database is and who logs in; its password is never shown."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    unix_socket: str | None = None
    tls: Tls = field(default_factory=Tls)
    scheme: str = "mysql"

    @property
    def location(self) -> str:
        """The database for people, without secrets: `mysql://app@host:3306/shop`."""
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        place = f"{user}{host}" if self.unix_socket else f"{user}{host}:{self.port}"
        socket = f"?unix_socket={quote(self.unix_socket)}" if self.unix_socket else ""
        return f"{self.scheme}://{place}/{quote(self.database, safe='')}{socket}"

    @property
    def loopback(self) -> bool:
        """Whether the host is this machine, or the one where a client program runs."""
        return self.host in _LOOPBACK

    def redact(self, text: str) -> str:
        """Return a text without the password, should a program have repeated it."""
        return text.replace(self.password, "***") if len(self.password) > 2 else text

    def to_database(self, name: str) -> Connection:
        """Return the same login to another database of the server."""
        return replace(self, database=name)


def is_mysql_url(url: str) -> bool:
    """Tell whether a database URL names a MySQL or MariaDB database, whatever its driver."""
    scheme, separator, _ = url.partition("://")
    return bool(separator) and _SCHEME.fullmatch(scheme) is not None


def parse_url(url: str) -> Connection:
    """Return the connection that a URL describes.

    Raises:
        ConfigError: It is no MySQL or MariaDB URL or has a wrong value; no password is shown.
    """
    scheme, _, rest = url.partition("://")
    parts = _REST.fullmatch(rest)
    if not is_mysql_url(url) or parts is None:
        raise ConfigError("Not a MySQL or MariaDB database URL that can be read", hint=_HINT)
    options = dict(parse_qsl(parts["query"] or "", keep_blank_values=True))
    return Connection(
        host=_host(unquote((parts["host"] or "").strip("[]")) or "localhost"),
        port=_port(parts["port"] or options.get("port") or ""),
        user=unquote(parts["user"] or options.get("user") or ""),
        password=unquote(parts["password"] or "") or options.get("password", ""),
        database=_database(unquote(parts["database"] or "")),
        unix_socket=options.get("unix_socket") or options.get("socket") or None,
        tls=_tls(options),
        scheme=scheme.partition("+")[0].lower(),
    )


def _host(text: str) -> str:
    if text.startswith(("-", "/")) or not text.isprintable() or " " in text:
        raise ConfigError(
            f"{text!r} cannot be the host of a database server",
            hint="A socket is named as ?unix_socket=/path at the end of the URL.",
        )
    return text


def _port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ConfigError(f"{text!r} is no port of a database server", hint=_HINT)
    return int(text)


def _database(name: str) -> str:
    if not name:
        raise ConfigError("The database URL names no database", hint=_HINT)
    if len(name) > _NAME_LIMIT or "\0" in name or not name.isprintable() or name != name.strip():
        raise ConfigError(f"{name!r} cannot be the name of a database", hint=_HINT)
    return name


def _tls(options: dict[str, str]) -> Tls:
    found = {key.lower().replace("-", "_"): value for key, value in options.items()}
    known = {*_FILES, *_SWITCHES, "ssl_mode"}
    for key in found:
        if key.startswith(("ssl", "tls")) and key not in known:
            # Mistyped, it must not silently give less protection.
            raise ConfigError(
                f"The database URL has an option {key} that cannot be used",
                hint=f"Known are {', '.join(sorted(known))}.",
            )
    ca, cert, key_file = (found.get(name) or None for name in _FILES)
    return Tls(mode=_mode(found, any((ca, cert, key_file))), ca=ca, cert=cert, key=key_file)


def _mode(found: dict[str, str], files: bool) -> str:
    if "ssl_mode" in found:
        mode = found["ssl_mode"].lower().replace("-", "_")
        if mode not in _MODES:
            raise ConfigError(
                f"{found['ssl_mode']!r} is no ssl_mode", hint=f"Use one of {', '.join(_MODES)}."
            )
        return mode
    switches = {name: _switch(name, found[name]) for name in _SWITCHES if name in found}
    if switches.get("ssl_disabled") or switches.get("ssl") is False:
        return "disabled"
    if switches.get("ssl_verify_identity") or switches.get("ssl_check_hostname"):
        return "verify_identity"
    if switches.get("ssl_verify_cert", "ssl_ca" in found):
        return "verify_ca"
    return "required" if files or switches.get("ssl") else "preferred"


def _switch(name: str, text: str) -> bool:
    if text.lower() not in _YES:
        raise ConfigError(f"{name}={text!r} in the database URL is neither true nor false")
    return _YES[text.lower()]
