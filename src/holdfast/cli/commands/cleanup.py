"""`holdfast cleanup`: remove old backups by the retention rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from holdfast.cli.context import Context
    from holdfast.models.retention import RetentionPlan, RetentionPolicy

UNATTENDED_SHARE = 0.5
"""The most of all backups that goes without a person having said yes."""

RULES = (
    ("--keep", "keep_last", "N", "keep the newest N backups"),
    ("--keep-within", "keep_within", "SPAN", "keep all younger than 30d, 12h, 6m, 1y ..."),
    ("--hourly", "keep_hourly", "N", "keep one for each of N hours"),
    ("--daily", "keep_daily", "N", "keep one for each of N days"),
    ("--weekly", "keep_weekly", "N", "keep one for each of N weeks"),
    ("--monthly", "keep_monthly", "N", "keep one for each of N months"),
    ("--yearly", "keep_yearly", "N", "keep one for each of N years"),
)


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    from holdfast.cli.parser import RepeatedSettingAction, SettingAction, add_yes_option

    group = parser.add_argument_group("rules (any of them replaces those of the configuration)")
    for option, name, metavar, text in RULES:
        group.add_argument(
            option, action=SettingAction, setting=f"retention.{name}", metavar=metavar, help=text
        )
    group.add_argument(
        "--keep-tag",
        action=RepeatedSettingAction,
        setting="retention.keep_tags",
        metavar="TAG",
        help="keep all with this tag (repeatable)",
    )
    doing = parser.add_mutually_exclusive_group()
    doing.add_argument(
        "--dry-run", action="store_true", help="only say what would go and what stays, and why"
    )
    doing.add_argument(
        "--drop-old",
        action="store_true",
        help="remove no backup, only drop what restores have kept on database servers; every"
        " cleanup does that too",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="remove although the rules are paused: the newest runs failed or look wrong",
    )
    parser.add_argument(
        "--no-prune", action="store_true", help="leave freeing the space to a later prune"
    )
    add_yes_option(
        parser,
        "do not ask for confirmation; without a terminal nothing is asked either, and one run"
        " removes at most half of all backups unless this is given",
    )


def run(context: Context) -> int:
    """Plan, ask, remove."""
    from holdfast.cli.text import format_count

    arguments = context.arguments
    if arguments.drop_old:
        _answer_dropped(context, context.service.drop_kept())
        return 0
    # Where nobody sees the plan (a scheduled job), one run removes at most a part of the backups.
    attended = arguments.yes or context.prompts.terminal
    plan = context.service.plan_retention(
        _policy(context),
        max_removed_share=None if attended else UNATTENDED_SHARE,
        force=arguments.force,
    )
    if not arguments.dry_run:
        plan.raise_if_paused()
    if arguments.dry_run:
        kept = context.service.list_kept()
        _answer(context, plan, removed=(), freed_bytes=0, would_drop=kept)
        return 0
    if not plan.removed:
        _answer(context, plan, removed=(), freed_bytes=0, dropped=context.service.drop_kept())
        return 0
    if context.prompts.terminal and not arguments.yes:
        context.console.err.write(_table(context, plan) + "\n")
        what = format_count(len(plan.removed), "backup")
        context.confirm(f"Remove {what} of {len(plan.decisions):,}?")
    with context.progress() as progress:
        result = context.service.apply_retention(
            plan, prune=not arguments.no_prune, progress=progress, cancel=context.cancel
        )
    _answer(
        context,
        plan,
        removed=result.removed,
        freed_bytes=result.freed_bytes,
        dropped=result.dropped,
    )
    return 0


def _policy(context: Context) -> RetentionPolicy:
    """Return the rules of the command line, or else those of the configuration."""
    import dataclasses

    from holdfast.config import Layer, RetentionSettings
    from holdfast.errors import ConfigError
    from holdfast.models.retention import RetentionPolicy

    origins = context.configuration.origins
    rules = dataclasses.asdict(context.settings.retention)
    flagged = [name for name in rules if origins[f"retention.{name}"].layer is Layer.FLAG]
    chosen = RetentionSettings(**{name: rules[name] for name in flagged or rules})
    if chosen.is_empty:
        raise ConfigError(
            "No retention rule is set, so nothing is removed",
            hint="Give one, such as --keep 7, or set rules in [retention] of holdfast.toml.",
        )
    return RetentionPolicy(**dataclasses.asdict(chosen))


def _answer_dropped(context: Context, dropped: Sequence[str]) -> None:
    document = {"cleanup": {"dropped": dropped}}
    nothing = "Restores have kept nothing on a database server."
    context.console.answer(document, lambda: _dropped(dropped) or nothing)


def _dropped(names: Sequence[str]) -> str:
    return "\n".join(f"Dropped {name}, which a restore had replaced" for name in names)


def _would_drop(names: Sequence[str]) -> str:
    return "\n".join(f"{name}, which a restore had replaced, would be dropped" for name in names)


def _answer(
    context: Context,
    plan: RetentionPlan,
    *,
    removed: Sequence[str],
    freed_bytes: int,
    dropped: Sequence[str] = (),
    would_drop: Sequence[str] = (),
) -> None:
    document = {
        "cleanup": {
            "dry_run": context.arguments.dry_run,
            "removed": removed,
            "freed_bytes": freed_bytes,
            "dropped": dropped,
            "would_drop": would_drop,
            "paused": plan.paused,
            "decisions": [
                {
                    "backup_id": each.backup.backup_id,
                    "keep": each.keep,
                    "reasons": each.reasons,
                }
                for each in plan.decisions
            ],
        }
    }
    context.console.answer(
        document,
        lambda: "\n".join(
            filter(
                None,
                (
                    _would_drop(would_drop),
                    _describe(context, plan, removed, freed_bytes),
                    _dropped(dropped),
                ),
            )
        ),
    )


def _describe(
    context: Context, plan: RetentionPlan, removed: Sequence[str], freed_bytes: int
) -> str:
    from holdfast.cli.text import format_count, format_size

    if context.arguments.dry_run:
        lines = [_table(context, plan), ""]
        lines += [plan.paused] if plan.paused else []
        going = format_count(len(plan.removed), "backup")
        lines.append(f"{going} of {len(plan.decisions):,} would go. Nothing was removed.")
        return "\n".join(lines)
    if not removed:
        return f"Nothing to remove: all {format_count(len(plan.decisions), 'backup')} stay."
    freed = "" if context.arguments.no_prune else f", freed {format_size(freed_bytes)}"
    return f"Removed {format_count(len(removed), 'backup')}{freed}"


def _table(context: Context, plan: RetentionPlan) -> str:
    from datetime import UTC, datetime

    from holdfast.cli.text import Column, format_age, format_table

    now = datetime.now(UTC)
    columns = (
        Column(title="ID"),
        Column(title="MADE"),
        Column(title="WHAT", style=context.console.painter({"remove": "red", "keep": "green"})),
        Column(title="WHY", flexible=True),
    )
    rows = [
        (
            each.backup.backup_id,
            format_age(each.backup.created_at, now),
            "keep" if each.keep else "remove",
            ", ".join(each.reasons),
        )
        for each in plan.decisions
    ]
    return format_table(columns, rows, width=context.console.width)
