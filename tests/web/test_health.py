"""R47: whether a plan is protected is told by its backups, not by whether jobs ran."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from holdfast.catalog import Schedule
from holdfast.jobs.freshness import allowed_age
from holdfast.models.backup import BackupStatus, BackupType
from holdfast.models.job import JobKind, JobStatus
from holdfast.operations.soundness import Check, Soundness
from holdfast.web.metrics import format_metrics
from holdfast.web.protection import FindingCode, Standing, Verdict, judge
from holdfast.web.schemas.health import health_shape
from tests.operations.application import Application
from tests.operations.damaging import flip_last, spoil_file
from tests.web.serving import ADMIN, WAIT, Served, served
from tests.web.test_backups import job_of, stored
from tests.web.test_repository import FILE

NIGHTLY = Schedule(plan="default", cron="0 2 * * *", version=1)
AT = datetime(2026, 1, 10, 12, tzinfo=UTC)
GOOD = stored(0, created_at=AT - timedelta(hours=10), status=BackupStatus.VERIFIED, verified=True)
OLD = replace(GOOD, created_at=AT - timedelta(days=3))
WELL = Standing(
    at=AT,
    schedule=NIGHTLY,
    runs=[AT + timedelta(hours=14)],
    backups=[GOOD],
    active=[],
    counts=dict.fromkeys(JobStatus, 0),
    last_job=None,
    working=True,
)
FAILED = job_of(JobStatus.FAILED, error_message="The disk is full")
PART = replace(GOOD, only=("app",))
DAMAGE = Check(at=AT, passed=False, problem="pack 0123 is cut short")
RUNNING = job_of(JobStatus.RUNNING, kind=JobKind.VERIFY, stalled=True)


@pytest.mark.parametrize(
    ("standing", "verdict", "says"),
    [
        (WELL, Verdict.OK, ""),
        (replace(WELL, backups=[]), Verdict.FAILING, "no backup"),
        (replace(WELL, backups=[OLD]), Verdict.FAILING, "3 days old"),
        (replace(WELL, backups=[replace(GOOD, damaged=True)]), Verdict.FAILING, "no backup"),
        (
            replace(WELL, backups=[replace(GOOD, damaged=True), GOOD]),
            Verdict.WARNING,
            "damaged already",
        ),
        (
            replace(WELL, backups=[replace(GOOD, backup_type=BackupType.PRE_RESTORE)]),
            Verdict.FAILING,
            "no backup",
        ),
        (
            replace(WELL, backups=[replace(GOOD, disproven=True, verified=False), OLD]),
            Verdict.FAILING,
            "3 days old",
        ),
        (
            replace(WELL, backups=[replace(GOOD, status=BackupStatus.PARTIAL), GOOD]),
            Verdict.WARNING,
            "partial",
        ),
        (replace(WELL, backups=[replace(GOOD, verified=False)]), Verdict.WARNING, "verified"),
        (replace(WELL, last_job=FAILED), Verdict.WARNING, "The disk is full"),
        (
            replace(WELL, backups=[PART, replace(GOOD, status=BackupStatus.PARTIAL), GOOD]),
            Verdict.WARNING,
            "partial",
        ),
        (replace(WELL, backups=[replace(GOOD, plan="")]), Verdict.FAILING, "no backup"),
        (replace(WELL, backups=[replace(PART, disproven=True), GOOD]), Verdict.OK, ""),
        (
            replace(WELL, last_backup_job=FAILED, last_job=job_of(JobStatus.COMPLETED)),
            Verdict.WARNING,
            "The disk is full",
        ),
        (
            replace(
                WELL,
                backups=[replace(GOOD, created_at=FAILED.created_at + timedelta(hours=1))],
                last_backup_job=FAILED,
            ),
            Verdict.OK,
            "",
        ),
        (
            replace(WELL, soundness=Soundness((DAMAGE,))),
            Verdict.WARNING,
            "damaged: pack 0123 is cut short",
        ),
        (replace(WELL, active=[RUNNING]), Verdict.WARNING, "stands still"),
        (
            replace(WELL, backups=[OLD], schedule=replace(NIGHTLY, enabled=False)),
            Verdict.WARNING,
            "schedule is off",
        ),
    ],
)
def test_the_verdict(standing: Standing, verdict: Verdict, says: str) -> None:
    """Old, damaged, disproven or partial backups do not protect; the reason is told."""
    found, problems = judge(standing)
    assert (found, says in " ".join(each.message for each in problems)) == (verdict, True)


def test_what_is_wrong_has_a_code_and_names_what_it_is_about() -> None:
    """So that a page can offer what mends it, in its own language."""
    newest = replace(OLD, verified=False)
    off = replace(NIGHTLY, enabled=False)
    wrong = replace(WELL, backups=[newest], last_job=FAILED, active=[RUNNING], schedule=off)
    told = health_shape(wrong, "default")
    assert [(each.code, each.backup_id, each.job_id, each.job_kind) for each in told.findings] == [
        (FindingCode.NOT_VERIFIED, newest.backup_id, None, None),
        (FindingCode.JOB_FAILED, FAILED.backup_id, FAILED.id, JobKind.BACKUP),
        (FindingCode.JOB_STALLED, RUNNING.backup_id, RUNNING.id, JobKind.VERIFY),
        (FindingCode.SCHEDULE_OFF, None, None, None),
    ]
    assert told.problems == [each.message for each in told.findings]
    assert [each.detail for each in told.findings] == [None, "The disk is full", None, None]
    [old, *_] = health_shape(replace(wrong, schedule=NIGHTLY), "default").findings
    assert (old.code, old.backup_id) == (FindingCode.TOO_OLD, newest.backup_id)
    assert health_shape(WELL, "default").findings == []


@pytest.mark.parametrize(
    ("failed", "passed", "stands"),
    [
        ({}, None, True),
        ({}, {}, False),
        ({"reads_all": True, "reads_some": True}, {}, True),
        ({"reads_some": True}, {}, True),
        ({"reads_all": True, "reads_some": True}, {"reads_all": True, "reads_some": True}, False),
        ({"reads_some": True}, {"reads_some": True}, True),
    ],
)
def test_damage_stands_until_a_check_passes_that_would_see_it(
    failed: dict[str, Any], passed: dict[str, Any] | None, stands: bool
) -> None:
    """A check of the structure sees no flipped bit, and a part is not the whole."""
    bad = Check(at=AT, passed=False, **failed)
    later = [Check(at=AT + timedelta(hours=1), passed=True, **passed)] if passed is not None else []
    before = Check(at=AT - timedelta(hours=1), passed=True, reads_all=True)
    assert Soundness.of([before, bad, *later]).damage is (bad if stands else None)


def test_a_backup_that_a_check_found_damaged_is_proven_no_more() -> None:
    """Until it is verified again; what was verified before the check does not count."""
    touched = Soundness((replace(DAMAGE, touched=frozenset({GOOD.backup_id})),))
    other = Soundness((DAMAGE,))
    before = replace(GOOD, verification_date=AT - timedelta(hours=1))
    after = replace(GOOD, verification_date=AT + timedelta(hours=1))
    assert replace(WELL, backups=[before], soundness=touched).last_verified is None
    assert replace(WELL, backups=[after], soundness=touched).last_verified is after
    assert replace(WELL, backups=[before], soundness=other).last_verified is before


def test_a_backup_that_a_check_found_damaged_does_not_protect() -> None:
    """R47: nor does one that is older than all that were named, where more were touched."""
    touched = Soundness((replace(DAMAGE, touched=frozenset({GOOD.backup_id})),))
    before = replace(GOOD, verification_date=AT - timedelta(hours=1))
    older = replace(OLD, backup_id="backup_20200101_000000", verified=False)
    alone = replace(WELL, backups=[before], soundness=touched)
    assert alone.last_success is None
    verdict, problems = judge(alone)
    assert (verdict, [(each.code, each.detail) for each in problems]) == (
        Verdict.FAILING,
        [(FindingCode.NO_BACKUP, None), (FindingCode.REPOSITORY_DAMAGED, DAMAGE.problem)],
    )
    assert "was found damaged since" in problems[0].message
    both = replace(WELL, backups=[before, older], soundness=touched)
    assert both.last_success is older
    assert judge(both)[1][0].code is FindingCode.TOO_OLD
    [check] = touched.failed
    more = replace(both, soundness=Soundness((replace(check, touches_more=True),)))
    assert more.last_success is None
    proven = replace(older, verified=True, verification_date=AT + timedelta(hours=1))
    assert replace(more, backups=[before, proven]).last_success is proven


def test_an_older_check_that_read_more_still_names_what_it_found() -> None:
    """A later check of the structure that finds something else takes nothing back."""
    by_reading = replace(DAMAGE, reads_all=True, reads_some=True, touched=frozenset({"backup_a"}))
    later = replace(DAMAGE, at=AT + timedelta(hours=1), touched=frozenset({"backup_b"}))
    assert Soundness.of([by_reading, later]).failed == (later, by_reading)
    again = replace(later, at=AT + timedelta(hours=2), reads_all=True, reads_some=True)
    assert Soundness.of([by_reading, later, again]).failed == (again,)


def test_a_backup_that_a_restore_found_damaged_does_not_protect(
    web: Served, application: Application
) -> None:
    """Though nobody asked for a verification: until it is proven again, or all is read."""
    damaged = web.back_up(verify=True)
    spoil_file(application.repository, FILE, flip_last, seal=False)
    refused = web.engine.wait(web.engine.submit(JobKind.RESTORE, {"backup_id": damaged}).id)
    assert refused.error_code == "verification-failed"
    health = web.get("/health").json()
    codes = [each["code"] for each in health["findings"]]
    assert (health["status"], health["last_success_id"]) == ("failing", None)
    assert codes == ["no-backup", "disproven", "job-failed", "schedule-off"]
    sound = web.back_up(verify=True)
    assert web.get("/health").json()["last_success_id"] == sound


def test_a_sound_check_clears_what_a_job_found() -> None:
    found = {GOOD.backup_id: AT - timedelta(hours=1)}
    passed = Check(at=AT, passed=True, reads_all=True, reads_some=True)
    before = replace(GOOD, verification_date=AT - timedelta(hours=2))
    assert Soundness.of([], found).doubts(before)
    assert not Soundness.of([passed], found).doubts(before)
    assert Soundness.of([replace(passed, reads_all=False)], found).doubts(before)


def test_what_a_check_found_is_not_forgotten(web: Served, application: Application) -> None:
    """A job that ends well after it takes nothing back, whichever program checked."""
    old = web.back_up(verify=True)
    spoil_file(application.repository, FILE, flip_last, seal=False)
    (application.thumbnails / "1.jpg").unlink()  # so that no new backup mends it
    assert not web.service.check(read_data=True).ok
    web.back_up()
    health = web.get("/health").json()
    codes = [each["code"] for each in health["findings"]]
    assert codes == ["repository-damaged", "schedule-off"]
    assert (health["status"], health["last_verified_id"]) == ("warning", None)
    assert health["last_success_id"] != old


def test_a_backup_of_a_part_hides_no_failure_of_the_whole(
    web: Served, application: Application
) -> None:
    """What failed for the whole plan has failed until the whole plan is backed up."""
    web.back_up(verify=True)
    away = application.database.with_suffix(".away")
    application.database.rename(away)
    assert web.post("/backups", json={}, headers=WAIT).json()["status"] == "failed"
    web.back_up(sources=["thumbnails"])
    codes = [each["code"] for each in web.get("/health").json()["findings"]]
    assert codes == ["job-failed", "schedule-off"]
    away.rename(application.database)
    web.back_up()
    codes = [each["code"] for each in web.get("/health").json()["findings"]]
    assert "job-failed" not in codes


def test_a_proof_has_its_own_time() -> None:
    """A backup of last week that was verified an hour ago is proven since an hour ago."""
    proven = AT - timedelta(hours=1)
    told = health_shape(replace(WELL, backups=[replace(OLD, verification_date=proven)]), "default")
    assert (told.last_verified_at, told.last_proof_at) == (OLD.created_at, proven)


def test_backups_may_be_as_old_as_the_schedule_makes_them() -> None:
    """Until the second run after the newest has had its hour: a weekly plan may be days old."""
    taken = datetime(2026, 1, 4, 2, 1, tzinfo=UTC)
    weekly = replace(NIGHTLY, cron="0 2 * * 0")
    assert allowed_age(NIGHTLY, taken) == timedelta(days=2, minutes=59)
    assert allowed_age(weekly, taken) == timedelta(days=14, minutes=59)
    assert allowed_age(replace(NIGHTLY, enabled=False), taken) is None
    assert allowed_age(replace(NIGHTLY, cron="nonsense"), taken) is None


def test_a_scheduler_that_stopped_is_noticed(application: Application) -> None:
    """Nothing runs and nothing fails, but the backups grow old: health says so (R47)."""
    with served(application) as web:
        web.request(
            "PUT", "/schedule", json={"cron": "* * * * *"}, headers={"If-Match": "*", **ADMIN}
        )
        assert web.get("/health").json()["status"] == "failing"
        assert web.get("/health?strict=true").status_code == 503
        web.back_up(verify=True)
        fresh = web.get("/health?strict=true")
        assert (fresh.status_code, fresh.json()["status"]) == (200, "ok")
        assert fresh.json()["last_verified_id"] == fresh.json()["last_success_id"]
        assert fresh.json()["last_proof_at"] >= fresh.json()["last_verified_at"]


def figures(text: bytes) -> dict[str, float]:
    """Return each figure of one plan, by its name and other labels."""
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = [value for name, value in sample.labels.items() if name != "plan"]
            found[" ".join([sample.name.removeprefix("holdfast_"), *labels])] = sample.value
    return found


def test_figures_for_prometheus() -> None:
    """Age of the newest good and of the newest proven backup, of what is stored and running."""
    partial = replace(GOOD, status=BackupStatus.PARTIAL, duration_s=2.5)
    running = job_of(JobStatus.RUNNING, progress=replace(RUNNING.progress, percent=42))
    standing = replace(
        WELL,
        backups=[partial, replace(OLD, verified=False), OLD],
        active=[running],
        counts={**WELL.counts, JobStatus.FAILED: 3},
    )
    found = figures(format_metrics(standing, "default"))
    assert found["last_success_age_seconds"] == timedelta(days=3).total_seconds()
    assert found["last_verified_age_seconds"] == timedelta(days=3).total_seconds()
    assert found["last_success_timestamp_seconds"] == OLD.created_at.timestamp()
    assert found["jobs failed"] == 3
    assert found["job_progress_percent backup"] == 42
    assert found["last_backup_duration_seconds"] == 2.5
    assert found["last_backup_original_bytes"] == 100
    assert found["backups"] == 3
    assert found["protected"] == 0


def test_a_name_of_a_plan_breaks_no_line() -> None:
    """Labels are escaped (R61)."""
    text = format_metrics(WELL, 'a"\n# evil 1').decode()
    assert not any(line.startswith("# evil") for line in text.splitlines())


def test_figures_over_http(web: Served) -> None:
    """As Prometheus asks for them, and with the jobs of the catalog."""
    assert "holdfast_backups{" in web.get("/metrics").text
    web.back_up()
    answer = web.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = figures(answer.content)
    assert (found["jobs completed"], found["backups"], found["protected"]) == (1, 1, 1)
    assert "last_verified_age_seconds" not in found
    backup = web.get("/backups").json()["backups"][0]["id"]
    web.post(f"/backups/{backup}/verify", headers=WAIT)
    assert "last_verified_age_seconds" in figures(web.get("/metrics").content)
