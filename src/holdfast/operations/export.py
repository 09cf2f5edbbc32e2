"""Write a backup to a portable file: an archive, or a single database."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from gzip import GzipFile
from pathlib import Path
from typing import BinaryIO

from holdfast.archive import age_encrypted, default_name, write_archive, write_database
from holdfast.errors import (
    ArchivePassphraseError,
    NotEnoughSpace,
    PathNotInBackup,
    StoreError,
    TargetExists,
    UsageError,
)
from holdfast.models.backup import BackupMetadata
from holdfast.models.manifest import DATABASE_DIR
from holdfast.models.node import NodeType
from holdfast.models.progress import Progress
from holdfast.models.tree import BackupTree
from holdfast.operations.backups import backups_of
from holdfast.operations.plan import Workplace
from holdfast.operations.workspace import require_space
from holdfast.sources.base import PlainSql
from holdfast.stores.durable import sync_directory

_UNCOMPRESSED = (".db", ".sqlite", ".sqlite3", ".sql")
_FORMS = ".zip, .zip.age, .db, .db.gz, .sql, .sql.gz"
_SQL_GZIP_LEVEL = 6
"""As `gzip` itself; SQL text is written once and kept."""


def export_backup(
    workplace: Workplace,
    wanted: str,
    target: Path | None = None,
    *,
    passphrase: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a backup to a file; its form follows from the suffix.

    `.zip` and `.zip.age` hold all of it, `.db` and `.db.gz` its SQLite database, `.sql` and
    `.sql.gz` the SQL text of the database of a server, which `psql` or `mariadb` restores.

    The file appears under its name only when it is complete and durable.

    Args:
        target: The file, or a directory to write the default name into; None means the
            default name in the working directory.

    Returns:
        The path of the file.

    Raises:
        TargetExists: The file is there already and `overwrite` is false.
        NotEnoughSpace: There is no room for it; nothing is left of it.
        StoreError: It could not be written; nothing is left of it.
    """
    backup_id, snapshot = backups_of(workplace).resolve(wanted)
    tree = workplace.repository.tree(snapshot)
    path = _target_path(target, tree)
    write = _writer_for(workplace, path, tree, backup_id, passphrase)
    if not path.absolute().parent.is_dir():
        raise UsageError(
            f"There is no directory {path.absolute().parent} to write {path.name} to",
            hint="Make it first, or name another place.",
        )
    if path.exists() and not overwrite:
        raise TargetExists(f"{path} exists already", hint="Name another file, or use --force.")
    metadata = backups_of(workplace).describe(backup_id, snapshot)
    require_space(path.absolute().parent, _expected_bytes(path, tree, metadata), "exported file")
    with _appearing(path) as sink:
        write(sink)
    return path


def _expected_bytes(path: Path, tree: BackupTree, backup: BackupMetadata) -> int:
    """Return about how large the file will be; what compresses is as small as it is stored.

    A backup that is stored as it is says nothing of that, so little is asked for.
    """
    if path.suffix.lower() in _UNCOMPRESSED:
        node = tree.node(_only_database(tree, backup.backup_id))
        return node.size if node else 0
    return backup.compressed_size if backup.compressed else 0


def _target_path(target: Path | None, tree: BackupTree) -> Path:
    manifest = tree.manifest
    name = default_name(manifest.app, datetime.fromisoformat(manifest.created_at))
    if target is None:
        return Path(name)
    return target / name if target.is_dir() else target


def _writer_for(
    workplace: Workplace, path: Path, tree: BackupTree, backup_id: str, passphrase: str | None
) -> Callable[[BinaryIO], None]:
    def archive(sink: BinaryIO) -> None:
        write_archive(tree, sink, progress=workplace.progress, cancel=workplace.cancel)

    def encrypted(sink: BinaryIO) -> None:
        with age_encrypted(sink, passphrase or "") as inner:
            write_archive(tree, inner, progress=workplace.progress, cancel=workplace.cancel)

    def database(sink: BinaryIO) -> None:
        root, gzip = _only_database(tree, backup_id), name.endswith(".gz")
        _require_form(root, sql=name.endswith((".sql", ".sql.gz")))
        if root.endswith(".dump"):
            _write_sql(workplace, tree, root, sink, gzip=gzip)
            return
        write_database(
            tree,
            root,
            sink,
            gzip=gzip,
            progress=workplace.progress,
            cancel=workplace.cancel,
        )

    name = path.name.lower()
    if name.endswith(".zip"):
        return archive
    if name.endswith(".zip.age"):
        if not passphrase:
            raise ArchivePassphraseError(
                "A .zip.age archive needs a passphrase", hint="Give one with --passphrase-file."
            )
        return encrypted
    if name.endswith((".db.gz", ".sql.gz", *_UNCOMPRESSED)):
        return database
    raise UsageError(f"{path.name} has no form that Holdfast writes", hint=f"Use one of {_FORMS}.")


def _require_form(root: str, *, sql: bool) -> None:
    """Refuse to write an SQLite file under the name of SQL text, or the other way round."""
    is_file = root.endswith(".db")
    if is_file and sql:
        raise UsageError(
            f"{root} is a file of SQLite, not SQL text", hint="Export it as .db or .db.gz."
        )
    if not is_file and not sql:
        raise UsageError(
            f"{root} is the dump of a server's database", hint="Export it as .sql or .sql.gz."
        )


def _write_sql(
    workplace: Workplace, tree: BackupTree, root: str, sink: BinaryIO, *, gzip: bool
) -> None:
    source = workplace.plan.source_at(root)
    if not isinstance(source, PlainSql):
        raise UsageError(
            f"{root} is of no database of this plan", hint="Export the backup as .zip instead."
        )
    workplace.progress(Progress(step=f"Writing {root} as SQL"))
    if not gzip:
        source.write_plain_sql(tree, sink, cancel=workplace.cancel)
        return
    # Neither a name nor a time inside, so that the same backup gives the same bytes.
    with GzipFile("", "wb", _SQL_GZIP_LEVEL, sink, mtime=0) as packed:
        source.write_plain_sql(tree, packed, cancel=workplace.cancel)


def _only_database(tree: BackupTree, backup_id: str) -> str:
    paths = [
        f"{DATABASE_DIR}/{node.name}"
        for node in (tree.children(DATABASE_DIR) if tree.node(DATABASE_DIR) else ())
        if node.type is NodeType.FILE
    ]
    if not paths:
        raise PathNotInBackup(f"{backup_id} holds no database", hint="Export it as .zip.")
    if len(paths) > 1:
        raise UsageError(
            f"{backup_id} holds {len(paths)} databases: {', '.join(paths)}",
            hint="Export it as .zip.",
        )
    return paths[0]


@contextmanager
def _appearing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that gets its name only when it was written whole."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(temporary, flags, 0o600)
        with os.fdopen(descriptor, "wb") as sink:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
        temporary.replace(path)
        sync_directory(str(path.absolute().parent))
    except OSError as error:
        temporary.unlink(missing_ok=True)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise (NotEnoughSpace if full else StoreError)(
            f"{path} could not be written: {error.strerror or error}",
            hint="Nothing was left of it. Free some space there, or name another place.",
        ) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
