"""What is a dump and what is not, without a server."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from holdfast.errors import RestoreError
from holdfast.sources.mysql.dump import DumpReader, read_dump
from holdfast.sources.mysql.lexing import Splitter
from holdfast.sources.mysql.loading import _HEX, _as_text
from holdfast.sources.mysql.programs import asleep, without_definer
from holdfast.sources.mysql.statements import CreateTable, Program, Rows, Statement, parse

TABLE = b"CREATE TABLE `t` (\n  `a` int(11) DEFAULT NULL\n) ENGINE=InnoDB;\n"
END = b"-- Dump completed\n"
BODY = (
    b"/*M!999999\\- enable the sandbox mode */ \n"
    b"-- MariaDB dump 10.19\n\n"
    b"/*!40101 SET NAMES utf8mb4 */;\n"
    b"/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;\n"
    b"DROP TABLE IF EXISTS `t`;\n" + TABLE + b"LOCK TABLES `t` WRITE;\n"
    b"/*!40000 ALTER TABLE `t` DISABLE KEYS */;\n"
    b"INSERT INTO `t` VALUES\n(1,'a;\\n),(\\'\"`--'),\n(2,NULL),\n(-3.5e10,0xFF00);\n"
    b"INSERT INTO `t` VALUES (4,'),('),(5,_binary '\\0\\Z');\n"
    b"/*!40000 ALTER TABLE `t` ENABLE KEYS */;\nUNLOCK TABLES;\n"
    b"/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES' */ ;\n"
    b"DELIMITER ;;\n"
    b"/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`%`*/ /*!50003 trigger tr before insert on t"
    b" for each row begin set @x = ';;'; end */;;\n"
    b"CREATE DEFINER=`a`@`%` PROCEDURE `p`()\nbegin\n  -- it's; one\n  select 1; # '\nend ;;\n"
    b"DELIMITER ;\n"
    b"/*!50001 CREATE VIEW `v` AS SELECT\n 1 AS `x`,\n NULL AS `y` */;\n"
    b"/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`a`@`%` SQL SECURITY DEFINER */\n"
    b"/*!50001 VIEW `v` AS select 1 AS `x` */;\n"
)
DUMP = BODY + END


def statements(data: bytes, piece: int = 1 << 16) -> list[Statement]:
    """Read a whole dump."""
    pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
    return list(read_dump(pieces, DumpReader(), on_bytes=lambda size: None))


def test_a_dump_is_read_the_same_however_its_bytes_come() -> None:
    whole = statements(DUMP)
    assert [type(each).__name__ for each in whole] == [
        "CreateTable",
        "Rows",
        "Rows",
        "Program",
        "Program",
        "Program",
    ]
    assert [each.count for each in whole if isinstance(each, Rows)] == [3, 2]
    for piece in (1, 2, 3, 7, 64):
        assert statements(DUMP, piece) == whole


def test_programs_come_with_their_surroundings() -> None:
    programs = [each for each in statements(DUMP) if isinstance(each, Program)]
    assert [(each.kind, each.name, each.table, each.sql_mode) for each in programs] == [
        ("trigger", "tr", "t", "STRICT_ALL_TABLES"),
        ("procedure", "p", "", "STRICT_ALL_TABLES"),
        ("view", "v", "", ""),
    ]
    assert programs[0].sql.endswith(b"set @x = ';;'; end")
    assert b"/*" not in programs[0].sql


def test_a_dump_that_is_cut_anywhere_is_refused() -> None:
    """R02 and fact 1: at every byte, also between statements."""
    last = DUMP.index(b"completed") + len(b"completed")
    for end in range(last):
        with pytest.raises(RestoreError):
            statements(DUMP[:end])


def test_the_end_mark_must_be_the_end() -> None:
    with pytest.raises(RestoreError, match="not whole"):
        statements(DUMP + TABLE.replace(b"`t`", b"`u`"))


HOSTILE = [
    b"\\! touch /tmp/owned\n",
    b"system touch /tmp/owned\n",
    b"source /etc/passwd\n",
    b"USE `mysql`;\n",
    b"CREATE DATABASE `x`;\n",
    b"DROP DATABASE `shop`;\n",
    b"DROP TABLE IF EXISTS `other`.`t`;\n",
    b"DROP TABLE `t`;\n",
    b"GRANT ALL ON *.* TO 'x'@'%';\n",
    b"CREATE USER x;\n",
    b"SET PASSWORD = 'x';\n",
    b"SET GLOBAL general_log = 1;\n",
    b"SET @@GLOBAL.general_log_file = '/x';\n",
    b"SET PERSIST max_connections = 1;\n",
    b"SET @a = (SELECT 1);\n",
    b"/*!50000 SET @a=1, GLOBAL general_log=1 */;\n",
    b"SET ROLE admin;\n",
    b"LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t;\n",
    b"LOAD DATA INFILE '/etc/passwd' INTO TABLE t;\n",
    b"SELECT 1 INTO OUTFILE '/tmp/x';\n",
    b"SELECT SLEEP(1000);\n",
    b"DO SLEEP(1000);\n",
    b"DO SETVAL(`s`, SLEEP(1000), 0);\n",
    b"INSTALL PLUGIN x SONAME 'x.so';\n",
    b"CREATE FUNCTION sys_exec RETURNS int SONAME 'lib_mysqludf_sys.so';\n",
    b"CREATE SERVER x FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x');\n",
    b"CALL p();\n",
    b"DELETE FROM t;\n",
    b"UPDATE t SET a = 1;\n",
    b"TRUNCATE t;\n",
    b"KILL 1;\n",
    b"SHUTDOWN;\n",
    b"PREPARE x FROM 'select 1';\n",
    b"BEGIN NOT ATOMIC SELECT 1; END;\n",
    b"RENAME TABLE t TO u;\n",
    b"ALTER TABLE `t` ADD b int;\n",
    b"INSERT INTO `other`.`t` VALUES (1);\n",
    b"INSERT INTO `t` SELECT * FROM mysql.user;\n",
    b"INSERT INTO `t` VALUES (LOAD_FILE('/etc/passwd'));\n",
    b"INSERT INTO `t` VALUES (SLEEP(1000));\n",
    b"INSERT INTO `t` VALUES ((SELECT 1));\n",
    b"INSERT INTO `t` VALUES (1) ON DUPLICATE KEY UPDATE a = 1;\n",
    b"INSERT INTO `t` VALUES (@@version);\n",
    b"INSERT INTO `t` VALUES ('a\nb');\n",
    b"INSERT INTO `t` VALUES (1) /*!50000 , (SLEEP(1)) */;\n",
    b"INSERT INTO `unknown` VALUES (1);\n",
    b"CREATE TABLE `x`.`y` (a int);\n",
    b"CREATE TABLE `y` SELECT * FROM mysql.user;\n",
    b"CREATE TABLE `y` (a int) SELECT * FROM mysql.user;\n",
    b"CREATE TABLE `y` (a int) /*!50000 SELECT */ * FROM mysql.user;\n",
    b"CREATE TABLE `y` (a int) TABLE mysql.user;\n",
    b"CREATE TABLE `y` (a int) ENGINE=FEDERATED CONNECTION='mysql://x/y/z';\n",
    b"CREATE TABLE `y` (a int) ENGINE=CONNECT TABLE_TYPE=CSV FILE_NAME='/etc/passwd';\n",
    b"CREATE TABLE `y` (a int) ENGINE='SPIDER';\n",
    b"CREATE TABLE `y` (a int) ENGINE=MRG_MyISAM UNION=(`mysql`.`user`);\n",
    b"CREATE TABLE `y` (a int) ENGINE=InnoDB DATA DIRECTORY='/tmp';\n",
    b"CREATE TABLE `y` (a int) ENGINE=MyISAM INDEX /* x */ DIRECTORY='/tmp';\n",
    b"CREATE TABLE `y` (a int)); DROP TABLE t; CREATE TABLE z (a int);\n",
    b"CREATE TABLE `t` (a int) ENGINE=InnoDB;\n",
    b"CREATE TRIGGER `a`.`tr` BEFORE INSERT ON t FOR EACH ROW SET @x = 1;\n",
    b"CREATE TRIGGER tr BEFORE INSERT ON other.t FOR EACH ROW SET @x = 1;\n",
    b"CREATE PROCEDURE `mysql`.`p`() SELECT 1;\n",
    b"CREATE PROCEDURE mysql . p() SELECT 1;\n",
    b"CREATE OR REPLACE VIEW `other`.`v` AS SELECT 1;\n",
    b"CREATE VIEW `other`.`v` AS SELECT 1;\n",
    b"ALTER DATABASE `mysql` UPGRADE DATA DIRECTORY NAME;\n",
    b"DELIMITER //\n",
    b"/*!50000 DROP DATABASE shop;\n",
    b"/*!50000 SELECT 1 */ SHUTDOWN */;\n",
    b"\x00\x01\x02;\n",
    b"SELECT 'unclosed;\n",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_no_part_of_a_dump_is_refused(text: bytes) -> None:
    """R58: a dump that anybody may have written; statements are known or refused."""
    assert statements(TABLE + END)
    with pytest.raises(RestoreError):
        statements(TABLE + text + END)


VALUES = st.one_of(
    st.none(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.binary(min_size=1),
)


def literal(value: object) -> bytes:
    """Write a value as `mysqldump --hex-blob` does."""
    if value is None:
        return b"NULL"
    if isinstance(value, bytes):
        return b"0x" + value.hex().upper().encode()
    if isinstance(value, str):
        return b"'" + escaped(value.encode("utf-8", "surrogatepass")) + b"'"
    return repr(value).encode()


def escaped(data: bytes) -> bytes:
    for raw, written in (
        (b"\\", b"\\\\"),
        (b"\0", b"\\0"),
        (b"\n", b"\\n"),
        (b"\r", b"\\r"),
        (b"\x1a", b"\\Z"),
        (b"'", b"\\'"),
        (b'"', b'\\"'),
    ):
        data = data.replace(raw, written)
    return data


@given(
    st.lists(st.lists(VALUES, min_size=1, max_size=4), min_size=1, max_size=8),
    st.sampled_from([b",\n", b","]),
    st.sampled_from([b"", b" (`a`)", b" (`a`, `b),\n(c`)"]),
    st.text(st.characters(exclude_characters="\0`", exclude_categories=["Cs"]), min_size=1),
    st.integers(min_value=1, max_value=50),
)
def test_rows_are_counted_exactly(
    rows: list[list[object]], between: bytes, columns: bytes, name: str, piece: int
) -> None:
    """R12: whatever the values are, in both layouts, and however the bytes come."""
    quoted = b"`" + name.encode() + b"`"
    values = between.join(b"(" + b",".join(map(literal, row)) + b")" for row in rows)
    table = b"CREATE TABLE " + quoted + b" (\n `a` int\n) ENGINE=InnoDB;\n"
    # MariaDB's program begins a new line for the first row unless it names the columns.
    begins = b"\n" if b"\n" in between and not columns else b" "
    insert = b"INSERT INTO " + quoted + columns + b" VALUES" + begins
    found = statements(table + insert + values + b";\n" + END, piece)
    assert found[0] == CreateTable(name, table[:-2])
    assert isinstance(found[1], Rows)
    assert (found[1].table, found[1].count) == (name, len(rows))
    assert parse(insert + values, own=True) == found[1]


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_and_nothing_worse(data: bytes) -> None:
    """R58: no other error, no hang."""
    with pytest.raises(RestoreError):
        statements(TABLE + data + b"\n;\n")


def test_a_statement_that_never_ends_is_refused_in_bounded_memory() -> None:
    """R58: a bomb of one statement."""
    splitter = Splitter(limit=1000)
    pieces = (b"INSERT INTO `t` VALUES ('" + b"x" * 100 for _ in range(100))
    with pytest.raises(RestoreError, match="more than 1000 bytes"):
        list(chain.from_iterable(map(splitter.feed, pieces)))


def test_a_program_written_without_escapes_keeps_its_backslashes() -> None:
    text = (
        b"/*!50003 SET sql_mode = 'NO_BACKSLASH_ESCAPES' */ ;\nDELIMITER ;;\n"
        b"CREATE DEFINER=`a`@`%` FUNCTION `f`() RETURNS int\nreturn 'a\\' ;;\nDELIMITER ;\n"
        b"/*!50003 SET sql_mode = @saved_sql_mode */ ;\n"
    )
    (program,) = statements(text + END)
    assert isinstance(program, Program)
    assert program.sql.endswith(b"return 'a\\'")
    assert program.sql_mode == "NO_BACKSLASH_ESCAPES"


def test_long_values_are_written_shorter_for_a_small_packet() -> None:
    sql = b"INSERT INTO `t` VALUES ('0x41',0x00410A5C27,NULL,'it\\'s 0xFF')"
    shorter = _HEX.sub(_as_text, sql)
    assert shorter == (
        b"INSERT INTO `t` VALUES ('0x41',_binary'\\0A\\n\\\\\\'',NULL,'it\\'s 0xFF')"
    )
    assert parse(shorter) == Rows("t", shorter, 1)


def test_a_definer_is_left_out_only_where_it_stands() -> None:
    sql = b"CREATE DEFINER=`a``b`@`%` PROCEDURE `p`()\nselect 'DEFINER=`x`@`y` ' "
    assert without_definer(sql) == b"CREATE PROCEDURE `p`()\nselect 'DEFINER=`x`@`y` ' "


EVENT = b"CREATE DEFINER=`a`@`%` EVENT `e` ON SCHEDULE EVERY 1 DAY"


def test_an_event_is_created_asleep_to_be_tried() -> None:
    sql = EVENT + b" ON COMPLETION NOT PRESERVE ENABLE DO select 'ON COMPLETION PRESERVE ENABLE'"
    program = Program(kind="event", name="e", sql=sql)
    expected = sql.replace(b" ENABLE DO", b" DISABLE DO")
    assert asleep(program).sql == expected
    assert asleep(asleep(program)).sql == expected


@pytest.mark.parametrize(
    "sql",
    [
        EVENT + b" DO delete from t",
        EVENT + b" COMMENT ' ON COMPLETION PRESERVE DISABLE DO ' DO delete from t",
        EVENT + b" ON COMPLETION PRESERVE DO delete from t",
        b"CREATE EVENT `e` ON SCHEDULE AT now() ON COMPLETION PRESERVE DISABLE DO delete from t",
        b"CREATE EVENT `e` ON SCHEDULE EVERY 1 /*!99999 x*/ DAY ON COMPLETION PRESERVE ENABLE DO",
    ],
)
def test_an_event_is_refused_unless_it_says_whether_it_runs(sql: bytes) -> None:
    """It would run while a drill or a restore looks at it."""
    with pytest.raises(RestoreError, match="not restored"):
        parse(sql)


HIDING = b" ON SCHEDULE AT '' ON COMPLETION PRESERVE ENABLE DO "
RUNS = b" ON SCHEDULE EVERY 1 SECOND DO delete from t"


@pytest.mark.parametrize(
    ("sql", "client"),
    [
        (b'CREATE DEFINER="a\\" EVENT `e`%b" EVENT e%b' % (HIDING, RUNS), "utf8mb4"),
        (b"CREATE EVENT `e\x81`%b`%b" % (HIDING, RUNS), "gbk"),
    ],
)
def test_an_event_whose_quotes_a_server_may_see_elsewhere_is_refused(
    sql: bytes, client: str
) -> None:
    program = parse(sql)
    assert isinstance(program, Program)
    with pytest.raises(RestoreError, match="not restored"):
        asleep(structs.replace(program, client=client))
