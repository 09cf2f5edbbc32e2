"""`holdfast create`: make a backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable

    from holdfast.cli.context import Context
    from holdfast.models.backup import BackupMetadata

PARTLY_DONE = 3


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    from holdfast.cli.parser import OnceAction, add_source_options

    parser.add_argument(
        "--encrypt",
        action=OnceAction,
        help="demand an encrypted repository, or make a new one without encryption"
        " (default: as the repository is; a new one is encrypted)",
    )
    parser.add_argument(
        "--compress",
        action=OnceAction,
        help="compress what is stored, or do not (default: compression.enabled)",
    )
    parser.add_argument("--description", metavar="TEXT", help="what the backup is for")
    parser.add_argument(
        "--tags", nargs="+", action="extend", metavar="TAG", help="words to find it by"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="take only these databases and directories, or the settings, by name; such a backup"
        " counts as none of the plan: `latest`, retention and health pass it over",
    )
    parser.add_argument(
        "--verify", action="store_true", help="prove afterwards that it is intact and readable"
    )
    parser.add_argument(
        "--allow-damaged",
        action="store_true",
        help="take a database that fails its integrity check; the backup is marked as damaged",
    )
    add_source_options(parser)


def run(context: Context) -> int:
    """Make the backup."""
    from holdfast.cli.reminders import remind
    from holdfast.models.backup import Trigger

    arguments, settings = context.arguments, context.settings
    compress = arguments.compress
    with context.progress() as progress:
        backup = context.service.create_backup(
            encrypt=_encryption(context),
            compression=settings.compression.enabled if compress is None else compress,
            description=arguments.description,
            tags=_split_tags(arguments.tags or ()),
            sources=arguments.only or (),
            trigger=Trigger.MANUAL_CLI,
            verify=arguments.verify or settings.verify_after_create,
            allow_damaged=arguments.allow_damaged,
            progress=progress,
            cancel=context.cancel,
        )
    context.warn_all(backup.warnings)
    context.warn_all([f"Not captured: {problem}" for problem in backup.problems])
    context.warn_all([f"Verification failed: {error}" for error in backup.verification_errors])
    document = {"backup": backup, "reminders": remind(context, of_drills=False)}
    context.console.answer(document, lambda: _describe(backup), brief=backup.backup_id)
    if backup.verification_errors:
        return 1
    return PARTLY_DONE if backup.problems else 0


def _encryption(context: Context) -> bool | None:
    """Say what is demanded: by the flag, or by a setting that somebody made."""
    from holdfast.config import Layer

    if context.arguments.encrypt is not None:
        return bool(context.arguments.encrypt)
    if context.configuration.origins["encryption.enabled"].layer is Layer.DEFAULT:
        return None
    return context.settings.encryption.enabled


def _split_tags(tags: Iterable[str]) -> list[str]:
    # A comma separates tags for restic, so none can be part of one.
    return [tag.strip() for each in tags for tag in each.split(",") if tag.strip()]


def _describe(backup: BackupMetadata) -> str:
    from holdfast.cli.text import format_count, format_duration, format_size

    facts = [
        format_size(backup.original_size),
        f"{format_size(backup.stored_size)} new",
        "encrypted" if backup.encrypted else "not encrypted",
    ]
    if backup.total_records:
        facts.insert(1, format_count(backup.total_records, "row"))
    if backup.verified:
        facts.append("verified")
    if backup.duration_s is not None:
        facts.append(format_duration(backup.duration_s))
    made = "Made a partial backup" if backup.problems else "Made backup"
    return f"{made} {backup.backup_id}: {', '.join(facts)}"
