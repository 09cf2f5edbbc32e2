"""`manifest.json`: what a backup says of itself, in every snapshot and in every archive."""

from __future__ import annotations

from typing import Any

import msgspec

from holdfast.errors import BackupTooNew

FORMAT = "holdfast-backup"
VERSION = "1.0"
MANIFEST_PATH = "manifest.json"
SETTINGS_PATH = "settings.json"
DATABASE_DIR = "database"
FILES_DIR = "files"
TABLES_DIR = "tables"
DATABASE_KINDS = frozenset({"sqlite", "postgresql", "mysql"})
"""Kinds of sources whose rows are counted in `Manifest.table_counts`."""
TABLE_KIND = "table"
"""Kind of the entries of `Manifest.contents` that are a table of a `tables` source."""


class ContentEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the manifest says of one captured source.

    Attributes:
        kind: Kind of source: `sqlite`, `postgresql`, `mysql`, `tables`, `directory`,
            `settings`; or `table` for one table of a `tables` source.
        size: Logical size [bytes].
        count: Rows of a database, files of a directory, keys of the settings.
        checksum: Lower-case hexadecimal SHA-256: of the file's bytes for a single file; for
            a directory of its tree object, which names every file's content by SHA-256.
        facts: What the kind of source adds: engine versions, journal mode, fingerprint.
    """

    kind: str
    size: int
    count: int = 0
    checksum: str = ""
    facts: dict[str, Any] = {}


class FileChecksum(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an archive's manifest says of one file in it.

    Attributes:
        size: Length [bytes].
        checksum: SHA-256, lower-case hexadecimal.
        mode: Permission bits; a ZIP's own are lost by many tools.
        mtime_ns: Modification time [ns since 1970-01-01 UTC]; a ZIP's own has 2 s steps.
        name: The true last part of the path, percent-encoded where it is not plain text,
            if the archive had to store the file under another name; else None.
    """

    size: int
    checksum: str
    mode: int | None = None
    mtime_ns: int | None = None
    name: str | None = None


class DirectoryMetadata(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an archive's manifest says of one directory; fields as those of `FileChecksum`."""

    mode: int | None = None
    mtime_ns: int | None = None
    name: str | None = None


class LinkMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """A symbolic link in an archive's manifest: its target, and its own time [ns]."""

    target: str
    mtime_ns: int


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A path that a backup could not take, and why."""

    path: str
    reason: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The description that travels with a backup. It holds no secret and no credentials.

    Attributes:
        created_at: RFC 3339, UTC, of the moment the backup began.
        contents: Per captured source, by its path in the backup: `database/app.db`,
            `settings.json`, `files/<label>`, `tables`. And per table of a `tables` source, by
            the table's name, with its `path` in the backup among its facts.
        table_counts: Rows per table, `<database name>` left out when there is only one
            database, else `<database name>.<table>`.
        original_size: Sum of the logical sizes [bytes].
        only: Names of the sources that were asked for, where others of the plan were left out;
            empty for a backup of the whole plan.
        damaged: True if a source was taken although it failed its own integrity check.
        problems: What could not be captured; empty for a complete backup.
        archive_checksum: In an archive only: SHA-256 of all its bytes before the manifest.
        files: In an archive only: size and SHA-256 of every file, by its path there.
        directories: In an archive only: every directory, by its path there.
        links: In an archive only: symbolic links, which a ZIP cannot carry, by their paths;
            last part of the path and target are percent-encoded where not plain text.
    """

    format: str = FORMAT
    version: str = VERSION
    backup_id: str
    created_at: str
    backup_type: str
    trigger: str
    plan: str = "default"
    description: str | None = None
    tags: tuple[str, ...] = ()
    holdfast_version: str
    app: str = "app"
    app_version: str | None = None
    schema_version: str | None = None
    hostname: str = ""
    contents: dict[str, ContentEntry] = {}
    table_counts: dict[str, int] = {}
    total_records: int = 0
    original_size: int = 0
    engines: dict[str, str] = {}
    references: dict[str, str] = {}
    skipped_settings: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    damaged: bool = False
    problems: tuple[Problem, ...] = ()
    archive_checksum: str | msgspec.UnsetType = msgspec.UNSET
    files: dict[str, FileChecksum] | msgspec.UnsetType = msgspec.UNSET
    directories: dict[str, DirectoryMetadata] | msgspec.UnsetType = msgspec.UNSET
    links: dict[str, LinkMetadata] | msgspec.UnsetType = msgspec.UNSET

    @property
    def sources(self) -> dict[str, ContentEntry]:
        """What `contents` says of whole sources, by their paths in the backup."""
        return {path: each for path, each in self.contents.items() if each.kind != TABLE_KIND}

    @property
    def tables(self) -> dict[str, ContentEntry]:
        """What `contents` says of tables in files of their own, by the tables' names."""
        return {name: each for name, each in self.contents.items() if each.kind == TABLE_KIND}

    def encode(self) -> bytes:
        """Return the manifest as indented UTF-8 JSON with a final newline."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


class _Version(msgspec.Struct):
    format: str
    version: str


def decode_manifest(data: bytes) -> Manifest:
    """Read a `manifest.json`.

    Raises:
        BackupTooNew: Its major version is newer than this Holdfast reads.
        ValueError: It is not a manifest.
    """
    head = msgspec.json.decode(data, type=_Version)
    if head.format != FORMAT:
        raise ValueError(f"not a Holdfast manifest: format is {head.format!r}")
    major = head.version.partition(".")[0]
    if not major.isdecimal():
        raise ValueError(f"not a Holdfast manifest: version is {head.version!r}")
    if int(major) > int(VERSION.partition(".")[0]):
        raise BackupTooNew(
            f"Backup is from a newer version of Holdfast (format {head.version}, "
            f"this one reads {VERSION})",
            hint="Upgrade Holdfast, then try again.",
        )
    return msgspec.json.decode(data, type=Manifest)
