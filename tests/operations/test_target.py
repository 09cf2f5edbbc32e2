"""R20: restoring over the wrong data is hard, for programs as for people."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from holdfast.errors import ConfirmationRequired
from holdfast.operations.target import describe_target
from tests.operations.application import Application


def restore(application: Application, **options: Any) -> Any:
    """Restore the newest backup by a service whose data are called production."""
    named = options.pop("named", "production")
    return application.service(restore_target_name=named).restore_backup("latest", **options)


@pytest.fixture
def backed_up(application: Application) -> Application:
    application.service().create_backup()
    application.add_events(1)
    return application


@pytest.mark.parametrize("confirm", [None, "", "staging", "Production", "production "])
def test_data_with_a_name_are_replaced_only_by_that_name(
    backed_up: Application, confirm: str | None
) -> None:
    """R20: without the right one nothing is touched, not even a safety backup is made."""
    service = backed_up.service(restore_target_name="production")
    before = backed_up.state()
    archive = service.export_backup("latest", backed_up.root / "x.zip")
    attempts: tuple[Callable[[], object], ...] = (
        lambda: service.restore_backup("latest", confirm=confirm),
        lambda: service.restore_archive(archive, confirm=confirm),
        lambda: service.undo(confirm=confirm),
    )
    for attempt in attempts:
        with pytest.raises(ConfirmationRequired, match="production on") as caught:
            attempt()
        assert caught.value.http_status == 409
    assert backed_up.state() == before
    assert len(service.list_backups()) == 1


def test_with_its_name_they_are_replaced_and_brought_back(backed_up: Application) -> None:
    """R20."""
    before = backed_up.state()
    assert restore(backed_up, confirm="production")
    assert backed_up.state() != before
    assert backed_up.service(restore_target_name="production").undo(confirm="production")
    assert backed_up.state() == before


def test_a_dry_run_and_a_new_place_need_no_name(backed_up: Application) -> None:
    assert restore(backed_up, dry_run=True)
    assert restore(backed_up, into=backed_up.root / "new")


def test_data_without_a_name_are_confirmed_by_their_fingerprint_if_at_all(
    backed_up: Application,
) -> None:
    """R20: a name that was meant for another machine is refused."""
    target = restore(backed_up, named=None, dry_run=True).target
    assert (target.name, target.named) == (target.fingerprint, False)
    for wrong in ("production", target.fingerprint[:-1]):
        with pytest.raises(ConfirmationRequired, match=f"not {wrong}"):
            restore(backed_up, named=None, confirm=wrong)
    assert restore(backed_up, named=None, confirm=target.fingerprint)
    assert restore(backed_up, named=None)


def test_a_fingerprint_is_of_host_plan_and_paths_and_of_nothing_that_changes(
    backed_up: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R20: the same from run to run, another for other data."""

    def fingerprint(**options: Any) -> str:
        service = backed_up.service(**options)
        target = service.restore_backup("latest", dry_run=True).target
        assert target is not None
        return target.fingerprint

    first = fingerprint()
    backed_up.add_events(3)
    assert fingerprint() == first
    assert fingerprint(restore_target_name="production") == first
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert fingerprint(directories={"thumbnails": elsewhere}) != first
    plan = backed_up.service().plan
    assert describe_target(plan, ()).fingerprint == first
    assert describe_target(replace(plan, name="another"), ()).fingerprint != first
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(nodename="another"))
    assert describe_target(plan, ()).fingerprint != first


def test_the_target_says_what_is_there_now(backed_up: Application) -> None:
    """R20: host, paths, sizes, counts and when it was last written."""
    for path in (backed_up.thumbnails, *backed_up.thumbnails.iterdir()):
        os.utime(path, (0, 0))
    os.utime(backed_up.thumbnails / "2.jpg", (90_000, 90_000))
    target = restore(backed_up, dry_run=True).target
    assert (target.name, target.hostname) == ("production", os.uname().nodename)
    places = {each.root: each for each in target.places}
    pictures = places["files/thumbnails"]
    assert pictures.path == str(backed_up.thumbnails)
    assert pictures.files == len(list(backed_up.thumbnails.iterdir()))
    assert pictures.size_bytes == sum(
        each.stat().st_size for each in backed_up.thumbnails.iterdir()
    )
    assert pictures.modified_at == datetime.fromtimestamp(90_000, UTC)
    database = places["database/app.db"]
    assert (database.path, database.files) == (str(backed_up.database), None)
    assert database.size_bytes >= backed_up.database.stat().st_size
    assert restore(backed_up, into=backed_up.root / "new", dry_run=True).target is None


def test_a_target_that_is_gone_is_said_to_be(backed_up: Application) -> None:
    backed_up.database.rename(backed_up.root / "away.db")
    target = restore(backed_up, dry_run=True, sources=["app"]).target
    (place,) = target.places
    assert (place.exists, place.size_bytes, place.modified_at) == (False, 0, None)
