"""Restores in two steps: look at what would be replaced, then confirm exactly that (R20).

The first step touches nothing and gives a token. The token is good once, for some minutes, for
whoever got it, for the same file or backup with the same options, and while the live data are
in the same place; else nothing is done. It does not hold the data still: what is written to
them in between is in the safety backup.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from fastapi import Request

from holdfast.errors import (
    ArchiveRefused,
    ConfirmationRequired,
    HoldfastError,
    PermissionDenied,
    RestoreError,
    SourceError,
    TargetExists,
    UploadNotFound,
)
from holdfast.models.backup import RestoreResult
from holdfast.models.job import Job, JobKind, JobStatus
from holdfast.models.manifest import Manifest
from holdfast.operations.target import describe_target, require_confirmed
from holdfast.web.context import MAX_UPLOAD_BYTES
from holdfast.web.inbox import Inbox
from holdfast.web.offers import RestoreChoice, RestoreOffer, found_in, identity_of
from holdfast.web.permissions import Actor
from holdfast.web.uploads import ReceivedFile, UploadLimits

if TYPE_CHECKING:
    from holdfast.catalog import Upload
    from holdfast.jobs import JobEngine

VALID_FOR = timedelta(minutes=30)
"""How long a restore can be confirmed, and a file that was sent is kept for it."""

_UNFINISHED = tuple(each for each in JobStatus if not each.finished)
_MOST_COPIES = 500


class Restores:
    """The restores of one engine that wait to be confirmed. Safe to use from many threads.

    Args:
        limits: What a file may cost; `max_bytes` of it is that of the router.
    """

    def __init__(
        self,
        engine: JobEngine,
        *,
        max_bytes: int = MAX_UPLOAD_BYTES,
        limits: UploadLimits | None = None,
    ) -> None:
        self._engine = engine
        self._inbox = Inbox(engine, limits or UploadLimits(max_bytes=max_bytes))

    # Files that are sent

    async def receive(
        self, request: Request, *, file_field: str = "file", text_fields: tuple[str, ...] = ()
    ) -> ReceivedFile:
        """Take a file from a request; whoever calls this sees to it that it is removed.

        Raises:
            TooManyRequests: Several are being sent already, or wait to be confirmed.
            RequestRefused, ArchiveError, NotEnoughSpace: It was not taken; nothing is left.
        """
        return await self._inbox.receive(request, file_field=file_field, text_fields=text_fields)

    def remove(self, received: ReceivedFile) -> None:
        """Remove a file that was sent (idempotent)."""
        received.path.unlink(missing_ok=True)

    # The first step

    def describe(
        self,
        what: ReceivedFile | str,
        actor: Actor,
        choice: RestoreChoice | None = None,
    ) -> RestoreOffer:
        """Check a file that was sent, or a backup by its id, and say what it would replace.

        Blocking: everything is read. If this fails, the file is gone.

        Raises:
            ArchiveError: The file was refused.
            RestoreError, VerificationFailed: It could not be restored.
        """
        choice = choice or RestoreChoice()
        choice.require_sensible()
        if isinstance(what, str):
            return self._describe_backup(what, actor, choice)
        try:
            return self._describe_file(what, actor, choice)
        except (RestoreError, SourceError) as error:
            self.remove(what)
            if error.http_status != HoldfastError.http_status:
                raise
            # Not a failure of this server: what was sent is not what it says it is.
            raise ArchiveRefused(
                f"Backup file was refused: {error.message}", hint=error.hint
            ) from error
        except BaseException:
            self.remove(what)
            raise

    def look(self, token: str) -> RestoreOffer:
        """Return what a token would confirm.

        Raises:
            UploadNotFound: There is no such token, or it was used, or has expired.
        """
        upload = self._engine.database.uploads.get(token)
        self._require_there(upload)
        return RestoreOffer(upload=upload)

    # The second step

    def confirm(
        self,
        token: str,
        actor: Actor,
        *,
        confirm: str | None = None,
        backup_id: str | None = None,
        choice: RestoreChoice | None = None,
    ) -> Job:
        """Begin the restore that a token stands for, once.

        Args:
            confirm: The name of the live data, where they were given one.
            backup_id: The backup that whoever confirms has in mind; None for a file.
            choice: The options that they have in mind; None for whatever was asked for.

        Raises:
            UploadNotFound: There is no such token, or it was used, or has expired.
            PermissionDenied: It was given to somebody else.
            ConfirmationRequired: It is of another restore, or the name is missing or another.
            TargetExists: The folder that was offered for a copy is not free any more.
                In all cases nothing was done.
        """
        upload = self._engine.database.uploads.get(token)
        self._require_there(upload)
        _require_given_to(actor, upload)
        if upload.backup_id != backup_id:
            raise _of_another("backup")
        if choice is not None and choice.to_json() != upload.params["choice"]:
            raise _of_another("way to restore")
        folder = RestoreOffer(upload=upload).into
        if folder is None:
            self._require_place(upload, confirm)
        else:
            self._require_folder(Path(folder))
        return self._begin(self._engine.database.uploads.claim(token), actor, confirm)

    def _require_place(self, upload: Upload, confirm: str | None) -> None:
        plan = self._engine.service.plan
        require_confirmed(plan, confirm)
        if upload.params["target"] != describe_target(plan, ()).fingerprint:
            raise _of_another("place")

    def _require_folder(self, folder: Path) -> None:
        """Refuse a folder that is not free any more, rather than pick another one unseen."""
        copies = self._engine.service.copies
        if folder.parent != copies.path:
            raise _of_another("place")
        copies.require_free(folder)
        if str(folder) in self._promised():
            raise TargetExists(
                f"Another job makes {folder} already",
                hint="Ask for the restore again: it goes to another folder then.",
            )

    def _promised(self) -> list[str]:
        """Return the folders that jobs are about to make, those of other plans as well."""
        jobs, _ = self._engine.database.jobs.list(
            kinds=(JobKind.COPY,), statuses=_UNFINISHED, limit=_MOST_COPIES
        )
        return [str(job.params.get("into")) for job in jobs]

    def discard(self, token: str, actor: Actor) -> None:
        """Give a restore up, and remove its file.

        Raises:
            UploadNotFound: There is no such token, or it was used, or has expired.
            PermissionDenied: It was given to somebody else.
        """
        offered = self._engine.database.uploads.get(token)
        _require_of_plan(offered, self._engine.plan)
        _require_given_to(actor, offered)
        upload = self._engine.database.uploads.remove(token)
        if upload.path is not None:
            Path(upload.path).unlink(missing_ok=True)

    def submit(
        self,
        received: ReceivedFile,
        actor: Actor,
        choice: RestoreChoice | None = None,
        *,
        confirm: str | None = None,
    ) -> Job:
        """Begin to restore a file without a first step, for contracts that know none.

        The file is the job's from now on; if this fails, it is gone.

        Raises:
            ConfirmationRequired: The live data have a name, and it is missing or another.
        """
        try:
            require_confirmed(self._engine.service.plan, confirm)
            params = {**(choice or RestoreChoice()).to_params(), "confirm": confirm}
            return self._restore_file(received.path, params, actor)
        except BaseException:
            self.remove(received)
            raise

    # Tidying

    def sweep(self) -> int:
        """Remove what has expired and what killed processes left; return how many files."""
        self._engine.service.copies.sweep()
        return self._inbox.sweep()

    def close(self) -> None:
        """Remove all files that this process holds (idempotent)."""
        self._inbox.close()

    # Inside

    def _describe_file(
        self, received: ReceivedFile, actor: Actor, choice: RestoreChoice
    ) -> RestoreOffer:
        manifests: list[Manifest] = []
        result = self._engine.service.restore_archive(
            received.path,
            dry_run=True,
            on_proven=manifests.append,
            into=self._place(choice),
            **choice.options(),
        )
        return self._offer(
            actor,
            choice,
            result,
            manifests[0],
            path=received.path,
            file_name=received.file_name or None,
            size_bytes=received.size_bytes,
        )

    def _describe_backup(self, backup_id: str, actor: Actor, choice: RestoreChoice) -> RestoreOffer:
        service = self._engine.service
        result = service.restore_backup(
            backup_id, dry_run=True, into=self._place(choice), **choice.options()
        )
        manifest = msgspec.convert(service.backup_manifest(result.backup_id), Manifest)
        return self._offer(actor, choice, result, manifest, backup_id=result.backup_id)

    def _place(self, choice: RestoreChoice) -> Callable[[str], Path] | None:
        """Return what picks the folder of a copy; None in place of the live data."""
        if not choice.is_copy:
            return None
        return partial(self._engine.service.copies.folder_for, taken=self._promised())

    def _offer(
        self,
        actor: Actor,
        choice: RestoreChoice,
        result: RestoreResult,
        manifest: Manifest,
        *,
        path: Path | None = None,
        **about: Any,
    ) -> RestoreOffer:
        database = self._engine.database
        target = describe_target(self._engine.service.plan, ())
        token, upload = database.uploads.add(
            plan=self._engine.plan,
            expires_at=database.clock.now() + VALID_FOR,
            actor=actor.name,
            path=path,
            params={
                "who": _who(actor),
                "choice": choice.to_json(),
                "target": target.fingerprint,
                "file": identity_of(path) if path is not None else None,
                "found": found_in(result, manifest),
            },
            **about,
        )
        return RestoreOffer(upload=upload, token=token)

    def _require_there(self, upload: Upload) -> None:
        _require_of_plan(upload, self._engine.plan)
        if upload.path is not None and identity_of(Path(upload.path)) != upload.params["file"]:
            raise _not_found()

    def _begin(self, upload: Upload, actor: Actor, confirm: str | None) -> Job:
        params = {name: each for name, each in upload.params["choice"].items() if name != "target"}
        folder = RestoreOffer(upload=upload).into
        if folder is None:
            params["confirm"] = confirm
        else:
            params["into"] = folder
        try:
            if upload.path is not None:
                return self._restore_file(Path(upload.path), params, actor)
            kind = JobKind.RESTORE if folder is None else JobKind.COPY
            return self._submit(kind, {"backup_id": upload.backup_id, **params}, actor)
        except BaseException:
            self._engine.database.uploads.release(upload.id)
            raise

    def _restore_file(self, path: Path, params: Mapping[str, Any], actor: Actor) -> Job:
        given = {"path": str(path), "remove_after": True, **params}
        kind = JobKind.COPY if "into" in params else JobKind.RESTORE_ARCHIVE
        job = self._submit(kind, given, actor)
        self._inbox.give(path, job.id)
        return job

    def _submit(self, kind: JobKind, params: Mapping[str, Any], actor: Actor) -> Job:
        # What was allowed before the data are replaced is not allowed after (R22). First, for a
        # job that was added begins whatever fails then, and who asked would be told that it
        # does not.
        if kind.restores:
            self._engine.database.links.revoke_plan(self._engine.plan)
        return self._engine.submit(kind, params, actor=actor.name)


def _require_of_plan(upload: Upload, plan: str) -> None:
    if upload.plan != plan:
        raise _not_found()


def _not_found() -> UploadNotFound:
    return UploadNotFound(
        "There is no such upload, or it was confirmed already, or has expired",
        hint="Send the file again, or ask for the restore again.",
    )


def _require_given_to(actor: Actor, upload: Upload) -> None:
    if _who(actor) != upload.params["who"]:
        raise PermissionDenied(
            "This confirmation was given to somebody else",
            hint="Ask for the restore yourself, and look at what it would replace.",
        )


def _who(actor: Actor) -> str:
    """Return whose a confirmation is; of those who have no name it is whoever's that has it."""
    return f"{actor.via}:{actor.name}"


def _of_another(what: str) -> ConfirmationRequired:
    return ConfirmationRequired(
        f"This confirmation is of another {what}; nothing was changed",
        hint="Ask for the restore again, and look at what it would replace.",
    )
