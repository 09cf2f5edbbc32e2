"""R54: every route denies by default, and says which permission it takes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute, iter_route_contexts

from holdfast import BackupService
from holdfast.errors import ConfigError
from holdfast.models.retention import RetentionPolicy
from holdfast.web import ANYONE, Actor, Auth, Permission, create_router
from holdfast.web.routing import permission_asked
from tests.operations.application import Application
from tests.rig.web import web_client
from tests.web.serving import ADMIN, PREFIX, WAIT, Served, engine_of, host, served, signed

READ, RUN = Permission.READ, Permission.RUN
RESTORE, ADMINISTER = Permission.RESTORE, Permission.ADMINISTER

BACKUP = "/backups/{backup_id}"
TABLE = {
    ("GET", "/backups"): READ,
    ("POST", "/backups"): RUN,
    ("GET", "/backups/stats"): READ,
    ("POST", "/backups/cleanup"): ADMINISTER,
    ("GET", BACKUP): READ,
    ("PATCH", BACKUP): RUN,
    ("DELETE", BACKUP): ADMINISTER,
    ("POST", f"{BACKUP}/verify"): RUN,
    ("POST", f"{BACKUP}/drill"): RUN,
    ("GET", "/jobs"): READ,
    ("GET", "/jobs/{job_id}"): READ,
    ("GET", "/jobs/{job_id}/events"): READ,
    ("POST", "/jobs/{job_id}/cancel"): RUN,
    ("POST", "/jobs/{job_id}/retry"): RUN,
    ("GET", "/plan"): READ,
    ("GET", f"{BACKUP}/contents"): READ,
    ("POST", "/schedule/preview"): READ,
    ("GET", "/schedule"): READ,
    ("GET", "/retention/preview"): READ,
    ("PUT", "/schedule"): ADMINISTER,
    ("GET", "/repository"): READ,
    ("POST", "/repository/check"): RUN,
    ("POST", "/repository/prune"): ADMINISTER,
    ("POST", "/repository/unlock"): ADMINISTER,
    ("GET", "/notifications"): READ,
    ("POST", "/notifications/{name}/test"): ADMINISTER,
    ("GET", "/audit"): ADMINISTER,
    ("GET", "/health"): READ,
    ("GET", "/metrics"): READ,
    ("GET", "/errors"): READ,
    ("POST", "/undo"): RESTORE,
    ("GET", f"{BACKUP}/download"): RESTORE,
    ("HEAD", f"{BACKUP}/download"): RESTORE,
    ("POST", f"{BACKUP}/download-link"): RESTORE,
    ("DELETE", f"{BACKUP}/download-link"): RESTORE,
    ("POST", f"{BACKUP}/restore"): RESTORE,
    ("POST", "/restores"): RESTORE,
    ("GET", "/restores/{token}"): RESTORE,
    ("DELETE", "/restores/{token}"): RESTORE,
    ("POST", "/restores/{token}/confirm"): RESTORE,
}
"""What each route takes; whoever adds a route decides it here."""

PUBLIC = {("GET", "/downloads/{token}"), ("HEAD", "/downloads/{token}")}
"""Whose path holds a secret that stands for the permission of who made it."""

BODIES: dict[tuple[str, str], Any] = {
    ("PATCH", BACKUP): {"description": "x"},
    ("PUT", "/schedule"): {"cron": "0 2 * * *"},
    ("POST", "/schedule/preview"): {"cron": "0 2 * * *"},
    ("POST", "/undo"): {"dry_run": True},
    ("POST", f"{BACKUP}/restore"): {"dry_run": True},
    ("POST", f"{BACKUP}/download-link"): {"minutes": 5},
}


def routes_of(app: FastAPI) -> Iterator[tuple[str, str, Permission | None]]:
    """Yield method and path of every route below the prefix, and the permission it asks for."""
    for context in iter_route_contexts(app.routes):
        path = context.path or ""
        if not path.startswith(PREFIX) or path.endswith("/"):
            continue
        route = context.original_route
        assert isinstance(route, APIRoute), path
        for method in context.methods or ():
            yield method, path.removeprefix(PREFIX), permission_asked(route)


def test_every_route_takes_the_permission_of_the_table(shared: Served) -> None:
    """A route that is missing from the table fails, and so does one that asks for another."""
    found = {(method, path): asked for method, path, asked in routes_of(shared.app)}
    assert {each for each, asked in found.items() if asked is None} == PUBLIC
    assert {each: asked for each, asked in found.items() if asked is not None} == TABLE


def test_a_route_without_a_permission_says_why(shared: Served) -> None:
    """What stands for the permission there is written down beside the route."""
    for context in iter_route_contexts(shared.app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and (context.path or "").startswith(PREFIX):
            reason = getattr(route.endpoint, "holdfast_public", None)
            assert (permission_asked(route) is None) == bool(reason), context.path


def path_of(path: str, shared: Served) -> str:
    backup = shared.get("/backups").json()["backups"][-1]["id"]
    job = shared.get("/jobs").json()["jobs"][-1]["id"]
    return path.format(backup_id=backup, job_id=job, token="x", link="x", name="x")


@pytest.mark.parametrize(("method", "path"), sorted(TABLE))
@pytest.mark.parametrize("slash", ["", "/"])
def test_nobody_gets_in_without_credentials(
    shared: Served, method: str, path: str, slash: str
) -> None:
    """The host's own answer comes back unchanged, and nothing happens (R54)."""
    before = _state(shared)
    answer = shared.request(
        method,
        path_of(path, shared) + slash,
        json=BODIES.get((method, path)),
        headers={"X-Who": ""},
    )
    assert answer.status_code == 403
    with web_client(shared.app, lifespan=False) as anonymous:
        body = BODIES.get((method, path))
        nobody = anonymous.request(method, PREFIX + path_of(path, shared) + slash, json=body)
    assert nobody.status_code == 401
    assert method == "HEAD" or nobody.json() == {"detail": "Log in first"}
    assert nobody.headers["www-authenticate"] == "Who"
    assert _state(shared) == before


def _state(shared: Served) -> tuple[int, int, int, str]:
    jobs, backups = shared.get("/jobs").json()["total"], shared.get("/backups").json()
    audit = shared.get("/audit").json()["total"]
    return jobs, audit, backups["total"], shared.get("/schedule").headers["etag"]


@pytest.mark.parametrize(("method", "path"), sorted(TABLE))
def test_each_route_takes_its_permission_and_no_other(
    shared: Served, method: str, path: str
) -> None:
    """All permissions but the right one are refused; with that one alone it is let in."""
    needed = TABLE[method, path]
    others = [each for each in Permission if each is not needed]
    refused = shared.request(
        method,
        path_of(path, shared),
        json=BODIES.get((method, path)),
        headers=signed(*others),
    )
    assert refused.status_code == 403
    assert method == "HEAD" or refused.json() == {"detail": "Not for you"}
    if method == "GET":
        let_in = shared.get(path_of(path, shared), headers=signed(needed))
        assert let_in.status_code == (404 if "token" in path else 200)


def test_to_keep_a_backup_needs_more_than_to_describe_it(web: Served) -> None:
    """PATCH asks for `administer` where the body says `keep`, and then changes nothing else."""
    backup = web.back_up()
    path = f"/backups/{backup}"
    both = {"description": "x", "keep": True}
    refused = web.request("PATCH", path, json=both, headers=signed(RUN))
    assert (refused.status_code, refused.json()) == (403, {"detail": "Not for you"})
    assert web.get(path).json()["description"] is None
    described = web.request("PATCH", path, json={"description": "x"}, headers=signed(RUN))
    assert described.json()["description"] == "x"
    kept = web.request("PATCH", path, json=both, headers=signed(RUN, ADMINISTER))
    assert kept.json()["keep"] is True


@pytest.mark.parametrize("by", ["plan", "schedule"])
def test_a_tag_that_keeps_backups_needs_as_much_as_to_keep_one(
    application: Application, by: str
) -> None:
    """To take it away is to have the next cleanup remove the backup; other tags are free."""
    policy = RetentionPolicy(keep_last=1, keep_tags=("yearly",)) if by == "plan" else None
    with served(application, service=application.service(retention=policy)) as web:
        if by == "schedule":
            rules = {"keep_last": 1, "keep_tags": ["yearly"]}
            wanted = {"cron": "0 2 * * *", "enabled": False, "retention": rules}
            put = web.request("PUT", "/schedule", json=wanted, headers={"If-Match": "*"})
            assert put.status_code == 200, put.text
        path = f"/backups/{web.back_up(tags=['yearly', 'a'])}"

        def tagged(*tags: str, by: Permission = RUN) -> int:
            body = {"tags": list(tags)}
            return web.request("PATCH", path, json=body, headers=signed(RUN, by)).status_code

        assert (tagged("a"), tagged(), tagged("yearly", "b")) == (403, 403, 200)
        assert tagged("b", by=ADMINISTER) == 200
        assert tagged("yearly", "b") == 403
        assert web.get(path).json()["tags"] == ["b"]


def test_a_job_is_cancelled_or_tried_again_by_who_may_start_it(web: Served) -> None:
    """To try a cleanup again removes backups, so it needs `administer` as the cleanup did."""
    web.back_up()
    policy = {"keep_last": 5}
    job = web.post("/backups/cleanup", json={"policy": policy}, headers=WAIT).json()["id"]
    assert web.post(f"/jobs/{job}/retry", headers=signed(RUN)).status_code == 403
    assert web.post(f"/jobs/{job}/cancel", headers=signed(RUN)).status_code == 403
    assert web.post(f"/jobs/{job}/retry", headers=ADMIN).json()["code"] == "job-finished"


def test_authentication_is_not_forgotten() -> None:
    """A router without it is not made; that there shall be none must be said."""
    with pytest.raises(ConfigError, match="auth"):
        BackupService().router(auth=None)
    nobody: Any = None
    partly = Auth(read=_admit, run=_admit, restore=nobody, administer=_admit)
    with pytest.raises(ConfigError, match="restore"):
        BackupService().router(auth=partly)
    with pytest.raises(TypeError):
        BackupService().router()  # type: ignore[call-arg]


def _admit() -> None:
    """Let everybody in."""


def test_no_authentication_is_said_aloud(
    application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    """ANYONE lets everybody do everything, and is in the log."""
    with caplog.at_level(logging.WARNING, "holdfast.web"), served(application, auth=ANYONE) as web:
        assert "without authentication" in caplog.text
        assert web.post("/backups", headers=WAIT).json()["actor"] == "anonymous"


@dataclass
class Person:
    """A user as an application's own authentication returns one."""

    id: int
    email: str


class Row(dict[str, Any]):
    """A user as a database returns one."""


@pytest.mark.parametrize(
    ("returned", "name"),
    [
        ("ann", "ann"),
        (Person(7, "ann@example.org"), "ann@example.org"),
        (Row(id=7, name="Ann"), "Ann"),
        ({"id": 7}, "7"),
        ({"sub": "auth0|7", "scope": "admin"}, "auth0|7"),
        ({"user_id": 7}, "7"),
        ({"login": "ann"}, "ann"),
        (None, "unnamed"),
        (object(), "unnamed"),
        ("ann\r\nX-Evil: 1", "annX-Evil: 1"),
    ],
)
def test_whatever_authentication_returns_names_the_actor(
    application: Application, returned: object, name: str
) -> None:
    """A string, an object or a mapping; and no name breaks a line of a log (R61)."""

    async def authenticated() -> object:
        return returned

    with served(application, auth=authenticated) as web:
        web.post("/backups/cleanup", json={"policy": {"keep_last": 1}}, headers=WAIT)
        entry = web.get("/audit").json()["entries"][0]
        assert (entry["actor"], entry["address"]) == (name, "127.0.0.1")


def test_who_has_no_name_is_nobody_else(
    application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    """A key of one would give another's answer, so it is refused; the log says so, once."""

    def authenticated() -> None:
        """Admit everybody, and say nothing of who they are."""

    with (
        caplog.at_level(logging.WARNING, "holdfast.web"),
        served(application, auth=authenticated) as web,
    ):
        refused = web.post("/backups", headers={"Idempotency-Key": "1"})
        assert (refused.status_code, refused.json()["code"]) == (422, "request-invalid")
        assert web.get("/jobs").json()["total"] == 0
        backup = web.back_up()
        path = f"/backups/{backup}/restore"
        token = web.post(path, json={"dry_run": True}).json()["confirmation"]
        assert web.post(path, json={"confirmation": token}, headers=WAIT).status_code == 200
    assert caplog.text.count("returned NoneType, which has none of username") == 1


class Stranger(Exception):
    """What a host's authentication raises, for a handler of its own."""


def session_of(authorization: Annotated[str, Header()] = "") -> str:
    return authorization


def require_root(session: Annotated[str, Depends(session_of)]) -> str:
    if session != "secret":
        raise Stranger
    return "root"


async def tell_stranger(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"who": "are you"}, 418)


def test_a_hosts_dependency_has_dependencies_of_its_own(application: Application) -> None:
    """It is an ordinary FastAPI dependency; what it raises goes to the host's own handlers."""
    service = application.service()
    app = host(service, engine_of(service), auth=Depends(require_root))
    app.add_exception_handler(Stranger, tell_stranger)
    with web_client(app, lifespan=False) as client:
        told = client.get(f"{PREFIX}/jobs")
        assert (told.status_code, told.json()) == (418, {"who": "are you"})
        let_in = client.get(f"{PREFIX}/jobs", headers={"Authorization": "secret"})
        assert let_in.status_code == 200


def test_the_hosts_overrides_for_tests_hold(application: Application) -> None:
    """`dependency_overrides` of the application replaces its authentication here too."""

    def admin() -> str:
        raise HTTPException(401)

    with served(application, auth=admin) as web:
        assert web.get("/jobs").status_code == 401
        web.app.dependency_overrides[admin] = lambda: "tester"
        assert web.get("/jobs").status_code == 200
        backup = web.back_up()
        assert web.request("PATCH", f"/backups/{backup}", json={"keep": True}).status_code == 200


def test_an_actor_may_do_what_it_says(application: Application) -> None:
    """A server's own authentication returns an Actor, whose permissions are checked."""

    def viewer() -> Actor:
        return Actor(name="vic", permissions=frozenset({READ}), via="token")

    with served(application, auth=viewer) as web:
        assert web.get("/jobs").status_code == 200
        refused = web.post("/backups")
        assert (refused.status_code, refused.json()["code"]) == (403, "permission-denied")
        assert refused.headers["content-type"] == "application/problem+json"


def test_routers_of_two_services_ask_their_own_authentication(application: Application) -> None:
    """What lets somebody into one does not let them into the other."""

    def door(secret: str) -> Any:
        def opened(x_key: Annotated[str, Header()] = "") -> str:
            if x_key != secret:
                raise HTTPException(401)
            return secret

        return opened

    app = FastAPI()
    for name in ("one", "two"):
        service = application.service(plan=name)
        router = create_router(service, auth=door(name), engine=engine_of(service))
        app.include_router(router, prefix=f"/{name}")
    with web_client(app, lifespan=False) as client:
        answers = {
            (plan, key): client.get(f"/{plan}/jobs", headers={"X-Key": key}).status_code
            for plan in ("one", "two")
            for key in ("one", "two")
        }
    assert answers == {
        ("one", "one"): 200,
        ("one", "two"): 401,
        ("two", "one"): 401,
        ("two", "two"): 200,
    }
