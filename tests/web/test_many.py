"""Many clients at once, against one process."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from tests.web.serving import Served
from tests.web.test_jobs import PATIENCE_S, Held

CLIENTS = 50


def test_fifty_clients_at_once(web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a backup runs each asks, lists, follows and starts; all are answered as they should."""
    backup = web.back_up()
    held = Held(web, monkeypatch)
    running = web.post("/backups").json()["id"]
    assert held.begun.wait(PATIENCE_S)
    barrier = threading.Barrier(CLIENTS)
    answers: Counter[tuple[str, int]] = Counter()
    lock = threading.Lock()

    def client(number: int) -> None:
        barrier.wait()
        for method, path, body in (
            ("GET", "/backups", None),
            ("GET", f"/backups/{backup}", None),
            # Each opens the repository by its password, which takes a moment on purpose.
            ("GET" if number % 10 else "PATCH", f"/backups/{backup}", {"tags": [f"t{number}"]}),
            ("GET", f"/jobs/{running}", None),
            ("POST", "/backups", {"description": str(number)}),
            ("GET", "/health", None),
        ):
            answer = web.request(method, path, json=body)
            with lock:
                answers[f"{method} {path}", answer.status_code] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * PATIENCE_S)
    assert {status for _, status in answers} == {200, 202}
    assert sum(answers.values()) == 6 * CLIENTS
    waiting = web.get("/jobs?status=pending").json()["total"]
    assert waiting == CLIENTS
    stored = [each for each in web.service.list_backups() if each.backup_id == backup]
    assert len(stored) == len(web.service.list_backups()) == 1
    for job in web.get("/jobs?status=pending&limit=200").json()["jobs"]:
        assert web.post(f"/jobs/{job['id']}/cancel").status_code == 202
    held.go.set()
