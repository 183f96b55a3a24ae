"""The checks of a whole call, each at its border: what holds, what does not, and what could not be measured."""

from __future__ import annotations

from typing import Any

import pytest

from agentops.calls.checks import check_call, is_subset
from agentops.calls.ended_call import EndedCall
from agentops.calls.protocol import Mode, Role, Violation
from agentops.calls.report import Check, CheckKind, Ending, Measures, ToolUse, Turn
from agentops.calls.script import Script

AGENT = Turn(Role.AGENT, 500.0, 1500.0, "We are open from nine to five.", latency_ms=300.0)
SLOW = Turn(Role.AGENT, 5000.0, 6000.0, "You are welcome to the house.", latency_ms=900.0)
CALLER = Turn(Role.CALLER, 0.0, 400.0, "When are you open?")


def ended_call(**changes: Any) -> EndedCall:
    given: dict[str, Any] = {
        "turns": (CALLER, AGENT, SLOW),
        "measures": Measures(
            connect_ms=100.0, first_audio_ms=500.0, latency_p50_ms=300.0, latency_p95_ms=900.0, latency_max_ms=950.0,
            agent_talk_ratio=0.6, longest_silence_ms=1200.0, talk_over_ms=80.0, loudness_dbfs=-20.0,
            clipping_share=0.01,
        ),
        "ending": Ending(Role.CALLER, "client_requested"),
        "duration_ms": 7000.0,
        "audible_ms": {1: 1000.0, 2: 1000.0},
        "longest_silence_at_ms": 1600.0,
        "talk_over_at_ms": 450.0,
    }  # fmt: skip
    return EndedCall(**{**given, **changes})


def checked(checks: dict[str, Any], known: EndedCall | None = None, mode: str = "chat", **more: Any) -> list[Check]:
    script = Script.model_validate({"agent": "a", "mode": mode, "steps": [{"expect": "x"}], "checks": checks})
    return check_call(script, known or ended_call(), **more)


def only(checks: dict[str, Any], known: EndedCall | None = None, **more: Any) -> Check:
    mode = "webcall" if {"first_audio_ms", "talk_over_ms", "loudness_dbfs"} & set(checks) else "chat"
    found = [c for c in checked(checks, known, mode, **more) if c.name not in ("agent can be heard", "does not clip")]
    (check,) = found
    return check


@pytest.mark.parametrize(
    ("written", "at_border", "below", "name", "at_ms"),
    [
        ("connect_ms", 100, 99, "connect time", 0.0),
        ("first_audio_ms", 500, 499, "first audio", 500.0),
        ("longest_silence_ms", 1200, 1199, "longest silence", 1600.0),
        ("talk_over_ms", 80, 79, "talk-over", 450.0),
    ],
)
def test_a_time_may_reach_its_limit(written: str, at_border: int, below: int, name: str, at_ms: float) -> None:
    held, missed = only({written: at_border}), only({written: below})
    assert (held.passed, missed.passed) == (True, False)
    assert (missed.name, missed.kind, missed.at_ms, missed.unit) == (name, CheckKind.LATENCY, at_ms, "ms")
    assert (missed.value, missed.limit) == (at_border, below)
    assert missed.expected == f"at most {below} ms"
    unmeasured = only({written: at_border}, ended_call(measures=Measures()))
    assert (unmeasured.passed, unmeasured.heard) == (False, "it could not be measured")


@pytest.mark.parametrize(("share", "value"), [("p50", 300), ("p95", 900), ("max", 950)])
def test_the_time_to_answer_is_checked_at_its_slowest_turn(share: str, value: int) -> None:
    assert only({"turn_latency_ms": {share: value}}).passed
    missed = only({"turn_latency_ms": {share: value - 1}})
    assert (missed.passed, missed.name, missed.at_ms) == (False, f"turn latency {share}", 5000.0)
    assert missed.heard == f"{value} ms"


def test_an_answer_at_once_is_not_the_slowest() -> None:
    at_once = Turn(Role.AGENT, 500.0, 1500.0, "We are open.", latency_ms=0.0)
    soon = Turn(Role.AGENT, 5000.0, 6000.0, "From nine to five.", latency_ms=0.5)
    assert only({"turn_latency_ms": {"p50": 1}}, ended_call(turns=(at_once, soon))).at_ms == 5000.0


@pytest.mark.parametrize(("measured", "shown"), [(99.6, "99.6 ms"), (8.25, "8.25 ms"), (1234.4, "1234 ms")])
def test_only_a_short_time_is_shown_with_what_follows_the_point(measured: float, shown: str) -> None:
    assert only({"connect_ms": 5}, ended_call(measures=Measures(connect_ms=measured))).heard == shown


def test_without_an_answer_there_is_no_moment_to_show() -> None:
    assert only({"turn_latency_ms": {"p50": 1}}, ended_call(turns=(CALLER,))).at_ms is None


@pytest.mark.parametrize(
    ("rise", "base", "passed"), [("+20%", 750.0, True), ("+20%", 749.0, False), ("+0.5%", 900, True)]
)
def test_a_rise_counts_from_the_baseline(rise: str, base: float, passed: bool) -> None:
    check = only({"turn_latency_ms": {"p95": rise}}, baseline=Measures(latency_p95_ms=base))
    assert check.passed is passed
    assert not check.doubt
    assert check.limit == pytest.approx(base * (1 + float(rise.strip("+%")) / 100))
    assert f"({rise} of {base:.0f} ms before)" in check.expected


def test_a_rise_without_a_baseline_is_not_known() -> None:
    for check in (only({"connect_ms": "+5%"}), only({"connect_ms": "+5%"}, baseline=Measures(first_audio_ms=1.0))):
        assert not check.passed
        assert "--baseline" in check.doubt
        assert check.is_inconclusive


def test_what_was_not_measured_has_not_risen_less() -> None:
    check = only({"connect_ms": "+5%"}, ended_call(measures=Measures()), baseline=Measures(connect_ms=10.0))
    assert (check.passed, check.doubt) == (False, "")


@pytest.mark.parametrize(
    ("written", "name", "kind", "value"),
    [
        ("duration_s", "duration", CheckKind.LATENCY, 7.0),
        ("agent_talk_ratio", "agent talk ratio", CheckKind.AUDIO, 0.6),
        ("loudness_dbfs", "loudness", CheckKind.AUDIO, -20.0),
    ],
)
def test_a_range_includes_its_borders(written: str, name: str, kind: CheckKind, value: float) -> None:
    check = only({written: {"min": value, "max": value}})
    assert (check.passed, check.name, check.kind, check.value, check.limit) == (True, name, kind, value, value)
    assert not only({written: {"min": value + 0.1}}).passed
    assert not only({written: {"max": value - 0.1}}).passed
    low = only({written: {"min": value - 1}})
    assert (low.passed, low.limit) == (True, value - 1)
    assert low.expected.startswith(f"at least {value - 1:g}")
    both = only({written: {"min": value - 1, "max": value + 1}})
    assert f"at least {value - 1:g} and at most {value + 1:g}" in both.expected


def test_time_that_the_emulator_held_is_no_part_of_the_length() -> None:
    held = ended_call(holds=((1000.0, 2500.0), (4000.0, 4500.0)))
    assert only({"duration_s": {"max": 5}}, held).value == 5.0


def test_a_range_of_what_was_not_measured_is_missed() -> None:
    check = only({"agent_talk_ratio": {"min": 0.0}}, ended_call(measures=Measures()))
    assert (check.passed, check.heard) == (False, "it could not be measured")


def test_a_forbidden_phrase_is_found_in_the_agents_words_only() -> None:
    said = only({"forbidden": "nine to five"})
    assert (said.passed, said.heard, said.at_ms, said.kind) == (False, AGENT.text, 500.0, CheckKind.TRANSCRIPT)
    assert only({"forbidden": "when are you"}).passed
    silent = only({"forbidden": "nine"}, ended_call(turns=(CALLER, Turn(Role.AGENT, 0, 1, ""))))
    assert (silent.passed, silent.heard) == (False, "the agent said nothing at all")


def test_the_language_is_that_of_every_turn_that_can_be_told() -> None:
    assert only({"language": "en"}).passed
    assert only({"language": "en-GB"}).passed
    wrong = only({"language": "es"})
    assert (wrong.passed, wrong.heard, wrong.at_ms) == (False, f"en: {AGENT.text}", 500.0)
    spanish = Turn(Role.AGENT, 9000.0, 9500.0, "Estamos abiertos de lunes a viernes y los sábados.")
    mixed = only({"language": "en"}, ended_call(turns=(AGENT, spanish)))
    assert (mixed.passed, mixed.at_ms) == (False, 9000.0)
    unsure = only({"language": "en"}, ended_call(turns=(Turn(Role.AGENT, 0, 1, "Acme!"),)))
    assert (unsure.passed, unsure.heard) == (False, "too few words to tell")
    hindi = ended_call(turns=(Turn(Role.AGENT, 0, 1, "नमस्ते"),))
    assert [only({"language": code}, hindi).passed for code in ("hi", "mr", "ta")] == [True, True, False]


def test_how_it_ended() -> None:
    assert only({"ended_by": "caller"}).passed
    wrong = only({"ended_by": "agent"})
    assert (wrong.passed, wrong.kind, wrong.heard) == (False, CheckKind.ENDING, "caller (client_requested)")
    assert only({"end_reason": "client_requested"}).passed
    assert not only({"end_reason": "ended"}).passed
    assert only({"ended_by": "caller"}, ended_call(ending=Ending(None, "cut"))).heard == "nobody (cut)"


USED = (ToolUse("look_up", {"id": 42, "more": {"a": [1, 2]}}, 900.0), ToolUse("end_call", {}, 6500.0))


def test_tools_are_found_by_name_and_a_part_of_their_arguments() -> None:
    known = ended_call(tools=USED)
    found = only({"tool_calls": [{"name": "look_up", "arguments": {"id": "42"}}]}, known)
    assert (found.passed, found.name, found.kind, found.at_ms) == (True, "calls look_up", CheckKind.TOOL, 900.0)
    other = only({"tool_calls": [{"name": "look_up", "arguments": {"id": 43}}]}, known)
    assert (other.passed, other.at_ms, other.expected) == (False, None, "look_up(id=43)")
    assert other.heard == "look_up(id=42, more={'a': [1, 2]}), end_call()"
    assert not only({"tool_calls": [{"name": "transfer"}]}, known).passed
    assert only({"tool_calls": [{"name": "transfer"}]}, ended_call(tools=())).heard == "no tool was called"


def test_tools_that_must_not_be_called() -> None:
    assert only({"no_tool_calls": "transfer"}, ended_call(tools=USED)).passed
    wrong = only({"no_tool_calls": "end_call"}, ended_call(tools=USED))
    assert (wrong.passed, wrong.at_ms, wrong.name) == (False, 6500.0, "does not call end_call")


def test_tools_that_nobody_told_of_are_not_taken_for_none() -> None:
    found = checked({"no_tool_calls": "transfer", "tool_calls": [{"name": "end_call"}]}, ended_call(tools=None))
    assert [(c.name, c.passed) for c in found] == [("calls end_call", False), ("does not call transfer", False)]
    assert {c.heard for c in found} == {"the platform did not report which tools were called"}


@pytest.mark.parametrize(
    ("wanted", "passed"), [(["look_up", "end_call"], True), (["end_call", "look_up"], False), (["look_up"], None)]
)
def test_tools_in_order(wanted: list[str], passed: bool | None) -> None:
    checks = {"tool_calls": [{"name": name} for name in wanted], "tool_calls_in_order": True}
    order = [c for c in checked(checks, ended_call(tools=USED)) if c.name == "tools in order"]
    assert [c.passed for c in order] == ([] if passed is None else [passed])
    assert all(c.expected == " then ".join(wanted) for c in order)
    assert not [
        c for c in checked({**checks, "tool_calls_in_order": False}, ended_call(tools=USED)) if "order" in c.name
    ]


@pytest.mark.parametrize(
    ("part", "whole", "fits"),
    [
        ({}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": None}, {}, False),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, [1], False),
        ([1, 2], [2, 1, 3], True),
        ([1, 4], [1, 2, 3], False),
        ([1], 1, False),
        (42, "42", True),
        ("Yes", "yes", True),
        (True, "true", True),
        (1, 2, False),
        ({"a": [{"b": 1}]}, {"a": [{"c": 0}, {"b": 1, "d": 2}]}, True),
    ],
)
def test_a_part_of_the_arguments_is_enough(part: Any, whole: Any, fits: bool) -> None:
    assert is_subset(part, whole) is fits


@pytest.mark.parametrize(
    ("wanted", "value", "passed"),
    [
        ({"equals": "yes"}, "Yes", True),
        ({"equals": "yes"}, "no", False),
        ({"equals": False}, False, True),
        ({"one_of": ["a", "b"]}, "b", True),
        ({"one_of": ["a", "b"]}, "c", False),
        ({"min": 3}, 3, True),
        ({"min": 3}, "2.9", False),
        ({"max": 3}, "3", True),
        ({"max": 3}, 3.1, False),
        ({"min": 1, "max": 3}, 2, True),
        ({"min": 1, "max": 3}, 4, False),
        ({"min": 1}, "many", False),
        ({"max": 1}, None, False),
        ({"equals": "5", "max": 4}, 5, False),
    ],
)
def test_a_metric_is_compared_as_written(wanted: dict[str, Any], value: Any, passed: bool) -> None:
    check = only({"metrics": [{"identifier": "score", **wanted}]}, ended_call(metrics={"score": value}))
    assert (check.passed, check.name, check.kind, check.heard) == (passed, "metric score", CheckKind.TOOL, repr(value))


def test_a_metric_that_did_not_come_is_missed() -> None:
    for metrics in (None, {}, {"other": 1}):
        check = only({"metrics": [{"identifier": "score", "min": 1, "max": 2}]}, ended_call(metrics=metrics))
        assert (check.passed, check.heard) == (False, "the platform did not compute it in time")
        assert check.expected == "score at least 1 and at most 2"
    assert only({"metrics": [{"identifier": "s", "equals": "x"}]}).expected == "s is 'x'"
    assert only({"metrics": [{"identifier": "s", "one_of": ["x", 2]}]}).expected == "s is one of 'x', 2.0"


def test_each_kind_of_violation_is_told_once() -> None:
    broken = (Violation(10.0, "no JSON"), Violation(20.0, "no type"), Violation(30.0, "no JSON"))
    found = [c for c in checked({}, ended_call(violations=broken)) if c.kind is CheckKind.PROTOCOL]
    assert [(c.heard, c.at_ms, c.passed) for c in found] == [
        ("no JSON (2 times)", 10.0, False),
        ("no type", 20.0, False),
    ]


# ---- the guards of a call with sound


def sound(known: EndedCall, **checks: Any) -> list[Check]:
    return checked(checks, known, "webcall")


def test_a_chat_has_no_sound_to_guard() -> None:
    assert checked({}) == []


@pytest.mark.parametrize(("audible", "passed"), [(630.0, True), (629.0, False), (0.0, False)])
def test_words_need_sound(audible: float, passed: bool) -> None:
    (heard,) = [c for c in sound(ended_call(turns=(AGENT,), audible_ms={0: audible})) if c.name == "agent can be heard"]
    assert (heard.passed, heard.kind, heard.value, heard.limit) == (passed, CheckKind.AUDIO, audible, 630.0)  # 7 words
    assert heard.expected == "at least 630 ms of sound above -50 dBFS for 7 words"
    assert heard.heard == ("silence" if not audible else f"{audible:.0f} ms of sound at -inf dBFS")
    assert heard.at_ms == 500.0


def test_a_turn_of_which_no_sound_is_known_was_silent() -> None:
    (heard,) = [c for c in sound(ended_call(turns=(AGENT,), audible_ms={})) if c.name == "agent can be heard"]
    assert (heard.passed, heard.value, heard.heard) == (False, 0.0, "silence")


def test_a_turn_that_was_broken_off_needs_some_sound_only() -> None:
    broken = Turn(Role.AGENT, 0.0, 900.0, AGENT.text, is_interrupted=True, loudness_dbfs=-18.4)
    for audible, passed in ((0.0, False), (1.0, True)):
        (heard,) = [
            c for c in sound(ended_call(turns=(broken,), audible_ms={0: audible})) if c.name == "agent can be heard"
        ]
        assert (heard.passed, heard.limit) == (passed, 0.0)
        assert heard.expected == "at least 1 ms of sound above -50 dBFS for 7 words"
    assert heard.heard == "1 ms of sound at -18 dBFS"


@pytest.mark.parametrize(("audible", "passed"), [(20_000.0, True), (19_999.0, False)])
def test_a_long_turn_needs_no_more_than_twenty_seconds(audible: float, passed: bool) -> None:
    long = Turn(Role.AGENT, 0.0, 900.0, "word " * 400)
    (heard,) = [c for c in sound(ended_call(turns=(long,), audible_ms={0: audible})) if c.name == "agent can be heard"]
    assert heard.passed is passed


def test_turns_without_words_and_the_callers_are_not_guarded() -> None:
    known = ended_call(turns=(CALLER, Turn(Role.AGENT, 0, 1, "")), audible_ms={})
    assert [c.name for c in sound(known)] == ["does not clip"]
    assert [c.name for c in sound(ended_call(), audible=False)] == ["does not clip"]


@pytest.mark.parametrize(("allowed", "passed"), [(0.01, True), (0.009, False)])
def test_clipping_may_reach_its_limit(allowed: float, passed: bool) -> None:
    (clips,) = [c for c in sound(ended_call(), clipping_share=allowed) if c.name == "does not clip"]
    assert (clips.passed, clips.value, clips.limit, clips.kind) == (passed, 0.01, allowed, CheckKind.AUDIO)
    assert clips.heard == "1.00%"
    assert not [c for c in sound(ended_call(measures=Measures())) if c.name == "does not clip"]


def test_the_mode_decides_about_guards() -> None:
    assert {c.name for c in sound(ended_call())} == {"agent can be heard", "does not clip"}
    assert Script.model_validate({"agent": "a", "steps": [{"expect": "x"}]}).mode is Mode.WEBCALL
