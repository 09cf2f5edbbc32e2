"""`holdfast restore`: put a backup in the place of the live data, or into a new place."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable

    from holdfast.cli.context import Context
    from holdfast.models.backup import RestoreResult
    from holdfast.operations.migrations import OtherSchema

ARCHIVE_SUFFIXES = (".zip", ".zip.age")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    from holdfast.cli.archives import SINGLE_DATABASE_HELP, add_passphrase_options
    from holdfast.cli.parser import (
        SwitchSettingAction,
        add_confirm_option,
        add_source_options,
        add_trust_option,
        add_yes_option,
    )

    parser.description = f"{parser.description}\n\n{SINGLE_DATABASE_HELP}"
    parser.add_argument(
        "backup",
        metavar="BACKUP",
        help="its id, the unique beginning of one, latest, or the path of a .zip or .zip.age",
    )
    parser.add_argument(
        "--into",
        metavar="DIR",
        help="restore into a new place: database/..., files/..., settings.json, manifest.json",
    )
    parser.add_argument(
        "--to",
        action="append",
        default=[],
        metavar="[NAME=]URL",
        help="restore a database to another one that holds nothing yet, on any server; another"
        " engine is filled from the tables of the backup (repeatable)",
    )
    parser.add_argument(
        "--path",
        action="append",
        default=[],
        metavar="PATH",
        help="only this file or directory of the backup, such as database/app.db (repeatable)",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="only this database, directory or settings, by its name (repeatable)",
    )
    parser.add_argument(
        "--table",
        action="append",
        default=[],
        metavar="TABLE",
        help="only this table of a database on a server (repeatable)",
    )
    parser.add_argument(
        "--no-owner",
        action=SwitchSettingAction,
        setting="restore.owner",
        const="false",
        help="leave out owners and rights, whose roles may not be on this server",
    )
    parser.add_argument(
        "--drop-old",
        action="store_true",
        help="keep nothing on the database server of what is replaced; else it is kept until the"
        " next cleanup, and undo puts it back to the last write",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would change")
    parser.add_argument(
        "--no-safety-backup",
        action="store_true",
        help="do not back up what is replaced; undo is then not possible",
    )
    parser.add_argument(
        "--no-verify", action="store_true", help="do not verify the backup before it is restored"
    )
    schema = parser.add_mutually_exclusive_group()
    schema.add_argument(
        "--migrate",
        action="store_true",
        help="where the database's schema is not that of the code: run"
        " migrations.upgrade_command on it before it is put in place",
    )
    schema.add_argument(
        "--any-schema",
        action="store_true",
        help="restore it as it is, although its schema is not that of the code",
    )
    add_trust_option(parser)
    add_confirm_option(parser)
    add_yes_option(parser)
    add_passphrase_options(parser, "of a .zip.age file")
    add_source_options(parser)


def run(context: Context) -> int:
    """Restore."""
    from holdfast.cli.archives import refuse_single_database
    from holdfast.cli.restic import note_restic
    from holdfast.cli.restoring import answer_restore, confirm_plan

    arguments = context.arguments
    refuse_single_database(arguments.backup)
    restore = _restorer(context)
    confirm = None
    if arguments.into is None and not arguments.to and not arguments.dry_run:
        unverified = {} if is_archive(arguments.backup) else {"verify_first": False}
        question = "Restore will replace all data. Continue?"
        if arguments.path or arguments.only or arguments.table:
            question = "Restore will replace this data. Continue?"
        # Not verified yet: what is confirmed will be, before anything is touched.
        confirm = confirm_plan(context, lambda: restore(dry_run=True, **unverified), question)
    result = restore(dry_run=arguments.dry_run, confirm=confirm)
    place = f" into {arguments.into}" if arguments.into else ""
    place = " to another database" if arguments.to else place
    status = answer_restore(context, result, place)
    if arguments.into and not is_archive(arguments.backup):
        backup = context.service.get_backup(result.backup_id)
        note_restic(context, encrypted=backup.encrypted, snapshot=(backup.snapshot_id or "")[:8])
    return status


def _other_schema(context: Context) -> OtherSchema:
    from holdfast.errors import UsageError
    from holdfast.operations.migrations import OtherSchema

    if context.arguments.migrate and context.arguments.into:
        raise UsageError(
            "--migrate is for a restore in place",
            hint="Restore into the new place first, then migrate the database there.",
        )
    if context.arguments.migrate:
        return OtherSchema.MIGRATE
    return OtherSchema.TAKE if context.arguments.any_schema else OtherSchema.REFUSE


def is_archive(backup: str) -> bool:
    """Say whether a backup is named by the path of an archive."""
    return backup.lower().endswith(ARCHIVE_SUFFIXES)


def _targets(given: list[str]) -> dict[str, str]:
    """Read `[NAME=]URL`; an equals sign after `://` belongs to the URL."""
    from holdfast.config import database_url

    targets = {}
    for each in given:
        name, equals, url = each.partition("=")
        if not equals or "://" in name:
            name, url = "", each
        targets[name] = database_url(url)
    return targets


def _restorer(context: Context) -> Callable[..., RestoreResult]:
    """Return what restores, as the arguments say; it takes `dry_run`."""
    from holdfast.cli.archives import passphrase_for
    from holdfast.models.backup import Trigger

    arguments, settings = context.arguments, context.settings
    safety = settings.restore.safety_backup and not arguments.no_safety_backup
    into = Path(arguments.into).expanduser() if arguments.into else None
    if is_archive(arguments.backup):
        restore: Callable[..., RestoreResult] = partial(
            context.service.restore_archive,
            arguments.backup,
            passphrase=passphrase_for(context, Path(arguments.backup), new=False),
        )
    else:
        restore = partial(
            context.service.restore_backup,
            arguments.backup,
            verify_first=settings.restore.verify_first and not arguments.no_verify,
            trigger=Trigger.MANUAL_CLI,
        )

    def run_restore(*, dry_run: bool, confirm: str | None = None, **options: bool) -> RestoreResult:
        with context.progress() as progress:
            return restore(
                create_safety_backup=safety,
                other_schema=_other_schema(context),
                into=into,
                to=_targets(arguments.to),
                tables=arguments.table,
                keep_old=not arguments.drop_old,
                trust_dump=arguments.trust_dump,
                paths=[path.strip("/") for path in arguments.path],
                sources=arguments.only,
                dry_run=dry_run,
                confirm=confirm,
                progress=progress,
                cancel=context.cancel,
                **options,
            )

    return run_restore
