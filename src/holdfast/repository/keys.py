"""Key files: the repository's master key, sealed by a password, once for each password.

A key file is plain JSON. Its name is the SHA-256 of its content, so a file that hashes to
its name and does not open was sealed by another password, and one that does not hash to its
name is damaged.
Source: restic's design document, section "Keys, Encryption and MAC".
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from holdfast.clock import Clock
from holdfast.errors import (
    KeyDamaged,
    NoKeys,
    ObjectNotFound,
    RepositoryDamaged,
    UsageError,
    WrongPassword,
)
from holdfast.repository.crypto import (
    AuthenticationFailed,
    DeriveKey,
    SealingKey,
    check_kdf_cost,
    derive_key,
)
from holdfast.repository.documents import INVALID_DOCUMENT
from holdfast.repository.layout import ObjectKind, object_name
from holdfast.repository.machine import host_name, user_name
from holdfast.repository.objects import list_ids, load_checked
from holdfast.repository.timestamps import format_instant, parse_instant
from holdfast.stores.base import Store

_SALT_BYTES = 64
_LISTINGS = 5


@dataclass(frozen=True, slots=True)
class KdfParameters:
    """The cost of turning a password into a key: scrypt's N, r and p; 128*N*r bytes of memory.

    Source of the defaults: restic's own, of which it makes more only on fast machines.
    """

    n: int = 2**15
    r: int = 8
    p: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInfo:
    """One key of a repository.

    Attributes:
        current: Whether this is the key that opened the repository.
    """

    id: str
    hostname: str
    username: str
    created_at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class OpenedKey:
    """A key file that a password opened, and the master key in it."""

    id: str
    master: SealingKey


class _KeyFile(msgspec.Struct, frozen=True):
    created: str
    username: str
    hostname: str
    kdf: str
    n: int = msgspec.field(name="N")
    r: int
    p: int
    salt: bytes
    data: bytes


class _MacKey(msgspec.Struct, frozen=True):
    k: bytes
    r: bytes


class _MasterKey(msgspec.Struct, frozen=True):
    mac: _MacKey
    encrypt: bytes


def create_key(
    store: Store,
    password: str,
    master: SealingKey,
    *,
    clock: Clock,
    kdf: KdfParameters,
    username: str | None = None,
) -> str:
    """Save the master key under a password, and prove that the password opens it.

    Args:
        username: Whose key it is; None means the user that runs us.

    Returns:
        The id of the new key.

    Raises:
        KeyDamaged: What was stored does not open; it has been removed again.
    """
    document = _seal_master(
        password,
        master,
        clock=clock,
        kdf=kdf,
        username=user_name() if username is None else username,
    )
    key_id = hashlib.sha256(document).hexdigest()
    name = object_name(ObjectKind.KEY, key_id)
    store.save(name, document)
    try:
        reopened = _open_document(load_checked(store, ObjectKind.KEY, key_id), password)
    except (RepositoryDamaged, *INVALID_DOCUMENT) as error:
        store.remove(name)
        raise KeyDamaged(
            "The new key could not be opened after it was stored, so it was removed again"
        ) from error
    if reopened.encryption != master.encryption:
        store.remove(name)
        raise KeyDamaged("The new key did not hold the master key, so it was removed again")
    return key_id


def open_keys(
    store: Store, password: str, *, derive: DeriveKey = derive_key
) -> Iterator[OpenedKey]:
    """Yield the keys that the password opens; there may be several.

    Raises:
        NoKeys: The repository has no key file.
        WrongPassword: It has, and the password opens none; all are intact.
        KeyDamaged: The password opens none, and at least one is damaged.
    """
    tried: set[str] = set()
    opened = False
    damaged: list[str] = []
    for _ in range(_LISTINGS):
        # A password that is changed at this moment has a new key already when its old one goes.
        vanished = False
        for key_id, _ in sorted(list_ids(store, ObjectKind.KEY)):
            if key_id in tried:
                continue
            try:
                document = load_checked(store, ObjectKind.KEY, key_id)
                tried.add(key_id)
                master = _open_document(document, password, derive)
            except AuthenticationFailed:
                continue
            except ObjectNotFound:  # removed by another process since it was listed
                vanished = True
                continue
            except (RepositoryDamaged, *INVALID_DOCUMENT):
                tried.add(key_id)
                damaged.append(key_id)
                continue
            opened = True
            yield OpenedKey(key_id, master)
        if opened:
            return
        if not vanished:
            break
    if not tried:
        raise NoKeys(
            f"The repository at {store.location} has no key, so no password can open it",
            hint="Bring back its keys folder from a copy of the repository.",
        )
    if damaged:
        names = ", ".join(key_id[:16] for key_id in damaged)
        raise KeyDamaged(
            f"Key {names} of the repository at {store.location} is damaged, "
            "and the password opens no other",
            hint="Bring back the keys folder from a copy, or use the password of another key.",
        )
    raise WrongPassword(
        f"Wrong password for the repository at {store.location}",
        hint="Check the password; each repository has its own.",
    )


def list_keys(store: Store, *, on_damaged: Callable[[str], None] | None = None) -> list[KeyInfo]:
    """Return all keys, oldest first; no password is needed, and none of them is `current`.

    Args:
        on_damaged: Is told the ids of keys that cannot be read, instead of raising.

    Raises:
        KeyDamaged: A key file cannot be read.
    """
    keys: list[KeyInfo] = []
    for key_id, _ in list(list_ids(store, ObjectKind.KEY)):
        try:
            keys.append(_read_info(store, key_id))
        except ObjectNotFound:
            continue  # removed by another process since it was listed
        except KeyDamaged:
            if on_damaged is None:
                raise
            on_damaged(key_id)
    return sorted(keys, key=lambda key: (key.created_at, key.id))


class KeyRing:
    """The passwords of an open repository. Methods may be called from any thread."""

    def __init__(
        self,
        store: Store,
        current: OpenedKey,
        *,
        clock: Clock,
        kdf: KdfParameters,
        on_change: Callable[[str], None],
    ) -> None:
        self._store = store
        self._current = current
        self._clock = clock
        self._kdf = kdf
        self._on_change = on_change

    @property
    def current_id(self) -> str:
        """Return the id of the key in use."""
        return self._current.id

    def list(self) -> list[KeyInfo]:
        """Return all keys, oldest first.

        Raises:
            KeyDamaged: A key file cannot be read.
        """
        return [self._seen(key) for key in list_keys(self._store)]

    def add(
        self, password: str, *, username: str | None = None, kdf: KdfParameters | None = None
    ) -> KeyInfo:
        """Let one more password open the repository.

        Args:
            username: Whose it is, for the list of keys; None means the user that runs us.
            kdf: The cost of trying passwords on it, where that is to differ from the others'.

        Raises:
            UsageError: The password opens the repository already.
        """
        self._refuse_known(password)
        key_id = create_key(
            self._store,
            password,
            self._current.master,
            clock=self._clock,
            kdf=kdf or self._kdf,
            username=username,
        )
        return self._info(key_id)

    def remove(self, id_prefix: str) -> KeyInfo:
        """Let the password of a key no longer open the repository.

        Raises:
            UsageError: No key, several keys, the key in use or the last key is meant.
        """
        ids = [key_id for key_id, _ in list_ids(self._store, ObjectKind.KEY)]
        found = [key_id for key_id in ids if id_prefix and key_id.startswith(id_prefix)]
        if len(found) != 1:
            many = "More than one key has" if found else "No key has"
            raise UsageError(f"{many} an id that begins with {id_prefix!r}")
        if found[0] == self._current.id or len(ids) == 1:
            raise UsageError(
                f"Key {found[0][:16]} is in use and cannot be removed",
                hint="Open the repository with another password to remove it.",
            )
        info = self._info_or_stub(found[0])
        self._store.remove(object_name(ObjectKind.KEY, found[0]))
        return info

    def change(self, password: str) -> KeyInfo:
        """Replace the password in use by another; a crash at any point leaves one that opens."""
        old_id = self._current.id
        key_id = create_key(
            self._store, password, self._current.master, clock=self._clock, kdf=self._kdf
        )
        self._current = OpenedKey(key_id, self._current.master)
        self._on_change(password)
        self._store.remove(object_name(ObjectKind.KEY, old_id))
        return self._info(key_id)

    def _refuse_known(self, password: str) -> None:
        try:
            known = next(open_keys(self._store, password))
        except (WrongPassword, KeyDamaged):
            return
        raise UsageError(
            f"This password opens the repository already: it is that of key {known.id[:8]}",
            hint="Choose another one; `holdfast keys list` shows the keys.",
        )

    def _info(self, key_id: str) -> KeyInfo:
        return self._seen(_read_info(self._store, key_id))

    def _seen(self, key: KeyInfo) -> KeyInfo:
        return replace(key, current=key.id == self._current.id)

    def _info_or_stub(self, key_id: str) -> KeyInfo:
        try:
            return self._info(key_id)
        except KeyDamaged:  # a damaged key can still be removed
            epoch = datetime.fromtimestamp(0, UTC)
            return KeyInfo(id=key_id, hostname="", username="", created_at=epoch, current=False)


def _read_info(store: Store, key_id: str) -> KeyInfo:
    try:
        key = _decode(load_checked(store, ObjectKind.KEY, key_id))
        created_at = parse_instant(key.created)
    except (RepositoryDamaged, *INVALID_DOCUMENT) as error:
        raise KeyDamaged(f"Key {key_id[:16]} is damaged") from error
    return KeyInfo(
        id=key_id,
        hostname=key.hostname,
        username=key.username,
        created_at=created_at,
        current=False,
    )


def _seal_master(
    password: str, master: SealingKey, *, clock: Clock, kdf: KdfParameters, username: str
) -> bytes:
    salt = os.urandom(_SALT_BYTES)
    user_key = derive_key(password, salt, n=kdf.n, r=kdf.r, p=kdf.p)
    document = _MasterKey(_MacKey(master.mac_k, master.mac_r), master.encryption)
    return msgspec.json.encode(
        _KeyFile(
            created=format_instant(clock.now()),
            username=username,
            hostname=host_name(),
            kdf="scrypt",
            n=kdf.n,
            r=kdf.r,
            p=kdf.p,
            salt=salt,
            data=user_key.seal(msgspec.json.encode(document)),
        )
    )


def _decode(document: bytes) -> _KeyFile:
    key = msgspec.json.decode(document, type=_KeyFile)
    if key.kdf != "scrypt":
        raise ValueError(f"key derivation {key.kdf!r} is unknown")
    check_kdf_cost(n=key.n, r=key.r, p=key.p)
    return key


def _open_document(document: bytes, password: str, derive: DeriveKey = derive_key) -> SealingKey:
    key = _decode(document)
    user_key = derive(password, key.salt, n=key.n, r=key.r, p=key.p)
    master = msgspec.json.decode(user_key.open(key.data), type=_MasterKey)
    return SealingKey(master.encrypt, master.mac.k, master.mac.r)
