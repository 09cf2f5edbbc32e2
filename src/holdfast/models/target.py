"""What a restore would replace: named, so that nobody replaces the wrong data by mistake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPlace:
    """One place whose content a restore would replace, and what is there now.

    Attributes:
        root: What of the backup would come here: `database/app.db`.
        path: Where it is, for a database on a server its URL without secrets; None for
            settings that the application itself keeps.
        exists: Whether anything is there.
        size_bytes: Of all files there.
        files: How many files are in a directory; None for a database.
        modified_at: When any of it was last written.
    """

    root: str
    kind: str
    path: str | None
    exists: bool
    size_bytes: int = 0
    files: int | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreTarget:
    """The live data of a plan on one machine.

    Attributes:
        name: What confirms a restore: the name that was given to it, or its fingerprint.
        named: Whether it was given a name; a restore then needs it.
        fingerprint: Eight digits that stand for host, plan and paths, the same from run to run.
    """

    name: str
    named: bool
    fingerprint: str
    hostname: str
    plan: str
    places: tuple[TargetPlace, ...] = ()
