"""`holdfast config`: the settings and where each came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from holdfast.cli.context import Context
    from holdfast.config import SettingDescription


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("action", choices=("show",), help="show: print every setting")


def run(context: Context) -> int:
    """Show the settings."""
    from holdfast.cli.reminders import remind
    from holdfast.config import describe

    configuration = context.configuration
    settings = describe(configuration)
    context.console.answer(
        {
            "config": {"file": configuration.file, "settings": settings},
            "reminders": remind(context),
        },
        lambda: _table(context, settings),
    )
    return 0


def _table(context: Context, settings: Sequence[SettingDescription]) -> str:
    from holdfast.cli.text import Column, format_table

    columns = (
        Column(title="SETTING"),
        Column(title="VALUE", flexible=True),
        Column(title="FROM"),
    )
    rows = [(each.key, _shown(each.value), each.origin) for each in settings]
    return format_table(columns, rows, width=context.console.width)


def _shown(value: Any) -> str:
    if value in (None, "", [], {}):
        return "-"
    match value:
        case str():
            return value
        case {"path": str(path), "exclude": list(exclude)}:
            return f"{path} without {', '.join(exclude)}" if exclude else path
        case dict():
            return "; ".join(f"{name}={_shown(each)}" for name, each in value.items())
    return json.dumps(value, ensure_ascii=False)
