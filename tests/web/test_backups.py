"""The backups over HTTP: listed in pages, looked at, described, kept, deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from holdfast.errors import HoldfastError
from holdfast.models.backup import BackupMetadata, BackupStatus, BackupType, Trigger
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.web.listing import BackupFilter, BackupOrder, chosen, listed, page
from holdfast.web.permissions import Permission
from holdfast.web.schemas.backups import BackupState
from tests.operations.application import Application
from tests.web.serving import WAIT, Served, served, signed

START = datetime(2026, 1, 1, tzinfo=UTC)


def stored(number: int, **facts: Any) -> BackupMetadata:
    """Return a backup of its own day."""
    given: dict[str, Any] = {
        "backup_id": f"backup_202601{number + 1:02}_000000",
        "created_at": START + timedelta(days=number),
        "backup_type": BackupType.MANUAL,
        "status": BackupStatus.COMPLETED,
        "original_size": 100,
        "stored_size": 10,
        "compressed_size": 10,
        "encrypted": True,
        "compressed": True,
        "checksum": "0",
    }
    return BackupMetadata(**{**given, **facts})


def job_of(status: JobStatus, **facts: Any) -> Job:
    given: dict[str, Any] = {
        "id": "0198c5a2-7f2e-7c3a-9d51-3f6f6a1c9b10",
        "plan": "default",
        "kind": JobKind.BACKUP,
        "status": status,
        "trigger": Trigger.SCHEDULED_CRON,
        "created_at": START + timedelta(days=40),
        "params": {"description": "nightly", "tags": ["n"]},
    }
    return Job(**{**given, **facts})


def test_a_backup_that_is_not_stored_is_listed_by_its_job() -> None:
    """And once it is stored it is listed once, by its own id."""
    backup = stored(0)
    failed = job_of(JobStatus.FAILED)
    finishing = job_of(JobStatus.RUNNING, backup_id=backup.backup_id)
    states = [(each.id, each.state) for each in listed([backup], [failed, finishing])]
    assert states == [
        (backup.backup_id, BackupState.COMPLETED),
        (failed.id, BackupState.FAILED),
    ]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (JobStatus.PENDING, BackupState.PENDING),
        (JobStatus.RUNNING, BackupState.RUNNING),
        (JobStatus.FAILED, BackupState.FAILED),
        (JobStatus.CANCELLED, BackupState.CANCELLED),
        (JobStatus.COMPLETED, BackupState.FAILED),
    ],
)
def test_each_status_word_says_what_is_so(status: JobStatus, state: BackupState) -> None:
    """R48: nothing that is not stored is called completed."""
    assert [each.state for each in listed([], [job_of(status)])] == [state]


@pytest.mark.parametrize("status", list(BackupStatus))
def test_each_stored_state_has_its_word(status: BackupStatus) -> None:
    """R48: the interface says of a stored backup what the library says."""
    assert listed([stored(0, status=status)], [])[0].state.value == status.value


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (BackupFilter(), [0, 1, 2]),
        (BackupFilter(states=frozenset({BackupState.VERIFIED})), [1]),
        (BackupFilter(types=frozenset({BackupType.SCHEDULED})), [2]),
        (BackupFilter(tags=frozenset({"a", "b"})), [1]),
        (BackupFilter(text="RELEASE"), [0]),
        (BackupFilter(text="20260103"), [2]),
        (BackupFilter(text="B"), [0, 1, 2]),
        (BackupFilter(since=START + timedelta(days=1)), [1, 2]),
        (BackupFilter(until=START + timedelta(days=1)), [0]),
    ],
)
def test_filters(wanted: BackupFilter, numbers: list[int]) -> None:
    backups = [
        stored(0, description="Before release", tags=("a",)),
        stored(1, status=BackupStatus.VERIFIED, tags=("a", "b")),
        stored(2, backup_type=BackupType.SCHEDULED),
    ]
    found = [each.backup for each in chosen(listed(backups, []), wanted)]
    assert found == [backups[number] for number in numbers]


@pytest.mark.parametrize("order", list(BackupOrder))
def test_pages_stay_right_while_backups_come_and_go(order: BackupOrder) -> None:
    """What was there all the time is shown once, whatever is added or removed between pages."""
    backups = [stored(number, original_size=number % 3) for number in range(10)]
    seen: list[str] = []
    after: dict[str, Any] | None = None
    for turn in range(20):
        shown, after = page(listed(backups, []), order, after, 2)
        seen += [each.id for each in shown]
        if after is None:
            break
        backups.append(stored(10 + turn, original_size=turn))
        backups = [each for each in backups if each.backup_id != after["id"]]
    constant = {f"backup_202601{number + 1:02}_000000" for number in range(10)}
    assert constant <= set(seen)
    assert len(seen) == len(set(seen))


def test_pages_over_http(web: Served) -> None:
    """Each page leads to the next, in the body and in a header; `total` counts all."""
    made = [web.back_up(tags=[f"t{number}"]) for number in range(3)]
    first = web.get("/backups?limit=2&text=t").json()
    assert (first["total"], [each["id"] for each in first["backups"]]) == (3, made[:0:-1])
    link = web.get("/backups?limit=2&text=t").headers["link"]
    assert link.endswith('>; rel="next"')
    newer = web.back_up(tags=["t9"])
    rest = web.client.get(link[1 : link.index(">")]).json()
    assert [each["id"] for each in rest["backups"]] == made[:1]
    assert rest["next_cursor"] is None
    assert newer not in [each["id"] for each in rest["backups"]]
    other = web.get(f"/backups?sort=created_at&cursor={first['next_cursor']}")
    assert other.json()["code"] == "request-invalid"


def test_filters_over_http(shared: Served) -> None:
    for query, total in (
        ("status=completed&status=verified&status=restored", 1),
        ("status=failed", 0),
        ("type=manual&tag=first", 1),
        ("tag=first&tag=second", 0),
        ("text=THE%20FIRST", 1),
        ("from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z", 0),
        ("from=2020-01-01T00:00:00%2B02:00", 1),
    ):
        assert shared.get(f"/backups?{query}").json()["total"] == total, query


def test_what_is_shown_of_a_backup(web: Served) -> None:
    """All that the library knows of it, and an ETag for changes."""
    backup = web.back_up(description="d", tags=["a"], verify=True)
    answer = web.get(f"/backups/{backup}")
    shown, known = answer.json(), web.service.get_backup(backup)
    assert answer.headers["etag"].strip('"') == (known.snapshot_id or "")[:32]
    assert (shown["status"], shown["verified"]) == ("verified", True)
    assert shown["snapshot_id"] == known.snapshot_id
    assert shown["created_at"].endswith("Z")
    assert shown["table_counts"] == known.table_counts
    assert shown["original_size_bytes"] == known.original_size
    stats = web.get("/backups/stats").json()
    assert (stats["total_backups"], stats["verified_backups"]) == (1, 1)


def test_before_the_first_backup_there_is_nothing_and_no_error(web: Served) -> None:
    assert web.get("/backups").json() == {"total": 0, "next_cursor": None, "backups": []}
    assert web.get("/backups/stats").json()["total_backups"] == 0
    assert web.get("/backups/backup_20260101_000000").status_code == 404


def test_a_failed_backup_can_be_looked_at(application: Application) -> None:
    """By its job's id, with why it failed; it cannot be verified or deleted."""
    application.database.unlink()
    with served(application) as web:
        job = web.post("/backups", json={"description": "x"}, headers=WAIT).json()
        assert job["status"] == "failed"
        shown = web.get(f"/backups/{job['id']}").json()
        assert (shown["status"], shown["description"]) == ("failed", "x")
        assert shown["error"]["code"] == job["error"]["code"]
        assert shown["links"]["job"] == job["links"]["self"]
        assert web.get("/backups?status=failed").json()["backups"] == [shown]
        assert web.post(f"/backups/{job['id']}/verify").status_code == 404
        assert web.request("DELETE", f"/backups/{job['id']}").status_code == 404


def test_the_backup_of_a_job_is_found_by_the_job(web: Served) -> None:
    job = web.post("/backups", headers=WAIT).json()
    assert web.get(f"/backups/{job['id']}").json()["id"] == job["backup_id"]
    verify = web.post(f"/backups/{job['backup_id']}/verify", headers=WAIT).json()
    assert web.get(f"/backups/{verify['id']}").status_code == 404
    web.request("DELETE", f"/backups/{job['backup_id']}")
    assert web.get(f"/backups/{job['id']}").status_code == 404


def test_a_prefix_is_not_enough(web: Served) -> None:
    """Over HTTP an id is whole: a backup is never deleted because an id began like its own."""
    backup = web.back_up()
    snapshot = web.service.get_backup(backup).snapshot_id or ""
    for wanted in (backup[:-1], "backup", "latest", snapshot, snapshot[:8]):
        assert web.request("DELETE", f"/backups/{wanted}").status_code == 404
        assert web.get(f"/backups/{wanted}").status_code == 404
    assert web.get("/backups").json()["total"] == 1


def test_backups_of_another_plan_are_not_shown(web: Served) -> None:
    """One repository may serve several plans; each has routes of its own (R54)."""
    mine = web.back_up()
    theirs = web.application.service(plan="other").create_backup().backup_id
    assert [each["id"] for each in web.get("/backups").json()["backups"]] == [mine]
    assert web.get(f"/backups/{theirs}").status_code == 404
    assert web.request("DELETE", f"/backups/{theirs}").status_code == 404
    assert web.request("PATCH", f"/backups/{theirs}", json={"keep": True}).status_code == 404
    assert web.service.get_backup(theirs).keep is False


def test_a_change_is_made_only_to_what_was_seen(web: Served) -> None:
    """An ETag that is not the newest is refused; without one, or with `*`, the change is made."""
    backup = web.back_up(description="first", tags=["a"])
    path = f"/backups/{backup}"
    seen = web.get(path).headers["etag"]

    def change(text: str, **headers: str) -> tuple[int, str | None]:
        answer = web.request("PATCH", path, json={"description": text}, headers=headers)
        return answer.status_code, answer.headers.get("etag")

    status, newer = change("second", **{"If-Match": f'"x", {seen}'})
    assert status == 200
    assert change("third", **{"If-Match": seen}) == (412, None)
    assert change("third", **{"If-Match": f"W/{newer}"}) == (412, None)
    assert change("fourth")[0] == 200
    assert change("fifth", **{"If-Match": "*"})[0] == 200
    assert web.request("DELETE", path, headers={"If-Match": seen}).status_code == 412
    shown = web.get(path)
    assert (shown.json()["description"], shown.json()["tags"]) == ("fifth", ["a"])
    gone = web.request("DELETE", path, headers={"If-Match": shown.headers["etag"]})
    assert (gone.status_code, gone.content) == (204, b"")
    assert web.request("DELETE", path).status_code == 404


def test_a_change_says_what_changes_and_the_rest_stays(web: Served) -> None:
    backup = web.back_up(description="first", tags=["a"])
    path = f"/backups/{backup}"
    assert web.request("PATCH", path, json={"tags": ["b", "c"]}).json()["tags"] == ["b", "c"]
    shown = web.request("PATCH", path, json={"description": None}).json()
    assert (shown["description"], shown["tags"]) == (None, ["b", "c"])
    assert web.request("PATCH", path, json={}).json() == shown


def test_what_is_to_be_kept_is_not_deleted(web: Served) -> None:
    backup = web.back_up()
    web.request("PATCH", f"/backups/{backup}", json={"keep": True})
    refused = web.request("DELETE", f"/backups/{backup}")
    assert (refused.status_code, refused.json()["code"]) == (409, "retention-error")
    web.request("PATCH", f"/backups/{backup}", json={"keep": False})
    assert web.request("DELETE", f"/backups/{backup}").status_code == 204


def test_a_cleanup_can_be_looked_at_first(web: Served) -> None:
    """The preview says what would go, why, and what that frees, and removes nothing."""
    old = web.back_up()
    web.application.add_events(5)
    new = web.back_up()
    policy = {"keep_last": 1}
    preview = web.post("/backups/cleanup", json={"policy": policy, "dry_run": True})
    assert preview.status_code == 200
    told = preview.json()
    assert told["would_remove"] == [old]
    assert [(each["backup_id"], each["keep"]) for each in told["decisions"]] == [
        (new, True),
        (old, False),
    ]
    assert told["would_free_bytes"] > 0
    assert web.get("/backups").json()["total"] == 2
    done = web.post("/backups/cleanup", json={"policy": policy}, headers=WAIT).json()
    assert (done["status"], done["result"]["removed"]) == ("completed", [old])
    assert web.get("/backups").json()["total"] == 1


def test_who_may_only_read_sees_what_rules_would_do(web: Served) -> None:
    """The same as the dry run of the cleanup, which needs `administer`; nothing is removed."""
    old = web.back_up(tags=["a", "b"])
    web.application.add_events(5)
    new = web.back_up()
    viewer = signed(Permission.READ)
    policies: tuple[dict[str, Any], ...] = (
        {"keep_last": 1},
        {"keep_last": 1, "keep_tags": ["x", "b"]},
        {"keep_within": "1h", "max_backups": 1},
        {"keep_last": 0},
    )
    for policy in policies:
        seen = web.get("/retention/preview", params=policy, headers=viewer)
        dry = web.post("/backups/cleanup", json={"policy": policy, "dry_run": True})
        assert (seen.status_code, seen.json()) == (200, dry.json()), policy
    told = web.get("/retention/preview?keep_last=1", headers=viewer).json()
    assert (told["would_remove"], told["decisions"][0]["backup_id"]) == ([old], new)
    assert web.get("/backups").json()["total"] == 2


def test_without_rules_those_of_the_schedule_are_seen(web: Served) -> None:
    """And one that is given as 0 is a rule that is off: all stay."""
    old, _ = web.back_up(), web.back_up()
    schedule = {"cron": "0 2 * * *", "enabled": False, "retention": {"keep_last": 1}}
    put = web.request("PUT", "/schedule", json=schedule, headers={"If-Match": "*"})
    assert put.status_code == 200, put.text
    assert web.get("/retention/preview").json()["would_remove"] == [old]
    assert web.get("/retention/preview?keep_last=0").json()["would_remove"] == []


def test_a_rule_without_sense_is_refused(shared: Served) -> None:
    for policy in ({"keep_within": "30 parsecs"}, {"keep_last": -1}, {"keep_lats": 3}):
        answer = shared.post("/backups/cleanup", json={"policy": policy, "dry_run": True})
        assert answer.status_code in (400, 422), policy
        seen = shared.get("/retention/preview", params=policy)
        assert seen.status_code == answer.status_code, policy


def test_every_change_is_in_the_audit(web: Served) -> None:
    """Who, what, to what, from where, how it ended: also what was refused."""
    backup = web.back_up()
    web.request("PATCH", f"/backups/{backup}", json={"keep": True})
    web.request("DELETE", f"/backups/{backup}")
    web.request("PATCH", f"/backups/{backup}", json={"keep": False})
    web.request("DELETE", f"/backups/{backup}")
    entries = web.get("/audit").json()["entries"]
    assert [(each["action"], each["outcome"]) for each in entries] == [
        ("backup.delete", "done"),
        ("backup.update", "done"),
        ("backup.delete", "refused"),
        ("backup.update", "done"),
        ("backup.start", "done"),
    ]
    assert {each["actor"] for each in entries} == {"ann"}
    assert entries[2]["detail"] == {"error": "retention-error"}
    assert web.get("/audit?action=backup.delete&outcome=refused").json()["total"] == 1
    assert web.get("/audit?actor=bob").json()["total"] == 0
    first = web.get("/audit?limit=2").json()
    second = web.get(f"/audit?limit=2&cursor={first['next_cursor']}").json()
    assert [each["number"] for each in first["entries"] + second["entries"]] == [5, 4, 3, 2]


def test_an_undo_needs_the_name_that_a_dry_run_tells(web: Served) -> None:
    """R20: nothing live is replaced by a request that does not name it."""
    backup = web.back_up()
    none_yet = web.post("/undo", json={"dry_run": True})
    assert (none_yet.status_code, none_yet.json()["code"]) == (404, "nothing-to-undo")
    before = web.application.state()
    web.application.add_events(2)
    changed = web.application.state()
    web.service.restore_backup(backup)
    assert web.application.state() == before
    preview = web.post("/undo", json={"dry_run": True}).json()
    assert {each["action"] for each in preview["changes"]} >= {"replace"}
    for confirm in (None, "production"):
        refused = web.post("/undo", json={"confirm": confirm})
        assert (refused.status_code, refused.json()["code"]) == (409, "confirmation-required")
    assert web.application.state() == before
    wanted = {"confirm": preview["confirm_with"], "backup_id": preview["backup_id"]}
    unbound = web.post("/undo", json={"confirm": preview["confirm_with"]})
    assert (unbound.status_code, unbound.json()["code"]) == (409, "confirmation-required")
    done = web.post("/undo", json=wanted, headers=WAIT).json()
    assert done["status"] == "completed", done["error"]
    assert web.application.state() == changed


def test_the_preview_survives_a_repository_that_cannot_be_read(
    web: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be done is a problem with a code, not a fault."""
    web.back_up()

    def fail(*_: object) -> None:
        raise HoldfastError("The disk is gone")

    monkeypatch.setattr(web.service, "plan_retention", fail)
    answer = web.post("/backups/cleanup", json={"dry_run": True})
    assert (answer.status_code, answer.json()["detail"]) == (500, "The disk is gone")
