"""Which schema the application's code expects, and how a database from a backup comes to it.

A restore in place of a database with another schema would leave the application with data that
it cannot read, or migrate them before anybody looked. It is refused, unless somebody says
otherwise, or has the staged database migrated before it is put in place.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from holdfast.config import read_environment
from holdfast.errors import ConfigError, RestoreCheckFailed, RestoreError, SchemaMismatch
from holdfast.models.backup import CheckResult, PlannedChange
from holdfast.models.manifest import DATABASE_KINDS, Manifest
from holdfast.models.progress import CancellationToken
from holdfast.models.schema_version import alembic_version, django_version
from holdfast.operations.commands import run_command, spelled
from holdfast.operations.plan import Plan
from holdfast.sources.base import Migratable, Source, Staged

_HEAD_LIMIT_S = 120.0
_UPGRADE = "[migrations] upgrade_command"
_ALEMBIC_HEAD = re.compile(r"^\s*(\S+)\b.*\(head\)", re.MULTILINE)
_DJANGO_LINE = re.compile(r"^\s*\[[ xX]\]\s+(\w+)\.(\w+)", re.MULTILINE)


class OtherSchema(StrEnum):
    """What becomes of a backup's database whose schema is not that of the code.

    `refuse` it; `migrate` it before it is put in place; `take` it as it is, with a warning;
    or `ignore` that, where the data come back to where they were a moment ago.
    """

    REFUSE = "refuse"
    MIGRATE = "migrate"
    TAKE = "take"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaPlan:
    """What becomes of the schema of a backup's main database.

    Attributes:
        root: The database's path in the backup.
        stored: The version that it has in the backup.
        head: The version that the code expects; None where nobody says.
        migrate: Whether the staged database is migrated before it is put in place.
    """

    root: str
    stored: str | None
    head: str | None
    migrate: bool = False

    def warnings(self) -> tuple[str, ...]:
        """Say what somebody should know who restores it as it is."""
        if self.migrate or self.stored == self.head:
            return ()
        sentence = (
            f"The backup has schema version {self.stored or 'unknown'}, the application's code"
            f" expects {self.head}; migrate after the restore if the application needs it"
        )
        return (sentence,)

    def change(self, plan: Plan) -> PlannedChange:
        """Say what the migration would change."""
        command = spelled(plan.migrations.upgrade_command)
        detail = f"{self.stored or 'unknown'} -> {self.head} by `{command}`, before the swap"
        return PlannedChange(target=f"{self.root}: schema", action="replace", detail=detail)


def plan_schema(
    plan: Plan,
    manifest: Manifest,
    chosen: Sequence[Source],
    choice: OtherSchema,
) -> SchemaPlan | None:
    """Decide what becomes of the schema; None if no database with one is restored.

    Raises:
        SchemaMismatch: The backup's schema is not the code's, and that is to be refused.
        ConfigError: The code's schema version cannot be told, or there is nothing to migrate by.
    """
    root = _main_database(manifest)
    restored = {source.root for source in chosen}
    if choice is OtherSchema.IGNORE or root is None or root not in restored:
        return None
    migrate = choice is OtherSchema.MIGRATE
    if migrate and not plan.migrations.upgrade_command:
        raise ConfigError(
            "The restored database cannot be migrated: no command is known that does it",
            hint=f'Set {_UPGRADE} = "alembic upgrade head", or restore with --any-schema.',
        )
    stored = stored_version(manifest, root)
    head = _head(plan, lenient=choice is OtherSchema.TAKE)
    if migrate and head is None:
        raise ConfigError(
            "The restored database cannot be migrated: nobody says which version the code expects",
            hint='Set [migrations] head_command = "alembic heads", or schema_version in Python.',
        )
    differs = None not in (stored, head) and stored != head
    if differs and choice is OtherSchema.REFUSE:
        raise SchemaMismatch(
            f"The backup has schema version {stored}, and the application's code expects {head};"
            " nothing was changed",
            hint=_ways_on(plan),
        )
    return SchemaPlan(root=root, stored=stored, head=head, migrate=migrate and stored != head)


def _head(plan: Plan, *, lenient: bool) -> str | None:
    try:
        return code_head(plan)
    except ConfigError:
        if lenient:
            return None
        raise


def _ways_on(plan: Plan) -> str:
    command = plan.migrations.upgrade_command
    how = (
        f"--migrate runs `{spelled(command)}` on it before it is put in place"
        if command
        else f"with {_UPGRADE} set, --migrate brings it there before it is put in place"
    )
    return f"Restore it with the release that fits; or {how}; or --any-schema restores it as it is."


def _main_database(manifest: Manifest) -> str | None:
    """Return the first database of the backup that has a schema version, or else the first."""
    roots = [root for root, entry in manifest.sources.items() if entry.kind in DATABASE_KINDS]
    told = [root for root in roots if manifest.contents[root].facts.get("schema_version")]
    return next(iter([*told, *roots]), None)


def stored_version(manifest: Manifest, root: str) -> str | None:
    """Return the schema version of a database in a backup; None if it is not known.

    What the database itself says goes before what the application said: before a migration
    the code is ahead of the data.
    """
    found = manifest.contents[root].facts.get("schema_version")
    return found if isinstance(found, str) else manifest.schema_version


def code_head(plan: Plan) -> str | None:
    """Return the schema version that the application's code expects; None where nobody says.

    Raises:
        ConfigError: The command that says it fails, or says nothing.
    """
    told = plan.schema_version() if plan.schema_version else None
    if told or not plan.migrations.head_command:
        return told
    return parse_head(_output(plan.migrations.head_command), plan.migrations.head_command)


def parse_head(output: str, command: Sequence[str]) -> str:
    """Read the version from what `alembic heads` or `manage.py showmigrations --plan` prints.

    Of another command it is the last line that is not empty.

    Raises:
        ConfigError: There is nothing in it.
    """
    heads = alembic_version(_ALEMBIC_HEAD.findall(output))
    found = heads or django_version(_DJANGO_LINE.findall(output))
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if found is None and not lines:
        raise ConfigError(
            f"`{spelled(command)}` printed no schema version",
            hint="[migrations] head_command must print the version that the code expects.",
        )
    return found or lines[-1]


def _output(command: Sequence[str]) -> str:
    hint = "Correct [migrations] head_command; --any-schema restores without it."
    try:
        # Standard error stays the user's: the command explains itself there.
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=_HEAD_LIMIT_S,
            check=False,
        )
    except OSError as error:
        raise ConfigError(
            f"`{spelled(command)}` cannot be run: {error.strerror}", hint=hint
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ConfigError(
            f"`{spelled(command)}` did not end within {_HEAD_LIMIT_S:g} s", hint=hint
        ) from error
    if done.returncode:
        raise ConfigError(
            f"`{spelled(command)}` failed with exit code {done.returncode}", hint=hint
        )
    return done.stdout.decode(errors="replace")


def migrate_staged(
    plan: Plan,
    schema: SchemaPlan,
    staged: Sequence[tuple[Source, Staged]],
    cancel: CancellationToken,
) -> tuple[CheckResult, ...]:
    """Bring the staged main database to the code's schema; return its checks thereafter.

    Raises:
        RestoreError: The command failed, or this kind of database cannot be migrated so.
        SchemaMismatch: Afterwards the database has another version still.
        RestoreCheckFailed: Afterwards the database is not sound.
        Cancelled: The token was cancelled; the command was ended.
    """
    command = plan.migrations.upgrade_command
    database = next(each for source, each in staged if source.root == schema.root)
    if not isinstance(database, Migratable):
        raise RestoreError(
            f"{schema.root} cannot be migrated before it is put in place; nothing was changed",
            hint="Restore it with --any-schema, and migrate it there.",
        )
    _upgrade(command, database.staged_url(), cancel)
    database.migrated()
    reached = database.staged_schema_version()
    if reached != schema.head:
        raise SchemaMismatch(
            f"`{spelled(command)}` left the restored database at schema version"
            f" {reached or 'unknown'}, and the application's code expects {schema.head};"
            " nothing was changed",
            hint="The command must migrate the database that DATABASE_URL names.",
        )
    made = f"{schema.stored or 'unknown'} -> {reached} by `{spelled(command)}`"
    checks = [
        replace(check, name=f"{check.name} after the migration") for check in database.check()
    ]
    failed = [f"{check.name}: {check.detail}" for check in checks if check.failed]
    if failed:
        raise RestoreCheckFailed(
            f"The database is not sound after `{spelled(command)}`: {'; '.join(failed)}",
            hint="Nothing was changed. Correct the migration, or restore with --any-schema.",
        )
    return (CheckResult(name="migration", passed=True, detail=made), *checks)


def _upgrade(command: Sequence[str], url: str, cancel: CancellationToken) -> None:
    environment = {**read_environment(), "DATABASE_URL": url, "HOLDFAST_STAGED_URL": url}
    end = run_command(command, environment=environment, own_output=False, cancel=cancel)
    cancel.raise_if_cancelled()
    if end.exit_code:
        raise RestoreError(
            f"`{spelled(command)}` {end.sentence()} on the restored database; nothing was changed",
            hint=f"What it wrote above says why. It is the command of {_UPGRADE}.",
        )
