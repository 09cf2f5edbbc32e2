"""How an engine works, and one piece of work as it is handed to whoever does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

from holdfast.models.backup import Trigger
from holdfast.models.job import Job, JobKind


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """How an engine works.

    Attributes:
        isolation: Whether each job gets a process of its own. `thread` does it in this one:
            then a job that hangs cannot be ended.
        lease_s: For how long a job is held without a sign of life from who does it [s].
        heartbeat_s: How often that sign is given [s].
        stall_after_s: A job that stands still for so long is ended [s].
        cancel_grace_s: How long a job may take to heed a cancel before it is ended [s].
        poll_s: How often it is looked whether another process submitted a job [s].
        schedule_poll_s: How often it is looked whether the schedule was changed [s].
        overdue_poll_s: How often it is looked whether the newest backup grew too old [s].
        blind_after_s: After how long people are told that this cannot be looked at [s].
        keep_jobs_days: After so many days a finished job is forgotten [24 h]; 0 keeps all.
        parallel: How many jobs may run at once in this process; of those that write, one. If
            it is more than one, a place is kept for that one, or for what is urgent.
        niceness: How far the work gives way to the application on a busy machine, 0 to 19.
    """

    isolation: Literal["process", "thread"] = "process"
    lease_s: float = 30.0
    heartbeat_s: float = 5.0
    stall_after_s: float = 900.0
    cancel_grace_s: float = 20.0
    poll_s: float = 1.0
    schedule_poll_s: float = 5.0
    overdue_poll_s: float = 60.0
    blind_after_s: float = 900.0
    keep_jobs_days: int = 90
    parallel: int = 3
    niceness: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be done.

    Attributes:
        due_at: When a run of the schedule was due; None for any other.
    """

    kind: JobKind
    params: Mapping[str, Any] = field(default_factory=dict)
    trigger: Trigger = Trigger.MANUAL_API
    due_at: datetime | None = None

    @classmethod
    def of(cls, job: Job) -> Self:
        """Return what a job asks for."""
        said = job.params.get("due_at")
        due_at = datetime.fromisoformat(said) if said else job.nominal_at
        return cls(kind=job.kind, params=job.params, trigger=job.trigger, due_at=due_at)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "kind": self.kind.value,
            "params": dict(self.params),
            "trigger": self.trigger.value,
            "due_at": self.due_at.isoformat() if self.due_at else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_json` was made of."""
        return cls(
            kind=JobKind(values["kind"]),
            params=values["params"],
            trigger=Trigger(values["trigger"]),
            due_at=datetime.fromisoformat(values["due_at"]) if values["due_at"] else None,
        )
