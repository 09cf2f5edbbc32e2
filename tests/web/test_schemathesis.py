"""Requests made of the description of the interface: no 5xx, no answer that it does not describe.

Every operation is tried with all rights, with values that fit its description and with some that
do not; the same ones each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from holdfast.errors import HoldfastError
from holdfast.web import ANYONE
from scripts.openapi_document import openapi_document
from tests.operations.application import Application
from tests.web.serving import PREFIX, Served, served

DOCUMENT = openapi_document()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [
    f"{method.upper()} {path}" for path, item in DOCUMENT["paths"].items() for method in item
]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = {GenerationMode.POSITIVE: 15, GenerationMode.NEGATIVE: 8}
MAX_URL = 60_000
"""No client or server takes a much longer one."""
WORK = ("create_backup", "verify_backup", "drill", "apply_retention", "check", "prune")


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An application with a backup, whose jobs do nothing from then on."""
    application = Application(tmp_path_factory.mktemp("tried"))
    application.create(events=2)

    def refuse(*_: Any, **__: Any) -> None:
        raise HoldfastError("Not now")

    with pytest.MonkeyPatch.context() as patch, served(application, auth=ANYONE) as web:
        web.back_up(description="The one there is", tags=["x"])
        for name in WORK:
            patch.setattr(web.service, name, refuse)
        yield web


def send(web: Served, case: Case[Any]) -> httpx.Response:
    """Send what was made up, to a backup and a job that there are where it is about one."""
    known = {
        "backup_id": web.get("/backups?status=completed").json()["backups"][0]["id"],
        "job_id": web.get("/jobs?status=completed").json()["jobs"][0]["id"],
    }
    if case.operation.method.upper() != "DELETE":
        for name, value in known.items():
            if name in case.path_parameters:
                case.path_parameters[name] = value
    made = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
    path = (made.url or "").removeprefix("http://testserver")
    assume(len(path) <= MAX_URL)
    headers = {name: value for name, value in made.headers.items() if name != "Content-Length"}
    return web.client.request(made.method or "", PREFIX + path, content=made.body, headers=headers)


@pytest.mark.parametrize("mode", list(EXAMPLES), ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_that_is_sent_makes_it_fail(
    tried: Served, operation: str, mode: GenerationMode
) -> None:
    """No 5xx; status, media type, headers and body of each answer are as described."""
    method, _, path = operation.partition(" ")

    @settings(
        max_examples=EXAMPLES[mode],
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=SCHEMA[path][method].as_strategy(generation_mode=mode))
    def attempt(case: Case[Any]) -> None:
        answer = send(tried, case)
        case.validate_response(answer, checks=CHECKS)

    attempt()
