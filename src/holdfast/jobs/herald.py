"""Tells people how backups fare, beside the work: it neither delays a job nor fails one (R45).

What there is to tell is read from the catalog, so that nothing is lost by a process that dies,
and every process comes to the same messages. Each is a row of the catalog, which one of them
claims and sends.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from holdfast.catalog import CatalogDatabase, Delivery
from holdfast.errors import ConfigError, HoldfastError, NotificationFailed
from holdfast.jobs.lookout import Lookout
from holdfast.jobs.options import JobOptions
from holdfast.jobs.overdue import OverdueWatch
from holdfast.jobs.redaction import Redaction
from holdfast.jobs.telling import Announcement, announcement_of
from holdfast.jobs.trouble import Trouble
from holdfast.models.job import Job, JobStatus
from holdfast.notify import LIMIT_S, Channel, Message, channel_problem, deliver, told
from holdfast.service import BackupService

FIRST_LOOK_BACK = timedelta(hours=24)
"""How far a process looks back when it begins: what ended while none ran is told too."""
_LOOK_BACK = timedelta(minutes=10)
"""And later: by so much the clocks of two machines may differ."""
_BEFORE, _PAGE = 500, 20
"""How many jobs before another are looked at, at most, and how many at a time."""
AGAIN_AFTER = (timedelta(seconds=30), timedelta(minutes=5))
"""When what could not be delivered is tried again, if it may go well then."""
_LEASE_S = 2 * LIMIT_S
_LAST_LOOK_S = 1.0
_LAST_WORDS_S = 5.0
"""How long the end of the engine waits for what is being sent."""

_log = logging.getLogger("holdfast.jobs")


class Herald:
    """The thread that tells of one plan on its channels; nothing where there are none.

    Args:
        owner: What claims are made under.
    """

    def __init__(
        self, service: BackupService, database: CatalogDatabase, options: JobOptions, owner: str
    ) -> None:
        self._plan = service.plan.name
        self._app = service.plan.app
        self._channels = {each.name: each for each in service.notifications}
        self._redact = Redaction(service.recipe.secrets())
        self._database = database
        self._options = options
        self._owner = owner
        self._watch = OverdueWatch(database, self._plan, timedelta(seconds=options.blind_after_s))
        self._lookout = Lookout(service, options.overdue_poll_s, self.look)
        self._told_blind_at_s = float("-inf")
        self._seen: dict[str, datetime] = {}
        # A job may end before the thread first looks.
        self._begun_at = database.clock.now()
        self._since: dict[str, datetime] = {}
        self._look_back = FIRST_LOOK_BACK
        self._busy: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._left = False
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to tell."""
        if self._channels:
            self._thread = threading.Thread(target=self._run, name="holdfast-herald", daemon=True)
            self._thread.start()

    def watch(self) -> None:
        """Look after the age of backups as well: this process keeps the schedule."""
        if self._channels:
            self._lookout.start()

    def look(self) -> None:
        """Look at once whether there is something to tell."""
        self._wake.set()

    def stop(self) -> None:
        """Tell what there is, and wait a little for what is being sent."""
        self._stopping.set()
        self._wake.set()
        self._lookout.stop(_LAST_LOOK_S)
        if self._thread is None:
            return
        deadline_s = time.monotonic() + _LAST_WORDS_S
        self._thread.join(_LAST_WORDS_S)
        with self._lock:
            sending = list(self._busy.values())
        for thread in sending:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        self._left = True

    def _run(self) -> None:
        trouble = Trouble("People cannot be told how backups fare")
        trouble_of_age = Trouble("How old the backups are cannot be told")
        with trouble:
            self._say_what_is_missing()
        while True:
            self._wake.clear()
            last = self._stopping.is_set()
            with trouble:
                self._announce_jobs()
            with trouble_of_age:
                self._announce_age()
            with trouble:
                self._send()
            if last:
                return
            self._wake.wait(self._options.heartbeat_s)

    def _say_what_is_missing(self) -> None:
        for each in self._channels.values():
            if problem := told(channel_problem(each)):
                _log.warning("The notification channel %s: %s", each.name, problem)

    # What there is to tell

    def _announce_jobs(self) -> None:
        begin = self._database.clock.now() - self._look_back
        self._note_beginnings()
        for job in self._database.jobs.ended_since(self._plan, begin):
            if job.id not in self._seen and job.completed_at is not None:
                self._announce(announcement_of(job, self._before(job)))
                self._seen[job.id] = job.completed_at
        self._look_back = _LOOK_BACK
        self._seen = {job: at for job, at in self._seen.items() if at >= begin}

    def _note_beginnings(self) -> None:
        """Note since when there is each channel: of what was before, it is not told."""
        for name in self._channels:
            if name not in self._since:
                key = f"notify.since.{self._plan}.{name}"
                noted = self._database.facts.add(key, self._begun_at.isoformat())
                self._since[name] = datetime.fromisoformat(noted)

    def _before(self, job: Job) -> Iterator[Job]:
        """Yield the jobs of its kind that ended before, newest first."""
        before = job.id
        for _ in range(_BEFORE // _PAGE):
            found, _ = self._database.jobs.list(
                plan=self._plan,
                kinds=[job.kind],
                statuses=[JobStatus.COMPLETED, JobStatus.FAILED],
                limit=_PAGE,
                before=before,
            )
            yield from found
            if len(found) < _PAGE:
                return
            before = found[-1].id

    def _announce_age(self) -> None:
        """Tell by what the lookout saw; it is never waited for, as what it looks at may hang."""
        if (sight := self._lookout.take()) is not None:
            for each in self._watch.judge(sight):
                self._announce(each)
        elif (blind_s := self._lookout.blind_s) > self._options.blind_after_s:
            now_s = time.monotonic()
            if now_s - self._told_blind_at_s >= self._options.overdue_poll_s:
                self._told_blind_at_s = now_s
                blind = timedelta(seconds=blind_s)
                for each in self._watch.judge_blind(blind, self._lookout.problem):
                    self._announce(each)

    def _announce(self, found: Announcement | None) -> None:
        """Add a message for each channel that wants it."""
        if found is None:
            return
        told_as = {
            name: event
            for name, channel in self._channels.items()
            if (event := next((each for each in found.events if each in channel.events), None))
            and (found.lasting or found.at >= self._since[name])
        }
        for event in dict.fromkeys(told_as.values()):
            message = Message(
                id=f"{self._plan} {found.key}",
                event=event,
                plan=self._plan,
                app=self._app,
                at=found.at,
                message=self._redact(found.message),
                hint=self._redact(found.hint) if found.hint else None,
                job=_shown(found.job) if found.job else None,
                backup_id=found.backup_id,
            )
            self._database.deliveries.add(
                plan=self._plan,
                key=found.key,
                channels=[name for name, each in told_as.items() if each is event],
                document=message.to_json(),
            )

    # Telling it

    def _send(self) -> None:
        with self._lock:
            free = [name for name in self._channels if name not in self._busy]
        for claimed in self._database.deliveries.claim(
            self._plan, channels=free, owner=self._owner, lease_s=_LEASE_S
        ):
            channel = self._channels[claimed.channel]
            thread = threading.Thread(
                target=self._deliver, args=(channel, claimed), name="holdfast-told", daemon=True
            )
            with self._lock:
                self._busy[channel.name] = thread
            thread.start()

    def _deliver(self, channel: Channel, claimed: Delivery) -> None:
        try:
            error = deliver(channel, Message.from_json(claimed.document))
            if error is not None:
                _log.warning("Nobody was told on the channel %s: %s", channel.name, error.message)
            if self._left:
                return  # the catalog is closed; another process sends it when the lease has ended
            self._database.deliveries.finish(
                claimed, error=told(error), again_after=_again_after(error, claimed.tries)
            )
        except HoldfastError as error:
            _log.warning("What came of a notification could not be recorded: %s", error.message)
        finally:
            with self._lock:
                self._busy.pop(channel.name, None)
            self._wake.set()


def _again_after(error: HoldfastError | None, tries: int) -> timedelta | None:
    """Return after what time a message is tried again; None if it is not."""
    hopeful = isinstance(error, ConfigError) or (
        isinstance(error, NotificationFailed) and error.again
    )
    return AGAIN_AFTER[tries - 1] if hopeful and tries <= len(AGAIN_AFTER) else None


def _shown(job: Job) -> dict[str, str]:
    return {
        "id": job.id,
        "kind": job.kind.value,
        "status": job.status.value,
        "trigger": job.trigger.value,
    }
