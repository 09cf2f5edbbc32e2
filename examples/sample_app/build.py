"""Build the sample application's data: `python -m examples.sample_app.build --into DIR`.

`DIR/app.db` is the Chinook database plus three tables as applications have them: settings,
events that name a thumbnail each, and the version of the schema. `DIR/thumbnails/` holds the
files that the events name. Two builds make the same rows and the same files.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path

from examples.sample_app.thumbnails import draw_thumbnail

CHINOOK = Path(__file__).with_name("chinook.sqlite")
DATABASE_NAME = "app.db"
THUMBNAILS_NAME = "thumbnails"

_SCHEMA = """
CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    album_id INTEGER NOT NULL REFERENCES Album (AlbumId),
    title TEXT NOT NULL,
    starts_at TEXT NOT NULL,
    thumbnail_path TEXT
);
CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY);
"""
_SCHEMA_VERSION = "5c1f0a7e2b94"
_SETTINGS = {
    "shop_name": "Chinook Records",
    "currency": "EUR",
    "opening_hours": '{"mon-fri": "10:00-19:00", "sat": "10:00-16:00"}',
    "theme": "vinyl",
    "mail_from": "shop@chinook.example",
}
# Every eighth album has a listening evening.
_EVENTS = """
INSERT INTO events (id, album_id, title, starts_at)
SELECT AlbumId / 8 + 1, AlbumId, 'Listening evening: ' || Title,
       date('2026-01-09', '+' || (AlbumId / 8 * 7) || ' days') || 'T19:30:00Z'
FROM Album WHERE AlbumId % 8 = 1 ORDER BY AlbumId
"""


def build(directory: Path) -> None:
    """Build the application's data into the new directory `directory`."""
    directory.mkdir(parents=True)
    database = directory / DATABASE_NAME
    shutil.copyfile(CHINOOK, database)
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(_SCHEMA)
        with connection:
            connection.execute("INSERT INTO alembic_version VALUES (?)", (_SCHEMA_VERSION,))
            connection.executemany("INSERT INTO settings VALUES (?, ?)", _SETTINGS.items())
            connection.execute(_EVENTS)
            _add_thumbnails(connection, directory / THUMBNAILS_NAME)


def _add_thumbnails(connection: sqlite3.Connection, thumbnails: Path) -> None:
    query = (
        "SELECT events.id, Album.Title, Artist.Name FROM events "
        "JOIN Album ON AlbumId = album_id JOIN Artist USING (ArtistId) ORDER BY events.id"
    )
    for event_id, title, artist in connection.execute(query).fetchall():
        path = thumbnail_path(artist, title)
        file = thumbnails / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(draw_thumbnail(f"{artist}: {title}"))
        connection.execute("UPDATE events SET thumbnail_path = ? WHERE id = ?", (path, event_id))


def thumbnail_path(artist: str, title: str) -> str:
    """Return where an album's thumbnail stands, relative to the folder of thumbnails."""
    return f"{_slug(artist)[0]}/{_slug(artist)}--{_slug(title)}.png"


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40]


def main() -> None:
    """Build where the command line says."""
    parser = argparse.ArgumentParser(description="Build the sample application's data.")
    parser.add_argument("--into", type=Path, required=True, metavar="DIR", help="a new directory")
    directory: Path = parser.parse_args().into
    build(directory)
    files = [path for path in (directory / THUMBNAILS_NAME).rglob("*") if path.is_file()]
    size_kib = (directory / DATABASE_NAME).stat().st_size // 1024
    print(f"{directory / DATABASE_NAME}: {size_kib} KiB")
    print(f"{directory / THUMBNAILS_NAME}: {len(files)} files")


if __name__ == "__main__":
    main()
