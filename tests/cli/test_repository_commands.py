"""Looking after a repository from the command line: exit statuses, keys, damage, space."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest

from holdfast.cli.main import main
from holdfast.clock import SystemClock
from holdfast.repository import ObjectKind, Repository
from holdfast.stores import open_store
from tests.cli.app import PASSWORD, App

COMMANDS = [
    "list",
    "stats",
    "show latest",
    "verify latest",
    "drill latest",
    "restore latest --yes",
    "undo --yes",
    "keep latest",
    "delete latest --yes",
    "cleanup --keep 3",
    "export latest",
    "check",
    "prune",
    "keys list",
    "unlock",
    "repair index",
    "catalog rebuild",
]


@pytest.mark.parametrize("line", COMMANDS)
def test_without_a_repository_the_status_is_10(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BACKUP_ENCRYPTION_PASSWORD", PASSWORD)
    assert main([*line.split(), "--json"]) == 10
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["exit_code"]) == ("repository-not-found", 10)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", ["list", "create"])
def test_with_a_wrong_password_the_status_is_12(kept: App, line: str) -> None:
    """R51: and nothing is created or overwritten."""
    before = sorted(path for path in kept.root.rglob("*"))
    kept.environment["BACKUP_ENCRYPTION_PASSWORD"] = "wrong"
    done = kept.run(line)
    assert (done.status, done.out) == (12, "")
    assert done.err.startswith("holdfast: ")
    assert sorted(path for path in kept.root.rglob("*")) == before


def test_an_unknown_backup_is_a_failure_and_a_wrong_prefix_is_usage(kept: App) -> None:
    assert kept.run("show", "backup_19990101_000000").status == 1
    kept.do("create")
    ambiguous = kept.run("show", "backup_")
    assert ambiguous.status == 2
    assert "backup_" in ambiguous.err


def test_a_repository_is_made_once(app: App) -> None:
    made = app.do("init", "--json").document["repository"]
    assert made["encrypted"] is True
    assert Path(made["path"]) == app.root / "backups"
    again = app.run("init", "--json")
    assert again.status == 1
    assert again.document["error"]["code"] == "repository-exists"


def test_a_partial_backup_ends_with_status_3_and_names_each_path(app: App) -> None:
    """R09: what could not be captured is listed, and the run is not whole."""
    # In this directory of the kernel is a file that not even root may read.
    done = app.run("create", "--directory", "kernel=/proc/sys/net/ipv4/route")
    assert done.status == 3
    assert "warning: Not captured: files/kernel/flush: " in done.err
    backup = app.do("list", "--json").document["backups"][0]
    assert backup["status"] == "partial"


def test_a_second_password_opens_and_the_first_can_go(kept: App) -> None:
    (kept.root / "new").write_text("second password")
    kept.do("keys", "add", "--new-password-file", "new")
    second = ("--password-file", "new")
    keys = kept.do("keys", "list", *second, "--json").document["keys"]
    assert sorted(key["current"] for key in keys) == [False, True]
    first = next(key["id"] for key in keys if not key["current"])
    assert kept.run("keys", "remove", first[:8], *second).status == 2
    kept.do("keys", "remove", first[:8], *second, "--yes")
    assert kept.run("list").status == 12
    (kept.root / "third").write_text("third password")
    kept.do("keys", "change", *second, "--new-password-file", "third")
    kept.do("list", "--password-file", "third")
    assert kept.run("list", *second).status == 12


@pytest.mark.parametrize("line", ["keys remove", "keys list abc"])
def test_a_key_is_named_where_one_is_needed(kept: App, line: str) -> None:
    assert kept.run(*line.split()).status == 2


def test_damage_is_found_and_named_with_its_backup(kept: App) -> None:
    kept.do("check", "--read-data-subset", "1/2")
    pack = max(
        (kept.root / "backups" / "data").rglob("?" * 64), key=lambda path: path.stat().st_size
    )
    data = bytearray(pack.read_bytes())
    data[10] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(data)
    done = kept.run("check", "--read-data", "--json")
    assert done.status == 1
    report = done.document["check"]
    assert report["ok"] is False
    backup_id = kept.do("list", "--json").document["backups"][0]["backup_id"]
    assert backup_id in report["findings"][0]["backups"]
    assert pack.name in report["findings"][0]["object"]
    shown = kept.run("check", "--read-data").out
    assert f"Cannot be restored whole: {backup_id}" in shown
    assert "What to do: Run `holdfast create`" in shown
    verified = kept.run("verify", "latest", "--json")
    assert verified.status == 1
    assert verified.document["verification"]["verified"] is False
    # Whoever looks at the list alone takes no disproven backup for a good one.
    (listed,) = kept.do("list", "--json").document["backups"]
    assert (listed["disproven"], listed["verified"], bool(listed["verification_errors"])) == (
        True, False, True
    )  # fmt: skip
    assert "verification FAILED" in kept.do("list").out
    assert "completed, verification FAILED" in kept.do("show", "latest").out


def test_damage_whose_data_are_nowhere_any_more_ends_with_the_backups_that_need_them(
    kept: App,
) -> None:
    pack = max(
        (kept.root / "backups" / "data").rglob("?" * 64), key=lambda path: path.stat().st_size
    )
    pack.unlink()
    shutil.rmtree(kept.root / "data" / "thumbnails")
    (kept.root / "data" / "thumbnails").mkdir()
    with kept.database() as database:
        database.execute("delete from users where id > 1")
        database.execute("update users set picture = null")
    kept.do("create")
    still = kept.run("check", "--json").document["check"]
    touched = {name for finding in still["findings"] for name in finding["backups"]}
    assert touched
    shown = kept.run("check").out
    assert "`holdfast delete` them, then `holdfast prune`." in shown
    for name in touched:
        kept.do("delete", name, "--yes")
    kept.do("prune")
    kept.do("check", "--read-data")
    assert len(kept.do("list", "--json").document["backups"]) == 1


def test_a_lost_index_is_rebuilt(kept: App) -> None:
    for file in (kept.root / "backups" / "index").iterdir():
        file.unlink()
    assert kept.run("check").status == 1
    planned = kept.do("repair", "index", "--dry-run", "--json").document["repair"]
    assert (planned["changed"], planned["packs_added"] > 0) == (False, True)
    assert kept.do("repair", "index", "--json").document["repair"]["changed"] is True
    kept.do("check", "--read-data")
    assert "right as it is" in kept.do("repair", "index").out


def test_a_deleted_backup_frees_its_space_by_a_prune(kept: App) -> None:
    (kept.root / "data" / "thumbnails" / "big").write_bytes(os.urandom(400_000))
    kept.do("create")
    with kept.sit("delete", "latest") as terminal:
        terminal.expect("[y/N] ")
        terminal.enter("y")
        assert terminal.wait() == 0
    planned = kept.do("prune", "--dry-run", "--max-unused", "0", "--json").document["prune"]
    assert planned["freed_bytes"] > 390_000
    freed = kept.do("prune", "--max-unused", "0", "--json").document["prune"]["freed_bytes"]
    assert freed > 390_000
    assert kept.run("prune", "--max-unused", "much").status == 2


def test_quiet_still_says_what_is_wrong_and_no_bare_number(kept: App) -> None:
    assert kept.do("prune", "--quiet").out == "Freed 0 B\n"
    assert kept.do("unlock", "--quiet").out == "Removed 0 locks\n"
    assert kept.do("verify", "latest", "--quiet").out.endswith(": passed\n")
    assert kept.do("check", "--quiet").out == "no damage\n"
    for pack in (kept.root / "backups" / "data").rglob("?" * 64):
        pack.unlink()
    checked = kept.run("check", "--quiet")
    assert checked.status == 1
    assert "DAMAGED" in checked.out
    assert "it is missing" in checked.out
    verified = kept.run("verify", "latest", "--quiet")
    assert verified.status == 1
    (first, *reasons) = verified.out.splitlines()
    assert first.endswith(" FAILED:")
    assert reasons


def test_numbers_are_said_as_a_person_reads_them(kept: App) -> None:
    with kept.database() as database:
        database.execute("drop table settings")
    kept.do("create", "--settings-table", "users", "--config", "/dev/null", "--database",
            "data/app.db")  # fmt: skip
    shown = kept.do("stats").out
    assert re.search(r"Compression: +[\d.]+ times smaller", shown)
    assert "Deduplication: nothing saved yet" in shown


def test_a_plan_of_equal_counts_claims_no_change_of_them(kept: App) -> None:
    shown = kept.do("restore", "latest", "--dry-run").out
    assert " -> " not in shown
    assert "app.db: all 2 tables  as many rows in each as now; contents may differ" in shown
    assert "app.db: users" not in shown
    with kept.database() as database:
        database.execute("delete from users where id = 1")
    shown = kept.do("restore", "latest", "--dry-run").out
    assert re.search(r"app.db: users +4 rows -> 5 rows", shown)
    assert re.search(r"app.db: settings +1 row, as now; contents may differ", shown)


def test_a_kept_backup_is_left_by_cleanup_and_delete(kept: App) -> None:
    kept.do("keep", "latest")
    assert kept.run("delete", "latest", "--yes").status == 1
    kept.do("create")
    plan = kept.do("cleanup", "--keep", "1", "--dry-run", "--json").document["cleanup"]
    assert [each["keep"] for each in plan["decisions"]] == [True, True]
    kept.do("unkeep", plan["decisions"][1]["backup_id"])
    plan = kept.do("cleanup", "--keep", "1", "--dry-run", "--json").document["cleanup"]
    assert [each["keep"] for each in plan["decisions"]] == [True, False]
    assert plan["removed"] == []


def test_without_a_rule_a_cleanup_removes_nothing(kept: App) -> None:
    """R27: no policy, or one of zeros, deletes nothing."""
    for arguments in ((), ("--keep", "0")):
        done = kept.run("cleanup", *arguments)
        assert done.status == 2
        assert "No retention rule is set" in done.err
    assert kept.run("cleanup", "--keep", "-1").status == 2


def test_rules_on_the_command_line_replace_those_of_the_file(kept: App) -> None:
    config = kept.root / "holdfast.toml"
    config.write_text(config.read_text() + "\n[retention]\nkeep_yearly = 100\nkeep_last = 5\n")
    for _ in range(2):
        kept.do("create")
    by_file = kept.do("cleanup", "--dry-run", "--json").document["cleanup"]
    assert all(each["keep"] for each in by_file["decisions"])
    by_flag = kept.do("cleanup", "--keep", "2", "--dry-run", "--json").document["cleanup"]
    assert [each["keep"] for each in by_flag["decisions"]] == [True, True, False]


def test_on_a_terminal_a_cleanup_shows_its_plan_and_asks(kept: App) -> None:
    kept.do("create")
    with kept.sit("cleanup", "--keep", "1") as terminal:
        terminal.expect("Remove 1 backup of 2? [y/N] ")
        assert "no rule keeps it" in terminal.screen
        terminal.enter("")
        assert terminal.wait() == 2
    assert len(kept.do("list", "--json").document["backups"]) == 2


def test_a_locked_repository_ends_with_status_11(kept: App) -> None:
    """The lock of a live process of another host excludes a prune."""
    lock = _lock_of_another_host(kept)
    done = kept.run("prune", "--json")
    assert done.status == 11
    assert done.document["error"]["code"] == "repository-locked"
    said = kept.do("unlock").out
    assert said.startswith(
        "Removed 0 locks\nLeft a shared lock of process 1 of somebody on another-"
    )
    assert "`holdfast unlock --all`" in said
    (left,) = kept.do("unlock", "--json").document["unlock"]["left"]
    assert (left["hostname"], left["pid"], left["exclusive"]) == ("another-host", 1, False)
    assert kept.do("unlock", "--all").out == "Removed 1 lock\n"
    assert not lock.exists()
    kept.do("prune")


def _lock_of_another_host(app: App) -> Path:
    """Write a lock as restic on another machine would, with the repository's own key."""
    store = open_store(str(app.root / "backups"))
    repository = Repository.open(store, PASSWORD, clock=SystemClock())
    document = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "exclusive": False,
        "hostname": "another-host",
        "username": "somebody",
        "pid": 1,
    }
    lock_id, _ = repository.objects.save(ObjectKind.LOCK, json.dumps(document).encode())
    store.close()
    path = app.root / "backups" / "locks" / lock_id
    assert path.exists()
    return path


def test_a_part_of_the_plan_is_backed_up_by_its_name(kept: App) -> None:
    """It says what it holds wherever it is shown, and `latest` is still the whole one."""
    (whole,) = kept.do("list", "--json").document["backups"]
    made = kept.do("create", "--only", "app", "--verify")
    assert "warning: Holds only: app" in made.err
    listed = kept.do("list")
    assert "[only app]" in listed.out
    part = kept.do("list", "--json").document["backups"][0]
    assert part["only"] == ["app"]
    assert "Holds only:  app\n" in kept.do("show", part["backup_id"]).out
    assert kept.do("show", "latest", "--json").document["backup"]["backup_id"] == whole["backup_id"]


def test_a_part_that_the_plan_has_not_is_named_with_those_it_has(app: App) -> None:
    refused = app.run("create", "--only", "thumbnail")
    assert refused.status == 2
    assert "has no thumbnail; did you mean thumbnails?" in refused.err
    assert "It has app, settings, thumbnails." in refused.err
    assert not (app.root / "backups").exists()
