"""What is said of one setting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from holdfast.config.values import Parser


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One setting.

    Attributes:
        key: Its place in `holdfast.toml`: `retention.keep_last` is `keep_last` in `[retention]`.
        parse: Reads a raw value.
        summary: What it sets, in one sentence.
        default: What holds where it is not given, as parsed.
        variable: The environment variable that sets it.
        flag: The command line option that sets it.
        secret: Whether its value is never shown.
        may_be_empty: Whether an empty variable counts as one that is not set; else it is an error.
    """

    key: str
    parse: Parser
    summary: str
    default: Any = None
    variable: str | None = None
    flag: str | None = None
    secret: bool = False
    may_be_empty: bool = True
