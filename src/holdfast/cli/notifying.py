"""Telling people how a command went that nobody sat at: one that cron or a timer started."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime
from uuid import uuid4

from holdfast.catalog import Run, RunKind, RunLog, RunStatus
from holdfast.cli.context import Context
from holdfast.cli.failures import known_error
from holdfast.errors import AlreadyRun, Cancelled, HoldfastError
from holdfast.jobs.redaction import Redaction
from holdfast.notify import Channel, Event, Message, configured_channels, deliver, told

_KINDS = {"create": RunKind.BACKUP, "cleanup": RunKind.CLEANUP}
_PARTLY_DONE = 3


def run_and_tell(name: str, context: Context, run: Callable[[Context], int]) -> int:
    """Run a command and, where nobody looks on, tell how it went on the channels of the plan.

    Args:
        name: `create` or `cleanup`.
    """
    channels = configured_channels(context.settings.notify)
    looked_on = context.prompts.terminal or getattr(context.arguments, "dry_run", False)
    if looked_on or not channels:
        return run(context)
    parts = getattr(context.arguments, "only", None) or ()
    before = None if parts else _last_run(context, _KINDS[name], whole=True)
    try:
        status = run(context)
    except (Cancelled, AlreadyRun, BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as error:
        known = known_error(error)
        of = f" of {', '.join(parts)}" if parts else ""
        text = f"`holdfast {name}`{of} failed: {known.message}"
        _tell(context, channels, (Event.FAILED,), text, hint=known.hint)
        raise
    _tell_of_end(name, context, channels, status, before)
    return status


def send_on(
    context: Context, channels: Sequence[Channel], message: Message
) -> list[HoldfastError | None]:
    """Send a message on each channel at once; return what went wrong with each.

    It is noted in the catalog, if there is one.
    """
    with ThreadPoolExecutor(max_workers=len(channels)) as pool:
        errors = list(pool.map(lambda each: deliver(each, message), channels))
    with suppress(HoldfastError), closing(context.service.jobs.database) as database:
        there = database.path is None or database.path.exists()
        for channel, error in zip(channels, errors, strict=True) if there else ():
            database.deliveries.record(
                plan=message.plan,
                channel=channel.name,
                key=message.id,
                document=message.to_json(),
                error=told(error),
            )
    return errors


def _tell_of_end(
    name: str, context: Context, channels: Sequence[Channel], status: int, before: Run | None
) -> None:
    last = _last_run(context, _KINDS[name])
    backup_id = last.backup_id if last and name == "create" else None
    of = f": {backup_id}" if backup_id else ""
    if status == _PARTLY_DONE:
        events: tuple[Event, ...] = (Event.FAILED,)
        text = f"`holdfast {name}` made a partial backup, as not all could be captured{of}"
    elif status:
        events, text = (Event.FAILED,), f"`holdfast {name}` made a backup that is not intact{of}"
    elif before is not None and before.status is RunStatus.FAILED:
        events = (Event.RECOVERED, Event.SUCCEEDED)
        text = f"`holdfast {name}` went well again{of}"
    else:
        events, text = (Event.SUCCEEDED,), f"`holdfast {name}` went well{of}"
    _tell(context, channels, events, text, backup_id=backup_id)


def _tell(
    context: Context,
    channels: Sequence[Channel],
    events: Sequence[Event],
    text: str,
    *,
    hint: str | None = None,
    backup_id: str | None = None,
) -> None:
    """Send it to each channel as the first of the events that it wants."""
    redact = Redaction(())
    with suppress(HoldfastError):
        redact = Redaction(context.service.recipe.secrets())
    wanted = [(each, event) for each in channels for event in events if event in each.events]
    for event in dict.fromkeys(event for _, event in wanted):
        firsts = dict(reversed(wanted))
        chosen = [each for each in channels if firsts.get(each) is event]
        message = Message(
            id=f"run {uuid4()}",
            event=event,
            plan=context.settings.plan,
            app=context.settings.app,
            at=datetime.now(UTC),
            message=redact(text),
            hint=redact(hint) if hint else None,
            backup_id=backup_id,
        )
        if not chosen:
            continue
        for channel, error in zip(chosen, send_on(context, chosen, message), strict=True):
            if error is not None:
                context.console.warn(
                    f"Nobody was told on the notification channel {channel.name}: {told(error)}"
                )


def _last_run(context: Context, kind: RunKind, *, whole: bool = False) -> Run | None:
    """Return the newest run of a kind, that ended; None where that is not known.

    Args:
        whole: Leave out backups of a part: they make up for no failed one of all.
    """
    try:
        log = RunLog(context.service.state_dir / "runs.db")
        runs = log.runs(plan=context.settings.plan, kind=kind)
    except HoldfastError:
        return None
    ended = (RunStatus.COMPLETED, RunStatus.FAILED)
    found = (each for each in runs if each.status in ended)
    return next((each for each in found if not (whole and each.detail.get("only"))), None)
