"""Every error that Holdfast raises on purpose, in one tree.

Each class carries a stable `code` (for programs), an `exit_code` (for shells) and an
`http_status` (for the REST API), so that each face of Holdfast maps errors once and in
one place. An instance carries a sentence for the user and a hint of what to do next.
Neither may ever contain a secret.

    HoldfastError
    ├── UsageError
    │   ├── ConfigError
    │   ├── PasswordMissing
    │   ├── ConfirmationRequired
    │   ├── RecoveryKeyMistyped
    │   ├── BackupNotFound
    │   ├── AmbiguousBackupId
    │   ├── PathNotInBackup
    │   └── ChannelNotFound
    ├── Cancelled
    ├── NotEnoughSpace
    ├── StoreError
    │   ├── ObjectNotFound
    │   ├── ObjectExists
    │   └── InvalidObjectName
    ├── RepositoryError
    │   ├── RepositoryNotFound
    │   ├── RepositoryExists
    │   ├── RepositoryLocked
    │   ├── LockLost
    │   ├── WrongPassword
    │   ├── NoKeys
    │   ├── KeyDamaged
    │   ├── RecoveryKeyForeign
    │   ├── EncryptionMismatch
    │   ├── UnsupportedRepository
    │   └── RepositoryDamaged
    ├── SourceError
    │   ├── SourceNotFound
    │   ├── DatabaseLocked
    │   ├── NotADatabase
    │   ├── DatabaseEncrypted
    │   ├── DatabaseDamaged
    │   ├── DatabaseChanged
    │   ├── DatabaseUnreachable
    │   ├── DatabaseRefused
    │   ├── ContainerUnavailable
    │   ├── ClientMissing
    │   ├── ProgramFailed
    │   └── AgentFailed
    ├── RestoreError
    │   ├── BackupTooNew
    │   ├── RestoreCheckFailed
    │   ├── LiveDataChanged
    │   ├── SchemaMismatch
    │   ├── DataDoesNotFit
    │   ├── TargetInUse
    │   ├── TargetExists
    │   ├── GuardRestoreFailed
    │   ├── RestoreInterrupted
    │   └── NothingToUndo
    ├── VerificationFailed
    ├── GuardRefused
    ├── CommandNotFound
    ├── CommandNotExecutable
    ├── ArchiveError
    │   ├── ArchiveDamaged
    │   ├── ArchiveTooNew
    │   ├── ArchiveRefused
    │   ├── BackupFileCorrupted
    │   └── ArchivePassphraseError
    ├── RetentionError
    │   └── RetentionPaused
    ├── BackupBusy
    ├── AlreadyRun
    ├── HookFailed
    ├── JobError
    │   ├── JobNotFound
    │   ├── JobFinished
    │   ├── JobNotFinished
    │   ├── LeaseLost
    │   └── JobInterrupted
    ├── CatalogError
    │   └── CatalogTooNew
    ├── RequestRefused
    │   ├── NotAuthenticated
    │   ├── PermissionDenied
    │   ├── StepUpRequired
    │   ├── OriginRefused
    │   ├── RequestInvalid
    │   ├── IdempotencyConflict
    │   ├── PreconditionFailed
    │   ├── PreconditionRequired
    │   ├── UploadTooLarge
    │   ├── UploadNotFound
    │   ├── LinkExpired
    │   │   └── DownloadExpired
    │   ├── RangeNotSatisfiable
    │   └── TooManyRequests
    ├── AccountError
    │   ├── AccountNotFound
    │   ├── AccountExists
    │   └── LastAdmin
    ├── NotificationFailed
    └── MissingExtra
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import ClassVar


class HoldfastError(Exception):
    """An operation could not be done; the message says what happened and to what.

    Attributes:
        message: One sentence for the user, naming the thing concerned.
        hint: One sentence saying what to do next, or None.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(HoldfastError):
    """The request cannot be understood or does not fit this installation."""

    code = "usage"
    exit_code = 2
    http_status = 400


class ConfigError(UsageError):
    """A setting has a wrong value, an unknown name, or is missing."""

    code = "config-invalid"


class PasswordMissing(UsageError):
    """A repository password is needed and none was given."""

    code = "password-missing"
    exit_code = 12
    http_status = 503


class ConfirmationRequired(UsageError):
    """A destructive act was asked for without confirmation."""

    code = "confirmation-required"
    http_status = 409


class RecoveryKeyMistyped(UsageError):
    """What was given for a recovery key has a typing mistake, or is none; nothing was tried."""

    code = "recovery-key-mistyped"
    exit_code = 12


class BackupNotFound(UsageError):
    """No backup has the given id."""

    code = "backup-not-found"
    exit_code = 1
    http_status = 404


class AmbiguousBackupId(UsageError):
    """The given prefix fits more than one backup."""

    code = "backup-id-ambiguous"
    http_status = 409


class PathNotInBackup(UsageError):
    """The backup holds no file or directory at the given path."""

    code = "path-not-in-backup"
    exit_code = 1
    http_status = 404


class ChannelNotFound(UsageError):
    """The plan has no notification channel of this name."""

    code = "channel-not-found"
    exit_code = 1
    http_status = 404


class Cancelled(HoldfastError):
    """The work was cancelled; nothing half-done is left."""

    code = "cancelled"
    exit_code = 130
    http_status = 409


class NotEnoughSpace(HoldfastError):
    """The disk has not the room that the work needs."""

    code = "disk-full"
    http_status = 507


class StoreError(HoldfastError):
    """The place where objects are kept did not do what was asked."""

    code = "store-failed"
    http_status = 502


class ObjectNotFound(StoreError):
    """The store holds no object of that name."""

    code = "object-not-found"


class ObjectExists(StoreError):
    """The store holds an object of that name already; objects are never replaced."""

    code = "object-exists"


class InvalidObjectName(StoreError):
    """The name is not one that a repository object can have."""

    code = "object-name-invalid"


class RepositoryError(HoldfastError):
    """The repository cannot be used as asked."""

    code = "repository-error"


class RepositoryNotFound(RepositoryError):
    """There is no repository at the given place."""

    code = "repository-not-found"
    exit_code = 10
    http_status = 404


class RepositoryExists(RepositoryError):
    """There is a repository at the given place already; it is left as it is."""

    code = "repository-exists"
    http_status = 409


class RepositoryLocked(RepositoryError):
    """Another process holds a lock that excludes this work."""

    code = "repository-locked"
    exit_code = 11
    http_status = 423


class LockLost(RepositoryError):
    """Our lock expired or was removed by another process; work stopped before its next write."""

    code = "lock-lost"
    exit_code = 11
    http_status = 423


class WrongPassword(RepositoryError):
    """No key of the repository opens with this password."""

    code = "wrong-password"
    exit_code = 12
    http_status = 503


class NoKeys(RepositoryError):
    """The repository has no key file, so no password can open it."""

    code = "keys-missing"
    exit_code = 12


class KeyDamaged(RepositoryError):
    """A key file is unreadable; the password may well be right."""

    code = "key-damaged"
    exit_code = 12


class RecoveryKeyForeign(RepositoryError):
    """The recovery key is intact, and of another repository, or was removed from this one."""

    code = "recovery-key-foreign"
    exit_code = 12
    http_status = 403


class EncryptionMismatch(RepositoryError):
    """Encryption was demanded of a repository that was made without."""

    code = "encryption-mismatch"
    http_status = 409


class UnsupportedRepository(RepositoryError):
    """The repository has a format version that this Holdfast cannot read."""

    code = "repository-unsupported"


class RepositoryDamaged(RepositoryError):
    """An object of the repository is missing, truncated or altered.

    Attributes:
        check: Which step of reading showed it: `existence`, `decryption`, `decompression` or
            `checksum`.
    """

    code = "repository-damaged"

    def __init__(self, message: str, *, hint: str | None = None, check: str = "existence") -> None:
        super().__init__(message, hint=hint)
        self.check = check


class SourceError(HoldfastError):
    """Something that the plan protects cannot be captured."""

    code = "source-failed"


class SourceNotFound(SourceError):
    """The database, directory or table to protect is not there."""

    code = "source-not-found"
    http_status = 404


class DatabaseLocked(SourceError):
    """Another process kept the database locked for longer than the timeout."""

    code = "database-locked"
    http_status = 423


class NotADatabase(SourceError):
    """The file is not a database of the expected kind."""

    code = "not-a-database"


class DatabaseEncrypted(NotADatabase):
    """The file looks like an encrypted database, which cannot be read without its key."""

    code = "database-encrypted"


class DatabaseDamaged(SourceError):
    """The database fails its own integrity check."""

    code = "database-damaged"


class DatabaseChanged(SourceError):
    """The database was changed while it was read, and what was read is not one moment."""

    code = "database-changed"
    http_status = 409


class DatabaseUnreachable(SourceError):
    """The database server does not answer, or ended the connection."""

    code = "database-unreachable"
    http_status = 503


class DatabaseRefused(SourceError):
    """The database server refused the login, or its user may not do what is needed."""

    code = "database-refused"
    http_status = 403


class ContainerUnavailable(SourceError):
    """The container that the plan names is not there or does not run."""

    code = "container-unavailable"
    http_status = 503


class ClientMissing(SourceError):
    """No client program that fits the database server is installed."""

    code = "client-missing"
    http_status = 501


class ProgramFailed(SourceError):
    """A client program did not do its work.

    Attributes:
        program: Its name.
        status: Its exit status, negative for a signal; None if it was ended for its silence.
        said: What it wrote to standard error, cut to its end and without secrets.
    """

    code = "program-failed"

    def __init__(
        self, program: str, status: int | None, said: str, *, hint: str | None = None
    ) -> None:
        self.program = program
        self.status = status
        self.said = said
        super().__init__(f"{program} {_ending(status)}{': ' + said if said else ''}", hint=hint)


def _ending(status: int | None) -> str:
    if status is None:
        return "neither took nor gave a byte for too long and was ended"
    if status < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-status).name}"
    return f"failed with exit code {status}"


class AgentFailed(SourceError):
    """The helper process ended without an answer or did not answer in time."""

    code = "helper-failed"


class RestoreError(HoldfastError):
    """A restore could not be done; the live data is as it was."""

    code = "restore-failed"


class BackupTooNew(RestoreError):
    """The backup was written in a newer format than this Holdfast reads."""

    code = "backup-too-new"
    http_status = 422


class RestoreCheckFailed(RestoreError):
    """What was staged for the restore did not pass its checks."""

    code = "restore-check-failed"
    http_status = 422


class LiveDataChanged(RestoreError):
    """The live data was written to since it was last saved; nothing was replaced."""

    code = "live-data-changed"
    http_status = 409


class SchemaMismatch(RestoreError):
    """The backup is of another schema version than the application's code."""

    code = "schema-mismatch"
    http_status = 409


class DataDoesNotFit(RestoreError):
    """The target cannot hold what the backup has: a type or a table is missing there."""

    code = "data-does-not-fit"
    http_status = 422


class TargetInUse(RestoreError):
    """The target of the restore cannot be replaced while it is in use as it is."""

    code = "target-in-use"
    http_status = 423


class TargetExists(RestoreError):
    """The target of the restore exists and was not named as one to replace."""

    code = "target-exists"
    http_status = 409


class GuardRestoreFailed(RestoreError):
    """A guarded command failed, and the data could not be brought back."""

    code = "guard-restore-failed"
    exit_code = 123


class RestoreInterrupted(RestoreError):
    """An interrupted restore can, as things are, be neither finished nor taken back."""

    code = "restore-interrupted"
    http_status = 409


class NothingToUndo(RestoreError):
    """There is no restore whose safety backup could be put back."""

    code = "nothing-to-undo"
    http_status = 404


class VerificationFailed(HoldfastError):
    """A backup did not pass verification."""

    code = "verification-failed"
    http_status = 422


class GuardRefused(HoldfastError):
    """A guarded command was not run: there is no backup that is whole and proven."""

    code = "guard-refused"
    exit_code = 125
    http_status = 409


class CommandNotFound(HoldfastError):
    """There is no such program to run; nothing was changed."""

    code = "command-not-found"
    exit_code = 127
    http_status = 422


class CommandNotExecutable(HoldfastError):
    """The program is there and cannot be run; nothing was changed."""

    code = "command-not-executable"
    exit_code = 126
    http_status = 422


class ArchiveError(HoldfastError):
    """A portable archive cannot be read or written."""

    code = "archive-error"
    http_status = 422


class ArchiveDamaged(ArchiveError):
    """The archive is truncated, altered or incomplete."""

    code = "archive-damaged"


class ArchiveTooNew(ArchiveError):
    """The archive was written in a newer format than this Holdfast reads."""

    code = "archive-too-new"


class ArchiveRefused(ArchiveError):
    """The archive holds something that an honest archive does not."""

    code = "archive-refused"


class BackupFileCorrupted(ArchiveError):
    """A backup file that was sent is not whole, or is none that may be restored."""

    code = "backup-file-corrupted"
    http_status = 400


class ArchivePassphraseError(ArchiveError):
    """The archive's passphrase is missing or wrong."""

    code = "archive-passphrase"
    exit_code = 12


class RetentionError(HoldfastError):
    """A retention policy cannot be applied."""

    code = "retention-error"
    http_status = 409


class RetentionPaused(RetentionError):
    """A policy would delete while the newest runs failed or look anomalous; nothing was deleted."""

    code = "retention-paused"


class BackupBusy(HoldfastError):
    """Another write operation of this plan is running."""

    code = "backup-busy"
    exit_code = 11
    http_status = 423


class AlreadyRun(HoldfastError):
    """The scheduled run has been, in another process; nothing was made.

    Attributes:
        run_at: When the newest such run began.
    """

    code = "already-run"
    http_status = 409

    def __init__(self, message: str, *, run_at: datetime, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.run_at = run_at


class HookFailed(HoldfastError):
    """The host application could not be paused, so nothing was captured or replaced."""

    code = "hook-failed"


class JobError(HoldfastError):
    """Something about a job is not as it was expected to be."""

    code = "job-error"
    http_status = 409


class JobNotFound(JobError):
    """There is no job with this id."""

    code = "job-not-found"
    http_status = 404


class JobFinished(JobError):
    """The job came to its end already, so it cannot be cancelled."""

    code = "job-finished"


class JobNotFinished(JobError):
    """The job is still under way, so it cannot be tried again."""

    code = "job-not-finished"


class LeaseLost(JobError):
    """Another process has taken the job over; whoever held it must not write of it any more."""

    code = "lease-lost"


class JobInterrupted(JobError):
    """The process that did the work ended, or was stopped, before the work was done."""

    code = "job-interrupted"
    http_status = 500


class CatalogError(HoldfastError):
    """The catalog of jobs, schedules and users cannot be read or written."""

    code = "catalog-failed"
    http_status = 503


class CatalogTooNew(CatalogError):
    """The catalog was made by a newer Holdfast."""

    code = "catalog-too-new"


class RequestRefused(HoldfastError):
    """A request over HTTP cannot be served as it was made."""

    code = "request-refused"
    http_status = 400


class NotAuthenticated(RequestRefused):
    """The request does not say who makes it, or not in a way that is accepted."""

    code = "not-authenticated"
    http_status = 401


class PermissionDenied(RequestRefused):
    """Who makes the request may not do this."""

    code = "permission-denied"
    http_status = 403


class StepUpRequired(RequestRefused):
    """This destroys or discloses data, so the password is needed once more."""

    code = "step-up-required"
    http_status = 403


class OriginRefused(RequestRefused):
    """The request comes from another site, or names a host that this server is not."""

    code = "origin-refused"
    http_status = 403


class RequestInvalid(RequestRefused):
    """A parameter or the body of a request is not as the interface describes it."""

    code = "request-invalid"
    http_status = 422


class IdempotencyConflict(RequestRefused):
    """The idempotency key was used before, with another request."""

    code = "idempotency-conflict"
    http_status = 409


class PreconditionFailed(RequestRefused):
    """What is to be changed has changed since it was read."""

    code = "precondition-failed"
    http_status = 412


class PreconditionRequired(RequestRefused):
    """A change must say, by If-Match, what it was decided on."""

    code = "precondition-required"
    http_status = 428


class UploadTooLarge(RequestRefused):
    """A file that was sent is larger than may be sent."""

    code = "upload-too-large"
    http_status = 413


class UploadNotFound(RequestRefused):
    """There is no such upload, or it has expired."""

    code = "upload-not-found"
    http_status = 404


class LinkExpired(RequestRefused):
    """A link to download has expired, or was never given."""

    code = "link-expired"
    http_status = 404


class DownloadExpired(LinkExpired):
    """The time in which a backup could be downloaded is over; a list hands out a new link."""

    code = "download-expired"
    http_status = 410


class RangeNotSatisfiable(RequestRefused):
    """The part that was asked for lies outside of the file."""

    code = "range-not-satisfiable"
    http_status = 416


class TooManyRequests(RequestRefused):
    """Too many attempts in too short a time.

    Attributes:
        retry_after_s: After how long another attempt is served [s].
    """

    code = "too-many-requests"
    http_status = 429

    def __init__(self, message: str, *, retry_after_s: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class AccountError(HoldfastError):
    """An account of the server cannot be used or changed as asked."""

    code = "account-error"
    http_status = 422


class AccountNotFound(AccountError):
    """There is no such user or token."""

    code = "account-not-found"
    http_status = 404


class AccountExists(AccountError):
    """There is a user of this name already."""

    code = "account-exists"
    http_status = 409


class LastAdmin(AccountError):
    """The last administrator cannot be removed, disabled or given a lesser role."""

    code = "last-admin"
    http_status = 409


class NotificationFailed(HoldfastError):
    """A notification could not be delivered.

    Attributes:
        again: Whether it may go well later, as it is.
    """

    code = "notification-failed"
    http_status = 502

    def __init__(self, message: str, *, hint: str | None = None, again: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.again = again


class MissingExtra(HoldfastError):
    """An optional part of Holdfast is not installed."""

    code = "extra-missing"
    http_status = 501


def error_of_code(
    code: str, message: str, hint: str | None = None, *, otherwise: type[HoldfastError]
) -> HoldfastError:
    """Return the error that was written down elsewhere by its code, message and hint.

    Args:
        otherwise: Its class where no error has the code.
    """
    kind = next((each for each in _kinds(HoldfastError) if each.code == code), otherwise)
    error = kind.__new__(kind)  # some take more than a sentence, which is all that is left of it
    HoldfastError.__init__(error, message, hint=hint)
    return error


def _kinds(kind: type[HoldfastError]) -> Iterator[type[HoldfastError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)
