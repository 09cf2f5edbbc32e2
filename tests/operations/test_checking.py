"""What is kept and told of a check does not grow with what it found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from holdfast.jobs import handlers
from holdfast.models.backup import BackupVerification
from holdfast.operations.checking import MOST_PROBLEMS, facts_of_check
from holdfast.operations.findings import in_one_sentence
from holdfast.repository import CheckReport
from holdfast.repository.check_report import Finding, FindingKind

BACKUPS = tuple(f"backup_20260101_{number:06}" for number in range(17))
LOST = Finding(
    kind=FindingKind.PACK_MISSING, object="data/0123", problem="is missing", backups=BACKUPS
)
REPORT = CheckReport(
    findings=(LOST,),
    notes=(),
    keys=1,
    snapshots=len(BACKUPS),
    index_files=1,
    trees=1,
    blobs=1,
    packs=1,
    packs_bytes=1,
    packs_read=0,
    bytes_read=0,
    unreferenced_packs=0,
    unreferenced_bytes=0,
    unused_blobs=0,
    duplicate_blobs=0,
)


@pytest.mark.parametrize(
    ("touched", "named"),
    [
        (0, "no backup"),
        (5, ", ".join(BACKUPS[:5])),
        (17, f"{', '.join(BACKUPS[:5])} and 12 more"),
    ],
)
def test_a_finding_names_some_backups_and_counts_the_others(touched: int, named: str) -> None:
    """One lost pack may touch each of a thousand; which they are is said once, elsewhere."""
    found = replace(LOST, backups=BACKUPS[:touched])
    assert str(found) == f"data/0123: is missing (touches {named})"


def test_of_what_is_touched_the_newest_are_kept_and_all_are_counted() -> None:
    """Those are relied on; what is older than all that are named may be touched as well."""
    many = tuple(f"backup_20260101_{number:06}" for number in range(MOST_PROBLEMS + 1))
    kept = facts_of_check(
        replace(REPORT, findings=(replace(LOST, backups=many),) * (MOST_PROBLEMS + 2)),
        read_data=True,
    )
    assert kept["touched_backups"] == list(reversed(many[1:]))
    assert (kept["touched_count"], kept["problem_count"]) == (MOST_PROBLEMS + 1, MOST_PROBLEMS + 2)
    assert len(kept["problems"]) == MOST_PROBLEMS


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ([], ""),
        (["a: no"], "a: no"),
        (list("abcde"), "a; b; c; d; e"),
        (list("abcdefg"), "a; b; c; d; e; and 2 more"),
    ],
)
def test_what_a_verification_found_is_told_in_one_sentence(errors: list[str], told: str) -> None:
    """A database has a check for each table; health and notifications tell why a job failed."""
    assert in_one_sentence(errors) == told


def test_a_job_that_disproves_a_backup_says_so_in_a_few_words() -> None:
    proof = BackupVerification(
        backup_id=BACKUPS[0],
        verified=False,
        errors=tuple(f"table {number}: rows" for number in range(500)),
        checks=(),
        verified_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    error = handlers._proven(proof, "failed its verification").error
    assert error is not None
    assert error.message.endswith("table 4: rows; and 495 more")
