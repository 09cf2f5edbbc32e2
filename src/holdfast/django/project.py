"""The project's settings as a backup service.

    HOLDFAST = {
        "BACKUP_DIR": BASE_DIR / "backups",
        "ENCRYPTION_PASSWORD": "...",        # or the variable BACKUP_ENCRYPTION_PASSWORD
        "DATABASES": ["default"],            # aliases of DATABASES
        "DIRECTORIES": {"media": MEDIA_ROOT},
        "APP": "shop",
        "OPTIONS": {...},                    # any other argument of BackupService
    }

All of it may be left out: the database `default` and `MEDIA_ROOT`, if there is one, go to `backups`
below `BASE_DIR` or the working directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.migrations.loader import MigrationLoader

from holdfast.config import load_configuration, read_password
from holdfast.errors import ConfigError
from holdfast.models.schema_version import django_version
from holdfast.service import BackupService

_KEYS = ("BACKUP_DIR", "ENCRYPTION_PASSWORD", "DATABASES", "DIRECTORIES", "APP", "OPTIONS")
_SERVERS = {"postgresql": "postgresql", "postgis": "postgresql", "mysql": "mysql"}


def make_service() -> BackupService:
    """Return what backs the project up.

    Raises:
        ConfigError: A setting is unknown, or a database is of an engine that Holdfast does not
            know.
    """
    given: Mapping[str, Any] = getattr(settings, "HOLDFAST", {})
    unknown = sorted(set(given) - set(_KEYS))
    if unknown:
        raise ConfigError(
            f"HOLDFAST has no {', '.join(unknown)}", hint=f"It takes {', '.join(_KEYS)}."
        )
    aliases = list(given.get("DATABASES", [DEFAULT_DB_ALIAS]))
    urls = {alias: database_url(_database(alias)) for alias in aliases}
    options: dict[str, Any] = {"schema_version": code_version, **given.get("OPTIONS", {})}
    return BackupService(
        urls[aliases[0]] if len(aliases) == 1 else None,
        given.get("BACKUP_DIR") or _base() / "backups",
        given.get("ENCRYPTION_PASSWORD") or _password_of_environment(),
        given.get("DIRECTORIES", _media()),
        app=given.get("APP") or _project_name(),
        databases=urls if len(aliases) > 1 else None,
        **options,
    )


def database_url(database: Mapping[str, Any]) -> str:
    """Return an entry of `DATABASES` as a URL.

    Raises:
        ConfigError: Holdfast does not know its engine.
    """
    engine = str(database["ENGINE"]).rpartition(".")[2]
    name = str(database["NAME"])
    if engine in ("sqlite3", "spatialite"):
        return f"sqlite:///{Path(name).absolute()}"
    scheme = _SERVERS.get(engine)
    if scheme is None:
        raise ConfigError(
            f"DATABASES has an engine that Holdfast does not know: {database['ENGINE']}",
            hint="It knows SQLite, PostgreSQL, MySQL and MariaDB.",
        )
    user, password = str(database.get("USER") or ""), str(database.get("PASSWORD") or "")
    host, port = str(database.get("HOST") or ""), str(database.get("PORT") or "")
    account = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    socket = {"host" if scheme == "postgresql" else "unix_socket": host}
    query = f"?{urlencode(socket)}" if host.startswith("/") else ""
    place = "" if query else host + (f":{port}" if port else "")
    at = "@" if account else ""
    return f"{scheme}://{account}{at}{place}/{quote(name, safe='')}{query}"


def code_version() -> str | None:
    """Return the newest migration of each app that the code has, as a backup spells it."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return django_version(loader.disk_migrations)


def _database(alias: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = settings.DATABASES.get(alias)
    if found is None:
        raise ConfigError(f"HOLDFAST names the database {alias}, which DATABASES does not have")
    return found


def _base() -> Path:
    return Path(getattr(settings, "BASE_DIR", "."))


def _media() -> dict[str, str | Path]:
    root = getattr(settings, "MEDIA_ROOT", "")
    return {"media": root} if root and Path(root).is_dir() else {}


def _project_name() -> str:
    return str(settings.ROOT_URLCONF).partition(".")[0] if settings.ROOT_URLCONF else "django"


def _password_of_environment() -> str | None:
    source = load_configuration(directory=_base()).settings.encryption.password
    return read_password(source) if source else None
