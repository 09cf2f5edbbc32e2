"""Where the database of a database URL lies."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote

from holdfast.errors import ConfigError, UsageError


def sqlite_path(url: str) -> Path:
    """Return the absolute path of the database file that a URL names.

    The spelling is SQLAlchemy's: `sqlite:///./data/app.db` is relative to the working
    directory, `sqlite:////srv/app.db` is absolute; a driver (`sqlite+aiosqlite`) and a query
    string do not matter. `sqlite:///file:app.db?uri=true` is a SQLite URI. SQLAlchemy takes
    `%20` in a path as it stands and other tools decode it: the file that exists decides,
    and without one it is decoded.

    Raises:
        ConfigError: It is no SQLite URL, or names a database in memory.
    """
    scheme, separator, rest = url.partition("://")
    # Only the scheme is shown: the rest of another database's URL holds its password.
    if not separator or scheme.lower().partition("+")[0] != "sqlite":
        raise ConfigError(
            f"Not a SQLite database URL: {scheme + '://...' if separator else url!r}",
            hint="Write sqlite:///relative/path.db or sqlite:////absolute/path.db.",
        )
    database, _, query = rest.partition("?")
    if database and not database.startswith("/"):
        raise ConfigError(
            "A SQLite database URL has no host: three slashes begin its path",
            hint="Write sqlite:///relative/path.db or sqlite:////absolute/path.db.",
        )
    name = database[1:]
    options = parse_qs(query)
    if name.startswith("file:"):
        name = name.removeprefix("file:")
        name = name.removeprefix("//localhost") if name.startswith("//localhost/") else name
        name = name[2:] if name.startswith("///") else name
    if name in ("", ":memory:") or options.get("mode") == ["memory"]:
        raise ConfigError(
            "A database in memory cannot be backed up: it has no file",
            hint="Give the URL of a database file, such as sqlite:///./data/app.db.",
        )
    if "\0" in unquote(name):
        raise UsageError("A path cannot contain a NUL character")
    return _existing(name).absolute()


def _existing(name: str) -> Path:
    literal = Path(name)
    return literal if literal.exists() else Path(unquote(name))
