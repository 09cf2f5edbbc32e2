"""The schedule as an application's settings have it: `backup_enabled`, `backup_time`, and
`backup_retention_count`.

They are looked at when the application starts and every half minute since. What they say is put
into the schedule when it is not what they said last, so a schedule that was set in another way
stays until the settings change.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio

from holdfast.errors import ConfigError, HoldfastError, PreconditionFailed
from holdfast.models.schedule import BackupConfig
from holdfast.web.context import WebContext

if TYPE_CHECKING:
    from holdfast.jobs import JobEngine

_log = logging.getLogger("holdfast.web")

BackupSettings: TypeAlias = Mapping[str, Any] | Callable[[], Mapping[str, Any]]
"""The application's settings, or what returns them; it is called in a thread."""

DEFAULT = BackupConfig(schedule="0 3 * * *", retention_days=0, max_backups=7)
LOOK_EVERY_S = 30.0

_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_MOST_BACKUPS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What settings say of the schedule."""

    enabled: bool
    cron: str
    retention_count: int

    @classmethod
    def of(cls, settings: Mapping[str, Any], default: BackupConfig) -> Wanted:
        """Read it from settings; what they do not say is as by default.

        Raises:
            ConfigError: A value is none; the message names the setting.
        """
        count = settings.get("backup_retention_count")
        return cls(
            enabled=_switch(settings.get("backup_enabled"), default.enabled),
            cron=_daily(settings.get("backup_time"), default.schedule),
            retention_count=default.max_backups if count is None else _count(count),
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"enabled": self.enabled, "cron": self.cron, "count": self.retention_count}


class SettingsSchedule:
    """Follows an application's settings with the schedule of an engine."""

    def __init__(
        self, engine: JobEngine, settings: BackupSettings, default: BackupConfig | None = None
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._default = default or DEFAULT
        self._said = ""

    def follow(self) -> None:
        """Put what the settings say now into the schedule, if they say something new; blocking.

        What cannot be read is logged, and the schedule stays as it is.
        """
        try:
            given = self._settings() if callable(self._settings) else self._settings
            self._apply(Wanted.of(given, self._default))
        except PreconditionFailed:
            pass  # somebody else was quicker; the next look sees what they did
        except HoldfastError as error:
            self._warn(error.message)
        except Exception as error:  # noqa: BLE001 - the application's own, which must run on
            self._warn(f"{type(error).__name__}: {error}")

    def _apply(self, wanted: Wanted) -> None:
        facts, key = self._engine.database.facts, f"system.settings.{self._engine.plan}"
        if facts.get(key) == wanted.to_json():
            return
        now = self._engine.schedule()
        count = wanted.retention_count
        self._engine.set_schedule(
            replace(
                now,
                enabled=wanted.enabled,
                cron=wanted.cron,
                timezone=now.timezone if now.version else self._default.timezone,
                retention={"max_backups": count} if count else {},
            ),
            expected_version=now.version,
            actor="settings",
        )
        facts.put(key, wanted.to_json())
        self._said = ""

    def _warn(self, what: str) -> None:
        if what != self._said:
            _log.warning("The schedule stays as it is, for the settings cannot be read: %s", what)
            self._said = what


def following(context: WebContext, followed: SettingsSchedule) -> Any:
    """Return what follows the settings as long as the application runs."""

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        await context.run(followed.follow)
        async with anyio.create_task_group() as group:
            group.start_soon(_follow_often, context, followed)
            try:
                yield
            finally:
                group.cancel_scope.cancel()

    return lifespan


async def _follow_often(context: WebContext, followed: SettingsSchedule) -> None:
    while True:
        await anyio.sleep(LOOK_EVERY_S)
        await context.run(followed.follow)


def _switch(value: object, default: bool) -> bool:
    if value is None:
        return default
    word = str(value).strip().lower()
    if word not in (*_TRUE, *_FALSE):
        raise _bad("backup_enabled", value, "true or false")
    return word in _TRUE


def _daily(value: object, default: str) -> str:
    if value is None:
        return default
    found = _TIME.fullmatch(str(value).strip())
    if found is None:
        raise _bad("backup_time", value, "a time of day such as 03:00")
    return f"{int(found[2])} {int(found[1])} * * *"


def _count(value: object) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 8):
        raise _bad("backup_retention_count", value, "how many backups stay, such as 7")
    if int(text) > _MOST_BACKUPS:
        raise _bad("backup_retention_count", value, f"{_MOST_BACKUPS} at most")
    return int(text)


def _bad(name: str, value: object, wanted: str) -> ConfigError:
    return ConfigError(f"{name}: {str(value)[:40]!r} is not {wanted}")
