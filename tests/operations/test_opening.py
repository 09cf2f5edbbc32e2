"""Opening the repository: once a call, and not slower than it need be."""

from __future__ import annotations

import hashlib

import pytest

from holdfast.errors import WrongPassword
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
