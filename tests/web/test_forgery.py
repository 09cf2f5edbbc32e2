"""R60: no page of another site makes a browser change anything here."""

from __future__ import annotations

import pytest

from tests.web.serving import Served

CROSS = {"Sec-Fetch-Site": "cross-site"}
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = {"Content-Type": "text/plain"}
ELSEWHERE = {"Origin": "https://evil.example"}


@pytest.mark.parametrize(
    "headers",
    [
        CROSS,
        {**CROSS, **FORM},
        {**CROSS, **TEXT},
        {**CROSS, "Content-Type": "multipart/form-data; boundary=x"},
        {"Sec-Fetch-Site": "same-site"},
        ELSEWHERE,
        {"Origin": "null"},
        {"Origin": "http://testserver.evil.example"},
    ],
)
def test_what_a_form_of_another_site_sends_is_refused(
    shared: Served, headers: dict[str, str]
) -> None:
    """Whatever the cookies say, nothing is done, and nothing is recorded as done."""
    before = shared.get("/jobs").json()["total"]
    for path in ("/backups", "/backups/cleanup", "/undo", "/jobs/x/cancel", "/restores"):
        answer = shared.post(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin-refused"), path
    assert shared.get("/jobs").json()["total"] == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://testserver"},
        {"Origin": "https://app.example", "X-Forwarded-Host": "app.example"},
        {**CROSS, **JSON},
        {**CROSS, "Authorization": "Bearer x"},
        {**ELSEWHERE, "Idempotency-Key": "k"},
    ],
)
def test_programs_own_pages_and_what_was_asked_first_pass(
    shared: Served, headers: dict[str, str]
) -> None:
    """A preflight asks the host's CORS rules, which say what other sites may do."""
    answer = shared.post("/jobs/x/cancel", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "job-not-found")


def test_other_sites_may_read_what_the_host_lets_them(shared: Served) -> None:
    """Reading changes nothing; whether a page may see the answer is for CORS to say."""
    assert shared.get("/backups", headers=CROSS).status_code == 200
