"""The contract `files`: as its clients know it, on a real PostgreSQL database."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import FastAPI, Header, HTTPException

from holdfast import BackupService
from holdfast.errors import ConfigError
from holdfast.jobs import JobEngine, JobOptions
from holdfast.web.contracts import files
from tests.rig.fingerprint import postgres_fingerprint
from tests.rig.postgresql import PostgresDatabase, identifier
from tests.rig.servers import PostgresDatabases
from tests.rig.web import WebClient, web_client
from tests.web.contracts.example import ROOT, run_lines, running

NAME = re.compile(r"shop_backup_\d{8}_\d{6}(_\d+)?\.sql\.gz")
ADMIN = {"X-Role": "admin"}


def admin(x_role: str = Header(default="")) -> str:
    if x_role != "admin":
        raise HTTPException(403 if x_role else 401, "only for administrators")
    return "root"


@pytest.fixture
def shop(postgres_database: PostgresDatabase) -> PostgresDatabase:
    postgres_database.run("CREATE TABLE items (id serial PRIMARY KEY, name text)")
    postgres_database.run("INSERT INTO items (name) VALUES ('a'), ('b')")
    return postgres_database


@pytest.fixture
def service(shop: PostgresDatabase, tmp_path: Path) -> BackupService:
    return BackupService(
        shop.url, tmp_path / "backups", "secret", app="shop", scratch_dir=tmp_path / "scratch"
    )


@pytest.fixture
def client(service: BackupService) -> Iterator[WebClient]:
    app = FastAPI()
    app.include_router(
        files(
            service, auth=admin, engine=JobEngine(service, options=JobOptions(isolation="thread"))
        )
    )
    with web_client(app, headers=ADMIN) as found:
        yield found


def made(client: WebClient, description: str | None = None) -> str:
    body = {} if description is None else {"json": {"description": description}}
    answer = client.post("/backups", **body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["filename"])


def test_backups_are_made_listed_and_named(client: WebClient) -> None:
    first = made(client, "Before 2.0")
    assert NAME.fullmatch(first)
    second = made(client)
    found = client.get("/backups").json()
    assert found["total"] == 2
    assert [each["filename"] for each in found["backups"]] == [second, first]
    newest, oldest = found["backups"]
    assert (newest["description"], oldest["description"]) == (None, "Before 2.0")
    assert all(each["size_bytes"] > 0 and each["checksum"] for each in found["backups"])


def test_psql_restores_a_download(
    client: WebClient,
    shop: PostgresDatabase,
    new_postgres_database: PostgresDatabases,
    tmp_path: Path,
) -> None:
    name = made(client)
    answer = client.get(f"/backups/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/gzip"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert int(answer.headers["content-length"]) == len(answer.content)
    script = tmp_path / "dump.sql"
    script.write_bytes(gzip.decompress(answer.content))
    fresh = new_postgres_database()
    fresh.server.load(script, fresh.name)
    assert postgres_fingerprint(fresh) == postgres_fingerprint(shop)
    assert not list((tmp_path / "scratch").rglob("*dump*"))


def test_a_restore_puts_the_rows_back_and_can_be_undone(
    client: WebClient, shop: PostgresDatabase
) -> None:
    name = made(client)
    shop.run("DELETE FROM items WHERE name = 'a'")
    answer = client.post("/backups/restore", json={"filename": name})
    assert answer.status_code == 200, answer.text
    assert shop.run("SELECT count(*) FROM items")[0][0] == 2
    assert NAME.fullmatch(answer.json()["safety_backup"])
    assert sum(answer.json()["rows_restored"].values()) == 2
    client.post("/backups/restore", json={"filename": answer.json()["safety_backup"]})
    assert shop.run("SELECT count(*) FROM items")[0][0] == 1


def test_a_backup_is_deleted_and_the_old_ones_are_cleaned_up(client: WebClient) -> None:
    first, second = made(client), made(client)
    assert client.delete(f"/backups/{first}").json()["filename"] == first
    assert [each["filename"] for each in client.get("/backups").json()["backups"]] == [second]
    assert client.delete(f"/backups/{first}").status_code == 404
    cleaned = client.post("/backups/cleanup").json()
    assert cleaned["files_deleted"] == 0
    assert cleaned["space_freed"] >= 0


BAD_NAMES = [
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "/etc/passwd",
    "config",
    "shop_backup_20241108_120000.sql.gz",
    "shop_backup_٢٠٢٤١١٠٨_١٢٠٠٠٠.sql.gz",
    "other_backup_20241108_120000.sql.gz",
    "shop_backup_20241108_120000.sql.gz\r\nX-Evil: 1",
    "shop_backup_20241108_120000.sql.gz\x00.txt",
    "latest",
    "backup_20241108_120000",
    "x" * 3000,
]


def test_a_bad_name_is_answered_and_never_looked_for(client: WebClient) -> None:
    """R61: 404 or 422, by every route that takes a name."""
    made(client)
    for name in BAD_NAMES:
        path = f"/backups/{quote(name, safe='%')}"
        answers = [client.get(path), client.delete(path)]
        answers.append(client.post("/backups/restore", json={"filename": name}))
        assert {each.status_code for each in answers} <= {404, 405, 422}, name
        assert all("X-Evil" not in each.headers for each in answers)
    assert client.get("/backups").json()["total"] == 1


def test_only_administrators_are_served(client: WebClient) -> None:
    """R54: every route asks, and a refusal has no effect."""
    name = made(client)
    routes = [
        ("POST", "/backups"),
        ("GET", "/backups"),
        ("GET", f"/backups/{name}"),
        ("DELETE", f"/backups/{name}"),
        ("POST", "/backups/cleanup"),
        ("POST", "/backups/restore"),
    ]
    for method, path in routes:
        for role, status in (("", 401), ("reader", 403)):
            answer = client.request(method, path, headers={"X-Role": role}, json={"filename": name})
            assert answer.status_code == status, (method, path)
    assert client.get("/backups").json()["total"] == 1


def test_it_is_for_one_postgresql_database(tmp_path: Path) -> None:
    service = BackupService(f"sqlite:///{tmp_path / 'app.db'}", tmp_path / "backups")
    with pytest.raises(ConfigError, match="PostgreSQL"):
        files(service, auth=admin)


def test_a_failure_is_told_by_its_code(client: WebClient, shop: PostgresDatabase) -> None:
    """As the work failed, not as a job that failed."""
    made(client)
    shop.run("ALTER TABLE items RENAME TO stock")
    shop.server.run(f"ALTER DATABASE {identifier(shop.name)} ALLOW_CONNECTIONS false")
    try:
        answer = client.post("/backups")
    finally:
        shop.server.run(f"ALTER DATABASE {identifier(shop.name)} ALLOW_CONNECTIONS true")
    assert answer.status_code == 502 or 400 <= answer.status_code < 600
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"].startswith("database-")
    assert answer.json()["detail"]
    assert client.get("/backups").json()["total"] == 1


def test_the_lines_of_the_page_run(postgres_database: PostgresDatabase, tmp_path: Path) -> None:
    """The example application starts as documented, and does what its page says."""
    environment = {
        "DATABASE_URL": postgres_database.url,
        "BACKUP_DIR": str(tmp_path / "backups"),
        "BACKUP_ENCRYPTION_PASSWORD": "a long sentence",
        "ADMIN_TOKEN": "let-me-in",
        "BACKUP_RETENTION_DAYS": "7",
    }
    with running("examples.files_app.app:create_app", environment, tmp_path / "log") as address:
        page = ROOT / "docs" / "how-to" / "contract-files.md"
        said = run_lines(page, address, tmp_path, {"ADMIN_TOKEN": "let-me-in"})
    assert '["Buy milk"]' in said
    assert '"files_deleted":0' in said
