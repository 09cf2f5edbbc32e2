"""`holdfast users`: who may log in at the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from holdfast.catalog import User
    from holdfast.cli.context import Context
    from holdfast.web.server.accounts import Accounts

_ROLES = ("viewer", "operator", "admin")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    from holdfast.cli.parser import add_yes_option

    parser.add_argument(
        "action",
        choices=("list", "add", "role", "passwd", "disable", "enable", "remove"),
        help="list: show the users; add: a user, with a password; role: give another; passwd: set"
        " a new password; disable, enable: lock out and in again; remove: with all tokens",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="the user")
    parser.add_argument(
        "--role", choices=_ROLES, help="viewer sees, operator runs backups, admin does all"
    )
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
    from holdfast.cli.server import accounts
    from holdfast.errors import UsageError

    arguments = context.arguments
    if (arguments.name is None) != (arguments.action == "list"):
        raise UsageError(
            f"`users {arguments.action}` "
            + ("takes no name" if arguments.action == "list" else "needs the name of a user"),
            hint="For instance `holdfast users add anna --role admin`.",
        )
    if (arguments.role is None) == (arguments.action in ("add", "role")):
        raise UsageError(
            "`users add` and `users role` need --role, and only they take it",
            hint="The roles are viewer, operator and admin.",
        )
    found = accounts(context)
    if arguments.action == "list":
        users = found.users()
        shown = [_shown(each) for each in users]
        context.console.answer({"users": shown}, lambda: _table(context, users))
        return 0
    actions = {"add": _add, "remove": _remove}
    actions.get(arguments.action, _change)(context, found)
    return 0


def _add(context: Context, accounts: Accounts) -> None:
    from holdfast.catalog import Role
    from holdfast.cli.server import note

    arguments = context.arguments
    user = accounts.add_user(arguments.name, Role(arguments.role), _new_password(context))
    note(accounts, "user.add", user.name, role=user.role.value)
    _answer(context, user, f"Added {user.name}, {user.role}")


def _change(context: Context, accounts: Accounts) -> None:
    from holdfast.catalog import Role
    from holdfast.cli.server import note

    arguments, user = context.arguments, accounts.user(context.arguments.name)
    match arguments.action:
        case "role":
            user = accounts.change_user(user, role=Role(arguments.role))
            said = f"{user.name} is now {user.role}, and logged out"
        case "passwd":
            user = accounts.change_user(user, password=_new_password(context))
            said = f"{user.name} has a new password, and is logged out"
        case _:
            user = accounts.change_user(user, disabled=arguments.action == "disable")
            said = f"{user.name} is {'locked out' if user.disabled else 'no longer locked out'}"
    note(accounts, "user.change", user.name, change=arguments.action, role=user.role.value)
    _answer(context, user, said)


def _remove(context: Context, accounts: Accounts) -> None:
    from holdfast.cli.server import note

    user = accounts.user(context.arguments.name)
    context.confirm(f"Remove {user.name}, with all API tokens?")
    accounts.remove_user(user)
    note(accounts, "user.remove", user.name)
    _answer(context, user, f"Removed {user.name}")


def _answer(context: Context, user: User, said: str) -> None:
    context.console.answer({"user": _shown(user)}, lambda: said, brief=user.name)


def _shown(user: User) -> dict[str, object]:
    """Return a user for a document: never the hash of the password."""
    return {
        "username": user.name,
        "role": user.role.value,
        "disabled": user.disabled,
        "logs_in_by": "oidc" if user.oidc_subject else "password",
        "created_at": user.created_at,
    }


def _new_password(context: Context) -> str:
    from holdfast.cli.context import secret_from

    arguments = context.arguments
    given = secret_from(arguments.new_password_file, arguments.new_password_command, "new-password")
    return given or context.prompts.new_secret("New password")


def _table(context: Context, users: Sequence[User]) -> str:
    from holdfast.cli.text import Column, format_table, format_time

    if not users:
        return "There are no users yet; `holdfast users add NAME --role admin` adds one."
    columns = tuple(
        Column(title=title, flexible=title == "NAME")
        for title in ("NAME", "ROLE", "LOGS IN BY", "ADDED", "")
    )
    rows = [
        (
            each.name,
            each.role.value,
            "oidc" if each.oidc_subject else "password",
            format_time(each.created_at),
            "locked out" if each.disabled else "",
        )
        for each in users
    ]
    return format_table(columns, rows, width=context.console.width)
