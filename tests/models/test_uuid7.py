"""Identifiers that sort by time."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from holdfast.models.uuid7 import Uuid7Source, derived_uuid7

INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2500, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware


@given(INSTANTS)
def test_it_is_a_uuid_of_version_7_and_tells_its_time(at: datetime) -> None:
    """As RFC 9562 has it: 48 bits of milliseconds, the version, the variant."""
    for text in (Uuid7Source().next(at), derived_uuid7(at, "name")):
        value = uuid.UUID(text)
        assert (value.version, value.variant, str(value)) == (7, uuid.RFC_4122, text)
        told = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value.int >> 80)
        assert timedelta(0) <= at - told < timedelta(milliseconds=1)


@given(st.lists(INSTANTS, min_size=2))
def test_later_ones_sort_after_earlier_ones(instants: list[datetime]) -> None:
    """R43: also when the clock is set back."""
    source = Uuid7Source()
    made = [source.next(at) for at in instants]
    assert made == sorted(set(made))


def test_a_derived_one_is_always_the_same() -> None:
    at = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert derived_uuid7(at, "a") == derived_uuid7(at, "a")
    assert derived_uuid7(at, "a") != derived_uuid7(at, "b")
    assert derived_uuid7(at, "a") < derived_uuid7(at + timedelta(milliseconds=1), "a")
