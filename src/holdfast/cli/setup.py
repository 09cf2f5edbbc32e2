"""The last step of set-up: a recovery kit, or the word that the password is kept elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.cli.context import Context
from holdfast.cli.reminders import HOW_TO_FINISH
from holdfast.errors import ConfirmationRequired, HoldfastError

if TYPE_CHECKING:
    from holdfast.operations.recovery_kit import RecoveryKit

KEPT = "kept elsewhere"
_ATTEMPTS = 3
_WHY = """\
Without the password nobody can read the backups, you included. Holdfast can write a recovery kit:
one page with a key of its own, to print or to put into a password manager."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How set-up was finished, if it was."""

    recovery_kit: RecoveryKit | None = None
    password_kept_elsewhere: bool = False

    @property
    def finished(self) -> bool:
        """Whether it was."""
        return self.recovery_kit is not None or self.password_kept_elsewhere


def export_kit(context: Context, path: str) -> RecoveryKit:
    """Make a recovery key and write its kit."""
    return context.service.export_recovery_kit(Path(path).expanduser())


def describe_kit(kit: RecoveryKit) -> str:
    """Return what to do with a kit."""
    return (
        f"Recovery key {kit.name} is in {kit.path}\n"
        "Print it or put it into a password manager, and remove the file from this machine."
    )


def confirm_kept(context: Context) -> None:
    """Record that the password is kept elsewhere, after that was said by option or typed.

    Raises:
        ConfirmationRequired: It was not.
    """
    if not context.arguments.password_kept_elsewhere:
        if not context.prompts.terminal:
            raise ConfirmationRequired(
                "Not confirmed that the password is kept elsewhere",
                hint="Confirm it with --password-kept-elsewhere.",
            )
        if not _typed_kept(context):
            raise ConfirmationRequired("Not confirmed that the password is kept elsewhere")
    context.service.confirm_password_kept()


def ask_to_finish(context: Context, made: str) -> Setup:
    """Ask the person at the terminal for one of the two.

    Args:
        made: What there is already, for the message when neither was given.

    Raises:
        ConfirmationRequired: Neither was given.
    """
    context.console.err.write(f"{_WHY}\n")
    for _ in range(_ATTEMPTS):
        path = context.prompts.line(
            "Write the kit to which file? (empty if the password is kept elsewhere) "
        )
        if path:
            try:
                return Setup(recovery_kit=export_kit(context, path))
            except HoldfastError as error:
                context.console.complain(error.message, error.hint)
        elif _typed_kept(context):
            context.service.confirm_password_kept()
            return Setup(password_kept_elsewhere=True)
    raise ConfirmationRequired(f"{made}, but set-up is not finished", hint=HOW_TO_FINISH)


def _typed_kept(context: Context) -> bool:
    typed = context.prompts.line(
        f"If the password can be found when this machine is lost, type: {KEPT}\n> "
    )
    return " ".join(typed.lower().split()) == KEPT
