"""Finds the revision in which something began to fail, from as few calls as can be trusted. Pure: it makes no calls.

A call of a flaky script may end either way, so a revision is believed to be good or bad once one verdict leads the
other by `lead` calls, and the two at the boundary once it leads by twice as many. The search is computed anew from all
calls so far: a later call that takes a lead back also takes back the turns of the search that followed from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from math import ceil, log2

from agentops.document import Verdict

_UNDECIDED = 6  # times `lead`: after so many calls without a lead a revision counts as neither good nor bad


@dataclass(frozen=True, slots=True)
class Tally:
    """How the calls of one revision ended."""

    passed: int = 0
    failed: int = 0
    inconclusive: int = 0

    @property
    def calls(self) -> int:
        return self.passed + self.failed + self.inconclusive

    def plus(self, verdict: Verdict) -> Tally:
        match verdict:
            case Verdict.PASSED:
                return Tally(self.passed + 1, self.failed, self.inconclusive)
            case Verdict.FAILED:
                return Tally(self.passed, self.failed + 1, self.inconclusive)
            case Verdict.INCONCLUSIVE:
                return Tally(self.passed, self.failed, self.inconclusive + 1)


class NotFoundReason(StrEnum):
    """Why no revision was found."""

    NEVER_FAILS = "it passes on the newest of them, too"
    ALWAYS_FAILS = "it fails on the oldest of them already"
    UNDECIDED = "the calls at an end of them were inconclusive, or passed as often as they failed"
    GAVE_UP = "its verdicts change too often to be believed"


@dataclass(frozen=True, slots=True)
class CallNext:
    """The revision at `index` is to be called next."""

    index: int


@dataclass(frozen=True, slots=True)
class Boundary:
    """It passes on `good` and fails on `bad`. Between the two are at most revisions that are neither."""

    good: int
    bad: int


@dataclass(frozen=True, slots=True)
class NotFound:
    why: NotFoundReason


class _Belief(Enum):
    GOOD = "good"
    BAD = "bad"
    OPEN = "open"
    NEITHER = "neither"


def next_step(tallies: Sequence[Tally], lead: int, most: int) -> CallNext | Boundary | NotFound:
    """What to do after calls that ended as `tallies` say: one for each revision, oldest first (two at least).

    lead: calls by which one verdict must lead; 1 for a script that always ends the same way
    most: calls in all, after which the search gives up
    """
    step = _search(tallies, lead)
    if isinstance(step, CallNext) and sum(tally.calls for tally in tallies) >= most:
        return NotFound(NotFoundReason.GAVE_UP)
    return step


def _search(tallies: Sequence[Tally], lead: int) -> CallNext | Boundary | NotFound:
    good, bad = 0, len(tallies) - 1
    for end, wrong, why in (
        (bad, _Belief.GOOD, NotFoundReason.NEVER_FAILS),
        (good, _Belief.BAD, NotFoundReason.ALWAYS_FAILS),
    ):
        belief = _belief(tallies[end], lead)
        if belief is _Belief.OPEN:
            return CallNext(end)
        if belief is _Belief.NEITHER:
            return NotFound(NotFoundReason.UNDECIDED)
        if belief is wrong:
            # Nothing else will be called to contradict it, so it takes as much as the boundary.
            sure = _belief(tallies[end], _doubled(lead))
            return CallNext(end) if sure is _Belief.OPEN else NotFound(why)
    while between := [i for i in range(good + 1, bad) if _belief(tallies[i], lead) is not _Belief.NEITHER]:
        middle = min(between, key=lambda i: abs(2 * i - good - bad))
        match _belief(tallies[middle], lead):
            case _Belief.OPEN:
                return CallNext(middle)
            case _Belief.GOOD:
                good = middle
            case _:
                bad = middle
    for index in (bad, good):
        if _belief(tallies[index], _doubled(lead)) is _Belief.OPEN:
            return CallNext(index)
    return Boundary(good, bad)


def _doubled(lead: int) -> int:
    return 1 if lead == 1 else 2 * lead  # a script that always ends the same way needs no second call


def _belief(tally: Tally, lead: int) -> _Belief:
    if tally.passed - tally.failed >= lead:
        return _Belief.GOOD
    if tally.failed - tally.passed >= lead:
        return _Belief.BAD
    return _Belief.NEITHER if tally.calls >= _UNDECIDED * lead else _Belief.OPEN


def expected_calls(revisions: int, lead: int) -> int:
    """How many calls it takes when every revision always ends the same way."""
    turns = ceil(log2(max(revisions - 1, 1)))
    return lead * (2 + turns) + 2 * (_doubled(lead) - lead)


def most_calls(revisions: int, lead: int) -> int:
    """How many calls are made at most: a flaky script takes more than expected, but not without end."""
    return 2 * expected_calls(revisions, lead)
