"""Compression: what comes back is what went in, and never more than was announced."""

from __future__ import annotations

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from holdfast.repository.compression import MAX_LEVEL, DecompressionFailed, Zstd

_zstd = Zstd()


@given(st.binary(max_size=2000), st.sampled_from([1, 3, MAX_LEVEL]))
def test_what_was_compressed_comes_back(data: bytes, level: int) -> None:
    packed = _zstd.compress(data, level)
    assert _zstd.decompress(packed, len(data)) == data
    assert _zstd.decompress_limited(packed, len(data)) == data


@pytest.mark.parametrize("length", [0, 1, 999, 1001, 2**28])
def test_a_wrong_announced_length_is_refused(length: int) -> None:
    """R59: zero, one, and one too many or too few."""
    with pytest.raises(DecompressionFailed):
        _zstd.decompress(_zstd.compress(bytes(1000)), length)


def test_a_frame_that_states_no_size_is_read_and_bounded() -> None:
    packed = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1000))
    assert _zstd.decompress(packed, 1000) == bytes(1000)
    with pytest.raises(DecompressionFailed):
        _zstd.decompress(packed, 999)


def test_a_frame_that_lies_about_a_huge_size_takes_no_memory() -> None:
    """R59: the size in a frame's own header is checked before it is believed."""
    # magic, descriptor "8 byte size, single segment", the size, then a last block of zeros
    lie = b"\x28\xb5\x2f\xfd\xe0" + (2**62).to_bytes(8, "little") + b"\x03\x00\x00\x00"
    assert zstandard.frame_content_size(lie) == 2**62
    with pytest.raises(DecompressionFailed):
        _zstd.decompress(lie, 100)
    with pytest.raises(DecompressionFailed):
        _zstd.decompress_limited(lie, 100)


def test_a_frame_that_asks_for_a_huge_window_is_refused() -> None:
    """R59: the window is memory that the frame demands of its reader."""
    parameters = zstandard.ZstdCompressionParameters(window_log=30, write_content_size=False)
    packed = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    frame = packed.compress(b"small") + packed.flush()
    with pytest.raises(DecompressionFailed):
        _zstd.decompress_limited(frame, 1000)


def test_a_bomb_is_stopped_at_the_limit() -> None:
    """R59: ten mebibytes of zeros compress to some hundred bytes."""
    bomb = _zstd.compress(bytes(10 * 2**20))
    with pytest.raises(DecompressionFailed, match="more than 1000 bytes"):
        _zstd.decompress_limited(bomb, 1000)


@pytest.mark.parametrize("data", [b"", b"garbage", b"\x28\xb5\x2f\xfd"])
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(DecompressionFailed):
        _zstd.decompress(data, 10)


@given(st.lists(st.binary(min_size=1, max_size=2000), min_size=1, max_size=5))
def test_what_was_compressed_together_comes_back_together_and_one_by_one(
    data: list[bytes],
) -> None:
    frames = _zstd.compress_all(data, 1)
    assert [zstandard.frame_content_size(bytes(frame)) for frame in frames] == list(map(len, data))
    lengths = [len(item) for item in data]
    assert [bytes(item) for item in _zstd.decompress_all(frames, lengths)] == data
    assert [_zstd.decompress(*pair) for pair in zip(frames, lengths, strict=True)] == data


@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("length", [0, 1, 999, 1001])
def test_one_wrong_length_among_many_is_refused(length: int, stated: bool) -> None:
    """R59: whether or not the frame states its own size."""
    compressor = zstandard.ZstdCompressor(write_content_size=stated)
    frames = [compressor.compress(bytes([number]) * 1000) for number in range(4)]
    with pytest.raises(DecompressionFailed):
        _zstd.decompress_all(frames, [1000, 1000, length, 1000])


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"garbage",
        b"\x28\xb5\x2f\xfd",
        b"\x28\xb5\x2f\xfd\xe0" + (2**62).to_bytes(8, "little") + b"\x03\x00\x00\x00",
    ],
)
def test_one_frame_among_many_that_is_none_or_lies_is_refused(wrong: bytes) -> None:
    """R59: all or nothing."""
    with pytest.raises(DecompressionFailed):
        _zstd.decompress_all([_zstd.compress(b"good"), wrong], [4, 100])
