"""Named checks and what they found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from holdfast.errors import RestoreCheckFailed
from holdfast.models.backup import CheckResult

_MOST_TOLD = 5
_METADATA = "metadata"
"""The check of a restored directory that tells of attributes and kinds of entries left out."""


def metadata_warnings(checks: Iterable[CheckResult]) -> list[str]:
    """Return what the checks of restored directories say was left out, for the user to see."""
    return [
        each.detail if each.name == _METADATA else f"{each.name.partition(':')[0]}: {each.detail}"
        for each in checks
        if each.name.rpartition(": ")[2] == _METADATA
    ]


def require_passed(checks: Iterable[CheckResult], what: str, hint: str) -> None:
    """Raise `RestoreCheckFailed`, saying `what` was not done and why, if a check failed."""
    failed = [each for each in checks if each.failed]
    if failed:
        reasons = "; ".join(f"{each.name}: {each.detail}" for each in failed)
        raise RestoreCheckFailed(f"{what}: {reasons}", hint=hint)


def in_one_sentence(errors: Sequence[str]) -> str:
    """Return what was found in a few words: of a thousand tables that are wrong, some."""
    more = len(errors) - _MOST_TOLD
    return "; ".join(errors[:_MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: `1 file`, `22 files`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


@dataclass(slots=True)
class Findings:
    """Named checks in the order they were made."""

    checks: list[CheckResult] = field(default_factory=list)

    def add(self, name: str, passed: bool, detail: str = "") -> bool:
        """Record one check; return whether it passed."""
        self.checks.append(CheckResult(name=name, passed=passed, detail=detail))
        return passed

    def skip(self, name: str, reason: str) -> None:
        """Record that a check could not be made, and why."""
        self.checks.append(CheckResult(name=name, passed=False, detail=reason, skipped=True))

    @property
    def errors(self) -> tuple[str, ...]:
        """What failed, as sentences."""
        return tuple(f"{each.name}: {each.detail}" for each in self.checks if each.failed)
