"""Putting settings back into the running application, through their provider."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from holdfast.errors import RestoreError, SourceError
from holdfast.models.backup import CheckResult, PlannedChange
from holdfast.models.manifest import ContentEntry
from holdfast.sources.settings.document import (
    Document,
    flatten,
    make_document,
    merge_secrets,
)
from holdfast.sources.settings.provider import (
    SettingsProvider,
    comes_back_with,
    export,
    restore,
    restorer,
)
from holdfast.sources.settings.secrets import Secrets

_SHOWN = 60
READ_ONLY = (
    "Settings are not put back: they come from a read-only provider. Give `settings=` an object"
    " with export() and restore(values), or restore into a new place and take settings.json"
)


class LiveSettings:
    """The settings of the application as they are, whose secrets are never touched."""

    def __init__(self, provider: SettingsProvider, secrets: Secrets) -> None:
        self._provider = provider
        self._secrets = secrets
        self._restore = restorer(provider)

    @property
    def writable(self) -> bool:
        """Whether the provider can put settings back."""
        return self._restore is not None

    def read_only_change(self) -> PlannedChange:
        """Say what becomes of settings that the provider cannot put back."""
        holder = comes_back_with(self._provider)
        if holder is None:
            return PlannedChange(target="settings", action="skip", detail=READ_ONLY)
        detail = f"they come back with {holder}, which holds them"
        return PlannedChange(target="settings", action="unchanged", detail=detail)

    def plain(self) -> Document:
        """Return the settings without their secrets."""
        return make_document(export(self._provider), self._secrets)

    def matches(self, settings: Mapping[str, Any]) -> bool:
        """Return whether `put` would change nothing."""
        values = export(self._provider)
        merged = merge_secrets(settings, values, self._secrets)
        wanted, found = make_document(merged, self._secrets), make_document(values, self._secrets)
        # As text, in which 1 is neither 1.0 nor true.
        return _text(flatten(wanted.settings)) == _text(flatten(found.settings))

    def put(self, settings: Mapping[str, Any]) -> None:
        """Make the settings those given and the secrets that are there now.

        Raises:
            RestoreError: The application refused them.
        """
        if self._restore is None:
            raise RestoreError("The settings cannot be put back: their provider is read-only")
        values = merge_secrets(settings, export(self._provider), self._secrets)
        restore(self._restore, values)


class StagedSettings:
    """Settings of a backup, held in memory until they are put back."""

    def __init__(
        self, live: LiveSettings, document: Document, content: ContentEntry | None
    ) -> None:
        self._live = live
        self._document = document
        self._content = content
        self._previous: dict[str, Any] | None = None
        self._swapped = False

    def plan(self) -> tuple[PlannedChange, ...]:
        """Say which settings would be created, replaced and removed; secrets stay unnamed."""
        if not self._live.writable:
            return (self._live.read_only_change(),)
        old, new = flatten(self._live.plain().settings), flatten(self._document.settings)
        changes = [_change(name, old, new) for name in sorted({*old, *new})]
        if not any(changes):
            detail = f"all {len(new)} settings are as in the backup"
            return (PlannedChange(target="settings", action="unchanged", detail=detail),)
        return tuple(change for change in changes if change)

    def check(self) -> tuple[CheckResult, ...]:
        """Check the number of settings against the manifest."""
        return check_document(self._document, self._content)

    def state(self) -> dict[str, Any]:
        """Return the settings of before and after, without any secret."""
        if not self._live.writable:
            return {"mode": "read-only"}
        return {
            "mode": "live",
            "previous": json.dumps(self._remember()),
            "new": json.dumps(self._document.settings),
        }

    def swap(self) -> None:
        """Put the settings of the backup into the application.

        Raises:
            RestoreError: It refused them; the settings are as they were.
        """
        if not self._live.writable:
            self._swapped = True
            return
        previous = self._remember()
        try:
            self._live.put(self._document.settings)
        except BaseException:
            self._live.put(previous)
            raise
        self._swapped = True

    def undo(self) -> None:
        """Put back the settings of before."""
        if not self._swapped:
            raise RestoreError("There is no restore of the settings to take back")
        if self._live.writable:
            self._live.put(self._remember())
        self._swapped = False

    def discard(self) -> None:
        """Do nothing: nothing was left anywhere."""

    def _remember(self) -> dict[str, Any]:
        if self._previous is None:
            self._previous = self._live.plain().settings
        return self._previous


def recover_live(live: LiveSettings, state: Mapping[str, Any], *, committed: bool | None) -> bool:
    """Finish or take back a swap from its state; see `Source.recover`."""
    new, previous = _loaded(state.get("new")), _loaded(state.get("previous"))
    if committed is None:
        try:
            return live.matches(new)
        except SourceError as error:
            raise RestoreError(error.message, hint=error.hint) from error
    wanted = new if committed else previous
    if not live.matches(wanted):
        live.put(wanted)
    return committed


def check_document(document: Document, content: ContentEntry | None) -> tuple[CheckResult, ...]:
    """Check the number of settings against the manifest."""
    count = len(document.settings)
    expected = content.count if content is not None else count
    detail = f"{count} settings"
    if document.skipped:
        detail += f", {len(document.skipped)} secret ones are not in the backup"
    return (CheckResult(name="settings: count", passed=count == expected, detail=detail),)


def _change(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> PlannedChange | None:
    target = f"settings: {name}"
    if name not in old:
        return PlannedChange(target=target, action="create", detail=_show(new[name]))
    if name not in new:
        return PlannedChange(target=target, action="remove", detail=_show(old[name]))
    if _text(old[name]) == _text(new[name]):
        return None
    detail = f"{_show(old[name])} -> {_show(new[name])}"
    return PlannedChange(target=target, action="replace", detail=detail)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _loaded(text: object) -> dict[str, Any]:
    loaded = json.loads(text) if isinstance(text, str) else None
    if not isinstance(loaded, dict):
        raise RestoreError("The journal of the restore of the settings cannot be read")
    return loaded
