"""Archives that no export makes: whole and consistent but for the one thing that is wrong."""

from __future__ import annotations

import hashlib
import io
import json
import random
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from holdfast.archive import records
from holdfast.archive.writer import ZipStream
from holdfast.models.manifest import ContentEntry
from tests.archive.memory_tree import manifest

MTIME_NS = 1_700_000_000_000_000_000
ManifestEdit = Callable[[dict[str, Any]], object]
DATABASE = b"SQLite format 3\0" + bytes(100)


@dataclass(frozen=True)
class Forged:
    """A member; `listed` False keeps it out of the manifest."""

    name: bytes
    data: bytes = b""
    mode: int | None = None
    deflate: bool = True
    listed: bool = True

    @property
    def full_mode(self) -> int:
        if self.mode is not None:
            return self.mode
        return stat.S_IFDIR | 0o755 if self.name.endswith(b"/") else stat.S_IFREG | 0o644


HONEST = (
    Forged(b"RESTORE.txt", b"Unzip it."),
    Forged(b"database/"),
    Forged(b"database/app.db", DATABASE),
    Forged(b"settings.json", b"{}"),
    Forged(b"files/"),
    Forged(b"files/a/"),
    Forged(b"files/a/x.txt", b"hello " * 20),
)


def forged(
    *extra: Forged,
    members: tuple[Forged, ...] = HONEST,
    edit: ManifestEdit = lambda _: None,
    text: bytes | None = None,
    large_from: int = records.LARGE_FROM_BYTES,
) -> bytes:
    """Return an archive of `members` and `extra`, with a manifest that agrees unless edited.

    Args:
        text: What to write as the manifest, whatever the members are.
    """
    sink = io.BytesIO()
    stream = ZipStream(level=6, large_from=large_from)
    files: dict[str, Any] = {}
    directories: dict[str, Any] = {}
    for member in (*members, *extra):
        member_bytes = stream.add_file(
            member.name,
            mode=member.full_mode,
            mtime_ns=MTIME_NS,
            size=len(member.data),
            pieces=[member.data],
            deflate=member.deflate,
        )
        sink.writelines(member_bytes)
        if not member.listed:
            continue
        name = member.name.decode("utf-8", "backslashreplace").removesuffix("/")
        facts = {"mode": member.full_mode & 0o7777, "mtime_ns": MTIME_NS}
        if member.name.endswith(b"/"):
            directories[name] = facts
        else:
            checksum = hashlib.sha256(member.data).hexdigest()
            files[name] = {"size": len(member.data), "checksum": checksum, **facts}
    if text is None:
        said = described(files, directories, stream.checksum())
        edit(said)
        text = json.dumps(said).encode()
    said_bytes = stream.add_file(
        b"manifest.json",
        mode=stat.S_IFREG | 0o644,
        mtime_ns=MTIME_NS,
        size=len(text),
        pieces=[text],
        deflate=False,
    )
    sink.writelines(said_bytes)
    sink.writelines(stream.finish())
    return sink.getvalue()


def described(files: dict[str, Any], directories: dict[str, Any], checksum: str) -> dict[str, Any]:
    """Return the manifest of the honest members as JSON values."""
    database = ContentEntry(
        kind="sqlite", size=len(DATABASE), checksum=hashlib.sha256(DATABASE).hexdigest()
    )
    contents = {
        "database/app.db": database,
        "settings.json": ContentEntry(kind="settings", size=2),
        "files/a": ContentEntry(kind="directory", size=120),
    }
    said: dict[str, Any] = json.loads(manifest(contents).encode())
    said["archive_checksum"] = checksum
    said["files"] = files
    said["directories"] = directories
    said["links"] = {}
    return said


def end_of(data: bytes) -> int:
    """Return where the end record begins."""
    return len(data) - records.END.size


def patched(data: bytes, offset: int, layout: str, value: int) -> bytes:
    """Return `data` with one number replaced."""
    changed = bytearray(data)
    struct.pack_into("<" + layout, changed, offset, value)
    return bytes(changed)


def central_starts(data: bytes) -> list[int]:
    """Return where each central record begins."""
    fields = records.END.unpack_from(data, end_of(data))
    position = fields[6]
    starts = []
    for _ in range(fields[4]):
        starts.append(position)
        lengths = struct.unpack_from("<3H", data, position + 28)
        position += records.CENTRAL.size + sum(lengths)
    return starts


def with_central(data: bytes, index: int, offset: int, layout: str, value: int) -> bytes:
    """Return `data` with a field of one central record replaced."""
    return patched(data, central_starts(data)[index] + offset, layout, value)


def with_both(data: bytes, index: int, central: int, local: int, value: int) -> bytes:
    """Return `data` with a 16-bit field replaced in the central record and the local header."""
    start = central_starts(data)[index]
    (offset,) = struct.unpack_from("<L", data, start + 42)
    return patched(patched(data, start + central, "H", value), offset + local, "H", value)


def overlapping(copies: int) -> bytes:
    """Return many entries that share one compressed kernel: small file, huge content."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = kernel.compress(bytes(200_000)) + kernel.flush()
    crc = zlib.crc32(bytes(200_000))
    local = records.LOCAL.pack(
        records.LOCAL_SIGNATURE, 20, records.FLAG_UTF8, 8, 0, 33, crc, len(body), 200_000, 12, 0
    )
    data = local + b"files/000000" + body
    directory = b""
    for number in range(copies):
        name = b"files/%06d" % number
        directory += (
            records.CENTRAL.pack(
                records.CENTRAL_SIGNATURE,
                records.MADE_BY,
                20,
                records.FLAG_UTF8,
                8,
                0,
                33,
                crc,
                len(body),
                200_000,
                len(name),
                0,
                0,
                0,
                0,
                (stat.S_IFREG | 0o644) << 16,
                0,
            )
            + name
        )
    end = records.encode_end(count=copies, size=len(directory), offset=len(data))
    return data + directory + end


def nested(depth: int) -> bytes:
    """Return a manifest nested so deep that a recursive parser falls over."""
    return b'{"format": ' + b"[" * depth + b"]" * depth + b"}"


BAD_PARTS = (
    b"..", b".", b"", b"\\", b"..\\..\\x", b"a\\b", b"\0", b"a\0.txt", b"\x01", b"\n", b"\x1b[2J",
    b"\x7f", b"\xff", b"\xc0\xae\xc0\xae", b"\xed\xa0\x80", b"x" * 256, "\u0085".encode(),
    "\u009b".encode(), b"\xf8\x88\x80\x80\x80", b"a\rb",
)  # fmt: skip
BAD_NAMES = (
    b"/etc/passwd", b"//server/share", b"C:/x", b"c:x", b"../x", b"../../../../etc/cron.d/x",
    b"files/../../x", b"files/a/../../../x", b"./files/a/y", b"files//a/y", b"files/a//", b"",
    b"/", b"evil.txt", b"bin/sh", b"manifest.json/", b"manifest.json/x", b"settings.json/x",
    b"RESTORE.txt/", b"database", b"files", b"database/a/b", b"database/sub/", b"tables/a/b",
    b"MANIFEST.JSON", b"Manifest.json", b"restore.txt", b"Files/a", b"DATABASE/app.db",
    b"files/A/", b"files/a/X.TXT", b"files/a/x.txt/", b"files/a/x.txt/y", b"files/a",
    b"files/missing/y", b"files/a/x.txt", b"manifest.json", b"__MACOSX/._x",
    b"files/" + b"y/" * 20_000,
)  # fmt: skip


def honest() -> bytes:
    """Return the archive that is not hostile; everything else here is this but for one thing."""
    return forged()


def corpus() -> Iterator[tuple[str, bytes]]:
    """Yield more than a thousand archives, each with what is wrong with it; none may open."""
    yield from _names()
    yield from _types()
    yield from _manifests()
    yield from _bombs()
    yield from _shapes()
    base = honest()
    for label, data in _fields(base):
        if data != base:
            yield label, data
    yield from _mutations(base)


def _names() -> Iterator[tuple[str, bytes]]:
    for part in BAD_PARTS:
        for name in (b"files/a/" + part, b"files/" + part + b"/z", b"database/" + part, part):
            yield f"name {name!r}", forged(Forged(name))
            yield f"directory {name!r}", forged(Forged(name + b"/"))
    for name in BAD_NAMES:
        yield f"name {name[:40]!r}", forged(Forged(name))
        yield f"unlisted {name[:40]!r}", forged(Forged(name, listed=False))
        yield f"first {name[:40]!r}", forged(members=(Forged(name), *HONEST))
    for pair in (("é", "e\u0301"), ("ß", "ss"), ("İ", "i\u0307"), ("K", "\u212a"), ("\u017f", "s")):
        twins = [Forged(f"files/a/{name}".encode()) for name in sorted(pair, key=str.encode)]
        yield f"collision {pair}", forged(*twins)


def _types() -> Iterator[tuple[str, bytes]]:
    for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK, 0xF000):
        for bits in (0o777, 0o4755, 0):
            yield f"type {kind:o} {bits:o}", forged(Forged(b"files/b", b"/etc", mode=kind | bits))
    for bits in (0o4755, 0o2755, 0o6777):
        yield f"mode {bits:o}", forged(Forged(b"files/b", mode=stat.S_IFREG | bits))
    yield "a directory by type", forged(Forged(b"files/b", mode=stat.S_IFDIR | 0o755))
    yield "a file by type", forged(Forged(b"files/b/", mode=stat.S_IFREG | 0o755))
    yield "a directory with content", forged(Forged(b"files/b/", b"content"))


def _setting(*keys: str, value: object) -> ManifestEdit:
    """Return an edit that sets the value at `keys`."""

    def edit(said: dict[str, Any]) -> None:
        place = said
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return edit


def _without(key: str) -> ManifestEdit:
    return lambda said: said.pop(key)


_FIELDS = ("format", "version", "archive_checksum", "files", "directories", "links", "contents")
_VALUES: tuple[object, ...] = (
    None, True, -1, 2**70, 1e400, "", "x", "9" * 5000, [], [[]], {}, {"a": 1}, "\0",
)  # fmt: skip
_LEGITIMATE: tuple[tuple[str, object], ...] = (
    ("links", {}),
    ("name", None),
    ("name", "x"),
)


def _manifests() -> Iterator[tuple[str, bytes]]:
    for name in _FIELDS:
        for value in _VALUES:
            if (name, value) not in _LEGITIMATE:
                yield f"{name} = {value!r:.20}", forged(edit=_setting(name, value=value))
    for name in ("format", "version", "archive_checksum", "files", "directories", "backup_id"):
        yield f"without {name}", forged(edit=_without(name))
    for name in ("size", "checksum", "mode", "mtime_ns", "name"):
        for value in _VALUES:
            if (name, value) not in _LEGITIMATE:
                edit = _setting("files", "files/a/x.txt", name, value=value)
                yield f"file {name} = {value!r:.20}", forged(edit=edit)
    for quoted in ("..", ".", "a/b", "a%2Fb", "%2E%2E", "%00", "%", "%zz", "x" * 256, "%41"):
        edit = _setting("files", "files/a/x.txt", "name", value=quoted)
        yield f"true name {quoted!r:.20}", forged(edit=edit)
    for path in ("files/a/..", "files/a/x.txt", "x", "../x", "/x", "files/b/x", "files/a/x.txt/y",
                 "database", "files/a/", "files/a/%2F", "files/a/b\\..\\c%00"):  # fmt: skip
        link = {"target": "/etc", "mtime_ns": 0}
        yield f"link {path}", forged(edit=_setting("links", path, value=link))
    for target in ("", "x" * 5000, "%00", "a\0"):
        link = {"target": target, "mtime_ns": 0}
        yield f"link to {target!r:.10}", forged(edit=_setting("links", "files/a/l", value=link))
    for text in (b"", b"{", b"[]", b"null", b"{}", b'{"a":}', b"\xff\xfe{}", b'{"files": {"a": ',
                 b'{"format": "holdfast-backup", "version": "1.0"}', b"{} {}", b'{"x": "\x00"}',
                 nested(20), nested(100_000), b'{"files":{},"files":{}}', b" " * 5_000_000,
                 b'{"a": "' + b"x" * 5_000_000 + b'"}', b'{"' + b"x" * 5_000_000 + b'": 1}',
                 b'{"a": ' + b"9" * 5_000_000 + b"}", b"{" + b'"' * 1001 + b"}",
                 b'{"files": {' + b'"a": {},' * 200_000 + b"}}"):  # fmt: skip
        yield f"manifest {text[:20]!r} {len(text)}", forged(text=text)


def _bombs() -> Iterator[tuple[str, bytes]]:
    yield "overlapping entries", overlapping(10_000)
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    size = 40 * 2**20
    body = kernel.compress(bytes(size)) + kernel.flush()
    base = honest()
    start = central_starts(base)[6]
    for said in (size, 1, 2**31, 2**32 - 2, len(body) * 200):
        name = b"files/b"
        local = records.LOCAL.pack(
            records.LOCAL_SIGNATURE, 20, records.FLAG_UTF8, 8, 0, 33, 0, len(body), said, 7, 0
        )
        (offset,) = struct.unpack_from("<L", base, start + 42)
        central = records.CENTRAL.pack(
            records.CENTRAL_SIGNATURE, records.MADE_BY, 20, records.FLAG_UTF8, 8, 0, 33, 0,
            len(body), said, 7, 0, 0, 0, 0, (stat.S_IFREG | 0o644) << 16, offset,
        )  # fmt: skip
        directory = base[central_starts(base)[0] : start] + central + name
        data = base[:offset] + local + name + body
        end = records.encode_end(count=7, size=len(directory), offset=len(data))
        yield f"a bomb that says {said}", data + directory + end


def _shapes() -> Iterator[tuple[str, bytes]]:
    base = honest()
    end = end_of(base)
    yield "empty", b""
    yield "not a ZIP", b"#!/bin/sh\n" * 100
    yield "only an end", base[end:]
    yield "an end of nothing", records.encode_end(count=0, size=0, offset=0)
    for junk in (b"\0", b"GIF89a", b"%PDF-1.4", b"#!/bin/sh\n", base):
        yield f"before it {junk[:8]!r}", junk + base
        yield f"after it {junk[:8]!r}", base + junk
        comment = base[:-2] + struct.pack("<H", min(len(junk), 65535)) + junk
        yield f"comment {junk[:8]!r}", comment
    yield "two ends", base + base[end:]
    yield "a gap before the directory", _shifted(base, central_starts(base)[0], b"gap")
    yield "a gap before the end", base[:end] + b"gap" + base[end:]
    for count in (10_000_000, 2**32, 2**63, 2**64 - 1):
        for size in (0, 46, 2**40, 2**64 - 1):
            wide = records.END_64.pack(
                records.END_64_SIGNATURE, 44, 0x32D, 45, 0, 0, count, count, size, 0
            )
            locator = records.LOCATOR_64.pack(records.LOCATOR_64_SIGNATURE, 0, end, 1)
            tail = records.END.pack(
                records.END_SIGNATURE, 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0
            )
            yield f"claims {count} in {size}", base[:end] + wide + locator + tail


def _shifted(base: bytes, at: int, junk: bytes) -> bytes:
    """Return `base` with bytes inserted before its directory, and its end saying so."""
    end = end_of(base)
    count, size = records.END.unpack_from(base, end)[4:6]
    tail = records.encode_end(count=count, size=size, offset=at + len(junk))
    return base[:at] + junk + base[at:end] + tail


def _fields(base: bytes) -> Iterator[tuple[str, bytes]]:
    """Set every field of every record to the values at which parsers fail."""
    short, long = (0, 1, 2, 0xFFFE, 0xFFFF), (0, 1, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
    layouts = {"H": short, "L": long}
    central = [*((o, "H") for o in (4, 6, 8, 10, 12, 14)), *((o, "L") for o in (16, 20, 24)),
               *((o, "H") for o in (28, 30, 32, 34, 36)), (38, "L"), (42, "L")]  # fmt: skip
    local = [*((o, "H") for o in (4, 6, 8, 10, 12)), *((o, "L") for o in (14, 18, 22)),
             (26, "H"), (28, "H")]  # fmt: skip
    starts = central_starts(base)
    for index in (0, 1, 2, 6, 7):
        (header,) = struct.unpack_from("<L", base, starts[index] + 42)
        for start, fields, kind in ((starts[index], central, "central"), (header, local, "local")):
            for offset, layout in fields:
                for value in layouts[layout]:
                    label = f"{kind} record {index} at {offset} = {value}"
                    yield label, patched(base, start + offset, layout, value)
    for offset, layout in (
        (4, "H"),
        (6, "H"),
        (8, "H"),
        (10, "H"),
        (12, "L"),
        (16, "L"),
        (20, "H"),
    ):
        for value in layouts[layout]:
            yield f"end at {offset} = {value}", patched(base, end_of(base) + offset, layout, value)


def _mutations(base: bytes) -> Iterator[tuple[str, bytes]]:
    """Cut, repeat and overwrite at random places, the same each run."""
    generator = random.Random(20231116)
    for number in range(250):
        start, stop = sorted(generator.sample(range(len(base) + 1), 2))
        middle = generator.choice(
            (b"", base[start:stop] * 2, bytes(stop - start), generator.randbytes(stop - start))
        )
        yield f"mutation {number}", base[:start] + middle + base[stop:]
