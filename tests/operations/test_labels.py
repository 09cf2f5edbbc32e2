"""What people call a backup is text, or nothing is stored: the snapshot could not be read again."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.errors import UsageError
from tests.operations.application import Application

BAD: list[dict[str, Any]] = [
    {"tags": [42]},
    {"tags": [None]},
    {"tags": "prod"},
    {"tags": ["a,b"]},
    {"tags": [" "]},
    {"tags": ["\udcff"]},
    {"description": 5},
    {"description": b"x"},
    {"description": ["x"]},
    {"description": "\ud800"},
]


def test_labels_that_are_no_text_are_refused_before_anything_is_made(
    application: Application,
) -> None:
    service = application.service()
    for labels in BAD:
        with pytest.raises(UsageError):
            service.create_backup(**labels)
    assert not service.repository_exists()
    backup = service.create_backup(description="Größe: 5", tags=["a", "b c"])
    for labels in BAD:
        with pytest.raises(UsageError):
            service.update_backup(backup.backup_id, **labels)
    with pytest.raises(UsageError), service.guarded(5):  # type: ignore[arg-type]
        pass
    (found,) = service.list_backups()
    assert (found.description, found.tags) == ("Größe: 5", ("a", "b c"))
    assert service.verify_backup(found.backup_id)
