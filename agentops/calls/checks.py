"""The checks of a whole call, over what was measured and heard. Pure; steps make their own checks.

Every check that a script writes is made, or fails because it could not be: a check is never skipped in silence. Two
guards are always on in a call with sound: the agent can be heard where it says something, and it does not clip.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentops.calls.language import language_of
from agentops.calls.matching import says
from agentops.calls.model import Check, Ending, Kind, Measures, Turn
from agentops.calls.protocol import Mode, Role, Violation
from agentops.calls.script import Checks, MetricExpectation, Range, Script, ToolExpectation, TurnLatency

SILENCE_DBFS = -50.0
_MS_PER_WORD = 90.0  # nobody speaks a word faster than this: less audio than that was cut off


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool the agent called, from the call record or the event stream. `arguments` as far as they are told."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    at_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known about a call when it is over.

    tools, metrics: None where the platform did not tell; agent_levels: (loudness, audible ms) by turn index
    """

    turns: tuple[Turn, ...]
    measures: Measures
    ending: Ending
    duration_ms: float
    violations: tuple[Violation, ...] = ()
    tools: tuple[ToolUse, ...] | None = None
    metrics: Mapping[str, Any] | None = None
    audible_ms: Mapping[int, float] = field(default_factory=dict)
    longest_silence_at_ms: float | None = None
    talk_over_at_ms: float | None = None

    @property
    def agent_turns(self) -> list[tuple[int, Turn]]:
        return [(i, turn) for i, turn in enumerate(self.turns) if turn.role is Role.AGENT]


def check_call(script: Script, facts: Facts) -> list[Check]:
    """All checks of the whole call: the script's, and the guards."""
    checks = script.checks
    found = [
        *_check_times(checks, facts),
        *_check_ranges(checks, facts),
        *_check_words(checks, facts),
        *_check_ending(checks, facts),
        *_check_tools(checks, facts),
        *_check_metrics(checks, facts),
        *(Check("protocol is kept", Kind.PROTOCOL, False, "messages as the protocol has them", v.summary, v.at_ms)
          for v in facts.violations),
    ]  # fmt: skip
    return found + (_check_sound(checks, facts) if script.mode is Mode.WEBCALL else [])


def _at_most(name: str, kind: Kind, value: float | None, limit: float | None, unit: str,
             at_ms: float | None = None) -> list[Check]:  # fmt: skip
    if limit is None:
        return []
    heard = "it could not be measured" if value is None else f"{_number(value)} {unit}".strip()
    passed = value is not None and value <= limit
    return [Check(name, kind, passed, f"at most {_number(limit)} {unit}".strip(), heard, at_ms, value, limit, unit)]


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _check_times(checks: Checks, facts: Facts) -> list[Check]:
    measures, latency = facts.measures, checks.turn_latency_ms or TurnLatency()
    slowest = max((t for _, t in facts.agent_turns if t.latency_ms is not None), key=lambda t: t.latency_ms or 0,
                  default=None)  # fmt: skip
    at_ms = slowest.start_ms if slowest else None
    late = Kind.LATENCY
    return [
        *_at_most("connect time", late, measures.connect_ms, checks.connect_ms, "ms", 0.0),
        *_at_most("first audio", late, measures.first_audio_ms, checks.first_audio_ms, "ms", measures.first_audio_ms),
        *_at_most("turn latency p50", late, measures.latency_p50_ms, latency.p50, "ms", at_ms),
        *_at_most("turn latency p95", late, measures.latency_p95_ms, latency.p95, "ms", at_ms),
        *_at_most("turn latency max", late, measures.latency_max_ms, latency.max, "ms", at_ms),
        *_at_most("longest silence", late, measures.longest_silence_ms, checks.longest_silence_ms, "ms",
                  facts.longest_silence_at_ms),
        *_at_most("talk-over", late, measures.talk_over_ms, checks.talk_over_ms, "ms", facts.talk_over_at_ms),
    ]  # fmt: skip


def _check_ranges(checks: Checks, facts: Facts) -> list[Check]:
    return [
        *_within("agent talk ratio", Kind.AUDIO, facts.measures.agent_talk_ratio, checks.agent_talk_ratio, ""),
        *_within("duration", Kind.LATENCY, facts.duration_ms / 1000, checks.duration_s, "s"),
        *_within("loudness", Kind.AUDIO, facts.measures.loudness_dbfs, checks.loudness_dbfs, "dBFS"),
    ]


def _within(name: str, kind: Kind, value: float | None, bounds: Range | None, unit: str) -> list[Check]:
    if bounds is None:
        return []
    low, high = (bounds.min, bounds.max)
    parts = [f"at least {low:g}" if low is not None else "", f"at most {high:g}" if high is not None else ""]
    expected = f"{' and '.join(filter(None, parts))} {unit}".strip()
    inside = value is not None and (low is None or value >= low) and (high is None or value <= high)
    heard = "it could not be measured" if value is None else f"{_number(value)} {unit}".strip()
    return [Check(name, kind, inside, expected, heard, None, value, high if high is not None else low, unit)]


def _check_words(checks: Checks, facts: Facts) -> list[Check]:
    found = []
    for phrase in checks.forbidden:
        turn = next((t for _, t in facts.agent_turns if says(t.text, phrase)), None)
        heard, at_ms = (turn.text, turn.start_ms) if turn else ("it never did", None)
        found.append(Check(f'never says "{phrase}"', Kind.TRANSCRIPT, turn is None, f'the agent never says "{phrase}"',
                           heard, at_ms))  # fmt: skip
    return found + _check_language(checks.language, facts)


def _check_language(wanted: str | None, facts: Facts) -> list[Check]:
    """Every turn of the agent whose language can be told must be in the wanted one; none that can be told fails."""
    if wanted is None:
        return []
    told = [(turn, language) for _, turn in facts.agent_turns if (language := language_of(turn.text)) is not None]
    wrong = next(((turn, language) for turn, language in told if language != wanted.split("-")[0]), None)
    if wrong is not None:
        heard, at_ms = f"{wrong[1]}: {wrong[0].text}", wrong[0].start_ms
    else:
        heard, at_ms = (wanted if told else "too few words to tell"), None
    expected = f"the agent speaks {wanted}"
    return [Check("language", Kind.TRANSCRIPT, bool(told) and wrong is None, expected, heard, at_ms)]


def _check_ending(checks: Checks, facts: Facts) -> list[Check]:
    found, ending = [], facts.ending
    heard = f"{ending.by or 'nobody'} ({ending.reason})"
    if checks.ended_by is not None:
        found.append(Check("who ended it", Kind.ENDING, ending.by is checks.ended_by, str(checks.ended_by), heard))
    if checks.end_reason is not None:
        found.append(Check("why it ended", Kind.ENDING, ending.reason == checks.end_reason, checks.end_reason, heard))
    return found


def _check_tools(checks: Checks, facts: Facts) -> list[Check]:
    wanted = [t.name for t in checks.tool_calls]
    if facts.tools is None:
        names = [*(f"calls {n}" for n in wanted), *(f"does not call {n}" for n in checks.no_tool_calls)]
        return [Check(n, Kind.TOOL, False, n, "the platform did not say which tools were called") for n in names]
    used = ", ".join(_describe_use(use) for use in facts.tools) or "no tool was called"
    found = [_check_use(tool, facts.tools, used) for tool in checks.tool_calls]
    for name in checks.no_tool_calls:
        use = next((use for use in facts.tools if use.name == name), None)
        found.append(Check(f"does not call {name}", Kind.TOOL, use is None, f"{name} is not called", used,
                           use.at_ms if use else None))  # fmt: skip
    if checks.tool_calls_in_order and len(wanted) > 1:
        order = [use.name for use in facts.tools if use.name in wanted]
        found.append(Check("tools in order", Kind.TOOL, _is_subsequence(wanted, order), " then ".join(wanted), used))
    return found


def _check_use(tool: ToolExpectation, tools: Sequence[ToolUse], used: str) -> Check:
    match = next((u for u in tools if u.name == tool.name and is_subset(tool.arguments, u.arguments)), None)
    expected = _describe_use(ToolUse(tool.name, tool.arguments))
    return Check(f"calls {tool.name}", Kind.TOOL, match is not None, expected, used, match.at_ms if match else None)


def _describe_use(use: ToolUse) -> str:
    return f"{use.name}({', '.join(f'{k}={v!r}' for k, v in use.arguments.items())})"


def _is_subsequence(wanted: Sequence[str], order: Sequence[str]) -> bool:
    rest = iter(order)
    return all(name in rest for name in wanted)


def is_subset(part: Any, whole: Any) -> bool:
    """Whether everything in `part` is in `whole`; numbers and their texts are the same (`42` and `"42"`)."""
    if isinstance(part, Mapping):
        return isinstance(whole, Mapping) and all(k in whole and is_subset(v, whole[k]) for k, v in part.items())
    if isinstance(part, list | tuple):
        return isinstance(whole, list | tuple) and all(any(is_subset(p, w) for w in whole) for p in part)
    return bool(part == whole) or str(part).casefold() == str(whole).casefold()


def _check_metrics(checks: Checks, facts: Facts) -> list[Check]:
    return [_check_metric(metric, facts.metrics) for metric in checks.metrics]


def _check_metric(metric: MetricExpectation, metrics: Mapping[str, Any] | None) -> Check:
    expected = _describe_metric(metric)
    if metrics is None or metric.identifier not in metrics:
        heard = "the platform did not compute it in time"
        return Check(f"metric {metric.identifier}", Kind.TOOL, False, expected, heard)
    value = metrics[metric.identifier]
    return Check(f"metric {metric.identifier}", Kind.TOOL, _meets(metric, value), expected, repr(value))


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


def _describe_metric(metric: MetricExpectation) -> str:
    parts = [f"is {metric.equals!r}" if metric.equals is not None else "",
             f"is one of {', '.join(map(repr, metric.one_of))}" if metric.one_of else "",
             f"at least {metric.min:g}" if metric.min is not None else "",
             f"at most {metric.max:g}" if metric.max is not None else ""]  # fmt: skip
    return f"{metric.identifier} {' and '.join(filter(None, parts))}"


def _check_sound(checks: Checks, facts: Facts) -> list[Check]:
    found = []
    if checks.audible:
        found += [_check_audible(turn, facts.audible_ms.get(i, 0.0)) for i, turn in facts.agent_turns if turn.text]
    share = facts.measures.clipping_share
    if share is not None:
        found.append(Check("does not clip", Kind.AUDIO, share <= checks.clipping_share,
                           f"at most {checks.clipping_share:.2%} of the agent's audio at full scale", f"{share:.2%}",
                           None, share, checks.clipping_share))  # fmt: skip
    return found


def _check_audible(turn: Turn, audible_ms: float) -> Check:
    words = len(turn.text.split())
    needed_ms = 0.0 if turn.is_interrupted else min(words * _MS_PER_WORD, 20_000.0)
    enough = audible_ms > 0 and audible_ms >= needed_ms
    loudness = turn.loudness_dbfs if turn.loudness_dbfs is not None else -math.inf
    heard = f"{audible_ms:.0f} ms of sound at {loudness:.0f} dBFS" if audible_ms else "silence"
    expected = f"at least {max(needed_ms, 1):.0f} ms of sound above {SILENCE_DBFS:.0f} dBFS for {words} words"
    return Check("agent can be heard", Kind.AUDIO, enough, expected, heard, turn.start_ms, audible_ms, needed_ms, "ms")
