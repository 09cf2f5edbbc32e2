"""Taking back the last restore: what is sent, and what would change."""

from __future__ import annotations

from pydantic import Field

from holdfast.models.backup import RestoreResult
from holdfast.web.schemas.base import BACKUP_ID, Body, Shape


class UndoRequest(Body):
    """Whether to look first, and the confirmation."""

    dry_run: bool = Field(default=False, description="Only say what would change.", examples=[True])
    confirm: str | None = Field(
        default=None,
        max_length=200,
        pattern=r"^[^\x00]*$",
        description="`confirm_with` of a dry run: the name of the live data to be replaced.",
        examples=["production"],
    )
    backup_id: str | None = Field(
        default=None,
        max_length=64,
        pattern=r"^[^\x00]*$",
        description="`backup_id` of the dry run: if another restore was made since, nothing is"
        " undone.",
        examples=[BACKUP_ID],
    )


class ChangeShape(Shape):
    """One thing that would change."""

    target: str = Field(
        description="The database, directory or settings.", examples=["database/app.db"]
    )
    action: str = Field(
        description="`create`, `replace`, `unchanged`, `remove`, or `skip`.", examples=["replace"]
    )
    detail: str = Field(description="For people.", examples=["orders: 142 rows -> 137 rows"])


class UndoPreview(Shape):
    """What would be put back."""

    dry_run: bool = Field(description="Always true: nothing was changed.", examples=[True])
    backup_id: str = Field(
        description="The safety backup that would be put back.", examples=[BACKUP_ID]
    )
    changes: list[ChangeShape] = Field(description="What would change.")
    warnings: list[str] = Field(
        description="What is worth knowing before.", examples=[["The schema is of another version"]]
    )
    confirm_with: str | None = Field(
        description="Send this as `confirm` to do it.", examples=["production"]
    )


def undo_preview(result: RestoreResult) -> UndoPreview:
    """Return what an undo would do as the interface shows it."""
    return UndoPreview(
        dry_run=True,
        backup_id=result.backup_id,
        changes=[
            ChangeShape(target=each.target, action=each.action, detail=each.detail)
            for each in result.changes
        ],
        warnings=list(result.warnings),
        confirm_with=result.target.name if result.target else None,
    )
