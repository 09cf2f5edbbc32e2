"""Only requests for the server's own names are answered (DNS rebinding)."""

from __future__ import annotations

from collections.abc import Collection

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from holdfast.errors import OriginRefused
from holdfast.web.problems import problem_response


class HostGuard:
    """Refuses requests whose Host header names another server.

    A page of an attacker can let its own name point at this machine; the browser then takes our
    answers for that page's own. What it cannot do is to send another Host than its own.

    Args:
        hosts: The names, without ports.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(bare_host(host) for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is for us."""
        if scope["type"] == "http" and not self._is_ours(scope):
            error = OriginRefused(
                "This server does not go by the name that the request is for",
                hint="The administrator can add it: allowed_hosts in [server].",
            )
            await problem_response(error, Request(scope))(scope, receive, send)
        elif scope["type"] != "websocket":
            await self._app(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        named = [value for name, value in scope["headers"] if name == b"host"]
        return len(named) == 1 and bare_host(named[0].decode("latin-1")) in self._hosts


def bare_host(host: str) -> str:
    """Return a host without its port, in small letters: `[::1]:80` is `::1`."""
    if host.startswith("["):
        name, closed, _ = host[1:].partition("]")
        return name.lower() if closed else host
    name, colon, port = host.rpartition(":")
    # A bare IPv6 address has several colons and no port.
    return (name if colon and ":" not in name and port.isdigit() else host).lower()
