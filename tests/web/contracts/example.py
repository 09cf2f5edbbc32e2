"""An example application that runs, and the lines of its page, which a reader would type."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.rig.daemon import free_port, wait_until

ROOT = Path(__file__).parents[3]
_BLOCK = re.compile(r"^```sh curl\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SHOWN = "127.0.0.1:8000"
"""Where the pages say that the application listens."""


@contextmanager
def running(
    factory: str,
    environment: Mapping[str, str],
    log: Path,
    *,
    server: Sequence[str] = ("uvicorn", "--factory", "{}"),
) -> Iterator[str]:
    """Start an application as its page says; yield its address, `127.0.0.1:PORT`.

    Args:
        server: The module that serves it, and its arguments; `{}` is the factory.
    """
    port = free_port()
    argv = [sys.executable, "-m", *(each.format(factory) for each in server), "--port", str(port)]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}
    with (
        log.open("wb") as said,
        subprocess.Popen(argv, env=env, cwd=log.parent, stdout=said, stderr=said) as process,
    ):
        try:
            wait_until(lambda: process.poll() is not None or _answers(port), f"{factory} to answer")
            if process.poll() is not None:
                pytest.fail(f"{factory} did not start:\n{log.read_text()}")
            yield f"127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def run_lines(page: Path, address: str, place: Path, environment: Mapping[str, str]) -> str:
    """Run all blocks of a page that are marked `sh curl`, in their order; return what they print.

    Any line that fails, fails the test.
    """
    script = "\n".join(_BLOCK.findall(page.read_text())).replace(_SHOWN, address)
    assert "curl" in script, f"{page.name} shows no lines to type"
    env = {"PATH": os.environ["PATH"], "HOME": str(place), "LC_ALL": "C.UTF-8", **environment}
    done = subprocess.run(
        ["bash", "-euo", "pipefail"],
        input=script,
        cwd=place,
        env=env,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.fail(f"{page.name}: {done.returncode}\n{script}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=5).close()
    except HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
    return True
