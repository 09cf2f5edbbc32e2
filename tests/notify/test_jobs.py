"""Jobs are told of: what, once, and without a delay for the work (R45, R47, R56)."""

from __future__ import annotations

import logging
import time
from collections.abc import Hashable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from holdfast.catalog import CatalogDatabase, Schedule
from holdfast.config import PasswordSource
from holdfast.errors import JobInterrupted
from holdfast.jobs import JobEngine, herald
from holdfast.jobs.notifications import ChannelState
from holdfast.models.backup import Trigger
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.notify import Channel
from holdfast.notify import webhook as by_webhook
from tests.notify.conftest import CANARY, OPTIONS, MakeEngine
from tests.operations.application import Application
from tests.rig.daemon import wait_until
from tests.rig.receivers import Webhook, webhook
from tests.rig.sim_clock import SimClock

LONG_S = 120.0
NEVER_S = 600.0


def run(engine: JobEngine, kind: JobKind = JobKind.BACKUP, **params: object) -> Job:
    """Do a job and return how it ended."""
    return engine.wait(engine.submit(kind, params).id, LONG_S)


def fail(engine: JobEngine, application: Application) -> Job:
    """Have a backup fail: its database is gone for that time."""
    away = application.database.with_suffix(".away")
    application.database.rename(away)
    job = run(engine)
    away.rename(application.database)
    assert job.status is JobStatus.FAILED
    return job


def state(engine: JobEngine) -> ChannelState:
    [found] = engine.notifications.states()
    return found


def wait_for_record(engine: JobEngine) -> None:
    """Wait until what came of the last message is in the catalog."""
    wait_until(lambda: state(engine).last is not None, "a record of the delivery")


def test_a_failure_then_the_recovery_then_a_success_are_told(
    make_engine: MakeEngine, application: Application, hook: Webhook
) -> None:
    engine = make_engine()
    failed = fail(engine, application)
    [document] = hook.wait_for(1)
    assert document["event"] == "failed"
    assert document["job"] == {
        "id": failed.id,
        "kind": "backup",
        "status": "failed",
        "trigger": "manual_api",
    }
    assert document["message"] == f"Backup failed: {failed.error_message}"
    assert document["hint"] == failed.error_hint
    recovered = run(engine)
    hook.wait_for(2)
    succeeded = run(engine)
    documents = hook.wait_for(3)
    assert [each["event"] for each in documents] == ["failed", "recovered", "succeeded"]
    assert [each["backup_id"] for each in documents[1:]] == [
        recovered.backup_id,
        succeeded.backup_id,
    ]
    wait_until(
        lambda: bool((last := state(engine).last) and last.event == "succeeded"), "the record"
    )
    last = state(engine).last
    assert last is not None
    assert (last.delivered, last.error) == (True, None)


def test_backups_of_parts_hide_no_failed_whole(
    make_engine: MakeEngine,
    application: Application,
    hook: Webhook,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many there were since: the whole plan recovers when it is backed up again."""
    monkeypatch.setattr(herald, "_PAGE", 2)
    engine = make_engine(("failed", "recovered"))
    failed = fail(engine, application)
    for _ in range(4):
        run(engine, sources=["thumbnails"])
    whole = run(engine)
    documents = hook.wait_for(2)
    assert [each["event"] for each in documents] == ["failed", "recovered"]
    assert [each["job"]["id"] for each in documents] == [failed.id, whole.id]


def test_a_channel_is_told_what_it_wants(
    make_engine: MakeEngine, application: Application, hook: Webhook
) -> None:
    """A recovery is a success for whoever asked for those only; a failure is not told there."""
    engine = make_engine(("succeeded",))
    fail(engine, application)
    run(engine)
    [document] = hook.wait_for(1)
    assert document["event"] == "succeeded"


def test_a_verification_that_finds_damage_is_a_failure(
    make_engine: MakeEngine, application: Application, hook: Webhook
) -> None:
    engine = make_engine(("failed", "recovered"))
    backup_id = run(engine).backup_id
    for pack in (application.repository / "data").rglob("*"):
        if pack.is_file():
            pack.chmod(0o600)
            pack.write_bytes(b"damaged" + pack.read_bytes()[7:])
    job = run(engine, JobKind.VERIFY, backup_id=backup_id)
    assert job.status is JobStatus.FAILED
    [document] = hook.wait_for(1)
    assert document["message"].startswith("Verify failed: ")
    assert document["job"]["kind"] == "verify"


def test_a_partial_backup_is_a_failure(
    make_engine: MakeEngine, application: Application, hook: Webhook
) -> None:
    """R48: what is missing in it is named."""
    gone = application.root / "not-there"
    engine = make_engine(
        directories={"thumbnails": application.thumbnails, "more": gone},
    )
    job = run(engine)
    assert job.status is JobStatus.COMPLETED
    [document] = hook.wait_for(1)
    assert document["event"] == "failed"
    assert "is partial" in document["message"]


def test_a_webhook_that_never_answers_delays_no_job(
    make_engine: MakeEngine, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R45: jobs come to their ends, and another channel is told meanwhile."""
    monkeypatch.setattr(by_webhook, "TIMEOUT_S", NEVER_S)
    hook.open.clear()
    with webhook() as other:
        stuck = Channel("stuck", hook.url("/stuck"), ["succeeded"])
        free = Channel("free", other.url(), ["succeeded"])
        engine = make_engine(notifications=[stuck, free])
        assert run(engine).status is JobStatus.COMPLETED
        hook.wait_for(1)  # it is being told, and hangs
        assert run(engine).status is JobStatus.COMPLETED
        assert run(engine).status is JobStatus.COMPLETED
        other.wait_for(3)
        assert len(hook.requests) == 1
        hook.open.set()
        assert [each["id"] for each in hook.wait_for(3)] == [each["id"] for each in other.documents]


def test_what_is_stuck_does_not_keep_the_engine_from_its_end(
    make_engine: MakeEngine, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(herald, "_LAST_WORDS_S", 0.2)
    monkeypatch.setattr(by_webhook, "TIMEOUT_S", NEVER_S)
    hook.open.clear()
    engine = make_engine()
    run(engine)
    hook.wait_for(1)
    begun_s = time.monotonic()
    engine.stop()
    assert time.monotonic() - begun_s < NEVER_S / 2
    assert not engine.working


def test_what_could_not_be_told_is_told_later(
    make_engine: MakeEngine, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same id; and that it could not is to be seen meanwhile."""
    monkeypatch.setattr(herald, "AGAIN_AFTER", (timedelta(0), timedelta(0)))
    hook.status = 503
    engine = make_engine()
    run(engine)
    hook.wait_for(3)
    wait_until(
        lambda: bool((last := state(engine).last) and last.tries == 3), "the record of three tries"
    )
    last = state(engine).last
    assert last is not None
    assert (last.delivered, last.event) == (False, "succeeded")
    assert last.error is not None
    assert last.error.startswith("The receiver answered 503. ")
    assert len({each["id"] for each in hook.documents}) == 1
    hook.status = 204
    run(engine)
    assert len({each["id"] for each in hook.wait_for(4)}) == 2


def test_what_will_not_go_well_is_told_once(
    make_engine: MakeEngine, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(herald, "AGAIN_AFTER", (timedelta(0), timedelta(0)))
    hook.status = 404
    engine = make_engine()
    run(engine)
    wait_for_record(engine)
    run(engine)
    hook.wait_for(2)
    assert [each["backup_id"] for each in hook.documents] == [
        job.backup_id for job in engine.list()[0][::-1]
    ]


def test_several_engines_tell_once(
    make_engine: MakeEngine, application: Application, hook: Webhook
) -> None:
    """Each finds the same to tell; one of them tells it."""
    engines = [make_engine() for _ in range(3)]
    for each in engines:
        each.start(keep_schedule=True)
    ids = [run(engines[number % 3]).id for number in range(5)]
    hook.wait_for(5)
    for each in engines:
        each.stop()
    assert [each["job"]["id"] for each in hook.documents] == ids


def test_what_ended_while_nobody_told_is_told_at_the_next_start(
    make_engine: MakeEngine, application: Application, hook: Webhook
) -> None:
    """But not what was before there was a channel."""
    silent = make_engine(notifications=[])
    run(silent)
    silent.stop()
    engine = make_engine()
    engine.start(keep_schedule=False)
    first = run(engine)
    hook.wait_for(1)
    engine.stop()
    silent = make_engine(notifications=[])
    second = fail(silent, application)
    silent.stop()
    make_engine().start(keep_schedule=False)
    documents = hook.wait_for(2)
    assert [each["job"]["id"] for each in documents] == [first.id, second.id]


def test_what_ended_hours_ago_is_told_and_what_ended_days_ago_is_not(
    make_engine: MakeEngine, hook: Webhook
) -> None:
    """Who comes back after a night wants to know; after a holiday, `overdue` says it."""
    engine = make_engine()
    now = datetime.now(UTC)
    ended = {}
    for hours in (50, 3):
        clock = SimClock(now - timedelta(hours=hours))
        with closing(CatalogDatabase.beside(engine.service.state_dir, clock=clock)) as then:
            then.facts.add("notify.since.default.ops", clock.now().isoformat())
            ended[hours] = end_as(then, trigger=Trigger.MANUAL_API).id
    engine.start(keep_schedule=False)
    hook.wait_for(1)
    last = run(engine).id
    assert [each["job"]["id"] for each in hook.wait_for(2)] == [ended[3], last]


def end_as(database: CatalogDatabase, *, trigger: Trigger, attempt: int = 1) -> Job:
    """Add a job, and have it end as one whose process died."""
    jobs = database.jobs
    added = jobs.add(plan="default", kind=JobKind.BACKUP, trigger=trigger, attempt=attempt)
    claim = jobs.claim("nobody", "default", lease_s=60)
    assert claim is not None
    assert claim.job.id == added.id
    return jobs.finish(claim, status=JobStatus.FAILED, error=JobInterrupted("It was killed"))


def test_a_run_of_the_schedule_that_is_tried_again_is_not_told_yet(
    make_engine: MakeEngine, hook: Webhook
) -> None:
    """Only when nobody tries it any more; and then the next success is a recovery."""
    begun = make_engine()
    begun.start(keep_schedule=False)
    wait_until(lambda: bool(begun.database.facts.under("notify.since")), "the herald's beginning")
    begun.stop()
    engine = make_engine()
    end_as(engine.database, trigger=Trigger.SCHEDULED_CRON)
    last = end_as(engine.database, trigger=Trigger.SCHEDULED_CRON, attempt=3)
    engine.start(keep_schedule=False)
    hook.wait_for(1)
    run(engine)
    documents = hook.wait_for(2)
    assert [(each["event"], each["job"]["id"] == last.id) for each in documents] == [
        ("failed", True),
        ("recovered", False),
    ]


def test_a_look_is_not_told_of(make_engine: MakeEngine, hook: Webhook) -> None:
    engine = make_engine()
    run(engine)
    run(engine, JobKind.CLEANUP, policy={"keep_last": 1}, dry_run=True)
    run(engine)
    assert [each["job"]["kind"] for each in hook.wait_for(2)] == ["backup", "backup"]


def put_schedule(engine: JobEngine, *, hours_ago: int) -> None:
    """Keep a schedule since so long, with a run in each hour, none of them near."""
    now = datetime.now(UTC)
    clock = SimClock(now - timedelta(hours=hours_ago))
    cron = f"{(now.minute + 30) % 60} * * * *"
    with closing(CatalogDatabase.beside(engine.service.state_dir, clock=clock)) as then:
        wanted = Schedule(plan="default", cron=cron, misfire="skip")
        then.schedules.put(wanted, expected_version=0)


def test_that_backups_are_overdue_is_told_once_and_then_that_there_is_one(
    make_engine: MakeEngine, hook: Webhook
) -> None:
    """R47: by whoever keeps the schedule, and not again after a restart."""
    engine = make_engine(("overdue", "recovered"))
    put_schedule(engine, hours_ago=30)
    engine.start(keep_schedule=True)
    [document] = hook.wait_for(1)
    assert document["event"] == "overdue"
    assert document["message"].startswith("There is no good backup, 30.0 hours after")
    assert document["job"] is None
    engine.stop()
    again = make_engine(("overdue", "recovered"))
    again.start(keep_schedule=True)
    made = run(again)
    documents = hook.wait_for(2)
    assert [each["event"] for each in documents] == ["overdue", "recovered"]
    assert documents[1]["backup_id"] == made.backup_id
    wait_until(lambda: not again.database.facts.under("notify.overdue"), "the end of the alarm")


def test_backups_that_failed_and_grew_old_recover_once(
    make_engine: MakeEngine, application: Application, hook: Webhook
) -> None:
    """The job that recovered and the watch of the age find the same news."""
    engine = make_engine(("overdue", "failed", "recovered"))
    put_schedule(engine, hours_ago=30)
    engine.start(keep_schedule=True)
    hook.wait_for(1)
    fail(engine, application)
    hook.wait_for(2)
    run(engine)
    hook.wait_for(3)
    wait_until(lambda: not engine.database.facts.under("notify.overdue"), "the end of the alarm")
    engine.stop()
    assert sorted(hook.events) == ["failed", "overdue", "recovered"]


def hang(engine: JobEngine, monkeypatch: pytest.MonkeyPatch) -> tuple[Event, Event]:
    """Have whoever looks at the repository wait; return what says so, and what lets them go."""
    look = engine.service.listing_mark
    held, go = Event(), Event()

    def hang() -> Hashable:
        held.set()
        assert go.wait(NEVER_S)
        return look()

    monkeypatch.setattr(engine.service, "listing_mark", hang)
    return held, go


def test_a_medium_that_hangs_silences_nothing(
    make_engine: MakeEngine,
    application: Application,
    hook: Webhook,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R45, R47: what failed is told though nobody can look how old the backups are."""
    engine = make_engine(("failed",))
    put_schedule(engine, hours_ago=1)
    held, go = hang(engine, monkeypatch)
    engine.start(keep_schedule=True)
    assert held.wait(LONG_S)
    failed = fail(engine, application)
    try:
        [document] = hook.wait_for(1)
    finally:
        go.set()
    assert document["job"]["id"] == failed.id


def test_a_job_whose_process_died_is_told_though_the_medium_hangs(
    make_engine: MakeEngine, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R45: nobody has to read the repository to say that nobody is at work on it."""
    engine = make_engine(("failed",))
    added = engine.database.jobs.add(
        plan="default", kind=JobKind.BACKUP, trigger=Trigger.MANUAL_API
    )
    assert engine.database.jobs.claim("nobody", "default", lease_s=0.2) is not None
    held, go = Event(), Event()

    def hang() -> bool:
        held.set()
        assert go.wait(NEVER_S)
        return False

    monkeypatch.setattr(engine.service, "restore_interrupted", hang)
    engine.start(keep_schedule=False)
    try:
        assert held.wait(LONG_S)
        [document] = hook.wait_for(1)
    finally:
        go.set()
    assert document["job"]["id"] == added.id


def test_backups_that_nobody_can_see_are_told_as_overdue(
    make_engine: MakeEngine, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R47: and that nobody can see them, after a while; then that somebody can again."""
    engine = make_engine()
    put_schedule(engine, hours_ago=30)
    then = datetime.now(UTC) - timedelta(hours=30)
    seen = {"at": then.isoformat(), "newest": ["backup_old", then.isoformat()]}
    engine.database.facts.put("notify.seen.default", seen)
    engine.database.close()
    engine = make_engine(("overdue", "recovered"), options=replace(OPTIONS, blind_after_s=0.3))
    held, go = hang(engine, monkeypatch)
    engine.start(keep_schedule=True)
    assert held.wait(LONG_S)
    try:
        blind, overdue = hook.wait_for(2)
    finally:
        go.set()
    assert "the repository could not be read for" in blind["message"]
    assert blind["message"].endswith(": it does not answer")
    assert overdue["message"].startswith("The newest good backup, backup_old, is 30.")
    documents = hook.wait_for(3)
    assert [each["event"] for each in documents] == ["overdue", "overdue", "recovered"]
    assert documents[2]["message"] == "The repository can be read again"


def test_a_channel_that_is_added_later_is_told_that_backups_are_overdue(
    make_engine: MakeEngine, hook: Webhook
) -> None:
    """R47: it still holds; the channels before it are not told again."""
    engine = make_engine(("overdue",))
    put_schedule(engine, hours_ago=30)
    engine.start(keep_schedule=True)
    hook.wait_for(1)
    engine.stop()
    with webhook() as other:
        old = Channel("ops", hook.url(), ["overdue", "succeeded"])
        new = Channel("new", other.url(), ["overdue", "succeeded"])
        again = make_engine(notifications=[old, new])
        again.start(keep_schedule=True)
        assert [each["event"] for each in other.wait_for(1)] == ["overdue"]
        run(again)
        assert [each["event"] for each in hook.wait_for(2)] == ["overdue", "succeeded"]
        again.stop()


def test_who_keeps_no_schedule_looks_after_no_age(make_engine: MakeEngine, hook: Webhook) -> None:
    engine = make_engine(("overdue", "succeeded"))
    put_schedule(engine, hours_ago=30)
    engine.start(keep_schedule=False)
    run(engine)
    assert [each["event"] for each in hook.wait_for(1)] == ["succeeded"]


def test_the_url_of_a_channel_is_told_nowhere(
    make_engine: MakeEngine,
    application: Application,
    hook: Webhook,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R56: neither in logs nor in the catalog, whether it is delivered or not."""
    monkeypatch.setattr(herald, "AGAIN_AFTER", ())
    engine = make_engine()
    with caplog.at_level(logging.DEBUG):
        jobs = [run(engine), fail(engine, application)]
        hook.wait_for(2)
        hook.status = 500
        jobs.append(run(engine))
        wait_until(
            lambda: bool((last := state(engine).last) and last.error), "the record of a failure"
        )
        shown = state(engine)
        engine.stop()
    assert shown.target == f"http://127.0.0.1:{hook.port}"
    kept = [path for path in application.repository.rglob("*") if path.is_file()]
    assert any(path.name == "catalog.db" for path in kept)
    told = repr([jobs, shown, engine.service.notifications, engine.service.recipe]) + caplog.text
    assert CANARY not in told
    assert not [path for path in kept if CANARY.encode() in Path(path).read_bytes()]


def test_a_channel_that_cannot_work_is_said_at_the_start(
    make_engine: MakeEngine, hook: Webhook, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """R47: an alarm that nobody gets is itself to be seen."""
    source = PasswordSource.of_file(tmp_path / "none", "notify.ops.url_file")
    engine = make_engine(notifications=[Channel("ops", source)])
    engine.start(keep_schedule=False)
    wait_until(lambda: "The notification channel ops" in caplog.text, "a line of the log")
    found = state(engine)
    assert (found.kind, found.target, found.last) == (None, "unknown", None)
    assert found.problem is not None
    assert "notify.ops.url_file" in found.problem
