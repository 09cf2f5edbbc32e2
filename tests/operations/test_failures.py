"""What fails inside an operation fails the operation: nothing half-done counts as done."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from holdfast import CancellationToken, Progress
from holdfast.catalog import RunKind, RunLog, RunStatus
from holdfast.errors import Cancelled, HoldfastError
from tests.operations.application import Application
from tests.rig.tools import FAILURES, Behaviour, install_tool

_ANSWER = b'{"value": {"sqlite": "3.54.0"}}\n'
_ENDING = [each for each in FAILURES if "HANGS" not in each.name]


@pytest.mark.parametrize("behaviour", _ENDING, ids=lambda each: each.name)
def test_a_reader_that_fails_in_any_way_makes_no_backup(
    behaviour: Behaviour,
    application: Application,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R01: died, killed, cut short or silent: the run failed, and no backup is listed."""
    service = application.service(settings=None)
    service.init_repository()
    bad = install_tool(tmp_path / "bin", "python3", behaviour, output=_ANSWER)
    monkeypatch.setattr(sys, "executable", str(bad))
    with pytest.raises(HoldfastError):
        service.create_backup()
    monkeypatch.undo()
    assert service.list_backups() == []
    (run,) = RunLog(application.repository / "holdfast" / "runs.db").runs(kind=RunKind.BACKUP)
    assert run.status is RunStatus.FAILED
    assert application.leftovers() == []


def test_a_reader_that_hangs_can_be_cancelled(
    application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R01: a child that never answers is ended with the run."""
    service = application.service(settings=None)
    service.init_repository()
    bad = install_tool(tmp_path / "bin", "python3", Behaviour.HANGS_AT_ONCE)
    monkeypatch.setattr(sys, "executable", str(bad))
    token = CancellationToken()
    timer = threading.Timer(0.5, token.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        service.create_backup(cancel=token)
    timer.join()
    monkeypatch.undo()
    assert service.list_backups() == []


@pytest.mark.parametrize("source", ["thumbnails", "settings", "app"])
def test_a_source_that_fails_in_the_middle_of_a_restore_takes_all_back(
    source: str, application: Application
) -> None:
    """R14: whichever part fails to be replaced, all of the live data is as it was."""

    class Settings:
        def __init__(self) -> None:
            self.values = {"theme": "dark"}

        def export(self) -> dict[str, str]:
            return dict(self.values)

        def restore(self, values: dict[str, str]) -> None:
            self.values = dict(values)

    settings = Settings()
    service = application.service(settings=settings)
    service.create_backup()
    settings.values["theme"] = "light"
    application.add_events(2)
    (application.thumbnails / "1.jpg").unlink()
    before = application.state()

    def fail(progress: Progress) -> None:
        if progress.step == f"Replacing {source}":
            raise OSError("the disk went away")

    with pytest.raises(OSError, match="went away"):
        service.restore_backup("latest", progress=fail)
    assert application.state() == before
    assert settings.values == {"theme": "light"}
    assert application.leftovers() == []
    assert service.restore_backup("latest")
    assert settings.values == {"theme": "dark"}
    assert application.rows("select count(*) from events") == [(20,)]
