"""Whether a new revision may stay: the rules of `deploy.watch` over its calls, beside those of the one before.

A rule is turned into a share of good calls. It has failed when the upper bound of an anytime-valid confidence sequence
(`statistics.sequence_of_difference`) is below what is asked for, and the estimate is beyond the margin, too: so looking
after every call gives hardly more false alarms than looking once. The guards are those that others had to add: a side
without calls is no data (Kayenta's judge), few calls are no failure (Argo Rollouts and Flagger, without traffic).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from agentops.clock import ALWAYS, Period
from agentops.compare.call_totals import read_row
from agentops.compare.statistics import (
    Count,
    Interval,
    p95_of,
    sequence_of_difference,
    sequence_of_share,
    share_difference,
    smallest_drop,
)
from agentops.document import Verdict
from agentops.watch_rules import WATCH_DISPOSITION, WATCH_LATENCY, WatchLimit, WatchRule

MOST_OLD = 200  # calls of the revision before, the last ones
LEAST_OLD, LEAST_NEW = 50, 20  # calls that a rule needs before it decides
ALPHA = 0.05  # the chance of a false alarm for all rules of an agent together
PLANNED = 100  # calls of the new revision for which a rule's smallest detectable drop is given
_SLOWER = 0.05  # the share of calls that may be slower than the latency's limit: a p95 says just that
_OUTAGE = timedelta(minutes=10)
_SYSTEM = frozenset({"system_error", "connection_error"})
_YES = frozenset({"true", "yes"})
_WORDS = _YES | {"false", "no"}
_NONE = Count(0, 0)


@dataclass(frozen=True, slots=True)
class WatchedCall:
    """What the rules need to know of one ended call. `answers`: by disposition metric, of those that rules name."""

    at: datetime
    is_answered: bool
    is_completed: bool
    reason: str | None
    latency_ms: float | None
    answers: Mapping[str, str]


@dataclass(slots=True)
class WatchedCalls:
    """The calls of one revision that count, for `judge`.

    left_out: why rows were left out, and how many
    metrics:  the names of all disposition metrics that the calls have
    """

    revision_id: str
    rules: Sequence[WatchRule]
    period: Period = ALWAYS
    calls: list[WatchedCall] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    metrics: set[str] = field(default_factory=set)

    def add(self, data: Mapping[str, Any], hours: frozenset[Hour] | None = None) -> None:
        """Adds one row of the conversation list if the call began in `hours`; None: at any time.

        Raises PlatformError when it is another revision's.
        """
        row = read_row(data, self.revision_id, self.period)
        if isinstance(row, str):
            self.left_out[row] += 1
        elif row.moment is None:
            self.left_out["of no known time"] += 1
        elif hours is not None and hour_of(row.moment) not in hours:
            self.left_out["in other hours"] += 1
        else:
            given = row.dispositions or {}
            self.metrics.update(given)
            names = (rule.metric.removeprefix(WATCH_DISPOSITION) for rule in self.rules)
            answers = {name: str(given[name]).strip().lower() for name in names if given.get(name) is not None}
            self.calls.append(
                WatchedCall(row.moment, row.is_answered, row.is_completed, row.reason, row.latency_ms, answers)
            )


Hour = tuple[bool, int]  # whether it is on a weekend, and the hour of the day, both in UTC


def hour_of(moment: datetime) -> Hour:
    return moment.weekday() >= 5, moment.hour


def hours_around(calls: Sequence[WatchedCall]) -> frozenset[Hour]:
    """The hours in which calls began and those beside them, so that a change to summer time leaves no call out."""
    begun = {call.at.replace(minute=0, second=0, microsecond=0) for call in calls}
    return frozenset(hour_of(at + timedelta(hours=shift)) for at in begun for shift in (-1, 0, 1))


@dataclass(frozen=True, slots=True)
class Ruling:
    """What became of one rule.

    why:      the reason for the verdict, for people
    old, new: the good calls among those that the rule is about
    limit_ms: how long a call's answers may take; None unless the rule is about the latency
    bounds:   of the share of good calls: new minus old, or new alone for an absolute rule
    finds:    the smallest drop of that share that is found by call `PLANNED` in four of five deploys
    """

    rule: WatchRule
    verdict: Verdict = Verdict.INCONCLUSIVE
    why: str = ""
    old: Count = _NONE
    new: Count = _NONE
    limit_ms: float | None = None
    bounds: Interval | None = None
    finds: float | None = None


def judge(rules: Sequence[WatchRule], new: Sequence[WatchedCall], old: Sequence[WatchedCall]) -> tuple[Ruling, ...]:
    """Every rule, judged by the calls of the new revision and of the one before.

    A comparison takes only calls from hours of the day in which both have some; an absolute rule takes all new ones.
    """
    hours = hours_around(old)
    beside = [call for call in new if hour_of(call.at) in hours]
    alpha = ALPHA / len(rules)  # Bonferroni: more rules must not mean more false alarms
    return tuple(
        _compared(rule, alpha, beside, old) if rule.limit.is_relative else _bounded(rule, alpha, new) for rule in rules
    )


def _compared(rule: WatchRule, alpha: float, new: Sequence[WatchedCall], old: Sequence[WatchedCall]) -> Ruling:
    """The ruling on a rule about the difference from the revision before."""
    limit_ms = None
    if rule.metric == WATCH_LATENCY:
        known_ms = sorted(call.latency_ms for call in old if call.latency_ms is not None)
        if len(known_ms) < LEAST_OLD:
            return Ruling(rule, why=_few_before(len(known_ms)))
        # A p95 has no confidence sequence; the share of calls that are slower than the old one has.
        limit_ms = p95_of(known_ms) + rule.amount
    margin = _SLOWER if limit_ms is not None else rule.amount
    found = Ruling(rule, old=_count(rule, old, limit_ms), new=_count(rule, new, limit_ms), limit_ms=limit_ms)
    if found.old.calls < LEAST_OLD:
        return replace(found, why=_few_before(found.old.calls))
    found = replace(found, finds=smallest_drop(found.old.share, found.old.calls, PLANNED, alpha, margin))
    if found.new.calls < LEAST_NEW:
        return replace(found, why=_few_since(rule, found.new.calls, len(new)))
    bounds = sequence_of_difference(found.new, found.old, alpha)
    has_failed = bounds.high < 0 and found.new.share - found.old.share < -margin
    return _ruled(replace(found, bounds=bounds), new, has_failed=has_failed, has_passed=bounds.low > -margin)


def _bounded(rule: WatchRule, alpha: float, new: Sequence[WatchedCall]) -> Ruling:
    """The ruling on a rule with a bound of its own, whatever the revision before did."""
    limit_ms = rule.amount if rule.metric == WATCH_LATENCY else None
    least = 1 - _SLOWER if limit_ms is not None else rule.amount if rule.limit is WatchLimit.LEAST else 1 - rule.amount
    finds = smallest_drop(least, None, PLANNED, alpha)
    found = Ruling(rule, new=_count(rule, new, limit_ms), limit_ms=limit_ms, finds=finds)
    if found.new.calls < LEAST_NEW:
        return replace(found, why=_few_since(rule, found.new.calls, len(new)))
    bounds = sequence_of_share(found.new, alpha)
    return _ruled(replace(found, bounds=bounds), new, has_failed=bounds.high < least, has_passed=bounds.low >= least)


def _ruled(found: Ruling, new: Sequence[WatchedCall], *, has_failed: bool, has_passed: bool) -> Ruling:
    if has_passed:
        return replace(found, verdict=Verdict.PASSED, why="kept")
    if not has_failed:
        return replace(found, why="not enough calls to tell yet")
    bad = sorted(call.at for call in new if _is_good(found.rule, call, found.limit_ms) is False)
    half = len(bad) // 2
    # bad[i + half] is the call with which more than half of them have begun since bad[i].
    if any(late - early <= _OUTAGE for early, late in zip(bad, bad[half:], strict=False)):
        return replace(found, why="more than half of the bad calls began within ten minutes, as in an outage")
    return replace(found, verdict=Verdict.FAILED, why="broken")


def _few_before(calls: int) -> str:
    return f"{calls} of at least {LEAST_OLD} calls of the revision before, in the same hours"


def _few_since(rule: WatchRule, calls: int, of: int) -> str:
    if rule.metric.startswith(WATCH_DISPOSITION) and not calls and of:
        wanted = "" if rule.answer is not None else " with yes or no"
        return f"no call answers {rule.metric}{wanted}"
    return f"{calls} of at least {LEAST_NEW} calls"


def _count(rule: WatchRule, calls: Sequence[WatchedCall], limit_ms: float | None) -> Count:
    known = [good for call in calls if (good := _is_good(rule, call, limit_ms)) is not None]
    return Count(sum(known), len(known))


def _is_good(rule: WatchRule, call: WatchedCall, limit_ms: float | None) -> bool | None:
    """Whether the call is as the rule wants calls to be; None for a call that the rule is not about."""
    if rule.metric == WATCH_LATENCY:
        return None if limit_ms is None or call.latency_ms is None else call.latency_ms <= limit_ms
    has_it = _has(rule, call)
    is_wanted = rule.limit in (WatchLimit.DROP, WatchLimit.LEAST)
    return None if has_it is None else has_it is is_wanted


def _has(rule: WatchRule, call: WatchedCall) -> bool | None:
    """Whether the call is one of those that the rule counts; None for a call that the rule is not about."""
    match rule.metric:
        case "answered":
            return call.is_answered
        case "system_errors":
            return call.reason in _SYSTEM
        case _ if not call.is_answered:
            return None  # everything below happens only in answered calls
        case "completion":
            return call.is_completed
        case "hang_ups":
            return call.reason == "user_hangup"
        case "transfers":
            return call.reason == "transfer_complete"
    answer = call.answers.get(rule.metric.removeprefix(WATCH_DISPOSITION))
    if answer is None or (rule.answer is None and answer not in _WORDS):
        return None
    return answer in _YES if rule.answer is None else answer == rule.answer.strip().lower()


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The calls of agents whose revision did not change: before the watched one went live, and since."""

    keys: tuple[str, ...] = ()
    before: tuple[WatchedCall, ...] = ()
    since: tuple[WatchedCall, ...] = ()


def excused(ruling: Ruling, unchanged: Unchanged) -> Ruling:
    """`ruling`; inconclusive where the calls of unchanged agents got worse in the same way at the same time."""
    rule, limit_ms = ruling.rule, ruling.limit_ms
    if rule.metric == WATCH_LATENCY:  # each agent has a latency of its own, and so a limit of its own
        known_ms = sorted(call.latency_ms for call in unchanged.before if call.latency_ms is not None)
        limit_ms = p95_of(known_ms) + (rule.amount if rule.limit.is_relative else 0.0) if known_ms else None
    before, since = (_count(rule, calls, limit_ms) for calls in (unchanged.before, unchanged.since))
    if ruling.verdict is not Verdict.FAILED or not before.calls or not since.calls:
        return ruling
    if share_difference(since, before).high >= 0:
        return ruling
    why = f"unchanged agents got worse at the same time: {', '.join(unchanged.keys)}"
    return replace(ruling, verdict=Verdict.INCONCLUSIVE, why=why)


def verdict_of(rulings: Sequence[Ruling]) -> Verdict:
    """FAILED when a rule has failed, PASSED when all have passed."""
    verdicts = {ruling.verdict for ruling in rulings}
    if Verdict.FAILED in verdicts:
        return Verdict.FAILED
    return Verdict.PASSED if verdicts == {Verdict.PASSED} else Verdict.INCONCLUSIVE
