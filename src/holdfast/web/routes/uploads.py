"""Archives that are sent: looked at, confirmed or given up (R20)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from holdfast.errors import (
    ArchiveDamaged,
    ArchivePassphraseError,
    ArchiveRefused,
    BackupBusy,
    ConfirmationRequired,
    IdempotencyConflict,
    NotEnoughSpace,
    PermissionDenied,
    RequestInvalid,
    RestoreCheckFailed,
    SchemaMismatch,
    TargetExists,
    TooManyRequests,
    UploadNotFound,
    UploadTooLarge,
)
from holdfast.models.job import Job, JobKind
from holdfast.operations.migrations import OtherSchema
from holdfast.web.context import FAILURES, WebContext
from holdfast.web.idempotency import IdempotencyKey, Values, once
from holdfast.web.job_answers import JOB_RESPONSES, Prefer, answer_job
from holdfast.web.offers import RestoreChoice, RestoreOffer, RestoreTo
from holdfast.web.permissions import Actor, Permission
from holdfast.web.problems import problem_responses, unlimited
from holdfast.web.restores import Restores
from holdfast.web.routing import Routes
from holdfast.web.schemas.transfers import TOKEN, Confirmation, OfferShape, Texts, offer_shape
from holdfast.web.uploads import PASSPHRASE_HEADER, RAW_TYPES, ReceivedFile

Token = Annotated[
    str, Path(max_length=200, description="The confirmation that was given.", examples=[TOKEN])
]

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_PASSPHRASE = {
    "type": "string",
    "format": "password",
    "description": "Opens a `.zip.age`; used at once and kept nowhere.",
}
_FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The archive: a `.zip` or `.zip.age` of an export or download.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "passphrase": _PASSPHRASE,
                    },
                }
            },
            **dict.fromkeys(RAW_TYPES, _BINARY),
        },
    },
    "parameters": [
        {
            "name": PASSPHRASE_HEADER,
            "in": "header",
            "required": False,
            "description": "Opens a `.zip.age`, where no form is sent; what is not ASCII, and %,"
            " as %XX of UTF-8.",
            "schema": {"type": "string"},
        }
    ],
}
CONFIRMING = problem_responses(
    UploadNotFound,
    PermissionDenied,
    ConfirmationRequired,
    TargetExists,
    BackupBusy,
    IdempotencyConflict,
    RequestInvalid,
    *FAILURES,
)


def add_upload_routes(routes: Routes, context: WebContext, restores: Restores) -> None:
    """Add the routes of files that are sent."""
    _add_sending(routes, context, restores)
    _add_deciding(routes, context, restores)


def _add_sending(routes: Routes, context: WebContext, restores: Restores) -> None:
    restorer = context.require(Permission.RESTORE)

    @routes.post(
        "/restores",
        operation_id="upload_archive",
        summary="Send an archive, and see what restoring it would replace",
        status_code=201,
        responses=problem_responses(
            ArchiveDamaged,
            ArchiveRefused,
            ArchivePassphraseError,
            RestoreCheckFailed,
            SchemaMismatch,
            UploadTooLarge,
            NotEnoughSpace,
            TooManyRequests,
            RequestInvalid,
            *FAILURES,
        ),
        openapi_extra=_FILE_BODY,
    )
    @unlimited
    async def upload_archive(
        request: Request,
        response: Response,
        target: Annotated[
            RestoreTo,
            Query(
                description="In the place of the live data, or as a copy in a new folder of the"
                " server, which takes `sources` and `paths` only."
            ),
        ] = RestoreTo.LIVE,
        create_safety_backup: Annotated[
            bool, Query(description="Back up what is replaced, so that an undo is possible.")
        ] = True,
        other_schema: Annotated[
            OtherSchema,
            Query(description="What becomes of a database with another schema than the code's."),
        ] = OtherSchema.REFUSE,
        sources: Annotated[Texts, Query(description="Only these sources, by name.")] = [],  # noqa: B006
        paths: Annotated[Texts, Query(description="Only these files or directories.")] = [],  # noqa: B006
        tables: Annotated[Texts, Query(description="Only these tables, of servers.")] = [],  # noqa: B006
        keep_old: Annotated[
            bool, Query(description="Whether a server keeps what is replaced for a while.")
        ] = True,
        trust_dump: Annotated[
            bool, Query(description="Restore with all rights of the database's user.")
        ] = False,
        actor: Actor = restorer,
    ) -> OfferShape:
        """Every byte of it is checked, and nothing is changed. `confirmation` then restores it.

        With the `target` `copy` it comes into a new folder, as of a backup.
        """
        response.headers["Cache-Control"] = "no-store"
        choice = RestoreChoice(
            target=target,
            create_safety_backup=create_safety_backup,
            other_schema=other_schema,
            sources=tuple(sources),
            paths=tuple(paths),
            tables=tuple(tables),
            keep_old=keep_old,
            trust_dump=trust_dump,
        )
        choice.require_sensible()  # before the file is read
        received = await restores.receive(request)
        try:
            offer = await context.look(describe, context, restores, actor, received, choice)
        except BaseException:
            restores.remove(received)
            raise
        return offer_shape(offer, request, offer.token or "")


def _add_deciding(routes: Routes, context: WebContext, restores: Restores) -> None:
    restorer = context.require(Permission.RESTORE)

    @routes.get(
        "/restores/{token}",
        operation_id="get_restore",
        summary="What restoring a file that was sent would replace",
        responses=problem_responses(UploadNotFound, *FAILURES),
        dependencies=[restorer],
    )
    async def get_restore(token: Token, request: Request, response: Response) -> OfferShape:
        """As it was found when the file was sent."""
        response.headers["Cache-Control"] = "no-store"
        return offer_shape(await context.run(restores.look, token), request, token)

    @routes.post(
        "/restores/{token}/confirm",
        operation_id="confirm_restore",
        summary="Restore a file that was sent",
        status_code=202,
        responses={**JOB_RESPONSES, **CONFIRMING},
        response_model=None,
    )
    async def confirm_restore(
        token: Token,
        wanted: Confirmation,
        request: Request,
        key: IdempotencyKey = None,
        prefer: Prefer = None,
        actor: Actor = restorer,
    ) -> Response:
        """Once, and only for who sent the file. The file is gone when the job has ended."""

        def work() -> Values:
            with context.audited(actor, "restore.start") as noted:
                return begun(restores.confirm(token, actor, confirm=wanted.confirm), noted)

        done = await once(context, request, actor, key, work)
        return await answer_job(context, request, done["job_id"], prefer)

    @routes.delete(
        "/restores/{token}",
        operation_id="discard_restore",
        summary="Give up a file that was sent",
        status_code=204,
        response_class=Response,
        response_model=None,
        responses=problem_responses(UploadNotFound, *FAILURES),
    )
    async def discard_restore(token: Token, actor: Actor = restorer) -> None:
        """It is removed at once, for who sent it."""

        def discard() -> None:
            with context.audited(actor, "restore.discard"):
                restores.discard(token, actor)

        await context.run(discard)


def describe(
    context: WebContext,
    restores: Restores,
    actor: Actor,
    what: ReceivedFile | str,
    choice: RestoreChoice,
) -> RestoreOffer:
    """Look at a restore, and record who did; blocking."""
    about = what if isinstance(what, str) else what.file_name
    detail: dict[str, Any] = {} if isinstance(what, str) else {"size_bytes": what.size_bytes}
    if choice.is_copy:
        detail["target"] = choice.target.value
    with context.audited(actor, "restore.look", object=about, detail=detail) as noted:
        offer = restores.describe(what, actor, choice)
        if choice.is_copy:
            noted["into"] = offer.into
        return offer


def begun(job: Job, noted: dict[str, Any]) -> Values:
    """Note the job in the audit, and return what `once` remembers."""
    noted["job_id"] = job.id
    if job.kind is JobKind.COPY:
        noted |= {"target": RestoreTo.COPY.value, "into": job.params["into"]}
    return {"job_id": job.id}
