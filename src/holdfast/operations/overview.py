"""How a repository stands: what opens it, who is at work in it, when it was checked and pruned.

It reads no pack and no index, so it may be asked for as often as somebody looks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from holdfast.catalog import Run, RunKind
from holdfast.operations.escrow import EscrowStatus, escrow_status
from holdfast.operations.plan import Workplace
from holdfast.repository import KeyInfo, LockInfo, list_keys
from holdfast.stores import LocalStore, MemoryStore, Store

_RUNS_LOOKED_AT = 50
"""Of these, most came to a result; those that were cancelled or kept out tell nothing."""


_KINDS = {LocalStore: "local", MemoryStore: "memory"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryPlace:
    """Where a repository is, or will be.

    Attributes:
        location: For people, without credentials.
        kind: What kind of place it is: `local`.
        free_bytes: What is free on its medium [bytes]; None where that is not known.
    """

    location: str
    kind: str
    free_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryOverview:
    """How a repository stands.

    Attributes:
        snapshots: All, also those of other plans and of restic.
        keys: What opens it, oldest first; one that is damaged is left out.
        stale: The ids of locks whose holder is certainly gone.
        last_check: The newest run of a check that came to a result; `detail` has it.
        last_prune: The newest run of a prune that ended well.
    """

    repository_id: str
    format_version: int
    encrypted: bool
    place: RepositoryPlace
    snapshots: int
    keys: tuple[KeyInfo, ...]
    locks: tuple[LockInfo, ...]
    stale: frozenset[str]
    last_check: Run | None
    last_prune: Run | None
    escrow: EscrowStatus


def repository_overview(workplace: Workplace) -> RepositoryOverview:
    """Look at a repository; changes nothing.

    Raises:
        RepositoryDamaged: A lock cannot be read, so that nobody knows what it excludes.
    """
    repository, store = workplace.repository, workplace.repository.store
    now = workplace.clock.now()
    locks = tuple(repository.list_locks())
    return RepositoryOverview(
        repository_id=repository.id,
        format_version=repository.version,
        encrypted=repository.encrypted,
        place=place_of(store),
        snapshots=sum(1 for _ in store.list("snapshots/")),
        keys=_keys(store, repository.keys.current_id),
        locks=locks,
        stale=frozenset(each.id for each in locks if each.stale(now)),
        last_check=_newest(workplace, RunKind.CHECK, "passed"),
        last_prune=_newest(workplace, RunKind.PRUNE, "freed_bytes"),
        escrow=escrow_status(store, workplace.state_dir, encrypted=repository.encrypted),
    )


def place_of(store: Store) -> RepositoryPlace:
    """Say where a repository is, whether or not it has been made."""
    return RepositoryPlace(
        location=store.location,
        kind=_KINDS.get(type(store), "other"),
        free_bytes=store.free_bytes(),
    )


def _keys(store: Store, current_id: str) -> tuple[KeyInfo, ...]:
    found = list_keys(store, on_damaged=lambda _: None)
    return tuple(replace(each, current=each.id == current_id) for each in found)


def _newest(workplace: Workplace, kind: RunKind, result: str) -> Run | None:
    """Return the newest run that came to a result, whichever plan asked for it."""
    runs = workplace.runs.runs(kind=kind, limit=_RUNS_LOOKED_AT)
    return next((run for run in runs if run.completed_at and result in run.detail), None)
