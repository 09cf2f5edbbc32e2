"""The library's front door: one plan, its repository, and everything that can be done with them.

Making a `BackupService` touches nothing; each method opens what it needs and closes it again,
so two services live in one process, and one service serves many threads.
"""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

import msgspec

from holdfast.archive import open_archive
from holdfast.catalog import RunLog
from holdfast.clock import Clock, SystemClock
from holdfast.config import Settings
from holdfast.errors import (
    BackupNotFound,
    ConfigError,
    PasswordMissing,
    RepositoryExists,
    RepositoryNotFound,
    UsageError,
)
from holdfast.models.backup import (
    BackupMetadata,
    BackupStats,
    BackupType,
    BackupVerification,
    RestoreResult,
    Trigger,
)
from holdfast.models.guard import GuardResult
from holdfast.models.manifest import Manifest
from holdfast.models.progress import CancellationToken, ProgressCallback, no_progress
from holdfast.models.retention import RetentionPlan, RetentionPolicy
from holdfast.notify import Channel, configured_channels
from holdfast.operations import backup as backing_up
from holdfast.operations.access import PasswordPrompt, RepositoryAccess, encryption_warnings
from holdfast.operations.backups import backups_of, listing_mark, update_backup
from holdfast.operations.checking import check_repository
from holdfast.operations.choice import require_restorable, roots_of
from holdfast.operations.cleanup import (
    CleanupResult,
    delete_backup,
    drop_kept,
    execute_cleanup,
    list_kept,
    plan_cleanup,
    plan_repository_prune,
    prune_repository,
)
from holdfast.operations.commands import spelled, split_command
from holdfast.operations.contents import (
    MAX_FOUND,
    SearchResult,
    StoredEntry,
    list_folder,
    search_tree,
)
from holdfast.operations.copies import CopiesDir
from holdfast.operations.detached import needs_repository, throwaway_repository
from holdfast.operations.download import (
    STORED,
    Download,
    FileDownload,
    Measures,
    open_download,
    open_file,
)
from holdfast.operations.drill import drill_backup
from holdfast.operations.escrow import (
    EscrowStatus,
    UnlockDrill,
    confirm_password_kept,
    drill_unlock,
    escrow_status,
)
from holdfast.operations.export import export_backup
from holdfast.operations.extract import Surroundings, restore_into
from holdfast.operations.guard import (
    GuardOptions,
    Opening,
    guard_block,
    guard_command,
    require_command,
)
from holdfast.operations.guard_note import forget_note, remind_of_guard, settle_guard
from holdfast.operations.interrupted import (
    give_up_restore,
    recover_restore,
    settle_interrupted,
)
from holdfast.operations.journal import Recovery, journal_path
from holdfast.operations.labels import checked_description, checked_tags
from holdfast.operations.measuring import freed_bytes, measured
from holdfast.operations.migrations import OtherSchema
from holdfast.operations.overview import (
    RepositoryOverview,
    RepositoryPlace,
    place_of,
    repository_overview,
)
from holdfast.operations.pausing import Hook, Pauses
from holdfast.operations.plan import Migrations, Plan, Workplace
from holdfast.operations.protected import (
    DatabaseOptions,
    DirectoryOptions,
    TablesOptions,
    database_files,
    make_sources,
)
from holdfast.operations.recipe import Host, Recipe, arguments
from holdfast.operations.recovery_kit import RecoveryKit, export_recovery_kit
from holdfast.operations.relocation import restore_to
from holdfast.operations.restore import RestoreOptions, is_our_own, restore
from holdfast.operations.scheduled import last_scheduled_run_at, refuse_second_run
from holdfast.operations.stats import backup_stats
from holdfast.operations.target import require_confirmed
from holdfast.operations.undo import undo_restore
from holdfast.operations.upload import import_archive
from holdfast.operations.verify import verify_backup, verify_snapshot
from holdfast.operations.workspace import default_scratch_root, plan_lock, scratch_directory
from holdfast.repository import (
    CheckReport,
    IndexRebuildPlan,
    KeyRing,
    LockInfo,
    PruneOptions,
    PrunePlan,
    Repository,
    Subset,
    execute_index_rebuild,
    plan_index_rebuild,
)
from holdfast.stores import Store

if TYPE_CHECKING:
    from fastapi import APIRouter

    from holdfast.jobs import JobEngine
    from holdfast.models.schedule import BackupConfig

_log = logging.getLogger("holdfast.service")

STATE_DIR_NAME = "holdfast"
"""Beside a local repository's own folders; restic and rustic do not look at it."""


class BackupService:
    """Backs up, proves and restores one application's data.

    Args:
        database_url: The database, as SQLAlchemy writes it: `sqlite:///./data/app.db`,
            `postgresql://...`, `mysql://...`, `mariadb://...`; a driver does not matter.
        backup_dir: The repository: a local directory, made by the first backup.
        encryption_password: Opens the repository; kept in memory only.
        directories: What to protect beside the database, by label.
        settings: Settings to export as JSON: a mapping, a callable that returns one, an
            object with `export` and `restore`, or a table of the database by its name (with
            columns `key` and `value`) or as `SettingsTable`.
        app: Name of the application, for archives.
        references: Per directory label, an SQL query that yields its files' paths.
        expect: SQL queries that must each yield one true value in a restored database, within
            a minute: the first of the plan, or that named before: `audit: select ...`.
        retention: What `apply_retention` without a policy keeps.
        databases: Further databases, by name.
        schema_version: Asks the application which schema version its code expects: a restore
            in place of a database with another one is refused. What a backup's database has is
            read from the tables of Alembic or Django, where there are any.
        migration_head_command: Prints that version, where `schema_version` is not given:
            `alembic heads`. It is run without a shell.
        migration_upgrade_command: Migrates the database that the variable `DATABASE_URL`
            names: `alembic upgrade head`.
        busy_timeout_s: How long to wait for a locked database [s].
        scratch_dir: For temporary copies in the clear; default `/var/tmp`.
        copies_dir: Where restores into a new folder go that are asked for over HTTP; default
            `holdfast-restored-UID` in `scratch_dir`, private to the user.
        compression_level: zstd level, 1 to 19.
        restore_target_name: A name for the live data, such as `production`; a restore in their
            place must then give it as `confirm`.
        container: The running container that the database of `database_url` is in: `NAME`,
            `docker:NAME` or `podman:NAME`; see `DatabaseOptions`.
        tables: Tables of the first database to export as JSON besides, by name; `["*"]` for
            all. Or `TablesOptions`.
        restore_owner: Restore the owners and rights of a server's database as they were.
        on_pause: Called before data are captured or replaced, so that the application stands
            still; may be a coroutine function. What it raises fails the work.
        on_resume: Called afterwards, also when the work, or `on_pause`, failed.
        catalog_url: Where jobs, schedules and accounts are kept, as SQLAlchemy writes it; by
            default in a SQLite file beside the repository.
        notifications: Where people are told how backups fare, by the jobs.
    """

    def __init__(
        self,
        database_url: str | None = None,
        backup_dir: str | Path = "./backups",
        encryption_password: str | None = None,
        directories: Mapping[str, str | Path | DirectoryOptions] | None = None,
        settings: Any = None,
        *,
        app: str = "app",
        app_version: str | None = None,
        plan: str = "default",
        databases: Mapping[str, str | DatabaseOptions] | None = None,
        references: Mapping[str, str] | None = None,
        expect: Sequence[str] = (),
        retention: RetentionPolicy | None = None,
        timezone: str = "UTC",
        schema_version: Callable[[], str | None] | None = None,
        migration_head_command: str | Sequence[str] = (),
        migration_upgrade_command: str | Sequence[str] = (),
        busy_timeout_s: float = 30.0,
        scratch_dir: str | Path | None = None,
        copies_dir: str | Path | None = None,
        compression_level: int = 1,
        restore_target_name: str | None = None,
        container: str | None = None,
        tables: Sequence[str] | TablesOptions | None = None,
        restore_owner: bool = True,
        on_pause: Hook | None = None,
        on_resume: Hook | None = None,
        catalog_url: str | None = None,
        notifications: Sequence[Channel] = (),
        ask_password: PasswordPrompt | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._recipe = Recipe.of(locals())
        self._catalog_url = catalog_url
        self._notifications = _channels(notifications)
        self._jobs: JobEngine | None = None
        self._jobs_lock = threading.Lock()
        _require_types(database_url, encryption_password, directories, databases)
        self._clock = clock or SystemClock()
        self._access = RepositoryAccess(backup_dir, encryption_password, ask_password, self._clock)
        self._retention = retention
        self._measures = Measures()
        self._timezone: tzinfo = _zone(timezone)
        self._level = compression_level
        self._owner = restore_owner
        self._scratch_root = Path(scratch_dir) if scratch_dir else default_scratch_root()
        self._copies = CopiesDir.of(copies_dir, self._scratch_root)
        sources = make_sources(
            database_url,
            databases or {},
            directories or {},
            settings,
            busy_timeout_s=busy_timeout_s,
            container=container,
            tables=tables,
            owner=restore_owner,
            clock=self._clock,
        )
        unknown = sorted(set(references or {}) - set(directories or {}))
        if unknown:
            # Not an error: directories named on a command line replace those of the file.
            _log.warning("References to no directory of the plan: %s", ", ".join(unknown))
        self._plan = Plan(
            name=plan,
            app=app,
            app_version=app_version,
            sources=sources,
            references={
                label: query for label, query in (references or {}).items() if label not in unknown
            },
            expectations=tuple(expect),
            schema_version=schema_version,
            migrations=Migrations(
                head_command=split_command(migration_head_command),
                upgrade_command=split_command(migration_upgrade_command),
            ),
            target_name=restore_target_name,
            pauses=Pauses(on_pause, on_resume),
        )

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        *,
        password: str | None = None,
        ask_password: PasswordPrompt | None = None,
        clock: Clock | None = None,
    ) -> Self:
        """Make a service from settings that were read from flags, environment and file."""
        retention = RetentionPolicy(**asdict(settings.retention))
        return cls(
            settings.database_url,
            settings.repository,
            password,
            {
                label: DirectoryOptions(path=each.path, exclude=each.exclude)
                for label, each in settings.directories.items()
            },
            settings.settings_table,
            app=settings.app,
            app_version=settings.app_version,
            plan=settings.plan,
            databases={
                name: DatabaseOptions(url=each.url, container=each.container)
                for name, each in settings.databases.items()
            },
            references=settings.references,
            expect=settings.expect,
            retention=None if retention.is_empty else retention,
            timezone=settings.schedule.timezone,
            busy_timeout_s=settings.busy_timeout_s,
            scratch_dir=settings.scratch_dir,
            copies_dir=settings.restore.copies_dir,
            compression_level=settings.compression.level,
            restore_target_name=settings.restore.target_name,
            migration_head_command=settings.migrations.head_command or (),
            migration_upgrade_command=settings.migrations.upgrade_command or (),
            container=settings.container,
            tables=settings.tables,
            restore_owner=settings.restore.owner,
            catalog_url=settings.server.catalog,
            notifications=configured_channels(settings.notify),
            ask_password=ask_password,
            clock=clock,
        )

    @classmethod
    def of_recipe(cls, values: Mapping[str, Any], host: Host) -> Self:
        """Make the service that `recipe.to_json` of another one describes.

        Args:
            host: Asked for what could not be written down.
        """
        return cls(**arguments(values, host))

    @property
    def recipe(self) -> Recipe:
        """How this service was made, passwords included."""
        return self._recipe

    # Work in the background

    @property
    def jobs(self) -> JobEngine:
        """What does work in the background; one for each service, made when first asked for.

        Raises:
            MissingExtra: The packages of `holdfast[jobs]` are not installed.
        """
        with self._jobs_lock:
            if self._jobs is None:
                from holdfast.jobs import JobEngine

                self._jobs = JobEngine(self, catalog_url=self._catalog_url)
            return self._jobs

    @property
    def notifications(self) -> tuple[Channel, ...]:
        """Where people are told how backups fare."""
        return self._notifications

    @property
    def clock(self) -> Clock:
        """Where time comes from."""
        return self._clock

    @property
    def retention(self) -> RetentionPolicy | None:
        """The policy that the service was made with."""
        return self._retention

    @property
    def compression_level(self) -> int:
        """The zstd level that backups are compressed with unless told otherwise."""
        return self._level

    @property
    def scratch_root(self) -> Path:
        """Where temporary copies in the clear are made."""
        return self._scratch_root

    @property
    def copies(self) -> CopiesDir:
        """Where restores into a new folder go that are asked for over HTTP."""
        return self._copies

    @property
    def state_dir(self) -> Path:
        """Where what a repository cannot know is kept, beside it."""
        with self._access.store() as store:
            return _state_dir(store)

    def listing_mark(self) -> Hashable:
        """Return what changes whenever `list_backups` may; it needs no password.

        Raises:
            RepositoryNotFound: There is no repository.
        """
        with self._access.store() as store:
            _require_repository(store)
            snapshots = tuple(sorted(each.name for each in store.list("snapshots/")))
            return snapshots, listing_mark(_state_dir(store))

    def restore_interrupted(self) -> bool:
        """Say whether a restore is under way, or was when its process died."""
        return journal_path(self.state_dir, self._plan.name).exists()

    # Repository

    @property
    def plan(self) -> Plan:
        """What is protected."""
        return self._plan

    def init_repository(self, encrypt: bool = True) -> str:
        """Make the repository; return its id.

        Raises:
            RepositoryExists: There is one already; it is left as it is.
            PasswordMissing: `encrypt` is true and there is no password.
        """
        return self._access.create(encrypt=encrypt)

    def repository_exists(self) -> bool:
        """Say whether there is a repository, without a password."""
        return self._access.exists()

    # The way in, kept elsewhere

    def escrow_status(self) -> EscrowStatus:
        """Say whether a recovery key or the password is kept elsewhere; needs no password.

        An application may show it to its administrator; nothing is said or logged by itself.

        Raises:
            RepositoryNotFound: There is no repository.
        """
        with self._access.store() as store:
            _require_repository(store)
            return escrow_status(store, _state_dir(store))

    def export_recovery_kit(self, target: str | Path) -> RecoveryKit:
        """Make a recovery key and write it, with how to use it, to a new file (0600).

        Raises:
            TargetExists: The file is there already; it is left as it is.
            UsageError: The repository is not encrypted, or the file would lie inside of it.
        """
        with self._work() as work:
            return export_recovery_kit(work, Path(target))

    def confirm_password_kept(self) -> None:
        """Record that somebody keeps the password elsewhere; it holds until it changes.

        Raises:
            UsageError: The repository has no password.
        """
        with self._work() as work:
            confirm_password_kept(work.repository, work.state_dir)

    def drill_unlock(self, secret: str) -> UnlockDrill:
        """Prove that a recovery key, or a password kept elsewhere, opens the repository.

        The service's own password is not used; the date of the proof is recorded.

        Raises:
            RecoveryKeyMistyped: It has a typing mistake.
            RecoveryKeyForeign: It is the recovery key of another repository, or was removed.
            WrongPassword: It opens nothing.
        """
        with self._access.store() as store:
            return drill_unlock(store, _state_dir(store), secret, self._clock)

    # Backups

    def create_backup(
        self,
        encrypt: bool | None = True,
        compression: bool = True,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        backup_type: BackupType = BackupType.MANUAL,
        *,
        sources: Sequence[str] = (),
        trigger: Trigger = Trigger.MANUAL_API,
        verify: bool = False,
        allow_damaged: bool = False,
        compression_level: int | None = None,
        due_at: datetime | None = None,
        retry_failed: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> BackupMetadata:
        """Make a backup; the first one makes the repository.

        Args:
            encrypt: True demands an encrypted repository. False makes a new repository
                without encryption; one that is encrypted stays so, with a warning. None
                takes the repository as it is.
            sources: Take only these sources of the plan, by name. Such a backup counts as none of
                the plan: its `only` names them, and `latest`, retention and health pass it over.
            verify: Verify it at once; the result is in `verified`.
            allow_damaged: Take a database that fails its integrity check, marked as such.
            compression_level: zstd level, 1 to 19; by default that of the service.
            due_at: For a scheduler: when the run was due; refused if it has been since.
            retry_failed: Whether a run that failed since `due_at` has not been.

        Raises:
            AlreadyRun: A scheduled run began at or after `due_at`.
            UsageError: The plan has no such source, or the run is one of the schedule.
            SourceError: Something cannot be captured; nothing was stored.
            PasswordMissing: There is no password for an encrypted repository.
            EncryptionMismatch: `encrypt` is true and the repository has no encryption.
            NotEnoughSpace: There is no room.
            BackupBusy: Another run of this plan is under way.
        """
        description, labels = checked_description(description), checked_tags(tags or ())
        only = roots_of(self._plan, sources)
        if only and (due_at is not None or backup_type is not BackupType.MANUAL):
            raise UsageError(
                "A backup of some sources cannot stand for a run of the schedule",
                hint="Leave out `sources`, or make it by hand.",
            )
        self._ensure_repository(encrypt=encrypt is not False)
        with self._work(progress, cancel, recover=False) as work:
            warnings = encryption_warnings(work.repository, encrypt)
            with plan_lock(work.state_dir, work.plan.name):
                recovered = recover_restore(work)
                if due_at is not None:
                    warnings += refuse_second_run(work, due_at, retry_failed=retry_failed)
                options = backing_up.BackupOptions(
                    compression=(compression_level or self._level) if compression else None,
                    description=description,
                    tags=labels,
                    backup_type=backup_type,
                    trigger=trigger,
                    allow_damaged=allow_damaged,
                    only=only,
                    warnings=(*warnings, *([recovered.sentence()] if recovered else [])),
                )
                made = backing_up.run_backup(work, options)
            if verify:
                self._verify_new(work, made)
                return _get(work, made.backup_id)
            return made

    def list_backups(
        self,
        limit: int | None = 50,
        *,
        tag: str | None = None,
        backup_type: BackupType | None = None,
    ) -> list[BackupMetadata]:
        """Return the backups, newest first.

        Raises:
            RepositoryNotFound: There is no repository.
        """
        with self._work() as work:
            listed = backups_of(work)
            for damage in listed.damaged:
                _log.warning("A backup is not listed: %s", damage)
            backups = reversed(listed.all())
            chosen = [
                each
                for each in backups
                if (tag is None or tag in each.tags)
                and (backup_type is None or each.backup_type is backup_type)
            ]
        return chosen[:limit] if limit else chosen

    def get_backup(self, backup_id: str) -> BackupMetadata:
        """Return one backup, by its id, a unique prefix, or `latest`.

        Raises:
            BackupNotFound: There is none.
        """
        with self._work() as work:
            return _get(work, backup_id)

    def backup_manifest(self, backup_id: str) -> dict[str, Any]:
        """Return the manifest of a backup as JSON values."""
        with self._work() as work:
            _, snapshot = backups_of(work).resolve(backup_id)
            manifest = work.repository.tree(snapshot).manifest
            values: dict[str, Any] = msgspec.to_builtins(manifest)
            return values

    def list_contents(self, backup_id: str, path: str = "") -> list[StoredEntry]:
        """Return what is in a folder of a backup, folders first, each by name.

        Raises:
            BackupNotFound: There is no such backup.
            PathNotInBackup: It has no such folder.
        """
        with self._work(recover=False) as work:
            _, snapshot = backups_of(work).resolve(backup_id)
            return list_folder(work.repository.tree(snapshot), path)

    def search_contents(
        self,
        backup_id: str,
        text: str,
        path: str = "",
        *,
        after: str = "",
        limit: int = MAX_FOUND,
    ) -> SearchResult:
        """Find files and folders of a backup by a part of their path, however capitalised.

        The part must reach into an entry's own name: what lies in a folder that is found is
        not found for that. It looks at 50,000 entries at most; `after` of what it returns,
        given again, goes on from there.

        Args:
            path: Look only below this folder.
            after: `after` of the result before; the rest as it was then.
            limit: How many to return at most.

        Raises:
            BackupNotFound: There is no such backup.
            PathNotInBackup: It has no such folder.
        """
        with self._work(recover=False) as work:
            _, snapshot = backups_of(work).resolve(backup_id)
            tree = work.repository.tree(snapshot)
            return search_tree(tree, text, path, after=after, limit=limit)

    def verify_backup(
        self,
        backup_id: str,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> BackupVerification:
        """Prove that a backup is intact; a failure is reported, not raised.

        Raises:
            BackupNotFound: There is no such backup.
        """
        with self._work(progress, cancel) as work:
            return verify_backup(work, backup_id)

    def drill(
        self,
        backup_id: str,
        *,
        expect: Sequence[str] = (),
        trust_dump: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> BackupVerification:
        """Prove that a backup restores, in a scratch place, with the checks of the plan.

        Args:
            trust_dump: As of `restore_backup`.
        """
        with self._work(progress, cancel) as work:
            return drill_backup(work, backup_id, expect=expect, trust_dump=trust_dump)

    def update_backup(
        self,
        backup_id: str,
        *,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        keep: bool | None = None,
        expected_snapshot_id: str | None = None,
    ) -> BackupMetadata:
        """Change what is said of a backup; what is None stays as it is.

        Args:
            description: "" removes it.
            tags: In place of all that it has.
            keep: Keep it whatever the policy says, or no longer.
            expected_snapshot_id: Its `snapshot_id` when this was decided; each change gives it
                a new one.

        Raises:
            BackupNotFound: There is none.
            PreconditionFailed: It was changed meanwhile; it is left as it is.
        """
        with self._work() as work:
            updated = update_backup(
                work,
                backup_id,
                description=description,
                tags=tags,
                keep=keep,
                expected_snapshot_id=expected_snapshot_id,
            )
            if keep is False:
                forget_note(work.state_dir, work.plan.name, updated.backup_id)
            return updated

    def keep_backup(self, backup_id: str, keep: bool = True) -> BackupMetadata:
        """Keep a backup whatever the policy says, or no longer."""
        return self.update_backup(backup_id, keep=keep)

    def delete_backup(self, backup_id: str, *, expected_snapshot_id: str | None = None) -> bool:
        """Remove one backup; its space is freed by the next cleanup. Return whether it was there.

        Args:
            expected_snapshot_id: As of `update_backup`.

        Raises:
            AmbiguousBackupId: The prefix fits several backups.
            RetentionError: It is marked to be kept.
            PreconditionFailed: It was changed meanwhile; it is left as it is.
        """
        with self._work() as work:
            try:
                delete_backup(work, backup_id, expected_snapshot_id=expected_snapshot_id)
            except BackupNotFound:
                return False
            return True

    # Restore

    def restore_backup(
        self,
        backup_id: str,
        verify_first: bool = True,
        create_safety_backup: bool = True,
        *,
        other_schema: OtherSchema = OtherSchema.REFUSE,
        into: str | Path | Callable[[str], Path] | None = None,
        to: Mapping[str, str] | None = None,
        tables: Sequence[str] = (),
        keep_old: bool = True,
        trust_dump: bool = False,
        paths: Sequence[str] = (),
        sources: Sequence[str] = (),
        dry_run: bool = False,
        confirm: str | None = None,
        trigger: Trigger = Trigger.MANUAL_API,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> RestoreResult:
        """Put a backup in the place of the live data, all of it or nothing.

        Args:
            verify_first: Read and authenticate everything first, and check restored
                databases with all their indexes; else only their structure is checked.
            other_schema: What becomes of a database whose schema is not that of the code:
                `refuse`, `migrate` it before it is put in place, or `take` it as it is.
            into: A new place to restore to instead, laid out as the backup is; or what names
                one when it is told the backup's id.
            to: Databases that hold nothing yet to restore to instead: URLs by the name of the
                database in the backup, or by "" for the only one. Another engine is filled from
                the tables that the backup holds as JSON.
            tables: Only these tables of databases on servers; the others stay as they are.
            keep_old: Whether a database server keeps what is replaced until the next cleanup,
                so that an undo puts it back as it was to the last write.
            trust_dump: Restore what came from an archive with all rights of the database's user,
                though whoever made it could then run anything on the server.
            paths: Only these files or directories of the backup.
            sources: Only these sources, by name.
            dry_run: Only say what would change.
            confirm: The name of the live data that are to be replaced: `RestoreTarget.name`,
                which a dry run tells. Needed where they were given one.

        Raises:
            ConfirmationRequired: `confirm` is missing, or names other data; nothing was touched.
            RestoreError: It was not restored; the live data is as it was.
            VerificationFailed: The backup is not intact; nothing was touched.
            SchemaMismatch: Its schema is not that of the application's code; nothing was touched.
        """
        if into is None and not to and not dry_run:
            require_confirmed(self._plan, confirm)
        if into is not None and to:
            raise UsageError("A backup is restored into a directory or to databases, not both")
        with self._work(progress, cancel, recover=dry_run) as work:
            found_id, snapshot = backups_of(work).resolve(backup_id)
            tree = work.repository.tree(snapshot)
            if to:
                return restore_to(
                    work,
                    found_id,
                    tree,
                    to,
                    dry_run=dry_run,
                    verify_first=verify_first,
                    owner=self._owner,
                    tables=tables,
                    trusted=trust_dump or is_our_own(tree.manifest, trigger),
                )
            options = RestoreOptions(
                verify_first=verify_first,
                safety_backup=create_safety_backup,
                dry_run=dry_run,
                sources=tuple(sources),
                paths=tuple(paths),
                into=_place(into, found_id),
                other_schema=OtherSchema(other_schema),
                tables=tuple(tables),
                keep_old=keep_old,
                trust_dump=trust_dump,
                trigger=trigger,
            )
            result = restore(work, found_id, tree, options)
            if into is None and not dry_run:
                parts = paths or sources or tables or tree.manifest.only
                settle_guard(work, whole=not parts)
            return result

    def restore_archive(
        self,
        path: str | Path,
        *,
        passphrase: str | None = None,
        create_safety_backup: bool = True,
        other_schema: OtherSchema = OtherSchema.REFUSE,
        into: str | Path | Callable[[str], Path] | None = None,
        to: Mapping[str, str] | None = None,
        tables: Sequence[str] = (),
        keep_old: bool = True,
        trust_dump: bool = False,
        paths: Sequence[str] = (),
        sources: Sequence[str] = (),
        dry_run: bool = False,
        confirm: str | None = None,
        on_proven: Callable[[Manifest], None] | None = None,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> RestoreResult:
        """Restore from a portable archive, which is validated completely first.

        Into a new place it needs no repository, nor where no safety backup is made, because
        none is wanted or nothing is live that could be lost. Otherwise the safety backup makes
        the repository, as any first backup does.

        Args:
            into: As of `restore_backup`; so are `to`, `tables`, `keep_old` and `trust_dump`.
            on_proven: Told of the archive's manifest when every byte of it is proven, before
                anything else.

        Raises:
            ArchiveError: It was refused; nothing was touched.
            PasswordMissing: There is no repository yet, and no password to make it with.
        """
        if into is None and not to and not dry_run:
            require_confirmed(self._plan, confirm)
        around = Surroundings(
            scratch_root=self._scratch_root,
            clock=self._clock,
            progress=progress or no_progress,
            cancel=cancel or CancellationToken(),
        )
        with (
            scratch_directory(self._scratch_root) as scratch,
            open_archive(
                Path(path),
                passphrase=passphrase,
                scratch_dir=scratch,
                progress=around.progress,
                cancel=around.cancel,
            ) as tree,
        ):
            if on_proven is not None:
                on_proven(tree.manifest)
            backup_id = tree.manifest.backup_id
            place = _place(into, backup_id)
            if place is not None:
                return restore_into(
                    around,
                    tree,
                    backup_id,
                    place,
                    paths=paths,
                    sources=sources,
                    dry_run=dry_run,
                )
            options = RestoreOptions(
                verify_first=False,
                safety_backup=create_safety_backup and not to,
                other_schema=OtherSchema(other_schema),
                dry_run=dry_run,
                sources=tuple(sources),
                paths=tuple(paths),
                tables=tuple(tables),
                keep_old=keep_old,
                trust_dump=trust_dump,
                trigger=Trigger.UPLOAD,
            )
            if not to:
                # Before a repository is made for it.
                require_restorable(self._plan, tree.manifest, sources=sources, paths=paths)
            with self._archive_work(options, scratch, around) as work:
                if to:
                    return restore_to(
                        work,
                        backup_id,
                        tree,
                        to,
                        dry_run=dry_run,
                        verify_first=False,
                        owner=self._owner,
                        tables=tables,
                        trusted=trust_dump,
                    )
                result = restore(work, backup_id, tree, options)
                if not dry_run:
                    parts = paths or sources or tables or tree.manifest.only
                    settle_guard(work, whole=not parts)
                return result

    def undo(
        self,
        *,
        dry_run: bool = False,
        confirm: str | None = None,
        expected_backup_id: str | None = None,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> RestoreResult:
        """Put back what the last restore replaced.

        Args:
            confirm: As of `restore_backup`.
            expected_backup_id: The `backup_id` of a dry run; None: whichever there is.

        Raises:
            PreconditionFailed: Another restore was made since that dry run.
            ConfirmationRequired: `confirm` is missing, or names other data; nothing was touched.
            NothingToUndo: Nothing was restored, or without a safety backup.
        """
        if not dry_run:
            require_confirmed(self._plan, confirm)
        with self._work(progress, cancel, recover=dry_run) as work:
            return undo_restore(work, dry_run=dry_run, expected_backup_id=expected_backup_id)

    # Guarding what changes the data

    def guard(
        self,
        command: Sequence[str] | Callable[[], object],
        *,
        description: str | None = None,
        verify: bool = True,
        keep: bool = False,
        create_safety_backup: bool = True,
        sources: Sequence[str] = (),
        timeout_s: float | None = None,
        trigger: Trigger = Trigger.MANUAL_API,
        own_output: bool = True,
        started: Callable[[BackupMetadata, subprocess.Popen[bytes]], None] | None = None,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> GuardResult:
        """Back up and prove the data, run a command, and bring them back if it fails.

        The plan's lock is held meanwhile: a backup, restore or cleanup that the command itself
        wants of this plan is refused.

        Args:
            command: A program and its arguments, run without a shell, with this process's
                environment and streams; or a callable, whose exception is raised again when the
                data are back.
            description: Of the backup; by default `Before: ` and the command.
            verify: Prove the backup before the command is run.
            keep: Leave a failed state for inspection; the backup is then kept until
                `keep_backup(..., keep=False)`, or until all of it is restored.
            create_safety_backup: Back up the failed state before the data come back.
            sources: Bring back only these sources, by name; all are backed up.
            timeout_s: After so long a command is ended, and has failed [s]; not a callable.
            own_output: Whether standard output is the command's; else it writes to standard error.
            started: Told of the backup and the process, so that a program can forward signals.
            cancel: Stops the backup; ends a running command, which has then failed.

        Returns:
            How it ended: a command that failed is no error.

        Raises:
            GuardRefused: The backup is partial or not intact; the command was not run.
            BackupBusy: Another run of this plan is under way; the command was not run.
            CommandNotFound, CommandNotExecutable: It cannot be run; nothing was changed.
            GuardRestoreFailed: It failed, and the data could not be brought back.
        """
        title = getattr(command, "__qualname__", None) or type(command).__name__
        options = GuardOptions(
            title=title if callable(command) else spelled(command),
            description=description,
            verify=verify,
            keep=keep,
            safety_backup=create_safety_backup,
            sources=tuple(sources),
            trigger=trigger,
            compression=self._level,
        )
        if not callable(command):
            require_command(command)
        opening, token = self._guard_opening(progress), cancel or CancellationToken()
        if callable(command):
            with guard_block(opening, options, token) as guard:
                command()
            return guard.result()
        return guard_command(
            opening,
            options,
            command,
            timeout_s=timeout_s,
            own_output=own_output,
            started=started,
            cancel=token,
        )

    @contextmanager
    def guarded(
        self,
        description: str,
        *,
        verify: bool = True,
        keep: bool = False,
        create_safety_backup: bool = True,
        sources: Sequence[str] = (),
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> Iterator[BackupMetadata]:
        """Guard the block: back up and prove the data, and bring them back if it raises.

            with service.guarded("Before release 42"):
                migrate()

        Whatever it raises is raised again when the data are back; `SystemExit` too.

        Args:
            description: Of the backup; no secrets.
            verify: As of `guard`; so are the others.
            cancel: Stops the backup; once the block runs it is its own.

        Raises:
            GuardRefused: The backup is partial or not intact; the block was not entered.
            BackupBusy: Another run of this plan is under way; the block was not entered.
            GuardRestoreFailed: It raised, and the data could not be brought back.
        """
        options = GuardOptions(
            title=description,
            description=description,
            verify=verify,
            keep=keep,
            safety_backup=create_safety_backup,
            sources=tuple(sources),
            compression=self._level,
        )
        token = cancel or CancellationToken()
        with guard_block(self._guard_opening(progress), options, token) as guard:
            yield guard.backup

    def recover(self, *, give_up: bool = False) -> Recovery | None:
        """Finish or take back a restore that a crash interrupted; None if there is none.

        Args:
            give_up: If that is not possible, because what it takes is gone: leave everything as
                it is, and set the journal aside. The result says what is where, and from which
                backup to go on.

        Raises:
            RestoreInterrupted: It is not possible, and was not given up.
        """
        with self._work(recover=False) as work, plan_lock(work.state_dir, work.plan.name):
            return give_up_restore(work) if give_up else recover_restore(work)

    # Retention

    def plan_retention(
        self,
        policy: RetentionPolicy | None = None,
        *,
        max_removed_share: float | None = None,
        force: bool = False,
    ) -> RetentionPlan:
        """Say for each backup whether the policy keeps it, and why; removes nothing."""
        with self._work() as work:
            return plan_cleanup(
                work,
                policy or self._retention or RetentionPolicy(),
                timezone=self._timezone,
                max_removed_share=max_removed_share,
                force=force,
            )

    def measure_retention(self, plan: RetentionPlan) -> int:
        """Return about how many bytes applying a plan would free; removes nothing."""
        with self._work() as work:
            return freed_bytes(work, plan)

    def apply_retention(
        self,
        plan: RetentionPlan,
        *,
        prune: bool = True,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> CleanupResult:
        """Remove what a plan says, and free what nothing reaches.

        Raises:
            RetentionPaused: The plan is paused; nothing was removed.
        """
        with self._work(progress, cancel) as work:
            return execute_cleanup(work, plan, prune=prune)

    def list_kept(self) -> tuple[str, ...]:
        """Return what a cleanup would drop of what restores kept on database servers."""
        with self._work() as work:
            return list_kept(work)

    def drop_kept(self) -> tuple[str, ...]:
        """Drop what restores kept on database servers; return what it was called.

        A cleanup does it too. An undo goes by the safety backup from then on.
        """
        with self._work() as work:
            return drop_kept(work)

    def delete_old_backups(
        self,
        keep_count: int = 30,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> int:
        """Remove all but the newest `keep_count` complete backups; return how many went.

        The newest verified backup stays in any case, and those marked to be kept.
        """
        plan = self.plan_retention(RetentionPolicy(keep_last=keep_count))
        return len(self.apply_retention(plan, progress=progress, cancel=cancel).removed)

    def cleanup_after_run(
        self,
        *,
        retention_days: int = 0,
        max_backups: int = 0,
        max_removed_share: float = 0.5,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> int:
        """Apply the service's own policy, or else these limits, after a scheduled run.

        Args:
            max_removed_share: Largest share of the backups that one unattended run may remove.

        Returns:
            How many backups went.

        Raises:
            RetentionPaused: The newest runs failed or look wrong; nothing was removed.
        """
        policy = self._retention or RetentionPolicy(
            retention_days=retention_days, max_backups=max_backups
        )
        plan = self.plan_retention(policy, max_removed_share=max_removed_share)
        return len(self.apply_retention(plan, progress=progress, cancel=cancel).removed)

    def last_scheduled_run_at(self) -> datetime | None:
        """Return when the newest scheduled backup that is stored began.

        Runs that failed or were cancelled do not count, so that they are caught up.
        """
        try:
            with self._work() as work:
                return last_scheduled_run_at(work)
        except RepositoryNotFound:
            return None

    # The repository as a whole

    def get_backup_stats(self) -> BackupStats:
        """Return the repository in numbers."""
        with self._work() as work:
            return backup_stats(work)

    def export_backup(
        self,
        backup_id: str,
        target: str | Path | None = None,
        *,
        passphrase: str | None = None,
        overwrite: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> Path:
        """Write a backup to a portable file, whose suffix says its form; return its path.

        `.zip` and `.zip.age` hold all of it; `.db`, `.db.gz`, `.sql` and `.sql.gz` its database.
        """
        with self._work(progress, cancel) as work:
            return export_backup(
                work,
                backup_id,
                Path(target) if target is not None else None,
                passphrase=passphrase,
                overwrite=overwrite,
            )

    def open_download(
        self, backup_id: str, *, compression_level: int = STORED, tables_only: bool = False
    ) -> Download:
        """Return a backup as an archive to take in parts: its name, exact length and bytes.

        Nothing is written, and nothing is open but while it is read. The archive is the same
        each time, so that a download can be resumed.

        Args:
            compression_level: 0 stores, so that the length is known at once; 1 to 9 compress,
                and make the archive once more to measure it. With 1 it is, to the byte, the
                `.zip` of `export_backup`.
            tables_only: Leave out whatever is not a table that was exported as JSON.

        Raises:
            BackupNotFound: There is no such backup.
            PathNotInBackup: It has no such tables.
            ArchiveError: It cannot go into an archive.
        """
        return open_download(
            lambda: self._work(recover=False),
            self._measures,
            backup_id,
            compression_level=compression_level,
            tables_only=tables_only,
        )

    def open_file(self, backup_id: str, path: str) -> FileDownload:
        """Return one file of a backup to take in parts: its name, exact length and bytes.

        Nothing is written, and nothing is open but while it is read.

        Args:
            path: Where it is in the backup, as `list_contents` and `search_contents` show it.

        Raises:
            BackupNotFound: There is no such backup.
            PathNotInBackup: Nothing is at the path, or no file.
        """
        return open_file(lambda: self._work(recover=False), backup_id, path)

    def import_archive(
        self,
        path: str | Path,
        *,
        passphrase: str | None = None,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> BackupMetadata:
        """Validate a portable archive and keep it as a backup; the first makes the repository.

        Raises:
            ArchiveError: It was refused; nothing was touched.
        """
        token = cancel or CancellationToken()
        with (
            scratch_directory(self._scratch_root) as scratch,
            open_archive(
                Path(path),
                passphrase=passphrase,
                scratch_dir=scratch,
                progress=progress or no_progress,
                cancel=token,
            ) as tree,
        ):
            if not self.repository_exists():
                self.init_repository()
            with self._work(progress, token) as work:
                return import_archive(work, tree, compression=self._level)

    def repository_place(self) -> RepositoryPlace:
        """Say where the repository is, or will be; it needs no password."""
        with self._access.store() as store:
            return place_of(store)

    def look_at_repository(self) -> RepositoryOverview:
        """Say what opens the repository, who is at work in it, and when it was last checked.

        It reads no backup and settles nothing, so it may be asked for often.

        Raises:
            RepositoryNotFound: There is no repository.
        """
        with self._work(recover=False) as work:
            return repository_overview(work)

    def check(
        self,
        read_data: bool = False,
        subset: Subset | None = None,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> CheckReport:
        """Check the repository: its structure, and with `read_data` every stored byte."""
        with self._work(progress, cancel) as work:
            return check_repository(work, read_data=read_data, subset=subset)

    def plan_prune(
        self,
        options: PruneOptions | None = None,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> PrunePlan:
        """Say what a prune would remove and repack; changes nothing."""
        with self._work(progress, cancel) as work:
            return plan_repository_prune(work, options)

    def prune(
        self,
        options: PruneOptions | None = None,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> int:
        """Free what no backup reaches; return how many bytes less the repository occupies."""
        with self._work(progress, cancel) as work:
            return prune_repository(work, options)

    def rebuild_index(
        self,
        *,
        drop: Sequence[str] = (),
        dry_run: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
    ) -> IndexRebuildPlan:
        """Rebuild the index from what is stored; return what was, or would be, changed.

        Args:
            drop: Ids of packs to leave out, whatever they hold.

        Raises:
            RepositoryDamaged: A pack cannot be read, nothing says what it holds, and it is not
                in `drop`; nothing was changed.
        """
        with self._work(progress, cancel) as work, work.repository.lock(exclusive=True) as lock:
            plan = plan_index_rebuild(
                work.repository, drop=drop, progress=work.progress, cancel=work.cancel
            )
            if not dry_run and not plan.empty:
                execute_index_rebuild(
                    work.repository, lock, plan, progress=work.progress, cancel=work.cancel
                )
            return plan

    @contextmanager
    def keys(self) -> Iterator[KeyRing]:
        """Give access to the repository's keys."""
        with self._work() as work:
            yield work.repository.keys

    def unlock(self, *, remove_all: bool = False) -> int:
        """Remove stale locks (or all); return how many."""
        with self._work() as work:
            return work.repository.unlock(remove_all=remove_all)

    def list_locks(self) -> list[LockInfo]:
        """Return the locks that are in the repository: who is at work, or was when it died."""
        with self._work() as work:
            return work.repository.list_locks()

    # Over HTTP

    def router(
        self,
        *,
        auth: Any,
        catalog_url: str | None = None,
        engine: JobEngine | None = None,
        scheduler: bool = True,
        schedule: BackupConfig | None = None,
        max_upload_bytes: int | None = None,
        tags: Sequence[str] = ("backups",),
    ) -> APIRouter:
        """Return routes for a FastAPI application: `app.include_router(service.router(auth=...))`.

        Args:
            auth: A dependency of the application's own that admits administrators; or
                `holdfast.web.Auth`, with one for each permission; or `holdfast.web.ANYONE`.
            catalog_url: Where jobs are recorded, if not where the service records them.
            engine: Who does the jobs, if not `jobs`.
            scheduler: Whether this application makes the scheduled backups while it runs.
            schedule: What the schedule is when nobody has set one yet.
            max_upload_bytes: The largest archive that may be sent [bytes]; None: 64 GiB.
            tags: Under which the description of the interface files the operations.

        Raises:
            ConfigError: There is no authentication, and nobody said that there shall be none.
            MissingExtra: FastAPI is not installed.
        """
        from holdfast.web import create_router

        return create_router(
            self,
            auth=auth,
            catalog_url=catalog_url,
            engine=engine,
            scheduler=scheduler,
            schedule=schedule,
            max_upload_bytes=max_upload_bytes,
            tags=tags,
        )

    # Inside

    def _ensure_repository(self, *, encrypt: bool = True) -> None:
        if not self.repository_exists():
            backing_up.require_sources(self._plan)
            with suppress(RepositoryExists):  # another process came first
                self.init_repository(encrypt=encrypt)

    def _guard_opening(self, progress: ProgressCallback | None) -> Opening:
        self._ensure_repository()
        return lambda cancel: self._work(progress, cancel, recover=False)

    @contextmanager
    def _work(
        self,
        progress: ProgressCallback | None = None,
        cancel: CancellationToken | None = None,
        *,
        recover: bool = True,
    ) -> Iterator[Workplace]:
        """Open what an operation needs.

        Args:
            recover: Settle a restore that a crash interrupted, before anything else is done.
                Off where the caller does so and tells of it.
        """
        with self._access.open() as repository:
            work = self._workplace(repository, repository.store, progress, cancel)
            if recover:
                settle_interrupted(work)
                remind_of_guard(work)
            yield work

    @contextmanager
    def _archive_work(
        self, options: RestoreOptions, scratch: Path, around: Surroundings
    ) -> Iterator[Workplace]:
        """Open what a restore of an archive needs, and make the repository if it needs one."""
        if not self.repository_exists():
            if not needs_repository(self._plan, options):
                with (
                    self._access.store() as store,
                    throwaway_repository(scratch, self._clock) as repository,
                ):
                    yield self._workplace(repository, store, around.progress, around.cancel)
                return
            try:
                self.init_repository()
            except PasswordMissing as error:
                raise PasswordMissing(
                    "There is no repository yet for the safety backup of what the restore would"
                    " replace, and no password to make it with",
                    hint="Give the password that it shall have, or say --no-safety-backup; then"
                    " the restore cannot be undone.",
                ) from error
        with self._work(around.progress, around.cancel, recover=options.dry_run) as work:
            yield work

    def _workplace(
        self,
        repository: Repository,
        store: Store,
        progress: ProgressCallback | None,
        cancel: CancellationToken | None,
    ) -> Workplace:
        """Return what an operation works with; `store` says where its state is kept."""
        state_dir = _state_dir(store)
        return Workplace(
            repository=repository,
            plan=self._plan,
            runs=RunLog(state_dir / "runs.db"),
            state_dir=state_dir,
            scratch_root=self._scratch_root,
            exclude=(
                Path(store.location).absolute(),
                *database_files(self._plan.sources),
                self._copies.path,  # copies of what is backed up are not
            ),
            clock=self._clock,
            progress=progress or no_progress,
            cancel=cancel or CancellationToken(),
        )

    def _verify_new(self, work: Workplace, made: BackupMetadata) -> None:
        found_id, snapshot = backups_of(work).resolve(made.backup_id)
        verify_snapshot(work, found_id, snapshot)


def _get(work: Workplace, wanted: str) -> BackupMetadata:
    listed = backups_of(work)
    backup_id, snapshot = listed.resolve(wanted)
    return measured(work.repository, snapshot, listed.describe(backup_id, snapshot))


def _place(into: str | Path | Callable[[str], Path] | None, backup_id: str) -> Path | None:
    if into is None:
        return None
    return into(backup_id) if callable(into) else Path(into)


def _require_repository(store: Store) -> None:
    if not Repository.exists(store):
        raise RepositoryNotFound(
            f"There is no repository at {store.location}", hint="The first backup makes it."
        )


def _state_dir(store: Store) -> Path:
    return Path(store.location).absolute() / STATE_DIR_NAME


def _require_types(
    database_url: object, encryption_password: object, directories: object, databases: object
) -> None:
    """Refuse at once what would end in an error of Python's in the midst of work.

    Raises:
        ConfigError: Something is of another type; its value is not told.
    """
    for name, given in (
        ("database_url", database_url),
        ("encryption_password", encryption_password),
    ):
        if given is not None and not isinstance(given, str):
            raise ConfigError(f"{name} is a text, not {type(given).__name__}")
    for name, given in (("directories", directories), ("databases", databases)):
        if given is not None and not isinstance(given, Mapping):
            raise ConfigError(
                f"{name} is a mapping of names, not {type(given).__name__}",
                hint=f'Write {name}={{"name": ...}}.',
            )


def _channels(given: Sequence[object]) -> tuple[Channel, ...]:
    """Return the channels.

    Raises:
        ConfigError: One of them is none, or two have one name.
    """
    others = [each for each in given if not isinstance(each, Channel)]
    if others:
        raise ConfigError(
            f"notifications is a list of Channel, not of {type(others[0]).__name__}",
            hint='Write notifications=[Channel("ops", "https://...")].',
        )
    channels = tuple(each for each in given if isinstance(each, Channel))
    names = [each.name for each in channels]
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise ConfigError(f"Two notification channels are called {twice[0]}")
    return channels


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(
            f"Unknown time zone: {name}", hint="Use a name such as Europe/Berlin or UTC."
        ) from error


__all__ = ["BackupService", "DatabaseOptions", "DirectoryOptions", "TablesOptions"]
