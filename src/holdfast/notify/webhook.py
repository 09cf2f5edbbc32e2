"""A webhook: a JSON document is sent to an URL, and whoever has it answers with 2xx."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import holdfast
from holdfast.errors import NotificationFailed
from holdfast.notify.address import Address
from holdfast.notify.failures import timed_out

TIMEOUT_S = 10.0
"""For all of it, from the name's resolution to the answer."""
_AGAIN = frozenset({408, 425, 429})
_MOVED = "The receiver answered {status}, which names another address; none is followed"
_MOVED_HINT = "Give the address that it names in the configuration."


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Whom a receiver names instead was not configured, and would learn what is sent."""

    def redirect_request(self, *_args: Any, **_options: Any) -> None:
        """Follow none."""
        return


def send(address: Address, document: Mapping[str, Any]) -> None:
    """Send a document. It takes `TIMEOUT_S` for each step at most.

    Raises:
        NotificationFailed: Nobody took it. The message names no part of the URL.
    """
    request = _request(address, document)
    opener = urllib.request.build_opener(_NoRedirect)
    opener.addheaders = []
    try:
        with opener.open(request, timeout=TIMEOUT_S):
            pass
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error.code) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        # What an exception of urllib says may quote the URL.
        raise _unreachable(error, address) from error


def _request(address: Address, document: Mapping[str, Any]) -> urllib.request.Request:
    parts = urlsplit(address.url)
    login, at, place = parts.netloc.rpartition("@")
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"holdfast/{holdfast.__version__}",
    }
    if at:
        token = base64.b64encode(unquote(login).encode()).decode()
        headers["Authorization"] = f"Basic {token}"
    url = urlunsplit((parts.scheme, place, parts.path or "/", parts.query, ""))
    body = json.dumps(document).encode()
    try:
        return urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - http(s) only
    except ValueError as error:
        raise _unreachable(error, address) from error


def _refusal(status: int) -> NotificationFailed:
    if 300 <= status < 400:
        return NotificationFailed(_MOVED.format(status=status), hint=_MOVED_HINT)
    return NotificationFailed(
        f"The receiver answered {status}",
        hint="See whether the URL is whole and still valid, and what the receiver's log says.",
        again=status >= 500 or status in _AGAIN,
    )


def _unreachable(error: Exception, address: Address) -> NotificationFailed:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    match cause:
        case TimeoutError():
            return timed_out(TIMEOUT_S)
        case ssl.SSLCertVerificationError():
            said = f"its certificate is not trusted: {cause.verify_message}"
        case ssl.SSLError():
            said = "it does not speak TLS as it should"
        case OSError() if cause.strerror:
            said = cause.strerror
        case http.client.HTTPException() if not isinstance(cause, http.client.InvalidURL):
            said = "it does not speak HTTP as it should"
        case _:
            return NotificationFailed(
                "The URL of the channel cannot be used",
                hint="A webhook is https://HOST/PATH, without spaces.",
            )
    return NotificationFailed(
        f"{address.host} cannot be reached: {said}",
        hint="See that the URL is right, and that this machine may reach it.",
        again=True,
    )
