"""`GET /notifications` and the test of a channel. What they are is the configuration's to say."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from holdfast.catalog import Delivery
from holdfast.errors import ChannelNotFound
from holdfast.jobs.notifications import ChannelState
from holdfast.notify import Event
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.permissions import Actor, Permission
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes
from holdfast.web.schemas.notifications import (
    ChannelKindShape,
    ChannelShape,
    DeliveryShape,
    NotificationsShape,
)

_Name = Annotated[str, Path(max_length=200, description="The channel.", examples=["ops"])]


def notification_routes(context: WebContext) -> APIRouter:
    """Return the routes of the channels of notification."""
    routes = Routes()
    administrator = context.require(Permission.ADMINISTER)

    @routes.get(
        "/notifications",
        operation_id="list_notifications",
        summary="Where people are told how backups fare",
        dependencies=[context.require(Permission.READ)],
        responses=problem_responses(*FAILURES),
    )
    async def list_notifications() -> NotificationsShape:
        """The channels of the configuration, and what was told last on each. No URL is shown."""
        states = await context.run(context.engine.notifications.states)
        return NotificationsShape(channels=[_channel_shape(each) for each in states])

    @routes.post(
        "/notifications/{name}/test",
        operation_id="test_notification",
        summary="Send a test message on a channel",
        responses=problem_responses(ChannelNotFound, *FAILURES),
    )
    async def test_notification(name: _Name, actor: Actor = administrator) -> DeliveryShape:
        """Sent at once, and waited for: half a minute at most.

        That it could not be delivered is an answer too, which says why.
        """
        return _delivery_shape(await context.run(_test, context, actor, name))

    return routes


def _test(context: WebContext, actor: Actor, name: str) -> Delivery:
    with context.audited(actor, "notification.test", object=name) as found:
        delivery = context.engine.notifications.test(name)
        found["delivered"] = delivery.delivered
    return delivery


def _channel_shape(state: ChannelState) -> ChannelShape:
    return ChannelShape(
        name=state.name,
        kind=ChannelKindShape(state.kind) if state.kind else ChannelKindShape.UNKNOWN,
        target=state.target,
        events=list(state.events),
        problem=state.problem,
        last=_delivery_shape(state.last) if state.last else None,
    )


def _delivery_shape(delivery: Delivery) -> DeliveryShape:
    return DeliveryShape(
        at=delivery.tried_at or delivery.created_at,
        event=Event(delivery.event),
        delivered=delivery.delivered,
        error=delivery.error,
    )
