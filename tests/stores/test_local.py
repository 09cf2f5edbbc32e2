from __future__ import annotations

import errno
import os
import stat
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from holdfast.errors import NotEnoughSpace, ObjectExists, ObjectNotFound, StoreError
from holdfast.stores import LocalStore, ObjectInfo, durable
from tests.rig.disk import as_nobody, fill, no_more_files, remount, small_disk
from tests.rig.steps import Step, watch
from tests.stores.conformance import StoreConformance, object_name

CONTENT = b"content of an object"
NAME = object_name(CONTENT)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "repository")
    store.create()
    return store


def files(store: LocalStore) -> list[str]:
    """Return every file there is, temporary ones too."""
    return sorted(
        str(path.relative_to(store.path)) for path in store.path.rglob("*") if path.is_file()
    )


class TestLocalStore(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LocalStore:
        store = LocalStore(tmp_path / "repository")
        store.create()
        return store


class TestWithoutHardLinks(StoreConformance):
    """A file system without hard links (FAT, some FUSE): a rename that replaces nothing."""

    @pytest.fixture
    def store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStore:
        monkeypatch.setattr(os, "link", refusing(errno.EPERM))
        store = LocalStore(tmp_path / "repository")
        store.create()
        return store


class TestWithPlainRenameOnly(TestWithoutHardLinks):
    """Neither hard links nor RENAME_NOREPLACE: a rename under a lock of the directory."""

    @pytest.fixture
    def store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStore:
        monkeypatch.setattr(os, "link", refusing(errno.ENOTSUP))
        monkeypatch.setattr(durable, "_rename_new", durable._rename_under_lock)
        store = LocalStore(tmp_path / "repository")
        store.create()
        return store


def refusing(number: int) -> Any:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


def short(step: Step) -> str:
    """Return a step in few words: the random part of a temporary name left out."""
    return " ".join(
        [step.function, *(Path(path).name.partition("-tmp-")[1] or "name" for path in step.paths)]
    )


def test_a_save_is_written_synced_named_and_its_directory_synced(store: LocalStore) -> None:
    """I2, R33: the bytes are durable before the name is, and the name before save returns."""
    store.save(NAME, CONTENT)
    again = object_name(b"again" + CONTENT)
    folder = store.path / "data" / again.split("/")[1]

    with watch([store.path]) as steps:
        store.save(again, b"again" + CONTENT)

    assert [short(step) for step in steps] == [
        "open -tmp-",
        "write -tmp-",
        "fsync -tmp-",
        "link -tmp- name",
        "unlink -tmp-",
        "fsync name",
    ]
    assert steps[-1].paths == (str(folder),)


def test_a_new_folder_is_durable_before_the_objects_in_it(tmp_path: Path) -> None:
    """I2: the parent of every directory that is made is synced."""
    root = tmp_path / "repository"
    root.mkdir()
    with watch([root]) as steps:
        LocalStore(root).save(NAME, CONTENT)

    folder = NAME.rpartition("/")[0]
    made = [(step.function, os.path.relpath(step.paths[-1], root)) for step in steps]
    assert made[:4] == [("mkdir", "data"), ("fsync", "."), ("mkdir", folder), ("fsync", "data")]
    assert made[-1] == ("fsync", folder)


def test_a_new_folder_of_notes_is_durable_with_the_folder_that_it_is_in(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "fresh")
    store.create()
    with watch([store.path]) as steps:
        store.save("holdfast/damaged/" + "a" * 64, b"note")

    made = [(step.function, os.path.relpath(step.paths[0], store.path)) for step in steps]
    folders = [("mkdir", "holdfast"), ("fsync", "."), ("mkdir", "holdfast/damaged")]
    assert made[:4] == [*folders, ("fsync", "holdfast")]
    assert [info.name for info in store.list("holdfast/damaged/")] == [
        "holdfast/damaged/" + "a" * 64
    ]


def test_a_folder_that_another_process_made_is_synced_too(store: LocalStore) -> None:
    """I2: whoever made a folder, its name is on the disk before an object in it counts."""
    with watch([store.path]) as steps:
        LocalStore(store.path).save(NAME, CONTENT)

    synced = [
        os.path.relpath(step.paths[0], store.path) for step in steps if step.function == "fsync"
    ]
    assert synced[:2] == [".", "data"]


def test_create_syncs_what_it_makes(tmp_path: Path) -> None:
    """I2: a new repository directory lasts, with those above it that had to be made."""
    with watch([tmp_path]) as steps:
        LocalStore(tmp_path / "a" / "b").create()

    synced = [
        os.path.relpath(step.paths[0], tmp_path) for step in steps if step.function == "fsync"
    ]
    assert synced == [".", "a", "a/b/data", "a/b"]


def test_remove_is_durable(store: LocalStore) -> None:
    store.save(NAME, CONTENT)
    with watch([store.path]) as steps:
        store.remove(NAME)

    assert [short(step) for step in steps] == ["unlink name", "fsync name"]


def test_files_and_directories_are_private(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "new" / "repository")
    store.create()
    store.save(NAME, CONTENT)

    modes = {
        stat.S_IMODE(path.stat().st_mode)
        for path in [tmp_path / "new", store.path, *store.path.rglob("*")]
        if path.is_dir()
    }
    assert modes == {0o700}
    assert stat.S_IMODE((store.path / NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize("function", ["write", "fsync", "link"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_an_error_at_any_step_of_a_save_leaves_nothing(
    store: LocalStore, function: str, number: int
) -> None:
    """R36, I2: nothing half-written stays, and a failed fsync is never tried again."""
    store.save(object_name(b"warm up"), b"warm up")
    before = files(store)
    store._prepare_folder(NAME)

    def fail(step: Step, perform: Any, arguments: Any) -> Any:
        if step.function == function:
            raise OSError(number, os.strerror(number))
        return perform()

    expected = NotEnoughSpace if number in (errno.ENOSPC, errno.EDQUOT) else StoreError
    with watch([store.path], fail) as steps, pytest.raises(expected) as caught:
        store.save(NAME, CONTENT)

    assert caught.value.hint
    assert NAME in str(caught.value)
    assert files(store) == before
    assert [step.function for step in steps].count("fsync") == (0 if function == "write" else 1)
    store.save(NAME, CONTENT)
    assert store.load(NAME) == CONTENT


def test_a_name_that_may_not_last_is_not_reported_as_stored(store: LocalStore) -> None:
    """I2: the directory cannot be synced, so the save fails and the object is not visible."""
    store._prepare_folder(NAME)

    def fail(step: Step, perform: Any, arguments: Any) -> Any:
        if step.function == "fsync" and Path(step.paths[0]).is_dir():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return perform()

    with watch([store.path], fail), pytest.raises(StoreError):
        store.save(NAME, CONTENT)
    assert files(store) == []


def test_a_short_write_is_continued(store: LocalStore) -> None:
    """A write that takes only some of the bytes is no error; the rest follows."""
    original = os.write

    def few(step: Step, perform: Any, arguments: Any) -> Any:
        return original(arguments[0], arguments[1][:3]) if step.function == "write" else perform()

    with watch([store.path], few):
        store.save(NAME, CONTENT)
    assert store.load(NAME) == CONTENT


def test_a_file_of_another_length_than_written_is_refused(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I2: the byte count is compared before the object gets its name."""
    monkeypatch.setattr(
        durable, "_write_all", lambda descriptor, rest: os.write(descriptor, rest[1:])
    )

    with pytest.raises(StoreError, match="another length"):
        store.save(NAME, CONTENT)
    assert files(store) == []


def test_a_link_whose_answer_was_lost_counts_as_made(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I4: on NFS a link can be made and then reported as existing; it is our own object."""
    original = os.link

    def twice(source: str, target: str) -> None:
        original(source, target)
        original(source, target)

    monkeypatch.setattr(os, "link", twice)
    store.save(NAME, CONTENT)

    assert store.load(NAME) == CONTENT
    assert files(store) == [NAME]


def test_a_refused_save_leaves_no_temporary_file(store: LocalStore) -> None:
    store.save(NAME, CONTENT)
    with pytest.raises(ObjectExists):
        store.save(NAME, CONTENT)

    assert files(store) == [NAME]


def test_a_full_disk_is_told_and_survived() -> None:
    """R36: on a real full disk nothing half-written is visible, and freeing space is enough."""
    with small_disk(size_bytes=1 << 20) as disk:
        store = LocalStore(disk / "repository")
        store.create()
        store.save(NAME, CONTENT)
        ballast = fill(disk)
        big = os.urandom(300_000)

        with pytest.raises(NotEnoughSpace, match=r"^Not enough disk space: .*300,000"):
            store.save(object_name(big), big)

        assert files(store) == [NAME]
        assert store.free_bytes() == 0
        assert store.load(NAME) == CONTENT
        ballast.unlink()
        store.save(object_name(big), big)
        assert store.load(object_name(big)) == big


def test_a_disk_that_fills_midway_is_survived() -> None:
    """R36: there is room for a part of the object only; that part goes away again."""
    with small_disk(size_bytes=1 << 20) as disk:
        store = LocalStore(disk)
        store.create()
        big = os.urandom(2 << 20)
        free = store.free_bytes()

        with pytest.raises(NotEnoughSpace):
            store.save(object_name(big), big)

        assert files(store) == []
        assert store.free_bytes() == free


def test_no_inode_left_is_told_and_survived() -> None:
    """R36: space may be there and yet no room for one more file."""
    with small_disk(inodes=300) as disk:
        store = LocalStore(disk)
        store.create()
        room = os.statvfs(disk).f_favail - 1  # tmpfs counts the second link of a save, too
        for number in range(room):
            store.save(object_name(b"%d" % number), b"%d" % number)
        more = object_name(b"more")

        with pytest.raises(NotEnoughSpace, match=r"^Not enough disk space: "):
            store.save(more, b"more")

        assert len(files(store)) == room
        store.remove(object_name(b"0"))
        store.save(more, b"more")


def test_a_read_only_disk_is_told() -> None:
    """R36: EROFS names the object and says what to do; reading goes on."""
    with small_disk() as disk:
        store = LocalStore(disk)
        store.create()
        store.save(NAME, CONTENT)
        remount(disk, "ro")

        with pytest.raises(StoreError, match="Cannot write config") as caught:
            store.save("config", b"x")
        assert "read-only" in str(caught.value.hint)
        with pytest.raises(StoreError, match="Cannot remove"):
            store.remove(NAME)
        assert store.load(NAME) == CONTENT
        remount(disk, "rw")
        store.save("config", b"x")


def test_permissions_are_told() -> None:
    """A directory that may not be written or read raises; an error is never taken for absence."""
    with small_disk() as disk, as_nobody():
        store = LocalStore(disk / "repository")
        store.create()
        store.save(object_name(b"1", "snapshots"), b"1")
        for mode in (0o500, 0o300, 0o000):
            (store.path / "snapshots").chmod(mode)
            if mode == 0o500:
                with pytest.raises(StoreError, match="Cannot write"):
                    store.save(object_name(b"2", "snapshots"), b"2")
            else:
                with pytest.raises(StoreError, match="Cannot list snapshots/") as caught:
                    list(store.list("snapshots/"))
                assert "permissions" in str(caught.value.hint)
        (store.path / "data" / "ab").chmod(0)
        with pytest.raises(StoreError, match="Cannot list data/ab/"):
            list(store.list("data/"))
        (store.path / "snapshots").chmod(0o700)
        (store.path / "data" / "ab").chmod(0o700)


def test_no_file_handles_left_is_told_and_survived(store: LocalStore) -> None:
    """R36: EMFILE fails the one call, says what to do, and the next one works."""
    store.save(NAME, CONTENT)
    other = object_name(b"other")
    with no_more_files():
        with pytest.raises(StoreError) as writing:
            store.save(other, b"other")
        with pytest.raises(StoreError) as reading:
            store.load(NAME)
        with pytest.raises(StoreError):
            list(store.list("data/"))

    assert "ulimit" in str(writing.value.hint)
    assert "ulimit" in str(reading.value.hint)
    store.save(other, b"other")
    assert files(store) == sorted([NAME, other])


def test_a_lost_directory_is_not_an_empty_one(store: LocalStore) -> None:
    """I8: with the disk gone, a listing raises and a save does not write beside the mount."""
    store.path.rename(store.path.with_name("moved"))

    with pytest.raises(StoreError):
        list(store.list("snapshots/"))
    with pytest.raises(StoreError):
        store.save("config", b"x")
    assert not store.path.exists()


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    """Copies by other tools can lack empty folders."""
    store = LocalStore(tmp_path)

    assert list(store.list("locks/")) == []
    assert list(store.list("data/")) == []


def test_a_listing_leaves_out_what_is_no_object(store: LocalStore) -> None:
    """Unfinished saves, foreign files and folders are not objects."""
    store.save(NAME, CONTENT)
    folder = store.path / NAME.rpartition("/")[0]
    (folder / f"{NAME[-64:]}-tmp-123").write_bytes(b"half")
    (folder / ".DS_Store").write_bytes(b"")
    (folder / ("0" * 64)).write_bytes(b"in the folder of other names")
    (folder / (NAME[8:10] + "e" * 62)).mkdir()
    (store.path / "data" / "README").write_bytes(b"")

    assert list(store.list("data/")) == [ObjectInfo(NAME, len(CONTENT))]


def test_an_object_that_vanishes_during_a_listing_is_left_out(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [object_name(b"1", "locks"), object_name(b"2", "locks")]
    for name in names:
        store.save(name, b"")
    ids = [name.split("/")[1] for name in names]
    monkeypatch.setattr(os, "listdir", lambda _: [*ids, "f" * 64])

    assert [info.name for info in store.list("locks/")] == sorted(names)


def test_packs_directly_below_data_are_found(store: LocalStore) -> None:
    """Restic's flat layout: the same names, one folder level less on the disk."""
    (store.path / "data" / NAME[8:]).write_bytes(CONTENT)

    assert list(store.list("data/")) == [ObjectInfo(NAME, len(CONTENT))]
    assert store.stat(NAME) == ObjectInfo(NAME, len(CONTENT))
    assert store.load(NAME, offset=3, length=4) == CONTENT[3:7]
    store.remove(NAME)
    with pytest.raises(ObjectNotFound):
        store.load(NAME)


def test_a_linked_repository_directory_works(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(store.path)
    linked = LocalStore(tmp_path / "link")
    linked.create()
    linked.save(NAME, CONTENT)

    assert store.load(NAME) == CONTENT
    assert list(linked.list("data/")) == [ObjectInfo(NAME, len(CONTENT))]


def test_something_else_than_a_file_is_refused_without_waiting(store: LocalStore) -> None:
    """A FIFO in the place of an object would make a careless reader wait for ever."""
    os.mkfifo(store.path / "config")

    with pytest.raises(StoreError, match="not a regular file"):
        store.load("config")


def test_a_file_in_the_place_of_the_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StoreError, match="Cannot make"):
        LocalStore(tmp_path / "file").create()


def test_stale_temporary_files_are_cleared_and_young_ones_left(store: LocalStore) -> None:
    """R38: what a killed save left goes after a day; one that may still run is left."""
    now = datetime.now(UTC)
    store.save(NAME, CONTENT)
    places = ["config", f"keys/{NAME[8:]}", NAME]
    for place in places:
        old, young = (store.path / f"{place}-tmp-{word}" for word in ("0ld", "y0ung"))
        old.write_bytes(b"half")
        young.write_bytes(b"half")
        aged = (now - timedelta(days=2)).timestamp()
        os.utime(old, (aged, aged))
    (store.path / "notes-tmp-1").write_bytes(b"not ours")

    assert store.remove_stale_temporaries(before=now - timedelta(days=1)) == 3
    assert files(store) == sorted(
        [NAME, "notes-tmp-1", *(f"{place}-tmp-y0ung" for place in places)]
    )


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO, errno.ENOTSUP])
def test_only_a_file_system_that_has_no_sync_of_directories_is_excused_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """I2: some network file systems answer EINVAL; anything else may have lost the name."""
    sync = os.fsync

    def refuse_directories(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_directories)
    excused = number == errno.EINVAL
    with nullcontext() if excused else pytest.raises(OSError, match=os.strerror(number)):
        durable.replace_file(str(tmp_path / "note"), b"content")
    assert (tmp_path / "note").read_bytes() == b"content"
