"""How a plan stands, as the interface shows it."""

from __future__ import annotations

from pydantic import Field

from holdfast.jobs.freshness import allowed_age
from holdfast.models.job import JobKind
from holdfast.web.protection import Finding, FindingCode, Standing, Verdict, judge
from holdfast.web.schemas.base import BACKUP_ID, INSTANT, JOB_ID, Instant, Shape


class FindingShape(Shape):
    """One thing that is wrong, so that a program can act on it."""

    code: FindingCode = Field(description="What it is.", examples=["job-failed"])
    message: str = Field(
        description="The same for people, as in `problems`.",
        examples=["The last job, backup, failed: The disk is full"],
    )
    backup_id: str | None = Field(description="The backup that it is about.", examples=[BACKUP_ID])
    job_id: str | None = Field(description="The job that it is about.", examples=[JOB_ID])
    job_kind: JobKind | None = Field(description="What that job does.", examples=["backup"])
    detail: str | None = Field(
        description="What that job said of its failure, or a check of what it found.",
        examples=["The disk is full"],
    )


class HealthShape(Shape):
    """Whether a plan is protected."""

    status: Verdict = Field(
        description="`ok`; `warning`: protected, but look at `problems`; `failing`: there is no"
        " good backup that is as new as the schedule promises.",
        examples=["ok"],
    )
    problems: list[str] = Field(
        description="What is wrong, worst first, for people.",
        examples=[["No backup has been verified"]],
    )
    findings: list[FindingShape] = Field(
        description="The same with a stable code each, and with what it is about.", examples=[[]]
    )
    plan: str = Field(description="The plan.", examples=["default"])
    checked_at: Instant = Field(description="When this was found out.", examples=[INSTANT])
    last_success_at: Instant | None = Field(
        description="When the newest good backup was taken.", examples=[INSTANT]
    )
    last_success_id: str | None = Field(description="Its id.", examples=[BACKUP_ID])
    last_success_age_s: float | None = Field(description="How old it is [s].", examples=[3600.0])
    last_verified_at: Instant | None = Field(
        description="When the newest backup that is proven was taken.", examples=[INSTANT]
    )
    last_verified_id: str | None = Field(description="Its id.", examples=[BACKUP_ID])
    last_proof_at: Instant | None = Field(
        description="When that backup was last verified or drilled.", examples=[INSTANT]
    )
    last_verified_age_s: float | None = Field(description="How old it is [s].", examples=[3600.0])
    allowed_age_s: float | None = Field(
        description="How old the newest good backup may be by the schedule [s]; null where none"
        " is kept.",
        examples=[176400.0],
    )
    next_run_at: Instant | None = Field(
        description="When the next backup is made by itself.", examples=[INSTANT]
    )
    running_jobs: list[str] = Field(
        description="Jobs that somebody is at work on.", examples=[[JOB_ID]]
    )
    worker_running: bool = Field(
        description="Whether jobs are done in the process that answers.", examples=[True]
    )


def health_shape(standing: Standing, plan: str) -> HealthShape:
    """Return how a plan stands as the interface shows it."""
    verdict, found = judge(standing)
    success, verified = standing.last_success, standing.last_verified
    allowed = allowed_age(standing.schedule, success.created_at) if success else None
    return HealthShape(
        status=verdict,
        problems=[each.message for each in found],
        findings=[_finding(each) for each in found],
        plan=plan,
        checked_at=standing.at,
        last_success_at=success.created_at if success else None,
        last_success_id=success.backup_id if success else None,
        last_success_age_s=(standing.at - success.created_at).total_seconds() if success else None,
        last_verified_at=verified.created_at if verified else None,
        last_verified_id=verified.backup_id if verified else None,
        last_proof_at=verified.verification_date if verified else None,
        last_verified_age_s=(
            (standing.at - verified.created_at).total_seconds() if verified else None
        ),
        allowed_age_s=allowed.total_seconds() if allowed else None,
        next_run_at=next(iter(standing.runs), None),
        running_jobs=[job.id for job in standing.active],
        worker_running=standing.working,
    )


def _finding(finding: Finding) -> FindingShape:
    job = finding.job
    return FindingShape(
        code=finding.code,
        message=finding.message,
        backup_id=finding.backup_id,
        job_id=job.id if job else None,
        job_kind=job.kind if job else None,
        detail=finding.detail or (job.error_message if job else None),
    )
