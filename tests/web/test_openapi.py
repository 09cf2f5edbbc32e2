"""The description of the interface is complete, current, and says who may do what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.generate_reference import OPENAPI_DOCUMENT, SERVER_DOCUMENT
from scripts.openapi_document import openapi_document, openapi_text, server_document

DOCUMENT = openapi_document()
METHODS = {"get", "put", "post", "delete", "patch", "head"}


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield f"{method} {path}", operation


def properties() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            yield f"{name}.{field}", described


def test_the_committed_document_is_current() -> None:
    """docs/reference/openapi.json is what `make reference` writes."""
    assert OPENAPI_DOCUMENT.read_text() == openapi_text(DOCUMENT)
    assert SERVER_DOCUMENT.read_text() == openapi_text(server_document())


@pytest.mark.parametrize(("name", "operation"), list(operations()))
def test_every_operation_is_described(name: str, operation: dict[str, Any]) -> None:
    """What it is called, what it does, what it takes, and with what it may be refused."""
    assert operation["operationId"]
    assert operation["summary"]
    assert operation["description"]
    public = "x-permission" not in operation
    assert public == name.endswith("/downloads/{token}")
    assert public != bool(operation.get("security"))
    for status, response in operation["responses"].items():
        assert response["description"], (name, status)
        if status.startswith(("4", "5")) and not response["description"].startswith("With "):
            assert "`" in response["description"], (name, status)
            assert "application/problem+json" in response["content"], (name, status)
    assert {"401", "403", "422", "500", "503"} <= set(operation["responses"])


def test_every_parameter_is_described() -> None:
    for name, operation in operations():
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), (name, parameter["name"])


def test_every_field_is_described() -> None:
    """By a sentence, and by an example or a default unless it is made of fields that are."""
    for name, described in properties():
        text = described.get("description")
        assert text, name
        assert text.endswith((".", "[s].", "`.")), name
        shown = "examples" in described or described.get("default") is not None
        assert shown or "$ref" in json.dumps(described), name


def test_ids_of_operations_are_unique() -> None:
    ids = [operation["operationId"] for _, operation in operations()]
    assert len(ids) == len(set(ids))


def test_a_post_takes_an_idempotency_key() -> None:
    """All but what gives a secret once, which is kept nowhere, and what changes nothing."""
    without = {
        name
        for name, operation in operations()
        if name.startswith("post")
        and "Idempotency-Key" not in {each["name"] for each in operation.get("parameters", ())}
    }
    assert without <= {
        "post /backups/{backup_id}/download-link",
        "post /restores",
        "post /notifications/{name}/test",
        "post /schedule/preview",
    }


def test_a_body_takes_no_field_that_is_not_described() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for name, operation in operations():
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body is None:
            continue
        for ref in _refs(body["schema"]):
            assert schemas[ref]["additionalProperties"] is False, name


def _refs(schema: dict[str, Any]) -> Iterator[str]:
    for each in [schema, *schema.get("anyOf", ())]:
        if "$ref" in each:
            yield each["$ref"].rpartition("/")[2]
