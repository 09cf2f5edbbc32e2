"""Replace the rows of tables in one transaction, and prove before its commit what they are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.errors import DataDoesNotFit, RestoreCheckFailed
from holdfast.models.progress import CancellationToken, Progress, ProgressCallback, no_progress
from holdfast.sources.tables.binding import RowBinder
from holdfast.sources.tables.columns import Table, parse_table
from holdfast.sources.tables.fingerprint import Fingerprint, watched
from holdfast.sources.tables.link import Link
from holdfast.sources.tables.ordering import sorted_tables
from holdfast.sources.tables.rows import ArrayDigest, RowReader, TableFile, row_lines
from holdfast.sources.tables.spool import pieces, scratch_errors, write_durably
from holdfast.stores.durable import sync_directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The rows of one table in a file.

    Attributes:
        source: The table that they are of, captured from `engine`.
        violations: Rows among them that break foreign keys, where that is known.
    """

    source: Table
    engine: str
    path: Path
    count: int
    checksum: str
    violations: int = 0

    def describe(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "key": self.source.key,
            "table": self.source.describe(),
            "engine": self.engine,
            "path": str(self.path),
            "count": self.count,
            "checksum": self.checksum,
            "violations": self.violations,
        }

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> Content:
        """Return what `describe` described."""
        return cls(
            source=parse_table(found["key"], found["table"]),
            engine=found["engine"],
            path=Path(found["path"]),
            count=found["count"],
            checksum=found["checksum"],
            violations=found["violations"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Rows for one live table, which is made first where `create` says so."""

    content: Content
    target: Table
    create: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """What tables had before.

    Attributes:
        violations: Rows that broke foreign keys, of and to these tables, by table.
    """

    fingerprint: Fingerprint
    contents: tuple[Content, ...]
    violations: Mapping[str, int]


def sorted_jobs(jobs: Sequence[Job]) -> list[Job]:
    """Return jobs in an order in which the foreign keys of their tables hold."""
    by_key = {job.target.key: job for job in jobs}
    return [by_key[table.key] for table in sorted_tables(job.target for job in jobs)]


def save_content(
    link: Link, tables: Sequence[Table], directory: Path, cancel: CancellationToken
) -> Previous:
    """Write the rows that tables have now into files, durably, in the transaction under way."""
    found = Fingerprint()
    contents = []
    broken = link.broken_references(tables)
    with scratch_errors(directory):
        directory.mkdir(mode=0o700)
        for number, table in enumerate(tables):
            path = directory / f"{number}.json"
            file = TableFile(_noted(link, table, found, cancel), on_end=lambda _: None)
            _write(file, path)
            contents.append(
                Content(
                    source=table,
                    engine=link.engine_name,
                    path=path,
                    count=file.count,
                    checksum=file.checksum,
                    violations=broken.get(table.key, 0),
                )
            )
        sync_directory(str(directory))
    return Previous(fingerprint=found, contents=tuple(contents), violations=broken)


def _noted(
    link: Link, table: Table, fingerprint: Fingerprint, cancel: CancellationToken
) -> Iterator[bytes]:
    names = [column.name for column in table.columns]
    for line in watched(row_lines(names, link.read(table)), cancel):
        fingerprint.add(table.key, line)
        yield line


def _write(file: TableFile, path: Path) -> None:
    with path.open("xb") as out:
        while piece := file.read(1 << 20):
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())


def write_tables(
    link: Link,
    jobs: Sequence[Job],
    *,
    violations: Mapping[str, int],
    cancel: CancellationToken,
    progress: ProgressCallback = no_progress,
) -> Fingerprint:
    """Replace the rows of the tables, without a commit; return what they are now.

    Args:
        jobs: In an order in which foreign keys hold; their tables are locked or new.
        violations: Rows of the tables beside them that broke foreign keys already, by table.

    Raises:
        DataDoesNotFit: The engine refused a row; roll back.
        RestoreCheckFailed: What was written is not what the backup has; roll back.
    """
    tables = [job.target for job in jobs]
    link.before_writing(tables)
    for table in reversed(tables):
        link.clear(table)
    for number, job in enumerate(jobs):
        step = f"Writing table {job.target.key}"
        progress(Progress(step=step, done_items=number, total_items=len(jobs)))
        _load(link, job, cancel)
    link.after_writing(tables)
    _require_references(link, jobs, violations)
    found = Fingerprint()
    for job in jobs:
        _require_content(link, job, found, cancel)
    return found


def _load(link: Link, job: Job, cancel: CancellationToken) -> None:
    binder = RowBinder(job.content.source, job.target, job.content.engine, link)
    reader = RowReader(pieces(job.content.path, cancel), job.target.key)
    link.load(job.target, binder.names, binder.bound(reader))
    if (reader.count, reader.checksum) != (job.content.count, job.content.checksum):
        raise RestoreCheckFailed(
            f"The staged rows of {job.target.key} are not those of the backup any more",
            hint="Nothing was changed. Start the restore again.",
        )


def _require_references(link: Link, jobs: Sequence[Job], violations: Mapping[str, int]) -> None:
    known = {**violations, **{job.target.key: job.content.violations for job in jobs}}
    broken = link.broken_references([job.target for job in jobs])
    wrong = [key for key, count in broken.items() if count > known.get(key, 0)]
    if wrong:
        said = ", ".join(f"{broken[key]} rows of {key}" for key in wrong)
        raise DataDoesNotFit(
            f"After the restore {said} would refer to rows that are not there",
            hint="Nothing was changed. Restore the tables that refer to each other together.",
        )


def _require_content(
    link: Link, job: Job, fingerprint: Fingerprint, cancel: CancellationToken
) -> None:
    digest = ArrayDigest()
    for line in _noted(link, job.target, fingerprint, cancel):
        digest.add(line)
    if digest.count != job.content.count:
        raise RestoreCheckFailed(
            f"{job.target.key} would have {digest.count} rows, and the backup has"
            f" {job.content.count}",
            hint="Nothing was changed. A trigger or a rule of the database may be the cause.",
        )
    if _is_comparable(job, link) and digest.checksum() != job.content.checksum:
        raise RestoreCheckFailed(
            f"The rows of {job.target.key} would not be those of the backup",
            hint="Nothing was changed. A trigger or a rule of the database may be the cause.",
        )


def _is_comparable(job: Job, link: Link) -> bool:
    """Whether the table now makes the same file: of the same engine, with the same columns."""
    source, target = job.content.source, job.target
    return (
        job.content.engine == link.engine_name
        and not any(column.generated for column in (*source.columns, *target.columns))
        and source.primary_key == target.primary_key
        and [_shape(each) for each in source.columns] == [_shape(each) for each in target.columns]
    )


def _shape(column: Any) -> tuple[Any, ...]:
    return (column.name, column.kind, column.native)


PREVIOUS, WRITTEN = "previous.json", "written.json"


def note_previous(directory: Path, found: Previous) -> None:
    """Keep what tables had, durably, for a recovery."""
    values = {
        "fingerprint": found.fingerprint.describe(),
        "contents": [each.describe() for each in found.contents],
        "violations": dict(found.violations),
    }
    write_durably(directory / PREVIOUS, values)


def note_written(directory: Path, fingerprint: Fingerprint) -> None:
    """Keep what tables are about to have, durably, for a recovery."""
    write_durably(directory / WRITTEN, {"fingerprint": fingerprint.describe()})
