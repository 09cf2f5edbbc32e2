"""Schedules and facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.catalog import CatalogDatabase, Schedule
from holdfast.errors import PreconditionFailed
from tests.rig.sim_clock import SimClock

SCHEDULE = Schedule(
    plan="app",
    cron="30 2 * * *",
    timezone="Europe/Berlin",
    enabled=False,
    retention={"keep_daily": 7, "keep_tags": ["a"], "keep_within": "30d"},
    misfire="skip",
    updated_by="ann",
)


def test_a_schedule_is_kept_with_its_version(catalog: CatalogDatabase, clock: SimClock) -> None:
    assert catalog.schedules.get("app") is None
    first = catalog.schedules.put(SCHEDULE, expected_version=0)
    assert first == replace(SCHEDULE, version=1, updated_at=clock.now())
    clock.advance(1)
    second = catalog.schedules.put(replace(first, enabled=True), expected_version=1)
    assert second == replace(first, enabled=True, version=2, updated_at=clock.now())
    assert catalog.schedules.get("app") == second
    assert catalog.schedules.get("other") is None


@pytest.mark.parametrize("expected", [0, 2])
def test_a_change_of_another_version_is_refused(catalog: CatalogDatabase, expected: int) -> None:
    """Nobody overwrites what they have not seen."""
    kept = catalog.schedules.put(SCHEDULE, expected_version=None)
    with pytest.raises(PreconditionFailed, match="changed meanwhile"):
        catalog.schedules.put(replace(SCHEDULE, cron="0 0 * * *"), expected_version=expected)
    assert catalog.schedules.get("app") == kept


def test_without_an_expected_version_it_is_replaced(catalog: CatalogDatabase) -> None:
    catalog.schedules.put(SCHEDULE, expected_version=None)
    assert catalog.schedules.put(SCHEDULE, expected_version=None).version == 2


@pytest.mark.parametrize("value", [None, False, 0, "", [], {"a": [1, None, "ä"]}, 1.5])
def test_a_fact_is_any_json(catalog: CatalogDatabase, value: object) -> None:
    catalog.facts.put("key", value)
    assert catalog.facts.get("key", "default") == value


def test_facts_are_put_added_taken_and_removed(
    catalog: CatalogDatabase, another: Callable[[], CatalogDatabase]
) -> None:
    """`add` keeps the first, `put` the last; `take` gives it to one."""
    assert catalog.facts.get("id", "none") == "none"
    assert catalog.facts.add("id", 1) == 1
    assert another().facts.add("id", 2) == 1
    catalog.facts.put("id", 3)
    catalog.facts.put("id_%", 4)
    assert catalog.facts.under("id_") == {"id_%": 4}
    assert catalog.facts.under("id") == {"id": 3, "id_%": 4}
    assert another().facts.take("id") == 3
    assert catalog.facts.take("id") is None
    catalog.facts.remove("id_%")
    catalog.facts.remove("id_%")
    assert catalog.facts.under("") == {}


def test_instants_are_kept_whatever_their_zone(catalog: CatalogDatabase, clock: SimClock) -> None:
    """They come back in UTC."""
    from zoneinfo import ZoneInfo

    clock.set_wall(clock.now().astimezone(ZoneInfo("Pacific/Apia")) + timedelta(microseconds=7))
    kept = catalog.schedules.put(SCHEDULE, expected_version=0)
    found = catalog.schedules.get("app")
    assert found == kept
    assert found.updated_at is not None
    assert found.updated_at.utcoffset() == timedelta(0)
