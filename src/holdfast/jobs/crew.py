"""The threads that do an engine's work: they claim, keep alive, keep house and keep time."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from holdfast.catalog import CatalogDatabase, Claim
from holdfast.errors import (
    BackupBusy,
    HoldfastError,
    JobInterrupted,
    LeaseLost,
    RepositoryNotFound,
)
from holdfast.jobs.herald import Herald
from holdfast.jobs.options import JobOptions, Order
from holdfast.jobs.protocol import Outcome
from holdfast.jobs.running import RunningJob, Stop
from holdfast.jobs.settling import hint_after, settled
from holdfast.jobs.telling import is_tried_again
from holdfast.jobs.timing import Timing
from holdfast.jobs.trouble import Trouble
from holdfast.jobs.work import Work, start_work
from holdfast.models.job import Job, JobStatus
from holdfast.models.schedule import BackupConfig
from holdfast.operations.journal import Recovery
from holdfast.service import BackupService

_FORGET_EVERY_S = 3600.0
_JOIN_S = 5.0

_log = logging.getLogger("holdfast.jobs")


class Crew:
    """The threads of one engine between `start` and `stop`.

    Args:
        config: The configuration of the schedule that is in force in this process.
        changed: Called when a job here has begun or ended.
    """

    def __init__(
        self,
        service: BackupService,
        database: CatalogDatabase,
        options: JobOptions,
        *,
        config: Callable[[], BackupConfig],
        changed: Callable[[], None],
    ) -> None:
        self._service = service
        self._plan = service.plan.name
        self._options = options
        self._jobs = database.jobs
        self._changed = changed
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._running: dict[str, RunningJob] = {}
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._schedule_wake = threading.Event()
        self._timing = Timing(database, self._plan, config)
        self._herald = Herald(service, database, options, self._owner)
        self._deliveries = database.deliveries
        self._forgot_at_s = float("-inf")
        # One of a process that died before this start, a job's or a command line's.
        self._unsettled = True
        self._recovery: Recovery | None = None
        self._threads = [
            self._thread(self._dispatch, "dispatch"),
            self._thread(self._keep_alive, "heartbeat"),
            self._thread(self._keep_house, "housekeeping"),
            self._thread(self._keep_repository, "repository"),
        ]
        self._timekeeper: threading.Thread | None = None

    @property
    def ours(self) -> bool:
        """Whether this process made it, rather than the one it was forked from."""
        return self._pid == os.getpid()

    @property
    def alive(self) -> bool:
        """Whether its threads run."""
        return self.ours and not self._stopping.is_set() and self._threads[0].is_alive()

    def start(self) -> None:
        """Begin to work."""
        for each in self._threads:
            each.start()
        self._herald.start()

    def keep_schedule(self) -> None:
        """Add the jobs that the schedule says, from now on (idempotent)."""
        if self._timekeeper is None:
            self._timekeeper = self._thread(self._keep_time, "schedule")
            self._timekeeper.start()
            self._herald.watch()

    def look(self) -> None:
        """Look at once whether there is something to do."""
        self._wake.set()

    def look_at_schedule(self) -> None:
        """Look at once what the schedule says."""
        self._schedule_wake.set()

    def cancel(self, job_id: str) -> None:
        """Stop a job if it runs here."""
        with self._lock:
            running = self._running.get(job_id)
        if running is not None:
            running.stop(Stop.ASKED)

    def stop(self, timeout_s: float) -> None:
        """Stop at safe points, then at once."""
        self._stopping.set()
        self._wake.set()
        self._schedule_wake.set()
        with self._lock:
            running = list(self._running.values())
        for each in running:
            each.stop(Stop.ENGINE)
        deadline_s = time.monotonic() + timeout_s
        for each in running:
            each.thread.join(max(0.0, deadline_s - time.monotonic()))
        for each in running:
            each.end_now()
        for thread in (*(job.thread for job in running), *self._threads, self._timekeeper):
            if thread is not None and thread is not threading.current_thread():
                thread.join(_JOIN_S)
        self._herald.stop()

    # The threads

    def _thread(self, work: Callable[[], None], name: str) -> threading.Thread:
        return threading.Thread(target=work, name=f"holdfast-{name}", daemon=True)

    def _dispatch(self) -> None:
        """Claim what waits, one after the other."""
        trouble = Trouble("Jobs cannot be claimed")
        while not self._stopping.is_set():
            self._wake.clear()
            with trouble:
                while self._has_room() and self._claim_one():
                    pass
            self._wake.wait(self._options.poll_s)

    def _has_room(self) -> bool:
        with self._lock:
            return len(self._running) < self._options.parallel and not self._stopping.is_set()

    def _is_kept_free(self) -> bool:
        """Whether the last place is kept for what writes or is urgent, such as a restore."""
        with self._lock:
            reading = [each for each in self._running.values() if not each.claim.job.kind.writes]
        return len(reading) >= max(1, self._options.parallel - 1)

    def _claim_one(self) -> bool:
        claim = self._jobs.claim(
            self._owner,
            self._plan,
            lease_s=self._options.lease_s,
            pressing_only=self._is_kept_free(),
        )
        if claim is None:
            return False
        running = RunningJob(
            self._jobs,
            claim,
            self._options,
            begin=self._begin,
            gave_up=self._recover,
            done=self._finished,
        )
        with self._lock:
            self._running[running.id] = running
        if self._stopping.is_set():
            running.stop(Stop.ENGINE)
        running.thread.start()
        self._changed()
        return True

    def _begin(self, order: Order) -> Work:
        return start_work(self._service, order, self._options)

    def _finished(self, running: RunningJob, job: Job | None) -> None:
        with self._lock:
            self._running.pop(running.id, None)
        if job is not None:
            self._try_again(job)
        self._changed()
        self._herald.look()
        self._wake.set()

    def _keep_alive(self) -> None:
        """Renew what runs, and stop what was cancelled; nothing else, for nothing may delay it."""
        trouble = Trouble("Jobs cannot be renewed")
        while not self._stopping.wait(self._options.heartbeat_s):
            for each in self._still_running():
                with trouble:
                    self._renew(each)
        # Until the last has stopped, it is still ours.
        while running := self._still_running():
            for each in running:
                with trouble:
                    self._renew(each)
            running[0].thread.join(min(self._options.heartbeat_s, 1.0))

    def _keep_house(self) -> None:
        """Look after the jobs that others left; in the catalog only, as a medium may hang."""
        self._see_to("Jobs that others left cannot be looked after", self._fail_abandoned)

    def _keep_repository(self) -> None:
        """Look after the restores that others left, and after what is old."""
        self._see_to(
            "What others left cannot be looked after",
            self._settle_abandoned,
            self._settle_restore,
            self._forget_old,
        )

    def _see_to(self, what: str, *duties: Callable[[], None]) -> None:
        trouble = Trouble(what)
        while not self._stopping.is_set():
            for duty in duties:
                with trouble:
                    duty()
            self._stopping.wait(self._options.heartbeat_s)

    def _still_running(self) -> list[RunningJob]:
        with self._lock:
            return list(self._running.values())

    def _renew(self, running: RunningJob) -> None:
        try:
            if self._jobs.renew(running.claim, lease_s=self._options.lease_s):
                running.stop(Stop.ASKED)
        except LeaseLost:
            if running.id in self._running:
                running.stop(Stop.LOST)

    def _settle_abandoned(self) -> None:
        for claim in self._jobs.take_abandoned(
            self._owner, self._plan, lease_s=self._options.lease_s
        ):
            self._settle_taken(claim)
            self._changed()
            self._herald.look()

    def _fail_abandoned(self) -> None:
        for job in self._jobs.fail_abandoned(self._plan):
            _log.warning("Job %s was abandoned by its process, and has failed", job.id)
            self._try_again(job)
            self._changed()
            self._herald.look()

    def _settle_taken(self, claim: Claim) -> None:
        """End a restore that its process abandoned, as what recovery makes of the data says."""
        job = claim.job
        failed = Outcome(
            error=JobInterrupted(
                "The process that did this job ended before the work was done",
                hint=hint_after(job),
            )
        )
        outcome = settled(job, failed, self._recover(job))
        status = JobStatus.FAILED if outcome.error else JobStatus.COMPLETED
        _log.warning("Job %s was abandoned by its process, and has %s", job.id, status.value)
        self._jobs.finish(
            claim,
            status=status,
            backup_id=outcome.backup_id,
            result=outcome.result,
            warnings=outcome.warnings,
            error=outcome.error,
        )

    def _recover(self, job: Job) -> Recovery | None:
        """Make data that were being replaced wholly old or wholly new; return what was done."""
        if not job.kind.restores:
            return None
        self._unsettled = True
        # Whatever settled it came before: an interrupted restore does not wait for a lease to end.
        return self._settle_now() or self._recovery

    def _settle_restore(self) -> None:
        """Settle a restore that was interrupted, once nobody is at work on the plan."""
        if self._unsettled and not self._still_running():
            self._settle_now()

    def _settle_now(self) -> Recovery | None:
        recovery = None
        try:
            if self._service.restore_interrupted():
                recovery = self._service.recover()
        except BackupBusy:
            return None  # it is not over: its process is about to end, or it is a command line's
        except HoldfastError as error:
            _log.warning("An interrupted restore could not be settled: %s", error.message)
        else:
            if recovery is not None:
                self._recovery = recovery
                _log.warning("%s", recovery.sentence())
        self._unsettled = False
        return recovery

    def _try_again(self, job: Job) -> None:
        """Add a run of the schedule anew that was interrupted; anything else is for people."""
        if is_tried_again(job):
            params = dict(job.params)
            if job.nominal_at is not None:
                # Had it come to its end all the same, its backup is there, and is enough.
                params["due_at"] = job.nominal_at.isoformat()
            self._jobs.add(
                plan=job.plan,
                kind=job.kind,
                trigger=job.trigger,
                params=params,
                attempt=job.attempt + 1,
                retry_of=job.id,
            )

    def _forget_old(self) -> None:
        now_s = time.monotonic()
        if not self._options.keep_jobs_days or now_s - self._forgot_at_s < _FORGET_EVERY_S:
            return
        self._forgot_at_s = now_s
        before = self._service.clock.now() - timedelta(days=self._options.keep_jobs_days)
        made = self._jobs.backups_made(self._plan, before=before)
        self._jobs.remove_finished(self._plan, before=before, backups=self._still_there(made))
        self._deliveries.expire(self._plan, before=before)

    def _still_there(self, made: frozenset[str]) -> frozenset[str]:
        """Return which of these backups are stored; all, if that cannot be found out now."""
        try:
            return (
                made & {each.backup_id for each in self._service.list_backups(limit=None)}
                if made
                else made
            )
        except RepositoryNotFound:
            return frozenset()
        except HoldfastError as error:
            _log.warning("Jobs of old backups are kept: %s", error.message)
            return made

    def _keep_time(self) -> None:
        """Add what the schedule says when it is due."""
        trouble = Trouble("The schedule cannot be kept")
        clock = self._service.clock
        while not self._stopping.is_set():
            self._schedule_wake.clear()
            wait_s = self._options.schedule_poll_s
            with trouble:
                job, next_at = self._timing.look()
                if job is not None:
                    self._wake.set()
                if next_at is not None:
                    left_s = (next_at - clock.now()).total_seconds()
                    wait_s = min(max(left_s, 0.0), wait_s)
            if not self._stopping.is_set():
                clock.wait(self._schedule_wake, wait_s)
