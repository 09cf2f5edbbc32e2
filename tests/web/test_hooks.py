"""The host's hooks, called from a job that runs in a process of its own."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI

from holdfast.jobs import JobEngine, JobOptions
from holdfast.web import create_router
from tests.operations.application import Application
from tests.rig.web import web_client
from tests.web.serving import ADMIN, AUTH, PREFIX, WAIT


def test_hooks_run_in_the_hosts_own_loop_and_also_when_the_work_fails(
    application: Application,
) -> None:
    """Coroutines that touch what belongs to the loop of the host, around each capture."""
    calls: list[tuple[str, asyncio.AbstractEventLoop]] = []

    async def pause() -> None:
        calls.append(("pause", asyncio.get_running_loop()))

    async def resume() -> None:
        calls.append(("resume", asyncio.get_running_loop()))

    service = application.service(on_pause=pause, on_resume=resume)
    engine = JobEngine(service, options=JobOptions(isolation="process", poll_s=0.05))
    app = FastAPI()

    @app.get("/loop")
    async def loop() -> int:
        return id(asyncio.get_running_loop())

    app.include_router(
        create_router(service, auth=AUTH, engine=engine, scheduler=False), prefix=PREFIX
    )
    with web_client(app, headers={**ADMIN, **WAIT}) as client:
        assert client.post(f"{PREFIX}/backups").status_code == 201
        application.database.write_bytes(b"no database" * 100)
        failed = client.post(f"{PREFIX}/backups").json()
        host_loop = client.get("/loop").json()
    assert failed["status"] == "failed"
    assert failed["error"]["code"] == "not-a-database"
    assert [name for name, _ in calls] == ["pause", "resume"] * 2
    assert {id(each) for _, each in calls} == {host_loop}
