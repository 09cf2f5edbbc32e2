-- A database that uses what PostgreSQL has to offer, with the values that are easily lost.
-- Run by a superuser in an empty database. Roles belong to the server, and may be there already.

SET client_min_messages = warning;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'holdfast_reader') THEN
        CREATE ROLE holdfast_reader NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'holdfast_writer') THEN
        CREATE ROLE holdfast_writer NOLOGIN;
    END IF;
END $$;

-- Schemas, extensions, comments on them -----------------------------------------------------
CREATE SCHEMA accounting AUTHORIZATION holdfast_writer;
CREATE SCHEMA "Ünïcode schema";
CREATE SCHEMA extensions;
COMMENT ON SCHEMA accounting IS 'Money; it''s "important" \ and has a
line break';
CREATE EXTENSION pgcrypto SCHEMA extensions;
CREATE EXTENSION citext SCHEMA extensions;
CREATE EXTENSION hstore SCHEMA extensions;

-- Types -------------------------------------------------------------------------------------
CREATE TYPE mood AS ENUM ('sad', 'it''s fine', 'glücklich 😀', 'happy');
ALTER TYPE mood ADD VALUE 'angry' BEFORE 'sad';
CREATE TYPE accounting.address AS (street text, zip varchar(10), mood mood);
CREATE TYPE temperatures AS RANGE (subtype = float8);
CREATE DOMAIN accounting.positive AS numeric(30, 10) NOT NULL DEFAULT 1
    CONSTRAINT above_zero CHECK (VALUE > 0);
CREATE DOMAIN accounting.small_positive AS accounting.positive CHECK (VALUE < 1000);
CREATE COLLATION numeric_order (provider = icu, locale = 'en-u-kn-true');
COMMENT ON TYPE mood IS 'How one feels';
COMMENT ON DOMAIN accounting.positive IS 'More than nothing';

-- Sequences: what comes next must come next -------------------------------------------------
CREATE SEQUENCE plain_sequence;
SELECT nextval('plain_sequence'), nextval('plain_sequence'), nextval('plain_sequence');
CREATE SEQUENCE unused_sequence START 42;
CREATE SEQUENCE backwards AS bigint INCREMENT -5 MINVALUE -9223372036854775807 MAXVALUE -1 START -1;
SELECT setval('backwards', -9223372036854775000, true);
CREATE SEQUENCE round AS smallint MAXVALUE 3 CYCLE CACHE 2;
SELECT setval('round', 3, false);

-- Every type, with ordinary values, the extremes, and nothing -------------------------------
CREATE TABLE every_type (
    id serial PRIMARY KEY,
    label text NOT NULL UNIQUE,
    a_boolean boolean,
    a_smallint smallint,
    an_integer integer,
    a_bigint bigint,
    a_numeric numeric,
    a_scaled numeric(38, 20),
    a_real real,
    a_double double precision,
    a_text text,
    a_varchar varchar(40),
    a_char char(8),
    a_citext extensions.citext,
    a_bytea bytea,
    a_date date,
    a_time time,
    a_timetz timetz,
    a_timestamp timestamp,
    a_timestamptz timestamptz,
    an_interval interval,
    a_uuid uuid,
    a_json json,
    a_jsonb jsonb,
    an_hstore extensions.hstore,
    an_xml xml,
    an_inet inet,
    a_cidr cidr,
    a_macaddr macaddr,
    a_bit bit(5),
    a_varbit varbit,
    a_point point,
    a_polygon polygon,
    a_tsvector tsvector,
    a_range int4range,
    a_multirange datemultirange,
    a_temperatures temperatures,
    a_mood mood,
    an_address accounting.address,
    a_positive accounting.positive DEFAULT 1,
    integers integer[],
    texts text[],
    moods mood[],
    addresses accounting.address[],
    numerics numeric[],
    times timestamptz[]
);
COMMENT ON TABLE every_type IS 'One column for each type';
COMMENT ON COLUMN every_type.a_text IS 'Text of all kinds: '''' is not NULL';

INSERT INTO every_type (label) VALUES ('null');
INSERT INTO every_type (
    label, a_boolean, a_smallint, an_integer, a_bigint, a_numeric, a_scaled, a_real, a_double,
    a_text, a_varchar, a_char, a_citext, a_bytea, a_date, a_time, a_timetz, a_timestamp,
    a_timestamptz, an_interval, a_uuid, a_json, a_jsonb, an_hstore, an_xml, an_inet, a_cidr,
    a_macaddr, a_bit, a_varbit, a_point, a_polygon, a_tsvector, a_range, a_multirange,
    a_temperatures, a_mood, an_address, a_positive, integers, texts, moods, addresses, numerics, times
) VALUES
(
    'empty', false, 0, 0, 0, 0, 0, 0, 0, '', '', '', '', '', '2000-01-01', '00:00', '00:00+00',
    '2000-01-01', '2000-01-01 00:00+00', '0', '00000000-0000-0000-0000-000000000000', '{}', '{}',
    '', '', '0.0.0.0', '0.0.0.0/0', '00:00:00:00:00:00', '00000', '', '(0,0)', '((0,0))', '',
    'empty', '{}', 'empty', 'sad', ROW('', '', NULL), 0.0000000001, '{}', '{}', '{}', '{}', '{}', '{}'
),
(
    'ordinary', true, 1, 2, 3, 4.50, 5.25, 0.1, 0.1, 'text', 'varchar', 'char', 'CiText',
    '\xdeadbeef', '2024-02-29', '12:34:56.789012', '12:34:56.789012+05:30',
    '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789012+05:30',
    '1 year 2 mons 3 days 04:05:06.789012', '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
    '{"b": 1,  "a": [1, 2.50], "b": 2}', '{"b": 1, "a": [1, 2.50, null, "\u00e9"]}',
    'key => value, "empty" => "", "null" => NULL', '<a b="c">d&amp;</a>', '192.168.0.1/24',
    '10.0.0.0/8', '08:00:2b:01:02:03', '10101', '1', '(1.5,-2.5)', '((0,0),(1,1),(1,0))',
    'fat:2A cat:3', '[1,10)', '{[2024-01-01,2024-02-01),[2024-03-01,)}', '[36.6,37.2]',
    'it''s fine', ROW('1, "High" Street', '00123', 'happy'), 12345678901234567890.0123456789,
    '{1,NULL,3}', '{"",NULL,"NULL","a,b","{}","quo\"te","back\\slash"}', '{sad,"glücklich 😀"}',
    ARRAY[ROW('a', NULL, 'sad')::accounting.address, NULL, ROW(NULL, '', NULL)::accounting.address],
    '{1.10,NaN,Infinity}', '{"2024-02-29 12:00+00",infinity,NULL}'
),
(
    'greatest', true, 32767, 2147483647, 9223372036854775807,
    (repeat('9', 600) || '.' || repeat('7', 400))::numeric, 123456789012345678.12345678901234567890,
    3.4028235e38, 1.7976931348623157e308,
    E'\U0010FFFF \uFEFF e\u0301 \U0001F469\u200D\U0001F4BB', repeat('ß', 40), 'é', 'ÄÖÜ',
    decode(repeat('00ff', 5000), 'hex'), '5874897-12-31', '24:00:00', '24:00:00-15:59',
    '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00', '178000000 years',
    'ffffffff-ffff-ffff-ffff-ffffffffffff', '[1e400, 123456789012345678901234567890]',
    '[123456789012345678901234567890.12345, 1E+300]', '"=>" => "\"", "ключ" => "значение"',
    '<![CDATA[]]>', 'ffff::ffff/128', 'ffff::/16', 'ff:ff:ff:ff:ff:ff', '11111', repeat('10', 500)::varbit,
    '(1e308,-1e308)', '((1e10,1e-10))', '''it''''s'':1 ''b\\c'':2', '[-2147483648,2147483647)',
    '{(,)}', '(,)', 'happy', ROW(repeat('x', 5000), NULL, 'glücklich 😀'), 99999999999999999999,
    '[0:1]={1,2}', '{{a,b},{c,d}}', '{NULL}', '{NULL}', '{0.0,0.00,-0.000}', '{-infinity}'
),
(
    'least', false, -32768, -2147483648, -9223372036854775808,
    ('-0.' || repeat('0', 400) || '1')::numeric, -99999999999999999.99999999999999999999,
    -1.1754944e-38, -5e-324, E'\\N', E'\\.', '  a  ', E'\t', '\x00', '4713-01-01 BC', '00:00:00',
    '00:00:00+15:59', '4713-01-01 00:00:00 BC', '4713-01-01 00:00:00+00 BC',
    '-178000000 years', '00000000-0000-1000-8000-000000000000', 'null', 'null', NULL, NULL,
    '::', '::/0', '00:00:00:00:00:01', '00001', '0', '(-0,0)', NULL, NULL, '(,5]', '{(,2000-01-01 BC)}',
    '[-Infinity,0)', 'sad', NULL, 1, '{{1,NULL},{NULL,4}}', '[-3:-2]={x,y}', NULL, NULL, NULL, NULL
),
(
    'special', NULL, NULL, NULL, NULL, 'NaN', 'NaN', 'NaN', 'NaN',
    E'tab\t newline\n return\r both\r\n backslash\\ quote\' double" bell\a escape\x1b delete\x7f $$ ; -- /* */',
    E'\\N\n\\.\n', E'\n', NULL,
    (SELECT string_agg(set_byte('\x00', 0, n), '' ORDER BY n) FROM generate_series(0, 255) AS n),
    'infinity', NULL, NULL, 'infinity', 'infinity', '-1 mons +1 day -00:00:00.000001', NULL, '"\u0000"',
    '{"": {"": []}}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '(NaN,Infinity)', NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL
),
(
    'negative infinity', NULL, NULL, NULL, NULL, '-Infinity', NULL, '-Infinity', '-Infinity',
    repeat('long ', 40000), NULL, NULL, NULL, NULL, '-infinity', NULL, NULL, '-infinity',
    '-infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL
),
(
    'positive infinity', NULL, NULL, NULL, NULL, 'Infinity', NULL, 'Infinity', 'Infinity',
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, NULL,
    NULL, NULL, NULL, NULL
);
INSERT INTO every_type (label, a_double, a_real) VALUES ('negative zero', '-0', '-0');
DELETE FROM every_type WHERE label = 'nobody';
SELECT setval('every_type_id_seq', 5000);

-- Identity, generated columns, defaults -----------------------------------------------------
CREATE TABLE accounting.invoices (
    id bigint GENERATED ALWAYS AS IDENTITY (START 1000 INCREMENT 7) PRIMARY KEY,
    number integer GENERATED BY DEFAULT AS IDENTITY UNIQUE,
    net numeric(20, 4) NOT NULL CHECK (net >= 0),
    tax numeric(20, 4) GENERATED ALWAYS AS (net * 0.19) STORED,
    customer extensions.citext NOT NULL DEFAULT 'nobody',
    issued_at timestamptz NOT NULL DEFAULT '2024-01-01 00:00+00',
    token bytea DEFAULT extensions.digest('token', 'sha256'),
    notes text COMPRESSION pglz
) WITH (fillfactor = 70);
INSERT INTO accounting.invoices (net, customer)
    SELECT n * 1.0101, 'Customer ' || n % 7 FROM generate_series(1, 500) AS n;
DELETE FROM accounting.invoices WHERE number > 490;
CREATE INDEX ON accounting.invoices (customer) WHERE net > 100;
CREATE INDEX invoices_lower ON accounting.invoices (lower(customer::text) DESC NULLS LAST) INCLUDE (net);
CREATE STATISTICS accounting.invoice_statistics (dependencies) ON net, customer FROM accounting.invoices;
ALTER TABLE accounting.invoices ADD CONSTRAINT later CHECK (net < 400) NOT VALID;

CREATE TABLE bookings (
    room integer,
    during tsrange,
    tags text[] NOT NULL DEFAULT '{}',
    code text UNIQUE NULLS NOT DISTINCT,
    EXCLUDE USING gist (during WITH &&)
);
INSERT INTO bookings VALUES (1, '[2024-01-01,2024-01-02)', '{a,b}', NULL), (NULL, 'empty', '{}', '');
CREATE INDEX bookings_tags ON bookings USING gin (tags);
CLUSTER accounting.invoices USING invoices_pkey;
ALTER TABLE accounting.invoices REPLICA IDENTITY FULL;

-- Circular foreign keys ---------------------------------------------------------------------
CREATE TABLE departments (id integer PRIMARY KEY, name text NOT NULL, head integer NOT NULL);
CREATE TABLE employees (
    id integer PRIMARY KEY,
    department integer NOT NULL REFERENCES departments ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    manager integer REFERENCES employees ON DELETE SET NULL
);
ALTER TABLE departments ADD CONSTRAINT departments_head FOREIGN KEY (head) REFERENCES employees
    DEFERRABLE INITIALLY DEFERRED;
INSERT INTO departments VALUES (1, 'Sales', 2), (2, 'Forschung', 3);
INSERT INTO employees VALUES (1, 1, 1), (2, 1, 1), (3, 2, 2);
-- What waits for the end of the transaction would be in the way of ALTER TABLE.
SET CONSTRAINTS ALL IMMEDIATE;
CREATE TABLE composite_key (a integer, b text COLLATE "C", PRIMARY KEY (b, a));
CREATE TABLE composite_child (
    a integer, b text, FOREIGN KEY (b, a) REFERENCES composite_key MATCH FULL ON UPDATE CASCADE
);
INSERT INTO composite_key VALUES (1, ''), (2, 'z'), (2, 'ä');
INSERT INTO composite_child VALUES (1, ''), (NULL, NULL);

-- Partitions: range with parts of its own, list, hash, default, a part in another schema ----
CREATE TABLE measurements (
    id bigint GENERATED BY DEFAULT AS IDENTITY,
    taken_on date NOT NULL,
    sensor text,
    value float8,
    PRIMARY KEY (id, taken_on)
) PARTITION BY RANGE (taken_on);
CREATE TABLE measurements_2023 PARTITION OF measurements FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE accounting.measurements_2024 PARTITION OF measurements
    FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY HASH (id);
CREATE TABLE accounting.measurements_2024_0 PARTITION OF accounting.measurements_2024
    FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE accounting.measurements_2024_1 PARTITION OF accounting.measurements_2024
    FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE measurements_other PARTITION OF measurements DEFAULT;
INSERT INTO measurements (taken_on, sensor, value)
    SELECT date '2022-12-01' + n * 3, 's' || n % 3, n / 3.0 FROM generate_series(0, 299) AS n;
CREATE INDEX ON measurements (sensor);
CREATE TABLE places (code text NOT NULL, name text) PARTITION BY LIST (code);
CREATE TABLE places_nowhere PARTITION OF places FOR VALUES IN ('', 'none');
CREATE TABLE places_empty PARTITION OF places DEFAULT;
INSERT INTO places VALUES ('', NULL), ('none', '');

-- Inheritance, unlogged, odd storage --------------------------------------------------------
CREATE TABLE vehicles (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE cars (doors smallint DEFAULT 4) INHERITS (vehicles);
INSERT INTO vehicles VALUES (1, 'bicycle');
INSERT INTO cars VALUES (2, 'car', 5), (2, 'twin', NULL);
CREATE UNLOGGED TABLE scratchpad (id integer, note text);
INSERT INTO scratchpad VALUES (1, 'kept by a dump');
CREATE TABLE no_columns ();
INSERT INTO no_columns DEFAULT VALUES;
CREATE TABLE nothing_in_it (id integer PRIMARY KEY);
CREATE TABLE dropped_column (a integer, b text, c integer);
INSERT INTO dropped_column VALUES (1, 'gone', 3);
ALTER TABLE dropped_column DROP COLUMN b;
ALTER TABLE dropped_column ADD COLUMN d text DEFAULT 'added';
CREATE TABLE of_type OF accounting.address (PRIMARY KEY (street));
INSERT INTO of_type VALUES ('Street', '1', 'sad');

-- Names -------------------------------------------------------------------------------------
CREATE TABLE "Ünïcode schema"."täble 😀" ("cölumn" integer, "select" text, "with ""quotes""" text);
INSERT INTO "Ünïcode schema"."täble 😀" VALUES (1, 'a', 'b');
CREATE TABLE "select" ("from" integer PRIMARY KEY, "a.b" text, "%s" text, ":name" text);
INSERT INTO "select" VALUES (1, '%', '%%', ':x');
CREATE TABLE "semi;colon -- 'quote' ""double"" \back $1" (" " integer);
INSERT INTO "semi;colon -- 'quote' ""double"" \back $1" VALUES (1), (NULL);
CREATE TABLE U&"line\000Abreak" (id integer);
INSERT INTO U&"line\000Abreak" VALUES (1);
CREATE TABLE "schema.table" ("MixedCase" serial, mixedcase text);
INSERT INTO "schema.table" (mixedcase) VALUES ('x'), ('y');
CREATE TABLE a_name_of_sixty_three_bytes_which_is_the_most_that_there_can_be (id integer);

-- Functions, procedures, aggregates, operators, triggers, rules -----------------------------
CREATE TABLE audit (id serial PRIMARY KEY, what text NOT NULL, who name DEFAULT current_user);
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $body$
BEGIN
    INSERT INTO audit (what) VALUES (TG_OP || ' ' || TG_TABLE_NAME || ' $$ ; ''quoted''');
    RETURN NULL;
END $body$;
COMMENT ON FUNCTION note_change() IS 'A restore must not call this';
CREATE TRIGGER departments_noted AFTER INSERT OR UPDATE ON departments
    FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE TRIGGER "Disabled trigger" BEFORE DELETE ON departments
    FOR EACH STATEMENT EXECUTE FUNCTION note_change();
ALTER TABLE departments DISABLE TRIGGER "Disabled trigger";
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no row may be added'; END $$;
CREATE TABLE closed (id integer);
INSERT INTO closed VALUES (1);
CREATE TRIGGER closed_for_good BEFORE INSERT ON closed FOR EACH ROW EXECUTE FUNCTION refuse();
UPDATE departments SET name = 'Vertrieb' WHERE id = 1;
SET CONSTRAINTS ALL IMMEDIATE;

CREATE FUNCTION total(up_to bigint) RETURNS numeric STABLE
    BEGIN ATOMIC SELECT sum(net) FROM accounting.invoices WHERE id <= up_to; END;
CREATE PROCEDURE accounting.tidy(INOUT removed integer) LANGUAGE plpgsql AS $$
BEGIN removed := 0; END $$;
CREATE AGGREGATE product(double precision) (sfunc = float8mul, stype = float8, initcond = '1');
CREATE FUNCTION same_mood(mood, mood) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT $1 = $2';
CREATE OPERATOR ~~~ (leftarg = mood, rightarg = mood, function = same_mood);
CREATE CAST (mood AS integer) WITH INOUT AS ASSIGNMENT;
CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple);
CREATE RULE keep_select AS ON DELETE TO "select" DO INSTEAD NOTHING;

-- Views, and views that keep rows -----------------------------------------------------------
CREATE VIEW heads WITH (security_barrier) AS
    SELECT d.name, e.id FROM departments AS d JOIN employees AS e ON e.id = d.head;
CREATE VIEW heads_again AS SELECT * FROM heads WHERE name <> '' WITH LOCAL CHECK OPTION;
CREATE RECURSIVE VIEW managed (id, depth) AS
    SELECT id, 0 FROM employees WHERE manager = id
    UNION ALL
    SELECT e.id, m.depth + 1 FROM employees AS e JOIN managed AS m ON e.manager = m.id AND e.id <> m.id;
CREATE MATERIALIZED VIEW accounting.totals AS
    SELECT customer, sum(net) AS net FROM accounting.invoices GROUP BY customer;
CREATE UNIQUE INDEX ON accounting.totals (customer);
CREATE MATERIALIZED VIEW not_filled AS SELECT * FROM accounting.totals WITH NO DATA;
COMMENT ON MATERIALIZED VIEW accounting.totals IS 'Filled';

-- Row security ------------------------------------------------------------------------------
CREATE TABLE diary (id integer PRIMARY KEY, owner name NOT NULL, entry text);
INSERT INTO diary VALUES (1, 'holdfast_reader', 'mine'), (2, 'holdfast_writer', 'yours'), (3, '', NULL);
ALTER TABLE diary ENABLE ROW LEVEL SECURITY;
ALTER TABLE diary FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON diary TO holdfast_reader USING (owner = current_user);
CREATE POLICY "write own" ON diary AS RESTRICTIVE FOR INSERT TO PUBLIC WITH CHECK (entry <> '');

-- Large objects -----------------------------------------------------------------------------
CREATE TABLE attachments (id integer PRIMARY KEY, content oid);
INSERT INTO attachments VALUES
    (1, lo_from_bytea(700001,
        (SELECT string_agg(set_byte('\x00', 0, n), '' ORDER BY n) FROM generate_series(0, 255) AS n))),
    (2, lo_from_bytea(700002, '')),
    (3, lo_from_bytea(700003, decode(repeat('000a0d5cff', 20000), 'hex')));
COMMENT ON LARGE OBJECT 700001 IS 'All bytes';
GRANT SELECT ON LARGE OBJECT 700003 TO holdfast_reader;
ALTER LARGE OBJECT 700003 OWNER TO holdfast_writer;

-- Owners and grants -------------------------------------------------------------------------
ALTER TABLE bookings OWNER TO holdfast_writer;
ALTER FUNCTION total(bigint) OWNER TO holdfast_writer;
GRANT USAGE ON SCHEMA accounting, extensions TO holdfast_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA accounting TO holdfast_reader WITH GRANT OPTION;
GRANT SELECT (id, name), UPDATE (name) ON departments TO holdfast_reader;
GRANT SELECT ON diary TO holdfast_reader, holdfast_writer;
GRANT USAGE ON SEQUENCE plain_sequence TO PUBLIC;
REVOKE EXECUTE ON FUNCTION note_change() FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA accounting GRANT SELECT ON TABLES TO holdfast_reader;
