"""Messages reach a real webhook and a real mail server, and nothing of a URL is told."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from holdfast import __version__
from holdfast.errors import HoldfastError, MissingExtra, NotificationFailed
from holdfast.notify import Channel, Event, Message, deliver, told
from holdfast.notify import apprise as through_apprise
from holdfast.notify import webhook as by_webhook
from tests.rig.receivers import mail_server, webhook

PASSWORD = "canary/of the@mail"
MESSAGE = Message(
    id="default job 1",
    event=Event.FAILED,
    plan="default",
    app="shop",
    at=datetime(2026, 1, 31, 2, 0, tzinfo=UTC),
    message="Backup failed: the disk is full",
    hint="Free some space.",
    job={"id": "1", "kind": "backup"},
)


@contextmanager
def silent_server(*, drips: bool = False) -> Iterator[int]:
    """Run a server that accepts connections and never answers, or never comes to an end."""
    over = threading.Event()

    def serve() -> None:
        with closing(listener):
            kept = []
            while not over.is_set():
                try:
                    kept.append(listener.accept()[0])
                except TimeoutError:
                    for each in kept if drips else ():
                        each.send(b"H")
            for each in kept:
                each.close()

    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        thread.join()


def failure(url: str) -> HoldfastError:
    """Deliver to a URL with a canary, and return why that failed."""
    error = deliver(Channel("ops", url), MESSAGE)
    assert error is not None
    assert "canary" not in f"{error.message} {error.hint}"
    assert told(error) == f"{error.message}. {error.hint}"
    return error


def test_a_webhook_gets_the_document() -> None:
    with webhook() as hook:
        assert deliver(Channel("ops", hook.url("/a/canary?k=v#x")), MESSAGE) is None
        [(path, headers, document)] = hook.requests
    assert path == "/a/canary?k=v"
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"] == f"holdfast/{__version__}"
    assert document == {
        "id": "default job 1",
        "event": "failed",
        "plan": "default",
        "app": "shop",
        "at": "2026-01-31T02:00:00Z",
        "job": {"id": "1", "kind": "backup"},
        "backup_id": None,
        "message": "Backup failed: the disk is full",
        "hint": "Free some space.",
        "version": __version__,
    }
    assert Message.from_json(document) == MESSAGE


def test_a_login_in_the_url_of_a_webhook_is_sent_as_a_header() -> None:
    with webhook() as hook:
        url = hook.url().replace("127", "ann:can%40ry@127", 1)
        assert deliver(Channel("ops", url), MESSAGE) is None
        [(_, headers, _)] = hook.requests
    assert headers["Authorization"] == "Basic YW5uOmNhbkByeQ=="


@pytest.mark.parametrize(
    ("status", "says", "again"),
    [
        (302, "names another address", False),
        (307, "names another address", False),
        (404, "answered 404", False),
        (429, "answered 429", True),
        (503, "answered 503", True),
    ],
)
def test_a_webhook_that_refuses(status: int, says: str, again: bool) -> None:
    """A redirect is not followed: whom it names was not configured."""
    with webhook() as hook:
        hook.status = status
        error = failure(hook.url("/canary"))
        assert len(hook.requests) == 1
    assert isinstance(error, NotificationFailed)
    assert says in error.message
    assert error.again is again


@pytest.mark.parametrize("drips", [False, True], ids=["silent", "drips"])
def test_a_webhook_that_never_answers_is_given_up(
    drips: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R45: also one that sends a byte now and then, by which no timeout of a socket ends."""
    monkeypatch.setattr(by_webhook, "TIMEOUT_S", 0.5)
    with silent_server(drips=drips) as port:
        error = failure(f"http://127.0.0.1:{port}/canary")
    assert "did not answer" in error.message


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/canary",
        "https://user:canary@127.0.0.1:1/",
        "http://no-such-host.invalid/canary",
        "http://127.0.0.1/a canary",
    ],
)
def test_a_webhook_that_cannot_be_reached_tells_nothing_of_its_url(url: str) -> None:
    """R56: exceptions of the standard library quote it."""
    failure(url)


def test_a_server_without_tls_is_told_from_one_that_is_down() -> None:
    with webhook() as hook:
        error = failure(hook.url("/canary").replace("http", "https"))
    assert "TLS" in error.message


def test_a_mail_arrives(caplog: pytest.LogCaptureFixture) -> None:
    """Through Apprise, with a login; nothing of the URL is logged here (R56)."""
    with caplog.at_level(logging.DEBUG), mail_server(PASSWORD) as server:
        url = server.url(quote(PASSWORD, safe=""))
        assert deliver(Channel("mail", url), MESSAGE) is None
        [mail] = server.mails
    assert mail["Subject"] == "Holdfast, shop: something failed"
    assert mail["To"] == "ops@example.com"
    text = mail.as_string()
    assert "Backup failed: the disk is full" in text
    assert "Free some space." in text
    assert "Job: 1 (backup)" in text
    assert "canary" not in caplog.text


def test_a_mail_that_is_refused_says_why_and_nothing_of_the_url() -> None:
    with mail_server(PASSWORD) as server:
        error = failure(server.url("wrong-canary"))
        assert server.mails == []
    assert isinstance(error, NotificationFailed)
    assert "535" in error.message
    assert error.again


def test_what_apprise_does_not_know_is_said() -> None:
    error = failure("nothing://canary/of/it")
    assert "Apprise cannot read the URL" in error.message
    assert isinstance(error, NotificationFailed)
    assert not error.again


def test_apprise_is_ended_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """R45: with a mail server that accepts a connection and says nothing."""
    monkeypatch.setattr(through_apprise, "TIMEOUT_S", 2.0)
    with silent_server() as port:
        error = failure(f"mailto://me:canary@127.0.0.1:{port}?from=a@example.com&to=b@example.com")
    assert "did not answer within 2 s" in error.message


def test_without_apprise_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(through_apprise, "find_spec", lambda _name: None)
    error = failure("mailto://me:canary@mail.example.com")
    assert isinstance(error, MissingExtra)
    assert error.hint == "pip install 'holdfast[notify]'"
