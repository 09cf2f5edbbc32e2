"""Tree objects: spelled as restic spells them, and refused when a name leads elsewhere."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import RepositoryDamaged
from holdfast.models.node import Node, NodeType
from holdfast.repository.trees import decode_tree, encode_tree, go_mode, unix_mode

_ID = bytes(32)
_NS = 10**9

_names = (
    st.binary(min_size=1, max_size=20)
    .filter(lambda raw: raw not in (b".", b"..") and b"/" not in raw and b"\0" not in raw)
    .map(os.fsdecode)
)
_uint32 = st.integers(0, 2**32 - 1)
_uint64 = st.integers(0, 2**64 - 1)
_ids = st.binary(min_size=32, max_size=32)
_instants = st.integers(-62_167_219_200 * _NS, 253_402_300_799 * _NS)


@st.composite
def _nodes(draw: st.DrawFn) -> Node:
    kind = draw(st.sampled_from(NodeType))
    is_file, is_link = kind is NodeType.FILE, kind is NodeType.SYMLINK
    return Node(
        name=draw(_names),
        type=kind,
        mode=draw(st.integers(0, 0o7777)),
        mtime_ns=draw(_instants),
        atime_ns=draw(_instants),
        ctime_ns=draw(_instants),
        uid=draw(_uint32),
        gid=draw(_uint32),
        user=draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=8)),
        group=draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=8)),
        inode=draw(_uint64),
        device_id=draw(_uint64),
        size=draw(_uint64) if is_file else 0,
        links=draw(_uint64),
        link_target=os.fsdecode(draw(st.binary(max_size=30))) if is_link else "",
        device=draw(_uint64),
        extended_attributes=tuple(
            draw(
                st.lists(st.tuples(st.text("abc.", min_size=1), st.binary(max_size=9)), max_size=2)
            )
        ),
        content=b"".join(draw(st.lists(_ids, max_size=3))) if is_file else b"",
        subtree=draw(_ids) if kind is NodeType.DIR else None,
    )


@given(st.lists(_nodes(), max_size=6, unique_by=lambda node: node.name))
def test_every_listing_comes_back_in_the_order_of_its_names_bytes(nodes: list[Node]) -> None:
    document = encode_tree(nodes)
    assert decode_tree(document, _ID) == sorted(nodes, key=lambda node: os.fsencode(node.name))
    json.loads(document)


def test_a_listing_is_spelled_as_restic_spells_it() -> None:
    """Golden bytes: the order of the fields, what is left out, and the final newline."""
    nodes = [
        Node(
            name="b<1>",
            type=NodeType.FILE,
            mode=0o4644,
            mtime_ns=1_419_259_679_912_418_701,
            uid=1000,
            gid=100,
            user="fd0",
            group="users",
            inode=7,
            device_id=66,
            size=3,
            links=2,
            extended_attributes=(("user.a", b"\0\xff"),),
            content=bytes(32) + b"\1" * 32,
        ),
        Node(name="a", type=NodeType.DIR, mode=0o1755, subtree=b"\2" * 32),
        Node(name="c", type=NodeType.SYMLINK, mode=0o777, link_target="x\udcff"),
        Node(name="d", type=NodeType.CHARDEV, mode=0o600, device=259),
        Node(name="e", type=NodeType.FILE),
    ]
    times = '"mtime":"1970-01-01T00:00:00Z",' + _LATER
    assert encode_tree(nodes).decode() == (
        '{"nodes":['
        '{"name":"a","type":"dir","mode":2148532717,' + times + ',"uid":0,"gid":0,'
        '"content":null,"subtree":"' + "02" * 32 + '"},'
        '{"name":"b\\u003c1\\u003e","type":"file","mode":8389028,'
        '"mtime":"2014-12-22T14:47:59.912418701Z",' + _LATER + ',"uid":1000,"gid":100,'
        '"user":"fd0","group":"users","inode":7,"device_id":66,"size":3,"links":2,'
        '"extended_attributes":[{"name":"user.a","value":"AP8="}],'
        '"content":["' + "00" * 32 + '","' + "01" * 32 + '"]},'
        '{"name":"c","type":"symlink","mode":134218239,' + times + ',"uid":0,"gid":0,'
        '"linktarget":"x\\ufffd","linktarget_raw":"eP8=","content":null},'
        '{"name":"d","type":"chardev","mode":69206400,' + times + ',"uid":0,"gid":0,'
        '"device":259,"content":null},'
        '{"name":"e","type":"file",' + times + ',"uid":0,"gid":0,"content":[]}'
        "]}\n"
    )


_LATER = '"atime":"1970-01-01T00:00:00Z","ctime":"1970-01-01T00:00:00Z"'


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "/", "a\\x00b", "..\\x2f..", "\\x00", "\\x2e\\x2e"]
)
def test_a_name_that_would_lead_elsewhere_is_refused(name: str) -> None:
    """R59: path components are checked after unquoting."""
    node = {"name": name, "type": "file", "content": []}
    document = json.dumps({"nodes": [node]}).encode()
    with pytest.raises(RepositoryDamaged, match="cannot be the name"):
        decode_tree(document, _ID)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b"])
def test_such_a_name_is_not_written_either(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        encode_tree([Node(name=name, type=NodeType.FILE)])


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"nodes":{}}',
        b'{"nodes":[{}]}',
        b'{"nodes":[{"name":"a","type":"file"}',
        b'{"nodes":[{"name":"a","type":"hologram"}]}',
        b'{"nodes":[{"name":"a","type":"file","size":-1}]}',
        b'{"nodes":[{"name":"a","type":"file","uid":4294967296}]}',
        b'{"nodes":[{"name":"a","type":"file","mtime":"yesterday"}]}',
        b'{"nodes":[{"name":"a","type":"file","content":["00"]}]}',
        b'{"nodes":[{"name":"a","type":"dir","subtree":"../../etc"}]}',
        b'{"nodes":[{"name":"a","type":"file"},{"name":"a","type":"dir"}]}',
        b'{"nodes":[{"name":"\\ud800","type":"file"}]}',
        b'{"nodes":[{"name":"a","type":"file","later":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}",
    ],
)
def test_what_is_no_listing_is_refused(document: bytes) -> None:
    """R59: wrong types, missing fields, numbers out of range, twins, and deep nesting."""
    with pytest.raises(RepositoryDamaged, match="Tree 0000000000000000 is damaged"):
        decode_tree(document, _ID)


def test_two_entries_of_one_name_are_not_written() -> None:
    twins = [Node(name="a", type=NodeType.FILE), Node(name="a", type=NodeType.FIFO)]
    with pytest.raises(ValueError, match="two entries have the name 'a'"):
        encode_tree(twins)


def test_a_listing_without_entries_is_read() -> None:
    assert decode_tree(b'{"nodes":null}', _ID) == []
    assert encode_tree([]) == b'{"nodes":[]}\n'


@given(st.sampled_from(NodeType), st.integers(0, 0o7777))
def test_modes_come_back(node_type: NodeType, mode: int) -> None:
    assert unix_mode(go_mode(node_type, mode)) == mode
