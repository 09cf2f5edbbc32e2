"""A database that is not there any more comes back as what it was, and not as a manifest likes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rig.postgresql import PostgresDatabase, PostgresServer, Role, identifier, literal
from tests.rig.servers import PostgresDatabases
from tests.sources.postgresql.restoring import ROOT, Tree, backup_of, source_at, staged

_LOOK = """
SELECT pg_encoding_to_char(encoding), datlocprovider, datcollate, datctype,
  coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'), datconnlimit,
  (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) a),
  (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = d.oid)
FROM pg_database d WHERE datname = """
_KINDS = {
    "icu": "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LC_COLLATE 'C' LC_CTYPE 'C'",
    "libc": "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'",
}


def look(database: PostgresDatabase) -> list[tuple[object, ...]]:
    return database.server.run(_LOOK + literal(database.name))


def warnings_of(database: PostgresDatabase, tree: Tree, folder: Path, **options: object) -> str:
    """Restore it and return what was said of what does not come back."""
    with staged(source_at(database.url), tree, folder, **options) as stage:
        assert [each for each in stage.check() if each.failed] == []
        said = [each.detail for each in stage.plan() if each.action == "skip"]
        stage.swap()
    assert database.run("SELECT count(*) FROM notes") == [(1,)]
    return "\n".join(said)


@pytest.fixture
def made(
    request: pytest.FixtureRequest,
    postgres_server: PostgresServer,
    new_postgres_database: PostgresDatabases,
    new_postgres_role: Callable[..., Role],
) -> PostgresDatabase:
    """A database with properties of its own, of the kind that the test names."""
    database = new_postgres_database()
    name, role = identifier(database.name), new_postgres_role()
    postgres_server.drop_database(database.name)
    postgres_server.run(f"CREATE DATABASE {name} TEMPLATE template0 {_KINDS[request.param]}")
    for change in (
        f"ALTER DATABASE {name} SET timezone TO 'Asia/Tokyo'",
        f"ALTER DATABASE {name} SET search_path TO 'a b', public",
        f"ALTER DATABASE {name} CONNECTION LIMIT 5",
        f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC",
        f"GRANT CREATE ON DATABASE {name} TO {role.name} WITH GRANT OPTION",
    ):
        postgres_server.run(change)
    database.run("CREATE TABLE notes (body text); INSERT INTO notes VALUES ('one')")
    return database


@pytest.mark.parametrize("made", ["icu", "libc"], indirect=True)
def test_a_dropped_database_comes_back_with_what_belonged_to_it(
    made: PostgresDatabase, tmp_path: Path
) -> None:
    """R12, R25: locale, limit, settings, rights; but no secret ever was in the backup."""
    before = look(made)
    made.run(f"ALTER DATABASE {identifier(made.name)} SET shop.key TO 'secret-7'")
    tree = backup_of(made.url, tmp_path)
    assert "secret-7" not in repr(tree.manifest)
    made.server.drop_database(made.name)
    assert "without its settings shop.key" in warnings_of(made, tree, tmp_path)
    assert look(made) == before


@pytest.mark.parametrize("made", ["libc"], indirect=True)
def test_a_manifest_decides_nothing_that_was_not_looked_at(
    made: PostgresDatabase, tmp_path: Path
) -> None:
    """I18: words that the server does not know are left out, and that is said."""
    tree = backup_of(made.url, tmp_path)
    tree.manifest.contents[ROOT].facts["properties"] = {
        "encoding": "UTF8",
        "collate": "xx_XX",
        "ctype": "C",
        "provider": "libc",
        "connections": "0; DROP DATABASE postgres",
        "settings": {"session_preload_libraries": "evil", "work_mem": "17MB", "DateStyle": 7},
        "rights": [
            {"role": "pg_nobody", "privilege": "CREATE", "again": True},
            {"role": "", "privilege": "CREATE, CONNECT", "again": False},
            {"role": "", "privilege": "CONNECT", "again": True},
            "forged",
        ],
    }
    made.server.drop_database(made.name)
    said = warnings_of(made, tree, tmp_path)
    for each in ("encoding and locale", "DateStyle, session_preload_libraries", "pg_nobody"):
        assert each in said
    ((encoding, _, _, _, _, limit, rights, settings),) = look(made)
    assert (encoding, limit, settings) == ("UTF8", -1, ["work_mem=17MB"])
    assert rights == ["=c/postgres", "postgres=CTc/postgres"]


@pytest.mark.parametrize("made", ["icu"], indirect=True)
def test_what_nobody_answers_for_brings_its_locale_only(
    made: PostgresDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I18: neither rights nor settings come out of an archive."""
    from holdfast.sources.postgresql import restore

    monkeypatch.setattr(restore, "require_harmless", lambda *arguments: None)
    tree = backup_of(made.url, tmp_path)
    made.server.drop_database(made.name)
    assert "nobody answers" in warnings_of(made, tree, tmp_path, trusted=False)
    ((encoding, provider, _, _, locale, limit, rights, settings),) = look(made)
    assert (encoding, provider, locale) == ("UTF8", "i", "de-DE")
    assert (limit, rights, settings) == (-1, None, None)
