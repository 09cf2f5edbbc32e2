-- A database that uses what MariaDB has to offer, with the values that are easily lost.
-- Run by the `mariadb` client (it knows DELIMITER) as a superuser in an empty database.

SET NAMES utf8mb4;
SET time_zone = '+00:00';
SET sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION';

-- Every type, with ordinary values, the extremes, and nothing -------------------------------
CREATE TABLE every_type (
    id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
    label varchar(40) NOT NULL UNIQUE,
    a_boolean boolean,
    a_tiny tinyint unsigned,
    a_small smallint,
    a_medium mediumint,
    an_int int(11) unsigned zerofill,
    a_big bigint,
    an_unsigned_big bigint unsigned,
    a_decimal decimal(65,30),
    a_money decimal(20,4),
    a_double double,
    a_bit bit(1),
    bits bit(64),
    a_char char(10),
    a_varchar varchar(255),
    a_text text,
    a_longtext longtext,
    a_binary binary(8),
    a_varbinary varbinary(300),
    a_blob blob,
    a_longblob longblob,
    a_date date,
    a_time time(6),
    a_datetime datetime(6),
    a_timestamp timestamp(6) NULL,
    a_year year,
    an_enum enum('', 'one', 'it''s "two"', 'drei, 3', 'ü日'),
    a_set set('a', 'b', 'with space', 'é'),
    a_json json,
    a_uuid uuid,
    an_inet inet6,
    a_point point,
    a_shape geometry
) COMMENT='One column for each type; it''s "all"';

INSERT INTO every_type (label) VALUES ('null');
INSERT INTO every_type VALUES
(
    100, 'empty', false, 0, 0, 0, 0, 0, 0, 0, 0, 0, b'0', b'0', '', '', '', '', '', '', '', '',
    '2000-01-01', '00:00:00', '2000-01-01', '2000-01-01 00:00:01', 2000, '', '', '{}',
    '00000000-0000-0000-0000-000000000000', '::', POINT(0, 0), NULL
),
(
    101, 'ordinary', true, 1, 2, 3, 4, 5, 6, 7.5, 8.25, 0.1, b'1', b'10101', 'char', 'varchar', 'text',
    'long text', 'binary', x'deadbeef', x'00', 'blob', '2024-02-29', '12:34:56.789012',
    '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789012', 2024, 'it''s "two"', 'a,with space',
    '{"b": 1,  "a": [1, 2.50, null, "\\u00e9"], "b": 2}', '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
    '::ffff:192.168.0.1', POINT(1.5, -2.5), ST_GeomFromText('POLYGON((0 0,0 1,1 1,0 0))')
),
(
    4294967000, 'greatest', 127, 255, 32767, 8388607, 4294967295, 9223372036854775807,
    18446744073709551615, 99999999999999999999999999999999999.999999999999999999999999999999,
    9999999999999999.9999, 1.7976931348623157e308, b'1', b'1111111111111111111111111111111111111111111111111111111111111111',
    'ÄÖÜ😀', REPEAT('😀', 255), CONCAT('é e\U ', CONVERT(CHAR(0x10FFFF USING utf32) USING utf8mb4)), REPEAT('long ', 100000),
    x'ffffffffffffffff', REPEAT(x'ff', 300), REPEAT(x'00ff', 30000), REPEAT(x'000a0d5cff', 60000),
    '9999-12-31', '838:59:59.999999', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.999999', 2155,
    'ü日', 'a,b,with space,é', '[1e300, 123456789012345678901234567890]',
    'ffffffff-ffff-ffff-bfff-ffffffffffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    POINT(1e308, -1e308), ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))')
),
(
    102, 'least', -128, 0, -32768, -8388608, 0, -9223372036854775808, 0,
    -99999999999999999999999999999999999.999999999999999999999999999999, -0.0001, 2.2250738585072014e-308,
    b'0', b'1', 'a', ' ', '\t\n\r\0\Z\\''"%_`$$;--/**/#', '\\N', x'00', x'00', x'', '0x41',
    '1000-01-01', '-838:59:59.999999', '1000-01-01', '1970-01-01 00:00:00.000001', 1901, 'one', 'é', 'null',
    NULL, '::1', NULL, NULL
);
-- Every byte, one after the other, and each beside what may change it.
INSERT INTO every_type (label, a_blob, a_longblob, a_varbinary)
SELECT 'bytes', UNHEX(GROUP_CONCAT(LPAD(HEX(seq), 2, '0') ORDER BY seq SEPARATOR '')),
       UNHEX(GROUP_CONCAT(CONCAT(LPAD(HEX(seq), 2, '0'), '5C270D0A') ORDER BY seq SEPARATOR '')),
       UNHEX(GROUP_CONCAT(LPAD(HEX(255 - seq), 2, '0') ORDER BY seq SEPARATOR ''))
FROM seq_0_to_255;

-- Zeros that a strict server refuses, and an AUTO_INCREMENT of 0.
SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES';
CREATE TABLE zeros (
    id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
    a_date date NOT NULL DEFAULT '0000-00-00',
    a_datetime datetime NOT NULL,
    a_timestamp timestamp NOT NULL DEFAULT '0000-00-00 00:00:00'
);
INSERT INTO zeros VALUES
    (0, '0000-00-00', '0000-00-00 00:00:00', '0000-00-00 00:00:00'), (-5, '2024-00-00', '2024-02-29', '2024-01-01');
-- What the server tells of a table it tells in three-byte UTF-8: a copy knows only 'ü?', and
-- the row of the original does not fit in.
CREATE TABLE enum_beyond_three_bytes (id int PRIMARY KEY, value enum('plain', 'ü😀'));
INSERT INTO enum_beyond_three_bytes VALUES (1, 'plain'), (2, 'ü😀');
-- Days that no month has; whoever loads them without ALLOW_INVALID_DATES gets zeros.
CREATE TABLE invalid_dates (id int PRIMARY KEY, a_date date, a_datetime datetime);
INSERT INTO invalid_dates VALUES (1, '2024-02-31', '2024-04-31 12:00:00');
SET sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION';

-- Six digits, which is what the server writes, do not tell these from their neighbours.
CREATE TABLE single_precision (id int PRIMARY KEY, value float);
INSERT INTO single_precision VALUES (1, 16777215), (2, 3.402823e38), (3, 0.1), (4, 1.17549435e-38);

-- Character sets ----------------------------------------------------------------------------
CREATE TABLE texts_latin1 (id int PRIMARY KEY, word varchar(40), KEY (word)) CHARACTER SET latin1;
INSERT INTO texts_latin1 VALUES (1, 'Ärger für €5'), (2, ''), (3, NULL), (4, 'ÿþý');
CREATE TABLE texts_mixed (
    id int PRIMARY KEY,
    exact varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    swedish varchar(40) CHARACTER SET latin1 COLLATE latin1_swedish_ci,
    russian varchar(40) CHARACTER SET cp1251,
    japanese varchar(40) CHARACTER SET sjis,
    wide varchar(40) CHARACTER SET utf16,
    short_utf8 varchar(40) CHARACTER SET utf8mb3,
    seven_bits varchar(40) CHARACTER SET ascii,
    bytes varchar(40) CHARACTER SET binary
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
INSERT INTO texts_mixed VALUES
    (1, 'Aa😀', 'åäö', 'Привет', '日本語表ソ', '😀é', 'é日', 'ascii', x'00ff80275c'),
    (2, 'é', '', NULL, '', NULL, '', '', '');

-- Keys: gaps, generated columns, checks, odd indexes ----------------------------------------
CREATE TABLE gaps (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, note text) AUTO_INCREMENT = 1000;
INSERT INTO gaps (note) VALUES ('a'), ('b'), ('c');
DELETE FROM gaps WHERE id = 1002;
CREATE TABLE empty_with_counter (id int NOT NULL AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT = 777;
CREATE SEQUENCE numbers START WITH 50 INCREMENT BY 10 CACHE 5;
SELECT NEXTVAL(numbers), NEXTVAL(numbers);
CREATE TABLE generated (
    id int PRIMARY KEY,
    net decimal(20,4) NOT NULL CHECK (net >= 0),
    tax decimal(20,4) GENERATED ALWAYS AS (net * 0.19) STORED,
    gross decimal(21,4) AS (net + tax) VIRTUAL,
    initial char(1) AS (LEFT(name, 1)) VIRTUAL,
    name varchar(50) NOT NULL DEFAULT (CONCAT('no', 'body')),
    hidden int INVISIBLE DEFAULT 5,
    changed_at timestamp NOT NULL DEFAULT '2024-01-01 00:00:00' ON UPDATE current_timestamp(),
    KEY by_initial (initial),
    KEY part_of_name (name(3) DESC),
    FULLTEXT KEY words (name),
    CONSTRAINT `odd "check"` CHECK (name <> 'never')
) ROW_FORMAT=DYNAMIC;
INSERT INTO generated (id, net, name) SELECT seq, seq * 1.0101, CONCAT('Customer ', seq) FROM seq_1_to_300;
CREATE TABLE no_key (a int, b text);
INSERT INTO no_key VALUES (1, 'twice'), (1, 'twice'), (NULL, NULL);
CREATE TABLE nothing_in_it (id int PRIMARY KEY);
CREATE TABLE composite_key (a int, b varchar(20) COLLATE utf8mb4_bin, c text, PRIMARY KEY (b, a));
INSERT INTO composite_key VALUES (1, '', 'x'), (2, 'z', NULL), (2, 'Z', ''), (1, 'ä', 'y');

-- Circular foreign keys ---------------------------------------------------------------------
SET foreign_key_checks = 0;
CREATE TABLE departments (
    id int PRIMARY KEY, name varchar(50) NOT NULL, head int NOT NULL,
    CONSTRAINT departments_head FOREIGN KEY (head) REFERENCES employees (id)
);
CREATE TABLE employees (
    id int PRIMARY KEY, department int NOT NULL, manager int,
    CONSTRAINT employees_department FOREIGN KEY (department) REFERENCES departments (id) ON DELETE CASCADE,
    CONSTRAINT employees_manager FOREIGN KEY (manager) REFERENCES employees (id) ON DELETE SET NULL
);
INSERT INTO departments VALUES (1, 'Sales', 2), (2, 'Forschung', 3);
INSERT INTO employees VALUES (1, 1, 1), (2, 1, 1), (3, 2, 2);
SET foreign_key_checks = 1;
CREATE TABLE `child of composite` (
    a int, b varchar(20) COLLATE utf8mb4_bin,
    FOREIGN KEY (b, a) REFERENCES composite_key (b, a) ON UPDATE CASCADE
);
INSERT INTO `child of composite` VALUES (1, ''), (NULL, NULL);

-- Partitions, and engines without transactions ----------------------------------------------
CREATE TABLE measurements (id int, taken_on date NOT NULL, value double, PRIMARY KEY (id, taken_on))
PARTITION BY RANGE COLUMNS (taken_on) (
    PARTITION p2023 VALUES LESS THAN ('2024-01-01'),
    PARTITION `p 2024` VALUES LESS THAN ('2025-01-01'),
    PARTITION rest VALUES LESS THAN (MAXVALUE)
);
INSERT INTO measurements SELECT seq, date '2023-06-01' + INTERVAL seq * 5 DAY, seq / 3 FROM seq_1_to_200;
CREATE TABLE old_counters (name varchar(20) PRIMARY KEY, hits int NOT NULL) ENGINE=MyISAM;
INSERT INTO old_counters VALUES ('home', 7), ('about', 1);

-- Names -------------------------------------------------------------------------------------
CREATE TABLE `täble with space` (`cölumn` int, `select` text, `with ``backticks``` text, `a.b` text, `%s` text);
INSERT INTO `täble with space` VALUES (1, 'a', 'b', '%', '%%');
CREATE TABLE `select` (`from` int PRIMARY KEY);
INSERT INTO `select` VALUES (1);
CREATE TABLE `semi;colon -- 'quote' "double" \back ``tick`` #` (`;` int);
INSERT INTO `semi;colon -- 'quote' "double" \back ``tick`` #` VALUES (1), (NULL);
CREATE TABLE `schema.table` (id int);
INSERT INTO `schema.table` VALUES (1);
CREATE TABLE `123` (`1` int);
INSERT INTO `123` VALUES (123);
CREATE TABLE MixedCase (id int);
CREATE TABLE mixedcase (id int);
INSERT INTO MixedCase VALUES (1);
CREATE TABLE a_name_of_sixty_four_bytes_which_is_the_most_that_there_can_be__ (id int);
CREATE TABLE `comments` (id int COMMENT 'it''s a \\ "comment"; ü日') COMMENT='/* not */ -- one';

-- Routines, triggers, events ----------------------------------------------------------------
CREATE TABLE audit (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, what text NOT NULL, who varchar(100));

DELIMITER //
CREATE FUNCTION total(up_to int) RETURNS decimal(30,4) READS SQL DATA
BEGIN
    DECLARE result decimal(30,4);
    SELECT sum(net) INTO result FROM generated WHERE id <= up_to;
    RETURN coalesce(result, 0);
END //
CREATE FUNCTION `odd ``function```(s varchar(100) CHARACTER SET utf8mb4) RETURNS varchar(120) CHARACTER SET utf8mb4
    DETERMINISTIC NO SQL SQL SECURITY INVOKER COMMENT 'it''s odd; ü日'
    RETURN CONCAT(s, ' // ; 😀') //
CREATE PROCEDURE tidy(IN older_than date, OUT removed int)
    MODIFIES SQL DATA
BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; SET removed = -1; END;
    -- a comment with a ; in it
    DELETE FROM measurements WHERE taken_on < older_than;
    SET removed = ROW_COUNT();
END //
CREATE TRIGGER departments_noted AFTER UPDATE ON departments FOR EACH ROW
BEGIN
    INSERT INTO audit (what, who) VALUES (CONCAT('UPDATE ', OLD.name, ' -> ', NEW.name, ' ; ''quoted'''), current_user());
END //
CREATE TRIGGER departments_noted_again AFTER UPDATE ON departments FOR EACH ROW FOLLOWS departments_noted
    INSERT INTO audit (what) VALUES ('again') //
CREATE TRIGGER `refuse ``all``` BEFORE INSERT ON `select` FOR EACH ROW
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no row may be added' //
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2024-01-01 03:00:00' ON COMPLETION PRESERVE
    COMMENT 'it''s nightly' DO
BEGIN
    CALL tidy(current_date() - INTERVAL 10 YEAR, @removed);
END //
CREATE EVENT `disabled event` ON SCHEDULE EVERY 1 HOUR STARTS '2024-01-01 00:00:00' DISABLE
    DO DELETE FROM audit //
DELIMITER ;

-- A routine that was written under other rules keeps them.
SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT';
CREATE FUNCTION ansi(s varchar(20)) RETURNS varchar(60) DETERMINISTIC RETURN 'a' || "s" || 'z';
SET sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION';

UPDATE departments SET name = 'Vertrieb' WHERE id = 1;

-- Views; `a_view` is made after `z_view` and reads it ---------------------------------------
CREATE VIEW z_view AS SELECT d.name, e.id FROM departments d JOIN employees e ON e.id = d.head;
CREATE SQL SECURITY INVOKER VIEW a_view AS SELECT name, total(100) AS total FROM z_view WHERE name <> '';
CREATE ALGORITHM=MERGE VIEW `view with check` AS SELECT id, net FROM generated WHERE net < 100 WITH CASCADED CHECK OPTION;
CREATE VIEW `view ``ü``` AS SELECT 1 AS `a b`;
