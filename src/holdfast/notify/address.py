"""Where a channel leads: what its URL says, and how little of that may be shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from holdfast.errors import ConfigError

_WEBHOOK_SCHEMES = ("http", "https")
_SERVER_SCHEMES = frozenset(
    {"mailto", "mailtos", "gotify", "gotifys", "mmost", "mmosts", "rocket", "rockets"}
    | {"nctalk", "nctalks", "ncloud", "nclouds", "mqtt", "mqtts"}
    | {"json", "jsons", "form", "forms", "xml", "xmls", "rsyslog", "hassio", "hassios"}
)
"""Of Apprise's, those whose host is a server. In others a token or a topic stands there."""
_SHORTEST_SECRET = 4


class ChannelKind(StrEnum):
    """How a message goes out."""

    WEBHOOK = "webhook"
    APPRISE = "apprise"


@dataclass(frozen=True, slots=True)
class Address:
    """A URL that messages go to.

    Attributes:
        url: All of it, which is a secret.
    """

    url: str = field(repr=False)

    @classmethod
    def parse(cls, url: str, channel: str) -> Address:
        """Read a URL.

        Args:
            channel: Whose it is, for the message of an error.

        Raises:
            ConfigError: It is no URL, or names no host.
        """
        text = url.strip()
        scheme, separator, rest = text.partition("://")
        known = separator and scheme.replace("+", "").replace("-", "").isalnum()
        if not known or not rest or not text.isprintable():
            raise ConfigError(
                f"The URL of the notification channel {channel} is none",
                hint="It begins with a scheme: https://... for a webhook, mailto://... and the"
                " like for what Apprise knows.",
            )
        address = cls(text)
        if address.kind is ChannelKind.WEBHOOK and not address.host:
            raise ConfigError(
                f"The URL of the notification channel {channel} names no host",
                hint="A webhook is https://HOST/PATH.",
            )
        return address

    @property
    def scheme(self) -> str:
        """What stands before `://`."""
        return self.url.partition("://")[0].lower()

    @property
    def kind(self) -> ChannelKind:
        """How it is reached."""
        webhook = self.scheme in _WEBHOOK_SCHEMES
        return ChannelKind.WEBHOOK if webhook else ChannelKind.APPRISE

    @property
    def host(self) -> str:
        """The host and its port; "" where none can be read."""
        parts = self._parts()
        try:
            name, port = (parts.hostname or "", parts.port) if parts else ("", None)
        except ValueError:
            return ""
        name = f"[{name}]" if ":" in name else name
        return f"{name}:{port}" if name and port else name

    @property
    def target(self) -> str:
        """As much as may be shown: the scheme, and the host where it is one."""
        shows_host = self.scheme in _SERVER_SCHEMES or self.kind is ChannelKind.WEBHOOK
        shown = self.host if shows_host else ""
        # A login that is spelled wrong may end up in what looks like the host.
        return f"{self.scheme}://{shown if shown and '@' not in unquote(shown) else '***'}"

    def secrets(self) -> tuple[str, ...]:
        """Return every part that must not be seen, the longest first."""
        found = {self.url, self.url.partition("://")[2], *self._secret_parts()}
        found |= {unquote(each) for each in found}
        # What may be shown is no secret, though it may stand in the path as well.
        long = {each for each in found if len(each) >= _SHORTEST_SECRET and each != self.target}
        return tuple(sorted(long, key=len, reverse=True))

    def _secret_parts(self) -> Iterator[str]:
        parts = self._parts()
        if parts is None:
            return
        login, at, place = parts.netloc.rpartition("@")
        if at:
            yield login
            yield from login.split(":")
        if self.target.endswith("***"):
            yield place
        yield from (each for each in parts.path.split("/") if each)
        yield from (value for _, value in parse_qsl(parts.query))
        yield parts.fragment

    def _parts(self) -> SplitResult | None:
        try:
            return urlsplit(self.url)
        except ValueError:  # half a bracket of an IPv6 address
            return None
