"""What happens at the shop on one day: sales, now and then a new evening with its picture."""

from __future__ import annotations

import os
import random
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from examples.sample_app.build import DATABASE_NAME, THUMBNAILS_NAME, thumbnail_path
from examples.sample_app.thumbnails import draw_thumbnail

_SALES = range(6, 30)
_ON_SATURDAY = range(25, 60)
_SATURDAY, _SUNDAY = 5, 6
_DAYS_BETWEEN_EVENINGS = 4


def trade(directory: Path, at: datetime, chance: random.Random) -> None:
    """Do a day's business in the application at `directory`; on Sundays the shop is closed."""
    if at.weekday() == _SUNDAY:
        return
    with closing(sqlite3.connect(directory / DATABASE_NAME)) as connection, connection:
        sales = _ON_SATURDAY if at.weekday() == _SATURDAY else _SALES
        for number in range(chance.choice(sales)):
            _sell(connection, at - timedelta(minutes=9 * number), chance)
        if at.toordinal() % _DAYS_BETWEEN_EVENINGS == 0:
            _announce_evening(connection, directory / THUMBNAILS_NAME, at, chance)


def spoil_prices(directory: Path) -> None:
    """Do what a hasty `UPDATE` without its `WHERE` does: every price is 0."""
    with closing(sqlite3.connect(directory / DATABASE_NAME)) as connection, connection:
        connection.execute("UPDATE Track SET UnitPrice = 0")


def cheapest_price(directory: Path) -> float:
    """Return what the cheapest track costs."""
    with closing(sqlite3.connect(directory / DATABASE_NAME)) as connection:
        (price,) = connection.execute("SELECT min(UnitPrice) FROM Track").fetchone()
    return float(price)


def _sell(connection: sqlite3.Connection, at: datetime, chance: random.Random) -> None:
    customer, city, country = chance.choice(
        connection.execute("SELECT CustomerId, City, Country FROM Customer").fetchall()
    )
    tracks = connection.execute(
        "SELECT TrackId, UnitPrice FROM Track WHERE TrackId % 97 = ? LIMIT ?",
        (chance.randrange(97), chance.randint(1, 9)),
    ).fetchall()
    invoice = connection.execute(
        "INSERT INTO Invoice (InvoiceId, CustomerId, InvoiceDate, BillingCity, BillingCountry,"
        " Total) SELECT max(InvoiceId) + 1, ?, ?, ?, ?, ? FROM Invoice",
        (customer, f"{at:%Y-%m-%d %H:%M:%S}", city, country, sum(price for _, price in tracks)),
    ).lastrowid
    connection.executemany(
        "INSERT INTO InvoiceLine (InvoiceLineId, InvoiceId, TrackId, UnitPrice, Quantity)"
        " SELECT max(InvoiceLineId) + 1, ?, ?, ?, 1 FROM InvoiceLine",
        [(invoice, track, price) for track, price in tracks],
    )


def _announce_evening(
    connection: sqlite3.Connection, thumbnails: Path, at: datetime, chance: random.Random
) -> None:
    album, title, artist = chance.choice(
        connection.execute(
            "SELECT AlbumId, Title, Name FROM Album JOIN Artist USING (ArtistId)"
            " WHERE AlbumId NOT IN (SELECT album_id FROM events)"
        ).fetchall()
    )
    path = thumbnail_path(artist, title)
    file = thumbnails / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(draw_thumbnail(f"{artist}: {title}"))
    os.utime(file, (at.timestamp(), at.timestamp()))
    evening = f"{at + timedelta(days=21):%Y-%m-%d}T19:30:00Z"
    connection.execute(
        "INSERT INTO events (album_id, title, starts_at, thumbnail_path) VALUES (?, ?, ?, ?)",
        (album, f"Listening evening: {title}", evening, path),
    )
