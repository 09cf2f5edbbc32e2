"""What the table of jobs promises, on both engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from holdfast.catalog import CatalogDatabase, Claim
from holdfast.catalog.schema import JobRow
from holdfast.errors import (
    AlreadyRun,
    CatalogError,
    DatabaseLocked,
    JobFinished,
    JobNotFound,
    LeaseLost,
    RequestInvalid,
)
from holdfast.models.backup import Trigger
from holdfast.models.job import Job, JobEvent, JobKind, JobProgress, JobStatus
from tests.rig.sim_clock import SimClock

Opener = Callable[[], CatalogDatabase]


def add(catalog: CatalogDatabase, kind: JobKind = JobKind.BACKUP, **more: Any) -> Job:
    return catalog.jobs.add(**{"plan": "app", "trigger": Trigger.MANUAL_API, "kind": kind, **more})


def claim(catalog: CatalogDatabase, owner: str = "me", *, lease_s: float = 30) -> Claim:
    claimed = catalog.jobs.claim(owner, "app", lease_s=lease_s)
    assert claimed is not None
    return claimed


def kinds(events: list[JobEvent]) -> list[str]:
    return [event.kind for event in events]


def test_a_job_is_kept_as_it_was_asked_for(catalog: CatalogDatabase, clock: SimClock) -> None:
    """Every field comes back, instants aware and to the microsecond."""
    nominal_at = clock.now() - timedelta(microseconds=1)
    made = add(
        catalog,
        JobKind.RESTORE,
        trigger=Trigger.SCHEDULED_CRON,
        actor="Jürgen 🦊",
        params={"backup_id": "latest", "tables": ["a", 'b"'], "confirm": None, "deep": {"x": 1.5}},
        nominal_at=nominal_at,
        attempt=2,
        retry_of="some job",
    )
    assert made == Job(
        id=made.id,
        plan="app",
        kind=JobKind.RESTORE,
        status=JobStatus.PENDING,
        trigger=Trigger.SCHEDULED_CRON,
        created_at=clock.now(),
        actor="Jürgen 🦊",
        params={"backup_id": "latest", "tables": ["a", 'b"'], "confirm": None, "deep": {"x": 1.5}},
        nominal_at=nominal_at,
        attempt=2,
        retry_of="some job",
    )
    assert catalog.jobs.get(made.id) == made


def test_there_is_no_job_of_another_id(catalog: CatalogDatabase) -> None:
    with pytest.raises(JobNotFound, match="no job nonsense"):
        catalog.jobs.get("nonsense")


def test_a_time_of_the_schedule_has_one_job(catalog: CatalogDatabase, clock: SimClock) -> None:
    """R41: for each plan; and the answer says when the other job was added."""
    due_at = clock.now()
    first = add(catalog, nominal_at=due_at)
    clock.advance(90)
    with pytest.raises(AlreadyRun, match="has a job already") as caught:
        add(catalog, nominal_at=due_at)
    assert caught.value.run_at == first.created_at
    add(catalog, plan="other", nominal_at=due_at)
    add(catalog, nominal_at=due_at + timedelta(minutes=1))
    assert catalog.jobs.last_nominal_at("app") == due_at + timedelta(minutes=1)
    assert catalog.jobs.last_nominal_at("none") is None


def test_jobs_are_listed_newest_first_in_pages(catalog: CatalogDatabase) -> None:
    """Pages do not overlap, whatever is added meanwhile; the total is of what fits."""
    ids = [add(catalog, JobKind.VERIFY if n % 2 else JobKind.BACKUP).id for n in range(5)]
    add(catalog, plan="other")
    page, total = catalog.jobs.list(plan="app", limit=2)
    assert ([job.id for job in page], total) == (ids[:2:-1], 5)
    add(catalog)
    page, total = catalog.jobs.list(plan="app", limit=9, before=page[-1].id)
    assert ([job.id for job in page], total) == (ids[2::-1], 6)
    verified, _ = catalog.jobs.list(kinds=[JobKind.VERIFY])
    assert [job.id for job in verified] == [ids[3], ids[1]]
    assert catalog.jobs.list(statuses=[JobStatus.RUNNING, JobStatus.FAILED]) == ([], 0)
    assert catalog.jobs.list(limit=0)[1] == 7


def test_the_oldest_job_is_claimed_first(catalog: CatalogDatabase, clock: SimClock) -> None:
    first, second = add(catalog, JobKind.VERIFY), add(catalog, JobKind.VERIFY)
    clock.advance(5)
    claimed = claim(catalog)
    assert (claimed.owner, claimed.generation) == ("me", 1)
    assert claimed.job == replace(
        first,
        status=JobStatus.RUNNING,
        started_at=clock.now(),
        progress=JobProgress(changed_at=clock.now()),
    )
    assert claim(catalog).job.id == second.id
    assert catalog.jobs.claim("me", "app", lease_s=30) is None
    assert catalog.jobs.claim("me", "other", lease_s=30) is None


def test_jobs_that_write_wait_for_each_other(catalog: CatalogDatabase) -> None:
    """One of a plan at a time; those that only read, and those of other plans, do not wait."""
    add(catalog, JobKind.BACKUP)
    cleanup, verify = add(catalog, JobKind.CLEANUP), add(catalog, JobKind.VERIFY)
    other = add(catalog, JobKind.CLEANUP, plan="other")
    backup_claim = claim(catalog)
    assert claim(catalog).job.id == verify.id
    assert catalog.jobs.claim("me", "app", lease_s=30) is None
    taken = catalog.jobs.claim("me", "other", lease_s=30)
    assert taken is not None
    assert taken.job.id == other.id
    catalog.jobs.finish(backup_claim, status=JobStatus.COMPLETED)
    assert claim(catalog).job.id == cleanup.id


def test_progress_never_runs_backwards(catalog: CatalogDatabase, clock: SimClock) -> None:
    """And 100 is for a job that is completed."""
    job = add(catalog)
    held = claim(catalog)
    step = JobProgress(
        percent=40,
        current_step="Reading",
        total_tables=7,
        completed_tables=3,
        done_bytes=1 << 40,
        total_bytes=1 << 41,
    )
    clock.advance(1)
    catalog.jobs.report(held, progress=step)
    assert catalog.jobs.get(job.id).progress == replace(step, changed_at=clock.now())
    moved_at = clock.now()
    clock.advance(1)
    catalog.jobs.report(held, progress=replace(step, percent=10))
    assert catalog.jobs.get(job.id).progress == replace(step, changed_at=moved_at)
    catalog.jobs.report(held, progress=replace(step, percent=100))
    assert catalog.jobs.get(job.id).progress.percent == 99
    assert catalog.jobs.finish(held, status=JobStatus.COMPLETED).progress.percent == 100


def test_a_restore_passes_through_its_states(catalog: CatalogDatabase) -> None:
    job = add(catalog, JobKind.RESTORE)
    held = claim(catalog)
    for status in (JobStatus.VALIDATING, JobStatus.RESTORING):
        catalog.jobs.report(held, status=status, backup_id="backup_1")
        assert catalog.jobs.get(job.id).status is status
    done = catalog.jobs.finish(
        held,
        status=JobStatus.COMPLETED,
        items_restored={"users": 3},
        result={"safety_backup_id": "backup_2"},
        warnings=["schema"],
    )
    assert done == catalog.jobs.get(job.id)
    assert (done.backup_id, done.items_restored, done.warnings) == (
        "backup_1",
        {"users": 3},
        ("schema",),
    )
    assert done.result == {"safety_backup_id": "backup_2"}
    assert catalog.jobs.list(backup_id="backup_1") == ([done], 1)


def test_a_failure_says_why(catalog: CatalogDatabase) -> None:
    add(catalog)
    error = DatabaseLocked("app.db is locked", hint="Wait.")
    done = catalog.jobs.finish(claim(catalog), status=JobStatus.FAILED, error=error)
    assert (done.error_code, done.error_message, done.error_hint, done.progress.percent) == (
        "database-locked",
        "app.db is locked",
        "Wait.",
        0,
    )


def test_every_change_has_its_event(catalog: CatalogDatabase, clock: SimClock) -> None:
    """Numbers rise; one can go on from any; progress is forgotten when the job has ended."""
    job = add(catalog)
    held = claim(catalog)
    catalog.jobs.report(held, progress=JobProgress(percent=5), warnings=["one"])
    catalog.jobs.report(held, progress=JobProgress(percent=9), warnings=["one", "two"])
    events = catalog.jobs.events(job.id)
    assert kinds(events) == ["status", "status", "warning", "progress", "warning", "progress"]
    assert [event.number for event in events] == sorted({event.number for event in events})
    assert events[0].data["status"] == "pending"
    assert events[0].data["created_at"] == "2024-01-02T03:04:05Z"
    assert events[2].data == {"warning": "one"}
    assert events[3].data["progress"]["percent"] == 5
    catalog.jobs.mark_stalled(held, True)
    catalog.jobs.mark_stalled(held, True)
    assert catalog.jobs.get(job.id).stalled
    catalog.jobs.request_cancel(job.id)
    catalog.jobs.finish(held, status=JobStatus.CANCELLED, warnings=["two", "three"])
    later = catalog.jobs.events(job.id, after=events[-1].number)
    assert kinds(later) == ["status", "status", "warning", "finished"]
    assert later[-1].data["warnings"] == ["one", "two", "three"]
    assert "progress" not in kinds(catalog.jobs.events(job.id))
    assert kinds(catalog.jobs.events(job.id, limit=1)) == ["status"]


def test_progress_ends_a_stall(catalog: CatalogDatabase) -> None:
    job = add(catalog)
    held = claim(catalog)
    catalog.jobs.mark_stalled(held, True)
    catalog.jobs.report(held, progress=JobProgress(done_bytes=1))
    assert not catalog.jobs.get(job.id).stalled


def test_a_job_that_waits_is_cancelled_at_once(catalog: CatalogDatabase) -> None:
    job = add(catalog)
    cancelled = catalog.jobs.request_cancel(job.id)
    assert (cancelled.status, cancelled.error_code) == (JobStatus.CANCELLED, "cancelled")
    assert catalog.jobs.claim("me", "app", lease_s=30) is None
    with pytest.raises(JobFinished, match="cancelled already"):
        catalog.jobs.request_cancel(job.id)
    with pytest.raises(JobNotFound):
        catalog.jobs.request_cancel("nonsense")


def test_whoever_does_a_job_is_asked_to_stop(catalog: CatalogDatabase, another: Opener) -> None:
    """The wish is seen with the next renewal, in whatever process."""
    job = add(catalog)
    held = claim(catalog)
    assert catalog.jobs.renew(held, lease_s=30) is False
    assert another().jobs.request_cancel(job.id).status is JobStatus.RUNNING
    assert catalog.jobs.renew(held, lease_s=30) is True


def refuse_all(catalog: CatalogDatabase, held: Claim) -> None:
    """Try everything that a claim allows; nothing is."""
    for attempt in (
        lambda: catalog.jobs.renew(held, lease_s=30),
        lambda: catalog.jobs.report(held, progress=JobProgress(percent=77)),
        lambda: catalog.jobs.report(held, backup_id="backup_9"),
        lambda: catalog.jobs.mark_stalled(held, True),
        lambda: catalog.jobs.finish(held, status=JobStatus.COMPLETED, backup_id="backup_9"),
    ):
        before = catalog.jobs.get(held.job.id), catalog.jobs.events(held.job.id)
        with pytest.raises(LeaseLost, match=f"Job {held.job.id} is not me's any more"):
            attempt()
        assert (catalog.jobs.get(held.job.id), catalog.jobs.events(held.job.id)) == before


def test_a_job_whose_lease_ended_is_failed(catalog: CatalogDatabase, clock: SimClock) -> None:
    """R45: not a moment before; then whoever had it can write nothing of it any more."""
    job = add(catalog)
    held = claim(catalog, lease_s=30)
    clock.advance(20)
    catalog.jobs.renew(held, lease_s=30)
    clock.advance(29.999)
    assert catalog.jobs.fail_abandoned("app") == []
    clock.advance(0.001)
    assert catalog.jobs.fail_abandoned("other") == []
    (failed,) = catalog.jobs.fail_abandoned("app")
    assert failed == catalog.jobs.get(job.id)
    assert (failed.status, failed.error_code) == (JobStatus.FAILED, "job-interrupted")
    assert failed.completed_at == clock.now()
    assert kinds(catalog.jobs.events(job.id))[-1] == "finished"
    refuse_all(catalog, held)
    assert catalog.jobs.fail_abandoned("app") == []


def test_a_job_that_has_ended_is_changed_no_more(catalog: CatalogDatabase) -> None:
    """Not even by who ended it."""
    add(catalog)
    held = claim(catalog)
    catalog.jobs.finish(held, status=JobStatus.COMPLETED)
    refuse_all(catalog, held)


def test_a_late_owner_keeps_what_nobody_took(catalog: CatalogDatabase, clock: SimClock) -> None:
    """R43: a process that was stopped for long goes on, if its job was not given up."""
    add(catalog)
    held = claim(catalog, lease_s=30)
    clock.advance(3600)
    assert catalog.jobs.renew(held, lease_s=30) is False
    assert catalog.jobs.fail_abandoned("app") == []


def test_a_dead_writer_does_not_keep_others_waiting(
    catalog: CatalogDatabase, clock: SimClock
) -> None:
    """R45: when its lease has ended another job that writes is claimed, and it is fenced off."""
    dead = add(catalog)
    add(catalog)
    held = claim(catalog, lease_s=30)
    clock.advance(29)
    assert catalog.jobs.claim("other", "app", lease_s=30) is None
    clock.advance(1)
    second = claim(catalog, "other")
    refuse_all(catalog, held)
    assert [job.id for job in catalog.jobs.fail_abandoned("app")] == [dead.id]
    assert catalog.jobs.renew(second, lease_s=30) is False


def test_a_clock_set_forward_ends_no_lease(catalog: CatalogDatabase, clock: SimClock) -> None:
    """R43: whoever is alive has time to renew; who is not is found a minute later."""
    add(catalog)
    held = claim(catalog, lease_s=30)
    clock.set_wall(clock.now() + timedelta(days=365))
    assert catalog.jobs.fail_abandoned("app") == []
    clock.advance(40)
    assert catalog.jobs.fail_abandoned("app") == []
    catalog.jobs.renew(held, lease_s=30)
    clock.advance(29)
    assert catalog.jobs.fail_abandoned("app") == []
    clock.advance(1)
    assert [job.id for job in catalog.jobs.fail_abandoned("app")] == [held.job.id]


def test_a_clock_set_back_makes_no_lease_endless(catalog: CatalogDatabase, clock: SimClock) -> None:
    """R43: a job whose process died before is found all the same."""
    add(catalog)
    held = claim(catalog, lease_s=30)
    clock.set_wall(clock.now() - timedelta(days=365))
    assert catalog.jobs.fail_abandoned("app") == []
    clock.advance(30)
    assert [job.id for job in catalog.jobs.fail_abandoned("app")] == [held.job.id]


def test_a_second_writer_is_refused_by_the_table_itself(catalog: CatalogDatabase) -> None:
    """Whatever the code may do wrong, two jobs of a plan cannot write at once."""
    first, second = add(catalog), add(catalog)
    let_write(catalog, first)
    with pytest.raises(CatalogError):
        let_write(catalog, second)


def let_write(catalog: CatalogDatabase, job: Job) -> None:
    with catalog.writing() as session:
        row = session.get(JobRow, job.id)
        assert row is not None
        row.slot = "app"


def test_a_rebuilt_job_is_added_once(catalog: CatalogDatabase) -> None:
    """Neither twice, nor beside the job that made the backup."""
    add(catalog)
    made = catalog.jobs.finish(claim(catalog), status=JobStatus.COMPLETED, backup_id="backup_1")
    rebuilt = replace(made, id="11111111-1111-7111-8111-111111111111")
    assert catalog.jobs.add_finished(rebuilt) is False
    other = replace(rebuilt, backup_id="backup_2")
    assert catalog.jobs.add_finished(other) is True
    assert catalog.jobs.add_finished(other) is False
    assert catalog.jobs.get(other.id) == other


def test_jobs_are_counted_by_status(catalog: CatalogDatabase) -> None:
    for _ in range(3):
        add(catalog)
    claim(catalog)
    add(catalog, plan="other")
    counts = dict.fromkeys(JobStatus, 0) | {JobStatus.PENDING: 2, JobStatus.RUNNING: 1}
    assert catalog.jobs.counts("app") == counts


def test_the_job_of_a_backup_that_is_stored_stays(
    catalog: CatalogDatabase, clock: SimClock
) -> None:
    """However old: clients may know the backup by it."""
    made = {}
    for backup_id in ("backup_20260101_000000", "backup_20260102_000000"):
        add(catalog, JobKind.BACKUP)
        held = claim(catalog)
        catalog.jobs.finish(held, status=JobStatus.COMPLETED, backup_id=backup_id)
        made[backup_id] = held.job.id
    clock.advance(10)
    first, second = made
    assert catalog.jobs.backups_made("app", before=clock.now()) == {first, second}
    assert catalog.jobs.remove_finished("app", before=clock.now(), backups={second}) == 1
    assert [each.id for each in catalog.jobs.list(plan="app")[0]] == [made[second]]


def test_old_jobs_are_removed(catalog: CatalogDatabase, clock: SimClock) -> None:
    """Only those that have ended; and the newest time of the schedule is remembered."""
    kept = [add(catalog, JobKind.VERIFY).id]
    for minute in range(3):
        add(catalog, nominal_at=clock.now() + timedelta(minutes=minute))
    for _ in range(4):
        held = claim(catalog)
        if held.job.id not in kept:
            catalog.jobs.finish(held, status=JobStatus.COMPLETED)
    newest_at = catalog.jobs.last_nominal_at("app")
    clock.advance(10)
    assert catalog.jobs.remove_finished("app", before=clock.now()) == 2
    assert catalog.jobs.list()[1] == 2
    assert catalog.jobs.last_nominal_at("app") == newest_at


@pytest.mark.parametrize("text", ["\ud800", "\x00"])
def test_text_that_cannot_be_kept_is_the_askers_fault(catalog: CatalogDatabase, text: str) -> None:
    """It is refused, or kept as it is; never an error of the server."""
    try:
        job = add(catalog, actor=text, params={"description": text})
    except RequestInvalid as error:
        assert "cannot be kept" in error.message  # noqa: PT017 - one of two answers
    else:
        assert catalog.jobs.get(job.id).actor == text
    try:
        assert catalog.jobs.list(backup_id=text) == ([], 0)
    except RequestInvalid as error:
        assert error.http_status == 422  # noqa: PT017 - one of two answers


@pytest.mark.parametrize("kind", [JobKind.RESTORE, JobKind.RESTORE_ARCHIVE, JobKind.UNDO])
def test_a_restore_goes_before_all_that_waits(catalog: CatalogDatabase, kind: JobKind) -> None:
    """Somebody waits for their data; then comes the schedule, then the rest as it was asked."""
    first, second = add(catalog), add(catalog, JobKind.VERIFY)
    scheduled = add(catalog, trigger=Trigger.SCHEDULED_CRON)
    urgent = add(catalog, kind)
    claimed = claim(catalog)
    assert claimed.job.id == urgent.id
    assert claim(catalog).job.id == second.id  # what only reads goes on beside it
    catalog.jobs.finish(claimed, status=JobStatus.COMPLETED)
    claimed = claim(catalog)
    assert claimed.job.id == scheduled.id
    catalog.jobs.finish(claimed, status=JobStatus.COMPLETED)
    assert claim(catalog).job.id == first.id


def test_a_place_may_be_kept_for_what_writes_or_is_urgent(catalog: CatalogDatabase) -> None:
    add(catalog, JobKind.VERIFY)
    assert catalog.jobs.claim("me", "app", lease_s=30, pressing_only=True) is None
    copy = add(catalog, JobKind.COPY)
    claimed = catalog.jobs.claim("me", "app", lease_s=30, pressing_only=True)
    assert claimed is not None
    assert claimed.job.id == copy.id
    writing = add(catalog)
    claimed = catalog.jobs.claim("me", "app", lease_s=30, pressing_only=True)
    assert claimed is not None
    assert claimed.job.id == writing.id
    add(catalog)
    assert catalog.jobs.claim("me", "app", lease_s=30, pressing_only=True) is None


def test_a_run_of_the_schedule_does_not_wait_behind_what_people_asked_for(
    catalog: CatalogDatabase,
) -> None:
    """However many jobs somebody asks for, the plan is backed up in time."""
    for trigger in (Trigger.MANUAL_API, Trigger.SCHEDULED_CRON):
        catalog.jobs.add(plan="app", kind=JobKind.BACKUP, trigger=trigger)
    claim = catalog.jobs.claim("one", "app", lease_s=60)
    assert claim is not None
    assert claim.job.trigger is Trigger.SCHEDULED_CRON
