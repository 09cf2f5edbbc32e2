"""Which sources of a plan or a backup are meant by name; what cannot be done is refused first."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from holdfast.errors import UsageError
from holdfast.models.manifest import Manifest
from holdfast.operations.plan import Plan
from holdfast.operations.table_settings import TableSettings
from holdfast.sources.base import Source
from holdfast.sources.settings import SettingsSource


def require_sources(plan: Plan, wanted: Sequence[str]) -> None:
    """Make sure that the plan has all sources that are named.

    Raises:
        UsageError: It has not; what may have been meant is named.
    """
    roots = {source.root for source in plan.sources}
    names = [source.name for source in plan.sources]
    _require(wanted, names, others=roots, of=f"The plan {plan.name}")


def roots_of(plan: Plan, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the places in a backup of the sources that are named; none named means none.

    Raises:
        UsageError: The plan has not all of them.
    """
    require_sources(plan, wanted)
    return tuple(each.root for each in _named(plan, wanted)) if wanted else ()


def require_held(manifest: Manifest, wanted: Sequence[str]) -> None:
    """Make sure that a backup holds all sources that are named, whatever the plan has.

    Raises:
        UsageError: It does not; what may have been meant is named.
    """
    others = {name for root in manifest.sources for name in names_of(root)}
    names = [
        names_of(root)[1 if entry.kind == "directory" else 2]
        for root, entry in manifest.sources.items()
    ]
    _require(wanted, names, others=others, of="The backup")


def names_of(root: str) -> tuple[str, str, str]:
    """Return what a source in a backup may be called: its path, its file name, or its stem."""
    path = PurePosixPath(root)
    return root, path.name, path.stem


def touches(root: str, paths: Sequence[str]) -> bool:
    """Whether any of the paths in a backup is of the source at `root`; none means all."""
    return not paths or any(
        path == root or path.startswith(f"{root}/") or root.startswith(f"{path}/") for path in paths
    )


def require_restorable(
    plan: Plan, manifest: Manifest, *, sources: Sequence[str], paths: Sequence[str]
) -> None:
    """Refuse names and paths of which a restore in place could make nothing.

    Raises:
        UsageError: A name is of no source of the plan, the backup does not hold it, or what is
            chosen are settings that are not put back by themselves.
    """
    for name in sources:
        _refuse_foreign(plan, manifest, name)
    require_sources(plan, sources)
    lacking = {problem.path for problem in manifest.problems}
    for source in _named(plan, sources):
        if sources and source.root not in manifest.sources and source.root not in lacking:
            held = ", ".join(manifest.sources) or "nothing"
            raise UsageError(
                f"The backup {manifest.backup_id} holds no {source.name}; it holds {held}",
                hint="`holdfast list` shows the others there are.",
            )
    # A backup of parts of the plan chose them when it was made.
    refuse_settings_alone(plan, manifest.sources, sources=sources or manifest.only, paths=paths)


def refuse_settings_alone(
    plan: Plan, held: Collection[str], *, sources: Sequence[str], paths: Sequence[str] = ()
) -> None:
    """Refuse settings that come back with a database which is not chosen with them.

    Args:
        held: What a backup holds, as paths in it.

    Raises:
        UsageError: So it is; it says what to choose instead.
    """
    if not (sources or paths):
        return
    chosen = [
        source
        for source in _named(plan, sources)
        if source.root in held and touches(source.root, paths)
    ]
    for source in chosen:
        if not isinstance(source, SettingsSource):
            continue
        provider = source.provider
        if isinstance(provider, TableSettings):
            if all(each.root != provider.database_root for each in chosen):
                raise UsageError(
                    f"The settings come back with {provider.comes_back_with}, which holds them;"
                    " alone they cannot be restored",
                    hint=f"Choose {provider.instead} instead.",
                )
        elif chosen == [source] and not source.writable:
            raise UsageError(
                "The settings cannot be restored in place: they come from a read-only provider",
                hint="Give `settings=` an object with export() and restore(values), or restore"
                " into a new place and take settings.json.",
            )


def _named(plan: Plan, wanted: Sequence[str]) -> list[Source]:
    return [each for each in plan.sources if not wanted or {each.name, each.root} & set(wanted)]


def _refuse_foreign(plan: Plan, manifest: Manifest, name: str) -> None:
    """Say of what only the backup has where it can be restored to."""
    ours = {each for source in plan.sources for each in (source.name, source.root)}
    if name in ours or all(name not in names_of(root) for root in manifest.sources):
        return
    raise UsageError(
        f"{name} is in the backup {manifest.backup_id} and not in the plan {plan.name}",
        hint="Restore it into a new place with --into DIR.",
    )


def _require(
    wanted: Sequence[str], names: Sequence[str], *, others: Collection[str], of: str
) -> None:
    for name in wanted:
        if name in names or name in others:
            continue
        near = _nearest(name, names)
        raise UsageError(
            f"{of} has no {name}" + (f"; did you mean {' or '.join(near)}?" if near else ""),
            hint=f"It has {', '.join(names) or 'nothing'}.",
        )


def _nearest(name: str, names: Sequence[str]) -> list[str]:
    folded = {each.casefold(): each for each in names}
    near = difflib.get_close_matches(name.casefold(), folded, n=2)
    return [folded[each] for each in near]
