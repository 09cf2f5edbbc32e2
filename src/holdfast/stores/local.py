"""A store in a local directory, in the layout that restic uses.

Invariant: an object is visible under its name only when all its bytes are on the disk, and
`save` returns only when its name is, too. What a crash can leave is a temporary file, which
no listing shows and `remove_stale_temporaries` clears away.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path, PurePosixPath

from holdfast.errors import (
    HoldfastError,
    NotEnoughSpace,
    ObjectExists,
    ObjectNotFound,
    StoreError,
)
from holdfast.stores import durable
from holdfast.stores.base import Buffer, ObjectInfo
from holdfast.stores.names import (
    CONFIG,
    DATA,
    KINDS,
    NOTES,
    check_folder,
    check_name,
    is_object_id,
    is_temporary,
)

_HINTS = {
    errno.EACCES: "Check the owner and the permissions of the directory.",
    errno.EPERM: "Check the owner, the permissions and the attributes of the directory.",
    errno.EROFS: "The file system is mounted read-only; mount it writable.",
    errno.EMFILE: "Too many files are open; raise the limit (ulimit -n).",
    errno.ENFILE: "Too many files are open on this machine; raise fs.file-max.",
    errno.EIO: "The disk reports errors; check its cable and health (dmesg, smartctl).",
    errno.ESTALE: "The network mount was lost; mount it again.",
    errno.ENOENT: "Check that the disk is mounted and the directory was not moved.",
}
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class LocalStore:
    """Keep objects as files below a directory.

    Files get mode 0600 and directories 0700. A symbolic link to the directory works.

    Args:
        path: The directory; made absolute now, so that a later `chdir` does no harm.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._root = os.path.abspath(os.fspath(path))
        self._lock = threading.Lock()
        self._durable_folders: set[str] = set()

    @property
    def location(self) -> str:
        return self._root

    @property
    def path(self) -> Path:
        """The directory."""
        return Path(self._root)

    def create(self) -> None:
        with self._translated("make", ""):
            durable.make_directories(self._root)
            for kind in KINDS:
                durable.make_directory(f"{self._root}/{kind}")
            for number in range(256):
                durable.make_directory(f"{self._root}/{DATA}/{number:02x}")
            durable.sync_directory(f"{self._root}/{DATA}")
            durable.sync_directory(self._root)

    def save(self, name: str, data: Buffer) -> None:
        path = self._path(name)
        temporary = f"{path}-tmp-{secrets.token_hex(8)}"
        with self._translated("write", name, memoryview(data).nbytes):
            self._prepare_folder(name)
            try:
                durable.write_file(temporary, data)
                durable.publish(temporary, path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary)
                raise
            self._make_name_durable(path)

    def load(self, name: str, *, offset: int = 0, length: int | None = None) -> bytes:
        with self._translated("read", name):
            descriptor = self._open(name)
            try:
                info = os.fstat(descriptor)
                if not stat.S_ISREG(info.st_mode):
                    raise StoreError(f"{self._root}/{name} is not a regular file")
                end = info.st_size if length is None else offset + length
                if offset > info.st_size or end > info.st_size:
                    raise self._too_short(name, offset, end, info.st_size)
                data = _read_range(descriptor, offset, end - offset)
            finally:
                os.close(descriptor)
        if len(data) != end - offset:
            raise self._too_short(name, offset, end, offset + len(data))
        return data

    def stat(self, name: str) -> ObjectInfo:
        path = self._path(name)
        with self._translated("look at", name):
            try:
                info = os.stat(path)
            except FileNotFoundError:
                info = os.stat(self._flat_path(name))
        return ObjectInfo(name, info.st_size)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield the objects of a folder, by name; see `Store.list`.

        Raises:
            StoreError: A directory cannot be read, or the repository directory is gone.
        """
        folder = check_folder(prefix)
        return self._list_data() if folder == DATA else iter(self._list_folder(folder))

    def remove(self, name: str) -> None:
        path = self._path(name)
        with self._translated("remove", name):
            try:
                os.unlink(path)
            except FileNotFoundError:
                path = self._flat_path(name)
                os.unlink(path)
            durable.sync_directory(os.path.dirname(path))

    def free_bytes(self) -> int | None:
        directory = self._root
        while not os.path.exists(directory):
            directory = os.path.dirname(directory)
        with self._translated("look at", ""):
            info = os.statvfs(directory)
        return info.f_bavail * info.f_frsize

    def close(self) -> None:
        """Do nothing: no file is kept open."""

    def remove_stale_temporaries(self, *, before: datetime) -> int:
        """Remove the files of unfinished saves last written before an instant.

        A day ago is a safe choice: no save takes that long, so no running one is disturbed.

        Args:
            before: Aware; younger files are left.

        Returns:
            How many were removed.
        """
        removed = 0
        with self._translated("clear", ""):
            for path in self._temporaries():
                try:
                    if os.stat(path).st_mtime < before.timestamp():
                        os.unlink(path)
                        removed += 1
                except FileNotFoundError:
                    continue  # its own process finished or removed it
        return removed

    def _path(self, name: str) -> str:
        return f"{self._root}/{check_name(name)}"

    def _flat_path(self, name: str) -> str:
        # Repositories that restic first made on S3 and that were copied to a disk keep their
        # packs directly in data/.
        kind, _, rest = name.partition("/")
        return f"{self._root}/{DATA}/{rest[3:]}" if kind == DATA else f"{self._root}/{name}"

    def _open(self, name: str) -> int:
        # O_NONBLOCK: a FIFO put there by mistake must not hang the reader.
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            return os.open(self._path(name), flags)
        except FileNotFoundError:
            return os.open(self._flat_path(name), flags)

    def _prepare_folder(self, name: str) -> None:
        """See to it that the folder of `name` exists and is itself durable.

        Another process may have made the folder and not synced its parent yet; therefore the
        parent is synced once by every store object, whoever made the folder.
        """
        if name == CONFIG:
            return
        path = PurePosixPath(name)
        with self._lock:
            for folder in [str(parent) for parent in path.parents][-2::-1]:
                if folder not in self._durable_folders:
                    self._make_folder_durable(folder)

    def _make_folder_durable(self, folder: str) -> None:
        parent, _, _ = folder.rpartition("/")
        directory = f"{self._root}/{parent}" if parent else self._root
        durable.make_directory(f"{self._root}/{folder}")
        siblings = os.listdir(directory)
        durable.sync_directory(directory)
        self._durable_folders |= {f"{parent}/{name}" if parent else name for name in siblings}

    def _make_name_durable(self, path: str) -> None:
        try:
            durable.sync_directory(os.path.dirname(path))
        except OSError:
            # The object may vanish at a power failure, so it must not be taken for stored.
            with suppress(OSError):
                os.unlink(path)
            raise

    def _list_data(self) -> Iterator[ObjectInfo]:
        for name in sorted(self._file_names(DATA)):
            if len(name) == 2:
                yield from self._list_folder(f"{DATA}/{name}")
            elif is_object_id(name) and not os.path.lexists(
                f"{self._root}/{DATA}/{name[:2]}/{name}"
            ):
                yield from self._infos(DATA, f"{DATA}/{name[:2]}", [name])

    def _list_folder(self, folder: str) -> Sequence[ObjectInfo]:
        names = sorted(filter(is_object_id, self._file_names(folder)))
        wanted = folder.removeprefix(DATA).removeprefix("/") if folder.startswith(DATA) else ""
        return self._infos(folder, folder, [name for name in names if name.startswith(wanted)])

    def _infos(self, directory: str, folder: str, names: Iterable[str]) -> Sequence[ObjectInfo]:
        infos = []
        with self._translated("list", f"{folder}/"):
            for name in names:
                try:
                    info = os.stat(f"{self._root}/{directory}/{name}")
                except FileNotFoundError:
                    continue  # removed since the directory was read
                if stat.S_ISREG(info.st_mode):
                    infos.append(ObjectInfo(f"{folder}/{name}", info.st_size))
        return infos

    def _file_names(self, folder: str) -> Sequence[str]:
        with self._translated("list", f"{folder}/"):
            try:
                return os.listdir(f"{self._root}/{folder}")
            except FileNotFoundError:
                os.stat(self._root)  # a lost disk is not an empty folder
                return []

    def _temporaries(self) -> Iterator[str]:
        folders = ["", *KINDS, NOTES, *(f"{DATA}/{number:02x}" for number in range(256))]
        for folder in folders:
            directory = f"{self._root}/{folder}" if folder else self._root
            try:
                names = os.listdir(directory)
            except FileNotFoundError:
                continue
            yield from (f"{directory}/{name}" for name in names if is_temporary(name))

    def _too_short(self, name: str, offset: int, end: int, size: int) -> StoreError:
        return StoreError(
            f"{name} in {self._root} is too short: bytes {offset} to {end} were asked for, "
            f"it has {size}",
            hint="Run a check to see which backups it touches.",
        )

    @contextmanager
    def _translated(self, verb: str, name: str, size_bytes: int = 0) -> Iterator[None]:
        """Turn the operating system's errors into ours, naming what was being done."""
        try:
            yield
        except HoldfastError:
            raise
        except OSError as error:
            raise self._error(error, verb, name, size_bytes) from error

    def _error(self, error: OSError, verb: str, name: str, size_bytes: int) -> HoldfastError:
        if isinstance(error, FileExistsError) and verb == "write":
            return ObjectExists(f"{name} is stored already in {self._root}")
        if isinstance(error, FileNotFoundError) and verb in ("read", "look at", "remove") and name:
            return ObjectNotFound(f"{name} is not in {self._root}")
        if error.errno in _FULL:
            return NotEnoughSpace(
                f"Not enough disk space: {self._root} has no room for {name} "
                f"({size_bytes:,} bytes): {error.strerror}",
                hint="Free some space or raise the quota, then try again; "
                "nothing half-written was left.",
            )
        target = f"{name} in {self._root}" if name else self._root
        return StoreError(
            f"Cannot {verb} {target}: {error.strerror or error}",
            hint=_HINTS.get(error.errno or 0, "Check the disk and the directory, then try again."),
        )


def _read_range(descriptor: int, offset: int, length: int) -> bytes:
    pieces = []
    while length > 0:
        piece = os.pread(descriptor, length, offset)
        if not piece:
            break
        pieces.append(piece)
        offset += len(piece)
        length -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
