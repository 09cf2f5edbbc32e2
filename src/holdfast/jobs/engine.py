"""The engine: jobs are submitted, done one after the other, watched, cancelled and listed.

Each process that serves a plan has one engine; they share the work through the catalog. A job
is claimed by one of them and held by a lease, which its engine renews; when that process dies
the lease ends, and another engine, or the next start, marks the job as failed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from holdfast.catalog import CatalogDatabase, Schedule
from holdfast.errors import (
    JobFinished,
    JobNotFinished,
    PreconditionFailed,
    TooManyRequests,
)
from holdfast.jobs.crew import Crew
from holdfast.jobs.handlers import require_params
from holdfast.jobs.listing import BackupListing
from holdfast.jobs.notifications import Notifications
from holdfast.jobs.options import JobOptions
from holdfast.jobs.timing import checked, cron_of, schedule_of
from holdfast.models.backup import Trigger
from holdfast.models.job import Job, JobEvent, JobKind, JobStatus
from holdfast.models.schedule import BackupConfig
from holdfast.operations.recipe import policy_to_json
from holdfast.service import BackupService

MOST_WAITING = 100
"""How many jobs of one plan may wait: a client gone mad cannot bury what others ask for."""
MOST_RESTORES_WAITING = 20
"""How many restores may wait beside them, undos too: they find room however much else waits."""
_ROOM_AFTER_S = 30
_WAIT_STEP_S = 0.25
_OF_THE_SCHEDULE = frozenset({"scheduled", "policy", "max_removed_share", "due_at"})
"""What only a run of the schedule may do: by its policy, it removes backups."""

_log = logging.getLogger("holdfast.jobs")


class JobEngine:
    """Does a service's work in the background. Safe to use from any thread.

    Nothing is touched before the first use; `submit` begins to work if `start` did not.

    Args:
        database: The catalog; by default at `catalog_url`, or in a file beside the repository.
    """

    def __init__(
        self,
        service: BackupService,
        *,
        database: CatalogDatabase | None = None,
        catalog_url: str | None = None,
        options: JobOptions | None = None,
    ) -> None:
        self.service = service
        self.plan = service.plan.name
        self.options = options or JobOptions()
        self.backups = BackupListing(service)
        self.notifications = Notifications(self)
        self._given = database
        self._catalog_url = catalog_url
        self._state = threading.RLock()
        self._changed = threading.Condition()
        self._database: CatalogDatabase | None = database
        self._config = BackupConfig(enabled=False)
        self._users = 0
        self._crew: Crew | None = None

    @property
    def database(self) -> CatalogDatabase:
        """The catalog."""
        with self._state:
            if self._database is None:
                clock = self.service.clock
                self._database = (
                    CatalogDatabase(self._catalog_url, clock=clock)
                    if self._catalog_url
                    else CatalogDatabase.beside(self.service.state_dir, clock=clock)
                )
            return self._database

    # Working

    def start(self, *, schedule: BackupConfig | None = None, keep_schedule: bool = True) -> None:
        """Begin to work; again only counts, and each needs a `stop` of its own.

        Args:
            schedule: Put into the catalog if there is no schedule of the plan yet.
            keep_schedule: Whether this process adds the jobs that the schedule says.

        Raises:
            CatalogError: The catalog cannot be opened.
        """
        with self._state:
            self._users += 1
            try:
                self.database.open()
                if schedule is not None:
                    self._config = schedule
                    self._make_schedule(schedule)
                self._work(keep_schedule=keep_schedule)
            except BaseException:
                self._users -= 1
                raise

    def stop(self, timeout_s: float = 30.0) -> None:
        """End the work if nobody else has started it (idempotent).

        A job that runs is stopped at its next safe point and marked as failed, to be tried
        again; those that wait are left for others.

        Args:
            timeout_s: How long a job may take to come to a safe point [s].
        """
        with self._state:
            self._users = max(0, self._users - 1)
            if self._users:
                return
            crew, self._crew = self._crew, None
        if crew is not None:
            crew.stop(timeout_s)
        if self._database is not None and self._database is not self._given:
            self._database.close()

    @property
    def working(self) -> bool:
        """Whether jobs are done in this process."""
        crew = self._crew
        return crew is not None and crew.alive

    def _work(self, *, keep_schedule: bool = False) -> Crew:
        with self._state:
            if self._crew is None or not self._crew.alive:
                if self._crew is not None and not self._crew.ours:
                    # Forked since: neither its threads nor its connections are of this process.
                    self._database = self._given
                self._crew = Crew(
                    self.service,
                    self.database,
                    self.options,
                    config=lambda: self._config,
                    changed=self.tell_changed,
                )
                self._crew.start()
            if keep_schedule:
                self._crew.keep_schedule()
            return self._crew

    # Jobs

    def submit(
        self,
        kind: JobKind,
        params: Mapping[str, Any] | None = None,
        *,
        trigger: Trigger = Trigger.MANUAL_API,
        actor: str | None = None,
    ) -> Job:
        """Add a job; it is done as soon as it may.

        Args:
            params: What the kind takes, as JSON values; never a secret. See `handlers`.
            actor: Who asked.

        Raises:
            RequestInvalid: A parameter is unknown or missing.
            TooManyRequests: So many jobs of the plan wait already. Restores and undos are
                counted apart, and the schedule adds its own past that.
            CatalogError: It could not be added.
        """
        given = dict(params or {})
        require_params(kind, given)
        self._require_room(kind)
        job = self.database.jobs.add(
            plan=self.plan, kind=kind, trigger=trigger, actor=actor, params=given
        )
        self._work().look()
        return job

    def wait(self, job_id: str, timeout_s: float | None = None) -> Job:
        """Return a job when it has ended, or as it is after `timeout_s`.

        Raises:
            JobNotFound: There is none with this id.
        """
        deadline_s = float("inf") if timeout_s is None else time.monotonic() + timeout_s
        while True:
            with self._changed:
                job = self.get(job_id)
                left_s = deadline_s - time.monotonic()
                if job.status.finished or left_s <= 0:
                    return job
                self._changed.wait(min(_WAIT_STEP_S, left_s))

    def get(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            JobNotFound: There is none with this id.
        """
        return self.database.jobs.get(job_id)

    def list(
        self,
        *,
        kinds: Collection[JobKind] = (),
        statuses: Collection[JobStatus] = (),
        backup_id: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> tuple[list[Job], int]:
        """Return jobs of the plan, newest first, and how many there are in all.

        Args:
            before: The id of the last job of the page before this one.
        """
        return self.database.jobs.list(
            plan=self.plan,
            kinds=kinds,
            statuses=statuses,
            backup_id=backup_id,
            limit=limit,
            before=before,
        )

    def events(self, job_id: str, *, after: int = 0, limit: int = 500) -> Sequence[JobEvent]:
        """Return what happened to a job since the event of this number, oldest first."""
        return self.database.jobs.events(job_id, after=after, limit=limit)

    def cancel(self, job_id: str, *, actor: str | None = None) -> Job:
        """Cancel a job that waits, or have one that runs stop at its next safe point.

        Raises:
            JobNotFound: There is none with this id.
            JobFinished: It came to its end already.
        """
        job = self.database.jobs.request_cancel(job_id)
        _log.info("Job %s is cancelled by %s", job_id, actor or "the application")
        if self._crew is not None:
            self._crew.cancel(job_id)
        self.tell_changed()
        return job

    def retry(self, job_id: str, *, actor: str | None = None) -> Job:
        """Try a job that failed or was cancelled again, as another job.

        A run of the schedule becomes a backup by hand: it removes no old ones.

        Raises:
            JobNotFound: There is none with this id.
            JobNotFinished: It is still under way.
            JobFinished: It did what it was asked for, and would only do it twice.
            TooManyRequests: So many jobs of the plan wait already.
        """
        job = self.get(job_id)
        if not job.status.finished:
            raise JobNotFinished(
                f"Job {job_id} is {job.status.value}", hint="Wait for it, or cancel it first."
            )
        if job.status is JobStatus.COMPLETED:
            raise JobFinished(
                f"Job {job_id} did what it was asked for; nothing is left to try again",
                hint="Ask for it anew, as another job.",
            )
        self._require_room(job.kind)
        return self._try_again(job, actor)

    def _require_room(self, kind: JobKind) -> None:
        alike = [each for each in JobKind if each.urgent is kind.urgent]
        _, waiting = self.list(kinds=alike, statuses=[JobStatus.PENDING], limit=1)
        if waiting >= (MOST_RESTORES_WAITING if kind.urgent else MOST_WAITING):
            what = "restores" if kind.urgent else "jobs"
            raise TooManyRequests(
                f"{waiting} {what} of the plan {self.plan} wait already, and no more may",
                hint="Wait until some are done, or cancel those that nobody needs.",
                retry_after_s=_ROOM_AFTER_S,
            )

    def _try_again(self, job: Job, actor: str | None) -> Job:
        params, trigger = job.params, job.trigger
        if job.kind is JobKind.BACKUP:
            trigger = Trigger.MANUAL_API
            params = {name: params[name] for name in params if name not in _OF_THE_SCHEDULE}
        if job.kind is JobKind.COPY:
            # The folder may be there by now; the job takes one that is free.
            params = {name: params[name] for name in params if name != "into"}
        again = self.database.jobs.add(
            plan=job.plan,
            kind=job.kind,
            trigger=trigger,
            actor=actor,
            params=params,
            attempt=job.attempt + 1,
            retry_of=job.id,
        )
        self._work().look()
        return again

    # Schedule

    def schedule(self) -> Schedule:
        """Return the plan's schedule; one of version 0, which is off, if there is none."""
        found = self.database.schedules.get(self.plan)
        return found or replace(self._configured(self._config), enabled=False)

    def set_schedule(
        self, schedule: Schedule, *, expected_version: int | None, actor: str | None = None
    ) -> Schedule:
        """Keep another schedule from now on, in all processes; return it as it is kept.

        Args:
            expected_version: The version that this change was decided on; None: whichever.

        Raises:
            ConfigError: The expression, the time zone or the policy is none.
            PreconditionFailed: It has been changed meanwhile.
        """
        wanted = replace(checked(schedule), plan=self.plan, updated_by=actor)
        saved = self.database.schedules.put(wanted, expected_version=expected_version)
        if self._crew is not None:
            self._crew.look_at_schedule()
        return saved

    @property
    def config(self) -> BackupConfig:
        """How the schedule's backups are made."""
        return self._config

    def next_runs(self, count: int = 5) -> Sequence[datetime]:
        """Return the next nominal times, in UTC; none if the schedule is off."""
        schedule = self.schedule()
        found: list[datetime] = []
        at = self.service.clock.now()
        while schedule.enabled and len(found) < count:
            following = cron_of(schedule).next_after(at)
            if following is None:
                break
            found.append(following)
            at = following
        return found

    def _make_schedule(self, config: BackupConfig) -> None:
        try:
            if self.database.schedules.get(self.plan) is None:
                self.database.schedules.put(self._configured(config), expected_version=0)
        except PreconditionFailed:
            pass  # another process came first

    def _configured(self, config: BackupConfig) -> Schedule:
        return schedule_of(self.plan, config, policy_to_json(self.service.retention))

    # The catalog

    def rebuild(self) -> int:
        """Add a finished job for every backup that the catalog does not know; return how many."""
        from holdfast.jobs.rebuilding import rebuild_catalog

        return rebuild_catalog(self.service, self.database)

    def tell_changed(self) -> None:
        """Wake those who wait for a job."""
        with self._changed:
            self._changed.notify_all()
