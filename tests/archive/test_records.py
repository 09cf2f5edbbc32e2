"""The records of a ZIP file, to the byte."""

from __future__ import annotations

import stat
import struct

from hypothesis import given
from hypothesis import strategies as st

from holdfast.archive import records
from holdfast.archive.central import located
from holdfast.archive.records import Member

MEMBER = Member(
    name=b"files/a",
    mode=stat.S_IFREG | 0o640,
    mtime_ns=1_700_000_000_000_000_000,
    method=records.DEFLATED,
    size=300,
    stored_size=200,
    crc=0x01020304,
    offset=0x0A0B,
    large=False,
)


def test_records_have_these_bytes() -> None:
    """Golden bytes: an archive written years ago must be read, and be written the same."""
    assert records.encode_local(MEMBER).hex(" ") == (
        "50 4b 03 04 14 00 08 08 08 00 aa b1 6e 57 00 00 00 00 00 00 00 00 00 00 00 00 07 00 09 00 "
        "66 69 6c 65 73 2f 61 55 54 05 00 01 00 f1 53 65"
    )
    assert records.encode_descriptor(MEMBER).hex(" ") == (
        "50 4b 07 08 04 03 02 01 c8 00 00 00 2c 01 00 00"
    )
    assert records.encode_central(MEMBER).hex(" ") == (
        "50 4b 01 02 2d 03 14 00 08 08 08 00 aa b1 6e 57 04 03 02 01 c8 00 00 00 2c 01 00 00 "
        "07 00 09 00 00 00 00 00 00 00 00 00 a0 81 0b 0a 00 00 "
        "66 69 6c 65 73 2f 61 55 54 05 00 01 00 f1 53 65"
    )
    assert records.encode_end(count=2, size=3, offset=4).hex(" ") == (
        "50 4b 05 06 00 00 00 00 02 00 02 00 03 00 00 00 04 00 00 00 00 00"
    )


@given(
    size=st.integers(1, 2**50),
    stored_size=st.integers(0, 2**50),
    offset=st.integers(0, 2**60),
    mtime_ns=st.integers(-(2**63), 2**63 - 1),
)
def test_a_central_record_reads_back_as_it_was_written(
    size: int, stored_size: int, offset: int, mtime_ns: int
) -> None:
    """Sizes and offsets beyond 4 GiB too, at which no test can afford a real file."""
    member = Member(
        name=b"files/a",
        mode=stat.S_IFREG | 0o600,
        mtime_ns=mtime_ns,
        method=records.DEFLATED,
        size=size,
        stored_size=stored_size,
        crc=7,
        offset=offset,
        large=size >= records.LARGE_FROM_BYTES or stored_size >= records.MAX_32,
    )
    raw = records.encode_central(member)
    read = located(raw, 0)
    assert read.raw == raw
    assert (read.size, read.stored_size, read.offset) == (size, stored_size, offset)
    assert read.large == member.large


@given(st.integers(0, 2**62), st.integers(0, 2**62), st.integers(0, 2**62))
def test_the_end_has_64_bits_where_it_needs_them(count: int, size: int, offset: int) -> None:
    """The 64-bit records are there exactly when a number does not fit the short one."""
    end = records.encode_end(count=count, size=size, offset=offset)
    wide = count >= 0xFFFF or size >= 0xFFFFFFFF or offset >= 0xFFFFFFFF
    assert len(end) == (98 if wide else 22)
    if wide:
        assert struct.unpack_from("<3Q", end, 32) == (count, size, offset)


def test_deflate_never_reaches_the_32_bit_limit_from_below() -> None:
    """Data that does not compress grows by 5 bytes in 16 KiB; the threshold leaves room."""
    assert records.LARGE_FROM_BYTES * (1 + 5 / 16_383) + 1000 < records.MAX_32
