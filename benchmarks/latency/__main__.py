"""Measure a host's requests with and without a backup: `python -m benchmarks.latency --size 512M`.

Each isolation is measured in a server of its own: first without a backup, then while backups run
one after the other, each of changed data, then without again. The ratio is of the two.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks import database
from benchmarks.latency.application import DATABASE, ISOLATION, REPOSITORY
from benchmarks.latency.clients import Latency, measure
from benchmarks.report import machine, publish_report
from benchmarks.run import DEFAULT_WORK
from benchmarks.sizes import format_size, parse_size

_MARK = "latency results"
_PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
_APPLICATION = "benchmarks.latency.application:create_app"
_PORT = 18765
_ISOLATIONS = ("process", "thread")
_ROWS = 1000
_POLL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one isolation did to the requests.

    Attributes:
        backups: How many backups were made meanwhile.
    """

    isolation: str
    without: Latency
    during: Latency
    backups: int


def main() -> int:
    """Measure what the command line asks for."""
    options = _parse()
    work: Path = options.work.resolve() / f"latency-{options.size}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    base = work / "app.db"
    print(f"Making a database of {format_size(options.size)}", flush=True)
    database.build(base, options.size)
    results = [_measured(work, base, isolation, options) for isolation in _ISOLATIONS]
    fragment = _report(results, options)
    (work / "results.json").write_text(
        json.dumps([asdict(each) for each in results], indent=2) + "\n"
    )
    print(f"\n{fragment}")
    if options.publish:
        publish_report(_PAGE, fragment, _MARK)
    shutil.rmtree(work)
    return 0


def _measured(work: Path, base: Path, isolation: str, options: argparse.Namespace) -> Result:
    place = work / isolation
    place.mkdir()
    live = place / "app.db"
    shutil.copyfile(base, live)
    with _server(live, place / "repository", isolation) as address:
        return asyncio.run(_run(address, live, isolation, options))


async def _run(address: str, live: Path, isolation: str, options: argparse.Namespace) -> Result:
    limits = httpx.Limits(max_connections=200)
    pace = {"per_second": options.per_second, "rows": _ROWS}
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as client:
        await _answering(client)
        await measure(client, seconds=options.seconds / 4, **pace)  # to warm up
        before = await measure(client, seconds=options.seconds, seed=2, **pace)
        async with _backups(client, live) as (made, running):
            during = await measure(
                client, seconds=options.seconds * 2, seed=3, counts=running.is_set, **pace
            )
        after = await measure(client, seconds=options.seconds, seed=4, **pace)
    without = min(before, after, key=lambda each: each.percentile99_s)
    result = Result(isolation=isolation, without=without, during=during, backups=len(made))
    print(f"  {isolation}: {asdict(result)}", flush=True)
    return result


@asynccontextmanager
async def _backups(
    client: httpx.AsyncClient, live: Path
) -> AsyncIterator[tuple[list[str], asyncio.Event]]:
    """Make one backup after the other while the context lasts; the first is under way in it.

    The event is set while one is made, and not while the data are changed for the next.
    """
    made: list[str] = []
    going, running = asyncio.Event(), asyncio.Event()
    stop = asyncio.Event()

    async def keep_on() -> None:
        while not stop.is_set():
            if made:
                await _change(live, seed=len(made))
            running.set()
            answer = await client.post("/backups-api/backups")
            answer.raise_for_status()
            job = answer.json()
            going.set()
            while job["status"] in ("pending", "running"):
                await asyncio.sleep(_POLL_S)
                job = (await client.get(f"/backups-api/jobs/{job['id']}")).json()
            running.clear()
            if job["status"] != "completed":
                raise RuntimeError(f"A backup failed: {job['error']}")
            made.append(job["backup_id"])

    task = asyncio.create_task(keep_on())
    await asyncio.wait([asyncio.create_task(going.wait()), task], return_when="FIRST_COMPLETED")
    try:
        yield made, running
    finally:
        stop.set()
        await task


async def _change(live: Path, *, seed: int) -> None:
    """Change the data in a process of its own: this one measures."""
    argv = ["-m", "benchmarks.database", "change", str(live), "--how", "recent"]
    process = await asyncio.create_subprocess_exec(sys.executable, *argv, "--seed", str(seed))
    if await process.wait():
        raise RuntimeError("The data could not be changed")


async def _answering(client: httpx.AsyncClient) -> None:
    until_s = time.monotonic() + 60
    while True:
        try:
            (await client.get("/page/0")).raise_for_status()
        except httpx.TransportError:
            if time.monotonic() > until_s:
                raise
            await asyncio.sleep(_POLL_S)
        else:
            return


@contextmanager
def _server(live: Path, repository: Path, isolation: str) -> Iterator[str]:
    environment = {
        **os.environ,
        DATABASE: str(live),
        REPOSITORY: str(repository),
        ISOLATION: isolation,
    }
    argv = [
        sys.executable,
        "-m",
        "uvicorn",
        "--factory",
        "benchmarks.latency.application:create_app",
    ]
    argv += ["--port", str(_PORT), "--log-level", "warning", "--no-access-log"]
    process = subprocess.Popen(argv, env=environment)
    try:
        yield f"http://127.0.0.1:{_PORT}"
    finally:
        process.terminate()
        process.wait(60)


def _report(results: list[Result], options: argparse.Namespace) -> str:
    facts: dict[str, Any] = machine()
    asked = f"{options.per_second:g} requests a second for {options.seconds:g} s"
    lines = [
        ", ".join(f"{name}: {value}" for name, value in facts.items()) + ".",
        "",
        f"SQLite database of {format_size(options.size)}, {asked}.",
        "",
        "| backups run in | | median | 99th percentile | longest |",
        "|---|---|---|---|---|",
    ]
    for each in results:
        for name, latency in (("no backup", each.without), (_during(each), each.during)):
            lines.append(
                f"| a {each.isolation} | {name} | {_ms(latency.median_s)} |"
                f" {_ms(latency.percentile99_s)} | {_ms(latency.longest_s)} |"
            )
        lines.append(
            f"| | ratio | {each.during.median_s / each.without.median_s:.2f} |"
            f" {each.during.percentile99_s / each.without.percentile99_s:.2f} |"
            f" {each.during.longest_s / each.without.longest_s:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _during(result: Result) -> str:
    return f"during {result.backups} backup{'' if result.backups == 1 else 's'}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure a host's requests during backups.")
    parser.add_argument("--size", type=parse_size, default="512M", help="of the database (512M)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement (20)")
    parser.add_argument("--per-second", type=float, default=50.0, help="requests a second (50)")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, help="directory for the data")
    parser.add_argument("--publish", action="store_true", help="put the table into the page")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
