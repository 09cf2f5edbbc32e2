"""The browser that looks at the page: Debian's Chromium, which asks the network for nothing."""

from __future__ import annotations

from playwright.sync_api import Browser, Playwright

_PROGRAM = "/usr/bin/chromium"
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
_PATIENCE_MS = 120_000


def launch(playwright: Playwright) -> Browser:
    """Start it, without a window."""
    return playwright.chromium.launch(
        executable_path=_PROGRAM, args=[*_ARGUMENTS], timeout=_PATIENCE_MS
    )
