"""Opening the repository: once a call, and not slower than it need be."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from holdfast import BackupService
from holdfast.errors import ConfigError, WrongPassword
from tests.operations.application import Application


def test_scrypt_runs_once_for_a_service_and_a_removed_key_opens_nothing(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R50: what is remembered is how a password derives a key, not that it may open."""
    service = application.service()
    service.create_backup()
    derivations = 0
    scrypt = hashlib.scrypt

    def counting(*arguments: object, **options: object) -> bytes:
        nonlocal derivations
        derivations += 1
        return scrypt(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(hashlib, "scrypt", counting)
    for _ in range(3):
        assert len(service.list_backups()) == 1
    assert derivations == 0
    other = application.service()
    with other.keys() as keys:
        keys.change("another password")
    with pytest.raises(WrongPassword):
        service.list_backups()


@pytest.mark.parametrize(
    "given",
    [
        {"database_url": 5},
        {"encryption_password": b"secret"},
        {"encryption_password": 5},
        {"directories": ["/data"]},
        {"databases": ["sqlite:///x"]},
    ],
)
def test_what_is_of_another_type_is_refused_by_its_name(given: dict[str, Any]) -> None:
    """When the service is made, and without telling the value."""
    (name,) = given
    with pytest.raises(ConfigError, match=f"^{name} is") as refused:
        BackupService(**given)
    assert "secret" not in str(refused.value)
