"""`holdfast serve`: the REST API and a page, with users, until a signal ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.errors import ConfigError

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context
    from holdfast.web.server.installation import Installation


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    from holdfast.cli.parser import RepeatedSettingAction, SettingAction, SwitchSettingAction

    for option, setting, metavar, text in (
        ("--host", "server.host", "ADDRESS", "the address to listen on (default: 127.0.0.1)"),
        ("--port", "server.port", "NUMBER", "the port to listen on (default: 8080); 0 for any"),
        ("--workers", "server.workers", "NUMBER", "how many processes answer (default: 1)"),
        ("--tls-certificate", "server.tls_certificate", "FILE", "speak HTTPS with a certificate"),
        ("--tls-key", "server.tls_key", "FILE", "the key of the certificate"),
    ):
        parser.add_argument(
            option, action=SettingAction, setting=setting, metavar=metavar, help=text
        )
    parser.add_argument(
        "--allowed-host",
        action=RepeatedSettingAction,
        setting="server.allowed_hosts",
        metavar="NAME",
        help="a name that the server is reached by (repeatable)",
    )
    parser.add_argument(
        "--allow-http",
        action=SwitchSettingAction,
        setting="server.allow_http",
        const=True,
        help="listen on a network without HTTPS; passwords then cross it in the clear",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="only say what would be served, and whether the configuration allows it",
    )


def run(context: Context) -> int:
    """Serve until a signal comes."""
    from holdfast.cli.server import installation

    found = installation(context)
    found.require_safe()
    _require_something(found)
    if context.arguments.check:
        document = {
            "server": {
                "url": found.url,
                "hosts": sorted(found.hosts),
                "plans": list(found.plans),
                "catalog": found.database.name,
                "workers": found.server.workers,
            }
        }
        context.console.answer(
            document, lambda: f"Would serve {', '.join(found.plans)} at {found.url}"
        )
        return 0
    _serve(context, found)
    return 0


def _require_something(found: Installation) -> None:
    """Refuse to serve what neither protects anything nor has a backup to look at."""
    for name, service in found.services.items():
        if not service.plan.sources and not service.repository_exists():
            raise ConfigError(
                f"The plan {name} protects nothing, and has no repository either",
                hint="Start it where its holdfast.toml is, or name that with --config.",
            )


def _serve(context: Context, found: Installation) -> None:
    from holdfast.web.server.accounts import Accounts
    from holdfast.web.server.installation import setup_message
    from holdfast.web.server.run import listen, serve

    listener, found = listen(found)
    with listener:
        accounts = Accounts.of(found)
        # Each start makes a new one: whoever starts the server can read its console.
        if not found.database.accounts.users.count():
            message = setup_message(found, accounts.setup_token.make())
            context.console.say(message)
        context.console.note(f"Serving {', '.join(found.plans)} at {found.url}")
        told = {"config": context.arguments.config, "flags": context.arguments.flags}
        try:
            serve(found, listener, told)
        except KeyboardInterrupt:
            # A signal is how a server ends; it has ended by then.
            return
