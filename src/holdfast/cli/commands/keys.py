"""`holdfast keys`: the passwords that open the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from holdfast.cli.context import Context
    from holdfast.repository import KeyInfo


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    from holdfast.cli.parser import add_yes_option

    parser.add_argument(
        "action",
        choices=("list", "add", "remove", "change"),
        help="list: show the keys; add: a further password; remove: a key, by its id;"
        " change: another password in the place of the present one",
    )
    parser.add_argument("key", nargs="?", metavar="ID", help="the key to remove")
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--new-password-file", metavar="FILE", help="read the new password from a file"
    )
    group.add_argument(
        "--new-password-command",
        metavar="COMMAND",
        help="run a command, without a shell, that prints the new password",
    )
    add_yes_option(parser)


def run(context: Context) -> int:
    """Do what was asked for."""
    from holdfast.errors import UsageError

    arguments = context.arguments
    if (arguments.key is not None) != (arguments.action == "remove"):
        raise UsageError(
            "`keys remove` needs the id of a key, and only it takes one",
            hint="`holdfast keys list` shows the ids.",
        )
    return {"list": _list, "add": _add, "remove": _remove, "change": _change}[arguments.action](
        context
    )


def _list(context: Context) -> int:
    with context.service.keys() as keys:
        found = keys.list()
    context.console.answer({"keys": found}, lambda: _table(context, found))
    return 0


def _add(context: Context) -> int:
    with context.service.keys() as keys:
        key = keys.add(_new_password(context))
    context.console.answer({"key": key}, lambda: f"Added key {key.id[:8]}", brief=key.id)
    return 0


def _change(context: Context) -> int:
    with context.service.keys() as keys:
        key = keys.change(_new_password(context))
    context.console.answer(
        {"key": key},
        lambda: f"Changed the password; the key is now {key.id[:8]}",
        brief=key.id,
    )
    return 0


def _remove(context: Context) -> int:
    key_id = context.arguments.key
    context.confirm(f"Remove key {key_id}? Its password will no longer open the repository.")
    with context.service.keys() as keys:
        keys.remove(key_id)
    context.console.answer(
        {"removed": {"key_id": key_id}}, lambda: f"Removed key {key_id}", brief=key_id
    )
    return 0


def _new_password(context: Context) -> str:
    from holdfast.cli.context import secret_from

    arguments = context.arguments
    given = secret_from(arguments.new_password_file, arguments.new_password_command, "new-password")
    return given or context.prompts.new_secret("New password")


def _table(context: Context, keys: Sequence[KeyInfo]) -> str:
    from holdfast.cli.text import Column, format_table, format_time

    columns = (
        Column(title=""),
        Column(title="ID"),
        Column(title="USER"),
        Column(title="HOST", flexible=True),
        Column(title="MADE"),
    )
    rows = [
        (
            "*" if key.current else "",
            key.id[:8],
            key.username,
            key.hostname,
            format_time(key.created_at),
        )
        for key in keys
    ]
    return format_table(columns, rows, width=context.console.width)
