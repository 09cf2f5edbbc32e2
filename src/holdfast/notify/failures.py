"""Failures that every way of sending knows."""

from __future__ import annotations

from holdfast.errors import NotificationFailed


def timed_out(limit_s: float) -> NotificationFailed:
    """Return the failure of whoever does not answer."""
    return NotificationFailed(
        f"The receiver did not answer within {limit_s:.0f} s",
        hint="See that it runs, and that no firewall swallows what is sent to it.",
        again=True,
    )
