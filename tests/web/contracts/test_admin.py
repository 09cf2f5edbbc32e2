"""The contract `admin`: as its clients know it, on a real PostgreSQL database."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Header, HTTPException

from holdfast import BackupService
from holdfast.jobs import JobEngine, JobOptions
from holdfast.web.contracts import admin
from tests.rig.postgresql import PostgresDatabase, identifier
from tests.rig.web import WebClient, web_client
from tests.web.contracts.example import ROOT, run_lines, running

API = "/api/admin/backups"


def require_admin(x_role: str = Header(default="")) -> str:
    if x_role != "admin":
        raise HTTPException(403 if x_role else 401, "only for administrators")
    return "root"


@pytest.fixture
def desk(postgres_database: PostgresDatabase) -> PostgresDatabase:
    postgres_database.run("CREATE TABLE tickets (id serial PRIMARY KEY, title text)")
    postgres_database.run("INSERT INTO tickets (title) VALUES ('a'), ('b')")
    return postgres_database


@pytest.fixture
def engine(desk: PostgresDatabase, tmp_path: Path) -> JobEngine:
    service = BackupService(
        desk.url, tmp_path / "backups", "secret", app="desk", scratch_dir=tmp_path / "scratch"
    )
    return JobEngine(service, options=JobOptions(isolation="thread"))


@pytest.fixture
def client(engine: JobEngine) -> Iterator[WebClient]:
    app = FastAPI()
    app.include_router(admin(engine.service, auth=require_admin, engine=engine))
    with web_client(app, headers={"X-Role": "admin"}) as found:
        yield found


def made(client: WebClient, **body: object) -> str:
    answer = client.post(f"{API}/create", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_backup_goes_from_making_to_restoring_to_deleting(
    client: WebClient, desk: PostgresDatabase, engine: JobEngine
) -> None:
    """Its record says how it stands, and the audit log who did what, with the checksum."""
    backup_id = made(client, description="Before 2.0", compression_level=6)
    record = client.get(f"{API}/{backup_id}").json()
    assert record["status"] == "COMPLETED"
    assert record["trigger"] == "MANUAL_API"
    assert record["description"] == "Before 2.0"
    assert record["created_by"] == "root"
    assert record["table_counts"]["tickets"] == 2
    assert len(record["checksum"]) == 64

    desk.run("DELETE FROM tickets")
    restored = client.post(f"{API}/restore/{backup_id}").json()
    assert restored["status"] == "RESTORED"
    assert sum(restored["items_restored"].values()) == 2
    assert desk.run("SELECT count(*) FROM tickets")[0][0] == 2
    assert client.get(f"{API}/{backup_id}").json()["status"] == "RESTORED"
    safety = client.get(f"{API}/{restored['safety_backup_id']}").json()
    assert safety["trigger"] == "PRE_RESTORE_SAFETY"

    answer = client.get(f"{API}/{backup_id}/download")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert b"tickets" in gzip.decompress(answer.content)

    assert client.delete(f"{API}/{backup_id}").json() == {"deleted": True, "id": backup_id}
    assert client.get(f"{API}/{backup_id}").status_code == 404
    entries, _ = engine.database.audit.list(limit=100)
    noted = {(each.action, each.actor) for each in entries}
    assert {
        ("backup.start", "root"),
        ("backup.completed", "root"),
        ("restore.start", "root"),
        ("backup.download", "root"),
        ("backup.delete", "root"),
    } <= noted
    download = next(each for each in entries if each.action == "backup.download")
    assert download.detail["checksum"] == record["checksum"]


def test_a_restore_without_safety_backup_is_asked_for(
    client: WebClient, desk: PostgresDatabase
) -> None:
    backup_id = made(client)
    restored = client.post(f"{API}/restore/{backup_id}", json={"create_safety_backup": False})
    assert restored.json()["safety_backup_id"] is None
    assert client.get(f"{API}?trigger=PRE_RESTORE_SAFETY").json()["total"] == 0


def test_the_list_is_filtered_and_has_pages(client: WebClient) -> None:
    first, second, third = (made(client, description=f"number {i}") for i in range(3))
    page = client.get(f"{API}?page_size=2").json()
    assert [each["id"] for each in page["backups"]] == [third, second]
    assert (page["total"], page["page"], page["page_size"], page["pages"]) == (3, 1, 2, 2)
    rest = client.get(f"{API}?page_size=2&page=2").json()
    assert [each["id"] for each in rest["backups"]] == [first]
    assert client.get(f"{API}?search=NUMBER 1").json()["backups"][0]["id"] == second
    assert client.get(f"{API}?status=FAILED").json()["backups"] == []
    assert client.get(f"{API}?page=0").status_code == 422
    stats = client.get(f"{API}/stats").json()
    assert (stats["total_backups"], stats["latest_backup"]["id"]) == (3, third)
    assert stats["retention_days"] == 30
    assert stats["total_size_bytes"] > 0
    assert client.post(f"{API}/cleanup").json()["deleted_count"] == 0


def test_what_is_being_made_and_what_failed_is_listed(
    client: WebClient, desk: PostgresDatabase, engine: JobEngine
) -> None:
    """By the id of its job, which leads to the backup once it is stored."""
    answer = client.post(f"{API}/create", headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    record = answer.json()
    assert record["status"] == "PENDING"
    done = engine.wait(record["id"], 120)
    assert client.get(f"{API}/{record['id']}").json()["id"] == done.backup_id

    desk.server.run(f"ALTER DATABASE {identifier(desk.name)} ALLOW_CONNECTIONS false")
    try:
        failed = client.post(f"{API}/create")
    finally:
        desk.server.run(f"ALTER DATABASE {identifier(desk.name)} ALLOW_CONNECTIONS true")
    assert failed.headers["content-type"] == "application/problem+json"
    (record,) = client.get(f"{API}?status=FAILED").json()["backups"]
    assert record["error_message"] == failed.json()["detail"]
    assert client.get(f"{API}/{record['id']}/download").status_code == 404
    assert client.get(f"{API}/stats").json()["failed_backups"] == 1


def test_only_administrators_are_served(client: WebClient) -> None:
    """R54: every route asks, and a refusal has no effect."""
    backup_id = made(client)
    routes = [
        ("POST", "/create"),
        ("POST", f"/restore/{backup_id}"),
        ("POST", "/cleanup"),
        ("GET", "/stats"),
        ("GET", ""),
        ("GET", f"/{backup_id}"),
        ("GET", f"/{backup_id}/download"),
        ("DELETE", f"/{backup_id}"),
    ]
    for method, path in routes:
        for role, status in (("", 401), ("user", 403)):
            answer = client.request(method, API + path, headers={"X-Role": role})
            assert answer.status_code == status, (method, path)
    assert client.get(API).json()["total"] == 1


def test_the_lines_of_the_page_run(postgres_database: PostgresDatabase, tmp_path: Path) -> None:
    """The example application starts as documented, and does what its page says."""
    environment = {
        "DATABASE_URL": postgres_database.url,
        "BACKUP_DIR": str(tmp_path / "backups"),
        "BACKUP_ENCRYPTION_PASSWORD": "a long sentence",
        "ADMIN_TOKEN": "let-me-in",
    }
    with running("examples.admin_app.app:create_app", environment, tmp_path / "log") as address:
        page = ROOT / "docs" / "how-to" / "contract-admin.md"
        said = run_lines(page, address, tmp_path, {"ADMIN_TOKEN": "let-me-in"})
    assert '["Mend the roof"]' in said
    assert "PRE_RESTORE_SAFETY" in said
