"""`holdfast show`: what one backup holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Mapping

    from holdfast.cli.context import Context
    from holdfast.models.backup import BackupMetadata


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "backup", metavar="BACKUP", help="its id, the unique beginning of one, or latest"
    )


def run(context: Context) -> int:
    """Show the backup."""
    backup = context.service.get_backup(context.arguments.backup)
    manifest = context.service.backup_manifest(backup.backup_id)
    context.console.answer(
        {"backup": backup, "manifest": manifest}, lambda: _describe(context, backup, manifest)
    )
    return 0


def _describe(context: Context, backup: BackupMetadata, manifest: Mapping[str, Any]) -> str:
    from holdfast.cli.text import format_fields

    blocks = [
        context.console.paint(backup.backup_id, "bold"),
        format_fields(_facts(backup, manifest)),
        _contents(context, manifest),
        _tables(context, backup),
        _sentences("Not captured", backup.problems),
        _sentences("Warnings", backup.warnings),
        _sentences("Verification found", backup.verification_errors),
    ]
    return "\n\n".join(block for block in blocks if block)


def _stored(backup: BackupMetadata) -> str:
    """Say what it occupies; how much of that was new only the program knows that made it."""
    from holdfast.cli.text import format_size

    if not backup.compressed_size and not backup.stored_size:
        return "unknown" if backup.original_size or backup.compressed is None else "0 B"
    stored = format_size(backup.compressed_size)
    return f"{stored}, {format_size(backup.stored_size)} new" if backup.plan else stored


def _facts(backup: BackupMetadata, manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    from datetime import UTC, datetime

    from holdfast.cli.text import format_age, format_size, format_time

    def instant(when: datetime) -> str:
        return f"{format_time(when)} ({format_age(when, datetime.now(UTC))})"

    unknown = backup.compressed is None and not backup.original_size
    size = "unknown" if unknown else format_size(backup.original_size)
    verified = "no"
    if backup.verification_date is not None:
        verified = f"{'yes' if backup.verified else 'FAILED'}, {instant(backup.verification_date)}"
    pairs = [
        ("Made", instant(backup.created_at)),
        ("Status", ", ".join([backup.status.value, *_blemishes(backup)])),
        (
            "Type",
            backup.backup_type.value + (f", {backup.trigger.value}" if backup.trigger else ""),
        ),
        ("Description", backup.description or ""),
        ("Tags", ", ".join(backup.tags)),
        ("Holds only", ", ".join(backup.only)),
        ("Kept", "for ever, whatever the retention rules say" if backup.keep else ""),
        ("Application", " ".join(filter(None, (manifest.get("app"), backup.app_version)))),
        ("Schema", backup.schema_version or ""),
        ("Host", backup.hostname),
        ("Size", size),
        ("Stored", _stored(backup)),
        ("Encrypted", "yes" if backup.encrypted else "NO"),
        ("Compressed", {True: "yes", False: "no", None: "unknown"}[backup.compressed]),
        ("Verified", verified),
        ("Checksum", f"{backup.checksum_algorithm} {backup.checksum}"),
        ("Snapshot", backup.snapshot_id or ""),
    ]
    return [(name, value) for name, value in pairs if value]


def _blemishes(backup: BackupMetadata) -> list[str]:
    marks = ["damaged"] if backup.damaged else []
    return [*marks, "verification FAILED"] if backup.disproven else marks


def _contents(context: Context, manifest: Mapping[str, Any]) -> str:
    from holdfast.cli.text import Column, format_size, format_table

    contents: Mapping[str, Mapping[str, Any]] = manifest.get("contents", {})
    columns = (
        Column(title="CONTENT", flexible=True),
        Column(title="KIND"),
        Column(title="COUNT", right=True),
        Column(title="SIZE", right=True),
    )
    rows = [
        (path, entry["kind"], f"{entry.get('count', 0):,}", format_size(entry["size"]))
        for path, entry in contents.items()
    ]
    return format_table(columns, rows, width=context.console.width) if rows else ""


def _tables(context: Context, backup: BackupMetadata) -> str:
    from holdfast.cli.text import Column, format_table

    if not backup.table_counts:
        return ""
    columns = (Column(title="TABLE", flexible=True), Column(title="ROWS", right=True))
    rows = [(table, f"{count:,}") for table, count in sorted(backup.table_counts.items())]
    return format_table(columns, rows, width=context.console.width)


def _sentences(title: str, sentences: tuple[str, ...]) -> str:
    from holdfast.cli.text import printable

    return "\n".join([f"{title}:", *(f"  {printable(each)}" for each in sentences)]) * bool(
        sentences
    )
