"""Backups of some sources over HTTP: they say what they hold, and protect nobody's plan."""

from __future__ import annotations

import pytest

from holdfast.models.job import JobStatus
from tests.operations.application import Application
from tests.web.serving import WAIT, Served, served


def test_a_backup_of_some_sources_says_which(web: Served) -> None:
    """In the list, by itself, in its job and in its warnings; what is left out is not in it."""
    backup = web.back_up(sources=["thumbnails"], description="Pictures only")
    found = web.get(f"/backups/{backup}").json()
    assert (found["only"], found["status"]) == (["thumbnails"], "completed")
    assert found["warnings"] == ["Holds only: thumbnails"]
    assert [each["root"] for each in found["contents"]] == ["files/thumbnails"]
    listed = web.get("/backups").json()["backups"][0]
    assert (listed["only"], listed["contents"]) == (["thumbnails"], None)
    job = web.get("/jobs").json()["jobs"][0]
    assert job["result"]["only"] == ["thumbnails"]
    assert job["warnings"] == ["Holds only: thumbnails"]


def test_one_backup_tells_what_it_holds_of_each_source(web: Served) -> None:
    """By its place, with kind, size and number; of the whole plan `only` is empty."""
    found = web.get(f"/backups/{web.back_up()}").json()
    assert found["only"] == []
    held = {each["root"]: each for each in found["contents"]}
    assert {root: each["kind"] for root, each in held.items()} == {
        "database/app.db": "sqlite",
        "settings.json": "settings",
        "files/thumbnails": "directory",
    }
    assert held["files/thumbnails"]["count"] == 3
    assert sum(each["size_bytes"] for each in held.values()) == found["original_size_bytes"]


@pytest.mark.parametrize("sources", [["nothing"], ["app", "thumbnail"]])
def test_sources_that_the_plan_has_not_are_refused_with_those_it_has(
    web: Served, sources: list[str]
) -> None:
    answer = web.post("/backups", json={"sources": sources}, headers=WAIT)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "request-invalid")
    assert "It has app, settings, thumbnails." in answer.text
    assert web.get("/jobs").json()["total"] == 0


def test_it_protects_no_plan(web: Served) -> None:
    """R47: a plan of which parts are stored is not protected, however new and proven they are."""
    web.back_up(sources=["app"], verify=True)
    health = web.get("/health").json()
    assert (health["status"], health["last_success_id"]) == ("failing", None)
    assert "There is no backup that is stored whole" in health["problems"]
    whole = web.back_up()
    web.back_up(sources=["app"], verify=True)
    health = web.get("/health").json()
    assert (health["last_success_id"], health["last_verified_id"]) == (whole, None)
    size = web.get(f"/backups/{whole}").json()["original_size_bytes"]
    assert (
        f'holdfast_last_backup_original_bytes{{plan="default"}} {size}' in web.get("/metrics").text
    )


def test_a_cleanup_counts_it_as_none_of_the_plan(web: Served) -> None:
    whole = web.back_up()
    web.back_up(sources=["app"])
    body = {"policy": {"keep_last": 1}, "dry_run": True}
    decided = web.post("/backups/cleanup", json=body).json()
    text = str(decided)
    assert "of parts of the plan, but newer than every complete one" in text
    assert whole in text
    assert decided["paused"] is None


def test_a_restore_of_it_says_what_stays(web: Served) -> None:
    """Before anything is confirmed; then only its source is replaced."""
    backup = web.back_up(sources=["app"])
    web.application.add_events(1)
    seen = web.post(f"/backups/{backup}/restore", json={"dry_run": True}).json()
    assert "The backup holds only app; the rest is left as it is" in seen["warnings"]
    done = web.post(
        f"/backups/{backup}/restore", json={"confirmation": seen["confirmation"]}, headers=WAIT
    )
    assert done.status_code == 200, done.text
    assert web.application.rows("select count(*) from events") == [(3,)]
    assert len(list(web.application.thumbnails.iterdir())) == 4


def test_one_that_failed_is_tried_again_as_it_was(application: Application) -> None:
    """A retry takes the same sources, and the list says which, also while nothing is stored."""
    hidden = application.thumbnails.rename(application.root / "elsewhere")
    with served(application) as web:
        web.post("/backups", json={"sources": ["thumbnails"]}, headers=WAIT)
        failed = web.get("/backups").json()["backups"][0]
        assert (failed["status"], failed["only"]) == ("failed", ["thumbnails"])
        hidden.rename(application.thumbnails)
        again = web.post(f"/jobs/{failed['job_id']}/retry", headers=WAIT).json()
        job = web.engine.wait(again["id"])
        assert job.status is JobStatus.COMPLETED
        assert web.get("/backups").json()["backups"][0]["only"] == ["thumbnails"]
