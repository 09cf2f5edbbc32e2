"""The benchmark of a host's latency sums up what it measured by the nearest rank."""

from __future__ import annotations

import pytest

from benchmarks.latency.clients import Latency, latency_of


def test_the_percentile_is_the_nearest_rank() -> None:
    took_s = [float(each) for each in range(200, 0, -1)]
    assert latency_of(took_s) == Latency(
        requests=200, median_s=101.0, percentile99_s=198.0, longest_s=200.0
    )


def test_few_answers_have_the_longest_as_their_percentile() -> None:
    assert latency_of([0.1, 0.5]).percentile99_s == 0.5


def test_nothing_measured_is_no_result() -> None:
    with pytest.raises(ValueError, match="nothing"):
        latency_of([])
