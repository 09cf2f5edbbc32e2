"""JSON is read as it streams, with bounded memory and without recursion."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.archive.json_scan import JsonScanner

_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda children: st.one_of(
        st.lists(children, max_size=4), st.dictionaries(st.text(), children, max_size=4)
    ),
    max_leaves=10,
)


def scanner(text: bytes, *, step: int = 7, window: int = 4096, depth: int = 32) -> JsonScanner:
    """Return a scanner that gets `text` in pieces of `step` bytes."""

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(text), step):
            yield text[start : start + step]

    return JsonScanner(pieces(), window=window, depth=depth)


def scanned(text: bytes, *, step: int = 7) -> dict[str, object]:
    """Return the object in `text`, each value read by `value`."""
    scan = scanner(text, step=step)
    found = {json.loads(key): json.loads(scan.value()) for key in scan.members()}
    scan.finish()
    return found


@given(
    st.dictionaries(st.text(), _VALUES, max_size=6),
    st.sampled_from([None, 2]),
    st.booleans(),
    st.integers(1, 50),
)
def test_it_reads_what_the_standard_library_reads(
    document: dict[str, object], indent: int | None, ascii_only: bool, step: int
) -> None:
    """Any object, indented or not, in pieces of any size."""
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    assert scanned(text.encode("utf-8", "surrogatepass"), step=step) == document


def test_objects_within_are_walked_too() -> None:
    """A list of a million members is never held whole."""
    scan = scanner(b'{"a": {"x": 1, "y": [2]}, "b": {}, "c": 3}')
    found = []
    for key in scan.members():
        if key == b'"c"':
            found.append((key, scan.value()))
        else:
            found += [(inner, scan.value()) for inner in scan.members()]
    assert found == [(b'"x"', b"1"), (b'"y"', b"[2]"), (b'"c"', b"3")]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        b'{"a"',
        b'{"a":',
        b'{"a":1',
        b'{"a":1,',
        b'{"a":1,}',
        b'{"a" 1}',
        b"{a:1}",
        b'{"a":[1}',
        b'{"a":"x}',
        b'{"a":1} x',
        b'{"a":1}{}',
        b'{"a":' + b"[" * 33 + b"]" * 33 + b"}",
        b'{"a":"' + b"x" * 9000 + b'"}',
        b'{"' + b"x" * 9000 + b'":1}',
        b'{"a":[' + b" " * 10_000 + b"]}",
        b" " * 20_000 + b"{}",
    ],
)
def test_what_is_not_json_or_too_large_is_refused(text: bytes) -> None:
    """Only `ValueError` is raised, for whatever there is."""
    with pytest.raises(ValueError):
        scanned(text)
