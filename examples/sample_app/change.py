"""A day at the shop: `python -m examples.sample_app.change --in DIR` changes rows and files."""

from __future__ import annotations

import argparse
import sqlite3
from contextlib import closing
from pathlib import Path

from examples.sample_app.build import DATABASE_NAME, THUMBNAILS_NAME, thumbnail_path
from examples.sample_app.thumbnails import draw_thumbnail

_SALE = """
INSERT INTO Invoice (InvoiceId, CustomerId, InvoiceDate, BillingCity, BillingCountry, Total)
SELECT (SELECT max(InvoiceId) FROM Invoice) + row_number() OVER (ORDER BY CustomerId),
       CustomerId, '2026-03-02 11:00:00', City, Country, 1.98
FROM Customer ORDER BY CustomerId LIMIT 20
"""
_SALE_LINES = """
INSERT INTO InvoiceLine (InvoiceLineId, InvoiceId, TrackId, UnitPrice, Quantity)
SELECT (SELECT max(InvoiceLineId) FROM InvoiceLine) + row_number() OVER (ORDER BY InvoiceId),
       InvoiceId, 1 + InvoiceId % 3000, 0.99, 2
FROM Invoice WHERE InvoiceDate = '2026-03-02 11:00:00'
"""
_STATEMENTS = (
    _SALE,
    _SALE_LINES,
    "UPDATE Track SET UnitPrice = 1.29 WHERE TrackId % 50 = 0",
    "UPDATE settings SET value = 'night' WHERE key = 'theme'",
    "DELETE FROM Playlist WHERE PlaylistId NOT IN (SELECT PlaylistId FROM PlaylistTrack)",
)


def change(directory: Path) -> None:
    """Sell, reprice, cancel one event, announce another, redraw a thumbnail."""
    with closing(sqlite3.connect(directory / DATABASE_NAME)) as connection, connection:
        for statement in _STATEMENTS:
            connection.execute(statement)
        _cancel_first_event(connection, directory / THUMBNAILS_NAME)
        _announce_event(connection, directory / THUMBNAILS_NAME)
        _redraw_last_thumbnail(connection, directory / THUMBNAILS_NAME)


def _cancel_first_event(connection: sqlite3.Connection, thumbnails: Path) -> None:
    query = "SELECT id, thumbnail_path FROM events ORDER BY id LIMIT 1"
    event_id, path = connection.execute(query).fetchone()
    connection.execute("DELETE FROM events WHERE id = ?", (event_id,))
    (thumbnails / path).unlink()


def _announce_event(connection: sqlite3.Connection, thumbnails: Path) -> None:
    query = "SELECT AlbumId, Title, Name FROM Album JOIN Artist USING (ArtistId) WHERE AlbumId = 6"
    album_id, title, artist = connection.execute(query).fetchone()
    path = thumbnail_path(artist, title)
    (thumbnails / path).write_bytes(draw_thumbnail(f"{artist}: {title}"))
    connection.execute(
        "INSERT INTO events (album_id, title, starts_at, thumbnail_path) VALUES (?, ?, ?, ?)",
        (album_id, f"Listening evening: {title}", "2026-12-18T19:30:00Z", path),
    )


def _redraw_last_thumbnail(connection: sqlite3.Connection, thumbnails: Path) -> None:
    query = "SELECT thumbnail_path FROM events ORDER BY id DESC LIMIT 1 OFFSET 1"
    (path,) = connection.execute(query).fetchone()
    (thumbnails / path).write_bytes(draw_thumbnail("a second printing"))


def main() -> None:
    """Change the data that the command line names."""
    parser = argparse.ArgumentParser(description="Change the sample application's data.")
    parser.add_argument("--in", dest="directory", type=Path, required=True, metavar="DIR")
    change(parser.parse_args().directory)


if __name__ == "__main__":
    main()
