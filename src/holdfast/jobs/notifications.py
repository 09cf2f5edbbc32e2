"""The channels of a service as they stand, and a test of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.catalog import Delivery
from holdfast.errors import HoldfastError
from holdfast.notify import (
    Channel,
    ChannelKind,
    Event,
    channel_problem,
    deliver,
    find_channel,
    told,
)
from holdfast.notify import test_message as message_of_test

if TYPE_CHECKING:
    from holdfast.jobs.engine import JobEngine

_NO_TARGET = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """One channel as it may be shown.

    Attributes:
        kind: None: its URL cannot be read.
        target: The scheme and, where it is no secret, the host of its URL.
        problem: Why nothing can be sent on it.
        last: What was sent on it last.
    """

    name: str
    kind: ChannelKind | None
    target: str
    events: Sequence[Event]
    problem: str | None
    last: Delivery | None


class Notifications:
    """The channels of an engine's service. Safe to use from any thread."""

    def __init__(self, engine: JobEngine) -> None:
        self._engine = engine

    @property
    def channels(self) -> Sequence[Channel]:
        """The channels, in the order of the configuration."""
        return self._engine.service.notifications

    def states(self) -> list[ChannelState]:
        """Return how each channel stands."""
        if not self.channels:
            return []
        last = self._engine.database.deliveries.last(self._engine.plan)
        return [_state_of(each, last.get(each.name)) for each in self.channels]

    def test(self, name: str) -> Delivery:
        """Send a message now, and return what came of it.

        Raises:
            ChannelNotFound: There is no channel of this name.
        """
        channel = find_channel(self.channels, name)
        service, database = self._engine.service, self._engine.database
        message = message_of_test(service.plan.name, service.plan.app, service.clock.now())
        error = deliver(channel, message)
        return database.deliveries.record(
            plan=self._engine.plan,
            channel=name,
            key=message.id,
            document=message.to_json(),
            error=told(error),
        )


def _state_of(channel: Channel, last: Delivery | None) -> ChannelState:
    try:
        address = channel.address()
    except HoldfastError as error:
        return ChannelState(
            name=channel.name,
            kind=None,
            target=_NO_TARGET,
            events=channel.events,
            problem=told(error),
            last=last,
        )
    return ChannelState(
        name=channel.name,
        kind=address.kind,
        target=address.target,
        events=channel.events,
        problem=told(channel_problem(channel)),
        last=last,
    )
