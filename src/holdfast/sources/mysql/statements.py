"""What the statements of a dump are: the few kinds that dump programs write, and nothing else.

A dump may have been made by anybody. So no text of it is run because it stands there: tables are
created and rows inserted by statements that have exactly the form that a dump gives them, with
literals for values; what a dump sets, locks and drops is only read; and programs (views,
triggers, routines, events) are kept apart, to be created when everything else is right.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from holdfast.errors import RestoreError

_NAME = rb"`((?:[^`\x00]|``)++)`"
_STRING = rb"'[^'\\\n]*+(?:\\[^\n][^'\\\n]*+)*+'"
_VALUE = (
    rb"(?:0x[0-9A-Fa-f]++|-?[0-9][0-9.eE+\-]*+|" + _STRING + rb"|NULL"
    rb"|_[a-z0-9]++ ?" + _STRING + rb"|b'[01]*+')"
)
_ROW = rb"\(" + _VALUE + rb"(?:," + _VALUE + rb")*+\)"
_COLUMNS = rb"(?: \(`(?:[^`]|``)++`(?:, ?`(?:[^`]|``)++`)*+\))?"
_INSERT = rb"INSERT INTO " + _NAME + _COLUMNS + rb" VALUES[ \n]("
_INSERT_LINES = re.compile(_INSERT + _ROW + rb"(?:,\n" + _ROW + rb")*+)")
_INSERT_LINE = re.compile(_INSERT + _ROW + rb"(?:," + _ROW + rb")*+)")
_INSERT_HEAD = re.compile(rb"INSERT INTO " + _NAME + _COLUMNS + rb" VALUES[ \n](?=\()")
_STRINGS = re.compile(_STRING)
_NAMES = re.compile(_NAME)
_ROWS = re.compile(_ROW)
_VALUES = re.compile(_VALUE)


def _tokens(strings: bytes) -> re.Pattern[bytes]:
    return re.compile(
        rb"(?P<string>" + strings + rb")"
        rb"|(?P<name>`(?:[^`]|``)++`)"
        rb"|(?P<code>/\*M?!\d*|\*/)"
        rb"|(?P<comment>/\*.*?\*/|--[ \t\r\n][^\n]*|--\Z|#[^\n]*)"
        rb"|(?P<word>[A-Za-z_$\x80-\xff][\w$\x80-\xff]*)"
        rb"|(?P<number>\d[\w.]*)"
        rb"|(?P<blank>\s+)"
        rb"|(?P<mark>.)",
        re.DOTALL,
    )


_TOKENS = _tokens(rb"'(?:[^'\\]++|\\.|'')*+'|\"(?:[^\"\\]++|\\.|\"\")*+\"")
_LITERAL_TOKENS = _tokens(rb"'[^']*+'|\"[^\"]*+\"")
_ENGINES = frozenset(
    {b"INNODB", b"MYISAM", b"ARIA", b"MEMORY", b"CSV", b"ARCHIVE", b"BLACKHOLE", b"ROCKSDB"}
    | {b"COLUMNSTORE", b"NDB", b"NDBCLUSTER", b"TOKUDB"}
)
_SHOWN = 80


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A view, trigger, routine or event: what creates it, and in which surroundings.

    Attributes:
        kind: `view`, `trigger`, `function`, `procedure` or `event`.
        table: Of a trigger, the table that it belongs to; else empty.
        sql: The statement, in the character set `client`.
        client: `character_set_client` when it was created, `collation` its
            `collation_connection`.
        time_zone: Of an event.
    """

    kind: str
    name: str
    table: str = ""
    sql: bytes
    sql_mode: str = ""
    client: str = "utf8mb4"
    collation: str = ""
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class CreateTable:
    """A table's structure; `references` says where in `sql` the tables stand that it refers to."""

    name: str
    sql: bytes
    references: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class CreateSequence:
    """A sequence, or the statement that sets it."""

    name: str
    sql: bytes


@dataclass(frozen=True, slots=True)
class Rows:
    """One `INSERT` of literals."""

    table: str
    sql: bytes
    count: int


@dataclass(frozen=True, slots=True)
class Variables:
    """What a dump sets for the programs after it; only what is known is kept."""

    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Nothing:
    """A statement that a restore has no use for: locks, keys, drops."""


Statement = CreateTable | CreateSequence | Rows | Variables | Program | Nothing


def unquote(name: bytes) -> str:
    """Return a name as it is, from inside its backticks."""
    return name.replace(b"``", b"`").decode("utf-8", "surrogateescape")


def parse(text: bytes, *, escaping: bool = True, own: bool = False) -> Statement:
    """Return what a statement is.

    Args:
        escaping: Whether a backslash escapes in its strings.
        own: Whether a dump program of ours just wrote it: then rows are counted, and not
            looked at one by one, which takes twice as long as the dump itself.

    Raises:
        RestoreError: It is not of a kind that dumps have, or not in their form.
    """
    if text.startswith(b"INSERT "):
        return _own_rows(text) if own else _rows(text)
    plain = _plain(text, _TOKENS if escaping else _LITERAL_TOKENS)
    for pattern, make in _FORMS:
        found = pattern.match(plain)
        if found:
            return make(plain, found)
    raise refused(plain)


def refused(text: bytes, why: str = "") -> RestoreError:
    """Return the error for a statement that is none of a dump."""
    shown = " ".join(text[: 4 * _SHOWN].decode("utf-8", "replace").split())[:_SHOWN]
    return RestoreError(
        f"The dump has a statement that is not restored: {shown!r}{': ' + why if why else ''}",
        hint="It was not written by mysqldump or mariadb-dump as Holdfast calls them.",
    )


def _rows(text: bytes) -> Rows:
    found = _INSERT_LINES.fullmatch(text)
    if found:
        return Rows(unquote(found[1]), text, text.count(b"),\n(", found.start(2)) + 1)
    found = _INSERT_LINE.fullmatch(text)
    if found is None:
        raise refused(text, "its values are not literals")
    return Rows(unquote(found[1]), text, _STRINGS.sub(b"", found[2]).count(b"),(") + 1)


def written_columns(insert: bytes) -> list[str]:
    """Return the columns that an `INSERT` of a dump names; none if it names none."""
    found = _INSERT_HEAD.match(insert)
    names = [unquote(each[1]) for each in _NAMES.finditer(insert, 0, found.end() if found else 0)]
    return names[1:]


def row_values(insert: bytes) -> list[list[bytes]]:
    """Return the literals of the rows of an `INSERT` of a dump, as they are written."""
    found = _INSERT_HEAD.match(insert)
    rows = _ROWS.finditer(insert, found.end() if found else 0)
    return [[each[0] for each in _VALUES.finditer(row[0])] for row in rows]


def _own_rows(text: bytes) -> Rows:
    found = _INSERT_HEAD.match(text)
    if found is None or not text.endswith(b")"):
        raise refused(text)
    # With a row for each line it is quick: no value has a bare line feed.
    if between := text.count(b"),\n(", found.end()):
        return Rows(unquote(found[1]), text, between + 1)
    values = _STRINGS.sub(b"", text[found.end() :])
    return Rows(unquote(found[1]), text, values.count(b"),(") + 1)


def _plain(text: bytes, tokens: re.Pattern[bytes]) -> bytes:
    """Return a statement without the marks around conditional code, and without comments.

    What stands in it is then what would run on a server for which every condition holds.
    Those inside a table's structure stay: they name features by the versions that have them.
    """
    if text.startswith(b"CREATE TABLE "):
        return text
    if not text.startswith((b"/*!", b"/*M!")):
        return text.strip()
    out: list[bytes] = []
    depth = 0
    for token in tokens.finditer(text):
        if token.lastgroup == "code":
            depth += -1 if token[0] == b"*/" else 1
            if depth not in (0, 1):
                raise refused(text)
        else:
            out.append(token[0])
    if depth:
        raise refused(text)
    return b"".join(out).strip()


def _nothing(text: bytes, found: re.Match[bytes]) -> Statement:
    if found.end() != len(text):
        raise refused(text)
    return Nothing()


def _variables(text: bytes, found: re.Match[bytes]) -> Statement:
    values = {}
    for each in found[1].split(b", ") if b"SQL_MODE=" not in found[1] else _mode_parts(found[1]):
        matched = _ASSIGNMENT.fullmatch(each.strip())
        if matched is None:
            raise refused(text)
        if not matched[1].startswith(b"@"):
            name = matched[1].decode().lower()
            values[name] = matched[2].decode("ascii", "replace").strip("'")
    return Variables(values)


def _mode_parts(text: bytes) -> list[bytes]:
    """Split assignments at the commas outside quotes."""
    return re.findall(rb"(?:[^,']|'[^']*')+", text)


def _names(text: bytes, found: re.Match[bytes]) -> Statement:
    del text, found
    return Variables({})


def _table(text: bytes, found: re.Match[bytes]) -> Statement:
    body = text[found.end() :]
    words = [
        (token[0].upper(), token.start(), token.end(), token.lastgroup)
        for token in _TOKENS.finditer(body)
        if token.lastgroup not in ("blank", "comment")
    ]
    _require_table_form(text, [(word, kind or "") for word, _, _, kind in words])
    references = []
    for before, here, after in zip(words, words[1:], [*words[2:], (b"", 0, 0, "")], strict=False):
        if before[0] == b"REFERENCES" and here[3] == "name" and after[0] != b".":
            references.append((found.end() + here[1], found.end() + here[2]))
    return CreateTable(unquote(found[1]), text, tuple(references))


def _require_table_form(text: bytes, words: list[tuple[bytes, str]]) -> None:
    depth = 0
    for (word, kind), (after, _), (third, _) in zip(
        words, [*words[1:], (b"", "")], [*words[2:], (b"", ""), (b"", "")], strict=False
    ):
        if kind == "mark":
            depth += (word == b"(") - (word == b")")
            if depth < 0 or word == b";":
                raise refused(text)
        if kind != "word":
            continue
        if word in _NOT_IN_TABLES:
            raise refused(text, f"{word.decode()} is not allowed in a table's structure")
        if word in (b"DATA", b"INDEX") and after == b"DIRECTORY":
            raise refused(text, "it puts files into a directory of its own")
        if word == b"ENGINE":
            engine = third if after == b"=" else after
            if engine.strip(b"'\"`") not in _ENGINES:
                raise refused(text, f"its engine {engine.decode(errors='replace')} may reach out")


_NOT_IN_TABLES = frozenset({b"SELECT", b"TABLE", b"CONNECTION", b"UNION", b"INTO"})


def _sequence(text: bytes, found: re.Match[bytes]) -> Statement:
    return CreateSequence(unquote(found[1]), text)


def _view(text: bytes, found: re.Match[bytes]) -> Statement:
    name = unquote(found[1])
    if _PLACEHOLDER.fullmatch(text):
        return Nothing()
    return Program(kind="view", name=name, sql=text)


def _program(text: bytes, found: re.Match[bytes]) -> Statement:
    kind = found["kind"].decode().lower()
    return Program(kind=kind, name=_bare(found["name"]), sql=text, table=_table_of(kind, text))


def _event(text: bytes, found: re.Match[bytes]) -> Statement:
    return Program(kind="event", name=_bare(found["name"]), sql=text)


def _bare(name: bytes) -> str:
    if name.startswith(b'"'):  # of a program that was written under ANSI_QUOTES
        return name[1:-1].replace(b'""', b'"').decode("utf-8", "surrogateescape")
    return unquote(name[1:-1]) if name.startswith(b"`") else unquote(name)


def _table_of(kind: str, text: bytes) -> str:
    if kind != "trigger":
        return ""
    found = _TRIGGER_TABLE.match(text)
    if found is None:
        raise refused(text)
    return _bare(found[1])


_DEFINER = (
    rb"(?:DEFINER ?= ?(?:(?:`(?:[^`]|``)*+`|\"[^\"]*+\")(?:@(?:`(?:[^`]|``)*+`|\"[^\"]*+\"))?"
    rb"|CURRENT_USER(?:\(\))?)\s+)?"
)
_ANY_NAME = rb"`(?:[^`]|``)++`|\"(?:[^\"]|\"\")++\"|[\w$\x80-\xff]++"
_TRIGGER_TABLE = re.compile(
    rb"CREATE\s+" + _DEFINER + rb"TRIGGER\s+(?:IF NOT EXISTS\s+)?(?:" + _ANY_NAME + rb")\s+"
    rb"(?:BEFORE|AFTER)\s+(?:INSERT|UPDATE|DELETE)\s+ON\s+(" + _ANY_NAME + rb")(?![\w$.`])",
    re.IGNORECASE,
)
EVENT_HEADER = re.compile(
    rb"CREATE\s+" + _DEFINER + rb"EVENT\s+(?:IF NOT EXISTS\s+)?(?P<name>" + _ANY_NAME + rb")"
    rb"\s+ON SCHEDULE\s+(?:AT\s+'[^']*'|EVERY\s+(?:-?\d+|'[^']*')\s+[A-Z_]+"
    rb"(?:\s+STARTS\s+'[^']*')?(?:\s+ENDS\s+'[^']*')?)"
    rb"\s+ON COMPLETION\s+(?:NOT\s+)?PRESERVE\s+"
    rb"(?P<state>ENABLE|DISABLE(?:\s+ON\s+(?:SLAVE|REPLICA))?)(?=\s+(?:COMMENT|DO)\s)",
    re.IGNORECASE,
)
"""An event up to whether it runs, as servers write it: without that it would run at once."""
_PLACEHOLDER = re.compile(
    rb"CREATE VIEW "
    + _NAME
    + rb" AS SELECT\s+(?:NULL|1) AS "
    + _NAME
    + rb"(?:,\s*(?:NULL|1) AS "
    + _NAME
    + rb")*"
)
_ASSIGNMENT = re.compile(
    rb"((?:@@?(?:SESSION\.)?)?[A-Za-z_]+)\s*=\s*"
    rb"(@@?[A-Za-z_.]+|[A-Za-z0-9_]+|'[A-Za-z0-9_,:+/\- ]*')",
    re.IGNORECASE,
)


def _is(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.IGNORECASE)


_FORMS: tuple[tuple[re.Pattern[bytes], Callable[[bytes, re.Match[bytes]], Statement]], ...] = (
    (_is(rb"SET NAMES \w+\Z"), _names),
    (_is(rb"SET ((?!GLOBAL|PERSIST|PASSWORD|ROLE|DEFAULT|STATEMENT|TRANSACTION).*)\Z"), _variables),
    (_is(rb"CREATE TABLE " + _NAME + rb" (?=\()"), _table),
    (
        _is(
            rb"CREATE SEQUENCE " + _NAME + rb"(?: [a-z]+(?: (?:with|by))?(?: -?\d+)?)*"
            rb"(?: ENGINE=(?:InnoDB|Aria|MyISAM))?\Z"
        ),
        _sequence,
    ),
    (_is(rb"(?:DO|SELECT) SETVAL\(" + _NAME + rb", -?\d+(?:, \d+(?:, \d+)?)?\)\Z"), _sequence),
    (
        _is(
            rb"DROP (?:TABLE|VIEW|SEQUENCE|TRIGGER|EVENT|FUNCTION|PROCEDURE) IF EXISTS "
            + _NAME
            + rb"\Z"
        ),
        _nothing,
    ),
    (_is(rb"LOCK TABLES (?:" + _NAME + rb" (?:WRITE|READ)(?:, )?)++\Z"), _nothing),
    (_is(rb"UNLOCK TABLES\Z"), _nothing),
    (_is(rb"ALTER TABLE " + _NAME + rb" (?:DISABLE|ENABLE) KEYS\Z"), _nothing),
    (_is(rb"ALTER DATABASE " + _NAME + rb" CHARACTER SET \w+ COLLATE \w+\Z"), _nothing),
    (
        _is(
            rb"CREATE (?:ALGORITHM ?= ?\w+\s+)?"
            + _DEFINER
            + rb"(?:SQL SECURITY (?:DEFINER|INVOKER)\s+)?VIEW "
            + _NAME
            + rb"(?: \([^)]*\))?\s+AS\s"
        ),
        _view,
    ),
    (
        _is(
            rb"CREATE\s+" + _DEFINER + rb"(?:AGGREGATE\s+)?"
            rb"(?P<kind>TRIGGER|FUNCTION|PROCEDURE)\s+(?:IF NOT EXISTS\s+)?"
            # Without parentheses it would be a function of a library of the server's.
            rb"(?P<name>" + _ANY_NAME + rb")(?=\s*\(|\s+(?:BEFORE|AFTER)\s)"
        ),
        _program,
    ),
    (EVENT_HEADER, _event),
)
