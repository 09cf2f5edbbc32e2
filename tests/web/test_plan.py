"""What is protected, over HTTP: for whoever chooses parts of it."""

from __future__ import annotations

from holdfast import __version__
from holdfast.models.schedule import BackupConfig
from tests.operations.application import Application
from tests.web.serving import Served, served


def test_a_plan_says_what_it_protects_and_by_which_names(web: Served) -> None:
    """The names are those that a backup and a restore take."""
    plan = web.get("/plan").json()
    assert [(each["name"], each["root"], each["kind"]) for each in plan["sources"]] == [
        ("app", "database/app.db", "sqlite"),
        ("settings", "settings.json", "settings"),
        ("thumbnails", "files/thumbnails", "directory"),
    ]
    assert [each["location"] for each in plan["sources"]] == [
        str(web.application.database),
        None,
        str(web.application.thumbnails),
    ]
    assert (plan["name"], plan["app"], plan["holdfast_version"]) == ("default", "app", __version__)
    assert (plan["target_name"], plan["safety_backup"]) == (None, True)
    assert plan["max_upload_bytes"] == 64 * 1024**3


def test_a_plan_shows_no_password_of_a_database(application: Application) -> None:
    """R51: what reaches the server is not what is shown; nothing is asked of it."""
    service = application.service(
        databases={"shop": "postgresql://app:hush-hush@db.invalid:5433/shop"},
        restore_target_name="production",
        compression_level=7,
        copies_dir="/srv/restored",
    )
    with served(application, service=service, max_upload_bytes=1000) as web:
        answer = web.get("/plan")
    plan = answer.json()
    (shop,) = (each for each in plan["sources"] if each["name"] == "shop")
    assert shop["kind"] == "postgresql"
    assert "db.invalid:5433/shop" in shop["location"]
    assert "hush" not in answer.text
    assert (plan["target_name"], plan["compression_level"]) == ("production", 7)
    assert (plan["max_upload_bytes"], plan["copies_dir"]) == (1000, "/srv/restored")


def test_a_plan_says_how_the_schedule_makes_backups(application: Application) -> None:
    config = BackupConfig(enabled=False, compression_enabled=False, verify_after_create=False)
    with served(application, scheduler=True, schedule=config) as web:
        plan = web.get("/plan").json()
    assert (plan["compression"], plan["verify_after_create"]) == (False, False)
