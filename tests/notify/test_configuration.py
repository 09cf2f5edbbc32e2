"""The tables `[notify.NAME]`: read strictly, each plan's own if it says so, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast import BackupService, Channel
from holdfast.config import describe, load_configuration, load_plans
from holdfast.config.secret import PasswordKind
from holdfast.errors import ConfigError
from holdfast.notify import Event

OPS = '[notify.ops]\nurl = "https://hooks.example.com/canary"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "holdfast.toml"
    path.write_text(text)
    path.chmod(0o600)
    return folder


def test_a_channel_is_read_and_its_url_is_not_shown(tmp_path: Path) -> None:
    text = f'{OPS}on = ["failed"]\n[notify.mail]\nurl_file = "url"\n'
    found = load_configuration(directory=written(tmp_path, text), environment={})
    ops, mail = found.settings.notify["ops"], found.settings.notify["mail"]
    assert (ops.url.kind, ops.events) == (PasswordKind.VALUE, ("failed",))
    assert (mail.url.kind, mail.url.content) == (PasswordKind.FILE, tmp_path / "url")
    assert mail.events == ("failed", "recovered", "overdue")
    [shown] = [each for each in describe(found) if each.key == "notify"]
    assert shown.value == {
        "ops": {"url": "(set)", "on": ["failed"]},
        "mail": {"url": "(set)", "on": ["failed", "recovered", "overdue"]},
    }
    assert "canary" not in repr(found)
    channels = BackupService.from_settings(found.settings).notifications
    assert [(each.name, each.events) for each in channels] == [
        ("ops", (Event.FAILED,)),
        ("mail", (Event.FAILED, Event.RECOVERED, Event.OVERDUE)),
    ]
    assert channels[0].address().target == "https://hooks.example.com"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("[notify.ops]", "expected one of url, url_file and url_command"),
        (f'{OPS}url_file = "x"', "expected one of url, url_file and url_command"),
        (f'{OPS}on = "canary"', "on is a list out of failed, recovered, succeeded, overdue"),
        (f"{OPS}on = []", "on is a list out of"),
        (f"{OPS}urls = 'canary'", "has urls; expected url, url_file or url_command, and on"),
        ("[notify.ops]\nurl = 'canary'", "url is none"),
        ("[notify.ops]\nurl = 7", "expected a text"),
        ("[notify.ops]\nurl_command = '\"canary'", "cannot be read as a command"),
        ("[notify]\nops = 'https://canary'", r"expected tables \[notify.NAME\]"),
        ("[notify.'a canary b']\nurl = 'https://x'", "is no label"),
    ],
)
def test_a_wrong_table_is_refused_without_its_values(tmp_path: Path, table: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        load_configuration(directory=written(tmp_path, table), environment={})
    message = str(caught.value)
    assert "notify in " in message
    assert "canary" not in message.replace("'a canary b'", "")


def test_each_plan_may_have_its_own(tmp_path: Path) -> None:
    """A plan that has tables of its own has those only; others have those at the top."""
    text = f"""{OPS}
[plans.shop]
database_url = "shop.db"
[plans.photos]
database_url = "photos.db"
[plans.photos.notify.family]
url = "https://family.example.com/"
"""
    plans = load_plans(directory=written(tmp_path, text), environment={})
    found = {each.settings.plan: list(each.settings.notify) for each in plans}
    assert found == {"shop": ["ops"], "photos": ["family"]}


def test_a_file_that_others_may_read_is_warned_of(tmp_path: Path) -> None:
    folder = written(tmp_path, OPS)
    assert load_configuration(directory=folder, environment={}).warnings == ()
    (folder / "holdfast.toml").chmod(0o644)
    [warning] = load_configuration(directory=folder, environment={}).warnings
    assert "holds the URL of a notification channel and others may read it" in warning
    (folder / "holdfast.toml").write_text("[notify.ops]\nurl_file = 'url'\n")
    assert load_configuration(directory=folder, environment={}).warnings == ()


def test_channels_of_a_service_are_channels_with_names_of_their_own() -> None:
    ops = Channel("ops", "https://example.com/")
    assert BackupService(notifications=[ops]).notifications == (ops,)
    with pytest.raises(ConfigError, match="Two notification channels are called ops"):
        BackupService(notifications=[ops, Channel("ops", "https://example.com/")])
    with pytest.raises(ConfigError, match="list of Channel, not of str") as caught:
        BackupService(notifications=["https://example.com/canary"])  # type: ignore[list-item]
    assert "canary" not in str(caught.value)
