"""Programs that name the database they were captured from, and so read it wherever they are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from holdfast.sources.mysql.inspection import listed
from holdfast.sources.mysql.statements import Program

_SKIPPED = rb"'(?:[^'\\]|\\.|'')*+'|/\*(?![!M]).*?\*/|--[ \t\r\n][^\n]*|#[^\n]*"
_NAME = rb"(?:`(?:[^`]|``)++`|\"(?:[^\"]|\"\")++\"|[\w$\x80-\xff]++)"
_QUALIFIED = re.compile(
    _SKIPPED
    + rb"|(?P<schema>"
    + _NAME
    + rb")\s*\.\s*(?P<name>"
    + _NAME
    + rb")(?P<more>\s*[.(])?|"
    + _NAME,
    re.DOTALL,
)


def naming(programs: Iterable[Program], schema: str, objects: Collection[str]) -> list[str]:
    """Return which programs name something of a database with its name: `view sums`.

    Args:
        objects: The tables and programs of the database, to tell them from columns of a table
            that has the database's name.
    """
    programs = list(programs)
    known = {each.casefold() for each in (*objects, *(each.name for each in programs))}
    return [
        f"{each.kind} {each.name}"
        for each in programs
        if _names(each.sql, schema.casefold(), known)
    ]


def _names(sql: bytes, schema: str, known: Collection[str]) -> bool:
    return any(
        _bare(found["schema"]) == schema and (found["more"] or _bare(found["name"]) in known)
        for found in _QUALIFIED.finditer(sql)
        if found["schema"]
    )


def _bare(name: bytes) -> str:
    text = name.decode("utf-8", "replace").casefold()
    if text[0] in '`"':
        return text[1:-1].replace(text[0] * 2, text[0])
    return text


def sentence(found: list[str], schema: str) -> str:
    """Say what that means where they are not in that database."""
    return f"{listed(found)} would read the database {schema} by its name, not the restored one"
