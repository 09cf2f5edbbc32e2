"""What a person should still do so that the backups outlive this machine; said, never demanded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from holdfast.cli.context import Context
from holdfast.cli.text import format_age
from holdfast.errors import HoldfastError, RepositoryNotFound
from holdfast.operations.escrow import EscrowStatus
from holdfast.service import BackupService

HOW_TO_FINISH = (
    "`holdfast keys recovery -o FILE` writes a recovery kit; `holdfast keys confirm` says that"
    " the password is kept elsewhere."
)
UNFINISHED = f"Set-up is not finished: if the password is lost, so are the backups. {HOW_TO_FINISH}"


def remind(context: Context, *, of_drills: bool = True) -> tuple[str, ...]:
    """Say on standard error what is left to do, and return it for the document of `--json`.

    Args:
        of_drills: Whether an unlock drill that is due is said too; not where a schedule would
            say it every night.
    """
    reminders = tuple(_reminders(context, of_drills=of_drills))
    context.warn_all(reminders)
    return reminders


def escrow_status(context: Context) -> EscrowStatus:
    """Ask how the way into the repository is kept, with no password and no plan."""
    return BackupService(backup_dir=context.settings.repository).escrow_status()


def _reminders(context: Context, *, of_drills: bool) -> list[str]:
    try:
        status = escrow_status(context)
    except RepositoryNotFound:
        return []
    except HoldfastError as error:
        return [f"Whether set-up is finished cannot be told: {error.message}"]
    if not status.finished:
        return [UNFINISHED]
    now = datetime.now(UTC)
    every = timedelta(days=context.settings.encryption.drill_days)
    if of_drills and status.drill_due(now, every):
        return [_drill_sentence(status, now)]
    return []


def _drill_sentence(status: EscrowStatus, now: datetime) -> str:
    what = "recovery key" if status.recovery_keys else "password that is kept elsewhere"
    tried = f"last tried {format_age(status.opened_at, now)}" if status.opened_at else "never tried"
    return f"The {what} was {tried}; `holdfast keys drill` proves that it opens the repository."
