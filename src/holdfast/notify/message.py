"""What is told: an event of a plan, as a document for programs and as a text for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

import holdfast


class Event(StrEnum):
    """What there is to tell of a plan."""

    FAILED = "failed"
    RECOVERED = "recovered"
    SUCCEEDED = "succeeded"
    OVERDUE = "overdue"
    TEST = "test"

    @property
    def good(self) -> bool:
        """Whether nobody needs to do anything."""
        return self in (Event.RECOVERED, Event.SUCCEEDED, Event.TEST)


_TITLES = {
    Event.FAILED: "something failed",
    Event.RECOVERED: "works again",
    Event.SUCCEEDED: "done",
    Event.OVERDUE: "backups are overdue",
    Event.TEST: "a test",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing to tell.

    Attributes:
        id: The same each time that this is sent, so that a receiver may drop a second one.
        message: What happened, in a sentence. Never a secret.
        hint: What to do about it.
        job: `id`, `kind` and `trigger` of the job that it is about.
    """

    id: str
    event: Event
    plan: str
    app: str
    at: datetime
    message: str
    hint: str | None = None
    job: Mapping[str, Any] | None = None
    backup_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the document that a webhook gets."""
        return {
            "id": self.id,
            "event": self.event.value,
            "plan": self.plan,
            "app": self.app,
            "at": self.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "job": None if self.job is None else dict(self.job),
            "backup_id": self.backup_id,
            "message": self.message,
            "hint": self.hint,
            "version": holdfast.__version__,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_json` was made of."""
        return cls(
            id=values["id"],
            event=Event(values["event"]),
            plan=values["plan"],
            app=values["app"],
            at=datetime.fromisoformat(values["at"]),
            job=values["job"],
            backup_id=values["backup_id"],
            message=values["message"],
            hint=values["hint"],
        )

    @property
    def title(self) -> str:
        """A line for people."""
        named = self.app if self.plan in ("default", self.app) else f"{self.app} ({self.plan})"
        return f"Holdfast, {named}: {_TITLES[self.event]}"

    @property
    def text(self) -> str:
        """All of it, for people."""
        lines = [self.message, self.hint or "", ""]
        lines.append(f"Plan: {self.plan}")
        if self.backup_id:
            lines.append(f"Backup: {self.backup_id}")
        if self.job:
            lines.append(f"Job: {self.job['id']} ({self.job['kind']})")
        lines.append(f"At: {self.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
        return "\n".join(lines)


def test_message(plan: str, app: str, at: datetime) -> Message:
    """Return a message that tells of nothing but the channel."""
    from uuid import uuid4

    return Message(
        id=f"test {uuid4()}",
        event=Event.TEST,
        plan=plan,
        app=app,
        at=at,
        message="This is a test: the channel works",
        hint="Nothing is to be done.",
    )
