"""A message is sent by one, once, whatever becomes of processes and clocks; in both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from holdfast.catalog import CatalogDatabase, Delivery
from tests.rig.sim_clock import SimClock

DOCUMENT = {"event": "failed", "message": "Backup failed"}
LEASE_S = 70.0


def add(catalog: CatalogDatabase, key: str = "job 1", *channels: str) -> int:
    return catalog.deliveries.add(
        plan="app", key=key, channels=channels or ("ops",), document=DOCUMENT
    )


def claim(catalog: CatalogDatabase, *channels: str) -> list[Delivery]:
    return catalog.deliveries.claim(
        "app", channels=channels or ("ops",), owner="me", lease_s=LEASE_S
    )


def test_a_message_is_added_once_for_each_channel(catalog: CatalogDatabase) -> None:
    """A channel that came later gets it too."""
    assert add(catalog) == 1
    assert add(catalog) == 0
    assert add(catalog, "job 1", "ops", "mail") == 1
    assert (
        catalog.deliveries.add(
            plan="other", key="job 1", channels=["ops"], document={"event": "overdue"}
        )
        == 1
    )


def test_one_of_many_adds_and_one_claims(
    catalog: CatalogDatabase, another: Callable[[], CatalogDatabase]
) -> None:
    """All at once, as several processes do after the end of a job."""
    catalog.open()
    many = [another() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(add, many)) == 1
        claims = [each for found in pool.map(claim, many) for each in found]
    [claimed] = claims
    assert (claimed.channel, claimed.event, claimed.document) == ("ops", "failed", DOCUMENT)
    assert (claimed.tries, claimed.tried_at, claimed.delivered) == (1, None, False)


def test_the_oldest_message_of_each_channel_comes_first(catalog: CatalogDatabase) -> None:
    """One at a time, so that a recovery is not told before its failure."""
    add(catalog, "job 1", "ops", "mail")
    add(catalog, "job 2")
    first = claim(catalog, "ops", "mail")
    assert sorted((each.channel, each.number) for each in first) == [("mail", 2), ("ops", 1)]
    assert claim(catalog, "slack") == []


def test_what_came_of_it_is_kept(catalog: CatalogDatabase, clock: SimClock) -> None:
    add(catalog)
    [claimed] = claim(catalog)
    assert catalog.deliveries.last("app") == {}
    clock.advance(2)
    catalog.deliveries.finish(claimed, error=None)
    last = catalog.deliveries.last("app")["ops"]
    assert (last.delivered, last.error, last.tried_at) == (True, None, clock.now())
    assert claim(catalog) == []
    kept = catalog.deliveries.record(
        plan="app", channel="ops", key="test 1", document={"event": "test"}, error="Nobody"
    )
    assert catalog.deliveries.last("app") == {"ops": kept}
    assert (kept.event, kept.delivered, kept.error) == ("test", False, "Nobody")


def test_what_failed_is_tried_again_when_it_is_due(
    catalog: CatalogDatabase, clock: SimClock
) -> None:
    add(catalog)
    [claimed] = claim(catalog)
    catalog.deliveries.finish(claimed, error="Nobody", again_after=timedelta(seconds=30))
    assert catalog.deliveries.last("app")["ops"].error == "Nobody"
    assert claim(catalog) == []
    clock.advance(30)
    [again] = claim(catalog)
    assert again.tries == 2
    catalog.deliveries.finish(again, error="Nobody")
    clock.advance(3600)
    assert claim(catalog) == []


def test_when_its_sender_died_another_sends_it(catalog: CatalogDatabase, clock: SimClock) -> None:
    """And what the first one says after all is not believed."""
    add(catalog)
    [lost] = claim(catalog)
    clock.advance(LEASE_S - 1)
    assert claim(catalog) == []
    clock.advance(1)
    [taken] = claim(catalog)
    assert taken.generation == lost.generation + 1
    catalog.deliveries.finish(lost, error=None)
    assert catalog.deliveries.last("app") == {}
    catalog.deliveries.finish(taken, error=None)
    assert catalog.deliveries.last("app")["ops"].delivered


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(days=-400)], ids=str)
def test_a_clock_that_was_set_neither_doubles_nor_keeps_a_message(
    catalog: CatalogDatabase, clock: SimClock, by: timedelta
) -> None:
    """R43: set forward, no lease counts as ended for a while; set back, none is endless."""
    add(catalog)
    [first] = claim(catalog)
    clock.set_wall(clock.now() + by)
    found = claim(catalog)
    if by > timedelta(0):
        assert found == []
        catalog.deliveries.finish(first, error=None)
        assert claim(catalog) == []
    else:
        assert [each.number for each in found] == [first.number]


def test_what_is_a_day_old_is_not_told_any_more(catalog: CatalogDatabase, clock: SimClock) -> None:
    add(catalog)
    clock.advance(24 * 3600)
    assert claim(catalog) == []
    add(catalog, "job 2")
    assert catalog.deliveries.expire("app", before=clock.now()) == 1
    assert len(claim(catalog)) == 1
