"""`holdfast tokens`: what programs identify themselves by at the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from holdfast.catalog import ApiToken, User
    from holdfast.cli.context import Context
    from holdfast.web.server.accounts import Accounts

_PERMISSIONS = ("read", "run", "restore", "administer")
_DAYS = 90
_MAX_DAYS = 730


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "action",
        choices=("list", "add", "revoke"),
        help="list: show the tokens; add: make one, which is shown this once; revoke: end one",
    )
    parser.add_argument(
        "subject", nargs="?", metavar="USER|ID", help="whose token to add, or the id to revoke"
    )
    parser.add_argument("--name", metavar="TEXT", help="what the new token is for")
    parser.add_argument(
        "--permission",
        action="append",
        choices=_PERMISSIONS,
        help="what it allows, at most what its user may do (repeatable)",
    )
    parser.add_argument(
        "--for-plan",
        action="append",
        default=[],
        metavar="NAME",
        help="a plan that it is for (repeatable; default: all)",
    )
    parser.add_argument(
        "--days",
        type=int,
        default=_DAYS,
        metavar="NUMBER",
        help=f"after how many days it ends (default: {_DAYS}, at most {_MAX_DAYS})",
    )


def run(context: Context) -> int:
    """Do what was asked for."""
    from holdfast.cli.server import accounts
    from holdfast.errors import UsageError

    arguments = context.arguments
    if (arguments.subject is None) != (arguments.action == "list"):
        raise UsageError(
            "`tokens add` needs a user, `tokens revoke` an id, and `tokens list` neither",
            hint="For instance `holdfast tokens add anna --name nightly --permission run`.",
        )
    if arguments.action == "add" and not (arguments.name and arguments.permission):
        raise UsageError(
            "`tokens add` needs --name and --permission",
            hint="For instance --name nightly --permission read --permission run.",
        )
    if not 1 <= arguments.days <= _MAX_DAYS:
        raise UsageError(f"--days is a number from 1 to {_MAX_DAYS}")
    {"list": _list, "add": _add, "revoke": _revoke}[arguments.action](context, accounts(context))
    return 0


def _list(context: Context, accounts: Accounts) -> None:
    found = accounts.tokens()
    document = {"tokens": [_shown(token, user) for token, user in found]}
    context.console.answer(document, lambda: _table(context, found))


def _add(context: Context, accounts: Accounts) -> None:
    from datetime import timedelta

    from holdfast.cli.server import note
    from holdfast.errors import UsageError

    arguments = context.arguments
    known = {each.settings.plan for each in context.plans()}
    unknown = sorted(set(arguments.for_plan) - known)
    if unknown:
        raise UsageError(
            f"There is no plan {unknown[0]}", hint=f"The plans are: {', '.join(sorted(known))}."
        )
    user = accounts.user(arguments.subject)
    secret, token = accounts.make_token(
        user,
        arguments.name,
        permissions=arguments.permission,
        plans=arguments.for_plan,
        life=timedelta(days=arguments.days),
    )
    note(accounts, "token.add", token.id, name=token.name, username=user.name)
    document = {"token": secret, "details": _shown(token, user)}
    context.console.note("The token is shown this once; send it as Authorization: Bearer.")
    context.console.answer(document, lambda: secret)


def _revoke(context: Context, accounts: Accounts) -> None:
    from holdfast.cli.server import note

    token = accounts.revoke_token(context.arguments.subject)
    note(accounts, "token.revoke", token.id, name=token.name)
    context.console.answer(
        {"revoked": {"id": token.id, "name": token.name}},
        lambda: f"Revoked {token.name} ({token.id})",
        brief=token.id,
    )


def _shown(token: ApiToken, user: User) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "username": user.name,
        "permissions": [each for each in _PERMISSIONS if each in token.permissions],
        "plans": sorted(token.plans),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }


def _table(context: Context, found: Sequence[tuple[ApiToken, User]]) -> str:
    from holdfast.cli.text import Column, format_table, format_time

    if not found:
        return "There are no API tokens."
    titles = ("ID", "NAME", "USER", "ALLOWS", "PLANS", "ENDS", "")
    columns = tuple(Column(title=title, flexible=title == "NAME") for title in titles)
    rows = [
        (
            token.id,
            token.name,
            user.name,
            ", ".join(each for each in _PERMISSIONS if each in token.permissions),
            ", ".join(sorted(token.plans)) or "all",
            format_time(token.expires_at) if token.expires_at else "never",
            "revoked" if token.revoked_at else "",
        )
        for token, user in found
    ]
    return format_table(columns, rows, width=context.console.width)
