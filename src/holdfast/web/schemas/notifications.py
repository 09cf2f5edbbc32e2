"""The channels of notification as the interface shows them: never their URLs."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from holdfast.notify import Event
from holdfast.web.schemas.base import INSTANT, Instant, Shape


class ChannelKindShape(StrEnum):
    """How a message goes out; `unknown` where the channel's URL cannot be read."""

    WEBHOOK = "webhook"
    APPRISE = "apprise"
    UNKNOWN = "unknown"


class DeliveryShape(Shape):
    """What came of a message."""

    at: Instant = Field(description="When it was sent.", examples=[INSTANT])
    event: Event = Field(description="What it told of.", examples=["failed"])
    delivered: bool = Field(description="Whether the receiver took it.", examples=[True])
    error: str | None = Field(
        description="Why it was not delivered, and what to do about it.",
        examples=["The receiver answered 404. See whether the URL is whole and still valid."],
    )


class ChannelShape(Shape):
    """Where people are told how backups fare. It is configured on the server, with its URL."""

    name: str = Field(description="What it is called.", examples=["ops"])
    kind: ChannelKindShape = Field(
        description="`webhook`: a JSON document is sent by HTTP; `apprise`: through Apprise;"
        " `unknown`: the URL cannot be read, see `problem`.",
        examples=["webhook"],
    )
    target: str = Field(
        description="As much of the URL as may be shown: its scheme, and its host where that is"
        " no secret.",
        examples=["https://hooks.example.com"],
    )
    events: list[Event] = Field(
        description="What is told: `failed`: a job failed; `recovered`: the first success after"
        " that; `succeeded`: any other success; `overdue`: there is no good backup as new as the"
        " schedule promises.",
        examples=[["failed", "recovered", "overdue"]],
    )
    problem: str | None = Field(
        description="Why nothing can be told on it, and what to do about it; null: it is ready.",
        examples=[None],
    )
    last: DeliveryShape | None = Field(
        description="What was told last, and what came of it; null: nothing yet."
    )


class NotificationsShape(Shape):
    """Where people are told how the backups of a plan fare."""

    channels: list[ChannelShape] = Field(
        description="In the order of the configuration; none where none is configured."
    )
