"""Downloads and restores: what is sent, and what comes back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Request
from pydantic import Field

from holdfast.operations.migrations import OtherSchema
from holdfast.web.offers import RestoreChoice, RestoreOffer, RestoreTo
from holdfast.web.routing import link
from holdfast.web.schemas.base import BACKUP_ID, INSTANT, Body, Instant, Shape
from holdfast.web.schemas.undo import ChangeShape

TOKEN = "q7Yp0Q1vZtqg3nJr0m1n5p6XcV8bWl2sKdE4fGhTyUo"  # noqa: S105 - an example
MAX_MINUTES = 60

Text = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]
Texts = Annotated[list[Text], Field(max_length=1000)]
FilePath = Annotated[str, Field(min_length=1, max_length=16384, pattern=r"^[^\x00]*$")]


class NewLink(Body):
    """For how long a link shall be good, and what for."""

    minutes: int = Field(
        default=5,
        ge=1,
        le=MAX_MINUTES,
        description="For how long the link can be used, again and again [min].",
        examples=[5],
    )

    path: FilePath | None = Field(
        default=None,
        description="One file of the backup, as `contents` shows its path; null for the archive.",
        examples=["files/media/7.jpg"],
    )


class LinkShape(Shape):
    """A link that hands out a backup, or one file of it, to whoever has it."""

    url: str = Field(
        description="Where to download it, without any header; keep it secret.",
        examples=[f"/api/backups/downloads/{TOKEN}"],
    )
    expires_at: Instant = Field(description="Until when.", examples=[INSTANT])


class RestoreRequest(Body):
    """A look at what a restore would replace; or the confirmation of exactly that."""

    dry_run: bool = Field(
        default=False,
        description="Only say what would be replaced, and give a confirmation for it.",
        examples=[True],
    )
    confirmation: Annotated[str, Field(max_length=200)] | None = Field(
        default=None, description="`confirmation` of a dry run: begin.", examples=[TOKEN]
    )
    confirm: Text | None = Field(
        default=None,
        description="`confirm_with` of a dry run, where it is not null: the name of the live data.",
        examples=["production"],
    )
    target: RestoreTo = Field(
        default=RestoreTo.LIVE,
        description="In the place of the live data, or as a copy in a new folder of the server,"
        " which the server picks. A copy takes `sources` and `paths`, and none of the options that"
        " are about what is replaced.",
        examples=["live"],
    )
    create_safety_backup: bool = Field(
        default=True,
        description="Back up what is replaced, so that an undo is possible; a copy replaces"
        " nothing.",
    )
    other_schema: OtherSchema = Field(
        default=OtherSchema.REFUSE,
        description="What becomes of a database with another schema than the code's.",
        examples=["refuse"],
    )
    sources: Texts = Field(
        default=[], description="Only these sources, by name.", examples=[["thumbnails"]]
    )
    paths: Texts = Field(
        default=[],
        description="Only these files or directories of the backup.",
        examples=[["files/thumbnails/1.jpg"]],
    )
    tables: Texts = Field(
        default=[],
        description="Only these tables of databases on servers.",
        examples=[["orders"]],
    )
    keep_old: bool = Field(
        default=True, description="Whether a database server keeps what is replaced for a while."
    )
    trust_dump: bool = Field(
        default=False,
        description="Restore what came from elsewhere with all rights of the database's user.",
    )

    @property
    def choice(self) -> RestoreChoice:
        """How to restore."""
        return RestoreChoice(
            target=self.target,
            create_safety_backup=self.create_safety_backup,
            other_schema=self.other_schema,
            sources=tuple(self.sources),
            paths=tuple(self.paths),
            tables=tuple(self.tables),
            keep_old=self.keep_old,
            trust_dump=self.trust_dump,
        )

    @property
    def chosen(self) -> RestoreChoice | None:
        """How to restore, if anything of that was said."""
        said = self.model_fields_set - {"dry_run", "confirmation", "confirm"}
        return self.choice if said else None


class Confirmation(Body):
    """The confirmation of a restore from a file that was sent."""

    confirm: Text | None = Field(
        default=None,
        description="`confirm_with`, where it is not null: the name of the live data.",
        examples=["production"],
    )


class ContainedShape(Shape):
    """The backup that would be restored."""

    backup_id: str = Field(description="Its id.", examples=[BACKUP_ID])
    created_at: str = Field(description="When it was made, RFC 3339.", examples=[INSTANT])
    plan: str = Field(description="Of which plan.", examples=["default"])
    app: str = Field(description="Of which application.", examples=["shop"])
    app_version: str | None = Field(description="And of which version of it.", examples=["4.2"])
    holdfast_version: str = Field(description="Which Holdfast made it.", examples=["0.1.0"])
    schema_version: str | None = Field(
        description="Its database's schema version.", examples=["1a2b3c"]
    )
    description: str | None = Field(description="Its description.", examples=["Before the move"])
    hostname: str = Field(description="Where it was made.", examples=["web-1"])
    total_records: int = Field(description="Rows in all its tables.", examples=[142])
    original_size: int = Field(description="Bytes it has in all.", examples=[1048576])
    table_counts: dict[str, int] = Field(description="Rows per table.", examples=[{"orders": 142}])
    contents: dict[str, int] = Field(
        description="What it holds, with the bytes of each part.",
        examples=[{"database/app.db": 1048576}],
    )


class PlaceShape(Shape):
    """One place whose content would be replaced."""

    root: str = Field(description="What of the backup comes here.", examples=["database/app.db"])
    kind: str = Field(description="The kind of source.", examples=["sqlite"])
    path: str | None = Field(description="Where it is, without secrets.", examples=["/srv/app.db"])
    exists: bool = Field(description="Whether anything is there.", examples=[True])
    size_bytes: int = Field(description="Of what is there [bytes].", examples=[1048576])
    files: int | None = Field(description="How many files; null for a database.", examples=[12])
    modified_at: Instant | None = Field(description="When last written.", examples=[INSTANT])


class TargetShape(Shape):
    """The live data that would be replaced."""

    name: str = Field(description="Their name, or their fingerprint.", examples=["production"])
    fingerprint: str = Field(
        description="Stands for host, plan and places.", examples=["9f3a-01bc"]
    )
    hostname: str = Field(description="On which machine they are.", examples=["web-1"])
    places: list[PlaceShape] = Field(description="Where they are.")


class CheckShape(Shape):
    """A check that was made of the staged data."""

    name: str = Field(description="What was checked.", examples=["database/app.db integrity"])
    passed: bool = Field(description="Whether it passed.", examples=[True])
    detail: str = Field(description="What was found.", examples=["ok"])
    skipped: bool = Field(description="Whether it was not made.", examples=[False])


class OfferLinks(Shape):
    """Where to go from a restore that waits for its confirmation."""

    self: str | None = Field(description="It; null for a backup's.", examples=[None])
    confirm: str = Field(description="POST here to begin.", examples=[f"/restores/{TOKEN}/confirm"])


class OfferShape(Shape):
    """What a restore would replace. Nothing was changed, and nothing will be unconfirmed."""

    dry_run: bool = Field(description="Always true: nothing was changed.", examples=[True])
    kind: Literal["upload", "backup"] = Field(description="Of what.", examples=["upload"])
    confirmation: str | None = Field(
        description="Confirms it, once, for whoever asked; null when it is looked at again.",
        examples=[TOKEN],
    )
    expires_at: Instant = Field(description="Until when it can be confirmed.", examples=[INSTANT])
    confirm_with: str | None = Field(
        description="The name that must be sent as `confirm`; null if none is needed.",
        examples=["production"],
    )
    file_name: str | None = Field(
        description="What the file is called where it was sent from.", examples=["backup.zip"]
    )
    size_bytes: int | None = Field(description="Of the file.", examples=[1048576])
    backup: ContainedShape = Field(description="What would be restored.")
    target: TargetShape | None = Field(
        description="What would be replaced; null for a copy, which replaces nothing."
    )
    into: str | None = Field(
        description="The new folder of the server that a copy would be in; null in place.",
        examples=[None],
    )
    changes: list[ChangeShape] = Field(description="What would change.")
    checks: list[CheckShape] = Field(description="What was checked.")
    warnings: list[str] = Field(
        description="What is worth knowing before.",
        examples=[["The archive was made of plan shop, not of default"]],
    )
    links: OfferLinks = Field(description="Where to go from here.")


def offer_shape(offer: RestoreOffer, request: Request, token: str) -> OfferShape:
    """Return a restore that can be confirmed as the interface shows it."""
    upload, found = offer.upload, offer.plan
    sent = upload.path is not None
    target: dict[str, Any] | None = found["target"]
    itself = link(request, "restores", token)
    backup = link(request, "backups", str(upload.backup_id), "restore")
    return OfferShape(
        dry_run=True,
        kind="upload" if sent else "backup",
        confirmation=offer.token,
        expires_at=upload.expires_at,
        confirm_with=target["name"] if target and target["named"] else None,
        file_name=upload.file_name,
        size_bytes=upload.size_bytes if sent else None,
        backup=ContainedShape(**found["backup"]),
        target=TargetShape.model_validate(target) if target else None,
        into=offer.into,
        changes=[ChangeShape(**each) for each in found["changes"]],
        checks=[CheckShape(**each) for each in found["checks"]],
        warnings=list(found["warnings"]),
        links=OfferLinks(
            self=itself if sent else None, confirm=f"{itself}/confirm" if sent else backup
        ),
    )
