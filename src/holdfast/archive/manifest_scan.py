"""`manifest.json` of an archive as it streams: its head is kept, its lists go to readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from holdfast.archive.directory import Directory
from holdfast.archive.json_scan import JsonScanner
from holdfast.archive.limits import ArchiveLimits, damaged, refused, shown
from holdfast.errors import ArchiveTooNew, BackupTooNew
from holdfast.models.manifest import MANIFEST_PATH, Manifest, decode_manifest
from holdfast.models.progress import CancellationToken

FILES_KEY = b'"files"'
DIRECTORIES_KEY = b'"directories"'
LINKS_KEY = b'"links"'
_LISTS = (FILES_KEY, DIRECTORIES_KEY, LINKS_KEY)
_EARLY = (b'"format"', b'"version"')

ListReader = Callable[[str, bytes], None]
"""Is given the path and the JSON text of an entry."""


def scan_manifest(
    pieces: Iterator[bytes],
    directory: Directory,
    limits: ArchiveLimits,
    readers: Mapping[bytes, ListReader],
    cancel: CancellationToken,
) -> dict[bytes, bytes]:
    """Read the manifest through, and return its head: the JSON text of each key but the lists.

    Args:
        readers: By key; lists without a reader are skipped.

    Raises:
        ArchiveTooNew: It is of a newer format.
        ArchiveDamaged: It is malformed.
        ArchiveRefused: Its format is known, and has no place for something in `directory`.
    """
    scanner = JsonScanner(pieces, window=limits.head_bytes, depth=limits.json_depth)
    try:
        return _scan(scanner, directory, limits, readers, cancel)
    except (msgspec.MsgspecError, ValueError) as error:
        raise damaged(f"{MANIFEST_PATH} is malformed: {error}") from error


def decode_head(head: dict[bytes, bytes]) -> Manifest:
    """Return the manifest without its lists.

    Raises:
        ValueError: It is none; so is `msgspec.MsgspecError`.
    """
    return decode_manifest(_object(head))


def _scan(
    scanner: JsonScanner,
    directory: Directory,
    limits: ArchiveLimits,
    readers: Mapping[bytes, ListReader],
    cancel: CancellationToken,
) -> dict[bytes, bytes]:
    head: dict[bytes, bytes] = {}
    seen: set[bytes] = set()
    head_bytes = 0
    for key in scanner.members():
        if key in seen:
            raise ValueError(f"{key.decode('utf-8', 'replace')} stands there twice")
        seen.add(key)
        if key in _LISTS:
            _check_version(head, directory)
            for item in scanner.members():
                cancel.raise_if_cancelled()
                text = scanner.value()
                if key in readers:
                    readers[key](msgspec.json.decode(item, type=str), text)
        else:
            head[key] = scanner.value()
            head_bytes += len(key) + len(head[key])
            if head_bytes > limits.head_bytes:
                raise ValueError("it is too long")
    scanner.finish()
    _check_version(head, directory)
    return head


def _check_version(head: dict[bytes, bytes], directory: Directory) -> None:
    """Tell a newer format before judging by the rules of this one."""
    early = {key: text for key, text in head.items() if key in _EARLY}
    if len(early) == len(_EARLY):
        try:
            decode_manifest(_object(early))
        except BackupTooNew as error:
            raise ArchiveTooNew(error.message, hint=error.hint) from error
        except msgspec.ValidationError:
            pass  # format and version alone are no manifest, but one we would read
    if name := directory.misplaced:
        raise refused(f"{shown(name)} has no place in a backup")


def _object(members: dict[bytes, bytes]) -> bytes:
    return b"{" + b",".join(key + b":" + text for key, text in members.items()) + b"}"
