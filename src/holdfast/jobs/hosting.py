"""What only the application's own process can do for work that is done in another one.

Its settings, the schema version that its code expects, its hooks: the worker asks, the engine's
process answers. An object of the application that JSON cannot hold (one that hides a secret)
stays here, and only a number for it goes over: it comes back unchanged when settings are put
back.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from holdfast.errors import HoldfastError
from holdfast.jobs.protocol import error_of, error_to_json
from holdfast.service import BackupService
from holdfast.sources.settings import SettingsProvider

EXPORT = "settings.export"
RESTORE = "settings.restore"
SCHEMA = "schema_version"
PAUSE = "pause"
RESUME = "resume"

_OPAQUE = "holdfast:object"
_MAX_DEPTH = 100

_log = logging.getLogger("holdfast.jobs")


class Ask(Protocol):
    """Asks the application's process."""

    def __call__(self, what: str, value: Any = None, *, always: bool = False) -> Any:
        """Return the answer.

        Args:
            always: Wait for it also if the work was cancelled.
        """


class HostAnswers:
    """Answers what a worker asks, in the application's process. One for each piece of work.

    Attributes:
        paused: Whether the application stands still for this work.
    """

    def __init__(self, service: BackupService) -> None:
        self.paused = False
        self._service = service
        self._settings = service.recipe.given["settings"]
        self._objects: list[Any] = []

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a question; what the application raises is an answer too."""
        number = message["ask"]
        try:
            return {"answer": number, "value": self._find(message["what"], message.get("value"))}
        except HoldfastError as error:
            return {"answer": number, "error": error_to_json(error)}
        except Exception as error:  # noqa: BLE001 - it is told to who asked
            _log.exception("The application raised an exception when asked for %s", message["what"])
            return {"answer": number, "raised": type(error).__name__}

    def resume(self) -> None:
        """Let the application go on if it still stands still: whoever stopped it is gone."""
        if self.paused:
            self.paused = False
            problem = self._service.plan.pauses.resume()
            if problem:
                _log.warning("%s", problem)

    def _find(self, what: str, value: Any) -> Any:
        match what:
            case "settings.export":
                return self._pack(_exported(self._settings))
            case "settings.restore":
                self._settings.restore(self._unpack(value))
                return None
            case "schema_version":
                function = self._service.plan.schema_version
                return None if function is None else function()
            case "pause":
                self.paused = True
                self._service.plan.pauses.pause()
                return None
            case "resume":
                self.paused = False
                return self._service.plan.pauses.resume()
        raise LookupError(f"nobody knows {what}")

    def _pack(self, value: Any, depth: int = 0) -> Any:
        match value:
            case None | bool() | int() | str():
                return value
            case float() if math.isfinite(value):
                return value
            case Mapping() if depth < _MAX_DEPTH:
                return {str(key): self._pack(each, depth + 1) for key, each in value.items()}
            case list() | tuple() if depth < _MAX_DEPTH:
                return [self._pack(each, depth + 1) for each in value]
        self._objects.append(value)
        secret = callable(getattr(value, "get_secret_value", None))
        return {_OPAQUE: len(self._objects) - 1, "type": type(value).__name__, "secret": secret}

    def _unpack(self, value: Any) -> Any:
        match value:
            case {"holdfast:object": int(number)}:
                return self._objects[number]
            case dict():
                return {key: self._unpack(each) for key, each in value.items()}
            case list():
                return [self._unpack(each) for each in value]
        return value


def _exported(settings: Any) -> Mapping[str, Any]:
    if isinstance(settings, Mapping):
        return settings
    export: Callable[[], Mapping[str, Any]] = getattr(settings, "export", settings)
    return export()


class RemoteHost:
    """The application, seen from a worker process. Implements `operations.recipe.Host`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def settings(self, *, restores: bool, comes_back_with: str | None) -> SettingsProvider:
        kind = _WritableSettings if restores else _RemoteSettings
        return kind(self._ask, comes_back_with)

    def schema_version(self) -> str | None:
        version = self._ask(SCHEMA)
        return version if isinstance(version, str) else None

    def pause(self) -> None:
        self._ask(PAUSE)

    def resume(self) -> None:
        problem = self._ask(RESUME, always=True)
        if problem:
            raise error_of({"code": "hook-failed", "message": problem, "hint": None})


class _RemoteSettings:
    def __init__(self, ask: Ask, comes_back_with: str | None) -> None:
        self._ask = ask
        self.comes_back_with = comes_back_with

    def export(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = _stand_ins(self._ask(EXPORT))
        return found


class _WritableSettings(_RemoteSettings):
    def restore(self, values: Mapping[str, Any]) -> None:
        self._ask(RESTORE, _numbers(values), always=True)


class _StandIn:
    """Stands for an object of the application; its type's name is that of the object."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)


class _SecretStandIn(_StandIn):
    def get_secret_value(self) -> str:
        raise AttributeError("a secret stays in the application's process")


def _stand_ins(value: Any) -> Any:
    match value:
        case {"holdfast:object": _}:
            base = _SecretStandIn if value["secret"] else _StandIn
            return type(value["type"], (base,), {})(value)
        case dict():
            return {key: _stand_ins(each) for key, each in value.items()}
        case list():
            return [_stand_ins(each) for each in value]
    return value


def _numbers(value: Any) -> Any:
    match value:
        case _StandIn():
            return value.values
        case Mapping():
            return {key: _numbers(each) for key, each in value.items()}
        case list() | tuple():
            return [_numbers(each) for each in value]
    return value
