"""Backups of parts of a plan: whole for what they hold, and never taken for one of the plan."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from holdfast.catalog import RunLog, RunStatus
from holdfast.errors import NotEnoughSpace, SourceNotFound, UsageError
from holdfast.models.backup import BackupMetadata, BackupStatus, BackupType, CheckResult
from holdfast.models.progress import Progress
from holdfast.models.retention import RetentionPolicy
from holdfast.operations import backup
from tests.operations.application import Application

REFERENCES = {"thumbnails": "select thumbnail_path from events"}


@pytest.fixture
def application(tmp_path: Path) -> Application:
    made = Application(tmp_path)
    made.create()
    return made


def checks(application: Application, backup: str, **options: Any) -> dict[str, CheckResult]:
    """Drill a backup that must pass; return its checks by name."""
    proof = application.service(references=REFERENCES, **options).drill(backup)
    assert proof, proof.errors
    return {each.name: each for each in proof.checks}


def parents_of(application: Application) -> dict[str | None, str | None]:
    """Return the parent of each snapshot, as restic tells them."""
    listed = json.loads(application.restic().run("snapshots", "--json"))
    return {each["id"]: each.get("parent") for each in listed}


@pytest.mark.parametrize(
    ("names", "held", "only"),
    [
        (["app"], {"database/app.db"}, ("app",)),
        (["thumbnails", "settings"], {"settings.json", "files/thumbnails"}, None),
        (["database/app.db"], {"database/app.db"}, ("app",)),
    ],
)
def test_it_holds_what_was_asked_for_and_nothing_else(
    application: Application, names: list[str], held: set[str], only: tuple[str, ...] | None
) -> None:
    """By name or by place in the backup; it says what it holds, and restic finds it sound."""
    service = application.service()
    service.create_backup()
    made = service.create_backup(sources=names, verify=True)
    assert made.only == (only or ("settings", "thumbnails"))
    assert made.warnings[0] == f"Holds only: {', '.join(made.only)}"
    assert (made.status, made.verified) == (BackupStatus.VERIFIED, True)
    assert service.list_backups()[0].only == made.only
    manifest = service.backup_manifest(made.backup_id)
    assert (set(manifest["contents"]), manifest["only"]) == (held, made.only)
    application.restic().run("check", "--read-data")
    listed = application.restic().run("ls", made.snapshot_id or "").split()
    roots = {f"/{each}" for each in ("database/app.db", "settings.json", "files/thumbnails")}
    assert roots & set(listed) == {f"/{each}" for each in held}


def test_all_of_the_plan_by_name_is_the_plan(application: Application) -> None:
    made = application.service().create_backup(sources=["thumbnails", "app", "settings"])
    assert made.only == ()
    assert not any(each.startswith("Holds only") for each in made.warnings)


def test_what_the_plan_has_not_is_refused_with_what_it_has(application: Application) -> None:
    """Before a repository is made."""
    with pytest.raises(UsageError, match="has no thumbnail; did you mean thumbnails") as refused:
        application.service().create_backup(sources=["thumbnail"])
    assert refused.value.hint == "It has app, settings, thumbnails."
    assert not application.repository.exists()


def test_a_run_of_the_schedule_takes_the_whole_plan(application: Application) -> None:
    with pytest.raises(UsageError, match="schedule"):
        application.service().create_backup(sources=["app"], backup_type=BackupType.SCHEDULED)


def test_a_part_that_is_not_there_is_no_backup(application: Application) -> None:
    """A directory that is missing beside others makes a backup partial; alone it is nothing."""
    service = application.service(directories={"media": application.root / "media"})
    with pytest.raises(SourceNotFound):
        service.create_backup(sources=["media"])
    assert service.list_backups() == []


def test_latest_passes_it_over(application: Application) -> None:
    """`restore latest` must bring back the application, and not a part of it."""
    service = application.service()
    part = service.create_backup(sources=["app"])
    assert service.get_backup("latest") == part
    whole = service.create_backup()
    service.create_backup(sources=["app"])
    assert service.get_backup("latest").backup_id == whole.backup_id


def test_a_restore_of_it_leaves_the_rest_as_it_is(application: Application) -> None:
    """It says so, backs up only what it replaces, and is undone as any other."""
    service = application.service()
    made = service.create_backup(sources=["app"])
    rows, _ = application.state()
    application.add_events(2)
    (application.thumbnails / "1.jpg").write_bytes(b"changed since")
    changed = application.state()
    result = service.restore_backup(made.backup_id)
    sentence = "The backup holds only app; the rest is left as it is"
    assert sentence in result.warnings
    assert application.state() == (rows, changed[1])
    safety = service.get_backup(result.safety_backup_id or "")
    assert set(service.backup_manifest(safety.backup_id)["contents"]) == {"database/app.db"}
    assert safety.only == ()
    service.undo()
    assert application.state() == changed
    assert application.leftovers() == []


def test_files_alone_are_restored_beside_a_database_that_stays(application: Application) -> None:
    service = application.service()
    _, files = application.state()
    made = service.create_backup(sources=["thumbnails"])
    application.add_events(2)
    rows, _ = application.state()
    service.restore_backup(made.backup_id)
    assert application.state() == (rows, files)


def test_settings_of_a_table_alone_are_refused_in_place(application: Application) -> None:
    """They come back with their database: nothing would be restored. Into a new place they are."""
    service = application.service()
    made = service.create_backup(sources=["settings"])
    with pytest.raises(UsageError, match="come back with"):
        service.restore_backup(made.backup_id)
    service.restore_backup(made.backup_id, into=application.root / "new")
    assert json.loads((application.root / "new" / "settings.json").read_text())


def test_the_next_whole_backup_reads_nothing_anew(application: Application) -> None:
    """Its parent is the newest that holds what it captures, so unchanged files are not read."""
    service = application.service()
    whole = service.create_backup()
    part = service.create_backup(sources=["app"])
    again = service.create_backup()
    parents = parents_of(application)
    assert parents[part.snapshot_id] == whole.snapshot_id
    assert parents[again.snapshot_id] == whole.snapshot_id
    part_again = service.create_backup(sources=["app"])
    last = service.create_backup(sources=["thumbnails"])
    parents = parents_of(application)
    assert parents[part_again.snapshot_id] == again.snapshot_id
    assert parents[last.snapshot_id] == again.snapshot_id


def test_progress_of_a_part_counts_its_part(application: Application) -> None:
    """The backup before held more, which is not to come."""
    other = Application(application.root / "other")
    other.create(events=3)
    service = application.service(databases={"audit": f"sqlite:///{other.database}"})
    service.create_backup()
    seen: list[Progress] = []
    service.create_backup(sources=["thumbnails"], progress=seen.append)
    assert {each.total_tables for each in seen} == {1}
    assert seen[-1].done_bytes == seen[-1].total_bytes != 0
    seen.clear()
    made = service.create_backup(sources=["audit"], progress=seen.append)
    assert {each.total_tables for each in seen} == {len(made.table_counts)}


def test_the_space_that_it_needs_is_that_of_its_part(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the whole backup before held of other sources is no room for growth of this one."""
    service = application.service()
    (application.thumbnails / "film.mp4").write_bytes(b"\0" * 3_000_000)
    service.create_backup()
    application.execute("create table more (content blob)")
    application.execute("insert into more values (randomblob(1500000))")
    free = "holdfast.stores.local.LocalStore.free_bytes"
    monkeypatch.setattr(free, lambda _store: 1_250_000)
    service.create_backup(sources=["settings"])
    with pytest.raises(NotEnoughSpace):
        service.create_backup(sources=["app"])


def test_what_only_the_rest_answers_is_not_asked(application: Application) -> None:
    """Rows that name files, and the user's own queries: skipped where one side was left out."""
    service = application.service(references=REFERENCES)
    database = service.create_backup(sources=["app"])
    files = service.create_backup(sources=["thumbnails"])
    expect = {"expect": ["select count(*) = 20 from events"]}
    asked = checks(application, database.backup_id, **expect)
    assert asked["references thumbnails"].skipped
    assert asked["references thumbnails"].detail == "not asked, as the backup holds only app"
    assert asked["expect: select count(*) = 20 from events"].passed
    asked = checks(application, files.backup_id, **expect)
    assert asked["references thumbnails"].skipped
    assert asked["expect: select count(*) = 20 from events"].skipped
    verified = service.verify_backup(database.backup_id)
    assert verified, verified.errors
    both = service.create_backup(sources=["app", "thumbnails"])
    assert checks(application, both.backup_id, **expect)["references thumbnails"].passed


def test_a_query_is_never_asked_of_another_database(application: Application) -> None:
    """One without a name is for the plan's first database, and no other may answer it."""
    other = Application(application.root / "other")
    other.create(events=3)
    databases = {"audit": f"sqlite:///{other.database}"}
    service = application.service(databases=databases)
    made = service.create_backup(sources=["audit"])
    expect = ["select count(*) = 20 from events", "audit: select count(*) = 3 from events"]
    asked = checks(application, made.backup_id, databases=databases, expect=expect)
    assert asked[f"expect: {expect[0]}"].skipped
    assert asked[f"expect: {expect[1]}"].passed
    assert made.table_counts["events"] == 3


def test_retention_counts_it_as_none_of_the_plan(application: Application) -> None:
    """Newer than the whole one, it pushes nothing out, and is no good one that looks wrong."""
    service = application.service()
    wholes = [service.create_backup() for _ in range(3)]
    parts = [service.create_backup(sources=["thumbnails"], verify=True) for _ in range(3)]
    plan = service.plan_retention(RetentionPolicy(keep_last=1))
    assert plan.paused is None
    kept = {each.backup.backup_id: each for each in plan.decisions if each.keep}
    assert set(kept) == {wholes[-1].backup_id, *(each.backup_id for each in parts)}
    reason = "of parts of the plan, but newer than every complete one"
    assert kept[parts[0].backup_id].reasons == (reason,)
    assert "last complete" in kept[wholes[-1].backup_id].reasons
    service.apply_retention(plan)
    assert service.get_backup("latest").backup_id == wholes[-1].backup_id


def test_an_old_one_goes_when_whole_ones_came(application: Application) -> None:
    service = application.service()
    service.create_backup(sources=["app"])
    service.create_backup()
    plan = service.plan_retention(RetentionPolicy(keep_last=1))
    (gone,) = plan.removed
    assert gone.only == ("app",)
    kept = service.create_backup(sources=["app"], tags=["release"])
    service.create_backup()
    policy = RetentionPolicy(keep_last=1, keep_tags=("release",))
    decided = {
        each.backup.backup_id: each.keep for each in service.plan_retention(policy).decisions
    }
    assert decided[kept.backup_id]


def test_an_archive_of_it_says_so_when_it_comes_back(application: Application) -> None:
    """Also without the facts of the snapshot: the manifest has it."""
    service = application.service()
    made = service.create_backup(sources=["app"])
    archive = service.export_backup(made.backup_id, application.root / "part.zip")
    with zipfile.ZipFile(archive) as file:
        assert json.loads(file.read("manifest.json"))["only"] == ["app"]
    elsewhere = application.service(backup_dir=application.root / "elsewhere")
    brought = elsewhere.import_archive(archive)
    assert (brought.only, brought.warnings[0]) == (("app",), "Holds only: app")
    assert elsewhere.get_backup(brought.backup_id).only == ("app",)


def test_files_alone_have_no_schema_of_the_code(application: Application) -> None:
    """What the application expects says nothing of files, which fit any of its versions."""
    service = application.service(schema_version=lambda: "v9")
    assert service.create_backup(sources=["thumbnails"]).schema_version is None
    assert service.create_backup(sources=["app"]).schema_version == "v9"


def test_what_a_guarded_command_left_is_not_settled_by_a_part(application: Application) -> None:
    """The rest may still be as the command left it: its backup stays kept until all is back."""
    service = application.service()
    part = service.create_backup(sources=["app"])
    archive = service.export_backup(part.backup_id, application.root / "part.zip")
    guarded = service.guard([sys.executable, "-c", "raise SystemExit(1)"], keep=True)
    service.restore_backup(part.backup_id)
    service.restore_archive(archive)
    assert service.get_backup(guarded.backup_id).keep
    service.restore_backup(guarded.backup_id)
    assert not service.get_backup(guarded.backup_id).keep


def test_a_failed_run_of_it_is_no_failed_run_of_the_plan(application: Application) -> None:
    """R26: retention goes on, also where the process died; a good one settles no failed whole."""
    service = application.service()
    for _ in range(3):
        service.create_backup()
    thumbnails = application.thumbnails.rename(application.root / "aside")
    with pytest.raises(SourceNotFound):
        service.create_backup(sources=["thumbnails"])
    policy = RetentionPolicy(keep_last=1)
    plan = service.plan_retention(policy)
    assert (plan.paused, len(plan.removed)) == (None, 2)
    database = application.database.rename(application.root / "aside.db")
    with pytest.raises(SourceNotFound):
        service.create_backup()
    thumbnails.rename(application.thumbnails)
    service.create_backup(sources=["thumbnails"])
    assert service.plan_retention(policy).paused is not None
    database.rename(application.database)
    service.create_backup()
    assert service.plan_retention(policy).paused is None


def test_a_run_says_from_its_beginning_that_it_is_of_parts(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If its process is killed, nothing more is ever known of it."""
    service = application.service()
    seen = []

    def look(run: backup._Backup) -> BackupMetadata:
        seen.extend(RunLog(service.state_dir / "runs.db").runs())
        raise SourceNotFound("gone")

    monkeypatch.setattr(backup._Backup, "run", look)
    with pytest.raises(SourceNotFound):
        service.create_backup(sources=["app"])
    [run] = seen
    assert (run.status, run.detail["only"]) == (RunStatus.RUNNING, ["app"])
