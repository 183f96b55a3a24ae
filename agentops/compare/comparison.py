"""Two revisions side by side: every measure with its counts, the difference, and how certain that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from random import Random

from agentops.clock import Period
from agentops.compare.call_totals import CallTotals
from agentops.compare.statistics import (
    Count,
    Interval,
    calls_to_tell,
    median_difference,
    median_of,
    p95_difference,
    p95_of,
    share_difference,
)
from agentops.document import Revision

# Calls of each revision with which a difference that matters is usually seen.
_FOR_SHARES = calls_to_tell(0.25)
_FOR_MEDIANS = 20  # the bootstrap's coverage was measured for 20 and more
_FOR_P95 = 86  # with fewer, the interval of one side has no upper end at 97.5 %
_MOST_CHOICES = 12  # a disposition metric with more values is free text, unless they are numbers
_YES = frozenset({"true", "yes"})
_NO = frozenset({"false", "no"})


class Unit(StrEnum):
    SHARE = "share"
    SECONDS = "s"
    MILLISECONDS = "ms"
    COST = "cost"
    NUMBER = "number"


class MeasureFinding(StrEnum):
    HIGHER = "higher"
    LOWER = "lower"
    ALIKE = "no difference shown"
    TOO_FEW = "not enough calls to tell"


@dataclass(frozen=True, slots=True)
class Figure:
    """The value of a measure on one side, and of how many calls; None where no call has one. Shares are 0..1."""

    value: float | None
    calls: int


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of a comparison.

    interval: of new minus old at 95 %; None where there are too few calls for one
    needed:   calls of each revision with which a difference that matters is usually seen
    """

    name: str
    unit: Unit
    old: Figure
    new: Figure
    interval: Interval | None
    needed: int

    @property
    def difference(self) -> float | None:
        return None if self.new.value is None or self.old.value is None else self.new.value - self.old.value

    @property
    def fewest(self) -> int:
        """The calls of the side that has fewer."""
        return min(self.new.calls, self.old.calls)

    @property
    def finding(self) -> MeasureFinding:
        if self.interval is not None and self.interval.low > 0:
            return MeasureFinding.HIGHER
        if self.interval is not None and self.interval.high < 0:
            return MeasureFinding.LOWER
        return MeasureFinding.TOO_FEW if self.interval is None or self.fewest < self.needed else MeasureFinding.ALIKE


@dataclass(frozen=True, slots=True)
class RevisionComparison:
    """What the callers of two revisions of an agent experienced.

    key:       the agent's
    free_text: disposition metrics whose values can't be compared
    """

    key: str
    call_types: tuple[str, ...]
    period: Period
    old: Revision
    new: Revision
    old_calls: CallTotals
    new_calls: CallTotals
    measures: tuple[Measure, ...]
    free_text: tuple[str, ...]


def measure(new: CallTotals, old: CallTotals, random: Random) -> tuple[Measure, ...]:
    """Every measure that either side has. `random` is for resampling the medians."""
    return (
        _share("answered", new.answered, new.ended, old.answered, old.ended),
        _share("completion", new.completed, new.answered, old.completed, old.answered),
        *(
            _share(f"ended by {reason}", new.reasons[reason], new.answered, old.reasons[reason], old.answered)
            for reason in sorted(new.reasons | old.reasons)
        ),
        _median("duration, median", Unit.SECONDS, sorted(new.durations_s), sorted(old.durations_s), random),
        _median("turn latency, median", Unit.MILLISECONDS, sorted(new.latencies_ms), sorted(old.latencies_ms), random),
        _p95("turn latency, p95", Unit.MILLISECONDS, sorted(new.latencies_ms), sorted(old.latencies_ms)),
        _median("cost, median", Unit.COST, sorted(new.costs), sorted(old.costs), random),
        *_dispositions(new, old, random),
    )


def free_text_metrics(new: CallTotals, old: CallTotals) -> tuple[str, ...]:
    """Disposition metrics whose values are neither yes and no, nor numbers, nor a few choices."""
    return tuple(name for name in _names(new, old) if _is_free_text(_values(new, name), _values(old, name)))


def _names(new: CallTotals, old: CallTotals) -> list[str]:
    return sorted(new.values.keys() | old.values.keys())


def _values(calls: CallTotals, name: str) -> Counter[str] | None:
    return calls.values.get(name, Counter())


def _is_free_text(new: Counter[str] | None, old: Counter[str] | None) -> bool:
    if new is None or old is None:
        return True
    both = new | old
    return len(both) > _MOST_CHOICES and _numbers(both) is None


def _dispositions(new: CallTotals, old: CallTotals, random: Random) -> Iterator[Measure]:
    for name in _names(new, old):
        ours, theirs = _values(new, name), _values(old, name)
        if ours is None or theirs is None or _is_free_text(ours, theirs):
            continue
        title, both = f"disposition.{name}", ours | theirs
        totals = ours.total(), theirs.total()
        words = {value.lower() for value in both}
        if words <= _YES | _NO:
            hits = [sum(n for value, n in side.items() if value.lower() in _YES) for side in (ours, theirs)]
            yield _share(title, hits[0], totals[0], hits[1], totals[1])
        elif _numbers(both) is not None:
            yield _median(f"{title}, median", Unit.NUMBER, _numbers(ours) or [], _numbers(theirs) or [], random)
        else:
            for value in sorted(both):
                yield _share(f"{title} = {value}", ours[value], totals[0], theirs[value], totals[1])


def _numbers(values: Counter[str]) -> list[float] | None:
    """The values as sorted numbers; None unless all are numbers."""
    try:
        found = sorted(float(value) for value in values.elements())
    except ValueError:
        return None
    return found if all(map(isfinite, found)) else None


def _share(name: str, new: int, new_calls: int, old: int, old_calls: int) -> Measure:
    interval = share_difference(Count(new, new_calls), Count(old, old_calls)) if new_calls and old_calls else None
    ours = Figure(new / new_calls if new_calls else None, new_calls)
    theirs = Figure(old / old_calls if old_calls else None, old_calls)
    return Measure(name, Unit.SHARE, theirs, ours, interval, _FOR_SHARES)


def _median(name: str, unit: Unit, new: list[float], old: list[float], random: Random) -> Measure:
    is_enough = min(len(new), len(old)) >= _FOR_MEDIANS
    interval = median_difference(new, old, random) if is_enough else None
    ours = Figure(median_of(new) if new else None, len(new))
    theirs = Figure(median_of(old) if old else None, len(old))
    return Measure(name, unit, theirs, ours, interval, _FOR_MEDIANS)


def _p95(name: str, unit: Unit, new: list[float], old: list[float]) -> Measure:
    ours = Figure(p95_of(new) if new else None, len(new))
    theirs = Figure(p95_of(old) if old else None, len(old))
    return Measure(name, unit, theirs, ours, p95_difference(new, old), _FOR_P95)
