"""How a service was made, as JSON values, so that another process can make the same one.

What cannot be written down (a function, an object of the host) is named only: the other process
asks the host for it. The values hold passwords: they go through a pipe, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

from holdfast.clock import SystemClock
from holdfast.config import SettingsTable
from holdfast.models.retention import RetentionPolicy
from holdfast.operations.commands import split_command
from holdfast.operations.protected import DatabaseOptions, DirectoryOptions, TablesOptions
from holdfast.sources.settings import SettingsProvider

_PLAIN = (
    "database_url",
    "encryption_password",
    "app",
    "app_version",
    "plan",
    "timezone",
    "busy_timeout_s",
    "compression_level",
    "restore_target_name",
    "container",
    "restore_owner",
)
_COMMANDS = ("migration_head_command", "migration_upgrade_command")
_SHORTEST_SECRET = 4
"""A shorter password is not looked for in texts: it would be found in every second word."""


class Host(Protocol):
    """What only the process of the application can do."""

    def settings(self, *, restores: bool, comes_back_with: str | None) -> SettingsProvider:
        """Return what exports the settings of the application, and puts them back."""

    def schema_version(self) -> str | None:
        """Return the schema version that its code expects."""

    def pause(self) -> None:
        """Call its `on_pause`."""

    def resume(self) -> None:
        """Call its `on_resume`."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The arguments that a service was made with.

    Attributes:
        cwd: The directory that relative paths were meant from; None if that is gone.
    """

    given: Mapping[str, Any]
    cwd: str | None

    def __repr__(self) -> str:
        return "Recipe(...)"  # it holds passwords

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Recipe:
        """Remember the arguments of a service that is being made."""
        cwd = None
        with suppress(OSError):
            cwd = str(Path.cwd())
        return cls(dict(given), cwd)

    def to_json(self) -> dict[str, Any] | None:
        """Return the arguments as JSON values; None if they cannot be written down."""
        given = self.given
        tables = _tables(given["tables"])
        asks = given["ask_password"] is not None and given["encryption_password"] is None
        if asks or tables is _UNWRITABLE or not isinstance(given["clock"], SystemClock | None):
            return None
        return {
            **{name: given[name] for name in _PLAIN},
            **{name: list(split_command(given[name])) for name in _COMMANDS},
            "backup_dir": _absolute(given["backup_dir"]),
            "scratch_dir": _absolute(given["scratch_dir"]),
            "copies_dir": _absolute(given["copies_dir"]),
            "directories": {
                label: _directory(each) for label, each in (given["directories"] or {}).items()
            },
            "databases": {
                name: asdict(
                    each if isinstance(each, DatabaseOptions) else DatabaseOptions(url=each)
                )
                for name, each in (given["databases"] or {}).items()
            },
            "references": dict(given["references"] or {}),
            "expect": list(given["expect"]),
            "retention": policy_to_json(given["retention"]),
            "tables": tables,
            "settings": _settings(given["settings"]),
            "schema_version": given["schema_version"] is not None,
            "pauses": given["on_pause"] is not None or given["on_resume"] is not None,
        }

    def secrets(self) -> tuple[str, ...]:
        """Return the passwords among the arguments, in each way that they may be spelled."""
        urls = [self.given["database_url"], *_urls(self.given["databases"] or {})]
        tables = self.given["tables"]
        if isinstance(tables, TablesOptions):
            urls.append(tables.database)
        found = {self.given["encryption_password"]}
        for url in urls:
            if isinstance(url, str) and (password := _password(url)):
                found |= {password, unquote(password)}
        return tuple(
            sorted((each for each in found if each and len(each) >= _SHORTEST_SECRET), key=len)
        )[::-1]


def arguments(values: Mapping[str, Any], host: Host) -> dict[str, Any]:
    """Return from a recipe's JSON values what to make the same service of.

    Args:
        host: Asked for what could not be written down.
    """
    made = dict(values)
    made["directories"] = {
        label: DirectoryOptions(**each) for label, each in values["directories"].items()
    }
    made["databases"] = {
        name: DatabaseOptions(**each) for name, each in values["databases"].items()
    }
    made["retention"] = policy_of(values["retention"])
    if isinstance(values["tables"], Mapping):
        made["tables"] = TablesOptions(**values["tables"])
    settings = values["settings"]
    if isinstance(settings, Mapping):
        table = settings.get("table")
        made["settings"] = SettingsTable(**table) if table else host.settings(**settings["host"])
    made["schema_version"] = host.schema_version if values["schema_version"] else None
    if made.pop("pauses"):
        made |= {"on_pause": host.pause, "on_resume": host.resume}
    return made


def policy_to_json(policy: RetentionPolicy | None) -> dict[str, Any] | None:
    """Return a policy as JSON values, without the rules that are off."""
    if policy is None:
        return None
    values = {name: value for name, value in _fields(policy).items() if value}
    if "keep_within" in values:
        span = values["keep_within"]
        # A span of the calendar says itself in text; another one is so many hours.
        values["keep_within"] = _span(span)
    if "keep_tags" in values:
        values["keep_tags"] = list(values["keep_tags"])
    return values


def policy_of(values: Mapping[str, Any] | None) -> RetentionPolicy | None:
    """Return the policy that JSON values describe; None if there is none.

    Raises:
        ConfigError: A name is unknown, or a value is wrong.
    """
    if values is None:
        return None
    given = dict(values)
    if "keep_tags" in given:
        given["keep_tags"] = tuple(given["keep_tags"])
    return RetentionPolicy.from_mapping(given)


class _Unwritable:
    """Stands for what has no form in JSON."""


_UNWRITABLE = _Unwritable()


def _fields(policy: RetentionPolicy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in policy.__dataclass_fields__}


def _span(span: Any) -> str:
    if hasattr(span, "total_seconds"):
        return f"{max(1, round(span.total_seconds() / 3600))}h"
    return str(span)


def _absolute(path: Any) -> str | None:
    if path is None or "://" in str(path):
        return None if path is None else str(path)
    return str(Path(path).absolute()) if str(path).strip() else str(path)


def _directory(given: str | Path | DirectoryOptions) -> dict[str, Any]:
    options = given if isinstance(given, DirectoryOptions) else DirectoryOptions(path=given)
    made = replace(
        options,
        path=str(Path(options.path).absolute()),
        include=list(options.include),
        exclude=list(options.exclude),
    )
    return asdict(made)


def _tables(given: Any) -> list[str] | dict[str, Any] | _Unwritable | None:
    if given is None:
        return None
    if isinstance(given, str):
        return [given]
    if not isinstance(given, TablesOptions):
        return list(given)
    if given.models is not None or not isinstance(given.database, str | None):
        return _UNWRITABLE
    return {"tables": list(given.tables), "database": given.database}


def _settings(given: Any) -> Any:
    if given is None or isinstance(given, str):
        return given
    if isinstance(given, SettingsTable):
        return {"table": asdict(given)}
    holder = getattr(given, "comes_back_with", None)
    restores = callable(getattr(given, "restore", None)) and not isinstance(given, Mapping)
    return {
        "host": {
            "restores": restores,
            "comes_back_with": holder if isinstance(holder, str) else None,
        }
    }


def _urls(databases: Mapping[str, str | DatabaseOptions]) -> Sequence[str]:
    return [each.url if isinstance(each, DatabaseOptions) else each for each in databases.values()]


def _password(url: str) -> str | None:
    """Return the password of a URL as it is spelled there: between the first `:` and last `@`."""
    authority = url.partition("://")[2]
    login, at, _ = authority.rpartition("@")
    return login.partition(":")[2] if at else None


__all__ = ["Host", "Recipe", "arguments", "policy_of", "policy_to_json"]
