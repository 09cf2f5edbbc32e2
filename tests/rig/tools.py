"""Database tools that behave badly: programs to put first on `PATH`."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from textwrap import dedent


class Behaviour(Enum):
    """How the tool ends. `OUTPUT` stands for the bytes that a good tool would write."""

    GOOD = "write(OUTPUT); end(0)"
    FAILS_AT_ONCE = "complain(); end(1)"
    FAILS_HALFWAY = "write(OUTPUT[:half]); complain(); end(1)"
    FAILS_AFTER_ALL = "write(OUTPUT); complain(); end(1)"
    KILLED_HUP = "write(OUTPUT[:half]); kill(1)"
    KILLED_KILL = "write(OUTPUT[:half]); kill(9)"
    KILLED_PIPE = "write(OUTPUT[:half]); kill(13)"
    KILLED_TERM = "write(OUTPUT[:half]); kill(15)"
    EMPTY = "end(0)"
    TRUNCATED = "write(OUTPUT[:half]); end(0)"
    HANGS_AT_ONCE = "hang()"
    HANGS_HALFWAY = "write(OUTPUT[:half]); hang()"


FAILURES = tuple(behaviour for behaviour in Behaviour if behaviour is not Behaviour.GOOD)

_PROGRAM = """\
    #!{python} -IS
    import os, pathlib, signal, sys, time

    pathlib.Path({log!r}).open("a").write(repr(sys.argv) + chr(10))
    if sys.argv[1:] == ["--version"]:
        print({version!r})
        raise SystemExit
    OUTPUT = pathlib.Path({output!r}).read_bytes()
    half = len(OUTPUT) // 2

    def write(data):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def complain():
        print("{name}: error: it was told to fail", file=sys.stderr)

    def end(status):
        os._exit(status)

    def kill(number):
        signal.signal(number, signal.SIG_DFL) if number != 9 else None
        os.kill(os.getpid(), number)

    def hang():
        while True:
            time.sleep(3600)

    {behaviour}
    """


def install_tool(
    folder: Path,
    name: str,
    behaviour: Behaviour,
    *,
    output: bytes = b"",
    version: str = "tool 1.0",
) -> Path:
    """Write an executable; each run appends its arguments as one line to `<name>.log`.

    Args:
        folder: A directory for `PATH`; made if it is not there.
        name: What the tool is called: `pg_dump`, `mysqldump`, `docker`.
        version: What it answers to `--version`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / f"{name}.output"
    data.write_bytes(output)
    program = folder / name
    program.write_text(
        dedent(_PROGRAM).format(
            python=sys.executable,
            log=str(folder / f"{name}.log"),
            output=str(data),
            name=name,
            version=version,
            behaviour=behaviour.value,
        )
    )
    program.chmod(0o755)
    return program
