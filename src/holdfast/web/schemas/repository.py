"""The repository as the interface shows it: who opens it, who is at work, and how sound it is."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from holdfast.web.schemas.base import INSTANT, JOB_ID, Body, Instant, Shape

_KEY_ID = "3f1c9a" + "0" * 58


class KeyRole(StrEnum):
    """What opens a key of the repository."""

    PASSWORD = "password"  # noqa: S105 - a kind of key, and no secret
    RECOVERY = "recovery"
    NONE = "none"


class EscrowState(StrEnum):
    """Whether a way into the repository survives the machine that makes the backups."""

    KEPT = "kept"
    NOT_TRIED = "not-tried"
    MISSING = "missing"
    NOT_NEEDED = "not-needed"


class KeyShape(Shape):
    """One key of the repository."""

    id: str = Field(description="Id of the key.", examples=[_KEY_ID])
    label: KeyRole = Field(
        description="What opens it: a `password`, a `recovery` key on paper, or `none` is needed.",
        examples=["password"],
    )
    hostname: str = Field(description="The machine that made it.", examples=["web-1"])
    username: str = Field(
        description="Who made it; of a recovery key, its name.", examples=["recovery-K7M2Q"]
    )
    created_at: Instant = Field(description="When it was made.", examples=[INSTANT])
    current: bool = Field(
        description="Whether it is the one that this service opens the repository with.",
        examples=[True],
    )


class LockShape(Shape):
    """Somebody who is at work in the repository, or was when they died."""

    hostname: str = Field(description="The machine.", examples=["web-1"])
    username: str = Field(description="The user of the system.", examples=["app"])
    pid: int = Field(description="The process.", examples=[4711])
    created_at: Instant = Field(
        description="When it last showed a sign of life.", examples=[INSTANT]
    )
    exclusive: bool = Field(
        description="Whether it keeps out all others, as what removes does.", examples=[False]
    )
    stale: bool = Field(
        description="Whether its holder is certainly gone, so that `unlock` removes it.",
        examples=[False],
    )


class RepositoryCheckShape(Shape):
    """The newest check that came to a result."""

    at: Instant = Field(description="When it ended.", examples=[INSTANT])
    job_id: str | None = Field(
        description="The job that did it; null for a command line or another plan.",
        examples=[JOB_ID],
    )
    read_data: bool = Field(
        description="Whether every stored byte was read, rather than the structure only.",
        examples=[True],
    )
    passed: bool = Field(description="Whether nothing is wrong.", examples=[True])
    problems: list[str] = Field(
        description="What is wrong, for people; the first 20.",
        examples=[["data/3f/3f1c: is missing (touches backup_20260131_020000)"]],
    )


class RepositoryPruneShape(Shape):
    """The newest prune, by itself or within a cleanup."""

    at: Instant = Field(description="When it ended.", examples=[INSTANT])
    job_id: str | None = Field(
        description="The prune job that did it; null for a cleanup, a command line, another plan.",
        examples=[JOB_ID],
    )
    freed_bytes: int = Field(
        description="How many bytes less the repository occupied.", examples=[1048576]
    )


class RecoveryShape(Shape):
    """Whether losing this machine loses the way into the backups, too."""

    state: EscrowState = Field(
        description="`kept`: elsewhere, and tried; `not-tried`: kept, and nobody has tried it for"
        " long; `missing`: nothing is kept; `not-needed`: the repository is not encrypted.",
        examples=["kept"],
    )
    message: str = Field(
        description="The same, for people.",
        examples=["Recovery key K7M2Q opened the repository on 2026-01-31."],
    )
    command: str | None = Field(
        description="What to type on the server to mend or prove it; null where nothing is to do.",
        examples=["holdfast keys drill --repo /var/backups/app"],
    )


class RepositoryShape(Shape):
    """Where the backups are kept, and how it stands there."""

    exists: bool = Field(
        description="Whether there is a repository; the first backup makes it.", examples=[True]
    )
    location: str = Field(description="Where it is; no secret.", examples=["/var/backups/app"])
    store: str = Field(description="What kind of place that is.", examples=["local"])
    repository_id: str | None = Field(
        description="What tells it from any other; null where there is none.",
        examples=["9d51" + "0" * 60],
    )
    format_version: int | None = Field(description="Version of restic's format.", examples=[2])
    encrypted: bool | None = Field(description="Whether it needs a key.", examples=[True])
    snapshots: int = Field(
        description="How many there are in it: also of other plans, and those of restic.",
        examples=[42],
    )
    stored_size_bytes: int = Field(description="What it occupies [bytes].", examples=[4194304])
    free_bytes: int | None = Field(
        description="What is free on its medium [bytes]; null where that is not known.",
        examples=[107374182400],
    )
    keys: list[KeyShape] = Field(description="What opens it, oldest first.")
    locks: list[LockShape] = Field(description="Who is at work in it, oldest first.")
    last_check: RepositoryCheckShape | None = Field(
        description="The newest check that came to a result; null if none is known."
    )
    last_prune: RepositoryPruneShape | None = Field(
        description="The newest prune; null if none is known."
    )
    recovery: RecoveryShape | None = Field(
        description="Whether the way in is kept elsewhere; null where there is no repository."
    )


class CheckRequest(Body):
    """How thorough a check is to be."""

    read_data: bool = Field(
        default=False,
        description="Read and prove every stored byte as well, which takes as long as that takes.",
        examples=[True],
    )


class PruneRequest(Body):
    """Whether to look first."""

    dry_run: bool = Field(
        default=False, description="Only say what would be freed.", examples=[True]
    )


class PrunePreview(Shape):
    """What a prune would do."""

    dry_run: bool = Field(description="Always true: nothing was changed.", examples=[True])
    would_free_bytes: int = Field(
        description="About how many bytes the repository would occupy less.", examples=[1048576]
    )
    would_repack_bytes: int = Field(
        description="How many bytes would be written anew for that.", examples=[524288]
    )
    total_bytes: int = Field(description="What its packs occupy now [bytes].", examples=[4194304])
    unused_bytes_kept: int = Field(
        description="What nothing uses and would stay, as to rewrite it costs more than it frees.",
        examples=[4096],
    )
    packs_kept: int = Field(description="Packs that would stay as they are.", examples=[12])
    packs_repacked: int = Field(
        description="Packs of which what is used would be written anew.", examples=[1]
    )
    packs_removed: int = Field(
        description="Packs that would go, as nothing uses them.", examples=[2]
    )
    packs_unreferenced: int = Field(
        description="Packs that interrupted work left, which would go too.", examples=[0]
    )


class UnlockShape(Shape):
    """What an unlock did."""

    removed: int = Field(description="How many locks of dead processes were removed.", examples=[1])


def no_repository(location: str, store: str, free_bytes: int | None) -> RepositoryShape:
    """Return what is shown before the first backup makes the repository."""
    return RepositoryShape(
        exists=False,
        location=location,
        store=store,
        repository_id=None,
        format_version=None,
        encrypted=None,
        snapshots=0,
        stored_size_bytes=0,
        free_bytes=free_bytes,
        keys=[],
        locks=[],
        last_check=None,
        last_prune=None,
        recovery=None,
    )
