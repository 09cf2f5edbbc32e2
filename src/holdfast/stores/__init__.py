"""Bytes at rest: places that keep named objects durably and never replace them."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from holdfast.errors import ConfigError
from holdfast.stores.base import Buffer, ObjectInfo, Store
from holdfast.stores.local import LocalStore
from holdfast.stores.memory import MemoryStore

__all__ = ["Buffer", "LocalStore", "MemoryStore", "ObjectInfo", "Store", "open_store"]

# restic spells its remote repositories without slashes: s3:..., sftp:user@host:...
_SCHEME = re.compile(
    r"(?:([a-z][a-z0-9+.-]*)://|(s3|gs|gcs|azure|b2|sftp|rest|rclone|swift|local):)", re.IGNORECASE
)


def open_store(location: str) -> Store:
    """Return the store at a location; nothing is read or made yet.

    Args:
        location: The path of a directory, or a `file://` URL of one.

    Raises:
        ConfigError: The location is empty or of a kind that is not supported.
    """
    if not location or "\0" in location:
        raise ConfigError(
            f"{location!r} does not name a place for a repository",
            hint="Give the path of a directory.",
        )
    match = _SCHEME.match(location)
    if match is None:
        return LocalStore(location)
    scheme = (match[1] or match[2]).lower()
    if scheme != "file" or match[1] is None:
        raise ConfigError(
            f"Repositories at {scheme}: are not supported",
            hint="Supported are the path of a directory and file:// URLs; "
            "write ./ before a relative path that looks like a URL.",
        )
    url = urlsplit(location)
    path = unquote(url.path)
    if url.netloc not in ("", "localhost") or not path.startswith("/") or "\0" in path:
        raise ConfigError(
            f"{location!r} does not name a local directory",
            hint="Write file:///absolute/path.",
        )
    return LocalStore(path)
