"""Tree objects: directory listings as JSON, spelled exactly as restic spells them.

Equal listings must give equal bytes, or they are not shared between backups.
Source: restic's design document, section "Trees and Data", and its `data.Node`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Final

import msgspec

from holdfast.errors import RepositoryDamaged
from holdfast.models.node import Node, NodeType
from holdfast.repository.documents import INVALID_DOCUMENT
from holdfast.repository.go_strings import escape_json, quote, unquote
from holdfast.repository.layout import parse_id
from holdfast.repository.timestamps import format_ns, parse_ns

_Uint64 = Annotated[int, msgspec.Meta(ge=0)]
_Uint32 = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]

_TYPE_BITS: Final = {
    NodeType.FILE: 0,
    NodeType.DIR: 1 << 31,
    NodeType.SYMLINK: 1 << 27,
    NodeType.DEV: 1 << 26,
    NodeType.CHARDEV: 1 << 26 | 1 << 21,
    NodeType.FIFO: 1 << 25,
    NodeType.SOCKET: 1 << 24,
    NodeType.IRREGULAR: 1 << 19,
}
"""The kind of a file in Go's `fs.FileMode`."""

_SURROGATES: Final = re.compile("[\ud800-\udfff]")

_SPECIAL_BITS: Final = ((0o4000, 1 << 23), (0o2000, 1 << 22), (0o1000, 1 << 20))
"""set-uid, set-gid and sticky: in Unix, and in Go's `fs.FileMode`."""


class _Attribute(msgspec.Struct, frozen=True):
    name: str | msgspec.Raw
    value: bytes | None


class _StoredAttribute(msgspec.Struct, frozen=True):
    name: str
    value: bytes | None


class _Node(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    name: str
    type: NodeType
    mode: _Uint32 = 0
    mtime: str
    atime: str
    ctime: str
    uid: _Uint32
    gid: _Uint32
    user: str | msgspec.Raw = ""
    group: str | msgspec.Raw = ""
    inode: _Uint64 = 0
    device_id: _Uint64 = 0
    size: _Uint64 = 0
    links: _Uint64 = 0
    linktarget: str | msgspec.Raw = ""
    linktarget_raw: bytes | None = None
    extended_attributes: list[_Attribute] | None = None
    device: _Uint64 = 0
    content: list[str] | None
    subtree: str | None = None


class _StoredNode(msgspec.Struct, frozen=True, kw_only=True):
    """As `_Node`, but lenient where Go's decoder is: fields may be missing."""

    name: str
    type: NodeType
    mode: _Uint32 = 0
    mtime: str = "1970-01-01T00:00:00Z"
    atime: str = "1970-01-01T00:00:00Z"
    ctime: str = "1970-01-01T00:00:00Z"
    uid: _Uint32 = 0
    gid: _Uint32 = 0
    user: str = ""
    group: str = ""
    inode: _Uint64 = 0
    device_id: _Uint64 = 0
    size: _Uint64 = 0
    links: _Uint64 = 0
    linktarget: str = ""
    linktarget_raw: bytes | None = None
    extended_attributes: list[_StoredAttribute] | None = None
    device: _Uint64 = 0
    content: list[str] | None = None
    subtree: str | None = None


class _Tree(msgspec.Struct, frozen=True):
    nodes: list[_Node]


class _StoredTree(msgspec.Struct, frozen=True):
    nodes: list[_StoredNode] | None


class _StoredLinks(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    type: NodeType
    size: _Uint64 = 0
    content: list[str] | None = None
    subtree: str | None = None


class _StoredTreeLinks(msgspec.Struct, frozen=True):
    nodes: list[_StoredLinks] | None


_decoder: Final = msgspec.json.Decoder(_StoredTree)
_links_decoder: Final = msgspec.json.Decoder(_StoredTreeLinks)


def encode_tree(nodes: Iterable[Node]) -> bytes:
    """Return the tree object of a directory; the nodes may come in any order.

    Raises:
        ValueError: Two nodes have one name, or a name cannot be one.
    """
    named = sorted(((_raw(node.name), node) for node in nodes), key=lambda pair: pair[0])
    for (name, node), (next_name, _) in pairwise(named):
        if name == next_name:
            raise ValueError(f"two entries have the name {node.name!r}")
    document = msgspec.json.encode(_Tree([_encode_node(node) for _, node in named]))
    return escape_json(document) + b"\n"


def decode_tree(document: bytes, tree_id: bytes) -> list[Node]:
    """Read a tree object.

    Raises:
        RepositoryDamaged: It is no tree object, or holds a name that would lead elsewhere.
    """
    try:
        nodes = [_decode_node(node) for node in _decoder.decode(document).nodes or ()]
        if len({node.name for node in nodes}) != len(nodes):
            raise ValueError("two entries have the same name")
    except INVALID_DOCUMENT as error:
        raise RepositoryDamaged(f"Tree {tree_id.hex()[:16]} is damaged: {error}") from error
    return nodes


def decode_links(document: bytes, tree_id: bytes) -> list[Node]:
    """Read of a tree object only what its entries refer to, in a fifth of the time.

    The nodes have their stored name, type, size, content and subtree, and nothing else.

    Raises:
        RepositoryDamaged: It is no tree object.
    """
    try:
        return [
            Node(
                name=node.name,
                type=node.type,
                size=node.size,
                content=b"".join([parse_id(blob_id) for blob_id in node.content or ()]),
                subtree=parse_id(node.subtree) if node.subtree is not None else None,
            )
            for node in _links_decoder.decode(document).nodes or ()
        ]
    except INVALID_DOCUMENT as error:
        raise RepositoryDamaged(f"Tree {tree_id.hex()[:16]} is damaged: {error}") from error


def check_name(name: str) -> None:
    """Refuse a name that is not one plain part of a path.

    Raises:
        ValueError: It is empty, `.`, `..`, or holds a slash or NUL.
    """
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise ValueError(f"{name[:80]!r} cannot be the name of an entry")


def go_mode(node_type: NodeType, mode: int) -> int:
    """Return Unix permission bits and a kind of file as Go's `fs.FileMode`."""
    bits = mode & 0o777 | _TYPE_BITS[node_type]
    for unix, go in _SPECIAL_BITS:
        if mode & unix:
            bits |= go
    return bits


def unix_mode(mode: int) -> int:
    """Return the Unix permission bits of Go's `fs.FileMode`."""
    bits = mode & 0o777
    for unix, go in _SPECIAL_BITS:
        if mode & go:
            bits |= unix
    return bits


def _encode_node(node: Node) -> _Node:
    check_name(node.name)
    target, raw_target = _encode_target(node.link_target)
    return _Node(
        name=quote(node.name),
        type=node.type,
        mode=go_mode(node.type, node.mode),
        mtime=format_ns(node.mtime_ns),
        atime=format_ns(node.atime_ns),
        ctime=format_ns(node.ctime_ns),
        uid=node.uid,
        gid=node.gid,
        user=_valid(node.user),
        group=_valid(node.group),
        inode=node.inode,
        device_id=node.device_id,
        size=node.size,
        links=node.links,
        linktarget=target,
        linktarget_raw=raw_target,
        extended_attributes=[
            _Attribute(_valid(name), value) for name, value in node.extended_attributes
        ]
        or None,
        device=node.device,
        content=_encode_content(node),
        subtree=node.subtree.hex() if node.subtree is not None else None,
    )


def _encode_content(node: Node) -> list[str] | None:
    if node.type is not NodeType.FILE:
        return None
    return [blob_id.hex() for blob_id in node.blob_ids()]


def _encode_target(target: str) -> tuple[str | msgspec.Raw, bytes | None]:
    text = _valid(target)
    return text, (None if text is target else _raw(target))


def _raw(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _valid(text: str) -> str | msgspec.Raw:
    """Replace each byte that is not UTF-8 as Go's JSON does: by U+FFFD, written as an escape."""
    if text.isascii() or not _SURROGATES.search(text):
        return text
    parts = (msgspec.json.encode(part)[1:-1] for part in _SURROGATES.split(text))
    return msgspec.Raw(b'"' + b"\\ufffd".join(parts) + b'"')


def _decode_node(node: _StoredNode) -> Node:
    name = unquote(node.name)
    check_name(name)
    target = node.linktarget
    if node.linktarget_raw is not None:
        target = node.linktarget_raw.decode("utf-8", "surrogateescape")
    return Node(
        name=name,
        type=node.type,
        mode=unix_mode(node.mode),
        mtime_ns=parse_ns(node.mtime),
        atime_ns=parse_ns(node.atime),
        ctime_ns=parse_ns(node.ctime),
        uid=node.uid,
        gid=node.gid,
        user=node.user,
        group=node.group,
        inode=node.inode,
        device_id=node.device_id,
        size=node.size,
        links=node.links,
        link_target=target,
        device=node.device,
        extended_attributes=tuple(
            (attribute.name, attribute.value or b"") for attribute in node.extended_attributes or ()
        ),
        content=b"".join([parse_id(blob_id) for blob_id in node.content or ()]),
        subtree=parse_id(node.subtree) if node.subtree is not None else None,
    )
