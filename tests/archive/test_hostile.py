"""Archives made to do harm, each refused with a sentence that says why."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from holdfast.archive import ArchiveLimits, open_archive, records
from holdfast.errors import (
    ArchiveDamaged,
    ArchiveError,
    ArchiveRefused,
    ArchiveTooNew,
    Cancelled,
)
from holdfast.models.progress import CancellationToken, Progress
from tests.archive import forge
from tests.archive.forge import HONEST, Forged, forged
from tests.archive.memory_tree import memory_tree
from tests.archive.test_round_trip import archived

ROOT = Path(__file__).parents[2]
BASE = forge.honest()
TEXT = 6  # the index of files/a/x.txt


def opening(data: bytes, tmp_path: Path, *, limits: ArchiveLimits | None = None) -> ArchiveError:
    """Return the error that opening `data` raises."""
    path = tmp_path / "backup.zip"
    path.write_bytes(data)
    with (
        pytest.raises(ArchiveError) as caught,
        open_archive(path, scratch_dir=tmp_path, limits=limits),
    ):
        pass
    return caught.value


def test_the_archive_that_the_hostile_ones_are_made_from_opens(tmp_path: Path) -> None:
    """Each of them is refused for the one thing that is wrong, not for how it was made."""
    for data in (BASE, forged(large_from=1)):
        path = tmp_path / "backup.zip"
        path.write_bytes(data)
        with open_archive(path, scratch_dir=tmp_path) as archive:
            assert b"".join(archive.read("files/a/x.txt")) == b"hello " * 20


REFUSALS: list[tuple[str, bytes, type[ArchiveError], str]] = [
    ("absolute", forged(Forged(b"/etc/passwd")), ArchiveRefused, "is an absolute path"),
    ("dots", forged(Forged(b"files/../../x")), ArchiveRefused, "climbs out of its directory"),
    ("backslash", forged(Forged(b"files/a\\b")), ArchiveRefused, "holds a backslash"),
    ("drive", forged(Forged(b"C:/x")), ArchiveRefused, "begins with a drive letter"),
    ("nul", forged(Forged(b"files/a\0b")), ArchiveRefused, "holds a NUL"),
    ("control", forged(Forged(b"files/a\x1b[2J")), ArchiveRefused, "holds a control character"),
    ("not text", forged(Forged(b"files/\xff")), ArchiveRefused, "is not UTF-8"),
    ("long part", forged(Forged(b"files/" + b"x" * 256)), ArchiveRefused, "longer than 255 bytes"),
    ("long", forged(Forged(b"files/" + b"x/" * 17_000)), ArchiveRefused, "longer than 32768 bytes"),
    ("empty part", forged(Forged(b"files//x")), ArchiveRefused, "has an empty part"),
    ("elsewhere", forged(Forged(b"bin/sh")), ArchiveRefused, "'bin/sh' has no place in a backup"),
    ("twice", forged(Forged(b"files/a/x.txt")), ArchiveRefused, "holds 'files/a/x.txt' twice"),
    (
        "two manifests",
        forged(Forged(b"manifest.json", listed=False)),
        ArchiveRefused,
        "holds 'manifest.json' twice",
    ),
    ("case", forged(Forged(b"files/a/X.txt")), ArchiveRefused, "differ only in case"),
    (
        "accents",
        forged(Forged("files/e\u0301".encode()), Forged("files/é".encode())),
        ArchiveRefused,
        "differ only in case or in accents",
    ),
    (
        "file and directory",
        forged(Forged(b"files/a/x.txt/")),
        ArchiveRefused,
        "as a file and as a directory",
    ),
    (
        "below a file",
        forged(Forged(b"files/a/x.txt/y")),
        ArchiveRefused,
        "lies in a directory that the file does not hold",
    ),
    (
        "link",
        forged(Forged(b"files/l", b"/etc/passwd", mode=0o120777)),
        ArchiveRefused,
        "'files/l' is a symbolic link",
    ),
    ("device", forged(Forged(b"files/d", mode=0o060666)), ArchiveRefused, "is a device, a pipe"),
    ("setuid", forged(Forged(b"files/s", mode=0o104755)), ArchiveRefused, "set-user-id"),
    ("encrypted", forge.with_both(BASE, TEXT, 8, 6, 0x809), ArchiveRefused, "is encrypted inside"),
    ("method", forge.with_both(BASE, TEXT, 10, 8, 12), ArchiveRefused, "unknown method (12)"),
    ("not listed", forged(Forged(b"files/b", listed=False)), ArchiveRefused, "not in its manifest"),
    ("overlap", forge.overlapping(2), ArchiveRefused, "overlaps the entry before it"),
    ("prefix", b"#!/bin/sh\n" + BASE, ArchiveRefused, "10 bytes stand before its first record"),
    ("joined", BASE + BASE, ArchiveRefused, "it has two ends"),
    ("suffix", BASE + b"junk", ArchiveDamaged, "4 bytes stand after its end"),
    ("two ends", BASE + BASE[-22:], ArchiveRefused, "it has two ends"),
    ("comment", BASE[:-2] + b"\2\0hi", ArchiveRefused, "it carries a comment"),
    ("truncated", BASE[:-1], ArchiveDamaged, "it is cut off: its end is missing"),
    ("empty", b"", ArchiveDamaged, "it is empty"),
    ("not a ZIP", b"SQLite format 3\0" * 9, ArchiveDamaged, "it is not a ZIP file"),
    (
        "no manifest",
        forged(text=b"").replace(b"manifest.json", b"files/m.jsonx"),
        ArchiveDamaged,
        "manifest.json is missing",
    ),
    (
        "file missing",
        forged(members=tuple(m for m in HONEST if m.name != b"database/app.db")),
        ArchiveDamaged,
        "'database/app.db', which its manifest names, is missing",
    ),
    (
        "listed and missing",
        forged(edit=lambda said: said["files"].update({"files/a/y": said["files"]["RESTORE.txt"]})),
        ArchiveDamaged,
        "'files/a/y', which its manifest names, is missing",
    ),
    (
        "other content",
        forged(
            members=(*HONEST[:-1], Forged(b"files/a/x.txt", b"changed")),
            edit=lambda said: said["files"]["files/a/x.txt"].update(checksum="0" * 64),
        ),
        ArchiveDamaged,
        "'files/a/x.txt' does not have the SHA-256 that its manifest says",
    ),
    (
        "database of another backup",
        forged(edit=lambda said: said["contents"]["database/app.db"].update(checksum="1" * 64)),
        ArchiveDamaged,
        "'database/app.db' has two checksums in its manifest",
    ),
    (
        "newer",
        forged(
            Forged(b"future/thing"),
            edit=lambda said: said.update(version="2.0", files=["new shape"]),
        ),
        ArchiveTooNew,
        "Backup is from a newer version of Holdfast (format 2.0",
    ),
    (
        "deep JSON",
        forged(text=forge.nested(100_000)),
        ArchiveDamaged,
        "manifest.json is malformed: it is nested too deeply",
    ),
    ("not JSON", forged(text=b"hello"), ArchiveDamaged, "manifest.json is malformed"),
    (
        "true name taken",
        forged(
            Forged(b"files/a/y.txt"),
            edit=lambda said: said["files"]["files/a/y.txt"].update(name="x.txt"),
        ),
        ArchiveRefused,
        "two of its entries have the name 'files/a/x.txt'",
    ),
    (
        "true name climbs",
        forged(edit=lambda said: said["files"]["files/a/x.txt"].update(name="%2E%2E")),
        ArchiveRefused,
        "its manifest has an impossible name",
    ),
    (
        "link in place of a directory",
        forged(
            edit=lambda said: said["links"].update({"files/a": {"target": "/etc", "mtime_ns": 0}})
        ),
        ArchiveRefused,
        "two of its entries have the name 'files/a'",
    ),
]


@pytest.mark.parametrize(
    ("data", "kind", "sentence"),
    [refusal[1:] for refusal in REFUSALS],
    ids=[refusal[0] for refusal in REFUSALS],
)
def test_each_refusal_has_its_own_sentence(
    data: bytes, kind: type[ArchiveError], sentence: str, tmp_path: Path
) -> None:
    """R57: what is wrong is said, as damage or as a refusal, with what to do."""
    error = opening(data, tmp_path)
    assert type(error) is kind
    assert sentence in error.message
    beginning = {
        ArchiveDamaged: "Backup file is corrupted: ",
        ArchiveRefused: "Backup file was refused: ",
        ArchiveTooNew: "Backup is from a newer version",
    }[kind]
    assert error.message.startswith(beginning)
    assert error.hint
    assert error.message.isprintable()


def test_a_thousand_hostile_archives_do_no_harm(tmp_path: Path) -> None:
    """R57: over 1,000 archives; none opens, crashes, writes, takes 256 MB or half a second."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.archive.hostile_child", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["count"] > 1000
    assert (report["opened"], report["failed"], report["left"]) == ([], [], [])
    assert report["peak_bytes"] < 256 * 2**20
    assert report["slowest_s"] < 30
    assert "files/a/x.txt" in report["honest"]


def _ten_million(path: Path, *, count: int, size: int) -> None:
    """Write an archive whose directory of `size` bytes is really there, as holes."""
    with path.open("wb") as file:
        file.write(records.LOCAL_SIGNATURE)
        file.truncate(4 + size)
        file.seek(4 + size)
        file.write(records.encode_end(count=count, size=size, offset=4))


@pytest.mark.parametrize(
    ("count", "size", "sentence"),
    [
        (10_000_000, 10_000_000 * 60, "it claims 10,000,000 entries, at most 1,000,000"),
        (1_000_000, 10_000_000 * 60, "its directory has 600,000,000 bytes"),
        (1_000_000, 1_000_000 * 60, "its directory is broken"),
    ],
)
def test_ten_million_entries_are_refused_before_they_are_read(
    count: int, size: int, sentence: str, tmp_path: Path
) -> None:
    """R57: neither the claim nor a directory of 600 MB costs memory or time."""
    path = tmp_path / "backup.zip"
    _ten_million(path, count=count, size=size)
    script = (
        "import sys, pathlib\n"
        "from holdfast.archive import open_archive\n"
        "from holdfast.errors import ArchiveError\n"
        "from tests.archive.hostile_child import peak_kib\n"
        "p = pathlib.Path(sys.argv[1])\n"
        "try:\n"
        "    with open_archive(p, scratch_dir=p.parent): pass\n"
        "except ArchiveError as error: print(error.message)\n"
        "print(peak_kib())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    message, peak = done.stdout.splitlines()
    assert sentence in message
    assert int(peak) < 256 * 1024


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (ArchiveLimits(entries=7), "it claims 8 entries, at most 7 are allowed"),
        (ArchiveLimits(directory_bytes=100), "at most 100 are allowed"),
        (ArchiveLimits(index_bytes=900), "entries are too long in all"),
        (ArchiveLimits(file_bytes=100), "would expand to more than 100 bytes"),
        (ArchiveLimits(total_bytes=200), "it would expand to more than 200 bytes"),
        (ArchiveLimits(head_bytes=50), "manifest.json is malformed"),
        (ArchiveLimits(ratio=2, ratio_floor_bytes=10), "more than 2 times its stored size"),
    ],
)
def test_each_limit_is_kept(limits: ArchiveLimits, sentence: str, tmp_path: Path) -> None:
    """R57: what a caller allows is the most that an archive gets."""
    assert sentence in opening(BASE, tmp_path, limits=limits).message


def test_links_count_for_the_memory_of_the_index(tmp_path: Path) -> None:
    """R57: links live in the manifest alone, so their number has no other bound."""
    data = archived(memory_tree({"files/a/x": b""}, links={"files/a/l": "y" * 900}))
    error = opening(data, tmp_path, limits=ArchiveLimits(index_bytes=2000))
    assert "it has too many links" in error.message


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    """R57: 1000:1, as only deflate of nothing reaches, is refused before it is inflated."""
    label = f"a bomb that says {40 * 2**20}"
    bomb = next(data for name, data in forge.corpus() if name == label)
    assert "more than 250 times its stored size" in opening(bomb, tmp_path).message


@pytest.mark.parametrize(("said", "sentence"), [(400, "is longer than"), (600, "is shorter than")])
def test_bytes_are_counted_as_they_are_produced(said: int, sentence: str, tmp_path: Path) -> None:
    """R57: with a lie about the length in every place that tells it, the content decides."""
    data = forged(
        members=(*HONEST[:-1], Forged(b"files/a/x.txt", b"x" * 500)),
        edit=lambda manifest: manifest["files"]["files/a/x.txt"].update(size=said),
    )
    starts = forge.central_starts(data)
    (following,) = struct.unpack_from("<L", data, starts[TEXT + 1] + 42)
    data = forge.patched(data, starts[TEXT] + 24, "L", said)
    data = forge.patched(data, following - 4, "L", said)  # the end of the data descriptor
    error = opening(data, tmp_path)
    assert f"'files/a/x.txt' {sentence} its header says" in error.message


def test_nothing_but_a_regular_file_is_opened(tmp_path: Path) -> None:
    """A pipe does not hang, a directory and a missing file are named."""
    pipe = tmp_path / "pipe.zip"
    os.mkfifo(pipe)
    for path, reason in (
        (pipe, "is not a file"),
        (tmp_path, "is not a file"),
        (tmp_path / "absent.zip", "No such file or directory"),
    ):
        with (
            pytest.raises(ArchiveError, match=reason),
            open_archive(path, scratch_dir=tmp_path),
        ):
            pass


def test_a_file_that_changes_after_its_check_gives_no_wrong_bytes(tmp_path: Path) -> None:
    """R15: what was checked and what is read later are the same bytes, or an error."""
    path = tmp_path / "backup.zip"
    data = archived(memory_tree({"files/a/x.jpg": b"original" * 9}))
    for change in ("content and time", "content only"):
        path.write_bytes(data)
        with open_archive(path, scratch_dir=tmp_path) as archive:
            before = path.stat()
            with path.open("r+b") as file:
                file.write(data.replace(b"original", b"tampered"))
            if change == "content only":
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            with pytest.raises(ArchiveDamaged):
                list(archive.read("files/a/x.jpg"))


def test_replacing_the_path_does_not_matter(tmp_path: Path) -> None:
    """The descriptor that was checked is the one that is read."""
    path = tmp_path / "backup.zip"
    path.write_bytes(BASE)
    with open_archive(path, scratch_dir=tmp_path) as archive:
        path.unlink()
        path.write_bytes(b"another file")
        assert b"".join(archive.read("files/a/x.txt")) == b"hello " * 20


def test_checking_can_be_cancelled_and_tells_how_far_it_is(tmp_path: Path) -> None:
    """An upload of many gigabytes can be given up."""
    path = tmp_path / "backup.zip"
    path.write_bytes(BASE)
    steps: list[Progress] = []
    with open_archive(path, scratch_dir=tmp_path, progress=steps.append):
        pass
    assert (steps[-1].done_bytes, steps[-1].total_bytes) == (247, 247)
    cancel = CancellationToken()
    cancel.cancel()
    with (
        pytest.raises(Cancelled),
        open_archive(path, scratch_dir=tmp_path, cancel=cancel),
    ):
        pass


def test_several_threads_read_one_archive(tmp_path: Path) -> None:
    """Reads at offsets share no position."""
    path = tmp_path / "backup.zip"
    tree = memory_tree({f"files/a/{n}": bytes([n]) * 100_000 for n in range(8)})
    path.write_bytes(archived(tree))
    wrong: list[int] = []
    with open_archive(path, scratch_dir=tmp_path) as archive:

        def read(number: int) -> None:
            if b"".join(archive.read(f"files/a/{number}")) != bytes([number]) * 100_000:
                wrong.append(number)

        threads = [threading.Thread(target=read, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
