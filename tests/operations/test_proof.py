"""Verification and drills: what they prove, and that they notice."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from holdfast import BackupService
from holdfast.errors import BackupNotFound
from tests.operations.application import PASSWORD, Application
from tests.operations.damaging import flip_first, flip_last, spoil_file

REFERENCES = {"thumbnails": "select thumbnail_path from events"}


def test_verification_names_its_checks_and_is_remembered(application: Application) -> None:
    service = application.service()
    made = service.create_backup()
    result = service.verify_backup(made.backup_id)
    assert result
    assert [check.name for check in result.checks] == [
        "existence",
        "decryption",
        "decompression",
        "checksum",
        "sqlite integrity",
        "foreign keys",
        "table counts",
    ]
    after = service.get_backup(made.backup_id)
    assert after.verified
    assert after.verification_date == result.verified_at
    assert service.get_backup_stats().verified_backups == 1


def test_a_missing_pack_fails_the_existence_or_reading_check(application: Application) -> None:
    service = application.service()
    made = service.create_backup()
    packs = [path for path in (application.repository / "data").rglob("*") if path.is_file()]
    max(packs, key=lambda path: path.stat().st_size).unlink()
    result = service.verify_backup(made.backup_id)
    assert not result
    assert result.errors
    after = service.get_backup(made.backup_id)
    assert not after.verified
    assert after.verification_errors == result.errors


NOT_MADE = {"sqlite integrity": "skipped", "foreign keys": "skipped", "table counts": "skipped"}


def results(application: Application) -> dict[str, str]:
    """Verify the newest backup and return the result of each check."""
    result = application.service().verify_backup("latest")
    assert bool(result.errors) is not result.verified
    assert [each.split(":")[0] for each in result.errors] == [
        check.name for check in result.checks if check.failed
    ]
    assert all(check.detail.startswith("not reached") for check in result.checks if check.skipped)
    words = {(True, False): "passed", (False, False): "failed", (False, True): "skipped"}
    return {check.name: words[check.passed, check.skipped] for check in result.checks}


def test_a_file_with_a_wrong_seal_fails_decryption_and_no_later_check(
    application: Application,
) -> None:
    application.service().create_backup()
    spoil_file(application.repository, "files/thumbnails/3.jpg", flip_last, seal=False)
    assert results(application) == {
        "existence": "passed",
        "decryption": "failed",
        "decompression": "skipped",
        "checksum": "skipped",
        **NOT_MADE,
    }


def test_a_file_well_sealed_and_badly_compressed_fails_decompression_alone(
    application: Application,
) -> None:
    application.service().create_backup()
    spoil_file(application.repository, "files/thumbnails/3.jpg", flip_first, seal=True)
    assert results(application) == {
        "existence": "passed",
        "decryption": "passed",
        "decompression": "failed",
        "checksum": "skipped",
        **NOT_MADE,
    }


def test_a_file_well_sealed_and_compressed_with_other_content_fails_its_checksum(
    application: Application,
) -> None:
    (application.thumbnails / "noise").write_bytes(random.Random(7).randbytes(5000))
    application.service().create_backup()
    spoil_file(application.repository, "files/thumbnails/noise", flip_first, seal=True)
    assert results(application) == {
        "existence": "passed",
        "decryption": "passed",
        "decompression": "passed",
        "checksum": "failed",
        **NOT_MADE,
    }


def test_a_pack_that_is_gone_fails_the_existence_of_what_it_held(application: Application) -> None:
    application.service().create_backup()
    packs = [path for path in (application.repository / "data").rglob("*") if path.is_file()]
    max(packs, key=lambda path: path.stat().st_size).unlink()
    assert results(application) == {
        "existence": "failed",
        "decryption": "skipped",
        "decompression": "skipped",
        "checksum": "skipped",
        **NOT_MADE,
    }


def test_two_files_damaged_in_two_ways_fail_a_check_each(application: Application) -> None:
    application.service().create_backup()
    spoil_file(application.repository, "files/thumbnails/3.jpg", flip_last, seal=False)
    spoil_file(application.repository, "files/thumbnails/4.jpg", flip_first, seal=True)
    found = results(application)
    assert (found["decryption"], found["decompression"]) == ("failed", "failed")
    assert found["checksum"] == "skipped"


def test_a_proof_outlives_the_catalog_and_shows_on_a_fresh_machine(
    application: Application, tmp_path: Path
) -> None:
    service = application.service()
    made = service.create_backup()
    proof = service.verify_backup(made.backup_id)
    (application.repository / "holdfast" / "runs.db").unlink()
    moved = shutil.copytree(application.repository, tmp_path / "elsewhere")
    for place in (application.repository, moved):
        (after,) = BackupService(backup_dir=place, encryption_password=PASSWORD).list_backups()
        assert (after.verified, after.verification_date) == (True, proof.verified_at)


def test_retention_keeps_the_newest_proven_backup_without_a_catalog(
    application: Application,
) -> None:
    """R26: the guard goes by proofs, which are lost with no catalog."""
    service = application.service()
    proven = service.create_backup()
    service.verify_backup(proven.backup_id)
    for _ in range(3):
        service.create_backup()
    (application.repository / "holdfast" / "runs.db").write_bytes(b"no database" * 100)
    assert service.delete_old_backups(keep_count=1) == 2
    assert service.list_backups()[-1].backup_id == proven.backup_id


def test_a_failed_verification_replaces_the_proof_before(application: Application) -> None:
    service = application.service()
    made = service.create_backup()
    assert service.verify_backup(made.backup_id)
    spoil_file(application.repository, "files/thumbnails/3.jpg", flip_last, seal=False)
    result = service.verify_backup(made.backup_id)
    after = service.get_backup(made.backup_id)
    assert not after.verified
    assert after.verification_errors == result.errors


def test_a_proof_that_was_not_made_with_the_key_proves_nothing(application: Application) -> None:
    service = application.service()
    made = service.create_backup()
    service.verify_backup(made.backup_id)
    (proof,) = (application.repository / "holdfast" / "proofs").iterdir()
    sealed = proof.read_bytes()
    proof.write_bytes(flip_last(sealed))
    assert not service.get_backup(made.backup_id).verified
    proof.write_bytes(sealed)
    assert service.get_backup(made.backup_id).verified


def test_a_proof_goes_with_its_backup(application: Application) -> None:
    service = application.service()
    made = service.create_backup()
    service.verify_backup(made.backup_id)
    service.drill(made.backup_id)
    proofs = application.repository / "holdfast" / "proofs"
    assert len(list(proofs.iterdir())) == 2
    service.delete_backup(made.backup_id)
    assert list(proofs.iterdir()) == []


def test_nothing_but_proofs_is_lost_with_the_folder_of_this_machine(
    application: Application,
) -> None:
    service = application.service()
    made = service.create_backup()
    service.verify_backup(made.backup_id)
    shutil.rmtree(application.repository / "holdfast")
    (after,) = service.list_backups()
    assert not after.verified
    assert after.table_counts == made.table_counts
    assert service.restore_backup("latest")


def test_every_named_file_is_proven_to_be_in_the_same_backup(application: Application) -> None:
    service = application.service(references=REFERENCES)
    (application.thumbnails / "orphan.jpg").write_bytes(b"nobody names me")
    service.create_backup()
    result = service.verify_backup("latest")
    assert result
    assert result.orphan_files == ("files/thumbnails/orphan.jpg",)
    assert result.missing_files == ()


def test_a_row_whose_file_is_missing_fails_verification_and_drill(
    application: Application,
) -> None:
    (application.thumbnails / "7.jpg").unlink()
    service = application.service(references=REFERENCES)
    service.create_backup()
    for result in (service.verify_backup("latest"), service.drill("latest")):
        assert not result
        assert result.missing_files == ("files/thumbnails/7.jpg",)
        assert any("7.jpg" in error for error in result.errors)


def test_rows_may_name_files_by_label_or_by_their_full_path(application: Application) -> None:
    application.execute("update events set thumbnail_path = 'thumbnails/1.jpg' where id = 1")
    application.execute(
        f"update events set thumbnail_path = '{application.thumbnails}/2.jpg' where id = 2"
    )
    application.execute("update events set thumbnail_path = 'data/thumbnails/3.jpg' where id = 3")
    application.execute("update events set thumbnail_path = null where id = 4")
    service = application.service(references=REFERENCES)
    service.create_backup()
    result = service.verify_backup("latest")
    assert result.missing_files == ()
    assert result.orphan_files == ("files/thumbnails/4.jpg",)


def test_a_drill_restores_checks_expectations_and_cleans_up(application: Application) -> None:
    """R10: a real restore into a scratch place, with the user's own queries."""
    service = application.service(expect=["select count(*) > 0 from events"])
    made = service.create_backup()
    result = service.drill("latest", expect=["select count(*) = 20 from events"])
    assert result
    names = [check.name for check in result.checks]
    assert "restore" in names
    assert "sqlite integrity" in names
    assert sum(name.startswith("expect") for name in names) == 2
    assert result.duration_s > 0
    assert service.get_backup(made.backup_id).verified
    assert application.leftovers() == []


def test_an_expectation_that_does_not_hold_fails_the_drill(application: Application) -> None:
    service = application.service()
    service.create_backup()
    result = service.drill("latest", expect=["select count(*) > 1000 from events"])
    assert not result
    assert any("1000" in error for error in result.errors)


def test_an_expectation_may_name_one_of_several_databases(application: Application) -> None:
    """Without a name it asks the plan's own database, whatever the others are called."""
    for name, rows in (("aaa", 3), ("audit", 4)):
        with closing(sqlite3.connect(application.root / f"{name}.db")) as database, database:
            database.execute("create table log (id)")
            database.executemany("insert into log values (?)", [(each,) for each in range(rows)])
    service = application.service(
        databases={name: f"sqlite:///{application.root}/{name}.db" for name in ("aaa", "audit")},
        expect=["select count(*) = 20 from events", "audit: select count(*) = 4 from log"],
    )
    service.create_backup()
    assert service.drill("latest")
    result = service.drill(
        "latest", expect=["audit: select count(*) = 3 from log", "gone: select 1"]
    )
    failed = {check.name: check.detail for check in result.checks if check.failed}
    assert failed == {
        "expect: audit: select count(*) = 3 from log": "it returned '0'",
        "expect: gone: select 1": "the backup holds no database gone; it holds app, aaa, audit",
    }


def test_a_drill_of_a_backup_that_is_not_there_is_an_error(application: Application) -> None:
    service = application.service()
    service.create_backup()
    with pytest.raises(BackupNotFound):
        service.drill("backup_19990101_000000")
