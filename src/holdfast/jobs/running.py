"""One job that this engine has claimed: its work, what it tells the catalog, and its end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from enum import Enum

from holdfast.catalog import Claim, JobTable
from holdfast.errors import (
    AlreadyRun,
    Cancelled,
    CatalogError,
    HoldfastError,
    JobInterrupted,
    LeaseLost,
)
from holdfast.jobs.options import JobOptions, Order
from holdfast.jobs.protocol import Ended, Entered, Moved, Outcome
from holdfast.jobs.sessions import Activity
from holdfast.jobs.settling import hint_after, settled
from holdfast.jobs.work import Work
from holdfast.models.job import Job, JobProgress, JobStatus
from holdfast.operations.journal import Recovery

_WRITE_EVERY_S = 0.25
_LOOK_S = 0.2
_TRY_AGAIN_S = 2.0
_BUSY_SHARE = 0.2
"""Of a processor: work that only waits and looks takes a hundredth."""
_BUSY_BYTES = 8 << 20
_MOST_SILENT = 8
"""So many times the limit, work that tells nothing may go on if it is seen to do something."""

_log = logging.getLogger("holdfast.jobs")


class Stop(Enum):
    """Why a job is stopped before its end."""

    ASKED = "asked"
    ENGINE = "engine"
    STALLED = "stalled"
    LOST = "lost"


class RunningJob:
    """Does a claimed job in a thread of its own.

    Args:
        begin: Starts the work.
        gave_up: Called when work was ended in its middle, or failed, before the job is finished;
            returns what became of data that were being replaced.
        done: Called when nothing more comes of it.
    """

    def __init__(
        self,
        jobs: JobTable,
        claim: Claim,
        options: JobOptions,
        *,
        begin: Callable[[Order], Work],
        gave_up: Callable[[Job], Recovery | None],
        done: Callable[[RunningJob, Job | None], None],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic_s = monotonic_s
        self.claim = claim
        self._jobs = jobs
        self._options = options
        self._begin = begin
        self._gave_up = gave_up
        self._done = done
        self._stop: Stop | None = None
        self._stop_at_s = 0.0
        self._work: Work | None = None
        self._moved_at_s = self._monotonic_s()
        self._lived_at_s = self._looked_at_s = float("-inf")
        self._activity: Activity | None = None
        self._pending: JobProgress | None = None
        self._written_at_s = float("-inf")
        self._hurry = threading.Event()
        self.thread = threading.Thread(
            target=self._run, name=f"holdfast-job-{claim.job.id[-6:]}", daemon=True
        )

    @property
    def id(self) -> str:
        """The job's id."""
        return self.claim.job.id

    def stop(self, reason: Stop) -> None:
        """Ask the work to stop at its next safe point; it is ended if it takes too long."""
        if self._stop is None or reason is Stop.LOST:
            self._stop, self._stop_at_s = reason, self._monotonic_s()

    def end_now(self) -> None:
        """Do not wait for a safe point any more."""
        self._hurry.set()

    def _run(self) -> None:
        finished: Job | None = None
        try:
            finished = self._finish(self._do())
        except LeaseLost as error:
            _log.warning("%s", error.message)
        except Exception:  # noqa: BLE001 - nobody is there to catch it
            _log.exception("The end of job %s could not be recorded", self.id)
        finally:
            if self._work is not None:
                self._work.release()
            self._done(self, finished)

    def _do(self) -> Ended:
        try:
            work = self._work = self._begin(Order.of(self.claim.job))
        except HoldfastError as error:
            return Ended(outcome=Outcome(error=error))
        told_to_stop = False
        while True:
            report = work.next(_LOOK_S)
            match report:
                case Ended():
                    self._write(force=True)
                    return report
                case Moved(progress=progress):
                    self._moved_at_s = self._monotonic_s()
                    self._pending = progress
                case Entered():
                    self._moved_at_s = self._monotonic_s()
                    self._enter(report)
            self._write()
            if report is None:
                self._notice_stall(work)
            if self._stop is not None and not told_to_stop:
                told_to_stop = True
                work.cancel()
            if self._overdue() and not work.kill() and self._may_be_left():
                return Ended(reason="does not heed that it was to stop")

    def _overdue(self) -> bool:
        """Whether the work must be ended now."""
        if self._stop is None:
            return False
        late = self._monotonic_s() - self._stop_at_s > self._options.cancel_grace_s
        return late or self._stop is Stop.LOST or self._hurry.is_set()

    def _may_be_left(self) -> bool:
        """Whether work that cannot be ended may be told as ended, though it still goes on.

        Not what replaces data: nobody may be told that they are as before while they are not.
        """
        return self._stop is Stop.LOST or not self.claim.job.kind.restores

    def _notice_stall(self, work: Work) -> None:
        still_s = self._monotonic_s() - self._moved_at_s
        self._look_for_life(work, still_s)
        if self._stop is not None or still_s < self._options.stall_after_s:
            return
        lives = self._monotonic_s() - self._lived_at_s < self._options.stall_after_s
        if lives and still_s < _MOST_SILENT * self._options.stall_after_s:
            return
        _log.warning("Job %s has made no progress for %.0f s and is ended", self.id, still_s)
        self.stop(Stop.STALLED)
        self._tell(lambda: self._jobs.mark_stalled(self.claim, True))

    def _look_for_life(self, work: Work, still_s: float) -> None:
        """Notice a step that tells nothing and works, as the check of a large database does."""
        interval_s = self._options.stall_after_s / 3
        now_s = self._monotonic_s()
        if still_s < interval_s or now_s - self._looked_at_s < interval_s:
            return
        found, before = work.activity(), self._activity
        if found is not None and before is not None and now_s > self._looked_at_s:
            cpu_share = (found.cpu_s - before.cpu_s) / (now_s - self._looked_at_s)
            if cpu_share >= _BUSY_SHARE or found.io_bytes - before.io_bytes >= _BUSY_BYTES:
                self._lived_at_s = now_s
        self._activity, self._looked_at_s = found, now_s

    def _enter(self, entered: Entered) -> None:
        self._tell(
            lambda: self._jobs.report(
                self.claim, status=entered.status, backup_id=entered.backup_id
            )
        )

    def _write(self, *, force: bool = False) -> None:
        """Put how far the job is into the catalog, a few times a second at most."""
        now_s = self._monotonic_s()
        progress = self._pending
        if progress is None or not (force or now_s - self._written_at_s >= _WRITE_EVERY_S):
            return
        self._pending, self._written_at_s = None, now_s
        self._tell(lambda: self._jobs.report(self.claim, progress=progress))

    def _tell(self, write: Callable[[], None]) -> None:
        """Write to the catalog; the work goes on where that fails, unless another has it now."""
        try:
            write()
        except LeaseLost:
            self.stop(Stop.LOST)
        except CatalogError as error:
            _log.warning("How far job %s is could not be recorded: %s", self.id, error.message)

    def _finish(self, ended: Ended) -> Job | None:
        outcome = ended.outcome or Outcome(error=self._interrupted(ended.reason))
        if ended.outcome is not None and self._was_stopped_by_us(outcome):
            outcome = Outcome(error=self._interrupted("was asked to stop"))
        if outcome.error is not None:
            outcome = settled(self.claim.job, outcome, self._gave_up(self.claim.job))
        status = _status_of(outcome)
        if self._stop is Stop.LOST:
            return None
        while True:
            try:
                return self._jobs.finish(
                    self.claim,
                    status=status,
                    backup_id=outcome.backup_id,
                    items_restored=outcome.items_restored,
                    result=outcome.result,
                    warnings=outcome.warnings,
                    error=outcome.error,
                )
            except CatalogError as error:
                _log.warning("The end of job %s could not be recorded: %s", self.id, error.message)
                if self._hurry.wait(_TRY_AGAIN_S):
                    raise

    def _was_stopped_by_us(self, outcome: Outcome) -> bool:
        return isinstance(outcome.error, Cancelled) and self._stop is not Stop.ASKED

    def _interrupted(self, reason: str) -> HoldfastError:
        match self._stop:
            case Stop.ASKED:
                return Cancelled("Cancelled; the work did not heed it in time and was ended")
            case Stop.STALLED:
                return JobInterrupted(
                    f"The job made no progress for {self._options.stall_after_s:.0f} s and was"
                    " ended",
                    hint="See what it waited for (a lock, a disk, a program), then try again.",
                )
            case Stop.ENGINE:
                return JobInterrupted(
                    "The application was stopped before the work was done",
                    hint=hint_after(self.claim.job),
                )
        return JobInterrupted(
            f"The process of the job {reason} before the work was done",
            hint=f"{hint_after(self.claim.job)} The log may say more.",
        )


def _status_of(outcome: Outcome) -> JobStatus:
    if outcome.error is None:
        return JobStatus.COMPLETED
    if isinstance(outcome.error, Cancelled | AlreadyRun):
        return JobStatus.CANCELLED
    return JobStatus.FAILED
