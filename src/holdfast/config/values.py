"""Reading one setting's value, from text (a flag, a variable) or from TOML.

Each parser takes the raw value and the directory that relative paths start from; it raises
ValueError with what it expected, and the caller says which setting that was.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from holdfast.config.settings import DatabaseSettings
from holdfast.errors import ConfigError

Parser = Callable[[Any, Path], Any]

SERVER_SCHEMES: Mapping[str, str] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
}
"""By the scheme of a URL, without its driver: the kind of database server."""
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""What a machine calls itself."""
ROLES = ("viewer", "operator", "admin")
"""The roles of the server's users, each with all that the one before may do."""
_ROOT_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?")
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_LACKS_A_SLASH = re.compile(rf"(?:sqlite|{'|'.join(SERVER_SCHEMES)})(?:\+\w+)?:", re.IGNORECASE)
_CONTAINER = re.compile(r"(?:(?:docker|podman):)?[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_DURATION = re.compile(r"(?=[0-9])([0-9]{1,9}y)?([0-9]{1,9}m)?([0-9]{1,9}d)?([0-9]{1,9}h)?")


def parse_text(value: Any, base: Path) -> str:
    """Read a text that is not empty."""
    del base
    if not isinstance(value, str):
        raise ValueError("expected a text")
    if not value.strip():
        raise ValueError("expected a text, and it is empty")
    return value


def parse_bool(value: Any, base: Path) -> bool:
    """Read a boolean."""
    del base
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else None
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("expected true or false (or 1, 0, yes, no, on, off)")


def parse_count(value: Any, base: Path) -> int:
    """Read a whole number; 0 turns the rule off."""
    del base
    return _whole_number(value, 0, 999_999_999, "expected a whole number, or 0 for no such rule")


def parse_level(value: Any, base: Path) -> int:
    """Read a zstd compression level."""
    del base
    return _whole_number(value, 1, 19, "expected a level from 1 (fast) to 19 (small)")


def parse_seconds(value: Any, base: Path) -> float:
    """Read a number of seconds, 0 or more."""
    del base
    try:
        number = -1.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= 86_400:
        raise ValueError("expected a number of seconds from 0 to 86400")
    return number


def parse_positive(value: Any, base: Path) -> int:
    """Read a whole number from 1."""
    del base
    return _whole_number(value, 1, 999_999_999, "expected a whole number from 1")


def parse_port(value: Any, base: Path) -> int:
    """Read the number of a port; 0 lets the system choose one."""
    del base
    return _whole_number(value, 0, 65_535, "expected a port from 1 to 65535, or 0 for any")


def parse_workers(value: Any, base: Path) -> int:
    """Read a number of processes."""
    del base
    return _whole_number(value, 1, 64, "expected a number of processes from 1 to 64")


def parse_root_path(value: Any, base: Path) -> str:
    """Read the path that stands before those of the server; "" for none."""
    del base
    if not isinstance(value, str) or not _ROOT_PATH.fullmatch(value):
        raise ValueError("expected a path such as /backup")
    return value.rstrip("/")


def parse_cookie_secure(value: Any, base: Path) -> str:
    """Read whether a cookie is for HTTPS only."""
    del base
    if value not in ("auto", "always", "never"):
        raise ValueError("expected auto, always or never")
    return str(value)


def parse_issuer(value: Any, base: Path) -> str:
    """Read the address of an OpenID Connect provider: HTTPS, but on this machine."""
    text = parse_text(value, base)
    parts = urlsplit(text)
    local = parts.hostname in LOOPBACK_NAMES
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ValueError("expected an address that begins with https://")
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("expected an address without user, query or fragment")
    return text


def parse_claim_roles(value: Any, base: Path) -> dict[str, str]:
    """Read a table from values of a claim to roles."""
    if not isinstance(value, Mapping):
        raise ValueError("expected a table from values of the claim to roles")
    roles = {parse_text(name, base): parse_text(role, base) for name, role in value.items()}
    if not set(roles.values()) <= set(ROLES):
        raise ValueError(f"expected roles out of {', '.join(ROLES)}")
    return roles


def parse_duration(value: Any, base: Path) -> str:
    """Read a span as restic writes it, without reckoning it: months differ in length."""
    text = parse_text(value, base).strip()
    if not _DURATION.fullmatch(text):
        raise ValueError("expected years, months, days and hours such as 30d, 12h or 1y6m")
    return text


def parse_path(value: Any, base: Path) -> Path:
    """Read a path; a relative one starts from `base`, and `~` is the home directory."""
    text = parse_text(value, base)
    try:
        return base / Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError(f"expected a path; {error}") from error


def parse_database_url(value: Any, base: Path) -> str:
    """Read a database URL, or the path of an SQLite file; a relative path becomes absolute."""
    text = parse_text(value, base)
    scheme, separator, rest = text.partition("://")
    if not separator and _LACKS_A_SLASH.match(text):
        raise ValueError("expected a URL, with two slashes behind its colon")
    if not separator:
        # What follows a question mark is a URL's query; in a path it is part of the name.
        return f"sqlite:///{str(parse_path(text, base)).replace('?', '%3F')}"
    kind = scheme.lower().partition("+")[0]
    if kind in SERVER_SCHEMES:
        return text
    if kind != "sqlite":
        raise ValueError(f"expected a database of SQLite, PostgreSQL, MySQL or MariaDB, not {kind}")
    path, question, query = rest.removeprefix("/").partition("?")
    if not rest.startswith("/") or path in ("", ":memory:"):
        raise ValueError("expected a database in a file: sqlite:///./data/app.db")
    if path.startswith("file:"):
        return text
    return f"{scheme}:///{parse_path(path, base)}{question}{query}"


def parse_container(value: Any, base: Path) -> str:
    """Read the name of a container, with its runtime before it or not."""
    text = parse_text(value, base).strip()
    if not _CONTAINER.fullmatch(text):
        raise ValueError("expected the name of a container: NAME, docker:NAME or podman:NAME")
    return text


def parse_database(value: Any, base: Path) -> DatabaseSettings:
    """Read a database: its URL, or a table of `url` and `container`."""
    if not isinstance(value, Mapping):
        return DatabaseSettings(url=parse_database_url(value, base))
    if set(value) - {"url", "container"} or "url" not in value:
        raise ValueError("expected a URL, or a table with url and, if wanted, container")
    container = value.get("container")
    return DatabaseSettings(
        url=parse_database_url(value["url"], base),
        container=None if container is None else parse_container(container, base),
    )


def database_url(text: str) -> str:
    """Return the URL of a database that is named on a command line, by a URL or a path.

    Raises:
        ConfigError: It is neither.
    """
    try:
        return parse_database_url(text, Path.cwd())
    except ValueError as error:
        raise ConfigError(f"A database cannot be named so: {error}") from error


def parse_texts(value: Any, base: Path) -> tuple[str, ...]:
    """Read a list of texts, or one."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple):
        raise ValueError("expected a list of texts")
    return tuple(parse_text(item, base) for item in value)


def parse_command(value: Any, base: Path) -> str:
    """Read a command line."""
    return parse_text(value, base)


def parse_program(value: Any, base: Path) -> str:
    """Read a command line that is split as a shell would."""
    text = parse_text(value, base)
    try:
        shlex.split(text)
    except ValueError as error:
        raise ValueError(f"expected a command line: {error}") from error
    return text


def parse_timezone(value: Any, base: Path) -> str:
    """Read the IANA name of a time zone."""
    text = parse_text(value, base)
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("expected the name of a time zone, such as Europe/Vienna") from error
    return text


def parse_cron(value: Any, base: Path) -> str:
    """Read a cron expression; whether its fields make sense is for the scheduler to say."""
    text = parse_text(value, base)
    if len(text.split()) != 5:
        raise ValueError("expected a cron expression of five fields, such as 0 2 * * *")
    return " ".join(text.split())


def parse_misfire(value: Any, base: Path) -> str:
    """Read what becomes of a missed run."""
    del base
    if value not in ("run_once", "skip"):
        raise ValueError("expected run_once or skip")
    return str(value)


def parse_table(parse_item: Parser) -> Parser:
    """Make a parser of a table from labels to items, or of a list of `label=item` texts."""

    def parse(value: Any, base: Path) -> dict[str, Any]:
        items = _split_pairs(value) if isinstance(value, list | tuple) else value
        if not isinstance(items, Mapping):
            raise ValueError("expected a table of labels")
        return {_label(label): parse_item(item, base) for label, item in items.items()}

    return parse


def parse_directory(value: Any, base: Path) -> tuple[Path, tuple[str, ...]]:
    """Read a directory: its path, or a table of `path` and `exclude`."""
    if not isinstance(value, Mapping):
        return parse_path(value, base), ()
    unknown = set(value) - {"path", "exclude"}
    if unknown or "path" not in value:
        raise ValueError("expected a path, or a table with path and, if wanted, exclude")
    return parse_path(value["path"], base), parse_texts(value.get("exclude", ()), base)


def _whole_number(value: Any, least: int, most: int, expected: str) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value.strip()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(expected)
    return value


def _split_pairs(texts: list[str] | tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        label, separator, item = text.partition("=")
        if not separator:
            raise ValueError(f"expected LABEL=PATH, got {text!r}")
        if label in pairs:
            raise ValueError(f"the label {label!r} is given twice")
        pairs[label] = item
    return pairs


def is_label(text: str) -> bool:
    """Return whether a text can name a directory, a database or a plan."""
    return bool(_LABEL.fullmatch(text))


def _label(label: Any) -> str:
    if not isinstance(label, str) or not is_label(label):
        raise ValueError(
            f"{label!r} is no label: expected letters, digits, '.', '_' and '-',"
            " with a letter, digit or '_' first"
        )
    return label
