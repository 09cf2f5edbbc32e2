"""Names of the databases that restores make beside a live one, and the words that mark them.

A database is ours only if its name and its comment both say so, and say the same: nothing else
is ever dropped, renamed or reopened.
"""

from __future__ import annotations

import re
from enum import StrEnum

NAME_BYTES = 63
"""Longer names are cut by the server, silently."""


class Purpose(StrEnum):
    """Why a database stands beside a live one."""

    NEW = "new"
    """What a restore prepares, until the swap."""
    OLD = "old"
    """What a restore replaced, kept for an undo."""
    DRILL = "drill"
    """What a drill looks at; gone when it ends."""


_SAYS = {
    Purpose.NEW: "a restore prepares it",
    Purpose.OLD: "what a restore replaced, kept for an undo and closed until then",
    Purpose.DRILL: "a drill looks at it",
}
_UNSETTLED = "its restore has not ended, and may have to be taken back"
_SUFFIX = re.compile(r"_holdfast_(new|old|drill)_([A-Za-z0-9-]{1,40})\Z")


def beside(live: str, purpose: Purpose, token: str) -> str:
    """Return the name of a database beside a live one, cut so that it fits."""
    suffix = f"_holdfast_{purpose}_{token}"
    if not _SUFFIX.fullmatch(suffix):
        raise ValueError(f"{token!r} does not fit into the name of a database")
    room = NAME_BYTES - len(suffix)
    return live.encode()[:room].decode(errors="ignore") + suffix


def mark(live: str, purpose: Purpose, token: str) -> str:
    """Return the comment that a database beside a live one carries."""
    return f"Holdfast {purpose} {token} of {live}: {_SAYS[purpose]}"


def unsettled_mark(live: str, token: str) -> str:
    """Return the comment of a replaced database whose restore may still be taken back."""
    return f"{mark(live, Purpose.OLD, token)}; {_UNSETTLED}"


def is_settled(comment: str | None) -> bool:
    """Tell whether a database of ours is no more needed to take its restore back."""
    return not (comment or "").endswith(_UNSETTLED)


def purpose_of(name: str, comment: str | None, live: str) -> tuple[Purpose, str] | None:
    """Tell what a database is to a live one, and the token of the restore that made it.

    Returns:
        None for a database that is not ours, or is another live one's.
    """
    found = _SUFFIX.search(name)
    if found is None:
        return None
    purpose, token = Purpose(found[1]), found[2]
    marks = {mark(live, purpose, token)}
    if purpose is Purpose.OLD:
        marks.add(unsettled_mark(live, token))
    ours = name == beside(live, purpose, token) and comment in marks
    return (purpose, token) if ours else None
