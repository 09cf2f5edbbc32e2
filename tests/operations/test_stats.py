"""The repository in numbers: what backups hold, share and leave behind."""

from __future__ import annotations

import random

import pytest

from holdfast import CancellationToken, Progress
from holdfast.errors import Cancelled
from tests.operations.application import Application

CANCELLED_AT = 45_000_000
"""Where a backup of random files is cancelled [bytes]: some packs are stored by then."""


def test_what_a_cancelled_backup_left_is_unused_and_no_loss_by_sharing(
    application: Application,
) -> None:
    """It counts beside the backups, until a prune frees it; nothing else changes by it."""
    service = application.service()
    service.create_backup()
    before = service.get_backup_stats()
    assert before.dedup_ratio >= 1
    assert before.unused_size == 0
    for number in range(10):
        content = random.Random(number).randbytes(10_000_000)
        (application.thumbnails / f"large-{number}.bin").write_bytes(content)
    token = CancellationToken()

    def stop(told: Progress) -> None:
        if told.done_bytes > CANCELLED_AT:
            token.cancel()

    with pytest.raises(Cancelled):
        service.create_backup(progress=stop, cancel=token)
    after = service.get_backup_stats()
    assert after.unused_size is not None
    assert after.unused_size > 10_000_000
    assert after.unused_size <= after.stored_size - before.stored_size + 10_000
    assert after.dedup_ratio == before.dedup_ratio
    service.prune()
    pruned = service.get_backup_stats()
    assert pruned.unused_size is not None
    assert pruned.unused_size * 20 <= pruned.stored_size


def test_many_small_backups_share_and_lose_nothing_by_their_lists(
    application: Application,
) -> None:
    """Five equal backups share all content, however much their snapshots and directories occupy."""
    service = application.service()
    for _ in range(5):
        service.create_backup()
    stats = service.get_backup_stats()
    assert stats.unused_size == 0
    # Each backup also holds its own manifest, which is like no other.
    assert 2 < stats.dedup_ratio <= 5


def test_numbers_are_told_of_a_repository_in_which_a_backup_cannot_be_read(
    application: Application,
) -> None:
    """What is unused is then not known, and no saving is claimed."""
    service = application.service()
    service.create_backup()
    for pack in [each for each in (application.repository / "data").rglob("*") if each.is_file()]:
        pack.unlink()
    stats = service.get_backup_stats()
    assert stats.total_backups == 1
    assert stats.unused_size is None
    assert stats.dedup_ratio == 1
