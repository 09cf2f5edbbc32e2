"""A fingerprint tells a database from one that differs in a single value."""

from __future__ import annotations

import pytest

from tests.rig.fingerprint import mariadb_fingerprint, postgres_fingerprint
from tests.rig.servers import FEATURES, MariaDbDatabases, PostgresDatabases


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE every_type SET a_text = '' WHERE label = 'null'",
        "SELECT nextval('plain_sequence')",
        "SELECT lo_put(700001, 255, '\\x00')",
        "DELETE FROM accounting.measurements_2024_1 WHERE id = 100 OR true",
        "CREATE TABLE one_more ()",
    ],
)
def test_postgresql_databases_differ_by(
    new_postgres_database: PostgresDatabases, change: str
) -> None:
    one, other = new_postgres_database(FEATURES), new_postgres_database(FEATURES)
    assert postgres_fingerprint(one) == postgres_fingerprint(other)
    other.run(change)
    assert postgres_fingerprint(one) != postgres_fingerprint(other)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE every_type SET a_text = '' WHERE label = 'null'",
        "UPDATE single_precision SET value = 16777214 WHERE id = 1",
        "UPDATE texts_mixed SET bytes = x'00ff80275d' WHERE id = 1",
        "ALTER TABLE gaps AUTO_INCREMENT = 2000",
        "CREATE TABLE one_more (id int)",
    ],
)
def test_mariadb_databases_differ_by(new_mariadb_database: MariaDbDatabases, change: str) -> None:
    one, other = new_mariadb_database(FEATURES), new_mariadb_database(FEATURES)
    assert mariadb_fingerprint(one) == mariadb_fingerprint(other)
    other.run(change)
    assert mariadb_fingerprint(one) != mariadb_fingerprint(other)
