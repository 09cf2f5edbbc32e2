"""A capture of a PostgreSQL database: one moment, all of it, and what is said of it.

Proves R07, R12, R13 for what a dump holds (restored by plain `pg_restore`).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.errors import DatabaseChanged, DatabaseLocked, DatabaseRefused
from holdfast.models.node import NodeType
from holdfast.models.progress import Progress
from holdfast.sources.postgresql import inspection
from holdfast.sources.postgresql.features import FEATURES
from holdfast.sources.postgresql.source import PostgresSource
from tests.rig.daemon import wait_until
from tests.rig.load import backups_under_load
from tests.rig.postgresql import PostgresDatabase, PostgresServer, Role, identifier
from tests.rig.servers import PostgresDatabases
from tests.sources.postgresql.support import Captured, Reader, plain_dump, restore

CAPTURES = backups_under_load(5)
_CATALOGS = (
    (
        "SELECT relkind, relpersistence, relrowsecurity, relforcerowsecurity, count(*)"
        " FROM pg_class GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
    ),
    (
        "SELECT attrelid::regclass::text, attname, atttypid::regtype::text, attnotnull,"
        " attidentity, attgenerated, attcollation"
        " FROM pg_attribute WHERE NOT attisdropped AND attrelid >= 16384"
        " AND attnum > 0 AND attrelid::regclass::text !~ '^pg_toast' ORDER BY 1, attnum"
    ),
    "SELECT prokind, provolatile, prosecdef, count(*) FROM pg_proc GROUP BY 1, 2, 3 ORDER BY 1, 2",
    "SELECT typtype, typcategory, count(*) FROM pg_type GROUP BY 1, 2 ORDER BY 1, 2",
    (
        "SELECT contype, condeferrable, convalidated, count(*) FROM pg_constraint"
        " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    ),
    "SELECT tgenabled, tgisinternal, count(*) FROM pg_trigger GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT polcmd, polpermissive, count(*) FROM pg_policy GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT description FROM pg_description WHERE objoid >= 16384 ORDER BY 1",
    "SELECT enumtypid::regtype::text, enumlabel FROM pg_enum ORDER BY 1, enumsortorder",
    "SELECT relname, relacl::text FROM pg_class WHERE relacl IS NOT NULL ORDER BY 1",
    (
        "SELECT loid, md5(string_agg(data, ''::bytea ORDER BY pageno)) FROM pg_largeobject"
        " GROUP BY 1 ORDER BY 1"
    ),
    (
        "SELECT schemaname, sequencename, last_value, increment_by, cycle FROM pg_sequences"
        " ORDER BY 1, 2"
    ),
    "SELECT extname, extversion FROM pg_extension ORDER BY 1",
    "SELECT evtname, evtevent FROM pg_event_trigger ORDER BY 1",
    "SELECT pubname, puballtables FROM pg_publication ORDER BY 1",
    (
        "SELECT count(*) FROM pg_rewrite UNION ALL SELECT count(*) FROM pg_attrdef"
        " UNION ALL SELECT count(*) FROM pg_index UNION ALL SELECT count(*) FROM pg_operator"
        " UNION ALL SELECT count(*) FROM pg_cast UNION ALL SELECT count(*) FROM pg_collation"
        " UNION ALL SELECT count(*) FROM pg_default_acl UNION ALL SELECT count(*) FROM pg_ts_config"
        " UNION ALL SELECT count(*) FROM pg_statistic_ext"
    ),
)


def capture(database: PostgresDatabase, scratch: Path, url: str | None = None) -> Captured:
    return Reader(scratch).capture(PostgresSource(url or database.url))


def counted(database: PostgresDatabase) -> dict[str, int]:
    tables = database.run(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE relkind = 'r' AND nspname !~ '^pg_' AND nspname <> 'information_schema'"
        " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND deptype = 'e')"
    )
    return {
        ".".join(
            identifier(part) if "." in part else part for part in (schema, name) if part != "public"
        ): int(
            database.run(f"SELECT count(*) FROM ONLY {identifier(schema)}.{identifier(name)}")[0][0]
        )
        for schema, name in tables
    }


def test_the_dump_is_one_file_that_others_may_not_read(
    chinook_postgres: PostgresDatabase, tmp_path: Path
) -> None:
    (entry,) = capture(chinook_postgres, tmp_path).entries
    assert entry.path == f"database/{chinook_postgres.name}.dump"
    assert (entry.node.type, entry.node.mode) == (NodeType.FILE, 0o600)
    assert entry.node.size > 0
    assert list(tmp_path.iterdir()) == []


def test_every_feature_comes_back(
    features_postgres: PostgresDatabase,
    postgres_database: PostgresDatabase,
    postgres_server: PostgresServer,
    tmp_path: Path,
) -> None:
    """R12, R13: plain `pg_restore` of the dump gives the same catalogs and the same rows."""
    captured = capture(features_postgres, tmp_path)
    restore(postgres_server, captured.dump, postgres_database.name)
    for query in (*_CATALOGS, FEATURES):
        assert postgres_database.run(query) == features_postgres.run(query), query
    again = plain_dump(postgres_server, postgres_database.name)
    assert again == plain_dump(postgres_server, features_postgres.name)


def test_the_features_in_use_are_named(features_postgres: PostgresDatabase, tmp_path: Path) -> None:
    """R13: the manifest says what must come back."""
    facts = capture(features_postgres, tmp_path).facts.facts
    assert set(facts["features"]) >= {
        *("domains", "enums", "generated_columns", "identity_columns", "large_objects"),
        *("materialized_views", "partitions", "policies", "row_security", "sequences", "triggers"),
    }
    assert facts["roles"]
    assert facts["format"] == "custom"


def test_counts_are_those_of_every_table(
    features_postgres: PostgresDatabase, tmp_path: Path
) -> None:
    facts = capture(features_postgres, tmp_path).facts
    assert facts.table_counts == counted(features_postgres)
    assert facts.count == sum(facts.table_counts.values())
    assert facts.facts["row_counts"] == facts.table_counts


def test_versions_are_in_the_manifest(
    chinook_postgres: PostgresDatabase, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """R05: server, client and format of the dump."""
    facts = capture(chinook_postgres, tmp_path).facts
    version = postgres_server.version
    assert facts.engines == {"postgresql": version, "pg_dump": version}
    assert facts.facts["server_version"] == facts.facts["client_version"] == version
    assert re.fullmatch(r"1\.\d+\.\d+", facts.facts["format_version"])


_TRANSFERS = """
CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
CREATE TABLE transfers (id serial PRIMARY KEY, amount int NOT NULL);
CREATE TABLE ballast (id int PRIMARY KEY, text text);
INSERT INTO accounts SELECT g, 1000 FROM generate_series(1, 10) g;
INSERT INTO ballast SELECT g, repeat(md5(g::text), 20) FROM generate_series(1, 20000) g;
"""
_TRANSFER = """
BEGIN;
UPDATE accounts SET balance = balance - 7 WHERE id = (SELECT 1 + (random() * 9)::int);
INSERT INTO transfers (amount) VALUES (7);
COMMIT;
"""
_INVARIANT = (
    "SELECT (SELECT sum(balance) FROM accounts) + (SELECT coalesce(sum(amount), 0) FROM transfers)"
)


def test_a_capture_under_load_is_one_moment(
    postgres_database: PostgresDatabase,
    new_postgres_database: PostgresDatabases,
    postgres_server: PostgresServer,
    tmp_path: Path,
) -> None:
    """R07: money moves between two tables all the time, and none is lost or made in a copy.

    What was committed before the capture began is in it, and its counts are the manifest's.
    """
    postgres_database.run(_TRANSFERS)
    done = threading.Event()
    committed = 0

    def write() -> None:
        nonlocal committed
        while not done.is_set():
            postgres_database.run(_TRANSFER)
            committed += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(CAPTURES):
            goal = committed + 1
            wait_until(lambda: committed >= goal, "a transfer")  # noqa: B023  called at once
            captured = capture(postgres_database, tmp_path)
            copy = new_postgres_database()
            restore(postgres_server, captured.dump, copy.name)
            assert copy.run(_INVARIANT) == [(10_000,)]
            assert counted(copy) == captured.facts.table_counts
            assert captured.facts.table_counts["transfers"] >= goal
            postgres_server.drop_database(copy.name)
    finally:
        done.set()
        writer.join()


def test_what_is_written_meanwhile_is_not_in_it(
    chinook_postgres: PostgresDatabase,
    postgres_database: PostgresDatabase,
    postgres_server: PostgresServer,
    tmp_path: Path,
) -> None:
    """R07: rows that go after the moment are in the dump and in the counts."""
    rows = counted(chinook_postgres)
    reader = Reader(tmp_path, on_begin=lambda: chinook_postgres.run("DELETE FROM invoice_line"))
    captured = reader.capture(PostgresSource(chinook_postgres.url))
    assert captured.facts.table_counts == rows
    restore(postgres_server, captured.dump, postgres_database.name)
    assert counted(postgres_database) == rows


@pytest.mark.parametrize(
    "change", ["TRUNCATE invoice_line", "ALTER TABLE invoice_line ALTER quantity TYPE bigint"]
)
def test_a_table_emptied_before_it_is_locked_is_noticed(
    change: str, chinook_postgres: PostgresDatabase, tmp_path: Path
) -> None:
    """R07: snapshots do not protect from TRUNCATE; the dump would have the table empty."""
    reader = Reader(tmp_path, on_begin=lambda: chinook_postgres.run(change))
    with pytest.raises(DatabaseChanged, match=r"invoice_line of postgresql:.* was emptied"):
        reader.capture(PostgresSource(chinook_postgres.url))


def test_a_truncate_waits_for_a_dump_that_began(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    """R07: and is done when the dump is, whose counts do not see it."""
    postgres_database.run(_TRANSFERS)
    source = PostgresSource(postgres_database.url)
    begun: list[threading.Thread] = []

    def on_piece() -> None:
        if not begun:
            statement = ("TRUNCATE ballast, transfers",)
            begun.append(threading.Thread(target=postgres_database.run, args=statement))
            begun[0].start()

    captured = Reader(tmp_path, on_piece=on_piece).capture(source)
    begun[0].join()
    assert captured.facts.table_counts == {"accounts": 10, "ballast": 20_000, "transfers": 0}
    assert counted(postgres_database)["ballast"] == 0


def test_progress_names_tables_and_counts_bytes(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    postgres_database.run(_TRANSFERS)
    seen: list[Progress] = []
    Reader(tmp_path, progress=seen.append).capture(PostgresSource(postgres_database.url))
    last = seen[-1]
    assert last.total_items == last.done_items == 3
    assert re.search(r"table (accounts|ballast|transfers)$", last.step)
    assert last.done_bytes > 10_000_000
    assert last.total_bytes is not None
    assert last.done_bytes <= last.total_bytes


def test_names_that_look_like_options_or_sql_are_names(
    new_postgres_database: PostgresDatabases, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """A database name is never taken for a connection string, nor any name for SQL."""
    odd = new_postgres_database(name="host=evil dbname=postgres '\"\\! --x")
    odd.run('CREATE SCHEMA "a.b"; CREATE TABLE "a.b"."x""; DROP TABLE y --\n" ("ö \'\\ " int)')
    odd.run('CREATE TABLE "-t" (i int); INSERT INTO "-t" VALUES (1)')
    captured = capture(odd, tmp_path)
    assert captured.entries[0].path == f"database/{odd.name}.dump"
    assert sorted(captured.facts.table_counts.values()) == [0, 1]
    copy = new_postgres_database()
    restore(postgres_server, captured.dump, copy.name)
    assert counted(copy) == counted(odd)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_dump_keeps_the_encoding(
    encoding: str,
    new_postgres_database: PostgresDatabases,
    postgres_server: PostgresServer,
    tmp_path: Path,
) -> None:
    """R12: bytes that are no UTF-8 come back in a database of the same encoding."""
    names = ("encoded", "copied")
    for name in names:
        postgres_server.run(
            f"CREATE DATABASE {name} ENCODING {encoding} LC_COLLATE 'C' LC_CTYPE 'C'"
            " TEMPLATE template0"
        )
    text = "convert_from('\\xe4f6', 'LATIN1')" if encoding == "LATIN1" else "E'\\xe4'"
    first = PostgresDatabase(postgres_server, names[0])
    import psycopg

    with psycopg.connect(first.url, client_encoding=encoding, autocommit=True) as session:
        session.execute(f"CREATE TABLE t AS SELECT {text}::text AS x".encode())
    captured = capture(first, tmp_path)
    restore(postgres_server, captured.dump, names[1])
    asked = "SELECT encode(textsend(x), 'hex') FROM t"
    with psycopg.connect(postgres_server.url(names[1]), client_encoding=encoding) as session:
        copied = session.execute(asked.encode()).fetchall()
    with psycopg.connect(first.url, client_encoding=encoding) as session:
        assert copied == session.execute(asked.encode()).fetchall()


def test_tables_of_extensions_are_counted_apart(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    """A dump has some rows of them only, so a restored database has others."""
    postgres_database.run("CREATE EXTENSION pg_trgm; CREATE TABLE own (i int)")
    facts = capture(postgres_database, tmp_path).facts
    assert facts.table_counts == {"own": 0}
    assert "pg_trgm" in facts.facts["extensions"]


def test_the_schema_version_is_alembics(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    postgres_database.run(
        "CREATE TABLE alembic_version (version_num varchar(32));"
        "INSERT INTO alembic_version VALUES ('b2'), ('a1')"
    )
    assert capture(postgres_database, tmp_path).facts.schema_version == "a1,b2"


def test_the_schema_version_is_djangos(postgres_database: PostgresDatabase, tmp_path: Path) -> None:
    postgres_database.run(
        "CREATE TABLE django_migrations (id serial, app text, name text);"
        "INSERT INTO django_migrations (app, name) VALUES"
        " ('shop', '0002_price'), ('shop', '0001_initial'), ('auth', '0012_max')"
    )
    found = capture(postgres_database, tmp_path).facts.schema_version
    assert found == "django:auth.0012_max,shop.0002_price"


def test_the_schema_version_is_the_callers_where_there_is_no_other(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    source = PostgresSource(postgres_database.url, schema_version=lambda: "v7")
    assert Reader(tmp_path).capture(source).facts.schema_version == "v7"


def test_a_table_that_may_not_be_read_is_named_before_the_dump(
    postgres_database: PostgresDatabase, new_postgres_role: Callable[..., Role], tmp_path: Path
) -> None:
    role = new_postgres_role()
    postgres_database.run(
        f"CREATE TABLE seen (i int); CREATE TABLE secret (i int);"
        f" GRANT SELECT ON seen TO {role.name}"
    )
    with pytest.raises(DatabaseRefused, match=r"may not read secret in") as caught:
        capture(postgres_database, tmp_path, postgres_database.url_for(role))
    assert "pg_read_all_data" in str(caught.value.hint)


def test_a_role_that_may_only_read_can_capture(
    features_postgres: PostgresDatabase, new_postgres_role: Callable[..., Role], tmp_path: Path
) -> None:
    """No superuser is needed: `pg_read_all_data` and BYPASSRLS do."""
    role = new_postgres_role(member_of=["pg_read_all_data"])
    features_postgres.run(
        f"ALTER ROLE {role.name} BYPASSRLS; SELECT lo_unlink(oid) FROM pg_largeobject_metadata"
    )
    captured = capture(features_postgres, tmp_path, features_postgres.url_for(role))
    assert captured.facts.table_counts == counted(features_postgres)


def test_rows_hidden_by_row_security_refuse_the_capture(
    postgres_database: PostgresDatabase, new_postgres_role: Callable[..., Role], tmp_path: Path
) -> None:
    """A part of the rows is never taken for all."""
    role = new_postgres_role(member_of=["pg_read_all_data"])
    postgres_database.run(
        "CREATE TABLE notes (owner text); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY own ON notes USING (owner = current_user)"
    )
    with pytest.raises(DatabaseRefused, match="Row security hides rows of notes") as caught:
        capture(postgres_database, tmp_path, postgres_database.url_for(role))
    assert "BYPASSRLS" in str(caught.value.hint)


def test_a_locked_table_is_an_error_after_a_while(
    chinook_postgres: PostgresDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    monkeypatch.setattr(inspection, "_QUIET", ("lock_timeout = '200ms'", "statement_timeout = 0"))
    with psycopg.connect(chinook_postgres.url) as session:
        session.execute("LOCK TABLE artist IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DatabaseLocked, match="in use"):
            capture(chinook_postgres, tmp_path)
        size = PostgresSource(chinook_postgres.url).size_bytes()
        assert size > 0


def test_roles_come_without_passwords_settings_and_strangers(
    postgres_database: PostgresDatabase, new_postgres_role: Callable[..., Role], tmp_path: Path
) -> None:
    """R56: applications keep secrets in the settings of roles; other applications' are not ours."""
    group, user, stranger = (new_postgres_role() for _ in range(3))
    postgres_database.run(
        f"GRANT {group.name} TO {user.name}; CREATE TABLE t (i int);"
        f" GRANT SELECT ON t TO {user.name}; ALTER ROLE {user.name} SET app.secret = 'canary-3141'"
    )
    facts = capture(postgres_database, tmp_path).facts.facts
    assert user.name in facts["roles"]
    statements = facts["role_statements"]
    assert f"CREATE ROLE {user.name};" in statements
    assert f"GRANT {group.name} TO {user.name}" in statements
    assert f"CREATE ROLE {group.name};" in statements
    assert stranger.name not in statements
    assert "canary-3141" not in statements
    assert "PASSWORD" not in statements


def test_what_a_managed_service_put_there_is_left_out_and_named(
    postgres_database: PostgresDatabase,
    new_postgres_database: PostgresDatabases,
    postgres_server: PostgresServer,
    new_postgres_role: Callable[..., Role],
    tmp_path: Path,
) -> None:
    """Only where the service's own role exists: any other `auth` is the application's."""
    postgres_database.run(
        "CREATE SCHEMA auth; CREATE TABLE auth.users (i int); CREATE TABLE own (i int);"
        "CREATE SCHEMA vault; CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions"
    )
    assert capture(postgres_database, tmp_path).facts.table_counts == {"auth.users": 0, "own": 0}
    new_postgres_role("supabase_admin")
    captured = capture(postgres_database, tmp_path)
    assert captured.facts.table_counts == {"own": 0}
    assert captured.facts.facts["left_out"]["schemas"] == ["auth", "vault"]
    assert any(
        "Supabase manages it: schema auth, schema vault" in w for w in captured.facts.warnings
    )
    copy = new_postgres_database()
    restore(postgres_server, captured.dump, copy.name)
    assert counted(copy) == {"own": 0}
    schema = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'citext'"
    assert copy.run(schema) == [("extensions",)]  # the customer's own


def test_an_extension_of_a_managed_service_is_left_out(
    postgres_database: PostgresDatabase,
    new_postgres_database: PostgresDatabases,
    postgres_server: PostgresServer,
    new_postgres_role: Callable[..., Role],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    from dataclasses import replace

    from holdfast.sources.postgresql import providers

    rule = replace(providers.PROVIDERS[0], extensions=("pg_trgm",))
    monkeypatch.setattr(providers, "PROVIDERS", (rule,))
    new_postgres_role("rdsadmin")
    postgres_database.run("CREATE EXTENSION pg_trgm; CREATE EXTENSION citext")
    captured = capture(postgres_database, tmp_path)
    assert list(captured.facts.facts["extensions"]) == ["citext"]
    copy = new_postgres_database()
    restore(postgres_server, captured.dump, copy.name)
    assert copy.run("SELECT extname FROM pg_extension ORDER BY 1") == [("citext",), ("plpgsql",)]


def test_rows_of_foreign_tables_are_said_to_be_missing(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    """R09: what is not in the backup is named."""
    postgres_database.run(
        "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;"
        "CREATE FOREIGN TABLE away (i int) SERVER far"
    )
    facts = capture(postgres_database, tmp_path).facts
    assert facts.warnings == ("The rows of foreign tables are not in the backup: away.",)


def test_an_empty_database_is_a_backup_too(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    captured = capture(postgres_database, tmp_path)
    assert captured.facts.table_counts == {}
    assert captured.dump.startswith(b"PGDMP")


def test_the_place_says_what_is_there(chinook_postgres: PostgresDatabase) -> None:
    place = PostgresSource(chinook_postgres.url).place()
    assert place.exists
    assert place.size_bytes > 1_000_000
    assert chinook_postgres.server.password not in str(place)
    assert not PostgresSource(chinook_postgres.server.url("nowhere")).place().exists
