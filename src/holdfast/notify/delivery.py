"""Bringing one message to one channel, within a time that nobody can draw out."""

from __future__ import annotations

import threading
from collections.abc import Callable

from holdfast.errors import HoldfastError, NotificationFailed
from holdfast.notify import apprise
from holdfast.notify.address import Address, ChannelKind
from holdfast.notify.channel import Channel
from holdfast.notify.failures import timed_out
from holdfast.notify.message import Message

LIMIT_S = apprise.TIMEOUT_S + 5.0
"""After so long every delivery has come to an end, good or bad."""


def deliver(channel: Channel, message: Message) -> HoldfastError | None:
    """Send a message, and return why that failed, if it did.

    It ends within `LIMIT_S`, whatever the receiver does, and raises nothing.
    """
    try:
        _send(channel.address(), message)
    except HoldfastError as error:
        channel.forget()
        return error
    return None


def channel_problem(channel: Channel) -> HoldfastError | None:
    """Return why nothing can be sent on a channel, as far as that is known without sending."""
    try:
        if channel.address().kind is ChannelKind.APPRISE:
            apprise.require_apprise()
    except HoldfastError as error:
        return error
    return None


def told(error: HoldfastError | None) -> str | None:
    """Return what went wrong and what to do about it, as one text; None if nothing did."""
    if error is None or not error.hint:
        return error.message if error else None
    return f"{error.message}. {error.hint}"


def _send(address: Address, message: Message) -> None:
    if address.kind is ChannelKind.APPRISE:
        apprise.send(address, message)
        return
    from holdfast.notify import webhook  # it takes a while to load, and most send nothing

    document = message.to_json()
    _within(webhook.TIMEOUT_S, lambda: webhook.send(address, document))


def _within(limit_s: float, work: Callable[[], None]) -> None:
    """Do something in a thread that is left alone when its time is over.

    A socket's timeout begins anew with each byte, and that of the name service cannot be set.
    """
    failures: list[HoldfastError] = []
    done = threading.Event()

    def run() -> None:
        try:
            work()
        except HoldfastError as error:
            failures.append(error)
        except Exception as error:  # noqa: BLE001 - its text may quote the URL
            failures.append(NotificationFailed(f"It could not be sent: {type(error).__name__}"))
        finally:
            done.set()

    threading.Thread(target=run, name="holdfast-notify", daemon=True).start()
    if not done.wait(limit_s):
        raise timed_out(limit_s)
    if failures:
        raise failures[0]
