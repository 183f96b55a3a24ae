"""The search for the revision in which a script began to fail: scripts that always end alike, and flaky ones."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from agentops.compare.bisection import (
    Boundary,
    CallNext,
    NotFound,
    NotFoundReason,
    Tally,
    expected_calls,
    most_calls,
    next_step,
)
from agentops.document import Verdict

COUNT = 30


def searched(oracle: Callable[[int], Verdict], lead: int, count: int = COUNT) -> tuple[Boundary | NotFound, int]:
    """What is found, and by how many calls."""
    tallies = [Tally()] * count
    while isinstance(step := next_step(tallies, lead, most_calls(count, lead)), CallNext):
        tallies[step.index] = tallies[step.index].plus(oracle(step.index))
    return step, sum(tally.calls for tally in tallies)


def failing_from(first: int, flaky: float = 0.0, random: Random | None = None) -> Callable[[int], Verdict]:
    def oracle(index: int) -> Verdict:
        is_failure = index >= first
        if random is not None and random.random() < flaky:
            is_failure = not is_failure
        return Verdict.FAILED if is_failure else Verdict.PASSED

    return oracle


@pytest.mark.parametrize("lead", [1, 2, 3])
@pytest.mark.parametrize("first", range(1, COUNT))
def test_every_first_failure_is_found_in_the_calls_that_were_announced(first: int, lead: int) -> None:
    found, calls = searched(failing_from(first), lead)
    assert found == Boundary(first - 1, first)
    assert calls <= expected_calls(COUNT, lead)


@pytest.mark.parametrize("lead", [1, 2])
def test_both_ends_are_called(lead: int) -> None:
    assert searched(failing_from(COUNT), lead)[0] == NotFound(NotFoundReason.NEVER_FAILS)
    assert searched(failing_from(0), lead)[0] == NotFound(NotFoundReason.ALWAYS_FAILS)
    assert searched(failing_from(1), lead, count=2)[0] == Boundary(0, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("flaky", "lead", "least"), [(0.05, 2, 0.97), (0.15, 3, 0.94)])
def test_a_flaky_script_is_called_again_until_it_can_be_believed(flaky: float, lead: int, least: float) -> None:
    random, right, wrong = Random(5), 0, 0
    for run in range(400):
        first = 1 + run % (COUNT - 1)
        found, _ = searched(failing_from(first, flaky, random), lead)
        right += found == Boundary(first - 1, first)
        wrong += isinstance(found, Boundary) and found != Boundary(first - 1, first)
    assert right / 400 >= least
    assert wrong / 400 <= 0.02


def test_a_coin_is_not_believed() -> None:
    random, found = Random(6), 0
    for _ in range(200):
        step, calls = searched(lambda index: random.choice([Verdict.PASSED, Verdict.FAILED]), 3)
        found += isinstance(step, Boundary)
        assert calls <= most_calls(COUNT, 3)
    assert found / 200 <= 0.1


def test_a_revision_that_can_not_be_called_is_left_out() -> None:
    def oracle(index: int) -> Verdict:
        return Verdict.INCONCLUSIVE if index in (14, 15, 16) else failing_from(15)(index)

    tallies = [Tally()] * COUNT
    while isinstance(step := next_step(tallies, 1, 100), CallNext):
        tallies[step.index] = tallies[step.index].plus(oracle(step.index))
    assert step == Boundary(13, 17)
    assert searched(lambda index: Verdict.INCONCLUSIVE, 1)[0] == NotFound(NotFoundReason.UNDECIDED)
