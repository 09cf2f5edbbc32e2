"""What became of a swap that was interrupted, and how it is finished or taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.errors import RestoreError
from holdfast.models.progress import CancellationToken
from holdfast.sources.tables.columns import Table, parse_table
from holdfast.sources.tables.failures import translated
from holdfast.sources.tables.fingerprint import fingerprint_of
from holdfast.sources.tables.link import Link
from holdfast.sources.tables.replacing import (
    PREVIOUS,
    WRITTEN,
    Content,
    Job,
    sorted_jobs,
    write_tables,
)
from holdfast.sources.tables.spool import read_values, remove_directory

Connect = Callable[..., Link]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """A swap as the journal knows it.

    Attributes:
        directory: Where its files are.
        location: The database, for people.
        jobs: In the order of writing.
    """

    directory: Path
    location: str
    jobs: tuple[Job, ...]

    def describe(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "directory": str(self.directory),
            "location": self.location,
            "jobs": [
                {
                    "content": job.content.describe(),
                    "target": job.target.describe(),
                    "key": job.target.key,
                    "create": job.create,
                }
                for job in self.jobs
            ],
        }

    @classmethod
    def parse(cls, state: Mapping[str, Any]) -> Swap:
        """Return what `describe` described.

        Raises:
            RestoreError: It cannot be read.
        """
        try:
            jobs = tuple(
                Job(
                    content=Content.parse(each["content"]),
                    target=parse_table(each["key"], each["target"]),
                    create=each["create"],
                )
                for each in state["jobs"]
            )
            return cls(directory=Path(state["directory"]), location=state["location"], jobs=jobs)
        except (KeyError, TypeError) as error:
            raise RestoreError("The journal of the restore of tables cannot be read") from error


def recover_swap(state: Mapping[str, Any], connect: Connect, *, committed: bool | None) -> bool:
    """Finish or take back a swap, or tell which it is; see `Source.recover`. Idempotent.

    The tables are locked meanwhile, so that a commit that is still on its way has come or never
    will.

    Raises:
        RestoreError: What it takes is not there any more.
    """
    swap = Swap.parse(state)
    if not swap.directory.is_dir():
        return bool(committed)
    previous = read_values(swap.directory / PREVIOUS)
    if previous is None:
        # It was interrupted before it wrote anything.
        if committed:
            raise RestoreError(
                f"The restore of the tables of {swap.location} did not begin",
                hint="Restore the backup again.",
            )
        _drop_made(swap, connect)
        done = False
    else:
        with translated(swap.location, restoring=True):
            done = _settle(swap, connect, previous, committed)
    if committed is not None:
        remove_directory(swap.directory)
    return done


def _drop_made(swap: Swap, connect: Connect) -> None:
    made = [job.target for job in swap.jobs if job.create]
    if made:
        with connect(writable=True) as link, translated(swap.location, restoring=True):
            link.drop(made)


def _settle(
    swap: Swap, connect: Connect, previous: Mapping[str, Any], committed: bool | None
) -> bool:
    cancel = CancellationToken()
    with connect(writable=True) as link:
        link.begin_writing()
        jobs = _live_jobs(link, swap)
        live = [job.target for job in jobs if job.target.facts.get("there")]
        link.lock(live)
        is_new = _is_new(link, live, previous, read_values(swap.directory / WRITTEN), cancel)
        if committed is None or committed == is_new:
            link.rollback()
            if committed is False:
                link.drop([job.target for job in jobs if job.create])
            return is_new
        if committed:
            _write_again(link, jobs, live, previous, cancel)
        else:
            _write_back(link, jobs, previous, cancel)
        return committed


def _live_jobs(link: Link, swap: Swap) -> list[Job]:
    """Return the jobs with the tables as they are there now."""
    by_key = {table.key: table for table in link.tables()}
    found = []
    for job in swap.jobs:
        target = by_key.get(job.target.key)
        if target is None and not job.create:
            raise RestoreError(
                f"{swap.location} has no table {job.target.key} any more",
                hint="Restore the safety backup.",
            )
        target = target or job.target
        there = job.target.key in by_key
        facts = {**target.facts, "there": there, "violations": job.content.violations}
        found.append(Job(content=job.content, target=_with(target, facts), create=job.create))
    return found


def _with(table: Table, facts: Mapping[str, Any]) -> Table:
    from dataclasses import replace

    return replace(table, facts=facts)


def _is_new(
    link: Link,
    live: Sequence[Table],
    previous: Mapping[str, Any],
    written: Mapping[str, Any] | None,
    cancel: CancellationToken,
) -> bool:
    """Whether the rows are those that the swap wrote, or come from them."""
    if written is None:
        return False  # it is noted before the commit
    now = fingerprint_of(link, live, cancel)
    return now.likeness(written["fingerprint"]) > now.likeness(previous["fingerprint"])


def _write_again(
    link: Link,
    jobs: Sequence[Job],
    live: Sequence[Table],
    previous: Mapping[str, Any],
    cancel: CancellationToken,
) -> None:
    there = {table.key for table in live}
    missing = [job.target for job in jobs if job.target.key not in there]
    if missing and link.engine_name == "mysql":
        link.rollback()
        link.create(missing)
        link.begin_writing()
        link.lock(live)
    elif missing:
        link.create(missing)
    write_tables(link, sorted_jobs(jobs), violations=previous["violations"], cancel=cancel)
    link.commit()


def _write_back(
    link: Link, jobs: Sequence[Job], previous: Mapping[str, Any], cancel: CancellationToken
) -> None:
    contents = {each["key"]: Content.parse(each) for each in previous["contents"]}
    back = [
        Job(content=contents[job.target.key], target=job.target) for job in jobs if not job.create
    ]
    made = [job.target for job in jobs if job.create]
    if made and link.engine_name != "mysql":
        link.drop(made)
    write_tables(link, sorted_jobs(back), violations=previous["violations"], cancel=cancel)
    link.commit()
    if made and link.engine_name == "mysql":
        link.drop(made)
