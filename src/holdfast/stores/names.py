"""Which names a repository object can have; everything else is refused before it is used.

The names are those of restic's repository layout: `config`, and `<kind>/<id>` where the id is
a SHA-256 in lower-case hexadecimal, with one more level of folders below `data/`. One folder is
ours: `holdfast/damaged/`, which restic leaves alone.

Source: https://github.com/restic/restic/blob/master/doc/design.rst, "Repository Layout".
"""

from __future__ import annotations

import re

from holdfast.errors import InvalidObjectName

CONFIG = "config"
DATA = "data"
KINDS = ("keys", "locks", "snapshots", "index", DATA)
"""The folders of a repository."""

NOTES = "holdfast/damaged"
"""The folder that is ours; it is made when it is needed."""

# \Z and not $: the latter would let a final newline through.
_ID = re.compile(r"[0-9a-f]{64}\Z")
_NAME = re.compile(
    r"(?:config|(?:keys|locks|snapshots|index|holdfast/damaged)/[0-9a-f]{64}"
    r"|data/([0-9a-f]{2})/\1[0-9a-f]{62})\Z"
)
_FOLDER = re.compile(r"(?:keys|locks|snapshots|index|holdfast/damaged|data|data/[0-9a-f]{2})/\Z")
_TEMPORARY = re.compile(r"(?:config|[0-9a-f]{64})-tmp-[0-9A-Za-z]+\Z")


def check_name(name: str) -> str:
    """Return `name` if an object can be called so.

    Raises:
        InvalidObjectName: It has another form: an absolute path, `..`, an unknown kind.
    """
    if not _NAME.match(name):
        raise InvalidObjectName(
            f"{name!r} is not the name of a repository object",
            hint="Names are config, keys/ID, locks/ID, snapshots/ID, index/ID and data/XX/ID.",
        )
    return name


def check_folder(prefix: str) -> str:
    """Return `prefix` without its final slash if it is a folder of a repository.

    Raises:
        InvalidObjectName: It is none, or lacks the final slash.
    """
    if not _FOLDER.match(prefix):
        raise InvalidObjectName(
            f"{prefix!r} is not a folder of a repository",
            hint=f"Folders are {', '.join(f'{kind}/' for kind in KINDS)} and data/XX/.",
        )
    return prefix[:-1]


def is_object_id(text: str) -> bool:
    """Say whether `text` is an object id: 64 lower-case hexadecimal digits."""
    return _ID.match(text) is not None


def is_temporary(file_name: str) -> bool:
    """Say whether a file is one that an unfinished save left, of ours or of restic's."""
    return _TEMPORARY.match(file_name) is not None
