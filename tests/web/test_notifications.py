"""The channels of notification over HTTP: what is shown, the test of one, and what never is."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from holdfast.config import PasswordSource
from holdfast.notify import Channel
from holdfast.notify import apprise as through_apprise
from holdfast.notify import webhook as by_webhook
from tests.operations.application import Application
from tests.rig.daemon import wait_until
from tests.rig.receivers import Webhook, mail_server, webhook
from tests.web.serving import Served, served

CANARY = "canary-of-the-channel"


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as made:
        yield made


@pytest.fixture
def telling(application: Application, hook: Webhook) -> Iterator[Served]:
    """An application whose backups are told of on a webhook; it has a channel that fails too."""
    channels = [
        Channel("ops", hook.url(f"/{CANARY}"), ["succeeded", "failed"]),
        Channel("mail", f"mailto://me:{CANARY}@127.0.0.1:1?from=a@example.com&to=b@example.com"),
    ]
    with served(application, service=application.service(notifications=channels)) as running:
        yield running


def test_no_channel_is_an_empty_list(web: Served) -> None:
    assert web.get("/notifications").json() == {"channels": []}
    missing = web.post("/notifications/ops/test")
    assert (missing.status_code, missing.json()["code"]) == (404, "channel-not-found")


def test_the_channels_are_shown_without_their_urls(telling: Served, hook: Webhook) -> None:
    ops, mail = telling.get("/notifications").json()["channels"]
    assert ops == {
        "name": "ops",
        "kind": "webhook",
        "target": f"http://127.0.0.1:{hook.port}",
        "events": ["failed", "succeeded"],
        "problem": None,
        "last": None,
    }
    assert mail["kind"] == "apprise"
    assert mail["target"] == "mailto://127.0.0.1:1"
    assert mail["events"] == ["failed", "recovered", "overdue"]


def test_a_test_is_delivered_and_remembered(telling: Served, hook: Webhook) -> None:
    answer = telling.post("/notifications/ops/test")
    assert answer.status_code == 200
    delivery = answer.json()
    assert (delivery["event"], delivery["delivered"], delivery["error"]) == ("test", True, None)
    [document] = hook.documents
    assert document["event"] == "test"
    assert telling.get("/notifications").json()["channels"][0]["last"] == delivery
    [entry] = [
        each
        for each in telling.get("/audit").json()["entries"]
        if each["action"] == "notification.test"
    ]
    assert (entry["object"], entry["outcome"], entry["actor"]) == ("ops", "done", "ann")


def test_a_test_that_fails_is_an_answer_that_says_why(telling: Served, hook: Webhook) -> None:
    hook.status = 404
    delivery = telling.post("/notifications/ops/test").json()
    assert delivery["delivered"] is False
    assert delivery["error"].startswith("The receiver answered 404. See ")
    refused = telling.post("/notifications/mail/test").json()
    assert refused["delivered"] is False
    assert "through Apprise" in refused["error"]
    ops, mail = telling.get("/notifications").json()["channels"]
    assert (ops["last"], mail["last"]) == (delivery, refused)


def test_a_mail_is_sent_through_apprise(application: Application) -> None:
    with mail_server(CANARY) as server:
        service = application.service(notifications=[Channel("mail", server.url())])
        with served(application, service=service) as web:
            assert web.post("/notifications/mail/test").json()["delivered"] is True
        [mail] = server.mails
    assert mail["Subject"] == "Holdfast, app: a test"


def test_who_never_answers_is_given_up(
    telling: Served, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R45: the request comes to its end."""
    monkeypatch.setattr(by_webhook, "TIMEOUT_S", 0.5)
    hook.open.clear()
    delivery = telling.post("/notifications/ops/test").json()
    hook.open.set()
    assert delivery["delivered"] is False
    assert "did not answer" in delivery["error"]


def test_a_channel_that_cannot_work_says_so(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R47: its URL cannot be read, or what sends to it is not installed."""
    monkeypatch.setattr(through_apprise, "find_spec", lambda _name: None)
    gone = PasswordSource.of_file(application.root / "none", "notify.gone.url_file")
    channels = [Channel("gone", gone), Channel("mail", f"mailto://me:{CANARY}@mail.example.com")]
    with served(application, service=application.service(notifications=channels)) as web:
        shown, mail = web.get("/notifications").json()["channels"]
        assert (shown["kind"], shown["target"]) == ("unknown", "unknown")
        assert "notify.gone.url_file" in shown["problem"]
        assert "pip install 'holdfast[notify]'" in mail["problem"]
        tested = web.post("/notifications/gone/test").json()
        assert tested["delivered"] is False
        assert "notify.gone.url_file" in tested["error"]


def test_nothing_of_a_url_is_answered_logged_or_kept(
    telling: Served, hook: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    """R56: in no answer, whether something was delivered or not, and in no file of the server."""
    with caplog.at_level(logging.DEBUG):
        answers = [
            telling.post("/notifications/ops/test"),
            telling.post("/notifications/mail/test"),
        ]
        hook.status = 500
        answers.append(telling.post("/notifications/ops/test"))
        telling.back_up()
        hook.wait_for(3)
        wait_until(
            lambda: telling.get("/notifications").json()["channels"][0]["last"]["event"] != "test",
            "the record of a delivery",
        )
        paths = ("/notifications", "/jobs", "/audit", "/health", "/backups", "/plan")
        answers += [telling.get(path) for path in paths]
    told = "".join(each.text for each in answers) + caplog.text
    assert CANARY not in told
    files = [each for each in telling.application.repository.rglob("*") if each.is_file()]
    assert not [each for each in files if CANARY.encode() in each.read_bytes()]
