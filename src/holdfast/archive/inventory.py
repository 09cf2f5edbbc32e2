"""What the manifest of an archive says of each member, checked against the members.

Forty-four bytes per member; only links and entries stored under another name cost more, and
their number is limited.
"""

from __future__ import annotations

import re
import stat
import struct
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from holdfast.archive import names
from holdfast.archive.central import Located
from holdfast.archive.directory import Directory
from holdfast.archive.limits import ArchiveLimits, damaged, index_cost, refused, shown
from holdfast.archive.manifest_scan import (
    DIRECTORIES_KEY,
    FILES_KEY,
    LINKS_KEY,
    ListReader,
    decode_head,
    scan_manifest,
)
from holdfast.archive.members import SPECIAL_BITS
from holdfast.archive.names import RESTORE_PATH
from holdfast.models.manifest import (
    FILES_DIR,
    MANIFEST_PATH,
    TABLES_DIR,
    ContentEntry,
    DirectoryMetadata,
    FileChecksum,
    LinkMetadata,
    Manifest,
)
from holdfast.models.progress import CancellationToken

_FACTS = struct.Struct("<32sqHB")
_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_MAX_TARGET_BYTES = 4095
_OWN = (RESTORE_PATH, MANIFEST_PATH)


class Facts(NamedTuple):
    """What the manifest says of one member; the digest of a directory is all zeros."""

    digest: bytes
    mtime_ns: int
    mode: int
    listed: int


class Link(NamedTuple):
    """Where a symbolic link points to, and its modification time [ns]."""

    target: bytes
    mtime_ns: int


class Inventory:
    """The manifest, and its facts per member of the directory.

    Attributes:
        manifest: Without the lists that only archives have.
        archive_checksum: SHA-256 (hexadecimal) of all bytes before the manifest's member.
        true_names: By index: the true last part of the path of a member stored under another.
    """

    manifest: Manifest

    def __init__(self, directory: Directory, limits: ArchiveLimits) -> None:
        self._directory = directory
        self._limits = limits
        self._facts = bytearray(_FACTS.size * len(directory))
        self._next = 0
        self.archive_checksum = ""
        self.true_names: dict[int, bytes] = {}
        self._stored_as: dict[bytes, dict[bytes, int]] = {}
        self._links: dict[bytes, dict[bytes, Link]] = {}
        self._special = 0
        self._special_bytes = 0
        self._file_decoder = msgspec.json.Decoder(FileChecksum)
        self._directory_decoder = msgspec.json.Decoder(DirectoryMetadata)

    def facts(self, index: int) -> Facts:
        """Return what the manifest says of a member; nothing of its own."""
        return Facts._make(_FACTS.unpack_from(self._facts, index * _FACTS.size))

    def links(self, path: bytes) -> dict[bytes, Link]:
        """Return the symbolic links in the directory stored at `path`, by their true names."""
        return self._links.get(path, {})

    def renamed(self, parent: bytes) -> dict[bytes, int]:
        """Return the members of the directory stored at `parent` that have another true name."""
        return self._stored_as.get(parent, {})

    def stored_as(self, parent: bytes, true_name: bytes) -> int | None:
        """Return the index of the member in `parent` whose true name is this."""
        index = self.renamed(parent).get(true_name)
        if index is None:
            index = self._directory.find(_joined(parent, true_name))
            if index in self.true_names:
                return None
        return index

    def load(self, pieces: Iterator[bytes], cancel: CancellationToken) -> None:
        """Read `manifest.json` and check that it and the members say the same.

        Raises:
            ArchiveTooNew: It is of a newer format.
            ArchiveDamaged: It is malformed, or names what the file does not hold.
            ArchiveRefused: It leaves out what the file holds, or holds what ours never does.
        """
        readers: dict[bytes, ListReader] = {
            FILES_KEY: self._read_file,
            DIRECTORIES_KEY: self._read_directory,
            LINKS_KEY: self._read_link,
        }
        head = scan_manifest(pieces, self._directory, self._limits, readers, cancel)
        try:
            self._keep_head(head)
        except (msgspec.MsgspecError, ValueError) as error:
            raise damaged(f"{MANIFEST_PATH} is malformed: {error}") from error
        self._check_complete()
        self._directory.check_parents()
        self._check_true_names()
        self._check_contents()

    def _keep_head(self, head: dict[bytes, bytes]) -> None:
        manifest = decode_head(head)
        if not isinstance(manifest.archive_checksum, str):
            raise ValueError("archive_checksum is missing")
        self.archive_checksum = manifest.archive_checksum
        self.manifest = msgspec.structs.replace(manifest, archive_checksum=msgspec.UNSET)

    def _read_file(self, path: str, text: bytes) -> None:
        entry = self._file_decoder.decode(text)
        if path == RESTORE_PATH and not self._directory.ours and not self._holds(path):
            return  # whoever packed the archive again may leave the instructions out
        index, member = self._member(path)
        if member.is_directory:
            raise damaged(f"{shown(path)} is a directory, its manifest says a file")
        if member.size != entry.size:
            raise damaged(
                f"{shown(path)} has {member.size:,} bytes instead of {entry.size:,}, so not the "
                "SHA-256 that its manifest says"
            )
        if not _CHECKSUM.fullmatch(entry.checksum) or (entry.mode or 0) & SPECIAL_BITS:
            raise ValueError(f"the checksum or the mode of {shown(path)} is not one")
        self._keep(index, bytes.fromhex(entry.checksum), entry, path)

    def _read_directory(self, path: str, text: bytes) -> None:
        index, member = self._member(path)
        if not member.is_directory:
            raise damaged(f"{shown(path)} is a file, its manifest says a directory")
        self._keep(index, bytes(32), self._directory_decoder.decode(text), path)

    def _holds(self, path: str) -> bool:
        return self._directory.find(path.encode()) is not None

    def _member(self, path: str) -> tuple[int, Located]:
        """Return the member at `path`; fast when asked in the order of the file."""
        raw = path.encode()
        for guess in range(self._next, min(self._next + 3, len(self._directory))):
            if self._directory.path(guess) == raw:
                self._next = guess + 1
                return guess, self._directory[guess]
        index = self._directory.find(raw)
        if index is None or path == MANIFEST_PATH:
            raise damaged(f"{shown(path)}, which its manifest names, is missing")
        self._next = index + 1
        return index, self._directory[index]

    def _keep(
        self, index: int, digest: bytes, entry: FileChecksum | DirectoryMetadata, path: str
    ) -> None:
        mode, mtime_ns = entry.mode, entry.mtime_ns
        if mode is None or not 0 <= mode <= 0o7777 or mtime_ns is None:
            raise ValueError(f"the mode or the time of {shown(path)} is missing or wrong")
        _check_time(mtime_ns, path)
        if self.facts(index).listed:
            raise refused(f"its manifest lists {shown(path)} twice")
        _FACTS.pack_into(self._facts, index * _FACTS.size, digest, mtime_ns, mode, 1)
        if entry.name is not None:
            self._keep_true_name(index, entry.name, path)

    def _keep_true_name(self, index: int, quoted: str, path: str) -> None:
        true = _true_name(quoted)
        parent = path.encode().rpartition(b"/")[0]
        siblings = self._stored_as.setdefault(parent, {})
        if not parent or true in siblings:
            raise refused(f"its manifest gives {shown(path)} a name that it cannot have")
        siblings[true] = index
        self.true_names[index] = true
        self._count_special(len(true))

    def _read_link(self, path: str, text: bytes) -> None:
        parent, _, quoted = path.encode().rpartition(b"/")
        entry = msgspec.json.decode(text, type=LinkMetadata)
        target = names.unquote(entry.target)
        if not names.has_place(path.encode()) or names.path_fault(parent):
            raise refused(f"its manifest has a link at {shown(path)}")
        if not target or len(target) > _MAX_TARGET_BYTES or b"\0" in target:
            raise refused(f"the link {shown(path)} has an impossible target")
        _check_time(entry.mtime_ns, path)
        siblings = self._links.setdefault(parent, {})
        true = _true_name(quoted.decode())
        if true in siblings:
            raise refused(f"its manifest lists {shown(path)} twice")
        siblings[true] = Link(target, entry.mtime_ns)
        self._count_special(len(true) + len(target))

    def _count_special(self, length: int) -> None:
        self._special += 1
        self._special_bytes += length
        cost = index_cost(
            directory_bytes=self._directory.size,
            entries=len(self._directory),
            special=self._special,
            special_bytes=self._special_bytes,
        )
        if cost > self._limits.index_bytes:
            raise refused("it has too many links, or names that a ZIP cannot carry")

    def _check_complete(self) -> None:
        for index in range(len(self._directory)):
            path = self._directory.path(index)
            if not self.facts(index).listed and path != MANIFEST_PATH.encode():
                raise refused(f"{shown(path)} is not in its manifest")

    def _check_true_names(self) -> None:
        """No two entries of a directory may have one true name."""
        for parent, renamed in self._stored_as.items():
            for true, index in renamed.items():
                taken = self._directory.find(_joined(parent, true))
                if taken is not None and taken != index and taken not in self.true_names:
                    raise refused(f"two of its entries have the name {_shown(parent, true)}")
        for parent, siblings in self._links.items():
            holder = self._directory.find(parent)
            if holder is None or not self._directory[holder].is_directory:
                raise refused(f"its manifest has links in {shown(parent)}, which is no directory")
            for true in siblings:
                if self.stored_as(parent, true) is not None:
                    raise refused(f"two of its entries have the name {_shown(parent, true)}")

    def _check_contents(self) -> None:
        """All that the manifest says was backed up is there, and nothing besides it."""
        roots: set[bytes] = set()
        links: set[bytes] = set()
        for path, entry in self.manifest.sources.items():
            parent, _, name = path.encode().rpartition(b"/")
            if b"/" in parent or path in _OWN:
                raise refused(f"its manifest has contents at {shown(path)}")
            if name in self.links(parent):
                links.add(path.encode())
            else:
                roots.add(self._root(path, self.stored_as(parent, name), entry))
        self._check_within(roots, links)

    def _root(self, path: str, index: int | None, entry: ContentEntry) -> bytes:
        """Return where what was backed up as `path` is stored: a file, or under `files/` any."""
        may_be_directory = path.startswith(f"{FILES_DIR}/") or path == TABLES_DIR
        if index is None or (self._directory[index].is_directory and not may_be_directory):
            raise damaged(f"{shown(path)}, which its manifest names, is missing")
        if (
            not may_be_directory
            and entry.checksum
            and entry.checksum != self.facts(index).digest.hex()
        ):
            raise damaged(f"{shown(path)} has two checksums in its manifest")
        return self._directory.path(index)

    def _check_within(self, roots: set[bytes], links: set[bytes]) -> None:
        """Refuse what lies outside of the roots, since whoever imports them would lose it.

        Args:
            roots: Where they are stored.
            links: Those that are links, by their true paths.
        """
        parents = {root.rpartition(b"/")[0] for root in roots | links}
        strays: list[bytes] = []
        index = 0
        while index < len(self._directory):
            path = self._directory.path(index)
            if path in roots:
                index = max(index + 1, self._directory.end_of_subtree(path))
                continue
            if path not in parents and path.decode() not in _OWN:
                strays.append(path)
                if not self._directory[index].is_directory:
                    break
            index += 1
        if strays:
            raise refused(f"{shown(strays[-1])} is not in the contents that its manifest names")
        for parent, siblings in self._links.items():
            root = b"/".join(parent.split(b"/", 2)[:2])
            for true in siblings:
                if root not in roots and _joined(parent, true) not in links:
                    raise refused(
                        f"{_shown(parent, true)} is not in the contents that its manifest names"
                    )


def member_mode(facts: Facts, member: Located) -> int:
    """Return what the member's mode must be, by the manifest and the form of its name."""
    return (stat.S_IFDIR if member.is_directory else stat.S_IFREG) | facts.mode


def _true_name(quoted: str) -> bytes:
    true = names.unquote(quoted)
    impossible = true in (b"", b".", b"..") or b"/" in true or b"\0" in true
    if impossible or len(true) > names.MAX_PART_BYTES or names.quote(true) != quoted:
        raise refused(f"its manifest has an impossible name, {shown(quoted)}")
    return true


def _check_time(mtime_ns: int, path: str) -> None:
    if not -(2**63) <= mtime_ns < 2**63:
        raise ValueError(f"the time of {shown(path)} is out of range")


def _shown(parent: bytes, name: bytes) -> str:
    return shown(_joined(parent, name))


def _joined(parent: bytes, name: bytes) -> bytes:
    return parent + b"/" + name if parent else name
