"""Who may open the repository, and how: where it is and where its password comes from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from holdfast.clock import Clock
from holdfast.errors import (
    ConfigError,
    EncryptionMismatch,
    PasswordMissing,
    RecoveryKeyMistyped,
    StoreError,
    WrongPassword,
)
from holdfast.models.recovery_key import RecoveryKey, looks_like_recovery_key
from holdfast.repository import Repository, derive_key
from holdfast.stores import Store, open_store

_REMEMBERED_KEYS = 8

_log = logging.getLogger("holdfast.repository")

PasswordPrompt = Callable[[bool], str]
"""Asks a person for the password; the argument says whether a new repository is being made."""


class RepositoryAccess:
    """Opens one repository, as often as asked.

    Args:
        location: The repository: a local directory.
        password: Opens it; None where a person may be asked, or none is needed.
    """

    def __init__(
        self,
        location: str | Path,
        password: str | None,
        ask_password: PasswordPrompt | None,
        clock: Clock,
    ) -> None:
        if not str(location).strip():
            raise ConfigError(
                "The directory of the repository is an empty text",
                hint="Name it, or leave the setting out: then it is ./backups.",
            )
        self._location = str(location) if "://" in str(location) else str(Path(location).absolute())
        self._password = password
        self._ask_password = ask_password
        # Every call of the service opens the repository. Its keys are read each time, so that
        # one that was removed opens nothing; only scrypt is spared.
        self._derive = lru_cache(maxsize=_REMEMBERED_KEYS)(derive_key)
        self._clock = clock

    def exists(self) -> bool:
        """Say whether there is a repository, without a password."""
        with self.store() as store:
            return Repository.exists(store)

    def create(self, *, encrypt: bool) -> str:
        """Make the repository; return its id.

        Raises:
            RepositoryExists: There is one already; it is left as it is.
            PasswordMissing: `encrypt` is true and there is no password.
        """
        password = self._new_password() if encrypt else ""
        with self.store() as store:
            return Repository.create(store, password, clock=self._clock).id

    @contextmanager
    def open(self) -> Iterator[Repository]:
        """Open the repository for the time of the context; afterwards note damage that was met.

        One that was made without encryption opens whatever the password; who demands
        encryption checks `Repository.encrypted`.

        Raises:
            RepositoryNotFound: There is none.
            WrongPassword: The password opens no key.
            PasswordMissing: It is encrypted, and there is no password.
        """
        with self.store() as store:
            repository = self._open(store)
            try:
                yield repository
            finally:
                _note_damage(repository)

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open where the objects lie, for what needs no password."""
        store = open_store(self._location)
        try:
            yield store
        finally:
            store.close()

    def _open(self, store: Store) -> Repository:
        if self._password is None:
            return self._open_unasked(store)
        try:
            return self._open_by(store, self._password)
        except WrongPassword as wrong:
            try:
                return self._repository(store, "")
            except WrongPassword:
                raise wrong from None

    def _open_unasked(self, store: Store) -> Repository:
        try:
            return self._repository(store, "")
        except WrongPassword:
            if self._ask_password is None:
                raise _password_missing() from None
        password = self._ask_password(False)
        repository = self._open_by(store, password)
        self._password = password
        return repository

    def _open_by(self, store: Store, password: str) -> Repository:
        """Open by a password; a recovery key may be typed as `RecoveryKey.parse` takes it."""
        try:
            return self._repository(store, password)
        except WrongPassword as wrong:
            try:
                key = RecoveryKey.parse(password)
            except RecoveryKeyMistyped:
                if not looks_like_recovery_key(password):
                    raise wrong from None
                raise WrongPassword(
                    wrong.message, hint="It looks like a recovery key with a typing mistake."
                ) from None
            if key.text == password:
                raise
            return self._repository(store, key.text)

    def _repository(self, store: Store, password: str) -> Repository:
        return Repository.open(store, password, clock=self._clock, derive=self._derive)

    def _new_password(self) -> str:
        if not self._password and self._ask_password is not None:
            self._password = self._ask_password(True)
        if not self._password:
            raise _password_missing()
        return self._password


def encryption_warnings(repository: Repository, encrypt: bool | None) -> tuple[str, ...]:
    """Compare what is asked for with what the repository is; return sentences for the user.

    Raises:
        EncryptionMismatch: Encryption is demanded and the repository has none.
    """
    if encrypt and not repository.encrypted:
        raise EncryptionMismatch(
            f"The repository {repository.store.location} was made without encryption",
            hint="Make a new repository with a password, or say --no-encrypt.",
        )
    if encrypt is False and repository.encrypted:
        return ("The repository is encrypted, so this backup is encrypted too.",)
    if not repository.encrypted:
        return ("The repository is not encrypted: whoever can read it can read the data.",)
    return ()


def _note_damage(repository: Repository) -> None:
    try:
        repository.note_damage()
    except StoreError as error:  # a read-only copy, for example; what failed has been told
        _log.warning("Damage could not be noted: %s", error)


def _password_missing() -> PasswordMissing:
    return PasswordMissing(
        "The repository needs a password and none was given",
        hint="Set BACKUP_ENCRYPTION_PASSWORD, BACKUP_ENCRYPTION_PASSWORD_FILE or"
        " BACKUP_ENCRYPTION_PASSWORD_COMMAND (or use --no-encrypt for a new repository that"
        " anyone may read).",
    )
