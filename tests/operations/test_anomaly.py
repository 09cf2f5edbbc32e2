"""Whether a backup looks wrong beside those before it."""

from __future__ import annotations

from holdfast.operations.anomaly import describe_anomaly
from tests.operations.backup_values import NOW, make_backup, nightly


def test_the_first_backup_has_nothing_to_look_wrong_beside() -> None:
    """Not even an empty one: so may the application be."""
    assert describe_anomaly(make_backup(NOW, original_size=0, table_counts={}), []) is None


def test_one_earlier_backup_says_what_is_usual() -> None:
    """R11: more would be better, but a second backup of nothing must be told."""
    anomaly = describe_anomaly(make_backup(NOW, original_size=0), nightly(1))
    assert anomaly == "it holds no bytes, the backups before it did"


def test_a_backup_of_far_fewer_files_looks_wrong() -> None:
    """R11: a disk that is not mounted leaves its mount point, an empty directory."""
    earlier = nightly(5, total_files=1000)
    assert describe_anomaly(make_backup(NOW, total_files=900), earlier) is None
    assert describe_anomaly(make_backup(NOW, total_files=0), earlier) == (
        "it holds no files, the backups before it did"
    )
    assert describe_anomaly(make_backup(NOW, total_files=10), earlier) == (
        "it holds 99 % fewer files than is usual (10 against 1,000)"
    )


def test_backups_that_do_not_say_how_many_files_they_hold_are_no_measure() -> None:
    """Another program wrote them, or an earlier version did."""
    assert describe_anomaly(make_backup(NOW, total_files=3), nightly(5, total_files=0)) is None


def test_only_the_five_before_it_are_looked_at() -> None:
    """What was usual last year is not what is usual."""
    earlier = [*nightly(5, original_size=10), *nightly(9, original_size=10**9)]
    assert describe_anomaly(make_backup(NOW, original_size=10), earlier) is None
    anomaly = describe_anomaly(make_backup(NOW, original_size=4), earlier)
    assert anomaly == "it holds 60 % fewer bytes than is usual (4 against 10)"
