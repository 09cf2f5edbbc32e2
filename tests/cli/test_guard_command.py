"""`holdfast guard` as scripts and people use it: streams, statuses, signals, and a death."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.cli.interruption import Interruption
from holdfast.cli.relay import Relay
from holdfast.operations.workspace import plan_lock
from tests.cli.app import App, Done
from tests.cli.terminal import DEADLINE_S, PROGRAM, Terminal
from tests.rig.alembic_project import HALFWAY, AlembicProject

_LOSES = (
    "import os, signal, sqlite3, sys, time\nd = sqlite3.connect('data/app.db')\n"
    "d.execute('delete from users')\nd.commit()\nd.close()\n"
)
_READY = "open('ready', 'w').close()\n"
_WAITS = f"{_LOSES}{_READY}time.sleep(600)\n"

_CONTROLS_TERMINAL = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)
"""As a shell does: the terminal then sends Ctrl-C to whoever is in the foreground."""


def python(code: str) -> tuple[str, ...]:
    return ("--", sys.executable, "-c", code)


def start(app: App, *arguments: str, ready: bool = True) -> subprocess.Popen[str]:
    """Run the program, by default until its command is at work."""
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=app.root,
        env=app.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if not ready:
        return process
    wait_for(lambda: at_work(app) or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    return process


def at_work(app: App) -> bool:
    """Say whether the command is ready and Holdfast has taken note of it."""
    note = app.root / "backups/holdfast/guard-default.json"
    return (app.root / "ready").exists() and json.loads(note.read_text())["pid"] is not None


def wait_for(condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.01)


def ended(process: subprocess.Popen[str]) -> Done:
    out, err = process.communicate(timeout=DEADLINE_S)
    return Done(process.returncode, out, err)


def test_the_streams_are_the_commands_own(app: App) -> None:
    """What a script pipes in and out is not touched; Holdfast speaks on standard error."""
    code = "import sys; sys.stdout.write(sys.stdin.read().upper()); print('hm', file=sys.stderr)"
    done = app.run("guard", *python(code), answer="in")
    assert (done.status, done.out) == (0, "IN")
    assert "hm" in done.err
    assert re.search(r"Backed up as backup_\d+_\d+ \(verified\)", done.err)
    assert "To go back to before it: holdfast restore backup_" in done.err


def test_a_failed_alembic_migration_is_taken_back_with_its_exit_code(tmp_path: Path) -> None:
    """R21: the very line of the deployment, in a real project."""
    project = AlembicProject(tmp_path / "app")
    project.create()
    project.add_revision("b2", "a1", HALFWAY)
    before = project.state()
    (project.root / "holdfast.toml").write_text('database_url = "sqlite:///data/app.db"\n')
    app = App(project.root)
    app.environment["PATH"] = f"{Path(sys.executable).parent}:{app.environment['PATH']}"
    process = start(app, "guard", "--", "alembic", "upgrade", "head", ready=False)
    done = ended(process)
    assert done.status == 1
    assert "the migration failed halfway" in done.err
    assert "`alembic upgrade head` failed with exit code 1; the data are as they were" in done.err
    assert project.state() == before
    (backup,) = app.do("list", "--tag", "guard", "--json").document["backups"]
    assert backup["description"] == "Before: alembic upgrade head"


def test_one_document_says_how_it_ended(app: App) -> None:
    """The command's own output is then on standard error."""
    code = f"{_LOSES}print('words of the command')\nsys.exit(7)"
    done = app.run("guard", "--json", *python(code))
    assert done.status == 7
    guard = done.document["guard"]
    assert (guard["exit_code"], guard["brought_back"], guard["verified"]) == (7, True, True)
    assert guard["safety_backup_id"].startswith("backup_")
    assert "words of the command" in done.err
    assert app.users() == 5


def test_what_is_left_for_inspection_comes_back_by_the_line_that_is_printed(app: App) -> None:
    done = app.run("guard", "--keep", "--repo", "./elsewhere", *python(f"{_LOSES}sys.exit(1)"))
    assert done.status == 1
    assert app.users() == 0
    found = re.search(r"To bring the data back: holdfast (.*)", done.err)
    assert found is not None
    reminded = app.do("list", "--repo", "./elsewhere")
    assert "what it left is there for inspection" in reminded.err
    assert "[keep]" in reminded.out
    app.do(*shlex.split(found[1]), "--yes")
    assert app.users() == 5
    assert app.do("list", "--repo", "./elsewhere").err == ""


@pytest.mark.parametrize(
    ("command", "status"),
    [("no-such-program", 127), ("./holdfast.toml", 126)],
    ids=["not there", "no program"],
)
def test_a_command_that_cannot_run_has_the_status_of_a_shell(
    command: str, status: int, app: App
) -> None:
    done = app.run("guard", "--", command)
    assert done.status == status
    assert "nothing was changed" in done.err
    assert not (app.root / "backups").exists()


def test_without_a_proven_backup_the_command_is_not_run(app: App) -> None:
    """I13: whatever stands in the way of the backup, the status is one of its own."""
    ran = python("open('ran', 'w')")
    app.do("create")
    with plan_lock(app.root / "backups" / "holdfast", "default"):
        busy = app.run("guard", *ran)
    (app.root / "data" / "thumbnails").rename(app.root / "unmounted")
    partial = app.run("guard", "--json", *ran)
    locked_out = app.run("guard", "--config", "nowhere.toml", *ran)
    app.environment["BACKUP_ENCRYPTION_PASSWORD"] = "wrong"
    wrong = app.run("guard", *ran)
    assert [each.status for each in (busy, partial, locked_out, wrong)] == [125] * 4
    assert partial.document["error"]["code"] == "guard-refused"
    assert partial.document["error"]["exit_code"] == 125
    assert not (app.root / "ran").exists()


def test_a_command_line_that_is_wrong_is_a_usage_error(app: App) -> None:
    assert app.run("guard").status == 2
    assert app.run("guard", "--timeout", "soon", "--", "true").status == 2
    assert app.run("guard", "--timeout", "-1", "--", "true").status == 125


def test_too_long_a_command_is_ended(app: App) -> None:
    done = app.run("guard", "--timeout", "1", *python(_WAITS))
    assert done.status == 124
    assert "took too long and was ended; the data are as they were" in done.err
    assert app.users() == 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_goes_to_the_command_and_the_data_come_back(
    number: signal.Signals, app: App
) -> None:
    process = start(app, "guard", *python(_WAITS))
    process.send_signal(number)
    done = ended(process)
    # Python makes an exception of SIGINT, and ends itself by it.
    assert done.status == 128 + number
    assert "the data are as they were" in done.err
    assert app.users() == 5


def test_the_command_decides_what_a_signal_means(app: App) -> None:
    """It may end tidily, and well; SIGUSR1 is for it alone."""
    code = (
        "import signal, sys\n"
        "signal.signal(signal.SIGUSR1, lambda *_: print('told', flush=True))\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
        f"{_READY}signal.pause()\nsignal.pause()\n"
    )
    process = start(app, "guard", *python(code))
    process.send_signal(signal.SIGUSR1)
    assert process.stdout is not None
    assert process.stdout.readline() == "told\n"
    process.send_signal(signal.SIGTERM)
    assert ended(process).status == 0


def test_control_c_on_a_terminal_is_the_commands(app: App) -> None:
    """The terminal tells both; the command gets it once, and the data come back."""
    code = (
        f"{_LOSES}import signal\ncount = []\n"
        "signal.signal(signal.SIGINT, lambda *_: count.append(1))\n"
        "print('at work', flush=True)\nwhile not count: time.sleep(0.01)\ntime.sleep(0.5)\n"
        "print('interrupted', len(count), flush=True)\nsys.exit(9)\n"
    )
    command = [sys.executable, "-c", _CONTROLS_TERMINAL, *PROGRAM, "guard", *python(code)]
    with Terminal(command, cwd=app.root, environment=app.environment) as terminal:
        terminal.expect("at work")
        terminal.enter("\x03")
        terminal.expect("interrupted 1")
        assert terminal.wait() == 9
        assert "the data are as they were" in terminal.screen
    assert app.users() == 5


def test_a_death_in_the_middle_is_said_and_nothing_is_lost(app: App) -> None:
    """R16: kill -9 while the command runs; the next commands name the backup to go back by."""
    process = start(app, "guard", "--description", "Release 42", *python(_WAITS))
    note = json.loads((app.root / "backups/holdfast/guard-default.json").read_text())
    process.kill()
    process.wait(DEADLINE_S)
    assert app.users() == 0
    listed = app.do("list")
    assert "Holdfast itself ended while it ran" in listed.err
    assert f"process {note['pid']} may be at work still" in listed.err
    os.kill(note["pid"], signal.SIGKILL)
    process.communicate(timeout=DEADLINE_S)
    app.do("create")
    app.do("cleanup", "--keep", "1", "--yes", "--force")
    restored = app.do("restore", note["backup_id"], "--yes")
    assert f"Restored {note['backup_id']}" in restored.out
    assert app.users() == 5
    assert app.do("list").err == ""


def test_a_signal_does_not_keep_the_data_from_coming_back(app: App) -> None:
    """Half changed data are worse than a wait; only who insists gets them."""
    code = f"{_LOSES}{_READY}while not os.path.exists('go'): time.sleep(0.01)\nsys.exit(7)\n"
    process = start(app, "guard", *python(code))
    note = app.root / "backups/holdfast/guard-default.json"
    with closing(sqlite3.connect(app.root / "data/app.db", isolation_level=None)) as held:
        held.execute("begin exclusive")
        (app.root / "go").touch()
        wait_for(lambda: json.loads(note.read_text())["phase"] == "restoring")
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        while "being brought back" not in process.stderr.readline():
            assert process.poll() is None
        held.execute("rollback")
    assert ended(process).status == 7
    assert app.users() == 5
    assert not note.exists()


@pytest.mark.parametrize(
    ("own_group", "ended_by"), [(False, signal.SIGTERM), (True, signal.SIGINT)]
)
def test_what_the_terminal_sends_is_not_sent_twice(
    own_group: bool, ended_by: signal.Signals
) -> None:
    """In the group of this process it reaches the command by itself; in another it must be told."""
    process = subprocess.Popen(["sleep", "600"], process_group=0 if own_group else None)
    relay = Relay(Interruption())
    relay.started(process)
    relay.receive(signal.SIGINT, None)
    relay.receive(signal.SIGTERM, None)
    assert process.wait(DEADLINE_S) == -ended_by
