"""Which live data a restore would replace, and whether a person meant exactly that."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from holdfast.errors import ConfirmationRequired
from holdfast.models.target import RestoreTarget, TargetPlace
from holdfast.operations.plan import Plan
from holdfast.sources.base import DatabaseServer, Source


def describe_target(plan: Plan, sources: Sequence[Source]) -> RestoreTarget:
    """Name the live data of a plan, and say what of it is in the places of some sources."""
    fingerprint = _fingerprint(plan)
    return RestoreTarget(
        name=plan.target_name or fingerprint,
        named=plan.target_name is not None,
        fingerprint=fingerprint,
        hostname=_hostname(),
        plan=plan.name,
        places=tuple(_look_at(source) for source in sources),
    )


def require_confirmed(plan: Plan, confirm: str | None) -> None:
    """Refuse to replace live data that have a name, unless it was given; touches nothing.

    Args:
        confirm: The name, or the fingerprint where there is none; None where none was given.

    Raises:
        ConfirmationRequired: It is missing, or is that of another target.
    """
    target = describe_target(plan, ())
    if confirm == target.name or (confirm is None and not target.named):
        return
    what = f"The live data here are {target.name} on {target.hostname}"
    if confirm is None:
        raise ConfirmationRequired(
            f"{what}, which a restore replaces only when that name is given; nothing was changed",
            hint=f"If that is what you mean, add --confirm {target.name}.",
        )
    raise ConfirmationRequired(
        f"{what}, not {confirm}; nothing was changed",
        hint="Check on which machine and with which configuration you are.",
    )


def _fingerprint(plan: Plan) -> str:
    where = [_hostname(), plan.name]
    where += sorted(f"{source.root}\0{location_of(source)}" for source in plan.sources)
    digest = hashlib.sha256("\0\0".join(where).encode("utf-8", "surrogateescape")).hexdigest()
    return f"{digest[:4]}-{digest[4:8]}"


def _hostname() -> str:
    return os.uname().nodename


def _path_of(source: Source) -> Path | None:
    path = getattr(source, "path", None)
    return path.absolute() if isinstance(path, Path) else None


def location_of(source: Source) -> str:
    """Return where the live data of a source are, without secrets; "" if only the host knows."""
    if isinstance(source, DatabaseServer):
        return source.location
    return str(_path_of(source) or "")


def _look_at(source: Source) -> TargetPlace:
    if isinstance(source, DatabaseServer):
        return source.place()
    path = _path_of(source)
    if path is None:
        return TargetPlace(root=source.root, kind=source.kind, path=None, exists=True)
    if path.is_dir():
        seen = [each for each in _walk(path) if each is not None]
        files: int | None = len(seen) - 1
    else:
        # What was written last is in the log of the database.
        beside = (path, path.with_name(f"{path.name}-wal"))
        seen = [each for each in map(_stat, beside) if each is not None]
        files = None
    times = [each.st_mtime for each in seen]
    return TargetPlace(
        root=source.root,
        kind=source.kind,
        path=str(path),
        exists=path.exists(),
        size_bytes=sum(each.st_size for each in (seen[1:] if files is not None else seen)),
        files=files,
        modified_at=datetime.fromtimestamp(max(times), UTC) if times else None,
    )


def _walk(directory: Path) -> list[os.stat_result | None]:
    """Return the state of a directory, then of the files below it; what vanishes is left out."""
    found = [_stat(directory)]
    for folder, _, names in os.walk(directory):
        found += [_stat(Path(folder, name)) for name in names]
    return found


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None
