"""One of several processes that do jobs and tell of them: run as a process of its own.

It works until its standard input ends.
"""

from __future__ import annotations

import sys
from pathlib import Path

from holdfast.jobs import JobEngine
from holdfast.notify import Channel
from tests.notify.conftest import EVERY, OPTIONS
from tests.operations.application import Application


def main(root: str, catalog_url: str, hook_url: str) -> None:
    """Work."""
    channel = Channel("ops", hook_url, EVERY)
    service = Application(Path(root)).service(settings=None, notifications=[channel])
    engine = JobEngine(service, catalog_url=catalog_url, options=OPTIONS)
    engine.start(keep_schedule=True)
    print("ready", flush=True)
    sys.stdin.read()
    engine.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
