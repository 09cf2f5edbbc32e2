"""`holdfast config show`: every setting, its origin, and no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.cli.main import main
from holdfast.config.fields import FIELDS


def test_each_setting_is_shown_with_its_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """R56: the password is not shown."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BACKUP_ENCRYPTION_PASSWORD", "canary")
    (tmp_path / "holdfast.toml").write_text('app = "shop"\n')
    assert main(["config", "show", "--json", "--repo", "r"]) == 0
    out, err = capsys.readouterr()
    config = json.loads(out)["config"]
    settings = {each["key"]: each for each in config["settings"]}
    assert list(settings) == [field.key for field in FIELDS]
    assert config["file"] == str(tmp_path / "holdfast.toml")
    assert settings["app"] == {
        "key": "app",
        "value": "shop",
        "origin": str(tmp_path / "holdfast.toml"),
    }
    assert settings["repository"]["origin"] == "--repo"
    assert settings["encryption.password"]["value"] == "(set)"
    assert settings["encryption.password"]["origin"] == "BACKUP_ENCRYPTION_PASSWORD"
    assert settings["plan"]["origin"] == "default"
    assert "canary" not in out + err


def test_what_has_several_names_is_shown_with_each_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "holdfast.toml").write_text(
        '[directories]\nthumbnails = "pictures"\n'
        'uploads = {path = "up", exclude = ["*.tmp", "cache"]}\n'
        '[references]\nthumbnails = "select picture from users"\n'
    )
    assert main(["config", "show", "--repo", "r"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    shown = {key: " ".join(rest) for key, *rest in lines}
    assert shown["directories"].startswith(
        f"thumbnails={tmp_path}/pictures; uploads={tmp_path}/up without *.tmp, cache "
    )
    assert shown["references"].startswith("thumbnails=select picture from users ")
    assert shown["databases"] == "- default"


def test_a_wrong_setting_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "holdfast.toml").write_text('ap = "shop"\n')
    assert main(["config", "show"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"holdfast: There is no setting ap ({tmp_path}/holdfast.toml)\n  hint: Did you mean app?\n"
    )
