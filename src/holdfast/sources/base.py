"""What every source does: capture one consistent moment; restore by stage, check, swap or undo.

A source knows live things and streams. It knows nothing of repositories or archives:
`operations` joins them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from holdfast.models.backup import CheckResult, PlannedChange
from holdfast.models.manifest import ContentEntry, Problem
from holdfast.models.node import Node
from holdfast.models.progress import CancellationToken, ProgressCallback, no_progress
from holdfast.models.tree import BackupTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that a source captured.

    Attributes:
        path: Where it stands in the backup: `database/app.db`, `files/thumbnails/a/b.jpg`.
            Directories come before what they contain; siblings in any order.
        node: Its metadata, without `content` and `subtree`.
        open: Opens the bytes of a file; called at most once, and not at all for a file that
            `unchanged` (see `CaptureContext`) vouches for. It may raise `OSError`: the file
            is then reported as a problem and left out.
        page_size: Alignment in bytes at which the content changes (a database's page size),
            or None for ordinary files.
    """

    path: str
    node: Node
    open: Callable[[], BinaryIO] | None = None
    page_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureContext:
    """What a capture may use.

    Attributes:
        scratch_dir: A private directory (0700) for temporary files; the caller removes it.
        previous: What the parent backup's manifest says, by path in the backup.
        exclude: Absolute paths never to capture: the repository, protected databases.
        copy_first: Make a private copy before anything is read, where reading the live
            thing itself failed because it was changed meanwhile.
    """

    scratch_dir: Path
    previous: Mapping[str, ContentEntry] = field(default_factory=dict)
    exclude: tuple[Path, ...] = ()
    allow_damaged: bool = False
    copy_first: bool = False
    progress: ProgressCallback = no_progress
    cancel: CancellationToken = field(default_factory=CancellationToken)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureFacts:
    """What a finished capture says of itself, for the manifest.

    Attributes:
        table_counts: Rows per table in the captured moment.
        facts: Kept in the manifest's `ContentEntry.facts` and given back as `previous` next
            time; JSON values only.
        engines: Versions: `{"sqlite": "3.51.3", "sqlite_application": "3.40.1"}`.
        damaged: True if the source failed its integrity check and was taken all the same.
        problems: Paths that could not be captured.
        warnings: Sentences for the user.
    """

    table_counts: Mapping[str, int] = field(default_factory=dict)
    count: int = 0
    schema_version: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    engines: Mapping[str, str] = field(default_factory=dict)
    damaged: bool = False
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    skipped_settings: tuple[str, ...] = ()


class Capture(Protocol):
    """One consistent moment of a source, being read."""

    @property
    def unchanged(self) -> bool:
        """Whether the source is certainly as `previous` says, so that nothing need be read.

        `entries` then yields entries whose bytes need not be opened.
        """

    def entries(self) -> Iterator[Entry]:
        """Yield what was captured; called once."""

    def facts(self) -> CaptureFacts:
        """Return the facts; called once, after all entries were consumed.

        Raises:
            DatabaseDamaged: The captured database failed its integrity check.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreContext:
    """What a restore may use.

    Attributes:
        token: Unique name of this restore, fit for a file name; staged things carry it.
        target: Where to restore to, instead of the live thing; None means in place.
        keep_previous: Keep what `swap` replaces, so that `undo` can put it back.
        only: Paths in the backup to restore, each with all below it; empty means all.
        thorough: Check databases completely, with all their indexes; else their structure.
        exclude: Absolute paths never to replace or remove, though they lie inside a live
            directory: the repository, protected databases.
    """

    token: str
    tree: BackupTree
    scratch_dir: Path
    target: Path | None = None
    keep_previous: bool = False
    only: tuple[str, ...] = ()
    thorough: bool = True
    exclude: tuple[Path, ...] = ()
    progress: ProgressCallback = no_progress
    cancel: CancellationToken = field(default_factory=CancellationToken)


class Staged(Protocol):
    """A restore that is prepared beside the live data and has changed nothing yet.

    The caller keeps a durable journal: it saves `state()` before `swap`, and after a crash
    calls the source's `recover` with it. `swap` is atomic for readers of the live data.
    """

    def plan(self) -> tuple[PlannedChange, ...]:
        """Say what `swap` would change."""

    def check(self) -> tuple[CheckResult, ...]:
        """Check what is staged, before anything live is touched."""

    def state(self) -> dict[str, Any]:
        """Return what `recover` needs after a crash, as JSON values."""

    def swap(self) -> None:
        """Put the staged data in the place of the live data, atomically and durably."""

    def undo(self) -> None:
        """After `swap`, and before `discard`: put the replaced data back."""

    def discard(self) -> None:
        """Remove everything that staging left: after a success, a failure or instead of a swap."""


class Source(Protocol):
    """One thing that a plan protects."""

    @property
    def name(self) -> str:
        """The label of the source, unique in its plan."""

    @property
    def kind(self) -> str:
        """`sqlite`, `directory` or `settings`."""

    @property
    def root(self) -> str:
        """The path in the backup that this source fills: `database/app.db`, `files/thumbnails`."""

    def size_bytes(self) -> int:
        """Estimate the bytes to capture, quickly; for the disk space check and progress."""

    def capture(self, context: CaptureContext) -> AbstractContextManager[Capture]:
        """Begin to capture one consistent moment.

        Raises:
            SourceError: It cannot be captured; the message says why and the hint what to do.
        """

    def stage(self, context: RestoreContext) -> AbstractContextManager[Staged]:
        """Prepare a restore beside the live data (or beside `context.target`).

        Leaving the context discards what is staged.
        """

    def recover(self, state: Mapping[str, Any], *, committed: bool | None) -> bool:
        """Finish or take back a `swap` that a crash interrupted, from its journal state.

        Args:
            state: What `Staged.state` returned.
            committed: True to finish the swap, False to take it back, None to only tell.

        Returns:
            Whether the live data is (now) the new one. Idempotent.
        """
