"""Where a database cannot be streamed, one moment of it is copied into scratch by the kernel."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from holdfast.errors import NotEnoughSpace
from holdfast.sources.base import CaptureContext
from holdfast.sources.sqlite import SqliteSource
from holdfast.sources.sqlite.agent import files
from tests.rig.disk import small_disk
from tests.sources.sqlite.support import capture, make


@pytest.mark.parametrize("journal_mode", ["delete", "truncate", "persist"])
def test_with_a_rollback_journal_it_is_the_file_as_it_is(tmp_path: Path, journal_mode: str) -> None:
    path = make(
        tmp_path / "app.db", "insert into notes values(randomblob(9999))", journal_mode=journal_mode
    )

    assert capture(SqliteSource(path), tmp_path).path.read_bytes() == path.read_bytes()


def test_a_scratch_disk_without_room_is_named_and_needed_only_for_a_copy(tmp_path: Path) -> None:
    """R36: the sentence names both numbers; what is streamed needs no room."""
    large = "insert into notes values(zeroblob(3000000))"
    copied = make(tmp_path / "copied.db", large)
    streamed = make(tmp_path / "streamed.db", large, journal_mode="wal")
    with small_disk(size_bytes=2 << 20) as disk:
        context = CaptureContext(scratch_dir=disk)
        with (
            pytest.raises(NotEnoughSpace, match=r"a temporary copy of .* needs 3,.* bytes, .* has"),
            SqliteSource(copied).capture(context),
        ):
            pass
        assert list(disk.iterdir()) == []
        with SqliteSource(streamed).capture(context) as captured:
            list(captured.entries())
            assert captured.facts().count == 1


@pytest.mark.parametrize("by_range", [True, False])
@pytest.mark.parametrize("length", [0, 5000, 10_000, 12_000])
def test_a_range_is_copied_and_filled_with_zeros(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_range: bool, length: int
) -> None:
    """Also between file systems, where the kernel refuses the quick way."""
    content = os.urandom(10_000)
    (tmp_path / "from").write_bytes(content)
    if not by_range:

        def refuse(*_: object) -> int:
            raise OSError(18, "Invalid cross-device link")

        monkeypatch.setattr(os, "copy_file_range", refuse)
    with (tmp_path / "from").open("rb") as source, (tmp_path / "to").open("wb") as copy:
        files.copy_range(source.fileno(), copy.fileno(), length)

    expected = content[:length] + bytes(max(0, length - len(content)))
    assert (tmp_path / "to").read_bytes() == expected
