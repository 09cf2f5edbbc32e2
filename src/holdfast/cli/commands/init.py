"""`holdfast init`: make a new repository."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context
    from holdfast.cli.setup import Setup


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    from holdfast.cli.parser import add_kept_option

    parser.add_argument(
        "--no-encrypt",
        action="store_true",
        help="make it without encryption: whoever can read its files can read the data",
    )
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--recovery-kit",
        metavar="FILE",
        help="write a page with a recovery key and how to use it, to be kept elsewhere",
    )
    add_kept_option(group)


def run(context: Context) -> int:
    """Make the repository, and see to it that its key outlives this machine."""
    arguments = context.arguments
    encrypt = context.settings.encryption.enabled and not arguments.no_encrypt
    _check_options(context, encrypt=encrypt)
    if not encrypt:
        context.console.warn(
            "The repository is made without encryption: whoever can read it can read the data."
        )
    repository_id = _make(context, encrypt=encrypt)
    place = context.settings.repository
    made = f"Made the repository {repository_id[:10]} in {place}"
    setup = _finish(context, made) if encrypt else None
    context.console.answer(
        {
            "repository": {"id": repository_id, "path": place, "encrypted": encrypt},
            "setup": {
                "finished": setup is None or setup.finished,
                "recovery_kit": setup.recovery_kit if setup else None,
                "password_kept_elsewhere": bool(setup and setup.password_kept_elsewhere),
            },
        },
        lambda: _describe(made, setup),
        brief=repository_id,
    )
    return 0


def _make(context: Context, *, encrypt: bool) -> str:
    from holdfast.cli.reminders import remind
    from holdfast.errors import RepositoryExists

    try:
        return context.service.init_repository(encrypt=encrypt)
    except RepositoryExists:
        # Whoever broke off the questions of set-up tries `init` again.
        remind(context, of_drills=False)
        raise


def _check_options(context: Context, *, encrypt: bool) -> None:
    """Refuse what could not be done after the repository was made."""
    from holdfast.errors import UsageError
    from holdfast.operations.recovery_kit import require_kit_target

    arguments = context.arguments
    if not encrypt and (arguments.recovery_kit or arguments.password_kept_elsewhere):
        raise UsageError(
            "A repository without encryption has no key to recover",
            hint="Leave out --recovery-kit and --password-kept-elsewhere, or encrypt.",
        )
    if arguments.recovery_kit:
        path = Path(arguments.recovery_kit).expanduser()
        require_kit_target(path, context.settings.repository)


def _finish(context: Context, made: str) -> Setup:
    from holdfast.cli.reminders import UNFINISHED
    from holdfast.cli.setup import Setup, ask_to_finish, export_kit

    arguments = context.arguments
    if arguments.recovery_kit:
        return Setup(recovery_kit=export_kit(context, arguments.recovery_kit))
    if arguments.password_kept_elsewhere:
        context.service.confirm_password_kept()
        return Setup(password_kept_elsewhere=True)
    if context.prompts.terminal:
        return ask_to_finish(context, made)
    # A script goes on; every backup says it again until it is done.
    context.console.warn(UNFINISHED)
    return Setup()


def _describe(made: str, setup: Setup | None) -> str:
    from holdfast.cli.setup import describe_kit

    if setup is None or not setup.finished:
        return made
    kit = f"\n{describe_kit(setup.recovery_kit)}" if setup.recovery_kit else ""
    return f"{made}; it is ready{kit}"
