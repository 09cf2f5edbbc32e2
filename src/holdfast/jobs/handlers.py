"""What each kind of job does: it calls the service as anybody may."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from holdfast.errors import (
    HoldfastError,
    JobError,
    RepositoryDamaged,
    RequestInvalid,
    VerificationFailed,
)
from holdfast.jobs.desk import Desk
from holdfast.jobs.protocol import Outcome
from holdfast.models.backup import (
    BackupMetadata,
    BackupStatus,
    BackupType,
    BackupVerification,
    RestoreResult,
)
from holdfast.models.job import JobKind, JobStatus
from holdfast.models.manifest import Manifest
from holdfast.models.progress import Progress
from holdfast.operations.checking import MOST_PROBLEMS, facts_of_check
from holdfast.operations.findings import in_one_sentence
from holdfast.operations.recipe import policy_of
from holdfast.repository import CheckReport
from holdfast.service import BackupService

_log = logging.getLogger("holdfast.jobs")

SCHEDULED_WAIT_S = 600.0
"""How long a run of the schedule waits for a command line that writes."""
ASKED_WAIT_S = 30.0
"""And any other: somebody looks on."""

_CHECKED = ("snapshots", "packs", "packs_bytes", "packs_read", "bytes_read")

_REPLACING = ("Staging", "Making a safety backup", "Replacing")
_RESTORE_OPTIONS = {
    "create_safety_backup",
    "other_schema",
    "into",
    "paths",
    "sources",
    "tables",
    "keep_old",
    "trust_dump",
    "confirm",
}
_PARAMS: Mapping[JobKind, frozenset[str]] = {
    JobKind.BACKUP: frozenset(
        {
            "description",
            "tags",
            "compression",
            "compression_level",
            "encrypt",
            "verify",
            "allow_damaged",
            "sources",
            "scheduled",
            "policy",
            "max_removed_share",
            "due_at",
        }
    ),
    JobKind.RESTORE: frozenset({"backup_id", "verify_first", *_RESTORE_OPTIONS}),
    JobKind.RESTORE_ARCHIVE: frozenset({"path", "remove_after", *_RESTORE_OPTIONS}),
    JobKind.IMPORT: frozenset({"path", "remove_after"}),
    JobKind.VERIFY: frozenset({"backup_id"}),
    JobKind.DRILL: frozenset({"backup_id"}),
    JobKind.CLEANUP: frozenset({"policy", "dry_run"}),
    JobKind.UNDO: frozenset({"confirm", "expected_backup_id"}),
    JobKind.CHECK: frozenset({"read_data"}),
    JobKind.PRUNE: frozenset(),
    JobKind.COPY: frozenset(
        {"backup_id", "path", "remove_after", "into", "sources", "paths", "verify_first"}
    ),
}
_NEEDED: Mapping[JobKind, tuple[str, ...]] = {
    JobKind.RESTORE: ("backup_id",),
    JobKind.RESTORE_ARCHIVE: ("path",),
    JobKind.IMPORT: ("path",),
    JobKind.VERIFY: ("backup_id",),
    JobKind.DRILL: ("backup_id",),
}


def require_params(kind: JobKind, params: Mapping[str, Any]) -> None:
    """Find out before a job is added whether it can be understood.

    Raises:
        RequestInvalid: A parameter is unknown or missing.
    """
    unknown = sorted(set(params) - _PARAMS[kind])
    if unknown:
        raise RequestInvalid(
            f"A {kind.value} job takes no {', '.join(unknown)}",
            hint=f"It takes {', '.join(sorted(_PARAMS[kind]))}.",
        )
    if kind is JobKind.COPY and bool(params.get("backup_id")) == bool(params.get("path")):
        raise RequestInvalid("A copy job needs backup_id or path, and not both")
    missing = [name for name in _NEEDED.get(kind, ()) if not params.get(name)]
    if missing:
        raise RequestInvalid(f"A {kind.value} job needs {', '.join(missing)}")


def perform(service: BackupService, desk: Desk) -> Outcome:
    """Do what the order says; whatever goes wrong is in the outcome."""
    try:
        outcome = _HANDLERS[desk.order.kind](service, desk)
    except HoldfastError as error:
        return Outcome(error=error)
    except Exception as error:  # noqa: BLE001 - it is told as how the job ended
        _log.exception("A %s job failed unexpectedly", desk.order.kind.value)
        # Its own text may show anything; the log has it.
        failure = JobError(
            f"An unexpected error ended the work: {type(error).__name__}",
            hint="The log of the application has the details. Please report it.",
        )
        return Outcome(error=failure)
    if outcome.error is None:
        desk.finish()
    return outcome


def _back_up(service: BackupService, desk: Desk) -> Outcome:
    params, order = desk.order.params, desk.order
    scheduled = bool(params.get("scheduled"))

    def create() -> BackupMetadata:
        return service.create_backup(
            encrypt=params.get("encrypt"),
            compression=params.get("compression", True),
            compression_level=params.get("compression_level"),
            description=params.get("description"),
            tags=params.get("tags") or (),
            sources=params.get("sources") or (),
            backup_type=BackupType.SCHEDULED if scheduled else BackupType.MANUAL,
            trigger=order.trigger,
            verify=bool(params.get("verify")),
            allow_damaged=bool(params.get("allow_damaged")),
            due_at=order.due_at,
            retry_failed=True,
            progress=desk.progress,
            cancel=desk.cancel,
        )

    made = desk.patiently(create, SCHEDULED_WAIT_S if scheduled else ASKED_WAIT_S)
    desk.name_backup(made.backup_id)
    outcome = Outcome(
        backup_id=made.backup_id,
        result=facts_of(made),
        warnings=(*made.warnings, *made.problems),
        error=_disproof(made),
    )
    if outcome.error is not None or "policy" not in params:
        return outcome
    removed, warnings = _clean_up_after(service, desk, made)
    return replace(
        outcome,
        result={**outcome.result, "removed": list(removed)},
        warnings=(*outcome.warnings, *warnings),
    )


def facts_of(made: BackupMetadata) -> dict[str, Any]:
    """Return what a job says of the backup that it made."""
    names = (
        "status",
        "verified",
        "original_size",
        "stored_size",
        "compressed_size",
        "checksum",
        "table_counts",
        "total_records",
        "total_files",
        "only",
        "problems",
    )
    return {name: _plain(getattr(made, name)) for name in names}


def _disproof(made: BackupMetadata) -> VerificationFailed | None:
    """Return why a backup that was verified at once does not count."""
    if not made.disproven:
        return None
    return VerificationFailed(
        f"{made.backup_id} failed its verification: {in_one_sentence(made.verification_errors)}",
        hint="Do not rely on it. Check the repository and make another backup.",
    )


def _clean_up_after(
    service: BackupService, desk: Desk, made: BackupMetadata
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Apply the schedule's policy after a good run; what goes wrong there is a warning."""
    if made.status not in (BackupStatus.COMPLETED, BackupStatus.VERIFIED):
        return (), (f"{made.backup_id} is {made.status.value}; no old backup was removed",)
    policy = policy_of(desk.order.params["policy"])
    if policy is None or policy.is_empty:
        return (), ()
    try:
        plan = service.plan_retention(
            policy, max_removed_share=desk.order.params.get("max_removed_share")
        )
        done = service.apply_retention(plan, progress=desk.progress, cancel=desk.cancel)
    except HoldfastError as error:
        return (), (f"Old backups were not removed: {error.message}",)
    return done.removed, ()


def _restore(service: BackupService, desk: Desk) -> Outcome:
    params = desk.order.params
    desk.enter(JobStatus.VALIDATING)
    desk.name_backup(params["backup_id"])
    result = desk.patiently(
        lambda: service.restore_backup(
            params["backup_id"],
            verify_first=params.get("verify_first", True),
            trigger=desk.order.trigger,
            progress=_restoring(desk),
            cancel=desk.cancel,
            **_options(params),
        ),
        ASKED_WAIT_S,
    )
    return _restored(result)


def _restore_archive(service: BackupService, desk: Desk) -> Outcome:
    params = desk.order.params
    desk.enter(JobStatus.VALIDATING)
    proven: list[Manifest] = []

    def note(manifest: Manifest) -> None:
        proven.append(manifest)
        desk.name_backup(manifest.backup_id)

    try:
        result = desk.patiently(
            lambda: service.restore_archive(
                params["path"],
                on_proven=note,
                progress=_restoring(desk),
                cancel=desk.cancel,
                **_options(params),
            ),
            ASKED_WAIT_S,
        )
    finally:
        _remove_after(params)
    outcome = _restored(result)
    return replace(outcome, result={**outcome.result, "backup_created_at": proven[-1].created_at})


def _options(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was said of how to restore; the rest is as the service has it."""
    return {name: params[name] for name in _RESTORE_OPTIONS if params.get(name) is not None}


def _restoring(desk: Desk) -> Callable[[Progress], None]:
    """Return what takes progress, and tells when looking has turned into restoring."""

    def take(progress: Progress) -> None:
        if progress.step.startswith(_REPLACING):
            desk.enter(JobStatus.RESTORING)
        desk.progress(progress)

    return take


def _restored(result: RestoreResult) -> Outcome:
    return Outcome(
        backup_id=result.backup_id,
        items_restored=result.items_restored,
        result={
            "safety_backup_id": result.safety_backup_id,
            "restored_files": result.restored_files,
            "restored_bytes": result.restored_bytes,
            "kept": list(result.kept),
            "changes": _plain(result.changes),
            "checks": _plain(result.checks),
        },
        warnings=result.warnings,
    )


def _copy(service: BackupService, desk: Desk) -> Outcome:
    params, copies = desk.order.params, service.copies
    try:
        # It was promised to who asked; when the job is tried again, to nobody.
        promised = params.get("into")
        folder = Path(promised or copies.folder_for(params.get("backup_id") or ""))
        copies.require_free(folder)  # before all the work, not only after it
        with copies.scratch() as scratch:
            made = scratch / folder.name
            result = _laid_out(service, desk, made)
            copies.put(made, folder)
    finally:
        _remove_after(params)
    return _copied(result, folder)


def _laid_out(service: BackupService, desk: Desk, made: Path) -> RestoreResult:
    """Restore into a directory in scratch."""
    params = desk.order.params
    options: dict[str, Any] = {
        "into": made,
        "sources": params.get("sources") or (),
        "paths": params.get("paths") or (),
        "progress": desk.progress,
        "cancel": desk.cancel,
    }
    if params.get("path"):
        options["on_proven"] = lambda manifest: desk.name_backup(manifest.backup_id)
        return desk.patiently(
            lambda: service.restore_archive(params["path"], **options), ASKED_WAIT_S
        )
    desk.name_backup(params["backup_id"])
    options["verify_first"] = params.get("verify_first", True)
    return desk.patiently(
        lambda: service.restore_backup(params["backup_id"], **options), ASKED_WAIT_S
    )


def _copied(result: RestoreResult, folder: Path) -> Outcome:
    return Outcome(
        backup_id=result.backup_id,
        items_restored=result.items_restored,
        result={
            "into": str(folder),
            "restored_files": result.restored_files,
            "restored_bytes": result.restored_bytes,
            "checks": _plain(result.checks),
        },
        warnings=result.warnings,
    )


def _import(service: BackupService, desk: Desk) -> Outcome:
    params = desk.order.params
    try:
        made = desk.patiently(
            lambda: service.import_archive(
                params["path"], progress=desk.progress, cancel=desk.cancel
            ),
            ASKED_WAIT_S,
        )
    finally:
        _remove_after(params)
    return Outcome(backup_id=made.backup_id, result=facts_of(made), warnings=made.warnings)


def _remove_after(params: Mapping[str, Any]) -> None:
    """Remove an upload, whatever came of it."""
    if params.get("remove_after"):
        with suppress(OSError):
            Path(params["path"]).unlink(missing_ok=True)


def _undo(service: BackupService, desk: Desk) -> Outcome:
    desk.enter(JobStatus.VALIDATING)
    result = desk.patiently(
        lambda: service.undo(
            confirm=desk.order.params.get("confirm"),
            expected_backup_id=desk.order.params.get("expected_backup_id"),
            progress=_restoring(desk),
            cancel=desk.cancel,
        ),
        ASKED_WAIT_S,
    )
    return _restored(result)


def _verify(service: BackupService, desk: Desk) -> Outcome:
    backup_id = desk.order.params["backup_id"]
    return _proven(
        service.verify_backup(backup_id, progress=desk.progress, cancel=desk.cancel),
        "failed its verification",
    )


def _drill(service: BackupService, desk: Desk) -> Outcome:
    backup_id = desk.order.params["backup_id"]
    return _proven(
        service.drill(backup_id, progress=desk.progress, cancel=desk.cancel), "failed its drill"
    )


def _proven(proof: BackupVerification, failed: str) -> Outcome:
    error = None
    if not proof:
        error = VerificationFailed(
            f"{proof.backup_id} {failed}: {in_one_sentence(proof.errors)}",
            hint="Do not rely on it. Check the repository and make another backup.",
        )
    return Outcome(backup_id=proof.backup_id, result=_plain(proof), error=error)


def _clean_up(service: BackupService, desk: Desk) -> Outcome:
    params = desk.order.params
    plan = service.plan_retention(policy_of(params.get("policy")))
    going = [{"backup_id": each.backup_id, "size": each.stored_size} for each in plan.removed]
    if params.get("dry_run"):
        return Outcome(result={"would_remove": going, "paused": plan.paused})
    done = desk.patiently(
        lambda: service.apply_retention(plan, progress=desk.progress, cancel=desk.cancel),
        ASKED_WAIT_S,
    )
    return Outcome(
        result={
            "removed": list(done.removed),
            "freed_bytes": done.freed_bytes,
            "dropped": list(done.dropped),
        }
    )


def _check(service: BackupService, desk: Desk) -> Outcome:
    read_data = bool(desk.order.params.get("read_data"))
    report = desk.patiently(
        lambda: service.check(read_data, progress=desk.progress, cancel=desk.cancel),
        ASKED_WAIT_S,
    )
    return Outcome(
        result={
            **facts_of_check(report, read_data=read_data),
            **{name: _plain(getattr(report, name)) for name in _CHECKED},
        },
        warnings=report.notes[:MOST_PROBLEMS],
        error=_damage(report),
    )


def _damage(report: CheckReport) -> RepositoryDamaged | None:
    """Return why a repository that was checked is not sound."""
    if report.ok:
        return None
    first, more = report.findings[0], len(report.findings) - 1
    others = f", and {more} more" if more else ""
    return RepositoryDamaged(
        f"The repository is damaged: {first}{others}",
        hint=" ".join(dict.fromkeys(each.remedy for each in report.findings)),
    )


def _prune(service: BackupService, desk: Desk) -> Outcome:
    freed_bytes = desk.patiently(
        lambda: service.prune(progress=desk.progress, cancel=desk.cancel), ASKED_WAIT_S
    )
    return Outcome(result={"freed_bytes": freed_bytes})


def _plain(value: Any) -> Any:
    """Return a value as JSON values."""
    return msgspec.to_builtins(value, builtin_types=(), str_keys=True)


_Handler = Callable[[BackupService, Desk], Outcome]
_HANDLERS: Mapping[JobKind, _Handler] = {
    JobKind.BACKUP: _back_up,
    JobKind.RESTORE: _restore,
    JobKind.RESTORE_ARCHIVE: _restore_archive,
    JobKind.IMPORT: _import,
    JobKind.UNDO: _undo,
    JobKind.VERIFY: _verify,
    JobKind.DRILL: _drill,
    JobKind.CLEANUP: _clean_up,
    JobKind.CHECK: _check,
    JobKind.PRUNE: _prune,
    JobKind.COPY: _copy,
}
