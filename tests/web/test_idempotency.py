"""A POST with a key is done once, however often and at whatever time it is sent."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

import pytest

from holdfast.catalog.audit import AuditTable
from holdfast.errors import CatalogError
from holdfast.web import idempotency
from tests.web.serving import ADMIN, WAIT, Served, signed
from tests.web.test_jobs import PATIENCE_S, Held


def keyed(key: str, **headers: str) -> dict[str, str]:
    return {"Idempotency-Key": key, **headers}


def test_the_same_request_is_done_once(web: Served) -> None:
    """The second answer tells of the same job, as it stands then."""
    first = web.post("/backups", json={"tags": ["a"]}, headers=keyed("k1"))
    again = web.post("/backups/", json={"tags": ["a"]}, headers=keyed("k1", **WAIT))
    assert first.json()["id"] == again.json()["id"]
    assert (first.status_code, again.status_code) == (202, 201)
    assert web.get("/jobs").json()["total"] == 1
    assert web.get("/audit").json()["total"] == 1


def test_a_key_is_of_one_request(web: Served) -> None:
    """With another body it is refused; another actor or another path has keys of their own."""
    first = web.post("/backups", json={"tags": ["a"]}, headers=keyed("k1", **WAIT))
    other = web.post("/backups", json={"tags": ["b"]}, headers=keyed("k1"))
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")
    bob = {**signed("run", name="bob"), **keyed("k1", **WAIT)}
    assert web.post("/backups", json={"tags": ["b"]}, headers=bob).status_code == 201
    backup = first.json()["backup_id"]
    verified = web.post(f"/backups/{backup}/verify", headers=keyed("k1"))
    assert verified.status_code == 202
    assert web.get("/jobs").json()["total"] == 3


def test_requests_at_the_same_time_are_done_once(
    web: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many with one key one is done; the others hear of its job, or that it is under way."""
    held = Held(web, monkeypatch)
    barrier = threading.Barrier(8)
    answers: list[tuple[int, str | None]] = []

    def send() -> None:
        barrier.wait()
        answer = web.post("/backups", headers=keyed("k1"))
        answers.append((answer.status_code, answer.json().get("id")))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    held.go.set()
    assert {status for status, _ in answers} <= {202, 409}
    assert len({job for status, job in answers if status == 202}) == 1
    assert web.get("/jobs").json()["total"] == 1


def test_a_request_that_was_refused_may_be_sent_again(web: Served) -> None:
    """It did nothing, so its key is still free."""
    wrong = web.post("/undo", json={"confirm": "x"}, headers=keyed("k1"))
    assert wrong.status_code == 409
    other = web.post("/undo", json={"confirm": "y"}, headers=keyed("k1"))
    assert other.json()["code"] == "confirmation-required"


def test_what_was_done_is_told_and_kept_though_the_audit_cannot_be_written(
    web: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the entry instead; answered as failed, it would be sent again and done twice."""

    def locked(*_args: object, **_entry: object) -> None:
        raise CatalogError("The catalog is locked")

    with monkeypatch.context() as patched, caplog.at_level(logging.ERROR, "holdfast.web"):
        patched.setattr(AuditTable, "add", locked)
        first = web.post("/backups", headers=keyed("k1"))
    assert first.status_code == 202, first.text
    assert "backup.start" in caplog.text
    assert first.json()["id"] in caplog.text
    again = web.post("/backups", headers=keyed("k1", **WAIT))
    assert again.json()["id"] == first.json()["id"]
    assert web.get("/jobs").json()["total"] == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "with space", "tab\tx"])
def test_a_key_is_a_short_word(shared: Served, key: str) -> None:
    answer = shared.post("/backups", headers={**ADMIN, "Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (422, "request-invalid")


def test_a_key_is_forgotten_after_a_day(web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it may be taken for another request."""
    assert idempotency.KEPT.days == 1
    web.post("/backups", json={"tags": ["a"]}, headers=keyed("k1", **WAIT))
    monkeypatch.setattr(idempotency, "KEPT", timedelta(0))
    other = web.post("/backups", json={"tags": ["b"]}, headers=keyed("k1", **WAIT))
    assert other.status_code == 201
