"""Loading and saving whole objects: their names are checked, their contents are sealed.

Index, snapshot and lock files (and `config`) are one sealed JSON document each. In format
version 2 the JSON may be compressed: then its first byte is 2.
Source: restic's design document, section "Unpacked Data Format".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from holdfast.errors import ObjectNotFound, RepositoryDamaged
from holdfast.repository.compression import DecompressionFailed, Zstd
from holdfast.repository.crypto import AuthenticationFailed, SealingKey, unproven
from holdfast.repository.layout import ObjectKind, id_of_name, object_name
from holdfast.stores.base import Buffer, Store

_COMPRESSED: Final = 2
_PLAIN_JSON: Final = b"{["

_SMALL: Final = 2**20
MAX_STORED_BYTES: Final = {
    ObjectKind.KEY: _SMALL,
    ObjectKind.LOCK: _SMALL,
    ObjectKind.SNAPSHOT: 64 * 2**20,
    ObjectKind.INDEX: 128 * 2**20,
    ObjectKind.DAMAGE: 128 * 2**20,
}
"""Largest object that we load whole; honest ones are far smaller."""

MAX_JSON_BYTES: Final = 256 * 2**20
"""Largest document that a sealed object may decompress to."""


def load_checked(store: Store, kind: ObjectKind, object_id: str) -> bytes:
    """Load an object whose bytes hash to its name.

    A mismatch may come from the way here, so the object is read a second time before it is
    called damaged.

    Raises:
        ObjectNotFound: There is no such object.
        RepositoryDamaged: Its bytes do not hash to its name.
    """
    name = object_name(kind, object_id)
    size = store.stat(name).size_bytes
    if size > MAX_STORED_BYTES[kind]:
        raise RepositoryDamaged(f"{_title(kind, object_id)} is {size} bytes long, which none is")
    for _ in range(2):
        data = store.load(name)
        if hashlib.sha256(data).hexdigest() == object_id:
            return data
    raise RepositoryDamaged(
        f"{_title(kind, object_id)} is damaged: its content does not match its name",
        hint="Run `holdfast check` to see what it touches.",
    )


def list_ids(store: Store, kind: ObjectKind) -> Iterator[tuple[str, int]]:
    """Yield id and size [bytes] of the stored objects of a kind; foreign names are left out."""
    for info in store.list(kind.prefix):
        object_id = id_of_name(info.name)
        if object_id is not None and info.name == object_name(kind, object_id):
            yield object_id, info.size_bytes


class SealedObjects:
    """The objects that are one sealed JSON document each."""

    def __init__(self, store: Store, key: SealingKey, *, version: int, zstd: Zstd) -> None:
        self._store = store
        self._key = key
        self._version = version
        self._zstd = zstd

    def load(self, kind: ObjectKind, object_id: str) -> bytes:
        """Return the JSON of an object.

        Raises:
            ObjectNotFound: There is no such object.
            RepositoryDamaged: It is altered, or no document is in it.
        """
        sealed = load_checked(self._store, kind, object_id)
        try:
            return self._decode(self._key.open(sealed))
        except AuthenticationFailed:
            raise RepositoryDamaged(
                f"{_title(kind, object_id)} does not belong to this repository, or is damaged"
            ) from None
        except DecompressionFailed as error:
            raise RepositoryDamaged(f"{_title(kind, object_id)} is damaged: {error}") from error

    def save(self, kind: ObjectKind, document: bytes) -> tuple[str, int]:
        """Save a JSON document as a new object, durably.

        What is stored has been opened and compared before it leaves us.

        Returns:
            Its id and its stored size [bytes].
        """
        sealed = self._key.seal(self._encode(document))
        try:
            proof = self._decode(self._key.open(sealed))
        except (AuthenticationFailed, DecompressionFailed):
            raise unproven(kind.noun) from None
        if proof != document:
            raise unproven(kind.noun)
        object_id = hashlib.sha256(sealed).hexdigest()
        self._store.save(object_name(kind, object_id), sealed)
        return object_id, len(sealed)

    def list(self, kind: ObjectKind) -> Iterator[tuple[str, int]]:
        """Yield id and size [bytes] of the objects of a kind."""
        return list_ids(self._store, kind)

    def has(self, kind: ObjectKind, object_id: str) -> bool:
        """Return whether there is such an object; an error is not taken for absence."""
        return exists(self._store, object_name(kind, object_id))

    def remove(self, kind: ObjectKind, object_id: str) -> None:
        """Remove an object.

        Raises:
            ObjectNotFound: There is no such object.
        """
        self._store.remove(object_name(kind, object_id))

    def _encode(self, document: bytes) -> bytes:
        if self._version < 2:
            return document
        return bytes((_COMPRESSED,)) + self._zstd.compress(document, 3)

    def _decode(self, plain: bytes) -> bytes:
        if plain[:1] and plain[0] in _PLAIN_JSON:
            return plain
        if plain[:1] != bytes((_COMPRESSED,)):
            raise DecompressionFailed("it is of an unknown encoding")
        return self._zstd.decompress_limited(plain[1:], MAX_JSON_BYTES)


def load_sealed_config(store: Store, name: str) -> Buffer:
    """Return the stored bytes of `config`.

    Raises:
        ObjectNotFound: There is none.
        RepositoryDamaged: It is far larger than any.
    """
    if store.stat(name).size_bytes > _SMALL:
        raise RepositoryDamaged("The repository's config is too large to be one")
    return store.load(name)


def exists(store: Store, name: str) -> bool:
    """Return whether the store holds an object; an error is not taken for absence."""
    try:
        store.stat(name)
    except ObjectNotFound:
        return False
    return True


def _title(kind: ObjectKind, object_id: str) -> str:
    return f"{kind.noun.capitalize()} {object_id[:16]}"
