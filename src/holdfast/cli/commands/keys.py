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
    from holdfast.cli.parser import add_kept_option, add_yes_option

    parser.add_argument(
        "action",
        choices=("list", "add", "remove", "change", "recovery", "confirm", "drill"),
        help="list: show the keys; add: a further password; remove: a key, by its id;"
        " change: another password in the place of the present one; recovery: make a recovery"
        " key and write its kit; confirm: say that the password is kept elsewhere; drill: prove"
        " that the recovery key, or the password that is kept elsewhere, opens the repository",
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
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="recovery: the file or directory to write the kit to"
    )
    parser.add_argument(
        "--kit",
        metavar="FILE",
        help="drill: read the key from a kit, or - for standard input, instead of asking",
    )
    add_kept_option(parser)
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
    if (arguments.output is not None) != (arguments.action == "recovery"):
        raise UsageError(
            "`keys recovery` needs the file to write the kit to, and only it takes one",
            hint="For instance `holdfast keys recovery -o recovery-kit.txt`.",
        )
    actions = {
        "list": _list,
        "add": _add,
        "remove": _remove,
        "change": _change,
        "recovery": _recovery,
        "confirm": _confirm,
        "drill": _drill,
    }
    return actions[arguments.action](context)


def _list(context: Context) -> int:
    from holdfast.cli.documents import to_json
    from holdfast.cli.reminders import escrow_status, remind

    with context.service.keys() as keys:
        found = keys.list()
    status = escrow_status(context)
    document = {
        "keys": found,
        "escrow": {"finished": status.finished, **to_json(status)},
        "reminders": remind(context),
    }
    context.console.answer(document, lambda: _table(context, found))
    return 0


def _add(context: Context) -> int:
    with context.service.keys() as keys:
        key = keys.add(_new_password(context))
    context.console.answer({"key": key}, lambda: f"Added key {key.id[:8]}", brief=key.id)
    return 0


def _change(context: Context) -> int:
    from holdfast.errors import UsageError
    from holdfast.models.recovery_key import recovery_key_name

    with context.service.keys() as keys:
        current = next(key for key in keys.list() if key.current)
        if recovery_key_name(current.username):
            raise UsageError(
                "The repository was opened by a recovery key, which stays as it is",
                hint="Add a password with `holdfast keys add`, and remove the lost one with"
                " `holdfast keys remove ID`.",
            )
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


def _recovery(context: Context) -> int:
    from holdfast.cli.setup import describe_kit, export_kit

    kit = export_kit(context, context.arguments.output)
    context.console.answer({"recovery_kit": kit}, lambda: describe_kit(kit), brief=str(kit.path))
    return 0


def _confirm(context: Context) -> int:
    from holdfast.cli.setup import confirm_kept

    confirm_kept(context)
    context.console.answer(
        {"setup": {"finished": True}},
        lambda: "Noted that the password is kept elsewhere; it holds until the password changes",
    )
    return 0


def _drill(context: Context) -> int:
    from holdfast.cli.unlock_drill import drill_unlock

    done = drill_unlock(context)
    context.warn_all(done.warnings)
    what = f"Recovery key {done.recovery_key}" if done.recovery_key else "The password"
    context.console.answer(
        {"unlock_drill": done},
        lambda: f"{what} opens the repository {done.repository_id[:10]}",
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
