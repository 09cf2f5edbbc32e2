"""How a guarded command ended, and what became of the data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardResult:
    """How a guarded command ended; truthy if it succeeded.

    Attributes:
        command: As it is shown: cut, and without what looks like a secret.
        backup_id: The backup of the data before it.
        verified: Whether that backup was proven before the command ran.
        exit_code: Of the command, as a shell tells it: 128 and the signal's number where one
            ended it, 124 where it took too long.
        timed_out: It ran for longer than it was given, and was ended.
        brought_back: The data are as they were before it.
        left: It failed, and its state was left for inspection.
        safety_backup_id: The backup of the failed state, from before the data came back.
    """

    command: str
    backup_id: str
    verified: bool
    exit_code: int
    timed_out: bool = False
    brought_back: bool = False
    left: bool = False
    safety_backup_id: str | None = None
    warnings: tuple[str, ...] = ()
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the command ended well."""
        return self.exit_code == 0

    def __bool__(self) -> bool:
        return self.succeeded
