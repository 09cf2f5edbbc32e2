"""Requests made of the server's own description, by everybody who might send them (R54).

The routes of plans are tried with all rights elsewhere (`tests/web/test_schemathesis.py`); here,
who has fewer gets answers that are described too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from holdfast.errors import HoldfastError
from holdfast.web import Permission
from holdfast.web.server.description import OWN_TAGS
from tests.web.server.site import HOST, Site, running

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
WORK = ("create_backup", "verify_backup", "drill", "apply_retention", "restore_backup", "undo")


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server whose jobs do nothing."""

    def refuse(*_: Any, **__: Any) -> None:
        raise HoldfastError("Not now")

    with (
        pytest.MonkeyPatch.context() as patch,
        running(Path(tmp_path_factory.mktemp("tried"))) as site,
    ):
        for service in site.installation.services.values():
            for name in WORK:
                patch.setattr(service, name, refuse, raising=False)
        yield site


def credentials(site: Site, who: str) -> dict[str, str]:
    """Return what somebody sends: a new login each time, for one operation is to log out."""
    if who == "anonymous":
        return {}
    if who == "token":
        return site.token("anna", list(Permission))[0]
    user = site.accounts.database.accounts.users.find(who)
    assert user is not None, "the last administrator stays, and nobody removes the others"
    secret, _ = site.accounts.open_session(user, address=None, user_agent=None)
    return {"Cookie": f"holdfast_session={secret}"}


def send(site: Site, who: str, case: Case[Any]) -> httpx.Response:
    if "username" in case.path_parameters:
        case.path_parameters["username"] = "somebody"  # or there would soon be nobody to be
    made = requests.Request(**case.as_transport_kwargs(base_url=HOST)).prepare()
    own = {"content-length", "cookie", "authorization"}
    headers = {
        name: value if isinstance(value, str) else value.decode("latin-1")
        for name, value in made.headers.items()
        if name.lower() not in own
    }
    path = (made.url or "").removeprefix(HOST)
    headers |= credentials(site, who)
    return site.request(made.method or "", path, headers, content=made.body)


@cache
def _schema(site: Site) -> BaseSchema:
    return schemathesis.openapi.from_dict(site.app.openapi())


def tried_with(
    site: Site, who: str, mode: GenerationMode, *, own: bool, examples: int
) -> list[str]:
    """Try every operation; return those that were tried."""
    document = site.app.openapi()
    schema = _schema(site)
    tried: list[str] = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            is_own = bool(OWN_TAGS & set(operation["tags"]))
            plain = not operation.get("parameters") and "requestBody" not in operation
            if is_own != own or "{plan}" in path or (plain and mode is GenerationMode.NEGATIVE):
                continue
            tried.append(f"{method} {path}")

            @settings(
                max_examples=examples,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=schema[path][method].as_strategy(generation_mode=mode))
            def attempt(case: Case[Any]) -> None:
                answer = send(site, who, case)
                case.validate_response(answer, checks=CHECKS)

            attempt()
    return tried


@pytest.mark.parametrize("who", ["anonymous", "vera", "otto", "anna", "token"])
def test_the_servers_own_routes_answer_as_described(tried: Site, who: str) -> None:
    """No 5xx; status, media type, headers and body of each answer are as described."""
    assert len(tried_with(tried, who, GenerationMode.POSITIVE, own=True, examples=3)) == 16


@pytest.mark.parametrize("who", ["anonymous", "anna"])
def test_what_is_not_as_described_is_refused_as_described(tried: Site, who: str) -> None:
    assert len(tried_with(tried, who, GenerationMode.NEGATIVE, own=True, examples=3)) == 10


@pytest.mark.parametrize("who", ["anonymous", "otto", "token"])
def test_the_routes_of_plans_answer_as_described_to_everybody(tried: Site, who: str) -> None:
    assert len(tried_with(tried, who, GenerationMode.POSITIVE, own=False, examples=2)) > 15


def test_the_description_is_whole(tried: Site) -> None:
    """Every operation has an id of its own, and every field and parameter is described."""
    document = tried.app.openapi()
    operations = [each for item in document["paths"].values() for each in item.values()]
    ids = [each["operationId"] for each in operations]
    assert sorted(ids) == sorted(set(ids))
    assert "/api/v1/plans/{plan}/backups" in document["paths"]
    for name, schema in document["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            assert described.get("description"), f"{name}.{field}"
    for each in operations:
        assert each["summary"]
        for parameter in each.get("parameters", ()):
            assert parameter.get("description"), f"{each['operationId']}: {parameter['name']}"
