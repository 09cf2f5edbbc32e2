"""Restores of the contract `system`: a file is checked, the question asked, and then it is done."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException

from holdfast.archive import THUMBNAILS_ROOT
from holdfast.errors import ArchiveError, ConfirmationRequired, RestoreError
from holdfast.models.job import Job
from holdfast.models.manifest import FILES_DIR, SETTINGS_PATH
from holdfast.operations.plain import adopt_plain
from holdfast.web.context import WebContext
from holdfast.web.contracts.backup_times import time_of
from holdfast.web.contracts.base import ended
from holdfast.web.contracts.settings_schedule import SettingsSchedule
from holdfast.web.contracts.system_shapes import (
    Change,
    Contents,
    RestoreAnswer,
    Step,
    Validation,
)
from holdfast.web.contracts.system_words import CONFIRM, version_warnings, worded
from holdfast.web.offers import RestoreOffer
from holdfast.web.permissions import Actor
from holdfast.web.restores import Restores
from holdfast.web.uploads import ReceivedFile

TEXT_FIELDS = ("confirm", "token")

_NO = ("", "false", "0", "no", "off")
_YES = ("true", "1", "yes", "on", CONFIRM.lower())
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_SMALL_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a request says of a confirmation.

    Attributes:
        confirm: `true`, or the name of the live data.
    """

    token: str = ""
    confirm: str = ""

    @classmethod
    def of(cls, texts: Mapping[str, Any]) -> Sent:
        """Read it from the fields of a form or an object."""
        token, confirm = texts.get("token"), texts.get("confirm")
        if isinstance(confirm, bool):
            confirm = str(confirm)
        return cls(
            token=token if isinstance(token, str) else "",
            confirm=confirm.strip() if isinstance(confirm, str) else "",
        )

    @property
    def confirmed(self) -> bool:
        """Whether somebody means it."""
        return self.confirm.lower() not in _NO

    @property
    def name(self) -> str | None:
        """The name of the live data, if one was given."""
        said = self.confirm.lower()
        return None if said in _NO or said in _YES else self.confirm


async def sent_in(request: Request) -> Sent | None:
    """Return the confirmation in a request that brings no file; None if it may bring one."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()) or int(length[:9]) > _SMALL_BYTES:
        return None
    # What is read here is kept by the request, for whoever reads it as a file afterwards.
    body = await request.body()
    texts: Any = {}
    with contextlib.suppress(ValueError, RecursionError, HTTPException):
        if kind == "application/json":
            texts = await request.json()
        elif kind in _FORMS and b"filename" not in body:
            texts = dict(await request.form())
    found = Sent.of(texts if isinstance(texts, dict) else {})
    return found if found.token else None


class PlainRestores:
    """The restores of one router; what they word is of the contract.

    Args:
        followed: The settings that the schedule follows; looked at after each restore.
    """

    def __init__(self, context: WebContext, followed: SettingsSchedule | None) -> None:
        self._context = context
        self._followed = followed
        self.restores = Restores(context.engine, max_bytes=context.max_upload_bytes)

    async def receive(self, request: Request) -> ReceivedFile:
        """Take a file from a request.

        Raises:
            HoldfastError: It was not taken; nothing is left.
        """
        with worded():
            return await self.restores.receive(request, text_fields=TEXT_FIELDS)

    def validated(self, received: ReceivedFile, actor: Actor) -> Validation:
        """Say whether a file could be restored; it is gone afterwards. Blocking."""
        try:
            with worded():
                offer = self._described(received, actor)
        except (ArchiveError, RestoreError) as error:
            return Validation(valid=False, errors=[error.message], hint=error.hint, warnings=[])
        self.restores.discard(str(offer.token), actor)
        return self._validation(offer)

    def offered(self, received: ReceivedFile, actor: Actor) -> RestoreAnswer:
        """Check a file, and ask whether to restore it. Blocking."""
        with worded():
            offer = self._described(received, actor)
        return self._asked(offer, str(offer.token))

    def look(self, token: str) -> RestoreAnswer:
        """Return what was asked with a token. Blocking.

        Raises:
            UploadNotFound: There is no such token, or it was used, or has expired.
        """
        return self._asked(self.restores.look(token), token)

    async def restored(self, sent: Sent, actor: Actor, offered: RestoreAnswer) -> RestoreAnswer:
        """Restore what was offered; return how it went.

        Raises:
            HoldfastError: It was not restored; the live data are as they were.
        """
        with worded():
            job = await self._context.run(self._begin, sent, actor)
            job = await ended(self._context, job)
        if self._followed is not None:
            await self._context.run(self._followed.follow)
        return self._done(job, offered)

    def _described(self, received: ReceivedFile, actor: Actor) -> RestoreOffer:
        context = self._context
        detail = {"size_bytes": received.size_bytes}
        with context.audited(actor, "restore.look", object=received.file_name, detail=detail):
            return self.restores.describe(self._adopted(received), actor)

    def _adopted(self, received: ReceivedFile) -> ReceivedFile:
        """Return the file as an archive of Holdfast's; if it cannot be, it is gone."""
        service = self._context.service
        try:
            path = adopt_plain(service.plan, received.path, scratch_root=service.scratch_root)
        except BaseException:
            self.restores.remove(received)
            raise
        if path != received.path:
            self.restores.remove(received)
        return replace(received, path=path)

    def _begin(self, sent: Sent, actor: Actor) -> Job:
        with self._context.audited(actor, "restore.start") as noted:
            try:
                job = self.restores.confirm(sent.token, actor, confirm=sent.name)
            except ConfirmationRequired as error:
                # As somebody says it in a form, not on a command line.
                name = self._context.service.plan.target_name
                hint = f"If that is what you mean, send confirm={name}." if name else error.hint
                raise ConfirmationRequired(error.message, hint=hint) from error
            noted["job_id"] = job.id
            return job

    def _validation(self, offer: RestoreOffer) -> Validation:
        found, backup = offer.plan, offer.plan["backup"]
        current = self._context.service.plan.app_version
        return Validation(
            valid=True,
            errors=[],
            warnings=[*version_warnings(backup["app_version"], current), *found["warnings"]],
            metadata=Contents(
                timestamp=backup["created_at"],
                app_version=backup["app_version"],
                schema_version=backup["schema_version"],
                total_records=backup["total_records"],
                table_counts=backup["table_counts"],
                size_bytes=backup["original_size"],
            ),
            changes=[
                Change(target=each["target"], action=each["action"], detail=each["detail"])
                for each in found["changes"]
            ],
        )

    def _asked(self, offer: RestoreOffer, token: str) -> RestoreAnswer:
        validation = self._validation(offer)
        return RestoreAnswer(
            status="confirmation_required",
            message=CONFIRM,
            confirmation_required=True,
            token=token,
            expires_at=offer.upload.expires_at,
            validation=validation,
            warnings=validation.warnings,
        )

    def _done(self, job: Job, offered: RestoreAnswer) -> RestoreAnswer:
        safety = job.result.get("safety_backup_id")
        rows = {
            name: count
            for name, count in job.items_restored.items()
            if not name.startswith(f"{FILES_DIR}/") and name != SETTINGS_PATH
        }
        thumbnails = job.items_restored.get(THUMBNAILS_ROOT, 0)
        settings = job.items_restored.get(SETTINGS_PATH, 0)
        return RestoreAnswer(
            status="completed",
            message="Restore completed",
            confirmation_required=False,
            validation=offered.validation,
            warnings=list(dict.fromkeys([*offered.warnings, *job.warnings])),
            steps=self._steps(time_of(safety) if safety else None, rows, thumbnails, settings),
            safety_backup=time_of(safety) if safety else None,
            database_restored=bool(rows),
            thumbnails_restored=thumbnails,
            settings_restored=settings,
            rows_restored=rows,
        )

    def _steps(
        self, safety: str | None, rows: Mapping[str, int], thumbnails: int, settings: int
    ) -> list[Step]:
        pauses = self._context.service.plan.pauses
        records = f"{sum(rows.values())} rows in {len(rows)} tables"
        return [
            _step("Validate backup", "every byte and the database"),
            _step("Stop background tasks", "", done=pauses.on_pause is not None),
            _step("Safety backup", safety or "there was nothing to lose", done=safety is not None),
            _step("Replace database", records, done=bool(rows)),
            _step("Replace thumbnails", f"{thumbnails} files"),
            _step("Import settings", f"{settings} settings"),
            _step("Restart background tasks", "", done=pauses.on_resume is not None),
        ]


def _step(name: str, detail: str, *, done: bool = True) -> Step:
    return Step(name=name, status="completed" if done else "skipped", detail=detail)
