"""The router in an application: its lifespan, none, two services, any place among the paths."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from holdfast.models.schedule import BackupConfig
from holdfast.web import ANYONE, create_router
from tests.operations.application import Application
from tests.rig.web import web_client
from tests.web.serving import (
    ADMIN,
    AUTH,
    PREFIX,
    WAIT,
    Served,
    engine_of,
    host,
    served,
)

PATIENCE_S = 60.0


def test_jobs_live_as_long_as_the_application(application: Application) -> None:
    """The engine starts with the lifespan of the host, beside the host's own, and ends with it."""
    service = application.service()
    engine = engine_of(service)
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> Any:
        seen.append(f"begin {engine.working}")
        yield
        seen.append("end")

    app = FastAPI(lifespan=lifespan)
    app.include_router(create_router(service, auth=AUTH, engine=engine), prefix=PREFIX)
    assert not engine.working
    with web_client(app, headers=ADMIN) as client:
        assert engine.working
        assert client.get(f"{PREFIX}/health").json()["worker_running"] is True
    assert not engine.working
    assert seen == ["begin False", "end"]


def test_the_schedule_is_kept_while_the_application_runs(application: Application) -> None:
    """By default nightly; by what is given; or not at all."""
    for options, cron in (
        ({"scheduler": False}, None),
        ({"scheduler": True, "schedule": BackupConfig(schedule="5 4 * * *")}, "5 4 * * *"),
    ):
        with served(application, **options) as web:
            schedule = web.get("/schedule").json()
            assert schedule["enabled"] is (cron is not None)
            assert cron in (None, schedule["cron"])


def test_without_a_lifespan_jobs_are_done_all_the_same(application: Application) -> None:
    """A mounted application's lifespan is not run by the one it is mounted in."""
    service = application.service()
    engine = engine_of(service)
    inner = host(service, engine)
    outer = FastAPI()
    outer.mount("/inner", inner)
    try:
        with web_client(outer, headers=ADMIN) as client:
            made = client.post(f"/inner{PREFIX}/backups", headers=WAIT)
            assert made.status_code == 201
            assert made.headers["location"].startswith(f"/inner{PREFIX}/backups/backup_")
            assert client.get(made.headers["location"]).status_code == 200
    finally:
        engine.stop()


def test_two_services_in_one_application(application: Application, tmp_path: Any) -> None:
    """Each has its backups, jobs, schedule and operations."""
    other = Application(tmp_path / "other")
    other.create(events=1)
    services = {
        "one": application.service(plan="one"),
        "two": other.service(plan="two"),
    }
    app = FastAPI()
    for name, service in services.items():
        router = create_router(service, auth=ANYONE, engine=engine_of(service), scheduler=False)
        app.include_router(router, prefix=f"/{name}")
    with web_client(app) as client:
        for name in services:
            made = client.post(f"/{name}/backups", json={"description": name}, headers=WAIT)
            assert made.headers["location"].startswith(f"/{name}/backups/")
        for name in services:
            listed = client.get(f"/{name}/backups").json()["backups"]
            assert [each["description"] for each in listed] == [name]
            assert client.get(f"/{name}/jobs").json()["total"] == 1
    ids = [
        operation["operationId"]
        for item in app.openapi()["paths"].values()
        for operation in item.values()
    ]
    assert len(ids) == len(set(ids))


def test_two_routers_of_one_service_share_its_engine(application: Application) -> None:
    """One that ends does not end the other's jobs."""
    service = application.service()
    engine = engine_of(service)
    first, second = (host(service, engine, scheduler=False) for _ in range(2))
    with web_client(first, headers=ADMIN) as client:
        with web_client(second, headers=ADMIN):
            assert engine.working
        assert engine.working
        assert client.post(f"{PREFIX}/backups", headers=WAIT).status_code == 201
    assert not engine.working


@pytest.mark.parametrize("slash", ["", "/"])
def test_both_forms_of_a_path_answer(web: Served, slash: str) -> None:
    """Without a redirect, which would lose a body or name the wrong host."""
    made = web.post(f"/backups{slash}", json={"tags": ["x"]}, headers=WAIT)
    assert made.status_code == 201
    backup = made.json()["backup_id"]
    for path in ("/backups", f"/backups/{backup}", "/backups/stats", "/jobs", "/schedule"):
        assert web.get(path + slash).status_code == 200, path
    assert made.headers["location"] == f"{PREFIX}/backups/{backup}"
    verify = web.post(f"/backups/{backup}/verify{slash}", headers=WAIT)
    assert verify.json()["links"]["backup"] == f"{PREFIX}/backups/{backup}"


def test_links_hold_at_any_place(application: Application) -> None:
    """Below a prefix, a mount, a root path; and they name no host, which may be forged (R61)."""
    service = application.service()
    engine = engine_of(service)
    bare = FastAPI()
    bare.include_router(create_router(service, auth=AUTH, engine=engine, scheduler=False))
    proxied = host(service, engine, scheduler=False)
    proxied.root_path = "/proxied"
    mounted = Starlette(routes=[Mount("/deep/down", app=host(service, engine, scheduler=False))])
    try:
        for app, asked, told in (
            (bare, "", ""),
            (proxied, PREFIX, f"/proxied{PREFIX}"),
            (mounted, f"/deep/down{PREFIX}", f"/deep/down{PREFIX}"),
        ):
            evil = {**ADMIN, "Host": "evil.example/x?", "X-Forwarded-Host": "evil.example"}
            with web_client(app, lifespan=False, headers=evil) as client:
                job = client.post(f"{asked}/backups", headers=WAIT)
                backup = job.json()["backup_id"]
                assert job.headers["location"] == f"{told}/backups/{backup}"
                assert job.json()["links"]["self"] == f"{told}/jobs/{job.json()['id']}"
                assert client.get(f"{asked}/backups/x").json()["instance"] == f"{told}/backups/x"
                everything = job.text + str(job.headers) + client.get(f"{asked}/backups").text
                assert "evil" not in everything
    finally:
        engine.stop()


HOSTILE = [
    "..",
    "../../etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cwindows",
    "%00",
    "backup_20260101_000000%00",
    "%0d%0aX-Evil:%201",
    "backup_20260101_000000%0d%0aSet-Cookie:%20a=b",
    "%e2%80%ae_backup",
    "backup_20260101_000000/../../keys",
    "backup_\uff12\uff10\uff12\uff160101_000000",
    "~root",
    "$(id)",
    "file:%2f%2f%2fetc%2fpasswd",
    "x" * 5000,
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_an_id_never_reaches_the_file_system(shared: Served, hostile: str) -> None:
    """R61: whatever stands for an id is looked up among those there are, and is not found."""
    for method, path, body in (
        ("GET", f"/backups/{hostile}", None),
        ("DELETE", f"/backups/{hostile}", None),
        ("PATCH", f"/backups/{hostile}", {"description": "x"}),
        ("POST", f"/backups/{hostile}/verify", None),
        ("POST", f"/backups/{hostile}/drill", None),
        ("GET", f"/jobs/{hostile}", None),
        ("GET", f"/jobs/{hostile}/events", None),
    ):
        answer = shared.request(method, path, json=body)
        assert answer.status_code in (404, 405), (method, path)
        assert "x-evil" not in answer.headers
        assert "set-cookie" not in answer.headers
        assert "root:" not in answer.text


@pytest.mark.parametrize(
    "value", ["a\r\nX-Evil: 1", "\u202egnp.exe", 'quote"d', "<script>alert(1)</script>", "x\x7f"]
)
def test_what_is_sent_breaks_no_header(shared: Served, value: str) -> None:
    """R61: text and tags come back as JSON; no header of an answer repeats what was sent."""
    answer = shared.get("/backups", params={"text": value, "limit": "1"})
    assert answer.json()["total"] == 0
    assert "x-evil" not in answer.headers
    tagged = shared.get("/backups", params={"tag": value, "cursor": "e30"})
    assert (tagged.status_code, tagged.headers["content-type"]) == (
        422,
        "application/problem+json",
    )


@contextmanager
def listening(app: FastAPI, **options: Any) -> Iterator[int]:
    """Serve an application by a real uvicorn; give its port."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5, **options)
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=lambda: asyncio.run(server.serve(sockets=[bound])), daemon=True
        )
        thread.start()
        try:
            deadline_s = time.monotonic() + PATIENCE_S
            while not server.started and time.monotonic() < deadline_s:
                time.sleep(0.02)
            assert server.started
            yield port
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def test_behind_a_proxy_over_real_sockets(application: Application) -> None:
    """Forwarded headers name the client for the audit; events stream while the job runs."""
    service = application.service()
    engine = engine_of(service)
    app = host(service, engine, scheduler=False)
    with (
        listening(app, root_path="/app", forwarded_allow_ips="127.0.0.1") as port,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={
                **ADMIN,
                "X-Forwarded-For": "192.0.2.7",
                "X-Forwarded-Proto": "https",
                "Host": "backups.example",
            },
            timeout=PATIENCE_S,
            trust_env=False,
        ) as client,
    ):
        asked = client.post(f"{PREFIX}/backups", json={"description": "x"})
        assert asked.status_code == 202
        assert asked.headers["location"].startswith(f"/app{PREFIX}/jobs/")
        events = f"{PREFIX}/jobs/{asked.json()['id']}/events"
        with client.stream("GET", events) as stream:
            lines = [line for line in stream.iter_lines() if line.startswith("data: ")]
        last = json.loads(lines[-1].removeprefix("data: "))["job"]
        assert (last["status"], last["error"]) == ("completed", None)
        entry = client.get(f"{PREFIX}/audit").json()["entries"][0]
        assert (entry["action"], entry["address"]) == ("backup.start", "192.0.2.7")
        assert client.get(f"{PREFIX}/backups/%2e%2e%2f%2e%2e/").status_code == 404
    assert not engine.working


def test_a_server_stops_while_somebody_follows_a_job(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open stream of events does not keep a server from stopping."""
    service = application.service()
    engine = engine_of(service)
    let_go = threading.Event()
    monkeypatch.setattr(service, "create_backup", lambda **_: let_go.wait(PATIENCE_S))
    seen = threading.Event()

    def follow(port: int, job: str) -> None:
        with (
            httpx.Client(trust_env=False, timeout=PATIENCE_S, headers=ADMIN) as client,
            client.stream("GET", f"http://127.0.0.1:{port}{PREFIX}/jobs/{job}/events") as stream,
        ):
            try:
                for line in stream.iter_lines():
                    if line.startswith("data: "):
                        seen.set()
            except httpx.HTTPError:
                pass

    with listening(host(service, engine, scheduler=False)) as port:
        asked = httpx.post(
            f"http://127.0.0.1:{port}{PREFIX}/backups", headers=ADMIN, trust_env=False
        )
        reader = threading.Thread(target=follow, args=(port, asked.json()["id"]))
        reader.start()
        assert seen.wait(PATIENCE_S)
        threading.Timer(1.0, let_go.set).start()
    reader.join(PATIENCE_S)
    assert not reader.is_alive()
