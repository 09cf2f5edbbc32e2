"""The real program: from the first run to a backup, under load, and after it was killed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from tests.cli.terminal import clean_environment
from tests.rig.daemon import free_port
from tests.web.server.process import PROGRAM, Server, build, new_client, serving, until

WAIT = {"Prefer": "wait=60"}


def test_from_the_first_run_to_a_backup(tmp_path: Path) -> None:
    """Set up with the token of the console, log in, make a token, back up, end by SIGTERM."""
    build(tmp_path)
    with serving(tmp_path) as server:
        headers = server.set_up()
        made = server.client.post("backups", json={}, headers=headers | WAIT)
        assert made.status_code in (201, 202), made.text
        job = until("the backup", lambda: finished(server, headers, made.json()["id"]))
        assert job["status"] == "completed", job
        listed = server.client.get("backups", headers=headers).json()
        assert listed["total"] == 1
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 60, "even on a machine that is busy otherwise"
        said = server.said.read_text()
        assert "Traceback" not in said
        assert headers["Authorization"].removeprefix("Bearer ") not in said
    done = subprocess.run(
        [*PROGRAM, "list", "--json"], cwd=tmp_path, env=clean_environment(), capture_output=True
    )
    assert done.returncode == 0
    with serving(tmp_path) as again:
        assert "set-up token" not in again.said.read_text()
        assert again.client.get("auth/me", headers=headers).status_code == 200


def finished(server: Server, headers: dict[str, str], job_id: str) -> dict[str, object] | None:
    job: dict[str, object] = server.client.get(f"jobs/{job_id}", headers=headers).json()
    return job if job["status"] in ("completed", "failed", "cancelled") else None


def test_a_backup_that_kill_9_ended_has_failed_and_the_next_one_works(tmp_path: Path) -> None:
    """The job is failed within a minute of the next start; nothing half-done is listed."""
    build(tmp_path)
    with closing(sqlite3.connect(tmp_path / "app.db", isolation_level=None)) as lock:
        with serving(tmp_path) as server:
            headers = server.set_up()
            # The capture waits for the lock, so the server dies in the midst of it.
            lock.execute("begin exclusive")
            made = server.client.post("backups", json={}, headers=headers)
            job_id = made.json()["id"]
            until("the capture", lambda: status(server, headers, job_id) == "running")
            server.kill()
        lock.execute("rollback")
    with serving(tmp_path) as again:
        job = until("the end of the job", lambda: finished(again, headers, job_id))
        assert (job["status"], job["error"]["code"]) == ("failed", "job-interrupted")
        assert again.client.get("backups?status=completed", headers=headers).json()["total"] == 0
        made = again.client.post("backups", json={}, headers=headers | WAIT)
        job = until("the next backup", lambda: finished(again, headers, made.json()["id"]))
        assert job["status"] == "completed", job


def status(server: Server, headers: dict[str, str], job_id: str) -> object:
    return server.client.get(f"jobs/{job_id}", headers=headers).json()["status"]


def test_fifty_clients_at_once_with_four_processes(tmp_path: Path) -> None:
    """R63: whoever comes is answered or told to come later; nothing breaks, and a backup is made.

    The application is started as any ASGI server does it.
    """
    build(tmp_path)
    with serving(tmp_path) as first:
        headers = first.set_up()
        assert first.stop() == 0
    # A process that is silent for 5 s is replaced otherwise; on a busy machine that is soon.
    options = ["--workers", "4", "--port", str(free_port()), "--timeout-worker-healthcheck", "120"]
    uvicorn = [sys.executable, "-m", "uvicorn", "--factory", *options]
    with serving(tmp_path, "holdfast.web.server:app_from_environment", program=uvicorn) as server:

        def visit(number: int) -> list[int]:
            with new_client(server.url) as client:
                codes = [
                    client.get(path, headers=headers).status_code
                    for path in ("health", "backups", "jobs", "plans", "openapi.json")
                ]
                guess = {"username": f"user{number % 5}", "password": "a guess"}
                codes.append(client.post("auth/login", json=guess).status_code)
                if number % 10 == 0:
                    codes.append(client.post("backups", json={}, headers=headers).status_code)
                return codes

        with ThreadPoolExecutor(50) as pool:
            codes = Counter(code for found in pool.map(visit, range(50)) for code in found)
        assert set(codes) <= {200, 202, 401, 429}, codes
        assert (codes[200], codes[202]) == (250, 5)

        def completed() -> bool:
            jobs = server.client.get("jobs", headers=headers).json()["jobs"]
            return len(jobs) == 5 and {each["status"] for each in jobs} == {"completed"}

        until("the backups", completed)
        assert "Traceback" not in server.said.read_text()


def test_several_processes_by_an_option(tmp_path: Path) -> None:
    build(tmp_path)
    with serving(tmp_path, "--workers", "2") as server:
        headers = server.set_up()
        codes = {server.client.get("auth/me", headers=headers).status_code for _ in range(8)}
        assert codes == {200}
        assert server.stop() == 0


def test_a_network_needs_more_than_an_address(tmp_path: Path) -> None:
    """Passwords do not cross a network in the clear unless somebody says so aloud."""
    build(tmp_path)

    def check(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [*PROGRAM, "serve", "--check", *arguments],
            cwd=tmp_path,
            env=clean_environment(),
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stderr + done.stdout

    assert check()[0] == 0
    status, said = check("--host", "0.0.0.0")
    assert (status, "in the clear" in said) == (2, True)
    status, said = check("--host", "0.0.0.0", "--allow-http")
    assert (status, "which names" in said) == (2, True)
    status, said = check("--host", "0.0.0.0", "--allow-http", "--allowed-host", "a.example")
    assert status == 0
    status, said = check("--tls-certificate", "cert.pem")
    assert (status, "certificate and its key" in said) == (2, True)
