"""Client programs: every byte both ways, every end looked at, nothing left running.

Proves R01 for programs that pretend to be those of a database, R04 for this machine, R56.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from holdfast.errors import Cancelled, HoldfastError, ProgramFailed
from holdfast.models.progress import CancellationToken
from holdfast.sources.programs import Child, Invocation, LocalPlace, Output, run
from tests.rig.daemon import alive, wait_until
from tests.rig.tools import FAILURES, Behaviour, install_tool

EVERY_BYTE = bytes(range(256)) * 40_000 + b"\r\n\n\r\r\r\n\x00\x04\x1a" * 1000


def shell(script: str, **env: str) -> Invocation:
    return LocalPlace().invocation("/bin/sh", ["-c", script], env)


def python(code: str) -> Invocation:
    return LocalPlace().invocation(sys.executable, ["-IS", "-c", code], {})


def drain(child: Child) -> bytes:
    buffer = memoryview(bytearray(1 << 16))
    found = bytearray()
    while count := child.read_into(buffer):
        found += buffer[:count]
    return bytes(found)


def as_it_is(error: ProgramFailed) -> HoldfastError:
    return error


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_every_byte_comes_back(tmp_path: Path) -> None:
    """R04: 10 MB of all byte values, through a program and back."""
    target = tmp_path / "copy"
    run(shell(f"cat > {target}"), feed=[EVERY_BYTE[:100], EVERY_BYTE[100:]])
    assert target.read_bytes() == EVERY_BYTE
    assert run(shell(f"cat {target}")) == EVERY_BYTE


def test_what_it_says_is_never_among_its_bytes() -> None:
    """R04: standard error is apart."""
    with Child(shell("echo out; echo err >&2"), writes=True) as child:
        assert drain(child) == b"out\n"
        assert child.finish() == "err"


@pytest.mark.parametrize("behaviour", FAILURES, ids=lambda each: each.name)
def test_a_dump_that_fails_in_any_way_is_an_error(behaviour: Behaviour, tmp_path: Path) -> None:
    """R01: after whatever bytes; a proof that fails if the last byte is missing sees the rest."""
    good = b"dump" * 100_000 + b"\n-- end\n"
    tool = install_tool(tmp_path, "pg_dump", behaviour, output=good)
    proof = python("import sys; sys.exit(not sys.stdin.buffer.read().endswith(b'\\n-- end\\n'))")
    with (
        Child(LocalPlace().invocation(str(tool), [], {}), writes=True, stall_s=0.5) as child,
        Child(proof, reads=True, stall_s=5) as second,
        Output(child, proof=second, explain=as_it_is) as output,
        pytest.raises(ProgramFailed),
    ):
        output.read()


def test_a_dump_that_does_well_is_given_whole(tmp_path: Path) -> None:
    ended = []
    tool = install_tool(tmp_path, "pg_dump", Behaviour.GOOD, output=EVERY_BYTE)
    with (
        Child(LocalPlace().invocation(str(tool), [], {}), writes=True) as child,
        Child(shell("cat > /dev/null"), reads=True) as second,
        Output(child, proof=second, explain=as_it_is, on_end=lambda: ended.append(1)) as output,
    ):
        assert output.read() == EVERY_BYTE
        assert output.read() == b""
    assert ended == [1]
    assert output.size_bytes == len(EVERY_BYTE)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL, signal.SIGPIPE, signal.SIGTERM])
def test_a_killed_program_is_named_with_its_signal(number: signal.Signals) -> None:
    with pytest.raises(ProgramFailed, match=f"^sh was ended by {number.name}$") as caught:
        run(shell(f"kill -{int(number)} $$"))
    assert caught.value.status == -number


def test_a_program_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ProgramFailed) as caught:
        run(Invocation(argv=("/nowhere/pg_dump",), env={}))
    assert caught.value.status == 127


@pytest.mark.parametrize("feed", [None, [b"x" * (4 << 20)]], ids=["gives", "takes"])
def test_a_silent_program_is_ended(feed: list[bytes] | None) -> None:
    began = time.monotonic()
    with pytest.raises(ProgramFailed, match="neither took nor gave a byte"):
        run(shell("sleep 600"), feed=feed, stall_s=0.3)
    assert time.monotonic() - began < 300


def test_a_program_that_closes_its_output_and_stays_is_ended() -> None:
    """R01: the end of its bytes says nothing of its success."""
    with Child(shell("exec >&-; sleep 60"), writes=True, stall_s=0.3) as child:
        assert drain(child) == b""
        with pytest.raises(ProgramFailed) as caught:
            child.finish()
    assert caught.value.status is None


def test_a_program_that_stops_reading_is_an_error() -> None:
    with pytest.raises(ProgramFailed, match="before it had read all"):
        run(shell("head -c 1 > /dev/null"), feed=[b"x" * (8 << 20)])
    with pytest.raises(ProgramFailed, match="exit code 3: no"):
        run(shell("echo no >&2; exit 3"), feed=[b"x" * (8 << 20)])


def test_cancelling_ends_it_with_what_it_started(tmp_path: Path) -> None:
    """At once, whether it is waited for or not."""
    pids = tmp_path / "pids"
    cancel = CancellationToken()

    def cancel_later() -> None:
        wait_until(lambda: pids.exists() and pids.read_text().count("\n") == 2, "its start")
        cancel.cancel()

    thread = threading.Thread(target=cancel_later)
    thread.start()
    with pytest.raises(Cancelled):
        run(shell(f"sleep 60 & echo $! > {pids}; echo $$ >> {pids}; wait"), cancel=cancel)
    thread.join()
    for pid in map(int, pids.read_text().split()):
        wait_until(lambda pid=pid: not alive(pid), "its end")  # type: ignore[misc]


def test_leaving_the_context_ends_it() -> None:
    with Child(shell("sleep 60"), writes=True) as child:
        pid = child.pid
        assert not gone(pid)
    assert gone(pid)


def test_secrets_are_taken_out_of_what_it_says() -> None:
    """R56."""
    said = shell("echo the password canary is wrong >&2; exit 1")
    with pytest.raises(ProgramFailed) as caught:
        run(said, redact=lambda text: text.replace("canary", "***"))
    assert caught.value.said == "the password *** is wrong"
    assert "canary" not in repr(caught.value.__dict__)


def test_a_program_gets_nothing_of_our_environment_but_what_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R56: secrets of other things do not go to it, and its own are not shown by `repr`."""
    monkeypatch.setenv("BACKUP_ENCRYPTION_PASSWORD", "canary")
    invocation = shell("env", PGPASSWORD="canary2")
    assert "canary" not in repr(invocation)
    said = run(invocation).decode()
    assert "canary2" in said
    assert "BACKUP_ENCRYPTION_PASSWORD" not in said


def test_the_end_of_much_said_is_kept() -> None:
    code = "import sys; sys.stderr.write('line\\n' * 100_000 + 'the reason\\n'); sys.exit(1)"
    with pytest.raises(ProgramFailed) as caught:
        run(python(code))
    assert caught.value.said.endswith("the reason")
    assert len(caught.value.said) <= 2000


def test_what_it_says_is_heard_while_it_runs() -> None:
    """Each line once, and only when it is whole."""
    with Child(shell("echo one >&2; printf tw >&2; read x; echo o >&2"), reads=True) as child:
        heard: list[str] = []

        def hear() -> bool:
            heard.append(child.heard())
            return heard[-1] != ""

        wait_until(hear, "a line")
        assert heard[-1] == "one\n"
        child.write(b"go\n")
        child.finish()
        assert child.heard() == "two\n"
