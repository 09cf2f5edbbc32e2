"""`RESTORE.txt`: how to use an archive without Holdfast, for whoever finds it."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable

from holdfast.archive.limits import shown
from holdfast.archive.members import Contents, Entry
from holdfast.models.manifest import DATABASE_DIR, FILES_DIR, SETTINGS_PATH, TABLES_DIR, Manifest

_SQLITE_SUFFIXES = (".db", ".sqlite", ".sqlite3")
_WIDTH = 78


def restore_text(manifest: Manifest, contents: Contents) -> bytes:
    """Return the text, UTF-8, naming what this backup really holds."""
    databases = _below(contents, DATABASE_DIR)
    labels = _below(contents, FILES_DIR)
    tables = _below(contents, TABLES_DIR)
    has_settings = any(entry.name == SETTINGS_PATH.encode() for entry in contents.tops)
    steps = [
        _unpacking(),
        _checking(),
        *([_databases(databases)] if databases else []),
        *([_files(labels, contents)] if labels else []),
        *([_settings()] if has_settings else []),
        *([_tables()] if tables else []),
    ]
    sections = [
        _heading(manifest),
        _overview(databases, labels, tables, has_settings=has_settings),
        *(f"{number}. {step}" for number, step in enumerate(steps, 1)),
        _with_holdfast(),
    ]
    return ("\n\n".join(sections) + "\n").encode()


def _below(contents: Contents, top: str) -> list[Entry]:
    return [entry for entry in contents.tops if entry.name.startswith(top.encode() + b"/")]


def _heading(manifest: Manifest) -> str:
    lines = [
        f"Backup of {_plain(manifest.app)}",
        f"Backup id:  {_plain(manifest.backup_id)}",
        f"Taken:      {_plain(manifest.created_at)} (UTC)",
    ]
    if manifest.description:
        lines.append(f"About it:   {_plain(manifest.description)}")
    if manifest.app_version:
        lines.append(f"Written by: {_plain(manifest.app)} {_plain(manifest.app_version)}")
    if manifest.problems:
        lines.append(f"Incomplete: {len(manifest.problems)} paths are missing, see manifest.json")
    if manifest.damaged:
        lines.append("Damaged:    a database failed its integrity check when it was saved")
    return "\n".join(lines)


def _overview(
    databases: list[Entry], labels: list[Entry], tables: list[Entry], *, has_settings: bool
) -> str:
    lines = [f"{_name(entry)}  ({entry.node.size:,} bytes)" for entry in databases]
    lines += [f"{_name(entry)}/" for entry in labels]
    lines += [f"{_name(entry)}" for entry in tables]
    lines += [SETTINGS_PATH] if has_settings else []
    return "What is in it\n\n" + "\n".join(f"    {line}" for line in lines or ["(nothing)"])


def _unpacking() -> str:
    return _section(
        "Unpack it into an empty directory",
        "Any program that opens ZIP files will do. If the file's name ends in .age, it is "
        "encrypted with a passphrase; decrypt it first with the program age "
        "(https://age-encryption.org).",
        ["age -d backup.zip.age > backup.zip", "unzip backup.zip -d backup", "cd backup"],
    )


def _checking() -> str:
    return _section(
        "Check it",
        'manifest.json lists every file under "files" with its size in bytes and its SHA-256 '
        '("checksum"). This compares them all, and prints "all good" or the name of a file '
        "that differs:",
        [
            "python3 - <<'END'",
            "import hashlib, json",
            "for path, entry in json.load(open('manifest.json'))['files'].items():",
            "    digest = hashlib.sha256()",
            "    with open(path, 'rb') as file:",
            "        while block := file.read(1 << 20):",
            "            digest.update(block)",
            "    if digest.hexdigest() != entry['checksum']:",
            "        raise SystemExit('differs: ' + path)",
            "print('all good')",
            "END",
        ],
    )


def _databases(databases: list[Entry]) -> str:
    sqlite = [entry for entry in databases if _name(entry).endswith(_SQLITE_SUFFIXES)]
    others = [_name(entry) for entry in databases if entry not in sqlite]
    texts = []
    if sqlite:
        texts.append(
            "A SQLite database here is a complete file that is usable as it is. Stop the "
            "application first. Keep the old database until the new one has proved itself, and "
            "remove the old one's -wal and -shm files: beside the new file they would destroy "
            "it. Put the directory of the live database for DIR."
        )
    if others:
        texts.append(
            f"Load {', '.join(others)} with the tools of its database server (pg_restore for a "
            ".dump of PostgreSQL, mysql for an .sql of MySQL or MariaDB), into an empty database."
        )
    commands = [line for entry in sqlite for line in _sqlite_commands(entry)]
    return _section("Put the database back", " ".join(texts), commands)


def _sqlite_commands(entry: Entry) -> list[str]:
    source = shlex.quote(_name(entry))
    name = entry.node.name if entry.node.name.isprintable() else _name(entry).rpartition("/")[2]
    target, old = shlex.quote(f"DIR/{name}"), shlex.quote(f"DIR/{name}.old")
    beside = " ".join(shlex.quote(f"DIR/{name}{end}") for end in ("-wal", "-shm", "-journal"))
    return [
        f"sqlite3 {source} 'PRAGMA integrity_check'      # must print: ok",
        f"mv {target} {old}",
        f"rm -f {beside}",
        f"cp {source} {target}",
    ]


def _files(labels: list[Entry], contents: Contents) -> str:
    names = ", ".join(f"{_name(entry)}/" for entry in labels)
    text = (
        f"Copy what is in {names} to where the application keeps it. Permissions and times are "
        'in manifest.json too ("mode", a decimal number; "mtime_ns"). Owners are not kept: '
        "give the files to the user that the application runs as."
    )
    if contents.links:
        text += (
            f' {contents.links} symbolic links are listed in manifest.json under "links"; make '
            "them with ln -s."
        )
    if contents.renamed:
        text += (
            f" {contents.renamed} files or directories have names that a ZIP file cannot carry "
            'safely; they are stored under another name, with the true one as "name" in '
            "manifest.json (%XX stands for a byte)."
        )
    return _section("Put the files back", text, [])


def _settings() -> str:
    return _section(
        "Put the settings back",
        "settings.json holds the application's settings as names and values. Secret ones were "
        'left out; manifest.json names them under "skipped_settings", enter them again.',
        [],
    )


def _tables() -> str:
    return _section(
        "Tables", "Each file in tables/ holds the rows of one database table as JSON.", []
    )


def _with_holdfast() -> str:
    return _section(
        "Or let Holdfast do it",
        "It checks the backup first, keeps a copy of what it replaces, and can undo:",
        ["pip install holdfast", "holdfast restore backup.zip"],
    )


def _section(title: str, text: str, commands: Iterable[str]) -> str:
    body = textwrap.fill(
        text, _WIDTH, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )
    lines = [title, "", body]
    if commands:
        lines += ["", *(f"    {command}" for command in commands)]
    return "\n".join(lines)


def _name(entry: Entry) -> str:
    return entry.name.decode()


def _plain(text: str) -> str:
    """Return text on one line, whatever it holds."""
    return text if text.isprintable() else shown(text)
