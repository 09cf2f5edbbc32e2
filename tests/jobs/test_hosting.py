"""What only the application's process can do is asked of it, and its objects stay there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from holdfast import BackupService, RetentionPolicy, SettingsTable, TablesOptions
from holdfast.jobs import JobOptions
from holdfast.jobs.options import Order
from holdfast.jobs.protocol import Ended
from holdfast.jobs.work import WorkProcess, WorkThread, start_work
from holdfast.models.job import JobKind, JobStatus
from tests.jobs.conftest import MakeEngine
from tests.operations.application import PASSWORD, Application
from tests.rig.sim_clock import SimClock

LONG_S = 120.0


class Secret:
    """Hides a value, as pydantic's does."""

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        return self._value


@dataclass
class Settings:
    """Settings that are objects of the application."""

    values: dict[str, Any] = field(default_factory=dict)

    def export(self) -> Mapping[str, Any]:
        return self.values

    def restore(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)


def test_settings_come_back_with_the_secrets_that_never_left(
    application: Application, make_engine: MakeEngine
) -> None:
    """R56: the object that hides a secret is the same one afterwards."""
    secret = Secret("hush-hush")
    settings = Settings({"theme": "dark", "mail": {"host": "a", "login": secret}})
    engine = make_engine(service=application.service(settings=settings))
    backup = engine.wait(engine.submit(JobKind.BACKUP).id, LONG_S)
    settings.values = {"theme": "light", "mail": {"host": "b", "login": secret}}
    restore = engine.wait(
        engine.submit(JobKind.RESTORE, {"backup_id": backup.backup_id}).id, LONG_S
    )
    assert restore.status is JobStatus.COMPLETED, restore
    assert settings.values == {"theme": "dark", "mail": {"host": "a", "login": secret}}
    assert settings.values["mail"]["login"] is secret


def test_what_the_application_raises_fails_the_job_without_its_text(
    application: Application, make_engine: MakeEngine
) -> None:
    """Its kind is told; its text may hold anything, and is in the application's own log."""

    def settings() -> Mapping[str, Any]:
        raise LookupError("canary-in-a-message")

    engine = make_engine(service=application.service(settings=settings))
    job = engine.wait(engine.submit(JobKind.BACKUP).id, LONG_S)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "source-failed")
    assert job.error_message is not None
    assert "LookupError" in job.error_message
    assert "canary" not in job.error_message


def test_hooks_run_in_the_application_in_order_also_where_the_work_fails(
    application: Application, make_engine: MakeEngine
) -> None:
    """It stands still for the capture, and goes on whatever became of that."""
    calls: list[str] = []

    def settings() -> Mapping[str, Any]:
        calls.append("settings")
        if len(calls) > 3:
            raise LookupError("gone")
        return {}

    service = application.service(
        settings=settings,
        on_pause=lambda: calls.append("pause"),
        on_resume=lambda: calls.append("resume"),
    )
    engine = make_engine(service=service)
    assert engine.wait(engine.submit(JobKind.BACKUP).id, LONG_S).status is JobStatus.COMPLETED
    assert engine.wait(engine.submit(JobKind.BACKUP).id, LONG_S).status is JobStatus.FAILED
    assert calls == ["pause", "settings", "resume"] * 2


def test_a_host_that_cannot_be_paused_fails_the_job_with_its_reason(
    application: Application, make_engine: MakeEngine
) -> None:
    """The sentence is that of the application's process, said once."""

    def pause() -> None:
        raise RuntimeError("the camera does not stop")

    engine = make_engine(service=application.service(on_pause=pause))
    job = engine.wait(engine.submit(JobKind.BACKUP).id, LONG_S)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "hook-failed")
    assert job.error_message == (
        "The application could not be paused: RuntimeError: the camera does not stop"
    )


FULL: dict[str, Any] = {
    "database_url": "sqlite:///a.db",
    "encryption_password": PASSWORD,
    "directories": {"media": "media"},
    "databases": {"more": "postgresql://u:p%40ss-word@h/db"},
    "settings": SettingsTable(table="settings"),
    "references": {"media": "select name from t"},
    "expect": ["select true"],
    "retention": RetentionPolicy(keep_daily=7, keep_within="30d", keep_tags=("a",)),
    "tables": TablesOptions(tables=["t"]),
    "migration_head_command": "alembic heads",
    "schema_version": lambda: "1",
}


class _Host:
    def settings(self, *, restores: bool, comes_back_with: str | None) -> Settings:
        return Settings()

    def schema_version(self) -> str | None:
        return "7"

    def pause(self) -> None:
        """Nothing stands still."""

    def resume(self) -> None:
        """Nothing goes on."""


def test_a_service_made_again_protects_the_same(tmp_path: Path) -> None:
    """Its recipe is JSON, and its own recipe is the same again."""
    service = BackupService(backup_dir=tmp_path / "b", **FULL)
    recipe = service.recipe.to_json()
    values = json.loads(json.dumps(recipe))
    again = BackupService.of_recipe(values, _Host())
    assert again.recipe.to_json() == recipe
    assert [each.root for each in again.plan.sources] == [
        each.root for each in service.plan.sources
    ]
    assert again.retention == service.retention
    assert again.plan.schema_version is not None
    assert again.plan.schema_version() == "7"
    assert set(service.recipe.secrets()) == {PASSWORD, "p%40ss-word", "p@ss-word"}
    assert PASSWORD not in repr(service.recipe)


@pytest.mark.parametrize(
    "given",
    [
        {"tables": TablesOptions(models=Table("events", MetaData(), Column("id", Integer)))},
        {"clock": SimClock()},
        {"encryption_password": None, "ask_password": lambda new: PASSWORD},
    ],
    ids=["models", "clock", "prompt"],
)
def test_what_cannot_be_written_down_is_done_in_a_thread(
    given: dict[str, Any], application: Application
) -> None:
    """An object of the application cannot be given to another process."""
    recipe = BackupService(**{"database_url": "sqlite:///a.db", **given}).recipe
    assert recipe.to_json() is None


@pytest.mark.parametrize("isolation", ["process", "thread"])
def test_the_isolation_is_as_asked_for(isolation: str, application: Application) -> None:
    """A process of its own unless a thread is wanted."""
    options = JobOptions(isolation=isolation)  # type: ignore[arg-type]
    work = start_work(application.service(), Order(kind=JobKind.BACKUP), options)
    assert isinstance(work, WorkProcess if isolation == "process" else WorkThread)
    while not isinstance(work.next(LONG_S), Ended):
        pass


def test_a_worker_process_loads_no_catalog() -> None:
    """It has none to write to; and each job would pay for it."""
    code = "import sys, holdfast.jobs.worker; print('sqlalchemy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
