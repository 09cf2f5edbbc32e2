"""Spoils one stored file so that reading it fails in one step and in no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from holdfast.models.node import Node
from holdfast.repository import BlobType, Repository
from holdfast.stores import open_store
from tests.operations.application import PASSWORD


def spoil_file(location: Path, path: str, change: Callable[[bytes], bytes], *, seal: bool) -> None:
    """Replace the first part of a file of the newest backup, at its place in its pack.

    Args:
        change: Gets the stored bytes, and returns as many others.
        seal: Whether `change` works on what is inside the seal, which is then made anew.
    """
    repository = Repository.open(open_store(str(location)), PASSWORD)
    node = repository.tree(repository.list_snapshots()[-1]).node(path)
    assert isinstance(node, Node)
    found = repository.index.lookup(BlobType.DATA, node.blob_ids()[0])
    assert found is not None
    (pack,) = (location / "data").rglob(found.pack_id.hex())
    data = bytearray(pack.read_bytes())
    place = slice(found.offset, found.offset + found.length)
    stored = bytes(data[place])
    changed = repository.key.seal(change(repository.key.open(stored))) if seal else change(stored)
    assert len(changed) == len(stored)
    data[place] = changed
    pack.chmod(0o600)
    pack.write_bytes(data)


def flip_last(data: bytes) -> bytes:
    """Return the bytes with one bit of the last one flipped."""
    return data[:-1] + bytes([data[-1] ^ 1])


def flip_first(data: bytes) -> bytes:
    """Return the bytes with one bit of the first one flipped."""
    return bytes([data[0] ^ 1]) + data[1:]
