"""A backup handed out as gzip-compressed SQL text, which any PostgreSQL restores."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import BinaryIO

from fastapi.responses import StreamingResponse

from holdfast.errors import ConfigError
from holdfast.models.backup import BackupMetadata
from holdfast.operations.workspace import scratch_directory
from holdfast.service import BackupService
from holdfast.web.context import WebContext
from holdfast.web.permissions import Actor

MEDIA_TYPE = "application/gzip"
_PIECE_BYTES = 1 << 18


def require_postgresql(service: BackupService, contract: str) -> None:
    """Refuse a plan whose backups are not the SQL text of one database.

    Raises:
        ConfigError: It has no PostgreSQL database, or several databases.
    """
    databases = [each for each in service.plan.sources if each.root.startswith("database/")]
    if [each.kind for each in databases] != ["postgresql"]:
        raise ConfigError(
            f"The contract `{contract}` hands out SQL text, so its plan has one database, a"
            f" PostgreSQL one; the plan {service.plan.name} has {len(databases)}",
            hint="Use another contract, or the native routes of BackupService.router.",
        )


async def sql_response(
    context: WebContext, actor: Actor, backup: BackupMetadata, filename: str
) -> StreamingResponse:
    """Write the SQL, prove that it is whole, and answer with it; nothing is left on disk.

    Args:
        filename: As the client shall see it; of letters, digits and `._-` only.

    Raises:
        RestoreError: The stored dump is not whole.
    """
    packed = await context.run(_written, context, actor, backup)
    headers = {
        "Content-Disposition": f'attachment; filename="{filename}"',
        "Content-Length": str(packed.seek(0, 2)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    packed.seek(0)
    return StreamingResponse(_pieces(context, packed), media_type=MEDIA_TYPE, headers=headers)


def _written(context: WebContext, actor: Actor, backup: BackupMetadata) -> BinaryIO:
    """Write the SQL to a file that has no name any more when this returns."""
    detail = {"checksum": backup.checksum}
    with (
        context.audited(actor, "backup.download", object=backup.backup_id, detail=detail),
        scratch_directory(context.service.scratch_root) as scratch,
    ):
        path = context.service.export_backup(backup.backup_id, scratch / "dump.sql.gz")
        return path.open("rb")


async def _pieces(context: WebContext, packed: BinaryIO) -> AsyncIterator[bytes]:
    with packed:
        while piece := await context.run(packed.read, _PIECE_BYTES):
            yield piece
