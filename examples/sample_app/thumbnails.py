"""Draw the shop's thumbnails: one small PNG of a record per album, the same on every run."""

from __future__ import annotations

import colorsys
import hashlib
import math
import struct
import zlib

SIZE_PX = 96
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TRUECOLOUR_8_BIT = b"\x08\x02\x00\x00\x00"

Colour = tuple[float, float, float]


def draw_thumbnail(name: str) -> bytes:
    """Return a PNG file: a record on a sleeve, coloured by `name`."""
    digest = hashlib.sha256(name.encode()).digest()
    hue = digest[0] / 256
    light = _colour(hue, 0.42, 0.93)
    dark = _colour(hue + 0.04 + digest[1] / 2560, 0.62, 0.52)
    label = _colour(hue + 0.45 + digest[2] / 1280, 0.70, 0.90)
    groove_phase = digest[3] / 256 * math.tau
    rows = bytearray()
    for y in range(SIZE_PX):
        rows.append(0)  # each row begins with its filter type; 0 is "none"
        for x in range(SIZE_PX):
            rows.extend(_pixel(x, y, light, dark, label, groove_phase))
    return _png(bytes(rows))


def _colour(hue: float, saturation: float, value: float) -> Colour:
    return colorsys.hsv_to_rgb(hue % 1.0, saturation, value)


def _pixel(x: int, y: int, light: Colour, dark: Colour, label: Colour, phase: float) -> bytes:
    centre = SIZE_PX / 2
    # The record peeps out of the sleeve to the right.
    dx, dy = x + 0.5 - centre * 1.12, y + 0.5 - centre
    radius = math.hypot(dx, dy) / centre
    across = (x + y) / (2 * SIZE_PX)
    sleeve = _mix(light, dark, across)
    if radius > 0.74:
        return _rgb(sleeve)
    if radius < 0.05:
        return _rgb(sleeve)
    if radius < 0.27:
        return _rgb(_mix(label, dark, radius))
    shine = 0.5 + 0.5 * math.cos(2 * math.atan2(dy, dx) + phase)
    groove = 0.10 + 0.03 * math.sin(radius * 90) + 0.16 * shine**6
    return _rgb(_mix((groove, groove, groove), dark, 0.12))


def _mix(a: Colour, b: Colour, share: float) -> Colour:
    return (
        a[0] + (b[0] - a[0]) * share,
        a[1] + (b[1] - a[1]) * share,
        a[2] + (b[2] - a[2]) * share,
    )


def _rgb(colour: Colour) -> bytes:
    return bytes(max(0, min(255, round(part * 255))) for part in colour)


def _png(filtered_rows: bytes) -> bytes:
    """Wrap filtered scan lines as a PNG. Source: PNG specification, third edition."""
    header = struct.pack(">II", SIZE_PX, SIZE_PX) + _TRUECOLOUR_8_BIT
    return b"".join(
        (
            _PNG_SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(filtered_rows, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
