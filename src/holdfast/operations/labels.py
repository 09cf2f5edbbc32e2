"""What people call a backup: its description and its tags, checked before anything is stored.

They go into the snapshot file as they are. One that is no text would make that file unreadable,
to restic too, and the backup with it; a comma separates tags for restic, so none may be in one.
"""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.errors import UsageError


def checked_description(description: str | None) -> str | None:
    """Return a description as it may be stored.

    Raises:
        UsageError: It is no text.
    """
    if description is None:
        return None
    return _text(description, "A description")


def checked_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Return tags as they may be stored.

    Raises:
        UsageError: They are one text instead of several, or one of them is none, is empty or
            has a comma in it.
    """
    if isinstance(tags, str | bytes):
        raise UsageError("tags is one text, not several", hint=f"Write [{tags!r}].")
    for tag in tags:
        _text(tag, "A tag")
        if not tag.strip() or "," in tag:
            raise UsageError(
                f"A tag is not empty and has no comma in it: {tag!r}", hint="Give two tags for two."
            )
    return tuple(tags)


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{what} is a text, not {type(value).__name__}", hint="Use str(...).")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{what} is Unicode text; this has a code that stands for no character",
            hint="Decode it with the encoding that it was written in.",
        ) from error
    return value
