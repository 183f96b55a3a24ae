"""The intervals cover what they say they cover, on data drawn here; the sequence alarms seldom and finds what is there.

The seeds are fixed, so that the shares below are facts and not luck.
"""

from __future__ import annotations

from math import log
from random import Random

import pytest

from agentops.compare.statistics import (
    Count,
    calls_to_tell,
    median_difference,
    p95_difference,
    p95_interval,
    p95_of,
    sequence_of_difference,
    sequence_of_share,
    share_difference,
    share_interval,
)

pytestmark = pytest.mark.slow


def drawn(random: Random, share: float, calls: int) -> Count:
    return Count(sum(random.random() < share for _ in range(calls)), calls)


def test_the_published_examples() -> None:
    """Newcombe 1998, table II, method 10: 56/70 - 48/80 and the extreme 10/10 - 0/10."""
    found = share_difference(Count(56, 70), Count(48, 80))
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)
    extreme = share_difference(Count(10, 10), Count(0, 10))
    assert (round(extreme.low, 4), round(extreme.high, 4)) == (0.6075, 1.0)
    wilson = share_interval(Count(81, 263))
    assert (round(wilson.low, 4), round(wilson.high, 4)) == (0.2553, 0.3662)


@pytest.mark.parametrize("share", [0.5, 0.85, 0.99])
def test_the_interval_of_a_difference_covers_no_difference(share: float) -> None:
    random, misses = Random(1), 0
    for _ in range(1000):
        found = share_difference(drawn(random, share, 60), drawn(random, share, 60))
        misses += not found.low <= 0 <= found.high
    assert misses <= 65


@pytest.mark.parametrize("calls", [20, 51, 200])
def test_the_interval_of_a_difference_of_medians_covers_it(calls: int) -> None:
    random, hits = Random(2), 0
    for _ in range(200):
        new, old = (sorted(random.expovariate(rate) for _ in range(calls)) for rate in (1, 2))
        found = median_difference(new, old, random)
        hits += found.low <= log(2) / 2 <= found.high
    assert 0.90 <= hits / 200 <= 0.99


def test_medians_that_differ_are_told_apart() -> None:
    random = Random(3)
    old = sorted(random.gauss(100, 10) for _ in range(60))
    new = sorted(random.gauss(115, 10) for _ in range(60))
    found = median_difference(new, old, random)
    assert 0 < found.low < 15 < found.high


def test_a_95th_percentile_needs_72_values() -> None:
    assert p95_interval([float(n) for n in range(71)]) is None
    assert p95_interval([float(n) for n in range(72)]) is not None
    assert p95_difference([float(n) for n in range(72)], [float(n) for n in range(500)]) is None


@pytest.mark.parametrize("calls", [72, 200])
def test_the_interval_of_a_95th_percentile_covers_it(calls: int) -> None:
    random, hits = Random(4), 0
    for _ in range(400):
        found = p95_interval(sorted(random.expovariate(1) for _ in range(calls)))
        assert found is not None
        hits += found.low <= 2.9957 <= found.high
    assert hits / 400 >= 0.95


def test_the_95th_percentile_is_a_value_that_was_seen() -> None:
    assert p95_of([float(n) for n in range(1, 101)]) == 95


def alarms(random: Random, old_share: float, new_share: float, baseline: int, runs: int, margin: float) -> float:
    """The share of runs in which looking after every call from 20 to 200 found a drop beyond the margin."""
    found = 0
    for _ in range(runs):
        old, hits = drawn(random, old_share, baseline), 0
        for calls in range(1, 201):
            hits += random.random() < new_share
            new = Count(hits, calls)
            if calls >= 20 and new.share - old.share < -margin and sequence_of_difference(new, old, 0.05).high < 0:
                found += 1
                break
    return found / runs


@pytest.mark.parametrize(("share", "baseline"), [(0.5, 50), (0.85, 200), (0.99, 50)])
def test_looking_after_every_call_seldom_alarms_when_nothing_changed(share: float, baseline: int) -> None:
    assert alarms(Random(5), share, share, baseline, 400, 0.05) <= 0.03


def test_a_drop_by_thirty_points_is_found() -> None:
    assert alarms(Random(6), 0.85, 0.55, 200, 200, 0.05) >= 0.98


def test_a_share_alone_is_bounded_at_every_look() -> None:
    random, wrong = Random(7), 0
    for _ in range(400):
        hits = 0
        for calls in range(1, 201):
            hits += random.random() < 0.9
            if calls >= 20 and sequence_of_share(Count(hits, calls), 0.05).high < 0.9:
                wrong += 1
                break
    assert wrong / 400 <= 0.05


def test_about_sixty_calls_tell_a_quarter() -> None:
    assert calls_to_tell(0.25) == 63
