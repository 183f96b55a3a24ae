"""The rules of `deploy.watch` on calls made here: what fails, what passes, and what nobody can tell.

The seeds are fixed, so that the shares below are facts and not luck.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from agentops.compare.watch import Unchanged, WatchedCall, WatchedCalls, excused, hours_around, judge, verdict_of
from agentops.compare.watch_result import is_going_back, why_kept
from agentops.document import Environment, Mark, Revision, Verdict, build_label
from agentops.watch_rules import WatchLimit, WatchRule

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
HANG_UPS = WatchRule("hang_ups", WatchLimit.RISE, 0.05)
COMPLETION = WatchRule("completion", WatchLimit.DROP, 0.05)
LATENCY = WatchRule("latency_p95_ms", WatchLimit.RISE, 300)
RESOLVED = WatchRule("disposition.resolved", WatchLimit.LEAST, 0.6)
ERRORS = WatchRule("system_errors", WatchLimit.MOST, 0.02)


def call(at: datetime = MONDAY, reason: str = "agent_hangup", latency_ms: float = 500.0, **answers: str) -> WatchedCall:
    is_broken = reason in ("system_error", "connection_error", "timeout")
    return WatchedCall(at, True, not is_broken, reason, latency_ms, answers)


def spread(calls: list[WatchedCall], start: datetime = MONDAY, hours: float = 4) -> list[WatchedCall]:
    """The calls at even distances over some hours."""
    return [replace(each, at=start + timedelta(hours=hours * i / len(calls))) for i, each in enumerate(calls)]


def hung_up(count: int, share: float, random: Random | None = None) -> list[WatchedCall]:
    """Calls of which a share is ended by the caller, evenly or by chance."""
    is_theirs = [random.random() < share if random else (i * share) % 1 + share >= 1 for i in range(count)]
    return spread([call(reason="user_hangup" if each else "agent_hangup") for each in is_theirs])


def ruled(rule: WatchRule, new: list[WatchedCall], old: list[WatchedCall]) -> tuple[Verdict, str]:
    (found,) = judge([rule], new, old)
    return found.verdict, found.why


def test_callers_who_hang_up_are_found_and_callers_who_do_not_pass() -> None:
    old = hung_up(200, 0.2)
    assert ruled(HANG_UPS, hung_up(60, 0.6), old)[0] is Verdict.FAILED
    assert ruled(replace(HANG_UPS, amount=0.3), hung_up(200, 0.2), old)[0] is Verdict.PASSED
    assert ruled(HANG_UPS, hung_up(40, 0.25), old) == (Verdict.INCONCLUSIVE, "not enough calls to tell yet")


@pytest.mark.parametrize(
    ("new", "old", "why"),
    [
        (hung_up(19, 1), hung_up(200, 0.1), "19 of at least 20 calls"),
        (hung_up(60, 1), hung_up(49, 0.1), "49 of at least 50 calls of the revision before, in the same hours"),
        ([], [], "0 of at least 50 calls of the revision before, in the same hours"),
        (spread(hung_up(60, 1), MONDAY + timedelta(hours=10)), hung_up(200, 0.1), "0 of at least 20 calls"),
        (spread(hung_up(60, 1), MONDAY - timedelta(days=1)), hung_up(200, 0.1), "0 of at least 20 calls"),
        (
            spread(hung_up(60, 1), hours=0.15),
            hung_up(200, 0.1),
            "more than half of the bad calls began within ten minutes, as in an outage",
        ),
    ],
)
def test_what_nobody_can_tell_is_no_failure(new: list[WatchedCall], old: list[WatchedCall], why: str) -> None:
    assert ruled(HANG_UPS, new, old) == (Verdict.INCONCLUSIVE, why)


def test_a_change_of_the_clocks_leaves_the_hours_comparable() -> None:
    """The same office hours are an hour earlier in UTC once summer time has begun."""
    old = spread(hung_up(200, 0.1), MONDAY, hours=8)
    new = spread(hung_up(80, 0.7), MONDAY + timedelta(days=28, hours=-1), hours=8)
    assert ruled(HANG_UPS, new, old)[0] is Verdict.FAILED
    (found,) = judge([HANG_UPS], new, old)
    assert found.new.calls == 80


def test_a_rule_about_the_latency_counts_calls_that_take_too_long() -> None:
    old = spread([call(latency_ms=400 + i) for i in range(200)])
    slow = spread([call(latency_ms=1200) for _ in range(40)])
    (found,) = judge([LATENCY], slow, old)
    assert (found.verdict, found.limit_ms) == (Verdict.FAILED, 400 + 189 + 300)
    assert ruled(LATENCY, spread([call(latency_ms=600) for _ in range(150)]), old)[0] is Verdict.PASSED
    at_most = WatchRule("latency_p95_ms", WatchLimit.MOST, 1000)
    assert ruled(at_most, slow, [])[0] is Verdict.FAILED
    unmeasured = spread([replace(call(), latency_ms=None) for _ in range(200)])
    assert ruled(LATENCY, slow, unmeasured)[0] is Verdict.INCONCLUSIVE


def test_a_rule_with_a_bound_of_its_own_needs_no_revision_before() -> None:
    bad = spread([call(reason="system_error" if i % 2 else "agent_hangup") for i in range(40)])
    assert ruled(ERRORS, bad, [])[0] is Verdict.FAILED
    assert ruled(ERRORS, spread([call()] * 300), [])[0] is Verdict.PASSED
    unresolved = spread([call(resolved="no" if i % 4 else "yes") for i in range(60)])
    assert ruled(RESOLVED, unresolved, [])[0] is Verdict.FAILED


def test_a_disposition_metric_is_yes_or_no_or_names_its_answer() -> None:
    moods = spread([call(mood="angry" if i % 4 else "calm") for i in range(60)])
    assert ruled(WatchRule("disposition.mood", WatchLimit.LEAST, 0.6), moods, []) == (
        Verdict.INCONCLUSIVE,
        "no call answers disposition.mood with yes or no",
    )
    assert ruled(WatchRule("disposition.mood", WatchLimit.LEAST, 0.6, "Calm"), moods, [])[0] is Verdict.FAILED
    assert ruled(RESOLVED, moods, [])[1] == "no call answers disposition.resolved with yes or no"


def test_agents_that_nobody_deployed_rule_out_an_outage() -> None:
    (broken,) = judge([HANG_UPS], hung_up(60, 0.8), hung_up(200, 0.1))
    worse = Unchanged(("billing",), tuple(hung_up(100, 0.1)), tuple(hung_up(20, 0.9)))
    excuse = excused(broken, worse)
    assert (excuse.verdict, excuse.why) == (
        Verdict.INCONCLUSIVE,
        "unchanged agents got worse at the same time: billing",
    )
    as_before = Unchanged(("billing",), tuple(hung_up(100, 0.1)), tuple(hung_up(30, 0.1)))
    assert excused(broken, as_before).verdict is Verdict.FAILED
    assert excused(broken, Unchanged()).verdict is Verdict.FAILED


def test_one_broken_rule_is_enough_and_all_must_be_kept() -> None:
    old, new = hung_up(200, 0.2), hung_up(60, 0.8)
    assert verdict_of(judge([HANG_UPS, COMPLETION], new, old)) is Verdict.FAILED
    assert verdict_of(judge([COMPLETION, HANG_UPS], hung_up(30, 0.2), old)) is Verdict.INCONCLUSIVE
    assert verdict_of(judge([replace(COMPLETION, amount=0.2)], hung_up(90, 0.2), old)) is Verdict.PASSED
    assert verdict_of(()) is Verdict.INCONCLUSIVE


def looked_at_often(random: Random, share: float, runs: int, rules: list[WatchRule]) -> float:
    """The share of deploys that fail at a look after each tenth call of 200; before, callers hung up on 15 %."""
    failed = 0
    for _ in range(runs):
        old, new = hung_up(200, 0.15, random), hung_up(200, share, random)
        failed += any(verdict_of(judge(rules, new[:n], old)) is Verdict.FAILED for n in range(20, 201, 10))
    return failed / runs


@pytest.mark.slow
def test_deploys_that_change_nothing_are_seldom_taken_back() -> None:
    assert looked_at_often(Random(1), 0.15, 80, [HANG_UPS]) <= 0.025
    assert looked_at_often(Random(2), 0.15, 20, [HANG_UPS, COMPLETION, LATENCY, ERRORS]) <= 0.025


def test_deploys_that_make_callers_hang_up_are_found() -> None:
    assert looked_at_often(Random(3), 0.45, 30, [HANG_UPS, COMPLETION]) >= 0.98


@pytest.mark.slow
def test_what_a_rule_finds_is_what_it_says_it_finds() -> None:
    (few,) = judge([HANG_UPS], hung_up(10, 0.15), hung_up(200, 0.15))
    assert few.finds is not None
    random, found = Random(4), 0
    for _ in range(150):
        new = hung_up(100, 0.15 + few.finds, random)
        found += judge([HANG_UPS], new, hung_up(200, 0.15, random))[0].verdict is Verdict.FAILED
    assert 0.7 <= found / 150 <= 0.95


def row(at: str, **fields: Any) -> dict[str, Any]:
    return {"versionId": "r1", "status": "completed", "duration": 30, "createdAt": at, **fields}


def test_rows_that_say_nothing_are_counted_apart() -> None:
    window = WatchedCalls("r1", [RESOLVED])
    hours = hours_around([call()])
    for each in (
        row("2026-03-02T09:30:00Z", dispositionMetrics={"resolved": True, "mood": "calm"}),
        row("2026-03-02T09:30:00", turnLatencyMetrics={"latencies": [1]}),
        row("2026-03-02T20:30:00Z"),
        row("last week"),
        {**row(""), "createdAt": None},
        row("2026-03-02T09:30:00Z", isTest=True),
    ):
        window.add(each, hours)
    assert [each.answers for each in window.calls] == [{"resolved": "true"}, {}]
    assert window.metrics == {"resolved", "mood"}
    assert window.left_out == {"in other hours": 1, "unreadable": 1, "of no known time": 1, "test": 1}


ACME = Environment("acme", "prod")


def revision(number: int, fingerprint: str | None = None, **fields: Any) -> Revision:
    label = build_label("", Mark("acme", "prod", "desk", fingerprint)) if fingerprint else None
    return Revision(f"r{number}", number, label, **fields)


def test_a_revision_is_taken_back_once_and_a_restored_one_never() -> None:
    first, second = revision(1, "aaa"), revision(2, "bbb")
    restored = revision(3, "aaa", restored_from="r1")
    again, other = revision(4, "bbb"), revision(4, "ccc")
    assert why_kept(ACME, second, [second, first]) is None
    assert is_going_back(restored, [restored, second, first])
    assert not is_going_back(again, [again, restored, second, first])
    assert "as revision 2" in (why_kept(ACME, again, [again, restored, second, first]) or "")
    assert why_kept(ACME, other, [other, restored, second, first]) is None
    by_hand = replace(revision(2), published_by="Ann")
    assert why_kept(ACME, by_hand, [by_hand, first]) == "it was published by Ann outside agentops"


def test_versions_tell_by_when_they_went_live() -> None:
    first = revision(1, "aaa", activated_at="2026-03-03T00:00:00Z")
    second = revision(2, "bbb", activated_at="2026-03-02T00:00:00Z")
    again = revision(3, "bbb", activated_at="2026-03-04T00:00:00Z")
    assert is_going_back(first, [second, first])
    assert "as revision 2" in (why_kept(ACME, again, [again, second, first]) or "")
    never_back = replace(first, activated_at="2026-03-01T00:00:00Z")
    assert why_kept(ACME, again, [again, second, never_back]) is None
