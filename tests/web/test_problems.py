"""Errors are problems (RFC 9457), inside our routes only, and tell nothing that they should not."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from holdfast import BackupService
from holdfast.errors import HoldfastError, TooManyRequests
from holdfast.web import ANYONE, Permission
from holdfast.web.problems import MAX_BODY_BYTES, ProblemRoute, problem_of
from holdfast.web.routing import Routes
from tests.operations.application import Application
from tests.rig.web import web_client
from tests.web.serving import PREFIX, Served, engine_of, host, served, signed

UNKNOWN = "backup_20200101_000000"


def test_an_error_is_a_problem(shared: Served) -> None:
    """Status, code, sentence and hint come from the error; `instance` is the path asked for."""
    answer = shared.get(f"/backups/{UNKNOWN}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "type": "errors/backup-not-found",
        "title": "No backup has the given id.",
        "status": 404,
        "detail": answer.json()["detail"],
        "code": "backup-not-found",
        "hint": answer.json()["hint"],
        "instance": f"{PREFIX}/backups/{UNKNOWN}",
    }
    assert UNKNOWN in answer.json()["detail"]


def test_every_error_has_its_own_status_and_code() -> None:
    """Each class is mapped once, by what it says of itself; its title is its sentence."""
    found = [HoldfastError]
    for each in found:
        found.extend(each.__subclasses__())
    for error in found:
        example = error.__new__(error)
        example.message, example.hint = "something", None
        problem = problem_of(example)
        assert (problem.status, problem.code) == (error.http_status, error.code)
        assert 400 <= problem.status < 600
        assert problem.title.endswith("."), error


def test_each_code_is_explained(shared: Served) -> None:
    """`GET /errors` lists all of them, so that a page can be made of it."""
    kinds = {each["code"]: each for each in shared.get("/errors").json()["errors"]}
    assert kinds["backup-not-found"]["status"] == 404
    assert kinds["error"]["example"]["type"] == "errors/error"
    assert len(kinds) > 80


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"descripton": "misspelled"}, ["body", "descripton"]),
        ({"tags": "no list"}, ["body", "tags"]),
        ({"tags": ["a,b"]}, ["body", "tags", 0]),
        ({"tags": [""]}, ["body", "tags", 0]),
        ({"compression_level": 20}, ["body", "compression_level"]),
        ({"description": "x" * 1001}, ["body", "description"]),
        ({"description": "a\x00b"}, ["body", "description"]),
    ],
)
def test_what_is_not_described_is_refused(
    shared: Served, body: dict[str, Any], where: list[str | int]
) -> None:
    """A field that nobody knows may be a misspelled one; each fault is named by its place."""
    answer = shared.post("/backups", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request-invalid")
    assert [each["location"] for each in answer.json()["errors"]] == [where]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/backups?limit=0"),
        ("GET", "/backups?limit=201"),
        ("GET", "/backups?from=2026-01-01T00:00:00"),
        ("GET", "/backups?status=gone"),
        ("GET", "/backups?sort=name"),
        ("GET", "/backups?cursor=x"),
        ("GET", "/jobs?cursor=eyJiZWZvcmUiOiAxfQ"),
        ("GET", "/audit?cursor=eyJiZWZvcmUiOiAieCJ9"),
        ("GET", "/jobs?kind=coffee"),
        ("GET", "/audit?actor=%00"),
    ],
)
def test_parameters_are_checked(shared: Served, method: str, path: str) -> None:
    answer = shared.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (422, "request-invalid")


@pytest.mark.parametrize("body", [b'{"description": ', b'{"description": "\xff"}', b"[" * 100_000])
def test_a_body_that_is_no_json_is_refused(shared: Served, body: bytes) -> None:
    """Cut off, not in UTF-8, or nested without end (R63)."""
    answer = shared.post("/backups", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "request-invalid")


def test_a_body_has_a_limit(shared: Served) -> None:
    """It is counted while it is read, whatever its header says (R63)."""

    async def endless() -> Any:
        for _ in range(MAX_BODY_BYTES // 1024 + 2):
            yield b" " * 1024

    answer = shared.post(
        "/backups", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "upload-too-large")


def test_a_fault_of_ours_tells_nothing(
    application: Application, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No stack, no text of the exception: that is in the log (R56)."""
    with served(application) as web:

        def fail(*_: Any, **__: Any) -> None:
            raise ValueError("postgresql://ann:hunter2@db")

        monkeypatch.setattr(web.engine.backups, "list", fail)
        answer = web.get("/backups")
    assert (answer.status_code, answer.json()["code"]) == (500, "error")
    assert "hunter2" not in answer.text
    assert "ValueError" not in answer.text
    assert "list_backups failed" in caplog.text


def test_too_many_requests_say_when_to_come_back(application: Application) -> None:
    routes = Routes()

    @routes.get("/busy")
    async def busy() -> None:
        raise TooManyRequests("Too many downloads", retry_after_s=7)

    app = FastAPI()
    app.include_router(routes)
    with web_client(app) as client:
        answer = client.get("/busy")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


def test_an_endpoint_that_would_block_the_loop_is_not_taken() -> None:
    def blocking() -> None: ...

    with pytest.raises(TypeError, match="async"):
        ProblemRoute("/x", blocking)


def test_the_host_keeps_its_own_errors(application: Application) -> None:
    """Its 404, its validation errors, its handlers and its exceptions are as without us."""
    service = application.service()
    app = host(service, engine_of(service))

    @app.get("/mine")
    async def mine(number: int = 0) -> None:
        raise {1: LookupError("mine"), 2: HTTPException(409, "mine")}[number]

    async def handle(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"handled": type(error).__name__}, 499)

    for error in (LookupError, RequestValidationError, HoldfastError, 404):
        app.add_exception_handler(error, handle)
    with web_client(app, lifespan=False, headers=signed(*Permission)) as client:
        told = {
            path: (client.get(path).status_code, client.get(path).json())
            for path in ("/mine?number=1", "/mine?number=2", "/mine?number=x", "/nowhere")
        }
        ours = client.get(f"{PREFIX}/backups?limit=x")
        beside = client.get(f"{PREFIX}/nowhere")
    assert told == {
        "/mine?number=1": (499, {"handled": "LookupError"}),
        "/mine?number=2": (409, {"detail": "mine"}),
        "/mine?number=x": (499, {"handled": "RequestValidationError"}),
        "/nowhere": (499, {"handled": "HTTPException"}),
    }
    assert ours.json()["code"] == "request-invalid"
    assert beside.json() == {"handled": "HTTPException"}


def test_a_password_that_is_missing_or_wrong_is_not_shown(application: Application) -> None:
    """The answer names what is missing; what was tried is nowhere in it (R56)."""
    application.service().create_backup()
    wrong = "hunter2-hunter2"
    service = BackupService(backup_dir=application.repository, encryption_password=wrong)
    with served(application, service=service, auth=ANYONE) as web:
        answer = web.get("/backups")
    assert (answer.status_code, answer.json()["code"]) == (503, "wrong-password")
    assert wrong not in answer.text
