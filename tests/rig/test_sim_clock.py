from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from tests.rig.sim_clock import SimClock, eventually


def start_ticking(clock: SimClock, stop: threading.Event, ticks: list[float]) -> threading.Thread:
    def tick() -> None:
        while not clock.wait(stop, 60):
            ticks.append(clock.monotonic_s() - 1000)

    thread = threading.Thread(target=tick)
    thread.start()
    eventually(lambda: clock.waiting == 1)
    return thread


def test_whoever_waits_is_woken_at_each_moment_on_the_way() -> None:
    clock, stop, ticks = SimClock(), threading.Event(), list[float]()
    thread = start_ticking(clock, stop, ticks)
    clock.advance(200)
    assert ticks == [60, 120, 180]
    stop.set()
    thread.join()


def test_a_stopped_process_wakes_late_and_once() -> None:
    clock, stop, ticks = SimClock(), threading.Event(), list[float]()
    thread = start_ticking(clock, stop, ticks)
    clock.freeze(200)
    assert ticks == []
    clock.thaw()
    assert ticks == [200]
    stop.set()
    thread.join()


def test_the_wall_clock_can_jump_alone() -> None:
    clock = SimClock()
    clock.set_wall(datetime(2000, 1, 1, tzinfo=UTC))
    clock.advance(5)

    assert clock.now() == datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=5)
    assert clock.monotonic_s() == 1005


def test_a_short_wait_is_over_at_once() -> None:
    clock = SimClock()

    assert not clock.wait(threading.Event(), 0.2)
    assert clock.monotonic_s() == 1000.2
