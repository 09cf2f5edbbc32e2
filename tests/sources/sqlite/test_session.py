"""The agent starts quickly, knows no secrets, and never outlives what it works for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.errors import Cancelled, SourceError
from holdfast.models.progress import CancellationToken
from holdfast.sources.sqlite.session import AgentFailed, AgentSession
from tests.rig.daemon import alive, wait_until
from tests.sources.sqlite.support import make


def test_it_imports_little() -> None:
    code = (
        "import sys, holdfast.sources.sqlite.agent.__main__\n"
        "print([m for m in ('msgspec', 'pathlib', 'sqlite3', 'cryptography', 'dataclasses',"
        " 'typing_extensions', 'subprocess') if m in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert ended.stdout.strip() == "[]", ended.stderr


def test_it_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """R56: no secret in the environment of unrelated children, nor in their arguments."""
    monkeypatch.setenv("BACKUP_ENCRYPTION_PASSWORD", "canary-5a17")
    with AgentSession() as agent:
        agent.call("hello")
        proc = Path(f"/proc/{agent.pid}")
        seen = (proc / "environ").read_bytes() + (proc / "cmdline").read_bytes()

    assert b"canary" not in seen


def test_it_does_not_import_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "apsw.py").write_text("raise SystemExit('planted')")
    (tmp_path / "json.py").write_text("raise SystemExit('planted')")
    monkeypatch.chdir(tmp_path)
    with AgentSession() as agent:
        assert agent.call("hello")["sqlite"]


def test_it_ends_with_the_session() -> None:
    with AgentSession() as agent:
        agent.call("hello")
        pid = agent.pid

    assert not alive(pid)


def test_cancelling_ends_it_while_it_works(tmp_path: Path) -> None:
    cancel = CancellationToken()
    path = make(tmp_path / "app.db")
    endless = "with recursive t(x) as (select 1 union all select x + 1 from t) select max(x) from t"
    with AgentSession(cancel) as agent:
        agent.ask("query", path=str(path), sql=endless)
        with pytest.raises(Cancelled):
            agent.answer(tick=cancel.cancel)

        assert not alive(agent.pid)


def test_no_answer_in_time_ends_it(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db")
    endless = "with recursive t(x) as (select 1 union all select x + 1 from t) select max(x) from t"
    with AgentSession() as agent:
        agent.ask("query", path=str(path), sql=endless)
        with pytest.raises(AgentFailed, match="in time"):
            agent.answer(timeout_s=0.2)


def test_its_death_is_told_with_what_it_said() -> None:
    with AgentSession() as agent:
        agent.call("hello")
        os.kill(agent.pid, signal.SIGKILL)
        with pytest.raises(AgentFailed, match="SIGKILL"):
            agent.call("hello")


def test_a_mistake_in_it_is_told() -> None:
    with AgentSession() as agent, pytest.raises(AgentFailed, match="AttributeError"):
        agent.call("no such thing")


def test_its_errors_are_ours(tmp_path: Path) -> None:
    with AgentSession() as agent:
        agent.ask("query", path=str(make(tmp_path / "app.db")), sql="select nonsense")
        with pytest.raises(SourceError, match="no such column"):
            list(agent.parts())


def test_it_ends_at_work_though_its_work_came_before_it_was_idle(tmp_path: Path) -> None:
    """R46: two requests in one breath; the second has no end of its own."""
    path = make(tmp_path / "app.db")
    endless = "with recursive t(x) as (select 1 union all select x + 1 from t) select max(x) from t"
    query = {"do": "query", "path": str(path), "sql": endless}
    with AgentSession() as agent:
        agent.call("hello")
        pipe = agent._process.stdin
        assert pipe is not None
        lines = [json.dumps({"do": "hello"}), json.dumps(query), ""]
        os.write(pipe.fileno(), "\n".join(lines).encode())
        assert agent.answer()
        pipe.close()
        assert agent._process.wait(60) == 1


@pytest.mark.parametrize("busy", [True, False])
def test_it_ends_when_its_parent_is_killed(tmp_path: Path, busy: bool) -> None:
    """R46: no orphan, whether it is idle or at work."""
    path = make(tmp_path / "app.db")
    script = f"""
import sys
sys.path[:] = {sys.path!r}
from holdfast.sources.sqlite.session import AgentSession
agent = AgentSession()
agent.call("hello")
if {busy}:
    agent.ask("query", path=sys.argv[1], sql="with recursive t(x) as "
        "(select 1 union all select x + 1 from t) select max(x) from t")
print(agent.pid, flush=True)
sys.stdin.readline()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()

    wait_until(lambda: not alive(pid), "its end")
