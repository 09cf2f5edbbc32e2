"""Views, triggers, routines and events: read from a database, and put into one.

They cannot be moved from one database to another, so they are created anew where the tables
went. All of it may be repeated: what is there already as it should be is left alone.
"""

# ruff: noqa: S608  names are quoted by `identifier`, values are bound

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from holdfast.errors import HoldfastError, RestoreError, SourceError
from holdfast.sources.mysql.failures import NO_RIGHT_TO_DEFINE, number_of
from holdfast.sources.mysql.inspection import text
from holdfast.sources.mysql.session import Row, Session, identifier
from holdfast.sources.mysql.statements import EVENT_HEADER, Program, refused

_HEADER = re.compile(
    rb"\A(CREATE\b.*?\b)(VIEW|TRIGGER|FUNCTION|PROCEDURE|EVENT)\b", re.DOTALL | re.IGNORECASE
)
_DEFINER = re.compile(
    rb"\bDEFINER ?= ?(?:`(?:[^`]|``)*+`|\"[^\"]*+\")(?:@(?:`(?:[^`]|``)*+`|\"[^\"]*+\"))?\s*",
    re.IGNORECASE,
)
_QUOTED = re.compile(rb"`(?:[^`]|``)*+`")
_SHIFTING = frozenset({"big5", "gbk", "gb18030", "sjis", "cp932"})
"""Character sets in which a backtick or backslash may be half of another character."""
_WORD = re.compile(r"[A-Za-z0-9_]*")
_MODES = re.compile(r"[A-Za-z0-9_,]*")
_ZONE = re.compile(r"[A-Za-z0-9_/+:\-]*")
ORDER = ("trigger", "function", "procedure", "view", "event")
"""Triggers first: rows are written without them until they are there."""
ROUTINES = ("function", "procedure")


def read_programs(session: Session, schema: str, tables: Collection[str] = ()) -> list[Program]:
    """Return the programs of the session's database `schema`.

    Args:
        tables: Only the triggers of these tables; empty means everything.
    """
    # As bytes: each has the character set of whoever created it.
    with _results(session):
        found = list(_triggers(session, schema, tables))
        if not tables:
            found += _routines(session, schema)
            found += _views(session, schema)
            found += _events(session, schema)
    return found


@contextmanager
def _results(session: Session) -> Iterator[None]:
    session.run("SET character_set_results = binary")
    try:
        yield
    finally:
        session.run("SET character_set_results = utf8mb4")


def _named(session: Session, table: str, column: str, of: str, schema: str) -> list[Row]:
    return session.rows(
        f"SELECT {column} FROM information_schema.{table} WHERE {of} = %s ORDER BY 1", (schema,)
    )


def _triggers(session: Session, schema: str, tables: Collection[str]) -> Iterator[Program]:
    rows = session.rows(
        "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS"
        " WHERE TRIGGER_SCHEMA = %s"
        " ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER",
        (schema,),
    )
    for name, table in rows:
        if tables and text(table) not in tables:
            continue
        shown = session.rows(f"SHOW CREATE TRIGGER {identifier(text(name))}")[0]
        yield _program("trigger", name, shown[2], shown[1], shown[3:5], table=text(table))


def _routines(session: Session, schema: str) -> Iterator[Program]:
    for kind in ROUTINES:
        rows = session.rows(
            "SELECT ROUTINE_NAME FROM information_schema.ROUTINES"
            " WHERE ROUTINE_SCHEMA = %s AND ROUTINE_TYPE = %s ORDER BY 1",
            (schema, kind.upper()),
        )
        for (name,) in rows:
            shown = session.rows(f"SHOW CREATE {kind.upper()} {identifier(text(name))}")[0]
            if shown[2] is None:
                raise SourceError(
                    f"The user may not read the {kind} {text(name)} of {schema}",
                    hint="Grant it SELECT on mysql.proc, or SHOW_ROUTINE.",
                )
            yield _program(kind, name, shown[2], shown[1], shown[3:5])


def _views(session: Session, schema: str) -> Iterator[Program]:
    for (name,) in _named(session, "VIEWS", "TABLE_NAME", "TABLE_SCHEMA", schema):
        shown = session.rows(f"SHOW CREATE VIEW {identifier(text(name))}")[0]
        yield _program("view", name, shown[1], b"", shown[2:4])


def _events(session: Session, schema: str) -> Iterator[Program]:
    for (name,) in _named(session, "EVENTS", "EVENT_NAME", "EVENT_SCHEMA", schema):
        shown = session.rows(f"SHOW CREATE EVENT {identifier(text(name))}")[0]
        yield _program("event", name, shown[3], shown[1], shown[4:6], zone=text(shown[2]))


def _program(
    kind: str,
    name: object,
    sql: bytes | str,
    mode: object,
    charset: Row,
    *,
    table: str = "",
    zone: str = "",
) -> Program:
    return Program(
        kind=kind,
        name=text(name),
        table=table,
        sql=(sql.encode() if isinstance(sql, str) else bytes(sql)).strip(),
        sql_mode=text(mode),
        client=text(charset[0]),
        collation=text(charset[1]),
        time_zone=zone,
    )


def key_of(program: Program) -> tuple[str, str]:
    """Return what a program is known by in its database."""
    return program.kind, program.name.casefold()


def is_same(one: Program, other: Program) -> bool:
    """Whether two programs do the same by the same name."""
    return _canonical(one) == _canonical(other)


def _canonical(program: Program) -> tuple[object, ...]:
    found = _HEADER.match(program.sql)
    sql = program.sql
    if found:
        sql = b" ".join(found[1].split()) + b" " + found[2].upper() + program.sql[found.end() :]
    modes = frozenset(program.sql_mode.split(","))
    return program.kind, program.name, program.table, sql, modes, program.client, program.collation


class Placement:
    """Creates programs in a session's current database.

    Attributes:
        warnings: What could not be as it was, for the user.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.warnings: list[str] = []

    def put(
        self,
        wanted: Sequence[Program],
        *,
        present: Sequence[Program] = (),
        change: Callable[[Program], Program] = lambda program: program,
    ) -> None:
        """Make the database have the programs that are wanted, and none else of those present.

        Args:
            change: What to do to each before it is created.

        Raises:
            RestoreError: One cannot be created; the message names it.
        """
        self._session.run("SET sql_notes = 1")  # it notes that a definer does not exist
        there = {key_of(each): each for each in present}
        keep = {key_of(each) for each in wanted if _stands(each, there.get(key_of(each)))}
        gone = [each for each in present if key_of(each) not in keep]
        self.drop(gone)
        left = [each for each in wanted if key_of(each) not in keep]
        left.sort(key=lambda each: ORDER.index(each.kind))
        self._create_all([change(each) for each in left])
        self._restore_settings()

    def drop(self, programs: Sequence[Program]) -> None:
        """Remove programs, as far as they are there."""
        for each in programs:
            self._session.run(f"DROP {each.kind.upper()} IF EXISTS {identifier(each.name)}")

    def _create_all(self, programs: list[Program]) -> None:
        """Create what can be, until nothing more can: a view may stand on a later one."""
        while programs:
            failed: list[tuple[Program, HoldfastError]] = []
            for each in programs:
                try:
                    self._create(each)
                except SourceError as error:
                    if number_of(error) is None or number_of(error) == 0:
                        raise
                    failed.append((each, error))
            if len(failed) == len(programs):
                program, reason = failed[0]
                raise RestoreError(
                    f"The {program.kind} {program.name} cannot be created: {reason.message}",
                    hint=reason.hint,
                ) from reason
            programs = [each for each, _ in failed]

    def _create(self, program: Program) -> None:
        self._surround(program)
        try:
            self._session.send(program.sql)
        except SourceError as error:
            if number_of(error) != NO_RIGHT_TO_DEFINE:
                raise
            self._session.send(without_definer(program.sql))
            self.warnings.append(
                f"The {program.kind} {program.name} now runs as the user of this restore, which may"
                " not name its former definer; grant it SET USER (MariaDB) or SET_ANY_DEFINER"
                " (MySQL) to keep them"
            )
            return
        if any(row[1] == 1449 for row in self._session.rows("SHOW WARNINGS")):
            self.warnings.append(
                f"The {program.kind} {program.name} has a definer that does not exist on this"
                " server; create that user, or it cannot be used"
            )

    def _surround(self, program: Program) -> None:
        run = self._session.run
        run(f"SET sql_mode = '{_checked(program.sql_mode, _MODES)}'")
        run(f"SET character_set_client = {_checked(program.client, _WORD) or 'utf8mb4'}")
        if program.collation:
            run(f"SET collation_connection = {_checked(program.collation, _WORD)}")
        if program.time_zone:
            run(f"SET time_zone = '{_checked(program.time_zone, _ZONE)}'")

    def _restore_settings(self) -> None:
        self._session.run("SET NAMES utf8mb4")
        self._session.run("SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00'")


def _stands(wanted: Program, present: Program | None) -> bool:
    return present is not None and is_same(wanted, present)


def _checked(value: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(value):
        raise RestoreError(f"The dump sets {value!r}, which is no setting that a program has")
    return value


def without_definer(sql: bytes) -> bytes:
    """Return a statement that makes whoever runs it the definer."""
    header = _HEADER.match(sql)
    end = header.end() if header else 0
    return _DEFINER.sub(b"", sql[:end], count=1) + sql[end:]


def asleep(program: Program) -> Program:
    """Return an event that does not run; anything else as it is.

    Raises:
        RestoreError: Whether the event runs does not stand where servers write it.
    """
    return _with_state(program, b"ENABLE", b"DISABLE")


def awake(program: Program) -> Program:
    """Return an event that runs; anything else as it is."""
    return _with_state(program, b"DISABLE", b"ENABLE")


def _with_state(program: Program, state: bytes, instead: bytes) -> Program:
    if program.kind != "event":
        return program
    found = EVENT_HEADER.match(program.sql)
    if found is None or _is_ambiguous(found[0], program.client):
        raise refused(program.sql)
    if found["state"].upper() != state:
        return program
    start, end = found.span("state")
    sql = program.sql[:start] + instead + program.sql[end:]
    return msgspec.structs.replace(program, sql=sql)


def _is_ambiguous(header: bytes, client: str) -> bool:
    """Whether a server may see the quotes of a header end elsewhere than we do."""
    outside = _QUOTED.sub(b"", header)
    return b"\\" in outside or (client.lower() in _SHIFTING and not header.isascii())
