"""A channel: a name, a URL that is a secret, and what is told on it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence

from holdfast.config import ChannelSettings, PasswordSource, read_password
from holdfast.errors import ChannelNotFound, ConfigError
from holdfast.notify.address import Address
from holdfast.notify.message import Event

DEFAULT_EVENTS = (Event.FAILED, Event.RECOVERED, Event.OVERDUE)
_CHOICE = tuple(each for each in Event if each is not Event.TEST)


class Channel:
    """Where people are told how backups fare. Safe to use from any thread.

    Args:
        name: What it is called; one of each name in a plan.
        url: `https://...` for a webhook, anything else as Apprise writes it; or where it is to
            be read from, when it is needed.
        events: What is told: `failed`, `recovered`, `succeeded`, `overdue`.

    Raises:
        ConfigError: An event is unknown, or the URL is none.
    """

    def __init__(
        self,
        name: str,
        url: str | PasswordSource,
        events: Iterable[str] = DEFAULT_EVENTS,
    ) -> None:
        self.name = name
        self.events = _events(events, name)
        self._source = url
        self._lock = threading.Lock()
        self._address = Address.parse(url, name) if isinstance(url, str) else None

    def __repr__(self) -> str:
        return f"Channel({self.name!r})"  # the URL is a secret

    def address(self) -> Address:
        """Return where it leads; read once, and again after `forget`.

        Raises:
            ConfigError: The URL cannot be read, or is none.
        """
        with self._lock:
            if self._address is None and isinstance(self._source, PasswordSource):
                self._address = Address.parse(_read(self._source, self.name), self.name)
            assert self._address is not None
            return self._address

    def forget(self) -> None:
        """Read the URL anew when it is needed next: it may have been changed."""
        if isinstance(self._source, PasswordSource):
            with self._lock:
                self._address = None


def configured_channels(settings: Mapping[str, ChannelSettings]) -> list[Channel]:
    """Return the channels of a configuration; no URL is read yet."""
    return [Channel(name, each.url, each.events) for name, each in settings.items()]


def find_channel(channels: Sequence[Channel], name: str) -> Channel:
    """Return the channel of a name.

    Raises:
        ChannelNotFound: There is none.
    """
    found = next((each for each in channels if each.name == name), None)
    if found is None:
        known = ", ".join(each.name for each in channels)
        raise ChannelNotFound(
            f"There is no notification channel {name}"
            if name.isprintable()
            else "There is no such notification channel",
            hint=f"There are: {known}." if known else "Add a table [notify.NAME] to holdfast.toml.",
        )
    return found


def _read(source: PasswordSource, name: str) -> str:
    try:
        return read_password(source)
    except ConfigError as error:
        # It speaks of a password.
        raise ConfigError(
            f"The URL of the notification channel {name} cannot be read from {source.origin}",
            hint=error.hint or "See that the file is there, or that the command prints the URL.",
        ) from error


def _events(wanted: Iterable[str], name: str) -> tuple[Event, ...]:
    words = [wanted] if isinstance(wanted, str) else list(wanted)
    unknown = [each for each in words if each not in _CHOICE]
    if unknown or not words:
        what = f"knows no event {unknown[0]!r}" if unknown else "is told of nothing"
        raise ConfigError(
            f"The notification channel {name} {what}",
            hint=f"The events are: {', '.join(_CHOICE)}.",
        )
    return tuple(each for each in _CHOICE if each in words)
