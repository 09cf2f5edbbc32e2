"""What an archive is made of, for everyone who opens it without Holdfast."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from holdfast.archive import archive_size, default_name, write_archive, write_database
from holdfast.archive.limits import ArchiveLimits
from holdfast.archive.members import survey
from holdfast.errors import ArchiveError, Cancelled, PathNotInBackup
from holdfast.models.manifest import ContentEntry, decode_manifest
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import CancellationToken, Progress
from tests.archive.memory_tree import MemoryTree, manifest, memory_tree, sample_tree
from tests.archive.test_round_trip import archived

ROOT = Path(__file__).parents[2]


def test_members_stand_in_a_fixed_order_with_the_manifest_last() -> None:
    """The instructions come first and the manifest, which knows all checksums, last."""
    with zipfile.ZipFile(io.BytesIO(archived(sample_tree()))) as archive:
        assert archive.namelist() == [
            "RESTORE.txt",
            "database/",
            "database/app.db",
            "settings.json",
            "files/",
            "files/thumbnails/",
            "files/thumbnails/A.jpg",
            "files/thumbnails/a.jpg~509b0d4641a7",
            "files/thumbnails/back%5Cslash%0A~96329b09066f",
            "files/thumbnails/deep/",
            "files/thumbnails/deep/er/",
            "files/thumbnails/deep/er/naïve ☃.txt",
            "files/thumbnails/empty",
            "files/thumbnails/not-utf-8-%FF~ac186e3d21b5",
            "files/thumbnails/nothing/",
            "manifest.json",
        ]


def test_the_manifest_lists_every_file_with_its_size_and_checksum() -> None:
    """`files` in the archive's manifest is true of every member but the manifest."""
    with zipfile.ZipFile(io.BytesIO(archived(sample_tree()))) as archive:
        listed = decode_manifest(archive.read("manifest.json")).files
        assert isinstance(listed, dict)
        for info in archive.infolist():
            if info.is_dir() or info.filename == "manifest.json":
                assert info.filename not in listed
                continue
            data = archive.read(info)
            assert listed.pop(info.filename).checksum == hashlib.sha256(data).hexdigest()
        assert listed == {}


def test_contents_of_the_manifest_have_the_documented_shape() -> None:
    """`contents` names each captured source with its size and checksum."""
    with zipfile.ZipFile(io.BytesIO(archived(sample_tree()))) as archive:
        contents = json.loads(archive.read("manifest.json"))["contents"]
    assert contents["settings.json"] == {
        "kind": "settings",
        "size": 18,
        "checksum": hashlib.sha256(b'{"theme": "dark"}\n').hexdigest(),
    }


def test_the_same_backup_gives_the_same_bytes_however_it_is_read() -> None:
    """Neither the time nor the size of the pieces that a tree yields reaches the archive."""
    tree = memory_tree({"database/app.db": b"row %d " * 300_000, "files/a/b.txt": b"x" * 70_000})
    first = archived(tree)
    tree.piece_size = 777
    assert archived(tree) == first


def test_media_that_is_compressed_already_is_stored() -> None:
    """A picture is not deflated again; text is."""
    tree = memory_tree({"files/a/p.JPG": b"x" * 1000, "files/a/t.txt": b"x" * 1000})
    with zipfile.ZipFile(io.BytesIO(archived(tree))) as archive:
        assert archive.getinfo("files/a/p.JPG").compress_type == zipfile.ZIP_STORED
        assert archive.getinfo("files/a/t.txt").compress_type == zipfile.ZIP_DEFLATED


def test_times_and_modes_are_kept_in_the_zip_itself() -> None:
    """Tools that know only ZIP see the modification time and the permissions."""
    at = datetime(2022, 2, 3, 4, 5, 6, tzinfo=UTC)
    tree = memory_tree({"files/a/t.txt": b"x"}, mode=0o600, mtime_ns=int(at.timestamp()) * 10**9)
    with zipfile.ZipFile(io.BytesIO(archived(tree))) as archive:
        info = archive.getinfo("files/a/t.txt")
    assert info.date_time == (2022, 2, 3, 4, 5, 6)
    assert info.external_attr >> 16 == 0o100600


@pytest.mark.parametrize(("mtime_ns", "year"), [(-(10**18), 1980), (9 * 10**18, 2107)])
def test_times_that_a_zip_cannot_hold_are_clamped(mtime_ns: int, year: int) -> None:
    """The ZIP's own time stays within 1980..2107; the manifest keeps the true one."""
    tree = memory_tree({"files/a/t.txt": b"x"}, mtime_ns=mtime_ns)
    with zipfile.ZipFile(io.BytesIO(archived(tree))) as archive:
        assert archive.getinfo("files/a/t.txt").date_time[0] == year
        files = json.loads(archive.read("manifest.json"))["files"]
    assert files["files/a/t.txt"]["mtime_ns"] == mtime_ns


@pytest.mark.parametrize("large_from", [None, 1])
@pytest.mark.parametrize("tool", [["unzip", "-tq"], ["bsdtar", "-tf"], ["zipinfo", "-v"]])
def test_stock_tools_open_it(tool: list[str], large_from: int | None, tmp_path: Path) -> None:
    """Info-ZIP and libarchive accept it, also with 64-bit sizes."""
    if shutil.which(tool[0]) is None:
        pytest.fail(f"{tool[0]} is missing: apt-get install unzip libarchive-tools")
    path = tmp_path / "backup.zip"
    path.write_bytes(archived(sample_tree(), large_from=large_from))
    done = subprocess.run([*tool, str(path)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()


def test_unzip_restores_content_and_the_instructions_check_it(tmp_path: Path) -> None:
    """The check in RESTORE.txt, run as printed on what `unzip` made, says all good; or what not."""
    tree = sample_tree()
    (tmp_path / "backup.zip").write_bytes(archived(tree))
    subprocess.run(
        ["unzip", "-q", "backup.zip", "-d", "out"], cwd=tmp_path, check=True, timeout=600
    )
    out = tmp_path / "out"
    assert (out / "database/app.db").read_bytes() == tree.data["database/app.db"]
    assert (out / "files/thumbnails/nothing").is_dir()
    text = (out / "RESTORE.txt").read_text()
    script = re.search(r"python3 - <<'END'\n(.*?)\n    END", text, re.DOTALL)
    assert script is not None
    lines = "\n".join(line[4:] for line in script[1].splitlines())
    assert _run(lines, out) == "all good\n"
    (out / "settings.json").write_text("{}")
    assert _run(lines, out) == "differs: settings.json\n"


def _run(script: str, directory: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=directory, capture_output=True, text=True, timeout=600
    )
    return done.stdout + done.stderr


def test_the_instructions_name_what_this_backup_holds() -> None:
    """RESTORE.txt speaks of this backup: its id, databases, directories, settings and no others."""
    with zipfile.ZipFile(io.BytesIO(archived(sample_tree()))) as archive:
        text = archive.read("RESTORE.txt").decode()
    for phrase in (
        "backup_20231116_143022",
        "database/app.db  (716 bytes)",
        "files/thumbnails/",
        "3. Put the database back",
        "rm -f DIR/app.db-wal DIR/app.db-shm DIR/app.db-journal",
        "5. Put the settings back",
        "2 symbolic links",
        "3 files or directories have names that a ZIP file cannot carry",
    ):
        assert phrase in " ".join(text.split()) or phrase in text
    with zipfile.ZipFile(io.BytesIO(archived(memory_tree({"files/a/b": b""})))) as archive:
        text = archive.read("RESTORE.txt").decode()
    assert "database" not in text
    assert "settings.json" not in text


def test_file_names_in_the_instructions_cannot_inject_commands() -> None:
    """R55: a database's name is quoted for the shell, a description stays on its line."""
    tree = memory_tree({"database/a b';rm -rf $HOME.db": b""})
    with zipfile.ZipFile(io.BytesIO(archived(tree))) as archive:
        text = archive.read("RESTORE.txt").decode()
    assert """cp 'database/a b'"'"';rm -rf $HOME.db' 'DIR/a b'"'"';rm -rf $HOME.db'""" in text


@pytest.mark.parametrize("level", [0, 1, 6])
def test_the_size_is_known_before_to_the_byte(level: int) -> None:
    """`archive_size` is exact, for a Content-Length."""
    tree = sample_tree()
    sink = io.BytesIO()
    write_archive(tree, sink, compression_level=level)
    assert archive_size(tree, compression_level=level) == len(sink.getvalue())


def test_the_size_of_a_stored_archive_is_known_without_reading_content() -> None:
    """With level 0 only metadata is read."""
    tree = sample_tree()
    expected = archive_size(tree, compression_level=0)
    tree.data.clear()
    assert archive_size(tree, compression_level=0) == expected


class EndlessTree(MemoryTree):
    """A backup of one file of any size, which exists only while it is read."""

    def read(self, path: str) -> Iterator[bytes]:
        left = self.nodes[path].size
        block = hashlib.shake_128(b"").digest(2**16)
        while left:
            yield block[:left]
            left -= len(block[:left])


def test_memory_does_not_grow_with_the_size_of_a_file() -> None:
    """Eight times the data take no more memory."""
    peaks = []
    for size in (8 * 2**20, 64 * 2**20):
        script = (
            "from tests.archive.hostile_child import peak_kib\n"
            "from tests.archive.test_export import write_endless\n"
            f"write_endless({size})\n"
            "print(peak_kib())"
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        )
        peaks.append(int(done.stdout))
    assert peaks[1] - peaks[0] < 8 * 1024


class _Null(io.RawIOBase):
    def write(self, data: object, /) -> int:
        return len(bytes(data))  # type: ignore[call-overload]


def write_endless(size: int) -> None:
    """Write an archive of one file of `size` bytes to nowhere."""
    tree = EndlessTree(manifest())
    node = Node(name="film.mp4", type=NodeType.FILE, mode=0o600, size=size, links=1)
    tree.add(node, "files/film.mp4")
    write_archive(tree, _Null())


def test_a_file_that_is_not_as_long_as_listed_fails_the_export() -> None:
    """R02: a file cut short in the repository never gets into a finished archive."""
    tree = sample_tree()
    tree.data["files/thumbnails/A.jpg"] = b"short"
    with pytest.raises(ArchiveError, match=r"has 5 bytes in the backup, not 15 as listed"):
        archived(tree)


def test_a_database_without_the_checksum_of_its_capture_fails_the_export() -> None:
    """R02: what was captured and what is exported are the same bytes."""
    tree = sample_tree()
    tree.data["database/app.db"] = tree.data["database/app.db"][::-1]
    with pytest.raises(ArchiveError, match=r"database/app\.db does not have the checksum"):
        archived(tree)


def test_a_backup_that_lacks_what_its_manifest_names_is_not_exported() -> None:
    """No archive is written that its own import would refuse."""
    tree = MemoryTree(manifest({"database/app.db": ContentEntry(kind="sqlite", size=1)}))
    with pytest.raises(ArchiveError, match=r"does not hold database/app\.db"):
        archived(tree)


def test_a_tree_that_is_not_a_backup_of_ours_is_not_exported() -> None:
    """Files outside the layout, as in a snapshot by another program, are not dropped silently."""
    sink = io.BytesIO()
    with pytest.raises(ArchiveError, match="'home' cannot go into an archive"):
        write_archive(memory_tree({"home/me/x": b""}), sink)
    assert sink.getvalue() == b""


def test_more_than_an_import_takes_is_not_exported() -> None:
    """A limit is met before anything is written, not when the archive is needed."""
    with pytest.raises(ArchiveError, match="an archive holds at most 10"):
        survey(sample_tree(), ArchiveLimits(entries=10))


def test_cancelling_stops_between_pieces() -> None:
    """The sink is left without an end, so nothing takes it for an archive."""
    cancel = CancellationToken()
    sink = io.BytesIO()

    def stop(progress: Progress) -> None:
        if progress.done_bytes:
            cancel.cancel()

    with pytest.raises(Cancelled):
        write_archive(sample_tree(), sink, progress=stop, cancel=cancel)
    assert b"PK\x05\x06" not in sink.getvalue()


def test_progress_ends_with_all_bytes_done() -> None:
    """Bytes and totals are those of the content."""
    steps: list[Progress] = []
    tree = sample_tree()
    write_archive(tree, io.BytesIO(), progress=steps.append)
    total = sum(len(data) for data in tree.data.values())
    assert (steps[-1].done_bytes, steps[-1].total_bytes) == (total, total)


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        ("music-shop", "music-shop-backup-2023-11-16-14-30-22.zip"),
        ("../Musik & mehr\n", "Musik-mehr-backup-2023-11-16-14-30-22.zip"),
        ("", "app-backup-2023-11-16-14-30-22.zip"),
    ],
)
def test_the_default_name_tells_app_and_time_in_utc(app: str, expected: str) -> None:
    """R61: whatever the app is called, the name is one part of a path."""
    created_at = datetime(2023, 11, 16, 15, 30, 22, tzinfo=timezone(timedelta(hours=1)))
    assert default_name(app, created_at) == expected


def test_a_single_database_is_written_as_it_is_or_compressed() -> None:
    """`.db` has the very bytes; `.db.gz` is gzip, the same each time."""
    tree = sample_tree()
    plain, packed, again = io.BytesIO(), io.BytesIO(), io.BytesIO()
    write_database(tree, "database/app.db", plain, gzip=False)
    write_database(tree, "database/app.db", packed, gzip=True)
    write_database(tree, "database/app.db", again, gzip=True)
    assert plain.getvalue() == tree.data["database/app.db"]
    assert gzip.decompress(packed.getvalue()) == plain.getvalue()
    assert packed.getvalue() == again.getvalue()


def test_a_database_that_is_not_there_is_named() -> None:
    """Neither a directory nor a missing path is written."""
    for path in ("database/other.db", "database"):
        with pytest.raises(PathNotInBackup, match=path):
            write_database(sample_tree(), path, io.BytesIO(), gzip=False)
