"""Telling people how backups fare: webhooks by the standard library, all else through Apprise.

Here it is known how a message goes out, and nothing of when: the jobs and the command line
decide that. A channel's URL is a secret. It is read when something is sent, and stands in no
message, log, error or catalog; only its kind, scheme and host are shown.
"""

from holdfast.notify.address import Address, ChannelKind
from holdfast.notify.channel import DEFAULT_EVENTS, Channel, find_channel
from holdfast.notify.delivery import channel_problem, deliver, told
from holdfast.notify.message import Event, Message, test_message

__all__ = [
    "DEFAULT_EVENTS",
    "Address",
    "Channel",
    "ChannelKind",
    "Event",
    "Message",
    "channel_problem",
    "deliver",
    "find_channel",
    "test_message",
    "told",
]
