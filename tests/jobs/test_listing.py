"""Backups as many look at them at once: read when they have changed, and only then."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from holdfast import BackupService
from holdfast.errors import BackupNotFound
from holdfast.jobs import BackupFilter, BackupListing
from holdfast.models.backup import BackupStatus, BackupType
from holdfast.models.job import JobKind, JobStatus
from tests.operations.application import Application


@pytest.fixture
def service(application: Application) -> BackupService:
    """The application's."""
    return application.service()


def counting(
    monkeypatch: pytest.MonkeyPatch, service: BackupService, name: str
) -> Callable[[], int]:
    """Count the calls of a method of the service."""
    calls: list[None] = []
    real = getattr(service, name)

    def call(*args: Any, **options: Any) -> Any:
        calls.append(None)
        return real(*args, **options)

    monkeypatch.setattr(service, name, call)
    return lambda: len(calls)


def test_what_has_not_changed_is_not_read_again(
    service: BackupService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty who ask at once are answered by one look."""
    made = service.create_backup()
    reads = counting(monkeypatch, service, "list_backups")
    gets = counting(monkeypatch, service, "get_backup")
    listing = BackupListing(service)
    with ThreadPoolExecutor(50) as pool:
        lists = list(pool.map(lambda _: listing.list(), range(50)))
    assert [[each.backup_id for each in found] for found in lists] == [[made.backup_id]] * 50
    assert reads() == 1
    assert listing.get(made.backup_id) == listing.get(made.backup_id)
    assert gets() == 1
    counts = counting(monkeypatch, service, "get_backup_stats")
    with ThreadPoolExecutor(20) as pool:
        stats = list(pool.map(lambda _: listing.stats(), range(20)))
    assert counts() == 1
    assert stats == [service.get_backup_stats()] * 20


def test_what_has_changed_is_seen_at_once(service: BackupService) -> None:
    """Another backup, a proof, a mark to keep, a deletion: also by another process."""
    listing, other = BackupListing(service), service
    assert listing.list() == []
    made = other.create_backup()
    assert [each.verified for each in listing.list()] == [False]
    other.verify_backup(made.backup_id)
    assert [each.status for each in listing.list()] == [BackupStatus.VERIFIED]
    other.keep_backup(made.backup_id)
    assert listing.get(made.backup_id).keep
    other.restore_backup(made.backup_id, create_safety_backup=False)
    assert [each.status for each in listing.list()] == [BackupStatus.RESTORED]
    other.keep_backup(made.backup_id, keep=False)
    other.delete_backup(made.backup_id)
    assert listing.list() == []
    with pytest.raises(BackupNotFound):
        listing.get(made.backup_id)


def test_what_is_asked_for_is_found(service: BackupService) -> None:
    """By status, type, tags, words and time, newest first."""
    first = service.create_backup(description="Before Release 7", tags=["weekly", "a"])
    second = service.create_backup(tags=["weekly"], backup_type=BackupType.SCHEDULED, verify=True)
    listing = BackupListing(service)

    def found(**wanted: Any) -> list[str]:
        return [each.backup_id for each in listing.list(BackupFilter(**wanted))]

    both = [second.backup_id, first.backup_id]
    assert found() == found(tags=["weekly"]) == found(plan="default") == both
    assert found(tags=["weekly", "a"]) == found(text="release 7") == [first.backup_id]
    assert found(types=[BackupType.SCHEDULED]) == [second.backup_id]
    assert found(statuses=[BackupStatus.VERIFIED]) == [second.backup_id]
    assert found(since=second.created_at) == [second.backup_id]
    assert found(until=second.created_at) == [first.backup_id]
    assert found(since=second.created_at + timedelta(seconds=1)) == found(plan="other") == []


def test_two_services_of_one_process_work_at_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Each has its engine, its catalog and its backups, and knows nothing of the other's."""
    services = []
    for name in ("one", "two"):
        application = Application(tmp_path_factory.mktemp(name))
        application.create(events=3)
        services.append(application.service(plan=name))
    engines = [service.jobs for service in services]
    assert [service.jobs for service in services] == engines
    try:
        jobs = [engine.submit(JobKind.BACKUP, {"tags": [engine.plan]}) for engine in engines]
        ended = [engine.wait(job.id, 120) for engine, job in zip(engines, jobs, strict=True)]
        assert [job.status for job in ended] == [JobStatus.COMPLETED] * 2
        assert [job.plan for job in ended] == ["one", "two"]
        tags = [[each.tags for each in engine.backups.list()] for engine in engines]
        assert tags == [[("one",)], [("two",)]]
        assert [engine.list()[1] for engine in engines] == [1, 1]
    finally:
        for engine in engines:
            engine.stop()
