"""Several plans in one file: what each has of its own, what it inherits, which one is meant."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from holdfast.config import Configuration, Layer, load_configuration, load_plans, read_password
from holdfast.errors import ConfigError

TWO = """
[encryption]
password = "of the file"
[retention]
keep_daily = 7
[plans.shop]
database_url = "sqlite:///shop.db"
[plans.photos]
app = "gallery"
repository = "photos"
[plans.photos.directories]
pictures = "pictures"
[plans.photos.retention]
keep_weekly = 4
"""


def write(directory: Path, toml: str) -> None:
    (directory / "holdfast.toml").write_text(dedent(toml))


def plans(
    directory: Path, toml: str, environment: dict[str, str] | None = None
) -> dict[str, Configuration]:
    write(directory, toml)
    found = load_plans(directory=directory, environment=environment or {})
    return {each.settings.plan: each for each in found}


def test_each_plan_protects_its_own_and_shares_the_rest(tmp_path: Path) -> None:
    found = plans(tmp_path, TWO)
    assert list(found) == ["shop", "photos"]
    shop, photos = found["shop"].settings, found["photos"].settings
    assert (shop.app, shop.database_url) == ("shop", f"sqlite:///{tmp_path}/shop.db")
    assert (shop.repository, shop.directories) == (tmp_path / "backups", {})
    assert (photos.app, photos.database_url) == ("gallery", None)
    assert (photos.repository, [*photos.directories]) == (tmp_path / "photos", ["pictures"])
    assert (shop.retention.keep_weekly, photos.retention.keep_weekly) == (0, 4)
    for settings in (shop, photos):
        assert settings.retention.keep_daily == 7
        assert settings.encryption.password is not None
        assert read_password(settings.encryption.password) == "of the file"


def test_what_a_plan_says_of_its_password_counts_before_variables(tmp_path: Path) -> None:
    toml = TWO + '[plans.shop.encryption]\npassword_file = "secret"\n'
    found = plans(tmp_path, toml, {"BACKUP_ENCRYPTION_PASSWORD": "of the environment"})
    assert found["shop"].password_key == "encryption.password_file"
    assert found["shop"].origins["encryption.password_file"].layer is Layer.PLAN
    assert found["photos"].password_key == "encryption.password"


def test_the_database_of_the_environment_is_no_plans(tmp_path: Path) -> None:
    """A variable names what the application has, so it must not become every plan's."""
    found = plans(tmp_path, TWO, {"DATABASE_URL": "sqlite:///other.db"})
    assert list(found) == ["default", "shop", "photos"]
    assert found["photos"].settings.database_url is None
    assert found["shop"].settings.database_url == f"sqlite:///{tmp_path}/shop.db"


def test_the_top_of_the_file_is_a_plan_where_it_protects_something(tmp_path: Path) -> None:
    found = plans(tmp_path, 'plan = "main"\ndatabase_url = "sqlite:///a.db"\n' + TWO)
    assert list(found) == ["main", "shop", "photos"]
    # The plan at the top is the one that is meant where none is named.
    assert load_configuration(directory=tmp_path, environment={}).settings.plan == "main"


def test_a_file_without_plans_has_one(tmp_path: Path) -> None:
    assert list(plans(tmp_path, "")) == ["default"]


def test_a_plan_is_named_where_there_are_several(tmp_path: Path) -> None:
    write(tmp_path, TWO)
    with pytest.raises(ConfigError, match="several plans: shop, photos"):
        load_configuration(directory=tmp_path, environment={})
    chosen = load_configuration(directory=tmp_path, environment={}, plan="photos")
    assert chosen.settings.plan == "photos"
    with pytest.raises(ConfigError, match="There is no plan other") as caught:
        load_configuration(directory=tmp_path, environment={}, plan="other")
    assert caught.value.hint == "The plans are: shop, photos."


def test_the_only_plan_need_not_be_named(tmp_path: Path) -> None:
    write(tmp_path, '[plans.shop]\ndatabase_url = "a.db"')
    assert load_configuration(directory=tmp_path, environment={}).settings.plan == "shop"


def test_who_names_a_repository_by_hand_needs_no_plan(tmp_path: Path) -> None:
    write(tmp_path, TWO)
    found = load_configuration(
        directory=tmp_path, environment={}, flags={"repository": ("--repo", "elsewhere")}
    )
    assert found.settings.repository == tmp_path / "elsewhere"


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('plans = "shop"', "must be tables"),
        ("[plans]\nshop = 1", "must be tables"),
        ('[plans."../shop"]', "no name for a plan"),
        ('[plans.shop]\nplan = "other"', "has plan, which is not a plan's to set"),
        ("[plans.shop.server]\nport = 1", "has server.port, which is not"),
        ("[plans.shop]\ndatabase = 1", "There is no setting database"),
        ('[plans.shop]\nbusy_timeout_s = "x"', r"busy_timeout_s in \[plans.shop\] in"),
    ],
)
def test_a_wrong_table_is_named(toml: str, message: str, tmp_path: Path) -> None:
    write(tmp_path, toml)
    with pytest.raises(ConfigError, match=message):
        load_plans(directory=tmp_path, environment={})


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[server]\nport = 70000", "a port from 1"),
        ("[server]\nworkers = 0", "from 1 to 64"),
        ('[server]\nroot_path = "backup"', "a path such as"),
        ('[server]\ncookie_secure = "yes"', "auto, always or never"),
        ('[oidc]\nissuer = "http://id.example.com"', "https://"),
        ('[oidc]\nissuer = "https://me:x@id.example.com"', "without user"),
        ('[oidc]\nissuer = "file:///etc/passwd"', "https://"),
        ('[oidc.roles]\nadmins = "root"', "roles out of viewer"),
    ],
)
def test_a_wrong_setting_of_the_server_is_refused(toml: str, message: str, tmp_path: Path) -> None:
    write(tmp_path, toml)
    with pytest.raises(ConfigError, match=message):
        load_plans(directory=tmp_path, environment={})
