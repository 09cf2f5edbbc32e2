"""A backup handed out as an archive, or a file of it, in whole and in part, without a file."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from holdfast.errors import BackupNotFound, PathNotInBackup, RepositoryDamaged
from holdfast.operations import download as downloading
from holdfast.repository import PruneOptions, SnapshotTree
from tests.operations.application import Application


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_compressed_download_is_the_exported_file_to_the_byte(application: Application) -> None:
    service = application.service()
    made = service.create_backup()
    exported = service.export_backup("latest", application.root / "a.zip").read_bytes()
    download = service.open_download("latest", compression_level=1)
    assert download.backup_id == made.backup_id
    assert download.size_bytes == len(exported)
    assert b"".join(download.read()) == exported
    assert b"".join(download.read(100, 5000)) == exported[100:5000]


def test_a_stored_download_is_a_whole_archive_that_can_be_taken_in(
    application: Application,
) -> None:
    """The default: its length is known from the metadata, and it is as good as an export."""
    service = application.service()
    made = service.create_backup()
    download = service.open_download(made.backup_id)
    path = application.root / download.name
    path.write_bytes(b"".join(download.read()))
    assert path.stat().st_size == download.size_bytes
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_STORED}
    other = application.service(backup_dir=application.root / "other")
    assert other.import_archive(path).backup_id == made.backup_id
    assert other.verify_backup(made.backup_id)


def test_another_process_goes_on_where_the_first_stopped(application: Application) -> None:
    """The tag is the same, and so are the bytes; a service of its own knows nothing yet."""
    service = application.service()
    service.create_backup()
    first = service.open_download("latest")
    second = application.service().open_download("latest")
    assert first.etag == second.etag
    begun = b"".join(first.read(0, 3000))
    whole = b"".join(first.read())
    assert begun + b"".join(second.read(3000)) == whole


def test_the_tag_is_of_the_bytes(application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other data, another level or another Holdfast: another tag. A mark to be kept: the same."""
    service = application.service()
    made = service.create_backup()
    tags = {service.open_download(made.backup_id).etag}
    service.keep_backup(made.backup_id)
    assert {service.open_download(made.backup_id).etag} == tags
    tags.add(service.open_download(made.backup_id, compression_level=1).etag)
    application.add_events(1)
    tags.add(service.open_download(service.create_backup().backup_id).etag)
    monkeypatch.setattr(downloading, "__version__", "9.9")
    tags.add(service.open_download(made.backup_id).etag)
    assert len(tags) == 4


def test_nothing_is_left_whether_a_download_ends_or_is_broken_off(
    application: Application,
) -> None:
    """R38: no file and no descriptor; and while it is read the repository is not locked."""
    service = application.service()
    made = service.create_backup()
    download = service.open_download(made.backup_id)
    b"".join(download.read())  # what is made once, such as the state of the repository, is there
    files, count = _files(application.root), descriptors()
    b"".join(download.read())
    broken = download.read()
    next(broken)
    assert service.list_locks() == []
    broken.close()  # type: ignore[attr-defined]
    assert _files(application.root) == files
    assert descriptors() == count


def _files(root: Path) -> dict[str, int]:
    return {str(path): path.stat().st_size for path in root.rglob("*") if path.is_file()}


def test_many_downloads_at_once_are_all_whole(application: Application) -> None:
    service = application.service()
    service.create_backup()
    download = service.open_download("latest")
    whole = b"".join(download.read())
    with ThreadPoolExecutor(20) as pool:
        taken = list(pool.map(lambda _: b"".join(download.read()), range(20)))
    assert all(each == whole for each in taken)


def test_a_download_outlives_a_cleanup_that_moves_what_it_reads(
    application: Application,
) -> None:
    """What is repacked under a slow client is found again where it lies now."""
    names = [f"{number:02}" for number in range(20)]
    for name in names:
        (application.thumbnails / name).write_bytes(os.urandom(600_000))
    service = application.service()
    first = service.create_backup()
    for name in names[::2]:
        (application.thumbnails / name).unlink()
    kept = service.create_backup()
    download = service.open_download(kept.backup_id)
    whole = b"".join(download.read())
    slow = download.read()
    begun = next(slow)
    packs = set(application.repository.glob("data/*/*"))
    service.delete_backup(first.backup_id)
    service.prune(PruneOptions(max_unused_share=0))
    assert packs - set(application.repository.glob("data/*/*"))
    assert begun + b"".join(slow) == whole


def test_a_download_of_a_backup_that_is_removed_meanwhile_ends(application: Application) -> None:
    service = application.service()
    removed = service.create_backup()
    application.add_events(1)
    service.create_backup()
    download = service.open_download(removed.backup_id)
    assert service.delete_backup(removed.backup_id)
    with pytest.raises(BackupNotFound):
        next(download.read())


def test_damage_is_told_and_not_tried_for_ever(application: Application) -> None:
    """R02: a part that cannot be read never becomes another content."""
    (application.thumbnails / "large").write_bytes(os.urandom(3 << 20))
    service = application.service()
    service.create_backup()
    download = service.open_download("latest")
    for pack in application.repository.glob("data/*/*"):
        if pack.stat().st_size > 1 << 20:
            data = bytearray(pack.read_bytes())
            data[len(data) // 2] ^= 1
            pack.chmod(0o600)
            pack.write_bytes(data)
    with pytest.raises(RepositoryDamaged):
        for _ in download.read():
            pass


# One file of a backup

LARGE = "files/thumbnails/large"


def with_large(application: Application, size: int = 5 << 20) -> bytes:
    """Give an application a file of some megabytes."""
    data = os.urandom(size)
    (application.thumbnails / "large").write_bytes(data)
    return data


def spoil(application: Application) -> None:
    """Damage what is large of what is stored, in the middle."""
    for pack in application.repository.glob("data/*/*"):
        if pack.stat().st_size > 1 << 20:
            data = bytearray(pack.read_bytes())
            data[len(data) // 2] ^= 1
            pack.chmod(0o600)
            pack.write_bytes(data)


def test_a_file_comes_out_as_it_lay_there_in_whole_and_in_part(application: Application) -> None:
    """A large one, a small one, and one without a byte."""
    data = with_large(application)
    (application.thumbnails / "empty").touch()
    service = application.service()
    service.create_backup()
    file = service.open_file("latest", f"/{LARGE}")
    assert (file.name, file.size_bytes) == ("large", len(data))
    assert file.media_type == "application/octet-stream"
    assert b"".join(file.read()) == data
    for start, stop in ((0, 1), (1, len(data)), (1_048_575, 3_000_001), (len(data) - 1, None)):
        assert b"".join(file.read(start, stop)) == data[start:stop]
    small = service.open_file("latest", "files/thumbnails/1.jpg")
    assert b"".join(small.read()) == (application.thumbnails / "1.jpg").read_bytes()
    assert b"".join(small.read(3, 9)) == (application.thumbnails / "1.jpg").read_bytes()[3:9]
    empty = service.open_file("latest", "files/thumbnails/empty")
    assert (empty.size_bytes, list(empty.read())) == (0, [])


def test_the_tag_of_a_file_is_of_its_bytes(application: Application) -> None:
    """The same content has it in every backup, so a download goes on from a newer one."""
    service = application.service()
    first = service.create_backup().backup_id
    path = "files/thumbnails/1.jpg"
    tags = {service.open_file(first, path).etag}
    application.add_events(1)
    second = service.create_backup().backup_id
    assert {service.open_file(second, path).etag} == tags
    assert service.open_file(first, "files/thumbnails/2.jpg").etag not in tags


def test_a_file_outlives_a_cleanup_that_moves_it(application: Application) -> None:
    """A slow client gets the right bytes; nothing is left of who goes away."""
    data = with_large(application, 12 << 20)
    other = application.thumbnails / "other"
    other.write_bytes(os.urandom(1 << 20))
    service = application.service()
    first = service.create_backup()
    other.unlink()
    kept = service.create_backup()
    file = service.open_file(kept.backup_id, LARGE)
    b"".join(file.read())
    count = descriptors()
    slow = file.read()
    begun = next(slow)
    assert service.list_locks() == []
    service.delete_backup(first.backup_id)
    service.prune(PruneOptions(max_unused_share=0))
    assert begun + b"".join(slow) == data
    broken = file.read()
    next(broken)
    broken.close()  # type: ignore[attr-defined]
    assert descriptors() == count


def test_a_file_of_a_backup_that_is_removed_meanwhile_ends(application: Application) -> None:
    service = application.service()
    removed = service.create_backup().backup_id
    application.add_events(1)
    service.create_backup()
    file = service.open_file(removed, "files/thumbnails/1.jpg")
    assert service.delete_backup(removed)
    with pytest.raises(BackupNotFound):
        next(file.read())


def test_a_damaged_file_never_becomes_another(application: Application) -> None:
    """R02: what comes before the damage is right, and then it is told; others come out whole."""
    data = with_large(application)
    service = application.service()
    service.create_backup()
    spoil(application)
    file = service.open_file("latest", LARGE)
    taken: list[bytes] = []
    with pytest.raises(RepositoryDamaged):
        taken.extend(file.read())
    assert data.startswith(b"".join(taken))


def test_what_is_in_no_backup_is_not_opened(application: Application) -> None:
    service = application.service()
    service.create_backup()
    with pytest.raises(BackupNotFound):
        service.open_file("backup_20200101_000000", "database/app.db")
    with pytest.raises(PathNotInBackup, match="is a directory"):
        service.open_file("latest", "files")


def test_the_last_piece_comes_only_when_the_length_is_proven(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R59: whoever wrote the repository may lie about a length; that makes no whole file."""
    (application.thumbnails / "lie").write_bytes(b"abcdef")
    service = application.service()
    service.create_backup()
    file = service.open_file("latest", "files/thumbnails/lie")

    def read(_: SnapshotTree, path: str, *, start: int = 0) -> Iterator[bytes]:
        yield from (b"abcdef"[at : at + 3] for at in range(start, 6, 3))
        raise RepositoryDamaged(f"The blobs of {path} come to 7 bytes, but the file has 6")

    monkeypatch.setattr(SnapshotTree, "read", read)
    taken: list[bytes] = []
    with pytest.raises(RepositoryDamaged, match="come to 7"):
        taken.extend(file.read())
    assert taken == [b"abc"]
    assert b"".join(file.read(0, 5)) == b"abcde", "of a part nothing can be said"
