"""What is protected, and everything an operation needs to work on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.catalog import ProofFiles, RunLog
from holdfast.clock import Clock, SystemClock
from holdfast.models.progress import CancellationToken, ProgressCallback, no_progress
from holdfast.operations.pausing import Pauses
from holdfast.repository import Repository
from holdfast.sources.base import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrations:
    """The application's own migrations, as commands that are run without a shell.

    Attributes:
        head_command: Prints the schema version that the code expects: `alembic heads`.
        upgrade_command: Brings the database that `DATABASE_URL` names there.
    """

    head_command: tuple[str, ...] = ()
    upgrade_command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is protected and how.

    Attributes:
        sources: In the order of capture: databases, then settings, then directories, so that
            a file may be newer than the row that names it but never missing.
        references: Per directory label, an SQL query whose first column names its files,
            relative to the directory.
        expectations: SQL queries that must each yield one true value in a restored database.
        schema_version: Asks the application which schema version its code expects.
        migrations: Commands that say that too, and that migrate a restored database.
        target_name: What the live data are called, where a restore in their place must name
            them: `production`.
        pauses: Lets the host application stand still around capture and replacement.
    """

    name: str = "default"
    app: str = "app"
    app_version: str | None = None
    sources: tuple[Source, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    expectations: Sequence[str] = ()
    schema_version: Callable[[], str | None] | None = None
    migrations: Migrations = field(default_factory=Migrations)
    target_name: str | None = None
    pauses: Pauses = field(default_factory=Pauses)

    def source_at(self, root: str) -> Source | None:
        """Return the source that fills `root` in a backup, or None."""
        return next((source for source in self.sources if source.root == root), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """Where and with what an operation works.

    Attributes:
        state_dir: For the catalog, locks and the restore journal of this repository.
        scratch_root: For temporary copies in the clear; on a local disk, never on the medium
            of the repository, which need not be trusted.
        exclude: Absolute paths that no directory source may capture.
    """

    repository: Repository
    plan: Plan
    runs: RunLog
    state_dir: Path
    scratch_root: Path
    exclude: tuple[Path, ...] = ()
    clock: Clock = field(default_factory=SystemClock)
    progress: ProgressCallback = no_progress
    cancel: CancellationToken = field(default_factory=CancellationToken)

    @property
    def proofs(self) -> ProofFiles:
        """The proofs of the repository's backups."""
        return ProofFiles(self.state_dir / "proofs", self.repository.key)
