"""Names: as Go quotes them, and back, whatever bytes they hold."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.repository.go_strings import escape_json, quote, unquote


@pytest.mark.parametrize(
    ("raw", "quoted"),
    [
        (b"plain.txt", "plain.txt"),
        ("grüße ☃".encode(), "grüße ☃"),
        (b'say "hi"', r"say \"hi\""),
        (rb"back\slash", r"back\\slash"),
        (b"a\nb\tc\rd\x07\x08\x0c\x0b", r"a\nb\tc\rd\a\b\f\v"),
        (b"\x01\x1f\x7f", r"\x01\x1f\x7f"),
        (b"\xff\xfe", r"\xff\xfe"),
        (b"caf\xe9", r"caf\xe9"),
        ("\u00a0\u200b".encode(), r"\u00a0\u200b"),
        ("\U000e0001".encode(), r"\U000e0001"),
        ("\U0001f600".encode(), "\U0001f600"),
        (b"\xed\xa0\x80", r"\xed\xa0\x80"),
    ],
)
def test_names_are_quoted_as_go_quotes_them(raw: bytes, quoted: str) -> None:
    name = raw.decode("utf-8", "surrogateescape")
    assert quote(name) == quoted
    assert unquote(quoted) == name


@given(st.binary(max_size=40))
def test_every_name_of_bytes_comes_back(raw: bytes) -> None:
    name = os.fsdecode(raw)
    quoted = quote(name)
    quoted.encode()
    assert os.fsencode(unquote(quoted)) == raw


@pytest.mark.parametrize(
    "quoted", ["\\", "\\q", "\\x1", "\\xg0", "\\u12", "\\ud800", "\\U00110000", "\\400", "\\'"]
)
def test_malformed_escapes_are_refused(quoted: str) -> None:
    with pytest.raises(ValueError, match="name"):
        unquote(quoted)


def test_octal_escapes_are_read() -> None:
    assert unquote("\\101\\377") == "A\udcff"


def test_a_lone_surrogate_is_no_name() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        quote("\ud800")


def test_json_is_escaped_where_go_escapes_it() -> None:
    document = '{"a":"<b>&\u2028\u2029"}'.encode()
    assert escape_json(document) == rb'{"a":"\u003cb\u003e\u0026\u2028\u2029"}'
