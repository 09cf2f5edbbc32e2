"""`holdfast notify`: where people are told how backups fare, and whether that works."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Mapping, Sequence

    from holdfast.catalog import Delivery
    from holdfast.cli.context import Context
    from holdfast.notify import Channel


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "action",
        choices=("list", "test"),
        help="list: show the channels of the configuration; test: send a message on them",
    )
    parser.add_argument(
        "channel", nargs="?", metavar="NAME", help="the channel to test (default: all)"
    )


def run(context: Context) -> int:
    """Do what was asked for."""
    from holdfast.errors import UsageError
    from holdfast.notify import configured_channels

    channels = configured_channels(context.settings.notify)
    if context.arguments.action == "test":
        return _test(context, channels)
    if context.arguments.channel is not None:
        raise UsageError("`notify list` takes no name", hint="It lists all channels.")
    last = _last(context)
    document = {"channels": [_shown(each, last.get(each.name)) for each in channels]}
    context.console.answer(document, lambda: _table(context, document["channels"]))
    return 0


def _test(context: Context, channels: Sequence[Channel]) -> int:
    from datetime import UTC, datetime

    from holdfast.cli.notifying import send_on
    from holdfast.errors import ConfigError
    from holdfast.notify import find_channel, test_message, told

    if context.arguments.channel is not None:
        channels = [find_channel(channels, context.arguments.channel)]
    if not channels:
        raise ConfigError(
            "No notification channel is configured",
            hint="Add a table [notify.NAME] with its url to holdfast.toml.",
        )
    settings = context.settings
    message = test_message(settings.plan, settings.app, datetime.now(UTC))
    errors = send_on(context, channels, message)
    results = [
        {"channel": each.name, "delivered": error is None, "error": told(error)}
        for each, error in zip(channels, errors, strict=True)
    ]
    context.console.answer(
        {"deliveries": results},
        lambda: "\n".join(f"{each['channel']}: {each['error'] or 'delivered'}" for each in results),
    )
    return 1 if any(errors) else 0


def _last(context: Context) -> Mapping[str, Delivery]:
    """Return what was sent last, where there is a catalog that knows."""
    from contextlib import closing, suppress

    from holdfast.errors import HoldfastError

    with suppress(HoldfastError), closing(context.service.jobs.database) as database:
        if database.path is None or database.path.exists():
            return database.deliveries.last(context.settings.plan)
    return {}


def _shown(channel: Channel, last: Delivery | None) -> dict[str, object]:
    from holdfast.errors import HoldfastError
    from holdfast.notify import channel_problem, told

    kind, target = "unknown", "unknown"
    try:
        address = channel.address()
        kind, target = address.kind.value, address.target
    except HoldfastError:
        pass  # `problem` says it
    return {
        "name": channel.name,
        "kind": kind,
        "target": target,
        "events": [each.value for each in channel.events],
        "problem": told(channel_problem(channel)),
        "last": last
        and {
            "at": last.tried_at,
            "event": last.event,
            "delivered": last.delivered,
            "error": last.error,
        },
    }


def _table(context: Context, channels: Sequence[Mapping[str, object]]) -> str:
    from holdfast.cli.text import Column, format_table

    if not channels:
        return "No notification channel is configured: add a table [notify.NAME] to holdfast.toml."
    titles = ("NAME", "KIND", "TARGET", "TELLS", "STATE")
    columns = tuple(Column(title=title, flexible=title == "STATE") for title in titles)
    rows = [
        (
            str(each["name"]),
            str(each["kind"]),
            str(each["target"]),
            ", ".join(map(str, each["events"])) if isinstance(each["events"], list) else "",
            str(each["problem"] or _state(each["last"])),
        )
        for each in channels
    ]
    return format_table(columns, rows, width=context.console.width)


def _state(last: object) -> str:
    if not isinstance(last, dict):
        return "nothing was sent yet"
    return str(last["error"] or f"delivered ({last['event']})")
