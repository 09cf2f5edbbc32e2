"""libpq's connection service files.

They are read here and not by libpq, for which a service's database goes before the variable
`PGDATABASE`: programs could be sent to no other database of that server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from holdfast.errors import ConfigError

SERVICE_VARIABLES = ("PGSERVICE", "PGSERVICEFILE", "PGSYSCONFDIR")
_SYSTEM_FOLDERS = ("/etc/postgresql-common", "/etc", "/usr/local/pgsql/etc")


def service_parameters(service: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a service: the user's file first, then the system's.

    Args:
        variables: The environment: `PGSERVICEFILE`, `PGSYSCONFDIR`, `HOME`.

    Raises:
        ConfigError: No file has it, or it cannot be read.
    """
    files = list(_files(variables))
    for file in files:
        found = _section(file, service)
        if found is not None:
            return found
    raise ConfigError(
        f"There is no connection service {service!r}",
        hint=f"Looked in {', '.join(map(str, files))}; PGSERVICEFILE names another file.",
    )


def _files(variables: Mapping[str, str]) -> Iterator[Path]:
    own = variables.get("PGSERVICEFILE")
    yield Path(own) if own else Path(variables.get("HOME", "/")) / ".pg_service.conf"
    folder = variables.get("PGSYSCONFDIR")
    for each in (folder,) if folder else _SYSTEM_FOLDERS:
        yield Path(each) / "pg_service.conf"


def _section(file: Path, service: str) -> dict[str, str] | None:
    try:
        lines = file.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"The service file {file} cannot be read") from error
    found: dict[str, str] | None = None
    for line in map(str.strip, lines):
        if line.startswith("["):
            if found is not None:
                break
            found = {} if line == f"[{service}]" else None
        elif found is not None and line and not line.startswith("#"):
            key, separator, value = line.partition("=")
            if not separator:
                raise ConfigError(f"The service {service!r} in {file} has a line without '='")
            found.setdefault(key.strip(), value.strip())
    return found
