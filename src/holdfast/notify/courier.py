"""The process that sends one message through Apprise: `python -m holdfast.notify.courier`.

It reads what to send on its standard input, and tells on its standard output how it went.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any


class _Noted(logging.Handler):
    """Keeps what Apprise says of a failure; what raised it, it says to who debugs only."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it if it tells of a failure."""
        text = record.getMessage()
        if record.levelno >= logging.WARNING or "xception" in text:
            self.said.append(text)


def main() -> None:
    """Send one message."""
    errand = json.load(sys.stdin)
    sys.stdout.write(json.dumps(_send(errand)))


def _send(errand: dict[str, Any]) -> dict[str, Any]:
    import apprise

    noted = _Noted()
    logger = logging.getLogger("apprise")
    logger.addHandler(noted)
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    service = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Holdfast", async_mode=False))
    known = service.add(errand["url"])
    kind = apprise.NotifyType.SUCCESS if errand["good"] else apprise.NotifyType.FAILURE
    delivered = known and service.notify(
        title=errand["title"],
        body=errand["body"],
        notify_type=kind,
        body_format=apprise.NotifyFormat.TEXT,
    )
    return {"known": known, "delivered": bool(delivered), "said": noted.said}


if __name__ == "__main__":
    main()
