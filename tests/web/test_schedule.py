"""The schedule over HTTP, and that two people do not overwrite each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.web.serving import Served


def put(web: Served, body: dict[str, Any], etag: str | None = "*") -> Any:
    headers = {} if etag is None else {"If-Match": etag}
    return web.request("PUT", "/schedule", json=body, headers=headers)


def test_a_schedule_is_changed_as_a_whole(web: Served) -> None:
    """What is not sent is as if it was never set; the next five runs come with it."""
    before = web.get("/schedule")
    wanted = {
        "cron": "30 3 * * *",
        "timezone": "Europe/Berlin",
        "retention": {"keep_daily": 7, "keep_within": "30d", "keep_tags": ["release"]},
        "misfire": "skip",
    }
    answer = put(web, wanted, before.headers["etag"])
    saved = answer.json()
    assert answer.status_code == 200, saved
    assert (saved["cron"], saved["timezone"], saved["enabled"]) == (
        "30 3 * * *",
        "Europe/Berlin",
        True,
    )
    kept = {name: value for name, value in saved["retention"].items() if value}
    assert kept == wanted["retention"]
    assert (saved["misfire"], saved["updated_by"]) == ("skip", "ann")
    runs = [datetime.fromisoformat(each) for each in saved["next_runs"]]
    assert len(runs) == 5
    assert runs == sorted(runs)
    assert runs[0] > datetime.now(UTC)
    assert runs[-1] - runs[0] < timedelta(days=5)
    read = web.get("/schedule")
    assert (read.json(), read.headers["etag"]) == (saved, answer.headers["etag"])
    again = put(web, {"cron": "0 4 * * *"}, answer.headers["etag"]).json()
    assert (again["timezone"], again["misfire"]) == ("UTC", "run_once")
    assert not any(again["retention"].values())


def test_a_change_must_say_what_it_was_decided_on(web: Served) -> None:
    """428 without If-Match, 412 with an old one; nothing is changed then."""
    old = web.get("/schedule").headers["etag"]
    assert put(web, {"cron": "0 5 * * *"}, None).status_code == 428
    newer = put(web, {"cron": "0 5 * * *"}, old)
    assert newer.status_code == 200
    refused = put(web, {"cron": "0 6 * * *"}, old)
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition-failed")
    assert web.get("/schedule").json()["cron"] == "0 5 * * *"


def test_a_schedule_that_is_off_has_no_next_run(web: Served) -> None:
    assert put(web, {"cron": "0 5 * * *", "enabled": False}).json()["next_runs"] == []


def test_a_schedule_is_seen_before_it_is_kept(web: Served) -> None:
    """The next five runs in the zone that is asked for; the one that is kept stays."""
    before = web.get("/schedule").json()
    wanted = {"cron": "30 3 * * *", "timezone": "Europe/Berlin"}
    answer = web.post("/schedule/preview", json=wanted)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert {name: shown[name] for name in wanted} == wanted
    runs = [datetime.fromisoformat(each) for each in shown["next_runs"]]
    assert len(runs) == 5
    assert {f"{each.astimezone(ZoneInfo('Europe/Berlin')):%H:%M}" for each in runs} == {"03:30"}
    assert web.get("/schedule").json() == before
    assert put(web, wanted).json()["next_runs"] == shown["next_runs"]


@pytest.mark.parametrize(
    "body",
    [{"cron": "every day"}, {"cron": "* * * * * *"}, {"cron": "0 2 * * *", "timezone": "Mars"}],
)
def test_what_makes_no_schedule_is_refused_as_when_it_is_kept(
    shared: Served, body: dict[str, Any]
) -> None:
    seen, kept = shared.post("/schedule/preview", json=body), put(shared, body)
    assert (seen.status_code, seen.json()["code"]) == (400, "config-invalid")
    told = [{name: each.json()[name] for name in ("title", "detail")} for each in (seen, kept)]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    "body",
    [
        {"cron": "every day"},
        {"cron": "* * * * * *"},
        {"cron": "0 2 * * *", "timezone": "Mars/Olympus"},
        {"cron": "0 2 * * *", "timezone": "../../etc/passwd"},
        {"cron": "0 2 * * *", "retention": {"keep_within": "soon"}},
    ],
)
def test_what_makes_no_sense_is_refused(web: Served, body: dict[str, Any]) -> None:
    before = web.get("/schedule").json()
    answer = put(web, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "config-invalid")
    assert web.get("/schedule").json() == before
