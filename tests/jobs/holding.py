"""An application that keeps the work on its data waiting at a chosen moment.

What a worker process asks of the application's own process is where work can be held without
touching it: the hooks, the settings and the schema version. Run as a process of its own it does
one job and is killed by the test.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holdfast import BackupService
from holdfast.jobs import JobEngine, JobOptions
from holdfast.models.job import JobKind
from tests.operations.application import Application

BACKUP_PHASES = ("pausing", "capturing", "resuming")
RESTORE_PHASES = ("validating", "pausing", "saving", "swapping", "resuming")


@dataclass
class HeldApplication:
    """An application whose settings are in a file, and which may hold whoever asks it.

    Attributes:
        at: The phase to hold at; empty holds nobody.
        held: Set when somebody is held.
        go: Whoever is held goes on when it is set.
        calls: What was asked, in order.
    """

    app: Application
    at: str = ""
    on_held: Callable[[], None] = field(default=lambda: None)
    held: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    calls: list[str] = field(default_factory=list)

    @property
    def settings_file(self) -> Path:
        return self.app.root / "settings.json"

    def create(self) -> None:
        self.settings_file.write_text(json.dumps({"theme": "dark"}))

    def export(self) -> Mapping[str, Any]:
        """Of the settings: after the pause it is a capture."""
        if "pausing" in self.calls:
            self._pass("capturing", "saving")
        found: dict[str, Any] = json.loads(self.settings_file.read_text())
        return found

    def restore(self, values: Mapping[str, Any]) -> None:
        self._pass("swapping")
        self.settings_file.write_text(json.dumps(dict(values)))

    def pause(self) -> None:
        self._pass("pausing")

    def resume(self) -> None:
        self._pass("resuming")

    def schema_version(self) -> str | None:
        self._pass("validating")
        return None

    def _pass(self, *phases: str) -> None:
        self.calls.append(phases[0])
        if self.at in phases:
            self.at = ""
            self.held.set()
            self.on_held()
            self.go.wait()

    def service(self, **options: Any) -> BackupService:
        return self.app.service(
            **{
                "settings": self,
                "on_pause": self.pause,
                "on_resume": self.resume,
                "schema_version": self.schema_version,
                **options,
            }
        )

    def change(self) -> None:
        """Change every part of the live data."""
        self.app.add_events(3)
        self.settings_file.write_text(json.dumps({"theme": "light"}))

    def state(self) -> tuple[Any, ...]:
        """Return all live data, to compare."""
        return (*self.app.state(), json.loads(self.settings_file.read_text()))


def main(root: str, phase: str, kind: str, params: str) -> None:
    """Do one job and be held."""
    held = HeldApplication(Application(Path(root)), phase, lambda: print("held", flush=True))
    engine = JobEngine(held.service(), options=JobOptions(lease_s=3, heartbeat_s=0.5))
    job = engine.submit(JobKind(kind), json.loads(params))
    print(job.id, flush=True)
    print(engine.wait(job.id), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
