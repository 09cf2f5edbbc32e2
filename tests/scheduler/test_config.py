"""What a scheduler can be told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from holdfast.errors import ConfigError
from holdfast.scheduler import BackupConfig


def test_the_defaults_are_a_nightly_backup_kept_for_thirty_days() -> None:
    """Nobody has to configure anything to be safe."""
    assert BackupConfig() == BackupConfig(
        enabled=True,
        schedule="0 2 * * *",
        retention_days=30,
        max_backups=30,
        encryption_enabled=True,
        compression_enabled=True,
        verify_after_create=True,
        timezone="UTC",
        misfire="run_once",
        misfire_grace=None,
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schedule", "0 2 * *"),
        ("timezone", "Europe/Atlantis"),
        ("retention_days", -1),
        ("max_backups", -30),
        ("max_backups", True),
        ("retention_days", 1.5),
        ("misfire", "run_all"),
        ("misfire_grace", timedelta(seconds=-1)),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_field(field: str, value: Any) -> None:
    """The person who reads the message knows which line to change."""
    with pytest.raises(ConfigError, match=f"^{field}"):
        BackupConfig(**{field: value})
