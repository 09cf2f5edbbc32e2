"""Which names may stand in an archive, and how the others get one that may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.archive.names import (
    fault,
    fold,
    fold_id,
    has_place,
    path_fault,
    portable_name,
    quote,
    sort_key,
    unquote,
)

_RAW = st.binary(min_size=1, max_size=255).filter(
    lambda raw: b"/" not in raw and b"\0" not in raw and raw not in (b".", b"..")
)


@given(_RAW)
def test_any_name_becomes_one_without_fault(raw: bytes) -> None:
    """What the writer makes of a name, the reader takes."""
    name = portable_name(raw, set())
    assert fault(name) is None
    assert fold_id(portable_name(raw, {fold_id(name)})) != fold_id(name)


@given(st.binary(max_size=100))
def test_quoting_is_reversible_and_fit_for_json(raw: bytes) -> None:
    """Any bytes come back, and the text in between is Unicode without control characters."""
    text = quote(raw)
    assert unquote(text) == raw
    assert text.encode().decode() == text
    assert (
        fault(text.encode() or b"x")
        in (
            None,
            "holds a backslash",
            "has an empty part",
            "climbs out of its directory",
            "has a part longer than 255 bytes",
        )
        or b"/" in raw
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [("a", "A"), ("é", "e\u0301"), ("É", "e\u0301"), ("straße", "STRASSE"), ("K", "\u212a")],
)
def test_names_that_some_file_system_takes_for_one_fold_to_one(one: str, other: str) -> None:
    """Case and composition are ignored, as macOS and Windows ignore them."""
    assert fold(one.encode()) == fold(other.encode())


def test_distinct_names_stay_distinct() -> None:
    """Folding does not go further than that."""
    names = ["a", "b", "e", "é", "a.", "a ", "ä", "1", "¹"]
    assert len({fold(name.encode()) for name in names}) == len(names)


@pytest.mark.parametrize(
    "name",
    [
        b"manifest.json",
        b"RESTORE.txt",
        b"settings.json",
        b"database/",
        b"database/app.db",
        b"tables/",
        b"tables/users.json",
        b"files/",
        b"files/a/",
        b"files/a/b/c.jpg",
    ],
)
def test_the_layout_of_a_backup_has_a_place_for(name: bytes) -> None:
    """What DESIGN lays out is allowed."""
    assert has_place(name)
    assert path_fault(name) is None


@pytest.mark.parametrize(
    "name",
    [
        b"database",
        b"files",
        b"manifest.json/",
        b"database/a/b",
        b"database/a/",
        b"other",
        b"Files/",
        b"settings.json/x",
    ],
)
def test_nothing_else_has_a_place(name: bytes) -> None:
    """Names are allowed by a list, not forbidden by one."""
    assert not has_place(name)


@given(st.lists(_RAW, min_size=1, max_size=4), st.lists(_RAW, min_size=1, max_size=4))
def test_a_directory_sorts_before_its_content_and_that_before_its_siblings(
    one: list[bytes], other: list[bytes]
) -> None:
    """Members are in the order of a walk."""
    paths = [b"files/" + b"/".join(parts) for parts in (one, other)]
    by_key = sorted(paths, key=sort_key)
    by_parts = sorted(paths, key=lambda path: path.split(b"/"))
    assert by_key == by_parts


def test_the_places_come_in_their_order() -> None:
    """Instructions first, manifest last."""
    order = [b"RESTORE.txt", b"database", b"settings.json", b"tables", b"files", b"manifest.json"]
    assert sorted(set(order), key=sort_key) == order
