"""Snapshot objects: what restic and rustic understand, and what they add is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import RepositoryDamaged
from holdfast.repository import Snapshot
from holdfast.repository.snapshots import decode_snapshot, encode_snapshot

_ID = "ab" * 32
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def _snapshots(draw: st.DrawFn) -> Snapshot:
    ids = st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex)
    return Snapshot(
        id=_ID,
        time=draw(st.datetimes(timezones=st.just(UTC))),
        parent=draw(ids),
        tree=draw(st.binary(min_size=32, max_size=32)),
        paths=tuple(draw(st.lists(_text, max_size=3))),
        hostname=draw(_text),
        username=draw(_text),
        uid=draw(st.integers(0, 2**32 - 1)),
        gid=draw(st.integers(0, 2**32 - 1)),
        tags=tuple(draw(st.lists(_text, max_size=3))),
        label=draw(st.none() | _text),
        description=draw(st.none() | _text),
        delete=draw(st.sampled_from([None, "Never", "NotSet"])),
        original=draw(ids),
        program_version=draw(st.none() | _text),
        holdfast=draw(st.dictionaries(_text, _json, max_size=3)),
        extra={f"x_{name}": value for name, value in draw(st.dictionaries(_text, _json)).items()},
    )


@given(_snapshots())
def test_every_snapshot_comes_back(snapshot: Snapshot) -> None:
    assert decode_snapshot(encode_snapshot(snapshot), _ID) == snapshot


def test_a_snapshot_is_spelled_as_restic_spells_it() -> None:
    snapshot = Snapshot(
        time=datetime(2015, 1, 2, 17, 10, 50, 895208, tzinfo=UTC),
        tree=b"\2" * 32,
        paths=("/tmp/testdata",),
        hostname="kasimir",
        username="fd0",
        uid=1000,
        gid=100,
        tags=("NL",),
    )
    assert encode_snapshot(snapshot) == (
        b'{"time":"2015-01-02T17:10:50.895208Z","tree":"' + b"02" * 32 + b'",'
        b'"paths":["/tmp/testdata"],"hostname":"kasimir","username":"fd0","uid":1000,"gid":100,'
        b'"tags":["NL"]}'
    )


def test_unknown_fields_survive_being_saved_again() -> None:
    fields = {
        "time": "2024-01-02T03:04:05Z",
        "tree": "02" * 32,
        "paths": ["/data"],
        "excludes": ["*.tmp"],
        "summary": {"files_new": 3},
        "delete": {"After": "2030-01-01T00:00:00Z"},
    }
    snapshot = decode_snapshot(json.dumps(fields).encode(), _ID)
    assert snapshot.delete is None
    assert json.loads(encode_snapshot(snapshot)) == fields


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"null",
        b"{}",
        b'{"time":"2024-01-01T00:00:00Z","tree":"00","paths":[]}',
        b'{"time":"2024-01-01T00:00:00Z","tree":null,"paths":[]}',
        b'{"time":"now","tree":"' + b"00" * 32 + b'","paths":[]}',
        b'{"time":"0000-01-01T00:00:00Z","tree":"' + b"00" * 32 + b'","paths":[]}',
        b'{"time":"2024-01-01T00:00:00Z","parent":"../x","tree":"' + b"00" * 32 + b'","paths":[]}',
        b'{"time":"2024-01-01T00:00:00Z","tree":"' + b"00" * 32 + b'","paths":[],"uid":-1}',
        b'{"time":"2024-01-01T00:00:00Z","tree":"'
        + b"00" * 32
        + b'","paths":[],"x":'
        + b"[" * 9999,
    ],
)
def test_what_is_no_snapshot_is_refused(document: bytes) -> None:
    """R59: wrong types, malformed ids and instants, numbers out of range, deep nesting."""
    with pytest.raises(RepositoryDamaged, match="Snapshot abababababababab is damaged"):
        decode_snapshot(document, _ID)
