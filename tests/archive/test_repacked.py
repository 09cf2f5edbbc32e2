"""Archives that other programs unpacked and packed again: the content counts, not the form."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import random
import stat
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.archive import ArchiveLimits, open_archive, records
from holdfast.errors import ArchiveDamaged, ArchiveError, ArchiveRefused, ArchiveTooNew
from tests.archive.forge import central_starts, honest, patched
from tests.archive.memory_tree import memory_tree, sample_tree
from tests.archive.test_round_trip import Seen, archived, seen

TREE = sample_tree()
DATA = archived(TREE)
Members = list[tuple[zipfile.ZipInfo, bytes]]


def plain_members(data: bytes = DATA) -> Members:
    """Return the files of an archive as `zipfile` packs them when it takes them from a disk."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(_info(name), archive.read(name)) for name in archive.namelist() if name[-1] != "/"]


def _info(name: str, *, mode: int = stat.S_IFREG | 0o600) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10))
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


class Unseekable(io.RawIOBase):
    """A pipe as `zipfile` sees it, for which it writes data descriptors."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self.data += bytes(data)
        return len(data)


def packed(members: Members, *, comment: bytes = b"") -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for info, data in members:
            archive.writestr(info, data)
        archive.comment = comment
    return sink.getvalue()


def streamed(members: Members) -> bytes:
    sink = Unseekable()
    with zipfile.ZipFile(sink, "w") as archive:
        for info, data in members:
            archive.writestr(info, data)
    return sink.data


def with_64_bits(members: Members) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for info, data in members:
            with archive.open(info, "w", force_zip64=True) as file:
                file.write(data)
    return sink.getvalue()


def stored(members: Members) -> bytes:
    for info, _ in members:
        info.compress_type = zipfile.ZIP_STORED
    return packed(members)


def shuffled(members: Members) -> bytes:
    random.Random(4).shuffle(members)
    return packed(members)


def without_instructions(members: Members) -> bytes:
    return packed([pair for pair in members if pair[0].filename != "RESTORE.txt"])


def from_windows(members: Members) -> bytes:
    """As 7-Zip packs on Windows: DOS attributes and NTFS times."""
    for info, _ in members:
        info.create_system = 0
        info.external_attr = 0x20
        info.extra = struct.pack("<2H4x2H24x", 0x000A, 32, 1, 24)
    return packed(members)


def from_macos(members: Members) -> bytes:
    """As the Finder packs: owners in the old form, flags of its own among the attributes."""
    for info, _ in members:
        info.external_attr |= 0x4000
        info.extra = struct.pack("<2H8x", 0x5855, 8)
    return packed(members)


def with_second_names(members: Members) -> bytes:
    for info, _ in members:
        name = info.filename.encode()
        info.extra = struct.pack("<2HBL", 0x7075, 5 + len(name), 1, zlib.crc32(name)) + name
    return packed(members)


def copied_by_record(_: Members) -> bytes:
    """Times, attributes, versions and extra fields all taken over from our own records."""
    with zipfile.ZipFile(io.BytesIO(DATA)) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    return packed(members)


def copied_and_streamed(_: Members) -> bytes:
    with zipfile.ZipFile(io.BytesIO(DATA)) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    return streamed(members)


def with_directory_last(members: Members) -> bytes:
    """The central directory in another order than the members."""
    data = packed(members)
    starts = [*central_starts(data), len(data) - records.END.size]
    pieces = [data[a:b] for a, b in itertools.pairwise(starts)]
    return data[: starts[0]] + b"".join(reversed(pieces)) + data[starts[-1] :]


def without_signatures(members: Members) -> bytes:
    """Data descriptors of the oldest form, without their signature."""
    data = streamed(members[-1:])
    directory = central_starts(data)[0]
    start = data.rindex(records.DESCRIPTOR_SIGNATURE, 0, directory)
    assert start == directory - records.DESCRIPTOR.size
    cut = data[:start] + data[start + 4 : -records.END.size]
    size = len(data) - records.END.size - directory
    return cut + records.encode_end(count=1, size=size, offset=directory - 4)


FORMS: list[Callable[[Members], bytes]] = [
    packed,
    streamed,
    with_64_bits,
    stored,
    shuffled,
    without_instructions,
    from_windows,
    from_macos,
    with_second_names,
    copied_by_record,
    copied_and_streamed,
    with_directory_last,
]


def opened(path: Path, data: bytes) -> Seen:
    path.write_bytes(data)
    with open_archive(path, scratch_dir=path.parent) as archive:
        assert archive.manifest == TREE.manifest
        return seen(archive)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_content_that_was_packed_again_is_the_backup(
    form: Callable[[Members], bytes], tmp_path: Path
) -> None:
    """Content, names, modes, times, links and empty directories come from what is proven."""
    assert opened(tmp_path / "backup.zip", form(plain_members())) == seen(TREE)


@pytest.mark.parametrize(
    "command",
    [
        ["zip", "-qr", "../again.zip", "."],
        ["zip", "-qr0", "-D", "../again.zip", "."],
        ["bsdtar", "--format", "zip", "-cf", "../again.zip", "manifest.json", "settings.json",
         "files", "database"],
    ],
    ids=lambda command: " ".join(command[:3]),
)  # fmt: skip
def test_what_other_tools_pack_is_the_backup(command: list[str], tmp_path: Path) -> None:
    """Unpacked by `unzip` and packed by Info-ZIP or libarchive, as users do it."""
    (tmp_path / "backup.zip").write_bytes(DATA)
    out = tmp_path / "out"
    subprocess.run(["unzip", "-q", "backup.zip", "-d", out], cwd=tmp_path, check=True, timeout=600)
    subprocess.run(command, cwd=out, check=True, timeout=600)
    assert opened(tmp_path / "b.zip", (tmp_path / "again.zip").read_bytes()) == seen(TREE)


def test_a_stream_through_zip_is_the_backup(tmp_path: Path) -> None:
    """Written to a pipe, Info-ZIP puts sizes after the data."""
    with zipfile.ZipFile(io.BytesIO(DATA)) as archive:
        archive.extractall(tmp_path / "out")
    made = subprocess.run(
        ["zip", "-qr", "-", "."], cwd=tmp_path / "out", check=True, timeout=600, capture_output=True
    )
    assert opened(tmp_path / "b.zip", made.stdout) == seen(TREE)


def _replaced(name: str, data: bytes) -> Members:
    members = plain_members()
    return [(info, data if info.filename == name else old) for info, old in members]


def _without(name: str) -> Members:
    return [pair for pair in plain_members() if pair[0].filename != name]


def _with(name: str, *, mode: int = stat.S_IFREG | 0o600, data: bytes = b"x") -> Members:
    return [*plain_members(), (_info(name, mode=mode), data)]


def _manifest(edit: Callable[[dict[str, Any]], object]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(DATA)) as archive:
        said = json.loads(archive.read("manifest.json"))
    edit(said)
    return packed(_replaced("manifest.json", json.dumps(said).encode()))


def _listing(path: str) -> Callable[[dict[str, Any]], object]:
    """Return an edit that lists `x` at `path` among the files."""
    checksum = hashlib.sha256(b"x").hexdigest()
    facts = {"size": 1, "checksum": checksum, "mode": 0o600, "mtime_ns": 0}
    return lambda said: said["files"].update({path: facts})


def _outside() -> bytes:
    """Return an archive with a file that the manifest lists, but in none of its contents."""
    data = _manifest(_listing("files/other/x"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        said = json.loads(archive.read("manifest.json"))
    said["directories"]["files/other"] = {"mode": 0o755, "mtime_ns": 0}
    members = [*_replaced("manifest.json", json.dumps(said).encode())]
    return packed([*members, (_info("files/other/x"), b"x")])


def _patched_both(flag: int) -> bytes:
    """Return an archive whose first member has these flags in both headers."""
    data = packed(plain_members())
    return patched(patched(data, central_starts(data)[0] + 8, "H", flag), 6, "H", flag)


def _overlapping() -> bytes:
    data = packed(plain_members())
    return patched(data, central_starts(data)[1] + 42, "L", 0)


def _with_gap() -> bytes:
    data = packed(plain_members())
    start = central_starts(data)[0]
    count, size = len(central_starts(data)), len(data) - records.END.size - start
    end = records.encode_end(count=count, size=size, offset=start + 3)
    return data[:start] + b"gap" + data[start : start + size] + end


def _extra(kind: int, data: bytes) -> bytes:
    members = plain_members()
    members[0][0].extra = struct.pack("<2H", kind, len(data)) + data
    return packed(members)


def _dos(attributes: int) -> bytes:
    members = plain_members()
    members[0][0].create_system = 0
    members[0][0].external_attr = attributes
    return packed(members)


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


LINK = stat.S_IFLNK | 0o777
SECOND = struct.pack("<BL", 1, zlib.crc32(b"RESTORE.txt"))

REFUSALS: list[tuple[str, Callable[[], bytes], type[ArchiveError], str]] = [
    (
        "newer",
        lambda: _manifest(lambda said: said.update(version="2.0")),
        ArchiveTooNew,
        "Backup is from a newer version of Holdfast (format 2.0",
    ),
    (
        "newer and of another shape",
        lambda: packed(
            [
                *_replaced(
                    "manifest.json", b'{"format": "holdfast-backup", "version": "2.0", "files": []}'
                ),
                (_info("future/thing"), b""),
            ]
        ),
        ArchiveTooNew,
        "Backup is from a newer version",
    ),
    (
        "database altered",
        lambda: packed(_replaced("database/app.db", TREE.data["database/app.db"][:-1] + b"X")),
        ArchiveDamaged,
        "'database/app.db' does not have the SHA-256 that its manifest says",
    ),
    (
        "database of another length",
        lambda: packed(_replaced("database/app.db", b"altered")),
        ArchiveDamaged,
        "'database/app.db' has 7 bytes instead of 716, so not the SHA-256 that its manifest says",
    ),
    (
        "no manifest",
        lambda: packed(_without("manifest.json")),
        ArchiveDamaged,
        "manifest.json is missing",
    ),
    (
        "below another directory",
        lambda: packed([(_info(f"b/{i.filename}"), data) for i, data in plain_members()]),
        ArchiveDamaged,
        "manifest.json is missing",
    ),
    (
        "database missing",
        lambda: packed(_without("database/app.db")),
        ArchiveDamaged,
        "'database/app.db', which its manifest names, is missing",
    ),
    (
        "file missing",
        lambda: packed(_without("files/thumbnails/empty")),
        ArchiveDamaged,
        "'files/thumbnails/empty', which its manifest names, is missing",
    ),
    (
        "instructions altered",
        lambda: packed(_replaced("RESTORE.txt", b"run this")),
        ArchiveDamaged,
        "'RESTORE.txt' has 8 bytes",
    ),
    (
        "extra",
        lambda: packed(_with("files/thumbnails/more/extra.jpg")),
        ArchiveRefused,
        "'files/thumbnails/more/extra.jpg' is not in its manifest",
    ),
    (
        "extra database",
        lambda: packed(_with("database/extra.db")),
        ArchiveRefused,
        "'database/extra.db' is not in its manifest",
    ),
    (
        "outside of the contents",
        _outside,
        ArchiveRefused,
        "'files/other/x' is not in the contents that its manifest names",
    ),
    (
        "resource forks",
        lambda: packed(_with("__MACOSX/._manifest.json")),
        ArchiveRefused,
        "'__MACOSX/._manifest.json' has no place in a backup",
    ),
    (
        "the Finder's notes",
        lambda: packed(_with("files/thumbnails/.DS_Store")),
        ArchiveRefused,
        "'files/thumbnails/.DS_Store' is not in its manifest",
    ),
    ("slip", lambda: packed(_with("../evil")), ArchiveRefused, "'../evil' climbs out"),
    ("absolute", lambda: packed(_with("/evil")), ArchiveRefused, "'/evil' is an absolute path"),
    (
        "link",
        lambda: packed(_with("files/thumbnails/l", mode=LINK)),
        ArchiveRefused,
        "'files/thumbnails/l' is a symbolic link",
    ),
    ("link of DOS", lambda: _dos(LINK << 16), ArchiveRefused, "is a symbolic link"),
    ("link of Windows", lambda: _dos(0x420), ArchiveRefused, "is a symbolic link"),
    ("label", lambda: _dos(0x08), ArchiveRefused, "is a device, a pipe or a socket"),
    ("directory by attribute", lambda: _dos(0x10), ArchiveRefused, "a directory by its type"),
    (
        "set-user-id",
        lambda: packed(_with("files/thumbnails/s", mode=stat.S_IFREG | 0o4755)),
        ArchiveRefused,
        "has the set-user-id",
    ),
    (
        "twice",
        lambda: packed(_with("settings.jsom")).replace(b"settings.jsom", b"settings.json"),
        ArchiveRefused,
        "it holds 'settings.json' twice",
    ),
    (
        "case",
        lambda: packed(_with("Settings.json")),
        ArchiveRefused,
        "'settings.json' and 'Settings.json' differ only in case",
    ),
    (
        "below a file",
        lambda: _manifest(
            lambda said: said["directories"].update({"settings.json/x": {"mode": 0, "mtime_ns": 0}})
        ),
        ArchiveRefused,
        "its manifest has a directory at 'settings.json/x'",
    ),
    (
        "a file listed as a directory",
        lambda: _manifest(
            lambda said: said["directories"].update({"database/app.db": {"mode": 0, "mtime_ns": 0}})
        ),
        ArchiveDamaged,
        "'database/app.db' is a file, its manifest says a directory",
    ),
    (
        "an impossible directory",
        lambda: _manifest(
            lambda said: said["directories"].update({"files/../x": {"mode": 0, "mtime_ns": 0}})
        ),
        ArchiveRefused,
        "its manifest has a directory at 'files/../x'",
    ),
    (
        "directories that collide",
        lambda: _manifest(
            lambda said: said["directories"].update(
                {f"files/thumbnails/{name}": {"mode": 0, "mtime_ns": 0} for name in ("q", "Q")}
            )
        ),
        ArchiveRefused,
        "differ only in case",
    ),
    ("encrypted", lambda: _patched_both(1), ArchiveRefused, "'RESTORE.txt' is encrypted"),
    ("unknown flags", lambda: _patched_both(1 << 5), ArchiveRefused, "has unknown flags"),
    ("comment", lambda: packed(plain_members(), comment=b"hi"), ArchiveRefused, "a comment"),
    ("prefix", lambda: b"#!/bin/sh\n" + packed(plain_members()), ArchiveRefused, "10 bytes stand"),
    ("suffix", lambda: packed(plain_members()) + b"junk", ArchiveDamaged, "after its end"),
    ("two of them", lambda: packed(plain_members()) * 2, ArchiveRefused, "it has two ends"),
    ("half", lambda: _cut(packed(plain_members())), ArchiveDamaged, "it is cut off"),
    ("overlap", _overlapping, ArchiveRefused, "overlaps the entry before it"),
    ("gap", _with_gap, ArchiveRefused, "3 bytes after its last entry belong to none"),
    ("unknown extra", lambda: _extra(0x4141, b"hidden"), ArchiveRefused, "kind 0x4141"),
    ("long extra", lambda: _extra(0x5455, b"x" * 14), ArchiveRefused, "kind 0x5455"),
    (
        "second name",
        lambda: _extra(0x7075, SECOND + b"RESTORE.exe"),
        ArchiveRefused,
        "'RESTORE.txt' has a second name",
    ),
    (
        "bomb",
        lambda: packed(_with("files/thumbnails/bomb", data=bytes(2**22))),
        ArchiveRefused,
        "would expand to more than 250 times its stored size",
    ),
]


@pytest.mark.parametrize(
    ("make", "kind", "sentence"),
    [refusal[1:] for refusal in REFUSALS],
    ids=[refusal[0] for refusal in REFUSALS],
)
def test_each_refusal_keeps_its_sentence(
    make: Callable[[], bytes], kind: type[ArchiveError], sentence: str, tmp_path: Path
) -> None:
    """R57: who packed the archive changes nothing in what is refused, and why."""
    path = tmp_path / "backup.zip"
    path.write_bytes(make())
    with pytest.raises(ArchiveError) as caught, open_archive(path, scratch_dir=tmp_path):
        pass
    assert type(caught.value) is kind
    assert sentence in caught.value.message


def test_headers_that_differ_are_refused(tmp_path: Path) -> None:
    """R57: name, method, sizes and CRC, each told otherwise by the local header."""
    data = packed(plain_members())
    path = tmp_path / "backup.zip"
    for offset, layout in ((6, "H"), (8, "H"), (14, "L"), (18, "L"), (22, "L"), (30, "B")):
        (value,) = struct.unpack_from("<" + layout, data, offset)
        path.write_bytes(patched(data, offset, layout, value ^ 8))
        with (
            pytest.raises(ArchiveDamaged, match=r"two headers of 'RESTORE\.txt' differ"),
            open_archive(path, scratch_dir=tmp_path),
        ):
            pass


def test_descriptors_need_no_signature(tmp_path: Path) -> None:
    """Some programs leave it out; here the manifest alone is there, and is read."""
    path = tmp_path / "backup.zip"
    path.write_bytes(without_signatures(plain_members()))
    with (
        pytest.raises(ArchiveDamaged, match=r"'database/app\.db', which its manifest names"),
        open_archive(path, scratch_dir=tmp_path),
    ):
        pass


def test_altered_bits_never_give_other_content(tmp_path: Path) -> None:
    """R03: a flipped bit is refused, or is one of a record that says nothing of the content."""
    data = packed(plain_members())
    expected = seen(TREE)
    generator = random.Random(7)
    path = tmp_path / "backup.zip"
    refused = 0
    for index in range(0, len(data), 5):
        altered = bytearray(data)
        altered[index] ^= 1 << generator.randrange(8)
        try:
            assert opened(path, bytes(altered)) == expected
        except ArchiveError:
            refused += 1
    assert refused > len(data) / 5 * 0.8


def _first_bits(data: bytes) -> Iterator[int]:
    """Yield a place in each field of each central record and of the end."""
    starts = central_starts(data)
    for start in starts:
        yield from range(start, start + records.CENTRAL.size)
    yield from range(len(data) - records.END.size, len(data))


def test_no_flip_makes_ours_one_that_was_packed_again(tmp_path: Path) -> None:
    """R03: of the smallest archive each record proves alone that all must be ours."""
    small = archived(memory_tree({"database/a.db": b"rows"}))
    path = tmp_path / "backup.zip"
    for index in _first_bits(small):
        for bit in range(8):
            altered = bytearray(small)
            altered[index] ^= 1 << bit
            path.write_bytes(altered)
            with pytest.raises(ArchiveError), open_archive(path, scratch_dir=tmp_path):
                pass


def test_one_record_of_ours_holds_all_to_the_bit(tmp_path: Path) -> None:
    """R03: an archive in part rewritten is damaged, even if each file in it is intact."""
    data = honest()
    starts = central_starts(data)
    path = tmp_path / "backup.zip"
    for index in range(len(starts)):
        # Another version of another system made it: harmless, but not what we write.
        path.write_bytes(patched(data, starts[index] + 4, "H", 20))
        with (
            pytest.raises(ArchiveDamaged, match="is not as Holdfast writes it"),
            open_archive(path, scratch_dir=tmp_path),
        ):
            pass
    for start in starts[:-1]:
        data = patched(data, start + 4, "H", 20)
    path.write_bytes(data)
    with (
        pytest.raises(ArchiveDamaged, match="is not as Holdfast writes it"),
        open_archive(path, scratch_dir=tmp_path),
    ):
        pass


def test_bringing_it_in_order_takes_no_more_memory_than_allowed(tmp_path: Path) -> None:
    """R57: what costs twice the directory is refused where the limit is less."""
    path = tmp_path / "backup.zip"
    path.write_bytes(shuffled(plain_members()))
    size = len(path.read_bytes()) - central_starts(path.read_bytes())[0]
    with (
        pytest.raises(ArchiveRefused, match="too many entries for that"),
        open_archive(path, scratch_dir=tmp_path, limits=ArchiveLimits(index_bytes=int(size * 1.9))),
    ):
        pass
