r"""Names as Go's `strconv.Quote` writes them, without the quotes.

restic stores file names so, because JSON cannot carry names that are not valid Unicode:
a byte that is not UTF-8 becomes `\xNN`. The rest of restic's JSON follows Go's
`encoding/json`, which also escapes what HTML would misread.
"""

from __future__ import annotations

import re
from typing import Final

_NAMED: Final = {
    0x07: "\\a",
    0x08: "\\b",
    0x0C: "\\f",
    0x0A: "\\n",
    0x0D: "\\r",
    0x09: "\\t",
    0x0B: "\\v",
    0x22: '\\"',
    0x5C: "\\\\",
}
_UNNAMED: Final = {escape[1]: bytes((code,)) for code, escape in _NAMED.items()}
_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))"
)


def quote(name: str) -> str:
    """Return a name with everything escaped that Go does not call printable.

    Args:
        name: The name; bytes that are not UTF-8 as surrogate escapes.

    Raises:
        ValueError: It holds other surrogates, which no file name can.
    """
    if name.isprintable() and '"' not in name and "\\" not in name:
        return name
    return "".join(map(_quote_character, name))


def unquote(quoted: str) -> str:
    """Reverse `quote`.

    Raises:
        ValueError: An escape is malformed.
    """
    if "\\" not in quoted:
        return quoted
    parts: list[bytes] = []
    position = 0
    while (backslash := quoted.find("\\", position)) >= 0:
        match = _ESCAPE.match(quoted, backslash)
        if match is None:
            raise ValueError(f"malformed escape in the name {quoted[:80]!r}")
        parts.append(quoted[position:backslash].encode())
        parts.append(_unescape(match))
        position = match.end()
    parts.append(quoted[position:].encode())
    return b"".join(parts).decode("utf-8", "surrogateescape")


def escape_json(document: bytes) -> bytes:
    """Escape in JSON what Go escapes beyond need: `<`, `>`, `&` and two line separators.

    All of these can only stand inside of strings.
    """
    for character, escape in _JSON_ESCAPES:
        if character in document:
            document = document.replace(character, escape)
    return document


_JSON_ESCAPES: Final = (
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
)


def _quote_character(character: str) -> str:
    code = ord(character)
    if code in _NAMED:
        return _NAMED[code]
    if character.isprintable():
        return character
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError("a name holds a surrogate that stands for no byte")
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _unescape(match: re.Match[str]) -> bytes:
    named, byte, short, long, octal = match.groups()
    if named:
        return _UNNAMED[named]
    if byte or octal:
        code = int(byte, 16) if byte else int(octal, 8)
        if code > 0xFF:
            raise ValueError("an octal escape in a name is too large")
        return bytes((code,))
    code = int(short or long, 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError("an escape in a name is no character")
    return chr(code).encode()
