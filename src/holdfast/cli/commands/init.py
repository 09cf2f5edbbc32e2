"""`holdfast init`: make a new repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--no-encrypt",
        action="store_true",
        help="make it without encryption: whoever can read its files can read the data",
    )


def run(context: Context) -> int:
    """Make the repository."""
    encrypt = context.settings.encryption.enabled and not context.arguments.no_encrypt
    if not encrypt:
        context.console.warn(
            "The repository is made without encryption: whoever can read it can read the data."
        )
    repository_id = context.service.init_repository(encrypt=encrypt)
    place = context.settings.repository
    context.console.answer(
        {"repository": {"id": repository_id, "path": place, "encrypted": encrypt}},
        lambda: f"Made the repository {repository_id[:10]} in {place}",
        brief=repository_id,
    )
    if encrypt:
        context.console.note(
            "Keep its password in a second place: without it nobody can read the backups."
        )
    return 0
