"""Flags over environment over holdfast.toml over defaults, each with its origin."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from holdfast.config import (
    Configuration,
    DatabaseSettings,
    DirectorySettings,
    EncryptionSettings,
    Layer,
    Settings,
    SettingsTable,
    load_configuration,
)
from holdfast.errors import ConfigError


def load(
    directory: Path,
    toml: str = "",
    environment: dict[str, str] | None = None,
    flags: dict[str, tuple[str, object]] | None = None,
) -> Configuration:
    if toml:
        (directory / "holdfast.toml").write_text(dedent(toml))
    return load_configuration(flags=flags, directory=directory, environment=environment or {})


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    configuration = load(tmp_path)
    assert configuration.settings == Settings(repository=tmp_path / "backups")
    assert configuration.file is None
    assert {origin.layer for origin in configuration.origins.values()} == {Layer.DEFAULT}


def test_each_layer_overrides_the_one_below(tmp_path: Path) -> None:
    toml = 'repository = "from-file"'
    environment = {"BACKUP_DIR": "from-environment"}
    flags: dict[str, tuple[str, object]] = {"repository": ("--repo", "from-flag")}

    assert load(tmp_path, toml).settings.repository == tmp_path / "from-file"
    environed = load(tmp_path, environment=environment)
    assert environed.settings.repository == tmp_path / "from-environment"
    assert str(environed.origins["repository"]) == "BACKUP_DIR"
    flagged = load(tmp_path, environment=environment, flags=flags)
    assert flagged.settings.repository == tmp_path / "from-flag"
    assert flagged.origins["repository"].layer is Layer.FLAG


def test_paths_in_the_file_start_at_the_file_and_others_here(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    config = tmp_path / "etc" / "app.toml"
    config.write_text('repository = "backups"\n[directories]\nt = "thumbnails"\n')
    configuration = load_configuration(
        config_file=Path("etc/app.toml"),
        directory=tmp_path,
        environment={"DATABASE_URL": "sqlite:///./data/app.db"},
    )
    settings = configuration.settings
    assert settings.repository == tmp_path / "etc" / "backups"
    assert settings.directories["t"].path == tmp_path / "etc" / "thumbnails"
    assert settings.database_url == f"sqlite:///{tmp_path}/data/app.db"
    assert configuration.file == config


def test_a_tilde_is_the_home_directory(tmp_path: Path) -> None:
    assert load(tmp_path, 'repository = "~/backups"').settings.repository == (
        Path.home() / "backups"
    )


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    empty = {"DATABASE_URL": "", "BACKUP_SCHEDULE": "", "BACKUP_ENCRYPTION_PASSWORD": ""}
    assert load(tmp_path, environment=empty).settings == load(tmp_path).settings


@pytest.mark.parametrize("name", ["BACKUP_DIR", "BACKUP_RESTORE_TARGET_NAME"])
def test_where_a_default_would_be_dangerous_an_empty_variable_is_an_error(
    name: str, tmp_path: Path
) -> None:
    """Backups in the wrong place, or a guard that is gone, show only on the bad day."""
    with pytest.raises(ConfigError, match=f"{name}: expected a text, and it is empty"):
        load(tmp_path, environment={name: ""})


def test_an_empty_directory_of_the_repository_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"repository in .*: expected a text, and it is empty"):
        load(tmp_path, 'repository = ""')


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration file"):
        load_configuration(config_file=Path("other.toml"), directory=tmp_path, environment={})


def test_every_table_arrives_in_the_settings(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        app = "shop"
        app_version = "2.1"
        plan = "main"
        expect = ["select count(*) > 0 from users"]
        exclude = ["*.tmp"]
        busy_timeout_s = 5
        scratch_dir = "/var/tmp"
        verify_after_create = true
        [databases]
        app = "sqlite:///app.db"
        logs = "logs.db"
        shop = { url = "postgresql://app@db/shop", container = "podman:db-1" }
        [directories]
        thumbnails = { path = "t", exclude = ["cache/"] }
        [settings]
        table = "config"
        key = "name"
        [references]
        thumbnails = "select path from events"
        [compression]
        level = 5
        [retention]
        keep_within = "1y6m"
        keep_tags = ["production"]
        max_backups = 30
        [schedule]
        timezone = "Europe/Vienna"
        misfire = "skip"
        [encryption]
        enabled = false
        [restore]
        safety_backup = false
        """,
    ).settings
    assert settings.databases == {
        "app": DatabaseSettings(url=f"sqlite:///{tmp_path}/app.db"),
        "logs": DatabaseSettings(url=f"sqlite:///{tmp_path}/logs.db"),
        "shop": DatabaseSettings(url="postgresql://app@db/shop", container="podman:db-1"),
    }
    assert settings.directories == {
        "thumbnails": DirectorySettings(path=tmp_path / "t", exclude=("cache/", "*.tmp"))
    }
    assert settings.settings_table == SettingsTable(table="config", key="name", value="value")
    assert settings.references == {"thumbnails": "select path from events"}
    assert (settings.app, settings.app_version, settings.plan) == ("shop", "2.1", "main")
    assert settings.expect == ("select count(*) > 0 from users",)
    assert (settings.busy_timeout_s, settings.scratch_dir) == (5.0, Path("/var/tmp"))
    assert settings.verify_after_create
    assert (settings.compression.enabled, settings.compression.level) == (True, 5)
    assert (settings.retention.keep_within, settings.retention.max_backups) == ("1y6m", 30)
    assert settings.retention.keep_tags == ("production",)
    assert (settings.schedule.timezone, settings.schedule.misfire) == ("Europe/Vienna", "skip")
    assert settings.encryption == EncryptionSettings(enabled=False)
    assert not settings.restore.safety_backup


def test_the_variables_of_applications_are_understood(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        environment={
            "BACKUP_ENABLED": "no",
            "BACKUP_SCHEDULE": "30 3 * * *",
            "BACKUP_TIMEZONE": "Europe/Vienna",
            "BACKUP_RETENTION_DAYS": "14",
            "BACKUP_MAX_BACKUPS": "0",
            "BACKUP_ENCRYPTION_ENABLED": "off",
            "BACKUP_COMPRESSION_ENABLED": "0",
            "BACKUP_VERIFY_AFTER_CREATE": "TRUE",
        },
    ).settings
    assert (settings.schedule.enabled, settings.schedule.cron) == (False, "30 3 * * *")
    assert settings.schedule.timezone == "Europe/Vienna"
    assert (settings.retention.retention_days, settings.retention.max_backups) == (14, 0)
    assert not settings.encryption.enabled
    assert not settings.compression.enabled
    assert settings.verify_after_create


def test_the_applications_variable_drops_no_database_of_the_plan(tmp_path: Path) -> None:
    configuration = load(
        tmp_path,
        '[databases]\napp = "app.db"\nlogs = "logs.db"',
        environment={"DATABASE_URL": "sqlite:///app.db"},
    )
    assert set(configuration.settings.databases) == {"app", "logs"}
    assert configuration.settings.database_url is None


def test_a_database_named_by_a_flag_replaces_those_of_the_file(tmp_path: Path) -> None:
    settings = load(
        tmp_path, '[databases]\napp = "app.db"', flags={"database_url": ("--database", "x.db")}
    ).settings
    assert settings.database_url == f"sqlite:///{tmp_path}/x.db"
    assert settings.databases == {}


def test_one_database_and_several_in_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="both database_url and"):
        load(tmp_path, 'database_url = "a.db"\n[databases]\nb = "b.db"')


def test_columns_without_a_settings_table_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"settings\.key is set, but settings\.table is not"):
        load(tmp_path, '[settings]\nkey = "name"')


@pytest.mark.parametrize(
    ("toml", "message", "hint"),
    [
        ("repositroy = 'x'", "no setting repositroy", "Did you mean repository?"),
        ("[retention]\nkeep_lst = 3", "retention.keep_lst", "Did you mean retention.keep_last?"),
        ("cron = '0 2 * * *'", "no setting cron", "Did you mean schedule.cron?"),
        ("[zzz]\nx = 1", "no setting zzz", "configuration.md lists them all"),
    ],
)
def test_an_unknown_key_is_an_error_that_knows_the_right_one(
    tmp_path: Path, toml: str, message: str, hint: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load(tmp_path, toml)
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize("toml", ["retention = 3", "a = ", 'app = "\\xff"', "app = 'a'\napp = 'b'"])
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, toml: str) -> None:
    with pytest.raises(ConfigError, match=r"holdfast\.toml"):
        load(tmp_path, toml)


@pytest.mark.parametrize(
    ("toml", "environment", "message"),
    [
        ("", {"BACKUP_ENABLED": "maybe"}, "^BACKUP_ENABLED: expected true or false.*not 'maybe'"),
        ("", {"BACKUP_MAX_BACKUPS": "-3"}, "^BACKUP_MAX_BACKUPS: expected a whole number"),
        ("", {"BACKUP_TIMEZONE": "Mars/Base"}, "^BACKUP_TIMEZONE: expected the name of a time"),
        ("", {"BACKUP_SCHEDULE": "daily"}, "^BACKUP_SCHEDULE: expected a cron expression"),
        ("[retention]\nkeep_last = true", {}, r"^retention\.keep_last in .*whole number"),
        ("[compression]\nlevel = 20", {}, r"^compression\.level in .*from 1"),
        ("busy_timeout_s = 'long'", {}, r"^busy_timeout_s in .*seconds"),
        ("expect = 3", {}, r"^expect in .*list of texts"),
        ("[directories]\n'../x' = 'y'", {}, r"is no label"),
        ("[directories]\nx = {paths = 'y'}", {}, r"a table with path"),
    ],
)
def test_a_wrong_value_is_named_by_where_it_stands(
    tmp_path: Path, toml: str, environment: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, toml, environment)


def test_a_wrong_url_is_not_repeated_for_it_may_hold_a_password(tmp_path: Path) -> None:
    """R56: no secret in an error."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, environment={"DATABASE_URL": "sqlite://user:canary@host/db"})
    assert "canary" not in str(caught.value)


def test_a_url_that_lacks_a_slash_is_refused_without_its_password(tmp_path: Path) -> None:
    """It would be the path of a SQLite file."""
    flags: dict[str, tuple[str, object]] = {
        "database_url": ("--database", "postgresql:/shop:canary@host/x")
    }
    with pytest.raises(ConfigError, match="two slashes") as caught:
        load(tmp_path, flags=flags)
    assert "canary" not in str(caught.value)
