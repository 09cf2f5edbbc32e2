"""The bytes of an archive on disk, through one descriptor that is never reopened."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from holdfast.archive import age
from holdfast.archive.limits import ArchiveLimits, damaged, shown
from holdfast.errors import ArchiveError, ArchivePassphraseError, NotEnoughSpace
from holdfast.models.progress import CancellationToken, Progress, ProgressCallback

PIECE_BYTES = 256 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class ArchiveFile:
    """Reads at offsets. Safe to use from several threads.

    Attributes:
        size: Length [bytes] when it was opened.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._opened_as = os.fstat(descriptor)
        self.size = self._opened_as.st_size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes.

        Raises:
            ArchiveDamaged: The file ends before.
        """
        data = os.pread(self._descriptor, length, offset)
        while len(data) < length:
            more = os.pread(self._descriptor, length - len(data), offset + len(data))
            if not more:
                raise damaged("it is cut off")
            data += more
        return data

    def pieces(self, offset: int, length: int) -> Iterator[bytes]:
        """Yield `length` bytes in pieces of bounded size."""
        while length:
            data = self.read(offset, min(length, PIECE_BYTES))
            yield data
            offset += len(data)
            length -= len(data)

    def check_unchanged(self) -> None:
        """Make sure that nobody wrote to the file since it was opened.

        Raises:
            ArchiveDamaged: Somebody did.
        """
        now = os.fstat(self._descriptor)
        before = self._opened_as
        if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise damaged("it was changed while it was being read")


@contextmanager
def opened(
    path: Path,
    *,
    passphrase: str | None,
    limits: ArchiveLimits,
    scratch_dir: Path,
    progress: ProgressCallback,
    cancel: CancellationToken,
) -> Iterator[ArchiveFile]:
    """Open the ZIP file at `path`, decrypted into `scratch_dir` if it is encrypted.

    The decrypted copy has no name on disk, so nothing can outlive this process.

    Raises:
        ArchiveError: There is no readable file.
        ArchivePassphraseError: The passphrase is missing or wrong.
        ArchiveDamaged: The encrypted file is truncated or altered.
        NotEnoughSpace: `scratch_dir` has not the room for the decrypted copy.
    """
    descriptor = _open(path)
    with os.fdopen(descriptor, "rb") as file:
        if not _encrypted(file):
            yield ArchiveFile(descriptor)
            return
        total = os.fstat(descriptor).st_size
        with TemporaryFile(dir=scratch_dir, buffering=0) as plain:
            done = 0
            for piece in _decrypted(file, passphrase, limits):
                cancel.raise_if_cancelled()
                _write(plain.fileno(), piece, scratch_dir)
                done += len(piece)
                progress(Progress(step="Decrypting", done_bytes=done, total_bytes=total))
            yield ArchiveFile(plain.fileno())


def is_encrypted(path: Path) -> bool:
    """Return whether an archive is encrypted with a passphrase.

    Raises:
        ArchiveError: There is no readable file, or it is encrypted in a form that is not read.
    """
    with os.fdopen(_open(path), "rb") as file:
        return _encrypted(file)


def decrypt_archive(path: Path, passphrase: str | None, target: Path) -> None:
    """Write an encrypted archive as a plain one, for its owner only.

    For who may not keep the passphrase until the archive is used.

    Args:
        target: A new file; nothing is left of it if this fails.

    Raises:
        ArchiveError, ArchivePassphraseError, ArchiveDamaged, NotEnoughSpace: As `opened`.
    """
    with os.fdopen(_open(path), "rb") as file:
        plain = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            for piece in _decrypted(file, passphrase, ArchiveLimits()):
                _write(plain, piece, target.parent)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        finally:
            os.close(plain)


def _encrypted(file: BinaryIO) -> bool:
    """Return whether a file is encrypted, in the form that can be read; it is at its beginning."""
    magic = file.read(len(age.ARMOR))
    file.seek(0)
    if magic.startswith(age.ARMOR):
        raise ArchiveError(
            "The backup file is encrypted by age in its text form, which is not supported",
            hint="Decrypt it with `age -d FILE > backup.zip`, then use backup.zip.",
        )
    return magic.startswith(age.MAGIC)


def _decrypted(file: BinaryIO, passphrase: str | None, limits: ArchiveLimits) -> Iterator[bytes]:
    if passphrase is None:
        raise ArchivePassphraseError(
            "The backup file is encrypted with a passphrase, and none was given",
            hint="Give the passphrase that it was exported with.",
        )
    return age.decrypt(file, passphrase, limits=limits)


def _open(path: Path) -> int:
    try:
        # Non-blocking, so that a pipe of that name does not hang us.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise ArchiveError(
            f"The backup file {shown(str(path))} cannot be read: {error.strerror}",
            hint="Check its name and its permissions.",
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ArchiveError(
            f"The backup file {shown(str(path))} is not a file", hint="Name a .zip or .zip.age."
        )
    return descriptor


def _write(descriptor: int, data: bytes, scratch_dir: Path) -> None:
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise NotEnoughSpace(
            f"Not enough disk space in {scratch_dir} to decrypt the backup file",
            hint="Free some space, or name another directory for temporary files.",
        ) from error
