"""A URL is a secret: only what may be shown of it is shown (R56)."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.config import PasswordSource
from holdfast.errors import ChannelNotFound, ConfigError
from holdfast.notify import Address, Channel, ChannelKind, Event, channel_problem, find_channel
from tests.rig.receivers import MailServer


@pytest.mark.parametrize(
    ("url", "kind", "target"),
    [
        ("https://hooks.example.com/T0/canary", ChannelKind.WEBHOOK, "https://hooks.example.com"),
        ("HTTP://me:canary@[::1]:8080/?k=canary", ChannelKind.WEBHOOK, "http://[::1]:8080"),
        ("mailto://me:canary@mail.example.com", ChannelKind.APPRISE, "mailto://mail.example.com"),
        ("slack://canary/canary/canary", ChannelKind.APPRISE, "slack://***"),
        ("tgram://123:canary/456", ChannelKind.APPRISE, "tgram://***"),
        ("matrix://canary", ChannelKind.APPRISE, "matrix://***"),
        ("matrixs://canary?mode=t2bot", ChannelKind.APPRISE, "matrixs://***"),
        ("gotify://me:canary%40mail", ChannelKind.APPRISE, "gotify://***"),
        ("mailto://canary%40mail.example.com", ChannelKind.APPRISE, "mailto://***"),
        ("ntfy://canary", ChannelKind.APPRISE, "ntfy://***"),
        ("mailto://me:canary@[half", ChannelKind.APPRISE, "mailto://***"),
    ],
)
def test_a_target_shows_no_secret(url: str, kind: ChannelKind, target: str) -> None:
    """The host of a scheme that keeps a token there is not shown."""
    address = Address.parse(url, "ops")
    assert (address.kind, address.target) == (kind, target)
    assert "canary" not in repr(address) + repr(Channel("ops", url))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "canary",
        "://canary",
        "https://",
        "https:///canary",
        "ht tp://canary",
        "a://b\nc",
        "http://[::1/canary",
        "http://a:port/canary",
        "http://a:99999/canary",
    ],
)
def test_what_is_no_url_is_refused_and_not_told(url: str) -> None:
    with pytest.raises(ConfigError, match="channel ops") as caught:
        Address.parse(url, "ops")
    assert "canary" not in str(caught.value) + str(caught.value.hint)


def test_every_part_of_a_url_is_a_secret() -> None:
    """As it is spelled there and as it is meant; the host of a mail server is none."""
    url = "mailto://me:p%40ss@mail.example.com/over/there?to=x@example.com"
    found = Address.parse(url, "ops").secrets()
    assert {url, "p%40ss", "p@ss", "over", "there", "x@example.com"} <= set(found)
    assert "mail.example.com" not in found
    assert list(found) == sorted(found, key=len, reverse=True)


def test_a_url_is_read_when_it_is_needed(tmp_path: Path) -> None:
    """Not before, and once more when it did not work."""
    server = MailServer("canary", 25)
    path = tmp_path / "url"
    channel = Channel("ops", PasswordSource.of_file(path, "notify.ops.url_file"))
    with pytest.raises(ConfigError, match=r"channel ops cannot be read from notify.ops.url_file"):
        channel.address()
    path.write_text(f"{server.url()}\n")
    assert channel.address().url == server.url()
    path.write_text("https://other.example.com/")
    assert channel.address().url == server.url()
    channel.forget()
    assert channel.address().target == "https://other.example.com"


def test_a_command_prints_a_url() -> None:
    source = PasswordSource.of_command("printf https://a.example.com/canary", "here")
    assert Channel("ops", source).address().target == "https://a.example.com"
    fails = Channel("ops", PasswordSource.of_command("false", "notify.ops.url_command"))
    problem = channel_problem(fails)
    assert problem is not None
    assert "notify.ops.url_command" in problem.message


def test_a_channel_is_told_of_events_that_there_are() -> None:
    url = "https://example.com/"
    assert Channel("ops", url).events == (Event.FAILED, Event.RECOVERED, Event.OVERDUE)
    assert Channel("ops", url, ["overdue", "failed"]).events == (Event.FAILED, Event.OVERDUE)
    assert Channel("ops", url, "succeeded").events == (Event.SUCCEEDED,)
    for wrong in (["fails"], ["test"], []):
        with pytest.raises(ConfigError, match="channel ops"):
            Channel("ops", url, wrong)


def test_a_channel_is_found_by_its_name() -> None:
    ops = Channel("ops", "https://example.com/")
    assert find_channel([ops], "ops") is ops
    with pytest.raises(ChannelNotFound, match="channel oops") as caught:
        find_channel([ops], "oops")
    assert caught.value.hint == "There are: ops."
