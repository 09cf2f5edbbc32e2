"""Whether the way into a repository survives this machine, and when that was last proven.

A repository whose only password is in a variable of the server dies with the server. So set-up
is finished only when a recovery key was made (the repository's own key files tell), or somebody
confirmed that a password is kept elsewhere. That, and when a key was last tried, is in
`escrow.json` beside the catalog and by the ids of keys: what was said of a key that is gone
holds no more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from holdfast.clock import Clock
from holdfast.errors import (
    KeyDamaged,
    RecoveryKeyForeign,
    RecoveryKeyMistyped,
    StoreError,
    UsageError,
    WrongPassword,
)
from holdfast.models.recovery_key import (
    RecoveryKey,
    looks_like_recovery_key,
    recovery_key_name,
)
from holdfast.repository import KeyInfo, Repository, list_keys
from holdfast.stores import Store
from holdfast.stores.durable import replace_file

_log = logging.getLogger("holdfast.escrow")

RECORD_NAME = "escrow.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class EscrowStatus:
    """Whether a way into the repository is kept elsewhere, and when it was last tried.

    Attributes:
        encrypted: Whether the repository needs a password at all.
        recovery_keys: The names of its recovery keys, oldest first.
        password_kept_at: When somebody confirmed that a password, still valid, is kept elsewhere.
        opened_at: When an unlock drill last proved that one of them opens the repository.
        since: When the newest of them came to be.
    """

    encrypted: bool
    recovery_keys: tuple[str, ...] = ()
    password_kept_at: datetime | None = None
    opened_at: datetime | None = None
    since: datetime | None = None

    @property
    def finished(self) -> bool:
        """Whether set-up is finished: losing this machine does not lose the backups."""
        return not self.encrypted or bool(self.recovery_keys) or self.password_kept_at is not None

    def drill_due(self, now: datetime, every: timedelta) -> bool:
        """Return whether it is time to try what is kept elsewhere; never if `every` is 0."""
        if not (self.encrypted and self.finished and every):
            return False
        known = [each for each in (self.opened_at, self.since) if each is not None]
        return not known or now - max(known) > every


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockDrill:
    """A proof that what is kept elsewhere opens the repository.

    Attributes:
        key_id: The key of the repository that it opened.
        recovery_key: The name of the recovery key, or None for an ordinary password.
    """

    repository_id: str
    key_id: str
    recovery_key: str | None
    opened_at: datetime
    warnings: tuple[str, ...] = ()


class _KeyRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    kept_at: datetime | None = None
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Record:
    """The content of `escrow.json`."""

    version: int = 1
    keys: dict[str, _KeyRecord] = field(default_factory=dict)


def escrow_status(store: Store, state_dir: Path, *, encrypted: bool | None = None) -> EscrowStatus:
    """Say how the way into a repository is kept; needs no password.

    Args:
        encrypted: Whether it needs a password, where that is known; else it is tried.

    Raises:
        RepositoryNotFound: There is no repository.
    """
    keys = list_keys(store, on_damaged=_pass_over)
    recovery = [key for key in keys if recovery_key_name(key.username)]
    noted = _load(state_dir).keys
    records = [noted[key.id] for key in keys if key.id in noted]
    kept = [each.kept_at for each in records if each.kept_at]
    opened = [each.opened_at for each in records if each.opened_at]
    if encrypted is None:
        encrypted = bool(recovery or kept) or _needs_password(store)
    return EscrowStatus(
        encrypted=encrypted,
        recovery_keys=_names(recovery),
        password_kept_at=max(kept, default=None),
        opened_at=max(opened, default=None),
        since=max([*(key.created_at for key in recovery), *kept], default=None),
    )


def confirm_password_kept(repository: Repository, state_dir: Path) -> None:
    """Record that the password in use is kept elsewhere; it holds until the password changes.

    Raises:
        UsageError: The repository has no password.
        StoreError: It cannot be recorded.
    """
    require_encryption(repository)
    now = repository.clock.now()
    _remember(repository, state_dir, lambda key: _KeyRecord(now, key.opened_at))


def drill_unlock(store: Store, state_dir: Path, secret: str, clock: Clock) -> UnlockDrill:
    """Prove that a recovery key, or a password that is kept elsewhere, opens the repository.

    Args:
        secret: As it was typed. Where the repository has a recovery key, one is expected.

    Raises:
        RecoveryKeyMistyped: It is no recovery key, or has a typing mistake.
        RecoveryKeyForeign: It is the recovery key of another repository, or was removed.
        WrongPassword: It opens no key of the repository.
        KeyDamaged: The key file that it belongs to may be one that is damaged.
        UsageError: The repository has no password.
    """
    damaged: list[str] = []
    keys = list_keys(store, on_damaged=damaged.append)
    recovery = _recovery_key(secret, keys)
    if recovery is not None:
        _require_own(recovery, keys, damaged, store.location)
    repository = Repository.open(store, recovery.text if recovery else secret, clock=clock)
    require_encryption(repository)
    now = clock.now()
    warnings: tuple[str, ...] = ()
    try:
        _remember(repository, state_dir, lambda key: _KeyRecord(key.kept_at, now))
    except StoreError as error:  # a medium that cannot be written is proof enough
        warnings = (f"The date of this drill could not be recorded: {error.message}",)
    return UnlockDrill(
        repository_id=repository.id,
        key_id=repository.keys.current_id,
        recovery_key=recovery.name if recovery else None,
        opened_at=now,
        warnings=warnings,
    )


def require_encryption(repository: Repository) -> None:
    """Raise `UsageError` if the repository has no password that could be lost."""
    if not repository.encrypted:
        raise UsageError(
            f"The repository {repository.store.location} is not encrypted, so it needs no key",
            hint="Whoever can read its files can restore the backups.",
        )


def _recovery_key(secret: str, keys: list[KeyInfo]) -> RecoveryKey | None:
    try:
        return RecoveryKey.parse(secret)
    except RecoveryKeyMistyped:
        if _names(keys) or looks_like_recovery_key(secret):
            raise
        return None


def _require_own(
    recovery: RecoveryKey, keys: list[KeyInfo], damaged: list[str], location: str
) -> None:
    names = _names(keys)
    if recovery.name in names:
        return
    if damaged:
        raise KeyDamaged(
            f"Recovery key {recovery.name} is not among the intact keys of the repository at"
            f" {location}, and key {damaged[0][:16]} is damaged",
            hint="Bring back the keys folder from a copy of the repository.",
        )
    known = f"it has {', '.join(names)}" if names else "it has none"
    raise RecoveryKeyForeign(
        f"Recovery key {recovery.name} is none of the repository at {location}; {known}",
        hint="It is of another repository, or was removed from this one. Look for the right kit,"
        " or make a new one with `holdfast keys recovery -o FILE`.",
    )


def _names(keys: list[KeyInfo]) -> tuple[str, ...]:
    found = (recovery_key_name(key.username) for key in keys)
    return tuple(name for name in found if name is not None)


def _needs_password(store: Store) -> bool:
    try:
        Repository.open(store, "")
    except (WrongPassword, KeyDamaged):
        return True
    return False


def _pass_over(key_id: str) -> None:
    _log.debug("Key %s is damaged", key_id)


def _load(state_dir: Path) -> _Record:
    path = state_dir / RECORD_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Record)
    except FileNotFoundError:
        return _Record()
    except (OSError, msgspec.MsgspecError) as error:
        # Then it is asked again, which is the safe side.
        _log.warning("%s cannot be read: %s", path, error)
        return _Record()


def _remember(
    repository: Repository, state_dir: Path, change: Callable[[_KeyRecord], _KeyRecord]
) -> None:
    present = {key.id for key in list_keys(repository.store, on_damaged=_pass_over)}
    keys = {key_id: each for key_id, each in _load(state_dir).keys.items() if key_id in present}
    current = repository.keys.current_id
    keys[current] = change(keys.get(current, _KeyRecord()))
    _save(state_dir, _Record(keys=keys))


def _save(state_dir: Path, record: _Record) -> None:
    path = state_dir / RECORD_NAME
    try:
        replace_file(str(path), msgspec.json.encode(record))
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}",
            hint="Free some space there, or mend its permissions, then try again.",
        ) from error
