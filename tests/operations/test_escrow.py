"""R49: set-up is finished when a way into the repository is kept elsewhere, and was proven."""

from __future__ import annotations

import os
import shutil
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from holdfast import BackupService
from holdfast.catalog import RunLog
from holdfast.errors import (
    HoldfastError,
    KeyDamaged,
    NotEnoughSpace,
    RecoveryKeyForeign,
    RecoveryKeyMistyped,
    RepositoryNotFound,
    StoreError,
    TargetExists,
    UsageError,
    WrongPassword,
)
from holdfast.operations.escrow import EscrowStatus, escrow_status
from holdfast.operations.plan import Plan, Workplace
from holdfast.operations.recovery_kit import (
    RecoveryKit,
    export_recovery_kit,
    read_recovery_kit,
)
from holdfast.repository import Repository
from holdfast.stores import MemoryStore, Store
from tests.operations.application import PASSWORD, Application
from tests.repository.making import WHEN, create, reopen
from tests.rig.disk import fill, small_disk
from tests.rig.fault_store import CRASHES, ERRORS, each_fault
from tests.rig.restic import Restic
from tests.rig.sim_clock import SimClock

DAY = timedelta(days=1)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A repository with a password and nothing else."""
    service(tmp_path).init_repository()
    return tmp_path


def service(place: Path, password: str | None = PASSWORD, **options: object) -> BackupService:
    return BackupService(None, place / "backups", password, **options)  # type: ignore[arg-type]


def key_in(kit: RecoveryKit) -> str:
    return key_at(kit.path)


def key_at(path: Path) -> str:
    return read_recovery_kit(path.read_text()).secret


def keys_of(place: Path) -> list[str]:
    return sorted(path.name for path in (place / "backups" / "keys").iterdir())


def test_with_only_a_password_set_up_is_not_finished(place: Path) -> None:
    """R49: and the library asks for no password to say so."""
    status = service(place, None).escrow_status()
    assert status == EscrowStatus(encrypted=True)
    assert not status.finished


def test_without_encryption_there_is_nothing_to_keep(tmp_path: Path) -> None:
    made = service(tmp_path, None)
    made.init_repository(encrypt=False)
    assert made.escrow_status() == EscrowStatus(encrypted=False)
    assert made.escrow_status().finished
    with pytest.raises(UsageError, match="is not encrypted, so it needs no key"):
        made.export_recovery_kit(tmp_path / "kit")
    with pytest.raises(UsageError, match="is not encrypted"):
        made.confirm_password_kept()
    with pytest.raises(UsageError, match="is not encrypted"):
        made.drill_unlock("")
    assert not (tmp_path / "kit").exists()


def test_without_a_repository_there_is_no_status_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(RepositoryNotFound):
        service(tmp_path).escrow_status()
    assert list(tmp_path.iterdir()) == []


def test_a_kit_finishes_set_up_and_its_key_opens_the_repository(place: Path) -> None:
    """R49: also without the catalog's folder, as the repository's own keys tell it."""
    kit = service(place).export_recovery_kit(place / "kit.txt")
    page = kit.path.read_text()
    assert stat.S_IMODE(kit.path.stat().st_mode) == 0o600
    assert f"Repository:    {kit.repository_id}\n" in page
    assert str(place / "backups") in page
    # restic's own `latest` may be a safety backup: what somebody wanted to be rid of.
    assert "restore ID" in page
    assert "tagged pre_restore are safety backups" in page
    assert "restic -r DIR restore latest" not in page
    key = key_in(kit)
    assert key.startswith(f"{kit.name}-")
    shutil.rmtree(place / "backups" / "holdfast", ignore_errors=True)
    status = service(place).escrow_status()
    assert (status.finished, status.recovery_keys) == (True, (kit.name,))
    for typed in (key, key.lower(), key.replace("-", " ")):
        assert service(place, typed).list_backups() == []


def test_restic_opens_with_the_key_as_it_is_printed(place: Path, tmp_path: Path) -> None:
    """R49, R25: the kit promises it."""
    kit = service(place).export_recovery_kit(place / "kit.txt")
    restic = Restic(place / "backups", key_in(kit), tmp_path / "home")
    restic.run("snapshots")
    assert kit.key_id[:8] in restic.run("key", "list")
    assert f"recovery-{kit.name}" in restic.run("key", "list")


def test_a_place_whose_name_is_no_text_is_escaped_in_the_kit(tmp_path: Path) -> None:
    odd = tmp_path / "\udcff\u00fc"
    odd.mkdir()
    service(odd).init_repository()
    kit = service(odd).export_recovery_kit(tmp_path / "kit")
    assert f"Place:         {tmp_path}/\\udcff\u00fc/backups (on " in kit.path.read_text("utf-8")
    assert service(odd).drill_unlock(key_in(kit)).recovery_key == kit.name


def test_a_kit_goes_into_a_directory_under_the_name_of_its_key(place: Path) -> None:
    kit = service(place).export_recovery_kit(place)
    assert kit.path == place / f"recovery-kit-{kit.name}.txt"


def test_a_kit_replaces_no_file_and_then_no_key_is_made(place: Path) -> None:
    """R49: nor a link, whatever it leads to."""
    before = keys_of(place)
    (place / "kit").write_text("mine")
    (place / "link").symlink_to(place / "elsewhere")
    for name in ("kit", "link"):
        with pytest.raises(TargetExists):
            service(place).export_recovery_kit(place / name)
    assert (place / "kit").read_text() == "mine"
    assert not (place / "elsewhere").exists()
    assert keys_of(place) == before
    assert sorted(path.name for path in place.iterdir()) == ["backups", "kit", "link"]


def test_a_kit_that_cannot_be_written_makes_no_key(place: Path) -> None:
    before = keys_of(place)
    with pytest.raises(StoreError, match="cannot be written"):
        service(place).export_recovery_kit(place / "no" / "such" / "kit")
    with small_disk() as disk:
        fill(disk)
        with pytest.raises(NotEnoughSpace, match="No space left"):
            service(place).export_recovery_kit(disk / "kit")
        assert [path.name for path in disk.iterdir()] == ["ballast"]
    assert keys_of(place) == before


def test_a_kit_does_not_go_into_the_repository(place: Path) -> None:
    """R49: whoever can read the repository would have the key to it."""
    (place / "way-in").symlink_to(place / "backups")
    for target in (place / "backups" / "kit", place / "backups", place / "way-in" / "kit"):
        with pytest.raises(UsageError, match="inside the repository"):
            service(place).export_recovery_kit(target)
    assert len(keys_of(place)) == 1


def test_a_key_that_cannot_be_stored_leaves_no_kit(tmp_path: Path) -> None:
    """R49: a page that opens nothing is worse than none."""
    with small_disk() as disk:
        service(disk).init_repository()
        fill(disk)
        with pytest.raises(NotEnoughSpace):
            service(disk).export_recovery_kit(tmp_path / "kit")
    assert list(tmp_path.iterdir()) == []


def test_at_every_fault_a_recovery_key_that_exists_has_its_kit(tmp_path: Path) -> None:
    """R49, R32: crashes and errors at every store write; else set-up would count as finished."""
    start = MemoryStore()
    create(start)
    kits = iter(range(1000))

    def export(store: Store) -> None:
        target = tmp_path / str(next(kits))
        target.mkdir()
        export_recovery_kit(_workplace(reopen(store), tmp_path), target)

    seen = set()
    for ending in each_fault(start.objects, export, (*CRASHES, *ERRORS)):
        left = ending.left
        names = set(escrow_status(left, tmp_path / "state").recovery_keys)
        keys = {key_at(path) for path in tmp_path.glob("*/recovery-kit-*.txt")}
        found = {key[:5] for key in keys}
        assert names <= found, ending
        for key in keys:
            if key[:5] in names:
                reopen(left, key)
        seen.add(bool(names))
    assert seen == {True, False}


def _workplace(repository: Repository, place: Path) -> Workplace:
    return Workplace(
        repository=repository,
        plan=Plan(),
        runs=RunLog(place / "state" / "runs.db"),
        state_dir=place / "state",
        scratch_root=place,
    )


def test_a_confirmed_password_finishes_set_up_until_it_changes(place: Path) -> None:
    """R49: what was confirmed of the old password says nothing about the new one."""
    clock = SimClock(WHEN)
    service(place, clock=clock).confirm_password_kept()
    status = service(place, None).escrow_status()
    assert (status.finished, status.password_kept_at, status.recovery_keys) == (True, WHEN, ())
    with service(place).keys() as keys:
        keys.change("another")
    assert not service(place, None).escrow_status().finished


def test_a_removed_recovery_key_counts_no_longer(place: Path) -> None:
    kit = service(place).export_recovery_kit(place / "kit")
    with service(place).keys() as keys:
        keys.remove(kit.key_id)
    assert not service(place).escrow_status().finished
    with pytest.raises(RecoveryKeyForeign, match="it has none"):
        service(place).drill_unlock(key_in(kit))


def test_a_drill_proves_the_key_and_records_the_date(place: Path) -> None:
    """R49: without the password of the machine."""
    clock = SimClock(WHEN)
    kit = service(place, clock=clock).export_recovery_kit(place / "kit")
    clock.advance(DAY.total_seconds())
    done = service(place, None, clock=clock).drill_unlock(key_in(kit).lower())
    assert (done.recovery_key, done.key_id) == (kit.name, kit.key_id)
    assert (done.repository_id, done.warnings) == (kit.repository_id, ())
    status = service(place, None).escrow_status()
    assert (status.since, status.opened_at) == (WHEN, WHEN + DAY)


def test_a_drill_is_due_when_the_last_is_too_long_ago(place: Path) -> None:
    """R49: counted from the making of the key while it was never tried; 0 turns it off."""
    clock = SimClock(WHEN)
    made = service(place, clock=clock)
    assert not made.escrow_status().drill_due(WHEN + 999 * DAY, DAY)  # set-up comes first
    kit = made.export_recovery_kit(place / "kit")
    assert not made.escrow_status().drill_due(WHEN + 180 * DAY, 180 * DAY)
    assert made.escrow_status().drill_due(WHEN + 181 * DAY, 180 * DAY)
    assert not made.escrow_status().drill_due(WHEN + 999 * DAY, 0 * DAY)
    clock.advance(181 * DAY.total_seconds())
    made.drill_unlock(key_in(kit))
    assert not made.escrow_status().drill_due(WHEN + 361 * DAY, 180 * DAY)
    assert made.escrow_status().drill_due(WHEN + 362 * DAY, 180 * DAY)


def test_a_wrong_a_mistyped_and_a_foreign_key_are_three_errors(place: Path, tmp_path: Path) -> None:
    """R49, R51: and none is recorded as a proof."""
    kit = service(place).export_recovery_kit(place / "kit")
    key = key_in(kit)
    (tmp_path / "other").mkdir()
    service(tmp_path / "other").init_repository()
    other = key_in(service(tmp_path / "other").export_recovery_kit(tmp_path / "other" / "kit"))
    mistyped = key[:-1] + ("0" if key[-1] != "0" else "1")
    expected: list[tuple[str, type[HoldfastError], str]] = [
        (mistyped, RecoveryKeyMistyped, "at least one character is wrong"),
        (PASSWORD, RecoveryKeyMistyped, "characters instead of 35"),
        (other, RecoveryKeyForeign, f"{other[:5]} is none of the repository .* it has {kit.name}"),
    ]
    for secret, error, message in expected:
        with pytest.raises(error, match=message) as caught:
            service(place).drill_unlock(secret)
        assert caught.value.exit_code == 12
        said = f"{caught.value} {caught.value.hint}"
        assert not any(group in said for group in secret.split("-")[1:])
    assert service(place).escrow_status().opened_at is None


def test_a_damaged_recovery_key_is_called_so(place: Path) -> None:
    """R51: the key on the paper may well be right."""
    kit = service(place).export_recovery_kit(place / "kit")
    file = place / "backups" / "keys" / kit.key_id
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(KeyDamaged, match=kit.key_id[:16]):
        service(place).drill_unlock(key_in(kit))


def test_where_a_password_is_kept_the_drill_takes_the_password(place: Path) -> None:
    """R49."""
    service(place).confirm_password_kept()
    assert service(place, None).drill_unlock(PASSWORD).recovery_key is None
    with pytest.raises(WrongPassword):
        service(place, None).drill_unlock("correct house")
    with pytest.raises(RecoveryKeyMistyped):
        service(place, None).drill_unlock("-".join(["ABCDE"] * 7))
    assert service(place).escrow_status().opened_at is not None


def test_a_mistyped_recovery_key_in_the_place_of_a_password_is_told(place: Path) -> None:
    """R49: on the fresh machine too, where the key is typed as the password."""
    key = key_in(service(place).export_recovery_kit(place / "kit"))
    with pytest.raises(WrongPassword) as caught:
        service(place, key[:-1] + ("0" if key[-1] != "0" else "1")).list_backups()
    assert caught.value.hint == "It looks like a recovery key with a typing mistake."


def test_a_lost_record_asks_again_and_breaks_nothing(place: Path) -> None:
    service(place).confirm_password_kept()
    record = place / "backups" / "holdfast" / "escrow.json"
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    for content in (b"", b"null", b'{"keys": 3}', os.urandom(50)):
        record.write_bytes(content)
        assert not service(place).escrow_status().finished
    service(place).confirm_password_kept()
    assert service(place).escrow_status().finished


def test_what_cannot_be_recorded_is_a_warning_of_the_drill(place: Path) -> None:
    """R49: a repository on a medium that cannot be written is still proven to open."""
    kit = service(place).export_recovery_kit(place / "kit")
    (place / "backups" / "holdfast").write_text("not a folder")
    (warning,) = service(place, None).drill_unlock(key_in(kit)).warnings
    assert "could not be recorded" in warning


def test_the_secret_is_in_the_kit_only(
    application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    """R49, R56: in no log, no repr, no file of the repository, no manifest."""
    caplog.set_level("DEBUG")
    made = application.service()
    made.init_repository()
    kit = made.export_recovery_kit(application.root / "kit.txt")
    key = key_in(kit)
    backup = made.create_backup()
    drilled = made.drill_unlock(key)
    shown = f"{kit!r} {drilled!r} {made.escrow_status()!r} {caplog.text}"
    shown += repr(made.backup_manifest(backup.backup_id)) + repr(read_recovery_kit(key))
    stored = b"".join(
        path.read_bytes() for path in application.repository.rglob("*") if path.is_file()
    )
    for group in key.split("-")[1:]:
        assert group not in shown
        assert group.encode() not in stored


def test_an_application_is_not_nagged_through_its_logs(
    application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    """R49: the library says nothing by itself."""
    caplog.set_level("DEBUG")
    application.service().create_backup()
    application.service().escrow_status()
    assert caplog.text == ""


@pytest.mark.parametrize("text", ["A-B\n", "A-B\r\n", "x\nRecovery key:   A-B  \r\ny"])
def test_a_kit_and_a_bare_line_are_both_read(text: str) -> None:
    assert read_recovery_kit(text).secret == "A-B"
