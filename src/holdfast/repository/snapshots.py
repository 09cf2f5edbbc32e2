"""Snapshot objects: one backup each, as restic writes them and rustic and we add to them.

Fields that we do not know are kept when a snapshot is saved again.
Source: restic's design document, section "Snapshots"; rustic_core's `SnapshotFile` for
`label`, `description` and `delete`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from holdfast.errors import RepositoryDamaged
from holdfast.repository.documents import INVALID_DOCUMENT
from holdfast.repository.layout import is_object_id
from holdfast.repository.timestamps import format_instant, parse_instant

_Uint32 = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One backup as the repository keeps it.

    Attributes:
        id: Name of the stored object, or None for one that is not stored yet.
        parent: Id of the snapshot that it was made after.
        tree: Id of its root tree, 32 bytes.
        paths: What was backed up, as absolute paths.
        label: Our backup id.
        delete: "Never" keeps it for ever, as rustic spells it.
        original: Id of the snapshot that this is a changed copy of.
        holdfast: What only Holdfast knows: a JSON object.
        extra: Fields of other programs; saved again as they are.
    """

    id: str | None = None
    time: datetime
    parent: str | None = None
    tree: bytes
    paths: tuple[str, ...] = ()
    hostname: str = ""
    username: str = ""
    uid: int = 0
    gid: int = 0
    tags: tuple[str, ...] = ()
    label: str | None = None
    description: str | None = None
    delete: str | None = None
    original: str | None = None
    program_version: str | None = None
    holdfast: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


class _Snapshot(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    time: str
    parent: str | None = None
    tree: str
    paths: list[str] | None
    hostname: str = ""
    username: str = ""
    uid: _Uint32 = 0
    gid: _Uint32 = 0
    tags: list[str] | None = None
    original: str | None = None
    program_version: str | None = None
    label: str | None = None
    description: str | None = None
    # rustic writes "Never", "NotSet" or {"After": instant}; only the first concerns us.
    delete: Any = None
    holdfast: dict[str, Any] = {}


_KNOWN: Final = frozenset(_Snapshot.__struct_fields__)


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """Return the JSON of a snapshot; its `id` is not part of it."""
    extra = {name: value for name, value in snapshot.extra.items() if name not in _KNOWN}
    delete: Any = snapshot.delete
    if delete is None:
        delete = snapshot.extra.get("delete")
    document = _Snapshot(
        time=format_instant(snapshot.time),
        parent=snapshot.parent,
        tree=snapshot.tree.hex(),
        paths=list(snapshot.paths),
        hostname=snapshot.hostname,
        username=snapshot.username,
        uid=snapshot.uid,
        gid=snapshot.gid,
        tags=list(snapshot.tags) or None,
        original=snapshot.original,
        program_version=snapshot.program_version,
        label=snapshot.label,
        description=snapshot.description,
        delete=delete,
        holdfast=snapshot.holdfast,
    )
    if not extra:
        return msgspec.json.encode(document)
    return msgspec.json.encode(msgspec.to_builtins(document) | extra)


def decode_snapshot(document: bytes, snapshot_id: str) -> Snapshot:
    """Read the JSON of a snapshot.

    Raises:
        RepositoryDamaged: It is none.
    """
    try:
        stored = msgspec.json.decode(document, type=_Snapshot)
        everything = msgspec.json.decode(document, type=dict[str, Any])
        extra = {name: value for name, value in everything.items() if name not in _KNOWN}
        if stored.delete is not None and not isinstance(stored.delete, str):
            extra["delete"] = stored.delete
        for object_id in (stored.tree, stored.parent, stored.original):
            if object_id is not None and not is_object_id(object_id):
                raise ValueError(f"{object_id[:80]!r} is no id")
        time = parse_instant(stored.time)
    except INVALID_DOCUMENT as error:
        raise RepositoryDamaged(f"Snapshot {snapshot_id[:16]} is damaged: {error}") from error
    return Snapshot(
        id=snapshot_id,
        time=time,
        parent=stored.parent,
        tree=bytes.fromhex(stored.tree),
        paths=tuple(stored.paths or ()),
        hostname=stored.hostname,
        username=stored.username,
        uid=stored.uid,
        gid=stored.gid,
        tags=tuple(stored.tags or ()),
        label=stored.label,
        description=stored.description,
        delete=stored.delete if isinstance(stored.delete, str) else None,
        original=stored.original,
        program_version=stored.program_version,
        holdfast=stored.holdfast,
        extra=extra,
    )
