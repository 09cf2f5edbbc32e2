"""What `restic forget` keeps, `plan_retention` keeps."""

from __future__ import annotations

import importlib.resources
import json
import os
import re
import subprocess
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from holdfast.models.backup import BackupMetadata
from holdfast.operations.retention import RetentionPolicy, plan_retention
from holdfast.repository import KdfParameters, Repository
from holdfast.stores.local import LocalStore
from tests.operations.backup_values import NOW, make_backup

ZONE = "Europe/Berlin"

TAGGED = ("02-28 08:00", "01-15 12:00", "2022-06-01 12:00")
TIMES = [
    *("03-14 23:40", "03-14 23:10", "03-14 22:50", "03-14 12:05", "03-14 12:01", "03-13 23:30"),
    *("03-11 00:10", "03-10 23:50", "03-10 12:00", "03-04 12:00", "03-01 12:00", "02-29 23:30"),
    *("02-28 08:00", "02-12 12:00", "01-15 12:00", "01-01 12:00", "2023-12-31 23:30"),
    *("2023-11-30 12:00", "2023-01-01 12:00", "2022-12-31 12:00", "2022-06-01 12:00"),
]
"""Local times in Berlin, most of them of 2024, at the edges of days, weeks, months, years."""

POLICIES: list[dict[str, Any]] = [
    {"keep_last": 3},
    {"keep_hourly": 4},
    {"keep_daily": 4},
    {"keep_weekly": 3},
    {"keep_monthly": 4},
    {"keep_yearly": 2},
    {"keep_yearly": 9, "keep_hourly": 99},
    {"keep_within": "30d"},
    {"keep_within": "1y2m3d4h"},
    {"keep_last": 1, "keep_tags": ("release",)},
    {"keep_last": 2, "keep_daily": 5, "keep_weekly": 4, "keep_monthly": 6, "keep_yearly": 3},
    {"keep_hourly": 2, "keep_within": "7d", "keep_tags": ("release", "none such")},
]


class Restic:
    """The real program, in the time zone of Berlin, with a repository of backdated snapshots."""

    def __init__(self, directory: Path) -> None:
        zone_file = importlib.resources.files("tzdata") / "zoneinfo" / ZONE
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "TZ": str(zone_file),  # by path, since not every machine has its own zone files
            "RESTIC_REPOSITORY": str(directory / "repository"),
            "RESTIC_PASSWORD": "retention",
        }
        self.file = directory / "file"
        self.file.write_text("the same in each snapshot")

    def run(self, *arguments: str) -> str:
        command = ["restic", "--no-cache", *arguments]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True
        ).stdout

    def backups(self) -> list[BackupMetadata]:
        """Make the snapshots and return them as ours; the odd seconds avoid equal distances."""
        # Our own key costs restic little time: it opens the repository thirty times here.
        store = LocalStore(self.environment["RESTIC_REPOSITORY"])
        Repository.create(store, self.environment["RESTIC_PASSWORD"], kdf=KdfParameters(n=16))
        for second, text in enumerate(TIMES):
            moment = text if len(text) > 11 else f"2024-{text}"
            tag = ["--tag", "release,other"] if text in TAGGED else ["--tag", "other"]
            self.run("backup", str(self.file), "--time", f"{moment}:{second:02}", *tag)
        return [
            make_backup(
                datetime.fromisoformat(re.sub(r"\.\d+", "", snapshot["time"])),
                backup_id=snapshot["id"],
                tags=tuple(snapshot["tags"]),
            )
            for snapshot in json.loads(self.run("snapshots", "--json"))
        ]

    def forget(self, rules: dict[str, Any]) -> tuple[set[str], set[str]]:
        """Return the ids that a dry run keeps and removes."""
        options: list[str] = []
        for name, value in rules.items():
            for each in value if isinstance(value, tuple) else [value]:
                options += [f"--{name.replace('_', '-').removesuffix('s')}", str(each)]
        (group,) = json.loads(self.run("forget", "--dry-run", "--json", *options))
        kept, removed = group["keep"], group["remove"]
        return {each["id"] for each in kept}, {each["id"] for each in removed or []}

    def keeps_the_oldest(self) -> bool:
        """Whether it also keeps the oldest while a rule has counts left: since 0.16."""
        version = re.search(r"restic (\d+)\.(\d+)", self.run("version"))
        assert version is not None
        return (int(version[1]), int(version[2])) >= (0, 16)


def test_restic_forget_keeps_the_same(tmp_path: Path) -> None:
    """R27: of every rule, alone and together."""
    restic = Restic(tmp_path)
    backups = restic.backups()
    offsets = {backup.created_at.utcoffset() for backup in backups}
    assert offsets == {timedelta(hours=1), timedelta(hours=2)}, "restic was not in Berlin"
    oldest = min(backups, key=lambda backup: backup.created_at).backup_id
    spared = {oldest} if restic.keeps_the_oldest() else set()
    for rules in POLICIES:
        policy = RetentionPolicy(**rules)
        plan = plan_retention(backups, (), policy, now=NOW, timezone=ZoneInfo(ZONE))
        ours = {backup.backup_id for backup in plan.kept}
        theirs, removed = restic.forget(rules)
        assert theirs | removed == {backup.backup_id for backup in backups}
        assert ours - spared == theirs - spared, asdict(policy)
        assert 0 < len(ours) < len(backups)
