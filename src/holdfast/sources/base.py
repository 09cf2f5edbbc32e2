"""What every source does: capture one consistent moment; restore by stage, check, swap or undo.

A source knows live things and streams. It knows nothing of repositories or archives:
`operations` joins them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar, runtime_checkable

from holdfast.models.backup import CheckResult, PlannedChange
from holdfast.models.manifest import ContentEntry, Problem
from holdfast.models.node import Node
from holdfast.models.progress import CancellationToken, ProgressCallback, no_progress
from holdfast.models.target import TargetPlace
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
        rows: Whether it is a stream of rows, as a dump or a table is: an insertion shifts all
            that follows. Its chunks end where rows end, and it is read every time.
    """

    path: str
    node: Node
    open: Callable[[], BinaryIO] | None = None
    page_size: int | None = None
    rows: bool = False


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
        tables: By name, tables that lie in files of their own, for the manifest's `contents`.
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
    tables: Mapping[str, ContentEntry] = field(default_factory=dict)


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


@dataclass(slots=True)
class Hold:
    """What the sources of one restore tell of what stays after it.

    Attributes:
        held: Whether all that is staged must stay as it lies, for `Source.recover`.
        left: Roots of sources that could not remove what they staged: their server is gone.
            `Source.sweep` does it when it is back.
    """

    held: bool = False
    left: set[str] = field(default_factory=set)


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
        tables: Tables of a database server to restore; empty means all. The others stay.
        kept: For an undo: what `Keeping.kept` of the restore said, to be swapped back instead
            of restoring the backup. Where it is gone the backup is restored.
        keep_old: Whether a database server keeps what `swap` replaced, for an undo.
        only_new: Refuse a target that holds anything.
        hold: Shared by all sources of one restore.
        trusted: Whether the backup was made here, or somebody answers for it. What runs as it is
            restored may then have any rights; else none beyond those of the database.
        exact: Whether what the backup does not have goes too, where a restore that works inside
            the live database would leave it.
    """

    token: str
    tree: BackupTree
    scratch_dir: Path
    target: Path | None = None
    keep_previous: bool = False
    only: tuple[str, ...] = ()
    thorough: bool = True
    exclude: tuple[Path, ...] = ()
    tables: tuple[str, ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)
    keep_old: bool = True
    only_new: bool = False
    hold: Hold = field(default_factory=Hold)
    trusted: bool = True
    exact: bool = False
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


_Staged = TypeVar("_Staged", bound=Staged)


@runtime_checkable
class Versioned(Protocol):
    """A staged database whose live one knows the version of its schema."""

    @property
    def live_schema_version(self) -> str | None:
        """The schema version of the live database; None if there is none or it is unknown."""


@runtime_checkable
class Migratable(Protocol):
    """A staged database that the application's own migrations can bring to another schema.

    Before they run, `check` compared it with the backup.
    """

    def staged_url(self) -> str:
        """Return the URL of the staged database, in the spelling of the plan's.

        It may hold a password: for the environment of a child process, never for messages.
        """

    def staged_schema_version(self) -> str | None:
        """Read the schema version of the staged database; None if it does not say one."""

    def migrated(self) -> None:
        """Take in that another program changed the staged database on purpose.

        From now on `check` looks at it as it is, and compares no counts with the backup.

        Raises:
            RestoreError: What is there now cannot be put in the place of the live data.
        """


@runtime_checkable
class Watched(Protocol):
    """A staged restore in whose live data a write can be noticed, and held off.

    What is written between the safety backup and the swap would be lost; with this it is not.
    A source that keeps what it replaces until an undo or a cleanup need not be watched.
    """

    def live_version(self) -> str:
        """Return a token that changes with every commit into the live data."""

    def hold_writers(self) -> AbstractContextManager[None]:
        """Keep writers away from now until the context ends or `swap` is done."""

    def expect_unchanged_since(self, token: str) -> None:
        """Make `swap` raise `LiveDataChanged`, and replace nothing, if anyone wrote since."""


@runtime_checkable
class Advising(Protocol):
    """A staged restore that looks at what is live too: another backup would not help there."""

    def advice(self, check: CheckResult) -> str | None:
        """Say what to do about a check that failed; None where the backup is to blame."""


@runtime_checkable
class Keeping(Protocol):
    """A staged restore that keeps what it replaced until the next cleanup."""

    def kept(self) -> dict[str, Any]:
        """Return where that is, as JSON values; empty where nothing is kept.

        Its name is called `database` or `schema`, as the engine has it.
        """


class Restored(Protocol):
    """A backup's database, restored into a scratch place on its server, for a drill."""

    def check(self) -> tuple[CheckResult, ...]:
        """Check counts, constraints and whatever else proves that it is whole."""

    def ask(self, queries: Sequence[str]) -> tuple[CheckResult, ...]:
        """Check that each query yields one true value; results are named `expect: <SQL>`.

        Queries read only, and may take a minute.
        """

    def column(self, query: str) -> Iterator[str]:
        """Yield the first column of a query's rows as text.

        Raises:
            SourceError: It cannot be answered.
        """


@runtime_checkable
class DatabaseServer(Protocol):
    """A source whose database lives on a server.

    Attributes:
        location: The database for people, without secrets: `postgresql://app@host:5432/shop`.
    """

    @property
    def location(self) -> str: ...

    def size_bytes(self) -> int:
        """Estimate the bytes to capture; raises `SourceNotFound` if there is no such database."""

    def place(self) -> TargetPlace:
        """Say what is there now; `exists` is False where the server cannot be asked."""

    def check_stored(
        self, tree: BackupTree, *, progress: ProgressCallback, cancel: CancellationToken
    ) -> tuple[CheckResult, ...]:
        """Parse all of what a backup holds of it; no server is asked, nothing is written."""

    def rehearse(self, context: RestoreContext) -> AbstractContextManager[Restored]:
        """Restore into a scratch database; it is gone when the context is left.

        Raises:
            SourceError: The server cannot be used for that; the message says why.
        """

    def list_kept(self) -> tuple[str, ...]:
        """Return the names of what `drop_kept` would drop now of what restores replaced."""

    def drop_kept(self) -> tuple[str, ...]:
        """Drop everything that restores kept of this source; return what it was called."""


@runtime_checkable
class Replaceable(Protocol):
    """A source that tells beforehand whether its live data let themselves be replaced."""

    def require_replaceable(self, context: RestoreContext) -> None:
        """Raise if a restore could not replace what is live now; nothing of it is staged.

        Raises:
            HoldfastError: It could not; the message says why and the hint what to do.
        """


@runtime_checkable
class PlainSql(Protocol):
    """A database whose dump in a backup is not SQL text, and can be written as such."""

    def write_plain_sql(
        self, tree: BackupTree, sink: BinaryIO, *, cancel: CancellationToken
    ) -> None:
        """Write what a backup holds of it as SQL, for an empty database; no server is asked.

        Raises:
            HoldfastError: It cannot be; what was written is not to be used.
        """


@runtime_checkable
class PairReader(Protocol):
    """A database that can be asked for a small table of names and values."""

    def read_pairs(self, table: str, key: str, value: str) -> list[tuple[Any, Any]]:
        """Return two columns of a table of the live database, of one moment, held in memory.

        Raises:
            SourceError: The database cannot be read, or has no such table or column.
        """


@runtime_checkable
class Uncertain(Protocol):
    """A staged restore whose `swap` or `undo` may fail without anyone knowing what it did.

    Attributes:
        unsettled: Whether only `Source.recover` can tell, when the server or disk is there
            again. `discard` then ends connections, and leaves all that a recovery needs.
    """

    unsettled: bool


@contextmanager
def discarding(staged: _Staged, context: RestoreContext) -> Iterator[_Staged]:
    """Discard what is staged when the context is left, unless it is held for a recovery."""
    try:
        yield staged
    finally:
        if context.hold.held and isinstance(staged, Uncertain):
            staged.unsettled = True
        if not context.hold.held or isinstance(staged, Uncertain):
            staged.discard()


class Source(Protocol):
    """One thing that a plan protects."""

    @property
    def name(self) -> str:
        """The label of the source, unique in its plan."""

    @property
    def kind(self) -> str:
        """`sqlite`, `postgresql`, `mysql`, `tables`, `directory` or `settings`."""

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

    def sweep(self, token: str, scratch_dir: Path) -> None:
        """Remove what staging left when its process died before it swapped anything.

        Args:
            token: That of the restore's context; other restores' things stay.
            scratch_dir: That of the restore's context.
        """
