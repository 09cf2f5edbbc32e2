"""`manage.py listbackups`: the backups there are."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from holdfast.cli.text import Column, format_size, format_table, format_time
from holdfast.django.commands import told
from holdfast.django.project import make_service
from holdfast.errors import RepositoryNotFound


class Command(BaseCommand):
    """List the backups, newest first."""

    help = "List the backups, newest first."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("--tag", help="only those that carry this tag")
        parser.add_argument("--limit", type=int, default=50, help="so many at most (50)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """List them."""
        with told():
            try:
                found = make_service().list_backups(options["limit"], tag=options["tag"])
            except RepositoryNotFound:
                found = []
        if not found:
            self.stdout.write("There is no backup yet; `manage.py backup` makes one.")
            return
        columns = [Column(title=each) for each in ("ID", "MADE", "SIZE", "STATUS", "DESCRIPTION")]
        rows = [
            (
                each.backup_id,
                format_time(each.created_at),
                format_size(each.original_size),
                each.status.value,
                each.description or "",
            )
            for each in found
        ]
        self.stdout.write(format_table(columns, rows))
