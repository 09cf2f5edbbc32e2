"""All that is no webhook, through Apprise, in a process of its own.

A plugin that hangs can be ended there, and what the libraries below it log, which may be all of
an URL, stays in that process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from holdfast.config import child_environment
from holdfast.errors import MissingExtra, NotificationFailed
from holdfast.notify.address import Address
from holdfast.notify.failures import timed_out
from holdfast.notify.message import Message

TIMEOUT_S = 30.0
_MOST_SAID = 300
_LAST_LINES = 2
_HIDDEN = "***"


def require_apprise() -> None:
    """Find out whether Apprise is installed, without importing it.

    Raises:
        MissingExtra: It is not.
    """
    if find_spec("apprise") is None:
        raise MissingExtra(
            "Notifications other than webhooks go through Apprise, which is not installed",
            hint="pip install 'holdfast[notify]'",
        )


def send(address: Address, message: Message) -> None:
    """Send a message.

    Raises:
        MissingExtra: Apprise is not installed.
        NotificationFailed: It could not be sent. The message names no part of the URL.
    """
    require_apprise()
    errand = {
        "url": address.url,
        "title": message.title,
        "body": message.text,
        "good": message.event.good,
    }
    answer = _ask_courier(errand)
    if answer.get("delivered") is True:
        return
    said = _redacted(answer.get("said") or (), address)
    if not answer.get("known", True):
        raise NotificationFailed(
            f"Apprise cannot read the URL of the channel{said}",
            hint="Apprise's documentation says how the URL of each service is written.",
        )
    raise NotificationFailed(
        f"It could not be sent through Apprise{said}",
        hint="See that the URL is right, and that this machine may reach the service.",
        again=True,
    )


def _ask_courier(errand: dict[str, Any]) -> dict[str, Any]:
    try:
        process = subprocess.Popen(
            [_interpreter(), "-P", "-m", "holdfast.notify.courier"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
            start_new_session=True,
        )
    except OSError as error:
        raise NotificationFailed(
            f"The process that sends through Apprise cannot be started: {error.strerror}",
            hint="The machine may be out of memory or processes.",
            again=True,
        ) from error
    with process:
        try:
            answer, _ = process.communicate(json.dumps(errand).encode(), TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise timed_out(TIMEOUT_S) from error
        finally:
            process.kill()
    with suppress(ValueError):
        found = json.loads(answer)
        if isinstance(found, dict):
            return found
    return {}


def _redacted(said: Iterable[str], address: Address) -> str:
    """Return what Apprise said last, without anything of the URL."""
    lines = [each.strip(" .") for each in said if each.strip(" .")]
    if not lines:
        return ""
    text = "; ".join(lines[-_LAST_LINES:])
    for secret in address.secrets():
        text = text.replace(secret, _HIDDEN)
    return f": {' '.join(text.split())[:_MOST_SAID]}"


def _interpreter() -> str:
    """Return the Python to start; `sys.executable` may be a server that embeds Python."""
    if Path(sys.executable or "").name.startswith(("python", "pypy")):
        return sys.executable
    return str(Path(sys.exec_prefix, "bin", "python3"))
