"""`manage.py restore`: put a backup in the place of the live data."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from holdfast.django.commands import told
from holdfast.django.project import make_service
from holdfast.models.backup import RestoreResult, Trigger
from holdfast.operations.migrations import OtherSchema


class Command(BaseCommand):
    """Show what a restore would change, ask, and restore: all of it or nothing."""

    help = "Put a backup in the place of the live data; what is replaced is backed up first."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("backup", help="its id, the unique beginning of one, or latest")
        parser.add_argument("--into", metavar="DIR", help="restore to a new place instead")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--confirm", metavar="NAME", help="the name of the live data")
        parser.add_argument(
            "--any-schema",
            action="store_true",
            help="also if its migrations are not those of the code; then run migrate",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Restore."""
        schema = OtherSchema.TAKE if options["any_schema"] else OtherSchema.REFUSE
        wanted: dict[str, Any] = {"other_schema": schema, "trigger": Trigger.MANUAL_CLI}
        with told():
            service = make_service()
            if options["into"]:
                done = service.restore_backup(options["backup"], into=options["into"], **wanted)
                self._tell(done)
                return
            planned = service.restore_backup(options["backup"], dry_run=True, **wanted)
            if options["dry_run"] or not (options["yes"] or options["confirm"]):
                self._show(planned)
            if options["dry_run"]:
                self.stdout.write("Nothing was changed: this was a dry run.")
                return
            if not (options["yes"] or options["confirm"]) and not self._agreed():
                raise CommandError("Not confirmed, nothing was changed.")
            # This process must not hold what is replaced open; Django opens it again.
            connections.close_all()
            done = service.restore_backup(planned.backup_id, confirm=options["confirm"], **wanted)
        self._tell(done)

    def _show(self, planned: RestoreResult) -> None:
        for change in planned.changes:
            if change.action != "unchanged":
                self.stdout.write(f"{change.action:8} {change.target}  {change.detail}")

    def _agreed(self) -> bool:
        try:
            answer = input("Restore will replace all data. Continue? [y/N] ")
        except EOFError:
            return False
        return answer.strip().lower() in ("y", "yes")

    def _tell(self, done: RestoreResult) -> None:
        for warning in done.warnings:
            self.stderr.write(self.style.WARNING(warning))
        self.stdout.write(f"Restored {done.backup_id}")
        if done.safety_backup_id:
            self.stdout.write(
                f"What was replaced is in {done.safety_backup_id};"
                f" `manage.py restore {done.safety_backup_id}` puts it back."
            )
