"""Which errors mean that a JSON document is not what it should be."""

from __future__ import annotations

from typing import Final

import msgspec

INVALID_DOCUMENT: Final = (msgspec.DecodeError, ValueError, RecursionError)
"""What reading a hostile document can raise; the last one comes of deep nesting."""
