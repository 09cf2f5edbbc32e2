"""`manage.py backup`: make a backup of the project."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from holdfast.cli.text import format_size
from holdfast.django.commands import told
from holdfast.django.project import make_service
from holdfast.models.backup import BackupStatus, Trigger


class Command(BaseCommand):
    """Make a backup of the project's databases and media; the first makes the repository."""

    help = "Make a backup of the project's databases and media."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("--description", help="what it is made for; no secrets")
        parser.add_argument("--tags", nargs="+", default=(), metavar="TAG", help="to find it by")
        parser.add_argument("--verify", action="store_true", help="prove it intact at once")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make it."""
        with told():
            service = make_service()
            backup = service.create_backup(
                encrypt=None if service.repository_exists() else True,
                description=options["description"],
                tags=options["tags"],
                verify=options["verify"],
                trigger=Trigger.MANUAL_CLI,
            )
        for warning in (*backup.warnings, *backup.problems):
            self.stderr.write(self.style.WARNING(warning))
        size = format_size(backup.original_size)
        self.stdout.write(f"{backup.backup_id}: {size}, {format_size(backup.stored_size)} new")
        if backup.status is BackupStatus.PARTIAL:
            raise SystemExit(3)
