"""Which names an archive may hold, and how every other name is stored and found again.

Linux allows names that are not text, that hold backslashes or control characters, or that
differ only in case. Such an entry is stored under a portable name, and the manifest keeps the
true one. The reader refuses exactly what `fault` names, the writer renames exactly that, so
no export is refused when it is imported.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Container
from urllib.parse import unquote_to_bytes

from holdfast.models.manifest import (
    DATABASE_DIR,
    FILES_DIR,
    MANIFEST_PATH,
    SETTINGS_PATH,
    TABLES_DIR,
)

RESTORE_PATH = "RESTORE.txt"
MAX_PART_BYTES = 255
MAX_PATH_BYTES = 32_768

_RANKS = {
    RESTORE_PATH.encode(): b"0",
    DATABASE_DIR.encode(): b"1",
    SETTINGS_PATH.encode(): b"2",
    TABLES_DIR.encode(): b"3",
    FILES_DIR.encode(): b"4",
    MANIFEST_PATH.encode(): b"5",
}
_FLAT_DIRS = (DATABASE_DIR.encode(), TABLES_DIR.encode())
_TOP_FILES = (RESTORE_PATH.encode(), SETTINGS_PATH.encode(), MANIFEST_PATH.encode())
_DRIVE = re.compile(rb"[A-Za-z]:")
_MAX_STEM_BYTES = 200


def fault(part: bytes) -> str | None:
    """Say why one part of a path may not stand in an archive, or None if it may."""
    if not part:
        return "has an empty part"
    if part in (b".", b".."):
        return "climbs out of its directory"
    if len(part) > MAX_PART_BYTES:
        return "has a part longer than 255 bytes"
    if b"\0" in part:
        return "holds a NUL"
    if b"\\" in part:
        return "holds a backslash"
    try:
        text = part.decode()
    except UnicodeDecodeError:
        return "is not UTF-8"
    if not text.isprintable() and any(_is_control(character) for character in text):
        return "holds a control character"
    return None


def path_fault(name: bytes) -> str | None:
    """Say why a member's name, which may end in a slash, is unsafe, or None if it is not."""
    if name.startswith(b"/"):
        return "is an absolute path"
    if _DRIVE.match(name):
        return "begins with a drive letter"
    if len(name) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    for part in name.removesuffix(b"/").split(b"/"):
        if reason := fault(part):
            return reason
    return None


def has_place(name: bytes) -> bool:
    """Whether a member's name, which may end in a slash, stands where the layout wants it."""
    is_directory = name.endswith(b"/")
    parts = name.removesuffix(b"/").split(b"/")
    top = parts[0]
    if top in _TOP_FILES:
        return len(parts) == 1 and not is_directory
    if top in _FLAT_DIRS:
        return is_directory if len(parts) == 1 else len(parts) == 2 and not is_directory
    return top in _RANKS and (len(parts) > 1 or is_directory)


def sort_key(path: bytes) -> bytes:
    """Return the key by which members are ordered: by place, then each directory's content.

    A slash sorts below every byte that a name may hold, so a directory is followed by all
    that it contains.
    """
    return _RANKS.get(path.partition(b"/")[0], b"9") + path.replace(b"/", b"\0")


def fold(name: bytes) -> bytes:
    """Return what is equal for names that some file system takes for the same one."""
    if name.isascii():
        return name.lower()
    text = unicodedata.normalize("NFC", name.decode("utf-8", "surrogateescape")).casefold()
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogateescape")


def fold_id(name: bytes) -> int:
    """Return a 64-bit digest of `fold(name)`; eight bytes each keep a million names small."""
    return int.from_bytes(hashlib.blake2b(fold(name), digest_size=8).digest(), "big")


def portable_name(true_name: bytes, taken: Container[int]) -> bytes:
    """Return a name without fault whose `fold_id` is not in `taken`.

    Raises:
        ValueError: There is none; names would have to collide in SHA-256.
    """
    stem = quote(true_name).encode().replace(b"\\", b"%5C")[:_MAX_STEM_BYTES]
    stem = stem.decode("utf-8", "ignore").encode()
    digest = hashlib.sha256(true_name).hexdigest().encode()
    for length in (12, 40):
        name = stem + b"~" + digest[:length]
        if fold_id(name) not in taken:
            return name
    raise ValueError("no free portable name")


def quote(raw: bytes) -> str:
    """Return `raw` as text, with `%XX` for `%`, control characters and what is not UTF-8."""
    text = raw.decode("utf-8", "surrogateescape")
    return "".join(
        "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))
        if character == "%" or _is_control(character) or "\udc80" <= character <= "\udcff"
        else character
        for character in text
    )


def unquote(text: str) -> bytes:
    """Reverse `quote`."""
    return unquote_to_bytes(text)


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc"
