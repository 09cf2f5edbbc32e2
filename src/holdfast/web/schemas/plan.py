"""A plan as the interface shows it: what is protected, and how."""

from __future__ import annotations

from pydantic import Field

from holdfast.web.schemas.base import Shape


class SourceShape(Shape):
    """One thing that the plan protects."""

    name: str = Field(
        description="Its name, as `sources` of a new backup and of a restore take it.",
        examples=["app"],
    )
    root: str = Field(description="Its place in a backup.", examples=["database/app.db"])
    kind: str = Field(
        description="`sqlite`, `postgresql`, `mysql`, `tables`, `directory` or `settings`.",
        examples=["sqlite"],
    )
    location: str | None = Field(
        description="Where the live data are, without secrets; null for settings that the"
        " application itself keeps.",
        examples=["/srv/shop/data/app.db"],
    )


class PlanShape(Shape):
    """What is protected, and how backups are made unless a request says otherwise."""

    name: str = Field(description="Name of the plan.", examples=["default"])
    app: str = Field(description="Name of the application.", examples=["shop"])
    app_version: str | None = Field(
        description="Version of the application, where it told one.", examples=["2.4.0"]
    )
    holdfast_version: str = Field(description="Version of Holdfast.", examples=["0.1.0"])
    target_name: str | None = Field(
        description="What the live data are called, where a restore in their place must name them.",
        examples=["production"],
    )
    compression: bool = Field(
        description="Whether backups by the schedule are compressed.", examples=[True]
    )
    compression_level: int = Field(description="zstd level, 1 fast to 19 small.", examples=[1])
    max_upload_bytes: int = Field(
        description="The largest archive that may be sent.", examples=[68719476736]
    )
    sources: list[SourceShape] = Field(
        description="What is protected, in the order in which it is captured."
    )
    copies_dir: str = Field(
        description="The directory of the server in which a restore with `target` `copy` makes"
        " its new folder.",
        examples=["/srv/restored"],
    )
    safety_backup: bool = Field(
        description="Whether a restore backs up what it replaces unless told not to.",
        examples=[True],
    )
    verify_after_create: bool = Field(
        description="Whether backups by the schedule are verified at once.", examples=[True]
    )
