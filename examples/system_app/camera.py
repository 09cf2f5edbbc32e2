"""The camera: a background task that records events, and stands still while backups are made."""

from __future__ import annotations

import struct
import threading
import zlib
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from examples.system_app.models import Event

SIZE_PX = 24


class Camera:
    """Records an event whenever something moves, and by itself once in a while.

    Args:
        every_s: How often something moves by itself [s].
    """

    def __init__(self, engine: Engine, thumbnails: Path, every_s: float = 3600.0) -> None:
        self._engine = engine
        self._thumbnails = thumbnails
        self._every_s = every_s
        self._recording = threading.Lock()
        self._running = threading.Event()
        self._ended = threading.Event()
        self._running.set()
        self.pauses = 0
        thumbnails.mkdir(parents=True, exist_ok=True)

    @property
    def capturing(self) -> bool:
        """Whether it records what moves."""
        return self._running.is_set()

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._watch, name="camera", daemon=True).start()

    def stop(self) -> None:
        """End."""
        self._ended.set()
        self._running.set()

    def pause(self) -> None:
        """Stand still from now on; what is being recorded is recorded first."""
        self._running.clear()
        with self._recording:
            self.pauses += 1

    def resume(self) -> None:
        """Go on."""
        self._running.set()

    def record(self, label: str) -> int:
        """Record an event with its thumbnail; return its number. Waits while it is paused."""
        while True:
            self._running.wait()
            with self._recording:
                if self._running.is_set():
                    return self._record(label)

    def _record(self, label: str) -> int:
        with Session(self._engine) as session, session.begin():
            event = Event(label=label, thumbnail="")
            session.add(event)
            session.flush()
            event.thumbnail = f"{event.id}.png"
            (self._thumbnails / event.thumbnail).write_bytes(draw(event.id))
            return event.id

    def _watch(self) -> None:
        while not self._ended.wait(self._every_s):
            self.record("Something moved")


def draw(number: int) -> bytes:
    """Return a small PNG that is another for each number."""
    rows = bytearray()
    for y in range(SIZE_PX):
        rows.append(0)
        rows += bytes((x * y + 40 * number) % 256 for x in range(SIZE_PX))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">2I5B", SIZE_PX, SIZE_PX, 8, 0, 0, 0, 0)),
            _chunk(b"IDAT", zlib.compress(bytes(rows), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
