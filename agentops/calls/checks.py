"""The checks of a whole call, made of what was measured and heard. Pure; steps make their own checks.

Every check that a script asks for is made, or fails because it could not be made: none is skipped silently. Two guards
are always on in a call with sound: the agent is audible where it says something, and its sound does not clip.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from agentops.calls.criteria import Checks, Latency, MetricExpectation, Range, TurnLatency
from agentops.calls.ended_call import EndedCall
from agentops.calls.language import languages_of
from agentops.calls.protocol import Mode, Violation
from agentops.calls.report import Check, CheckKind, Measures, ToolUse, Turn
from agentops.calls.script import Script
from agentops.calls.words import find

SILENCE_DBFS = -50.0  # as in `audio`, which needs numpy: whoever checks a chat may not have it
_MS_PER_WORD = 90.0  # nobody speaks a word faster than this: less audio than that was cut off

# A call that no check was made of proves nothing, so it fails.
NOTHING_CHECKED = Check("something is checked", CheckKind.PROTOCOL, False, "at least one check", "none was reached")


def check_call(script: Script, call: EndedCall, baseline: Measures | None = None) -> list[Check]:
    """All checks of the whole call: the script's, and the guards. Limits such as "+20%" start from `baseline`."""
    checks = script.checks
    found = [
        *_check_times(checks, call, baseline),
        *_check_ranges(checks, call),
        *_check_words(checks, call),
        *_check_ending(checks, call),
        *_check_tools(checks, call),
        *(_check_metric(metric, call.metrics) for metric in checks.metrics),
        *check_protocol(call.violations),
    ]  # fmt: skip
    return found + (_check_sound(checks, call) if script.mode is Mode.WEBCALL else [])


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def check_protocol(violations: Sequence[Violation]) -> list[Check]:
    """One failed check for each kind of violation, however often it was repeated."""
    first: dict[str, Violation] = {}
    for violation in violations:
        first.setdefault(violation.summary, violation)
    times = Counter(violation.summary for violation in violations)
    return [
        Check(
            name="protocol is kept",
            kind=CheckKind.PROTOCOL,
            passed=False,
            expected="messages that follow the protocol",
            heard=summary + (f" ({times[summary]} times)" if times[summary] > 1 else ""),
            at_ms=violation.at_ms,
        )
        for summary, violation in first.items()
    ]


def _check_times(checks: Checks, call: EndedCall, baseline: Measures | None) -> list[Check]:
    now, then, latency = call.measures, baseline or Measures(), checks.turn_latency_ms or TurnLatency()
    answers = [turn for _, turn in call.agent_turns if turn.latency_ms is not None]
    slowest = max(answers, key=lambda turn: turn.latency_ms or 0, default=None)
    slowest_ms = slowest.start_ms if slowest else None
    measured = (
        ("connect time", now.connect_ms, checks.connect_ms, then.connect_ms, 0.0),
        ("first audio", now.first_audio_ms, checks.first_audio_ms, then.first_audio_ms, now.first_audio_ms),
        ("turn latency p50", now.latency_p50_ms, latency.p50, then.latency_p50_ms, slowest_ms),
        ("turn latency p95", now.latency_p95_ms, latency.p95, then.latency_p95_ms, slowest_ms),
        ("turn latency max", now.latency_max_ms, latency.max, then.latency_max_ms, slowest_ms),
        ("longest silence", now.longest_silence_ms, checks.longest_silence_ms, None, call.longest_silence_at_ms),
        ("talk-over", now.talk_over_ms, checks.talk_over_ms, None, call.talk_over_at_ms),
    )
    return [
        _check_time(name, value, limit, base, at_ms)
        for name, value, limit, base, at_ms in measured
        if limit is not None
    ]


def _check_time(name: str, value: float | None, limit: Latency, base: float | None, at_ms: float | None) -> Check:
    heard = "it could not be measured" if value is None else f"{_number(value)} ms"
    if not isinstance(limit, str):
        passed = value is not None and value <= limit
        return Check(name, CheckKind.LATENCY, passed, f"at most {_number(limit)} ms", heard, at_ms, value, limit, "ms")
    if base is None:
        doubt = "there is no earlier call of this script to compare with (--baseline REPORT)"
        return Check(
            name, CheckKind.LATENCY, False, f"at most {limit} of before", heard, at_ms, value, unit="ms", doubt=doubt
        )
    most = base * (1 + float(limit.strip("+%")) / 100)
    expected = f"at most {_number(most)} ms ({limit} of {_number(base)} ms before)"
    passed = value is not None and value <= most
    return Check(name, CheckKind.LATENCY, passed, expected, heard, at_ms, value, most, "ms")


def _check_ranges(checks: Checks, call: EndedCall) -> list[Check]:
    held_ms = sum(ended - began for began, ended in call.holds)
    return [
        *_within("agent talk ratio", CheckKind.AUDIO, call.measures.agent_talk_ratio, checks.agent_talk_ratio, ""),
        *_within("duration", CheckKind.LATENCY, (call.duration_ms - held_ms) / 1000, checks.duration_s, "s"),
        *_within("loudness", CheckKind.AUDIO, call.measures.loudness_dbfs, checks.loudness_dbfs, "dBFS"),
    ]


def _within(name: str, kind: CheckKind, value: float | None, bounds: Range | None, unit: str) -> list[Check]:
    if bounds is None:
        return []
    low, high = (bounds.min, bounds.max)
    parts = [f"at least {low:g}" if low is not None else "", f"at most {high:g}" if high is not None else ""]
    expected = f"{' and '.join(filter(None, parts))} {unit}".strip()
    inside = value is not None and (low is None or value >= low) and (high is None or value <= high)
    heard = "it could not be measured" if value is None else f"{_number(value)} {unit}".strip()
    return [Check(name, kind, inside, expected, heard, None, value, high if high is not None else low, unit)]


def _check_words(checks: Checks, call: EndedCall) -> list[Check]:
    found = []
    for phrase in checks.forbidden:
        turn = next((t for _, t in call.agent_turns if find(t.text, phrase)), None)
        said_something = any(t.text for _, t in call.agent_turns)
        heard = turn.text if turn else "it never did" if said_something else "the agent said nothing at all"
        passed = turn is None and said_something
        at_ms = turn.start_ms if turn else None
        expected = f'the agent never says "{phrase}"'
        found.append(Check(f'never says "{phrase}"', CheckKind.TRANSCRIPT, passed, expected, heard, at_ms))
    return found + _check_language(checks.language, call)


def _check_language(wanted: str | None, call: EndedCall) -> list[Check]:
    """Every turn of the agent whose language is recognised must be in the wanted one; it fails when none is."""
    if wanted is None:
        return []
    wanted = wanted.casefold().split("-")[0]  # `pt-BR` is Portuguese: regions can't be told apart in a transcript
    recognised = [(turn, languages) for _, turn in call.agent_turns if (languages := languages_of(turn.text))]
    wrong = next(((turn, languages) for turn, languages in recognised if wanted not in languages), None)
    if wrong is not None:
        heard, at_ms = f"{' or '.join(sorted(wrong[1]))}: {wrong[0].text}", wrong[0].start_ms
    else:
        heard, at_ms = (wanted if recognised else "too few words to tell"), None
    expected = f"the agent speaks {wanted}"
    return [Check("language", CheckKind.TRANSCRIPT, bool(recognised) and wrong is None, expected, heard, at_ms)]


def _check_ending(checks: Checks, call: EndedCall) -> list[Check]:
    found, ending = [], call.ending
    heard = f"{ending.by or 'nobody'} ({ending.reason})"
    if checks.ended_by is not None:
        found.append(Check("who ended it", CheckKind.ENDING, ending.by is checks.ended_by, str(checks.ended_by), heard))
    if checks.end_reason is not None:
        found.append(
            Check("why it ended", CheckKind.ENDING, ending.reason == checks.end_reason, checks.end_reason, heard)
        )
    return found


def _check_tools(checks: Checks, call: EndedCall) -> list[Check]:
    wanted = [t.name for t in checks.tool_calls]
    if call.tools is None:
        names = [*(f"calls {n}" for n in wanted), *(f"does not call {n}" for n in checks.no_tool_calls)]
        heard = "the platform did not report which tools were called"
        return [Check(name, CheckKind.TOOL, False, name, heard) for name in names]
    used = ", ".join(_describe_use(use) for use in call.tools) or "no tool was called"
    found = []
    for tool in checks.tool_calls:
        match = next((u for u in call.tools if u.name == tool.name and is_subset(tool.arguments, u.arguments)), None)
        expected = _describe_use(ToolUse(tool.name, tool.arguments))
        found.append(Check(f"calls {tool.name}", CheckKind.TOOL, match is not None, expected, used,
                           match.at_ms if match else None))  # fmt: skip
    for name in checks.no_tool_calls:
        use = next((use for use in call.tools if use.name == name), None)
        found.append(Check(f"does not call {name}", CheckKind.TOOL, use is None, f"{name} is not called", used,
                           use.at_ms if use else None))  # fmt: skip
    if checks.tool_calls_in_order and len(wanted) > 1:
        order = [use.name for use in call.tools if use.name in wanted]
        found.append(
            Check("tools in order", CheckKind.TOOL, _is_subsequence(wanted, order), " then ".join(wanted), used)
        )
    return found


def _describe_use(use: ToolUse) -> str:
    return f"{use.name}({', '.join(f'{k}={v!r}' for k, v in use.arguments.items())})"


def _is_subsequence(wanted: Sequence[str], order: Sequence[str]) -> bool:
    rest = iter(order)
    return all(name in rest for name in wanted)


def is_subset(part: Any, whole: Any) -> bool:
    """Whether everything in `part` is in `whole`. A number equals its text (`42` and `"42"`)."""
    if isinstance(part, Mapping):
        return isinstance(whole, Mapping) and all(k in whole and is_subset(v, whole[k]) for k, v in part.items())
    if isinstance(part, list | tuple):
        return isinstance(whole, list | tuple) and all(any(is_subset(p, w) for w in whole) for p in part)
    return bool(part == whole) or str(part).casefold() == str(whole).casefold()


def _check_metric(metric: MetricExpectation, metrics: Mapping[str, Any] | None) -> Check:
    parts = [f"is {metric.equals!r}" if metric.equals is not None else "",
             f"is one of {', '.join(map(repr, metric.one_of))}" if metric.one_of else "",
             f"at least {metric.min:g}" if metric.min is not None else "",
             f"at most {metric.max:g}" if metric.max is not None else ""]  # fmt: skip
    expected = f"{metric.identifier} {' and '.join(filter(None, parts))}"
    if metrics is None or metric.identifier not in metrics:
        heard = "the platform did not compute it in time"
        return Check(f"metric {metric.identifier}", CheckKind.TOOL, False, expected, heard)
    value = metrics[metric.identifier]
    return Check(f"metric {metric.identifier}", CheckKind.TOOL, _meets(metric, value), expected, repr(value))


def _meets(metric: MetricExpectation, value: Any) -> bool:
    if metric.equals is not None and not is_subset(metric.equals, value):
        return False
    if metric.one_of and not any(is_subset(option, value) for option in metric.one_of):
        return False
    if metric.min is None and metric.max is None:
        return True
    try:
        number = float(value)
    except (TypeError, ValueError):
        return False
    return (metric.min is None or number >= metric.min) and (metric.max is None or number <= metric.max)


def _check_sound(checks: Checks, call: EndedCall) -> list[Check]:
    found = []
    if checks.audible:
        found += [_check_audible(turn, call.audible_ms.get(i, 0.0)) for i, turn in call.agent_turns if turn.text]
    share = call.measures.clipping_share
    if share is not None:
        found.append(Check("does not clip", CheckKind.AUDIO, share <= checks.clipping_share,
                           f"at most {checks.clipping_share:.2%} of the agent's audio at full scale", f"{share:.2%}",
                           None, share, checks.clipping_share))  # fmt: skip
    return found


def _check_audible(turn: Turn, audible_ms: float) -> Check:
    words = len(turn.text.split())
    # An interrupted turn is cut short by right, at any word.
    needed_ms = 0.0 if turn.is_interrupted else min(words * _MS_PER_WORD, 20_000.0)
    enough = audible_ms > 0 and audible_ms >= needed_ms
    loudness = turn.loudness_dbfs if turn.loudness_dbfs is not None else -math.inf
    heard = f"{audible_ms:.0f} ms of sound at {loudness:.0f} dBFS" if audible_ms else "silence"
    expected = f"at least {max(needed_ms, 1):.0f} ms of sound above {SILENCE_DBFS:.0f} dBFS for {words} words"
    return Check(
        "agent can be heard", CheckKind.AUDIO, enough, expected, heard, turn.start_ms, audible_ms, needed_ms, "ms"
    )
