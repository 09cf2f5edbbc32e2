"""Errors: one sentence, a hint, the right exit status, and no traceback."""

from __future__ import annotations

import errno
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from holdfast import errors
from holdfast.cli.console import Console
from holdfast.cli.failures import report
from holdfast.errors import HoldfastError

EXIT_STATUSES = {
    "RepositoryNotFound": 10,
    "RepositoryLocked": 11,
    "LockLost": 11,
    "BackupBusy": 11,
    "WrongPassword": 12,
    "PasswordMissing": 12,
    "NoKeys": 12,
    "KeyDamaged": 12,
    "RecoveryKeyForeign": 12,
    "RecoveryKeyMistyped": 12,
    "ArchivePassphraseError": 12,
    "UsageError": 2,
    "ConfigError": 2,
    "ConfirmationRequired": 2,
    "AmbiguousBackupId": 2,
    "Cancelled": 130,
    "GuardRestoreFailed": 123,
    "GuardRefused": 125,
    "CommandNotExecutable": 126,
    "CommandNotFound": 127,
}


def show(error: BaseException, *, as_json: bool = False, **options: object) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    console = Console(json=as_json, out=out, err=err)
    status = report(error, console, **options)  # type: ignore[arg-type]
    return status, out.getvalue(), err.getvalue()


@pytest.mark.parametrize(
    "kind",
    [
        each
        for each in vars(errors).values()
        if isinstance(each, type)
        and issubclass(each, HoldfastError)
        and each is not errors.ProgramFailed  # it makes its own sentence; see below
    ],
    ids=lambda kind: kind.__name__,
)
def test_each_error_gives_its_exit_status(kind: type[HoldfastError]) -> None:
    more: dict[type[HoldfastError], dict[str, Any]] = {
        errors.AlreadyRun: {"run_at": datetime(2024, 5, 6, tzinfo=UTC)},
        errors.TooManyRequests: {"retry_after_s": 1},
    }
    status, _, err = show(kind("What happened", hint="What to do.", **more.get(kind, {})))
    assert status == EXIT_STATUSES.get(kind.__name__, 1)
    assert err == "holdfast: What happened\n  hint: What to do.\n"


def test_a_program_that_failed_is_named_with_its_exit_code() -> None:
    status, _, err = show(errors.ProgramFailed("pg_dump", 3, "no room"))
    assert (status, err) == (1, "holdfast: pg_dump failed with exit code 3: no room\n")


def test_with_json_the_error_is_the_one_document() -> None:
    status, out, err = show(errors.WrongPassword("No key opens"), as_json=True)
    assert json.loads(out) == {
        "error": {
            "code": "wrong-password",
            "message": "No key opens",
            "hint": None,
            "exit_code": status,
        }
    }
    assert (status, err) == (12, "")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "/x: Permission denied"),
        (
            OSError(errno.EXDEV, "Cross-device link", "/a", None, "/b"),
            "/a -> /b: Cross-device link",
        ),
        (TimeoutError("too slow"), "too slow"),
    ],
)
def test_an_error_of_the_system_is_a_sentence(error: OSError, sentence: str) -> None:
    status, _, err = show(error, verbose=True)
    assert (status, err) == (1, f"holdfast: {sentence}\n")


def test_an_unexpected_error_is_a_sentence_too() -> None:
    status, _, err = show(KeyError("blob"))
    assert status == 1
    assert err == (
        "holdfast: Unexpected error: KeyError: 'blob'\n"
        "  hint: This is a fault in Holdfast; --verbose shows the traceback.\n"
    )


def test_only_verbose_shows_the_traceback() -> None:
    try:
        raise KeyError("blob")
    except KeyError as error:
        _, _, err = show(error, verbose=True)
    assert "Traceback" in err
    assert "test_failures.py" in err


def test_a_signal_decides_the_exit_status_of_what_it_ended() -> None:
    assert show(errors.Cancelled("Cancelled"), signal_number=15)[0] == 143
    assert show(KeyboardInterrupt(), signal_number=2)[0] == 130
    assert show(errors.StoreError("Disk gone"), signal_number=2)[0] == 1
