"""How the objects of a repository are named and which kinds there are.

Every object but `config` is named by the SHA-256 of its stored bytes, in lower-case
hexadecimal; packs are spread over 256 folders by the first two digits.
Source: restic's design document, section "Repository Layout".
"""

from __future__ import annotations

import re
from enum import StrEnum

CONFIG_NAME = "config"
ID_HEX_CHARS = 64

_ID = re.compile(r"[0-9a-f]{64}")


class BlobType(StrEnum):
    """What a blob is: a piece of a file, or a directory listing."""

    DATA = "data"
    TREE = "tree"


class ObjectKind(StrEnum):
    """The folders of a repository."""

    KEY = "keys"
    LOCK = "locks"
    SNAPSHOT = "snapshots"
    INDEX = "index"
    PACK = "data"
    DAMAGE = "holdfast/damaged"
    """Ours, and no part of the format; see `damage_notes`."""

    @property
    def noun(self) -> str:
        """Return what to call one object of this kind in a message."""
        return _NOUNS[self]

    @property
    def prefix(self) -> str:
        """Return the folder with its slash, as `Store.list` takes it."""
        return f"{self.value}/"


_NOUNS = {
    ObjectKind.KEY: "key",
    ObjectKind.LOCK: "lock",
    ObjectKind.SNAPSHOT: "snapshot",
    ObjectKind.INDEX: "index",
    ObjectKind.PACK: "pack",
    ObjectKind.DAMAGE: "damage note",
}


def object_name(kind: ObjectKind, object_id: str) -> str:
    """Return the store's name of an object.

    Raises:
        ValueError: `object_id` is not 64 lower-case hexadecimal digits.
    """
    if not is_object_id(object_id):
        raise ValueError(f"not an object id: {object_id!r}")
    if kind is ObjectKind.PACK:
        return f"data/{object_id[:2]}/{object_id}"
    return f"{kind.value}/{object_id}"


def is_object_id(text: str) -> bool:
    """Return whether `text` can be the id of an object."""
    return _ID.fullmatch(text) is not None


def parse_id(text: str) -> bytes:
    """Return the bytes of an id; fast, for an index has hundreds of thousands.

    Raises:
        ValueError: It is not 64 lower-case hexadecimal digits.
    """
    try:
        parsed = bytes.fromhex(text)
    except ValueError:
        parsed = b""
    if len(parsed) * 2 != ID_HEX_CHARS or parsed.hex() != text:
        raise ValueError(f"{text[:80]!r} is no id")
    return parsed


def id_of_name(name: str) -> str | None:
    """Return the id in an object's name, or None for a name that no object has."""
    object_id = name.rpartition("/")[2]
    return object_id if is_object_id(object_id) else None
