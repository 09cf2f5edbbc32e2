"""Damage in the repository, as the service and its users meet it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.errors import HoldfastError
from holdfast.operations.retention import RetentionPolicy
from holdfast.repository import BlobType, Repository
from holdfast.stores import open_store
from tests.operations.application import PASSWORD, Application
from tests.operations.damaging import flip_first, flip_last, spoil_file

FILE = "files/thumbnails/3.jpg"


def test_what_a_verification_finds_damaged_the_next_backup_stores_anew(
    application: Application,
) -> None:
    """R40: nothing changed, so nothing is read again and all would rely on the damaged copy."""
    service = application.service()
    old = service.create_backup()
    spoil_file(application.repository, FILE, flip_last, seal=False)
    assert not service.verify_backup(old.backup_id)

    new = service.create_backup()

    assert service.verify_backup(new.backup_id)
    assert service.verify_backup(old.backup_id)
    service.prune()
    assert service.check(read_data=True).ok
    application.restic().check()


def test_what_a_check_finds_damaged_the_next_backup_stores_anew(application: Application) -> None:
    service = application.service()
    old = service.create_backup()
    spoil_file(application.repository, "database/app.db", flip_last, seal=False)
    assert service.check(read_data=True).touched_backups == (old.backup_id,)

    service.create_backup()

    assert service.check(read_data=True).touched_backups == ()
    service.restore_backup(old.backup_id, into=application.root / "out")


def test_a_damaged_directory_is_stored_anew(application: Application) -> None:
    """R40: each directory of the backup in turn, though nothing in it changed."""
    service = application.service()
    old = service.create_backup()
    for path in ("", "files", "files/thumbnails"):
        spoil_directory(application.repository, path)
        assert not service.verify_backup(old.backup_id)
        new = service.create_backup()
        assert service.verify_backup(new.backup_id), path
        # The root of the new backup has another manifest in it, so the old root is lost.
        assert service.verify_backup(old.backup_id).verified == bool(path)
        if not path:
            service.delete_backup(old.backup_id)
            old = new
    service.prune()
    assert service.check(read_data=True).ok


def spoil_directory(location: Path, path: str) -> None:
    """Flip a bit in every copy of the directory of the oldest backup."""
    repository = Repository.open(open_store(str(location)), PASSWORD)
    snapshot = repository.list_snapshots()[0]
    node = repository.tree(snapshot).node(path) if path else None
    tree_id = snapshot.tree if node is None else node.subtree
    assert tree_id is not None
    for found in repository.index.locations(BlobType.TREE, tree_id):
        (pack,) = (location / "data").rglob(found.pack_id.hex())
        data = bytearray(pack.read_bytes())
        data[found.offset + 20] ^= 1
        pack.chmod(0o600)
        pack.write_bytes(data)


def test_a_failed_restore_is_remembered_too(application: Application) -> None:
    service = application.service()
    old = service.create_backup()
    spoil_file(application.repository, FILE, flip_last, seal=False)
    with pytest.raises(HoldfastError):
        service.restore_backup(old.backup_id)

    service.create_backup()
    assert service.verify_backup(old.backup_id)


def test_a_pack_that_lost_its_end_is_replaced_by_a_prune(application: Application) -> None:
    """As the verification says."""
    service = application.service()
    made = service.create_backup()
    for path in [
        path for path in stored(application.repository) if path.parent.parent.name == "data"
    ]:
        path.chmod(0o600)
        path.write_bytes(flip_last(path.read_bytes()))
    errors = service.verify_backup(made.backup_id).errors
    assert "`holdfast prune` replaces the pack" in errors[0]

    service.prune()

    assert service.verify_backup(made.backup_id)
    assert service.check(read_data=True).ok


def stored(repository: Path) -> Iterator[Path]:
    """Yield every object that a restore of the only backup needs."""
    for kind in ("config", "keys", "snapshots", "index", "data"):
        path = repository / kind
        yield from [path] if path.is_file() else (p for p in path.rglob("*") if p.is_file())


def flip_middle(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def cut_last(data: bytes) -> bytes:
    return data[:-1]


@pytest.mark.parametrize("spoil", [flip_first, flip_middle, flip_last, cut_last])
def test_one_wrong_byte_in_any_object_is_told_and_nothing_live_is_touched(
    application: Application, spoil: Callable[[bytes], bytes]
) -> None:
    """R02, R03: verify reports it and a restore refuses, also where only a pack's end is wrong.

    The end of a pack lists what is in it; without it all can be read until the index is lost.
    """
    service = application.service()
    made = service.create_backup()
    application.add_events(1)
    live = application.state()
    for path in list(stored(application.repository)):
        intact = path.read_bytes()
        path.chmod(0o600)
        path.write_bytes(spoil(intact))

        assert not attempt(lambda: service.verify_backup(made.backup_id).verified), path
        assert not attempt(lambda: service.restore_backup(made.backup_id)), path

        assert application.state() == live
        path.write_bytes(intact)
    assert service.verify_backup(made.backup_id)


def attempt(action: Callable[[], object]) -> bool:
    """Return whether it held; False if it did not or was refused."""
    try:
        return bool(action())
    except HoldfastError:
        return False


def test_what_a_check_found_damaged_takes_the_place_of_no_sound_backup(
    application: Application,
) -> None:
    """I10: the rules count what can be restored, until a proof says otherwise."""
    service = application.service()
    sound = service.create_backup()
    (application.thumbnails / "3.jpg").write_bytes(b"another picture" * 100)
    damaged = service.create_backup()
    spoil_file(application.repository, FILE, flip_last, seal=False)
    assert service.check(read_data=True).touched_backups == (damaged.backup_id,)

    def removed() -> list[str]:
        plan = service.plan_retention(RetentionPolicy(keep_last=1))
        return [each.backup_id for each in plan.removed]

    assert removed() == []
    service.create_backup()  # stores anew what was found damaged
    assert service.verify_backup(damaged.backup_id)
    assert removed() == [sound.backup_id]  # the newest that was proven stays as well
