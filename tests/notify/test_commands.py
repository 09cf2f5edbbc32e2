"""`holdfast notify`, and what the commands of a timer tell when nobody sits at them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.app import App
from tests.rig.receivers import Webhook

CANARY = "canary-of-the-channel"


@pytest.fixture
def app(tmp_path: Path, hook: Webhook) -> App:
    """An application whose backups are told of on a webhook."""
    made = App(tmp_path).build()
    path = tmp_path / "holdfast.toml"
    events = '["failed", "recovered", "succeeded"]'
    table = f'[notify.ops]\nurl = "{hook.url(f"/{CANARY}")}"\non = {events}\n'
    path.write_text(path.read_text() + table)
    path.chmod(0o600)
    return made


def test_the_channels_are_listed_and_tested(app: App, hook: Webhook) -> None:
    target = f"http://127.0.0.1:{hook.port}"
    assert target in app.do("notify", "list").out
    done = app.do("notify", "test", "ops", "--json")
    assert done.document == {"deliveries": [{"channel": "ops", "delivered": True, "error": None}]}
    assert hook.events == ["test"]
    hook.status = 404
    failed = app.run("notify", "test")
    assert failed.status == 1
    assert failed.out.startswith("ops: The receiver answered 404. ")
    missing = app.run("notify", "test", "oops")
    assert (missing.status, "no notification channel oops" in missing.err) == (1, True)
    assert app.run("notify", "list", "ops").status == 2
    assert CANARY not in failed.out + failed.err + app.do("config", "show").out


def test_no_channel_to_test_is_an_error(tmp_path: Path) -> None:
    app = App(tmp_path).build()
    assert "No notification channel" in app.do("notify", "list").out
    refused = app.run("notify", "test")
    assert (refused.status, "[notify.NAME]" in refused.err) == (2, True)


def test_what_a_timer_runs_is_told(app: App, hook: Webhook) -> None:
    """A failure, the recovery after it, a success; and a cleanup that fails."""
    away = app.root / "away.db"
    (app.root / "data" / "app.db").rename(away)
    failed = app.run("create")
    assert failed.status == 1
    away.rename(app.root / "data" / "app.db")
    app.do("create")
    made = app.do("create", "--quiet").out.strip()
    paused = app.run("cleanup")
    assert paused.status == 2
    app.do("cleanup", "--keep", "1", "--dry-run")
    documents = hook.documents
    assert [each["event"] for each in documents] == ["failed", "recovered", "succeeded", "failed"]
    assert documents[0]["message"].startswith("`holdfast create` failed: ")
    assert documents[0]["app"] == "shop"
    assert documents[2]["backup_id"] == made
    assert documents[3]["message"].startswith("`holdfast cleanup` failed: No retention rule")


def test_a_backup_of_a_part_is_no_recovery(app: App, hook: Webhook) -> None:
    """It is told as done; the whole plan recovers when it is backed up again."""
    away = app.root / "away.db"
    (app.root / "data" / "app.db").rename(away)
    assert app.run("create").status == 1
    part = app.do("create", "--only", "thumbnails", "--quiet").out.strip()
    away.rename(app.root / "data" / "app.db")
    app.do("create")
    documents = hook.documents
    assert [each["event"] for each in documents] == ["failed", "succeeded", "recovered"]
    assert documents[1]["backup_id"] == part


def test_a_failed_backup_of_a_part_says_so(app: App, hook: Webhook) -> None:
    """And the next one of the whole plan recovers from nothing."""
    app.do("create")
    away = (app.root / "data" / "thumbnails").rename(app.root / "away")
    assert app.run("create", "--only", "thumbnails").status == 1
    away.rename(app.root / "data" / "thumbnails")
    app.do("create")
    documents = hook.documents
    assert [each["event"] for each in documents] == ["succeeded", "failed", "succeeded"]
    assert documents[1]["message"].startswith("`holdfast create` of thumbnails failed: ")


def test_a_partial_backup_is_told_as_a_failure(app: App, hook: Webhook) -> None:
    """R48: it is stored, and not whole."""
    thumbnails = app.root / "data" / "thumbnails"
    thumbnails.rename(app.root / "away")
    assert app.run("create").status == 3
    [document] = hook.documents
    assert document["event"] == "failed"
    assert "partial" in document["message"]


def test_a_receiver_that_is_down_changes_nothing_of_a_backup(app: App, hook: Webhook) -> None:
    """It is warned of, and the exit status is that of the backup."""
    hook.status = 500
    done = app.run("create")
    assert done.status == 0
    assert "Nobody was told on the notification channel ops: The receiver answered 500" in done.err
    assert CANARY not in done.out + done.err


def test_who_sits_at_a_terminal_sees_it_there(app: App, hook: Webhook) -> None:
    with app.sit("create") as terminal:
        assert terminal.wait() == 0
    assert hook.documents == []
