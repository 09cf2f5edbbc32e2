"""Telling people how backups fare: webhooks by the standard library, all else through Apprise.

Here it is known how a message goes out, and nothing of when: the jobs and the command line
decide that. A channel's URL is a secret. It is read when something is sent, and stands in no
message, log, error or catalog; only its kind, scheme and host are shown.
"""

from holdfast.notify.address import Address, ChannelKind
from holdfast.notify.channel import DEFAULT_EVENTS, Channel, configured_channels, find_channel
from holdfast.notify.delivery import LIMIT_S, channel_problem, deliver, told
from holdfast.notify.message import Event, Message, test_message

__all__ = [
    "DEFAULT_EVENTS",
    "LIMIT_S",
    "Address",
    "Channel",
    "ChannelKind",
    "Event",
    "Message",
    "channel_problem",
    "configured_channels",
    "deliver",
    "find_channel",
    "test_message",
    "told",
]
