"""The sample application builds the same data each time, and its comparison misses nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
import sys
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from examples.sample_app import compare
from examples.sample_app.build import build
from examples.sample_app.change import change
from examples.sample_app.compare import compare_databases, compare_folders
from examples.sample_app.thumbnails import SIZE_PX, draw_thumbnail


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample") / "app"
    build(directory)
    return directory


@pytest.fixture
def copy(app: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(app, tmp_path / "copy"))


def differing(first: Path, second: Path) -> dict[str, int]:
    """Return what differs, and how much, by table; `files` for the folder."""
    found = {
        each.name: each.differing for each in compare_databases(first / "app.db", second / "app.db")
    }
    found["files"] = compare_folders(first / "thumbnails", second / "thumbnails").differing
    return {name: count for name, count in found.items() if count}


def execute(directory: Path, statement: str) -> None:
    with closing(sqlite3.connect(directory / "app.db")) as connection, connection:
        connection.execute(statement)


def test_two_builds_hold_the_same_rows_and_bytes(app: Path, tmp_path: Path) -> None:
    """Times of files apart, a second build is the first one again."""
    build(tmp_path / "again")
    for path in (tmp_path / "again").rglob("*"):
        status = (app / path.relative_to(tmp_path / "again")).stat()
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert differing(app, tmp_path / "again") == {}


def test_every_event_names_a_thumbnail_that_is_there(app: Path) -> None:
    """The rows and the files belong together, which references can prove."""
    with closing(sqlite3.connect(app / "app.db")) as connection:
        named = {path for (path,) in connection.execute("SELECT thumbnail_path FROM events")}
    files = {path for path in (app / "thumbnails").rglob("*") if path.is_file()}
    assert {str(path.relative_to(app / "thumbnails")) for path in files} == named


def test_thumbnails_are_valid_pictures() -> None:
    """A thumbnail is a PNG whose chunks check and whose pixels are all there."""
    data = draw_thumbnail("AC/DC: Let There Be Rock")
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, offset = {}, 8
    while offset < len(data):
        length, kind = struct.unpack_from(">I4s", data, offset)
        body = data[offset + 8 : offset + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, offset + 8 + length)
        assert checksum == zlib.crc32(kind + body)
        chunks[kind] = body
        offset += 12 + length
    assert len(zlib.decompress(chunks[b"IDAT"])) == SIZE_PX * (1 + 3 * SIZE_PX)
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]


def test_a_day_changes_rows_and_files(app: Path, copy: Path) -> None:
    """The demonstration's day touches tables, settings and files, and leaves others alone."""
    change(copy)
    found = differing(app, copy)
    assert {"Invoice", "InvoiceLine", "Track", "events", "settings", "files"} <= set(found)
    assert "Album" not in found


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE Album SET Title = Title || ' ' WHERE AlbumId = 7", "Album"),
        ("UPDATE Genre SET Name = NULL WHERE GenreId = 1", "Genre"),
        ("UPDATE settings SET value = x'31' WHERE key = 'theme'", "settings"),
        ("DELETE FROM PlaylistTrack WHERE rowid = 5", "PlaylistTrack"),
        ("INSERT INTO Artist VALUES (9999, 'New')", "Artist"),
        ("CREATE INDEX extra ON Album (Title)", "(schema)"),
    ],
)
def test_the_comparison_sees_one_changed_value(
    app: Path, copy: Path, statement: str, table: str
) -> None:
    """One value of another content or type, one row more or fewer, one index is a difference."""
    execute(copy, statement)
    assert list(differing(app, copy)) == [table]


def test_the_comparison_tells_numbers_from_text(tmp_path: Path) -> None:
    """1, 1.0 and '1' are three values."""
    paths = []
    for name, value in (("whole", "1"), ("real", "1.0"), ("text", "'1'")):
        paths.append(tmp_path / name)
        with closing(sqlite3.connect(paths[-1])) as connection, connection:
            connection.execute("CREATE TABLE t (v)")
            connection.execute(f"INSERT INTO t VALUES ({value})")
    for other in paths[1:]:
        assert [each.differing for each in compare_databases(paths[0], other)] == [0, 2]


def spoil(path: Path) -> None:
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    "alter",
    [spoil, Path.unlink, lambda path: path.chmod(0o600), lambda path: os.utime(path, (1, 1))],
    ids=["content", "gone", "mode", "time"],
)
def test_the_comparison_sees_one_changed_file(
    app: Path, copy: Path, alter: Callable[[Path], None]
) -> None:
    """A flipped bit, a missing file, another mode or time is a difference."""
    alter(next(path for path in sorted((copy / "thumbnails").rglob("*.png"))))
    assert list(differing(app, copy)) == ["files"]


def test_the_comparison_ends_with_one_on_any_difference(
    app: Path, copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command's exit status is the verdict."""
    arguments = ["compare", "--databases", str(app / "app.db"), str(copy / "app.db")]
    monkeypatch.setattr(sys, "argv", arguments)
    assert compare.main() == 0
    execute(copy, "DELETE FROM settings WHERE key = 'theme'")
    assert compare.main() == 1
    assert "1 differ" in capsys.readouterr().out
