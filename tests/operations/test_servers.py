"""A plan with a database on a server: everything that is promised of SQLite holds for it too."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from holdfast import BackupService, CancellationToken, DatabaseOptions, RetentionPolicy
from holdfast.errors import (
    Cancelled,
    ConfigError,
    ConfirmationRequired,
    ContainerUnavailable,
    DatabaseRefused,
    DatabaseUnreachable,
    HoldfastError,
    NothingToUndo,
    SourceNotFound,
    TargetExists,
    UsageError,
)
from holdfast.models.progress import Progress
from holdfast.sources.mysql.restore import MySqlStaged
from holdfast.sources.postgresql.staged_beside import StagedBeside
from tests.operations.shop import PASSWORD, Shop
from tests.rig.postgresql import PostgresDatabase


def backup_of(shop: Shop, **options: Any) -> tuple[BackupService, str]:
    service = shop.service(**options)
    return service, service.create_backup().backup_id


def test_all_parts_go_back_to_one_moment_and_forth_again(shop: Shop) -> None:
    """R28: a database on a server, a SQLite file and two directories are one restore point."""
    service, first = backup_of(shop)
    before = shop.state()
    shop.write("second")
    changed = shop.state()
    result = service.restore_backup(first)
    assert shop.state() == before
    assert result.safety_backup_id is not None
    service.undo()
    assert shop.state() == changed
    service.undo()
    assert shop.state() == before


def test_the_manifest_says_what_was_captured(shop: Shop) -> None:
    service, backup_id = backup_of(shop)
    manifest = service.backup_manifest(backup_id)
    assert manifest["table_counts"]["orders.orders"] == 3
    assert manifest["table_counts"]["audit.log"] == 1
    assert manifest["total_records"] == 6
    kinds = {root: entry["kind"] for root, entry in manifest["contents"].items()}
    assert kinds[next(root for root in kinds if root.startswith("database/orders."))] in (
        "postgresql",
        "mysql",
    )
    assert any(name in manifest["engines"] for name in ("postgresql", "mariadb"))


def test_no_secret_is_in_what_is_kept(shop: Shop) -> None:
    """R56: the password of the database is in no manifest, state file or log."""
    service, backup_id = backup_of(shop)
    password = shop.server.url.partition("://")[2].partition("@")[0].partition(":")[2]
    assert len(password) > 3
    assert password not in json.dumps(service.backup_manifest(backup_id))
    for path in (shop.root / "backups" / "holdfast").rglob("*"):
        if path.is_file():
            assert password.encode() not in path.read_bytes()


def test_a_verification_parses_the_dump(shop: Shop) -> None:
    service, backup_id = backup_of(shop)
    result = service.verify_backup(backup_id)
    assert result.verified, result.errors
    names = [check.name for check in result.checks]
    assert any("dump" in name for name in names)
    references = next(check for check in result.checks if check.name == "references media")
    assert references.skipped or references.passed


def test_a_drill_restores_it_on_the_server_and_asks_it(shop: Shop) -> None:
    """R10: in a scratch database, with the user's expectations, and it is gone afterwards."""
    service, backup_id = backup_of(shop)
    before = shop.server.relatives()
    good = "orders: select count(*) = 3 from orders"
    result = service.drill(backup_id, expect=[good])
    assert result.verified, result.errors
    checks = {check.name: check for check in result.checks}
    assert checks[f"expect: {good}"].passed
    assert checks["references media"].passed
    bad = "orders: select count(*) = 4 from orders"
    assert not service.drill(backup_id, expect=[bad]).verified
    assert shop.server.relatives() == before


def test_a_drill_finds_a_file_that_rows_name_and_no_backup_holds(shop: Shop) -> None:
    shop.server.run("INSERT INTO orders VALUES (99, 'lost.jpg', 'x')")
    service, backup_id = backup_of(shop)
    result = service.drill(backup_id)
    assert result.missing_files == ("files/media/lost.jpg",)


def test_what_was_replaced_stays_until_the_next_cleanup(shop: Shop) -> None:
    """R30: a cleanup drops what restores kept of this database, and no more."""
    service, backup_id = backup_of(shop)
    alone = shop.server.relatives()
    service.restore_backup(backup_id)
    assert len(shop.server.relatives()) == len(alone) + 1
    service.apply_retention(service.plan_retention(RetentionPolicy(keep_last=50)))
    assert shop.server.relatives() == alone


def test_undo_brings_back_what_was_written_after_the_safety_backup(shop: Shop) -> None:
    """R18: what was kept holds every acknowledged write, to the last."""
    service, backup_id = backup_of(shop)
    wrote = False

    def write_late(progress: Progress) -> None:
        nonlocal wrote
        if progress.step.startswith("Replacing") and not wrote:
            wrote = True
            shop.server.run("INSERT INTO orders VALUES (77, NULL, 'late')")

    service.restore_backup(backup_id, progress=write_late)
    assert wrote
    service.undo()
    assert shop.server.run("SELECT state FROM orders WHERE id = 77")[0][0] == "late"


def test_after_a_cleanup_undo_goes_by_the_safety_backup(shop: Shop) -> None:
    service, backup_id = backup_of(shop)
    shop.write("second")
    changed = shop.state()
    service.restore_backup(backup_id)
    service.apply_retention(service.plan_retention(RetentionPolicy(keep_last=50)))
    service.undo()
    assert shop.state() == changed


def test_with_drop_old_nothing_stays_on_the_server(shop: Shop) -> None:
    service, backup_id = backup_of(shop)
    alone = shop.server.relatives()
    shop.write("second")
    changed = shop.state()
    service.restore_backup(backup_id, keep_old=False)
    assert shop.server.relatives() == alone
    service.undo(confirm=None)
    assert shop.state() == changed


def test_a_dry_run_changes_nothing_and_says_what_would(shop: Shop) -> None:
    service, backup_id = backup_of(shop)
    shop.write("second")
    changed, alone = shop.state(), shop.server.relatives()
    result = service.restore_backup(backup_id, dry_run=True)
    assert any("orders" in change.target for change in result.changes)
    assert result.target is not None
    place = next(each for each in result.target.places if each.root.startswith("database/orders."))
    assert place.exists
    assert (shop.state(), shop.server.relatives()) == (changed, alone)
    (kept,) = service.restore_backup(backup_id).kept
    assert kept not in str(result.changes)  # another restore, another name
    assert result.kept == ()
    assert service.list_kept() == (kept,) == service.drop_kept()
    assert service.list_kept() == ()


def test_a_part_that_cannot_be_swapped_leaves_all_as_it_was(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R17: the database on the server is taken back when the last part fails."""
    from holdfast.sources.sqlite import SqliteStaged

    service, backup_id = backup_of(shop)
    shop.write("second")
    changed, alone = shop.state(), shop.server.relatives()

    def fail(self: SqliteStaged) -> None:
        raise OSError("no")

    monkeypatch.setattr(SqliteStaged, "swap", fail)
    with pytest.raises(OSError, match="no"):
        service.restore_backup(backup_id)
    assert shop.state() == changed
    assert shop.server.relatives() == alone


def test_a_cancelled_restore_leaves_nothing(shop: Shop) -> None:
    """R46: no database, no connection, and the live data as they were."""
    service, backup_id = backup_of(shop)
    shop.write("second")
    changed, alone = shop.state(), shop.server.relatives()
    cancel = CancellationToken()

    def at_staging(progress: Progress) -> None:
        if progress.step.startswith("Making a safety backup"):
            cancel.cancel()

    with pytest.raises(Cancelled):
        service.restore_backup(backup_id, progress=at_staging, cancel=cancel)
    assert shop.state() == changed
    assert shop.server.relatives() == alone


def test_a_server_that_is_down_is_an_error_and_no_backup(shop: Shop) -> None:
    service, _ = backup_of(shop)
    shop.server.server.stop()
    try:
        with pytest.raises(DatabaseUnreachable) as caught:
            service.create_backup()
    finally:
        shop.server.server.start()
    assert "second" not in str(caught.value)
    assert len(service.list_backups()) == 1


def test_a_database_that_is_not_there_is_named(shop: Shop) -> None:
    url = shop.server.url.rpartition("/")[0] + "/no_such_database"
    service = shop.service(databases={"orders": url})
    with pytest.raises(SourceNotFound, match="no_such_database"):
        service.create_backup()
    assert service.list_backups() == []


def test_a_wrong_password_is_refused_without_being_shown(shop: Shop) -> None:
    user, _, rest = shop.server.url.partition("://")[2].partition(":")
    scheme = shop.server.url.partition("://")[0]
    url = f"{scheme}://{user}:sesame-canary@{rest.partition('@')[2]}"
    with pytest.raises(DatabaseRefused) as caught:
        shop.service(databases={"orders": url}).create_backup()
    assert "canary" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


def test_a_backup_goes_to_another_database(shop: Shop) -> None:
    """Beside all live data, which stay as they are; and never over anything."""
    service, backup_id = backup_of(shop)
    shop.write("second")
    changed = shop.state()
    other = shop.server.url.rpartition("/")[0] + f"/{shop.server.name}_copy"
    shop.server.server.create_database(f"{shop.server.name}_copy")
    planned = service.restore_backup(backup_id, to={"orders": other}, dry_run=True).changes
    assert {each.action for each in planned} == {"create"}
    assert "empty" in planned[0].detail
    service.restore_backup(backup_id, to={"orders": other})
    assert shop.state() == changed
    copied = shop.server.server.run("SELECT count(*) FROM orders", f"{shop.server.name}_copy")
    assert copied[0][0] == 3
    with pytest.raises(TargetExists):
        service.restore_backup(backup_id, to={"orders": other})


def test_a_backup_goes_to_no_database_that_it_does_not_fit(shop: Shop) -> None:
    service, backup_id = backup_of(shop)
    with pytest.raises(UsageError, match="holds nothing to fill"):
        service.restore_backup(backup_id, to={"missing": shop.server.url})


def test_a_named_target_needs_its_name(shop: Shop) -> None:
    """R20: the fingerprint of a plan knows its server."""
    service, backup_id = backup_of(shop, restore_target_name="production")
    with pytest.raises(ConfirmationRequired):
        service.restore_backup(backup_id)
    plain, elsewhere = (
        shop.service(databases={"orders": url, "audit": f"sqlite:///{shop.audit}"})
        for url in (shop.server.url, shop.server.url + "_2")
    )
    prints = [one.restore_backup(backup_id, dry_run=True).target for one in (plain,)]
    assert prints[0] is not None
    from holdfast.operations.target import describe_target

    assert describe_target(elsewhere.plan, ()).fingerprint != prints[0].fingerprint


def test_the_settings_table_of_a_server_is_exported(shop: Shop, tmp_path: Path) -> None:
    from holdfast import SettingsTable

    service, backup_id = backup_of(
        shop, settings=SettingsTable(table="settings", key="name", value="content")
    )
    target = tmp_path / "out"
    service.restore_backup(backup_id, into=target)
    document = json.loads((target / "settings.json").read_text())
    assert "dark" in json.dumps(document)
    assert "hush" not in json.dumps(document)


def test_an_archive_carries_it_to_another_plan(shop: Shop, tmp_path: Path) -> None:
    """Exported, imported elsewhere and restored there."""
    service, backup_id = backup_of(shop)
    before = shop.state()
    archive = tmp_path / "shop.zip"
    service.export_backup(backup_id, archive)
    shop.write("second")
    service.restore_archive(archive, trust_dump=True)
    assert shop.state() == before


def test_a_safety_backup_that_fails_leaves_all_as_it_was(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R16: no safety copy, no restore."""
    from holdfast.operations import restore as module

    service, backup_id = backup_of(shop)
    shop.write("second")
    changed, alone = shop.state(), shop.server.relatives()

    def fail(*_: object) -> None:
        raise HoldfastError("the disk is full")

    monkeypatch.setattr(module, "run_backup", fail)
    with pytest.raises(HoldfastError, match="disk is full"):
        service.restore_backup(backup_id)
    assert (shop.state(), shop.server.relatives()) == (changed, alone)


def test_nothing_was_restored_nothing_to_undo(shop: Shop) -> None:
    service, _ = backup_of(shop)
    with pytest.raises(NothingToUndo):
        service.undo()


def test_a_url_of_another_engine_is_refused_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        BackupService("oracle://scott:tiger@db/xe", tmp_path, PASSWORD)
    assert "tiger" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["postgresql://shop:p@ss/w@db/shop", "mysql+pymysql://shop:pw/@canary@db/shop"]
)
def test_a_password_that_is_not_percent_encoded_is_not_shown(tmp_path: Path, url: str) -> None:
    """R56: half of it would stand where the host or the database is expected."""
    with pytest.raises(ConfigError, match="an @ behind its host") as caught:
        BackupService(url, tmp_path, PASSWORD)
    shown = f"{caught.value} {caught.value.hint}"
    assert "ss/w" not in shown
    assert "canary" not in shown


def test_a_table_is_named_as_show_names_it(shop: Shop) -> None:
    """With the database's name before it, where the plan has several."""
    service, backup_id = backup_of(shop)
    shop.server.run("DELETE FROM orders")
    shop.server.run("DELETE FROM settings")
    service.restore_backup(backup_id, tables=["orders.orders"])
    assert shop.server.run("SELECT count(*) FROM orders")[0][0] == 3
    assert shop.server.run("SELECT count(*) FROM settings")[0][0] == 0


def test_a_container_that_is_not_there_is_named(make_shop: Any) -> None:
    shop = make_shop("postgresql")
    service = shop.service(
        databases={"orders": DatabaseOptions(url=shop.server.url, container="podman:no-such")}
    )
    with pytest.raises(ContainerUnavailable, match="no-such"):
        service.create_backup()


def test_what_is_kept_can_be_dropped_without_a_cleanup(shop: Shop) -> None:
    service, backup_id = backup_of(shop)
    alone = shop.server.relatives()
    service.restore_backup(backup_id)
    (dropped,) = service.drop_kept()
    assert "holdfast_old" in dropped
    assert shop.server.relatives() == alone
    assert service.drop_kept() == ()


@pytest.mark.parametrize("death", ["1", "2", "3", "4", "swapped"])
def test_a_restore_killed_between_its_swaps_ends_as_old_or_new(shop: Shop, death: str) -> None:
    """R17: files, SQLite and the server's database are one state, whatever is done next."""
    service, _ = backup_of(shop)
    old = shop.state()
    shop.write("second")
    changed, alone = shop.state(), shop.server.relatives()
    program = [sys.executable, "-m", "tests.operations.dying_shop"]
    done = subprocess.run([*program, shop.server.url, str(shop.root), death], check=False)
    assert done.returncode == -signal.SIGKILL
    service.list_backups()
    assert shop.state() == (old if death == "swapped" else changed)
    if death == "swapped":
        service.undo()
        assert shop.state() == changed
        service.drop_kept()
    assert shop.server.relatives() == alone


@pytest.mark.parametrize("happened", [True, False])
def test_a_swap_of_unknown_outcome_is_told_by_the_next_command(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, happened: bool
) -> None:
    """R17: a server that is lost in the swap leaves all that a recovery needs, of every part."""
    service, backup_id = backup_of(shop)
    old = shop.state()
    shop.write("second")
    changed, alone = shop.state(), shop.server.relatives()
    kind: Any = StagedBeside if isinstance(shop.server, PostgresDatabase) else MySqlStaged
    swap = kind.swap

    def be_lost(self: Any) -> None:
        if happened:
            swap(self)
        self.unsettled = True
        raise DatabaseUnreachable("the server is lost")

    monkeypatch.setattr(kind, "swap", be_lost)
    with pytest.raises(DatabaseUnreachable):
        service.restore_backup(backup_id, sources=["orders", "media", "uploads"])
    monkeypatch.undo()
    service.list_backups()
    expected = old if happened else changed
    assert {**shop.state(), "log": None} == {**expected, "log": None}
    service.drop_kept()
    assert shop.server.relatives() == alone


def test_a_drill_without_a_server_proves_nothing_and_says_so(shop: Shop) -> None:
    """R10: a backup of a server's database is not proven by looking at the rest."""
    _, backup_id = backup_of(shop)
    elsewhere = shop.service(databases={"audit": f"sqlite:///{shop.audit}"})
    with pytest.raises(ConfigError, match="names no server to restore database/orders"):
        elsewhere.drill(backup_id)


def test_what_is_kept_stays_while_a_restore_is_not_settled(shop: Shop) -> None:
    """R30: an interrupted restore may need it to be taken back."""
    service, backup_id = backup_of(shop)
    service.restore_backup(backup_id)
    kept = shop.server.relatives()
    journal = shop.root / "backups" / "holdfast" / "restore-default.json"
    journal.write_text("not to be read")
    assert service.drop_kept() == ()
    journal.unlink()
    assert shop.server.relatives() == kept
    assert len(service.drop_kept()) == 1


def test_what_a_lost_server_was_left_with_is_gone_when_it_is_back(shop: Shop) -> None:
    """R17, R30: by whatever command comes next; meanwhile the other parts can be restored."""
    service, backup_id = backup_of(shop)
    alone = shop.server.relatives()

    def stop_when_staged(progress: Progress) -> None:
        if progress.step == f"Checking {shop.server.name}":
            shop.server.server.stop()

    with pytest.raises(DatabaseUnreachable):
        service.restore_backup(backup_id, sources=["orders"], progress=stop_when_staged)
    (shop.directory("media") / "0.jpg").unlink()
    service.restore_backup(backup_id, sources=["media"], create_safety_backup=False)
    assert (shop.directory("media") / "0.jpg").exists()
    shop.server.server.start()
    assert shop.server.relatives() > alone
    service.list_backups()
    assert shop.server.relatives() == alone
    assert list((shop.root / "backups" / "holdfast").glob("restore-*")) == []


def test_what_no_cleanup_can_drop_is_named_with_the_sql_that_does(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """R30: the restore is done, and the server was lost before it learned that."""
    service, backup_id = backup_of(shop)
    alone = shop.server.relatives()
    kind: Any = StagedBeside if isinstance(shop.server, PostgresDatabase) else MySqlStaged
    discard = kind.discard

    def lose_server(self: Any) -> None:
        shop.server.server.stop()
        discard(self)

    monkeypatch.setattr(kind, "discard", lose_server)
    service.restore_backup(backup_id, sources=["orders"])
    monkeypatch.undo()
    shop.server.server.start()
    sql = re.findall("DROP DATABASE [^;]*", caplog.text)
    assert len(sql) == 1
    if kind is StagedBeside:
        assert service.drop_kept() == ()
        assert re.findall("DROP DATABASE [^;]*", caplog.text) == sql * 2
        shop.server.server.run(sql[0])
    else:  # the next command has told the server
        assert len(service.drop_kept()) == 1
    assert shop.server.relatives() == alone


def test_a_server_that_does_not_answer_is_not_taken_for_an_empty_one(
    shop: Shop, tmp_path: Path
) -> None:
    """R16: the safety backup of what is live never goes to a place that is thrown away."""
    service, backup_id = backup_of(shop)
    archive = tmp_path / "shop.zip"
    service.export_backup(backup_id, archive)
    fresh = BackupService(
        backup_dir=tmp_path / "none",
        encryption_password=PASSWORD,
        scratch_dir=tmp_path / "scratch",
        databases={"orders": shop.server.url},
    )
    shop.server.server.stop()
    try:
        with pytest.raises(DatabaseUnreachable):
            fresh.restore_archive(archive, trust_dump=True)
    finally:
        shop.server.server.start()
    assert len(shop.server.run("SELECT * FROM orders")) == 3


def test_a_part_of_it_is_backed_up_proven_and_restored_alone(shop: Shop) -> None:
    """R28: the database on the server comes back without the rest, which stays as it is."""
    service = shop.service()
    whole = service.create_backup()
    made = service.create_backup(sources=["orders"], verify=True)
    assert (made.only, made.verified) == (("orders",), True)
    assert list(service.backup_manifest(made.backup_id)["table_counts"]) == ["orders", "settings"]
    proof = service.drill(made.backup_id, expect=["select count(*) = 3 from orders"])
    assert proof.verified, proof.errors
    assert next(each for each in proof.checks if each.name == "references media").skipped
    before = shop.state()
    shop.write("second")
    changed = shop.state()
    service.restore_backup(made.backup_id)
    assert shop.state() == {**changed, "orders": before["orders"]}
    service.undo()
    assert shop.state() == changed
    assert service.get_backup("latest").backup_id == whole.backup_id
