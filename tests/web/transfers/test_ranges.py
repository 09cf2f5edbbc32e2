"""Which part of a file a header asks for, and what a file is called."""

from __future__ import annotations

import email.message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import RangeNotSatisfiable
from holdfast.web.downloads import content_disposition
from holdfast.web.ranges import Part, parse_range


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("", None),
        ("bytes=0-", Part(0, 100)),
        ("bytes=0-0", Part(0, 1)),
        ("bytes=99-", Part(99, 100)),
        ("bytes=10-19", Part(10, 20)),
        ("bytes=10-9999999999999999999999999", Part(10, 100)),
        ("bytes=-1", Part(99, 100)),
        ("bytes=-100", Part(0, 100)),
        ("bytes=-101", Part(0, 100)),
        ("Bytes = 1 - 2", Part(1, 3)),
        ("bytes=2-1", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=1-2,5-6", None),
        ("bytes=1", None),
        ("bytes=+1-2", None),
        ("bytes=\u0661-\u0662", None),
        ("bytes=" + "9" * 5000 + "-", None),
        ("lines=1-2", None),
    ],
)
def test_each_form_of_a_range(header: str | None, part: Part | None) -> None:
    """What is no range, or several, is the whole file (RFC 9110, 14.2)."""
    assert parse_range(header, 100) == part


@pytest.mark.parametrize(
    "header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=" + "9" * 30 + "-"]
)
def test_a_range_outside_of_the_file_is_refused(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable, match="has 100 bytes"):
        parse_range(header, 100)


@given(header=st.text(max_size=60) | st.from_regex(r"bytes=[0-9,\- ]{0,50}", fullmatch=True))
def test_no_header_breaks_it(header: str) -> None:
    """R63: whatever is sent is a part of the file, all of it, or refused."""
    try:
        part = parse_range(header, 1000)
    except RangeNotSatisfiable:
        return
    assert part is None or 0 <= part.start < part.stop <= 1000


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("shop-backup.zip", 'attachment; filename="shop-backup.zip"'),
        ('a"b\r\nX-Evil: 1.zip', 'attachment; filename="a_b__X-Evil: 1.zip"'),
        ("../../etc/passwd", 'attachment; filename="_.._etc_passwd"'),
        (
            "a\\b;c%41.zip",
            "attachment; filename=\"a_b_c_41.zip\"; filename*=UTF-8''a_b%3Bc%2541.zip",
        ),
        (
            "naïve ☃.zip",
            "attachment; filename=\"na_ve _.zip\"; filename*=UTF-8''na%C3%AFve%20%E2%98%83.zip",
        ),
        ("x\u202egpj.exe", 'attachment; filename="x_gpj.exe"'),
        ("...", 'attachment; filename="download"'),
        ("\udcff", 'attachment; filename="_"'),
    ],
)
def test_a_name_cannot_leave_its_header(name: str, header: str) -> None:
    """R61: no line break, quote, path or change of direction gets through (RFC 6266, 8187)."""
    assert content_disposition(name) == header


@given(name=st.text(max_size=40))
def test_whatever_a_file_is_called_the_header_is_one_line_of_ascii(name: str) -> None:
    header = content_disposition(name)
    assert header.isascii()
    assert header.isprintable()
    message = email.message.Message()
    message["Content-Disposition"] = header
    saved = message.get_filename()
    assert saved
    assert not set(saved) & set('/\\"\r\n\0')
