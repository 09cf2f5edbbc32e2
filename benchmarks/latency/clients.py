"""Clients that ask for a page at a steady pace and note how long each answer took.

The pace does not follow the answers: a request that waits does not spare the server the next one,
as the users of an application do not wait for one another.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long answers took [s], and how many there were."""

    requests: int
    median_s: float
    percentile99_s: float
    longest_s: float


async def measure(
    client: httpx.AsyncClient,
    *,
    seconds: float,
    per_second: float,
    rows: int,
    seed: int = 1,
    counts: Callable[[], bool] = lambda: True,
) -> Latency:
    """Ask for pages for so long.

    Args:
        counts: Says as a request is made whether its answer's time is counted.

    Raises:
        httpx.HTTPStatusError: An answer was an error.
    """
    chance = random.Random(seed)
    took_s: list[float] = []
    asked: list[asyncio.Task[None]] = []
    begun_s = time.perf_counter()
    for number in range(round(seconds * per_second)):
        wait_s = begun_s + number / per_second - time.perf_counter()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        noted = took_s if counts() else []
        asked.append(asyncio.create_task(_ask(client, chance.randrange(rows), noted)))
    await asyncio.gather(*asked)
    return latency_of(took_s)


async def _ask(client: httpx.AsyncClient, start: int, took_s: list[float]) -> None:
    begun_s = time.perf_counter()
    answer = await client.get(f"/page/{start}")
    answer.raise_for_status()
    took_s.append(time.perf_counter() - begun_s)


def latency_of(took_s: list[float]) -> Latency:
    """Sum up what was measured; the percentile is the nearest rank."""
    ordered = sorted(took_s)
    if not ordered:
        raise ValueError("nothing was measured")
    rank = max(0, -(-99 * len(ordered) // 100) - 1)
    return Latency(
        requests=len(ordered),
        median_s=ordered[len(ordered) // 2],
        percentile99_s=ordered[rank],
        longest_s=ordered[-1],
    )
