"""Where settings come from and, if they can be put back, go to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

from holdfast.errors import ConfigError, HoldfastError, RestoreError, SourceError

Restorer = Callable[[Mapping[str, Any]], None]


class SettingsProvider(Protocol):
    """Gives the settings of an application. It may also have a method to put them back:

    `restore(values)` makes the settings exactly `values`, at once or not at all. What a
    backup left out as secret is among `values` just as `export` gave it.

    One without it may name in `comes_back_with` what it reads from, if a restore brings that
    back: "the table settings of app.db".
    """

    def export(self) -> Mapping[str, Any]:
        """Return all settings: JSON values (mappings may nest), or objects that hide a secret."""


class _Fixed:
    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def export(self) -> Mapping[str, Any]:
        return self._values


class _Called:
    def __init__(self, function: Callable[[], Mapping[str, Any]]) -> None:
        self._function = function

    def export(self) -> Mapping[str, Any]:
        return self._function()


def as_provider(given: object) -> SettingsProvider:
    """Return a provider of what the host gave: a provider, a mapping, or a callable.

    Raises:
        ConfigError: It is none of them.
    """
    if isinstance(given, Mapping):
        return _Fixed(given)
    if callable(getattr(given, "export", None)):
        return cast("SettingsProvider", given)
    if callable(given):
        return _Called(given)
    raise ConfigError(
        f"Cannot read settings from a {type(given).__name__}",
        hint="Give a mapping, a function that returns one, or an object with export().",
    )


def export(provider: SettingsProvider) -> Mapping[str, Any]:
    """Return the settings that a provider gives.

    Raises:
        SourceError: It failed, or gave no mapping. Its own message is not repeated, for it
            may show values.
    """
    try:
        values = provider.export()
    except HoldfastError:
        raise
    except Exception as error:
        raise SourceError(
            f"Cannot read the settings: the application raised {type(error).__name__}",
            hint="See the log of the application.",
        ) from error
    if not isinstance(values, Mapping):
        raise SourceError(
            f"Cannot read the settings: the application gave a {type(values).__name__}",
            hint="Return a mapping of names to values.",
        )
    return values


def restorer(provider: SettingsProvider) -> Restorer | None:
    """Return the method that puts settings back, or None if there is none."""
    method = getattr(provider, "restore", None)
    return cast("Restorer", method) if callable(method) else None


def comes_back_with(provider: SettingsProvider) -> str | None:
    """Return what holds the settings and is itself restored, or None if nothing is."""
    holder = getattr(provider, "comes_back_with", None)
    return holder if isinstance(holder, str) else None


def restore(method: Restorer, values: Mapping[str, Any]) -> None:
    """Put settings back.

    Raises:
        RestoreError: The application refused them.
    """
    try:
        method(values)
    except HoldfastError:
        raise
    except Exception as error:
        raise RestoreError(
            f"Cannot put the settings back: the application raised {type(error).__name__}",
            hint="See the log of the application.",
        ) from error
