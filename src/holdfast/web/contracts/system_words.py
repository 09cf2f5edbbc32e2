"""How the contract `system` words what goes wrong: a short sentence, and its cause as the hint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.errors import (
    ArchiveDamaged,
    ArchiveRefused,
    BackupFileCorrupted,
    DatabaseLocked,
    HoldfastError,
    NotEnoughSpace,
)

NO_SPACE = "Not enough disk space"
CORRUPTED = "Backup file is corrupted"
OLDER = "Backup from older version, may have issues"
NEWER = "Backup from newer version, may have issues"
IN_USE = "Cannot backup while database is in use"
CONFIRM = "Restore will replace all data. Continue?"

_CAUSE = re.compile(r"^Backup file (?:is corrupted|was refused): ")


@contextmanager
def worded() -> Iterator[None]:
    """Word what is raised within as the contract's clients know it."""
    try:
        yield
    except (ArchiveDamaged, ArchiveRefused) as error:
        raise BackupFileCorrupted(CORRUPTED, hint=_cause(error)) from error
    except NotEnoughSpace as error:
        raise NotEnoughSpace(NO_SPACE, hint=_cause(error)) from error
    except DatabaseLocked as error:
        raise DatabaseLocked(IN_USE, hint=_cause(error)) from error


def version_warnings(app_version: str | None, current: str | None) -> list[str]:
    """Return what to warn of where a backup is of another version of the application.

    Args:
        app_version: The backup's; None where it does not say, as older versions did not.
        current: The application's own; None where it does not say.
    """
    if current is None or app_version == current:
        return []
    if app_version is None:
        return [OLDER]
    theirs, ours = _numbers(app_version), _numbers(current)
    if theirs == ours:
        return []
    return [OLDER if theirs < ours else NEWER]


def _numbers(version: str) -> list[int]:
    return [int(each) for each in re.findall(r"[0-9]{1,9}", version)]


def _cause(error: HoldfastError) -> str:
    cause = _CAUSE.sub("", error.message)
    if cause.partition(" ")[0].isalpha():  # else it is a name, which is spelled as it is
        cause = f"{cause[:1].upper()}{cause[1:]}"
    return f"{cause}. {error.hint}" if error.hint else cause
