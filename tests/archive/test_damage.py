"""Archives that were cut off or altered on their way are never taken for whole."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from pathlib import Path

import pytest

from holdfast.archive import open_archive
from holdfast.errors import ArchiveDamaged, ArchiveError
from tests.archive.memory_tree import memory_tree
from tests.archive.test_round_trip import archived

TREE = memory_tree(
    {
        "database/a.db": b"SQLite format 3\0 rows",
        "files/a/b.jpg": b"stored",
        "files/a/\\": b"",
    },
    links={"files/a/l": "b.jpg"},
)
DATA = archived(TREE)


def opens(path: Path, data: bytes) -> bool:
    """Whether `data` is taken for a whole archive; any error but ours fails the test."""
    path.write_bytes(data)
    try:
        with open_archive(path, scratch_dir=path.parent):
            return True
    except ArchiveError:
        return False


def test_the_whole_archive_opens(tmp_path: Path) -> None:
    """What the other tests damage is sound."""
    assert opens(tmp_path / "backup.zip", DATA)


def test_truncation_at_every_byte_is_found(tmp_path: Path) -> None:
    """R02: no beginning of an archive is taken for an archive, and each is called damaged."""
    path = tmp_path / "backup.zip"
    for length in range(len(DATA)):
        path.write_bytes(DATA[:length])
        with (
            pytest.raises(ArchiveDamaged, match="Backup file is corrupted"),
            open_archive(path, scratch_dir=tmp_path),
        ):
            pass


@pytest.mark.parametrize("shard", range(4))
def test_every_altered_byte_is_found(shard: int, tmp_path: Path) -> None:
    """R03: a bit of every byte of the two texts, and all eight bits of every other, are found."""
    path = tmp_path / "backup.zip"
    generator = random.Random(shard)
    texts = (_span(0), _span(-1))
    unseen = []
    for index in range(shard, len(DATA), 4):
        in_text = any(start <= index < end for start, end in texts)
        for bit in [generator.randrange(8)] if in_text else range(8):
            altered = bytearray(DATA)
            altered[index] ^= 1 << bit
            if opens(path, bytes(altered)):
                unseen.append((index, bit))
    assert unseen == []


def _span(member: int) -> tuple[int, int]:
    """Return where the stored bytes of a member begin and end."""
    with zipfile.ZipFile(io.BytesIO(DATA)) as archive:
        info = archive.infolist()[member]
    name_length, extra_length = struct.unpack_from("<2H", DATA, info.header_offset + 26)
    start = info.header_offset + 30 + name_length + extra_length
    return start, start + info.compress_size


def test_a_lost_or_repeated_block_is_found(tmp_path: Path) -> None:
    """R02: what a broken copy does: 512 bytes dropped, zeroed or written twice."""
    path = tmp_path / "backup.zip"
    for start in range(0, len(DATA), 512):
        block = DATA[start : start + 512]
        for instead in (b"", bytes(len(block)), block * 2):
            assert not opens(path, DATA[:start] + instead + DATA[start + 512 :])
