"""The report of a call and of a run of calls: plain values, the same in memory, in JSON and on every page.

Times are milliseconds since `session.created`, which is also where the recording starts. Nothing is computed here but
summaries of the values themselves; `checks` makes the checks, `render` shows them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from agentops.calls.protocol import Mode, Role
from agentops.document import Verdict as Verdict

REPORT_FORMAT = 1


class CheckKind(StrEnum):
    """What a check is about. LATENCY: too late, or too long; INFRASTRUCTURE is never the agent's fault."""

    TRANSCRIPT = "transcript"
    LATENCY = "latency"
    AUDIO = "audio"
    TOOL = "tool"
    ENDING = "ending"
    PROTOCOL = "protocol"
    MEANING = "meaning"
    INFRASTRUCTURE = "infrastructure"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked: expected against heard.

    at_ms: where in the recording to listen
    value, limit, unit: the numbers behind it, for a check that measures
    step:  index of the script's step, None for a check of the whole call
    where: `file:line:column` in the script
    doubt: why a check that did not pass is inconclusive and not failed: it may not be the agent's fault
    """

    name: str
    kind: CheckKind
    passed: bool
    expected: str
    heard: str
    at_ms: float | None = None
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    step: int | None = None
    where: str = ""
    doubt: str = ""

    @property
    def is_inconclusive(self) -> bool:
        return not self.passed and (self.kind is CheckKind.INFRASTRUCTURE or bool(self.doubt))


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that was said.

    heard_as:   the caller's: what the platform's recogniser made of it
    latency_ms: the agent's, from the end of the caller's words before it; None when it was no answer
    step:       the caller's: index of the script's step that says it; None when a simulated caller said it
    """

    role: Role
    start_ms: float
    end_ms: float
    text: str
    heard_as: str = ""
    latency_ms: float | None = None
    is_interrupted: bool = False
    has_audio: bool = True
    loudness_dbfs: float | None = None
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Measures:
    """The whole call in numbers; None where something could not be measured. Shares and ratios are 0..1.

    held_ms: how long the emulator's recogniser held the call up, which no latency includes
    """

    connect_ms: float | None = None
    first_audio_ms: float | None = None
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    latency_max_ms: float | None = None
    agent_talk_ratio: float | None = None
    longest_silence_ms: float | None = None
    talk_over_ms: float | None = None
    loudness_dbfs: float | None = None
    clipping_share: float | None = None
    transcript_score: float | None = None
    chunk_lateness_p50_ms: float | None = None
    chunk_lateness_p99_ms: float | None = None
    word_error_rate: float | None = None
    held_ms: float | None = None


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of `ordered` do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)] if ordered else None


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool the agent called, from the call record or the event stream; `arguments` as far as those hold them."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    at_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended. `by` is None when nobody ended it: the line was cut, or never opened."""

    by: Role | None
    reason: str


@dataclass(frozen=True, slots=True)
class Waveform:
    """The loudest moment of each 1/`per_second` s on both sides, 0..100."""

    per_second: int
    caller: tuple[int, ...]
    agent: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """What was asked of a language model; `tokens` as far as the endpoint reports them."""

    requests: int = 0
    tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.requests + other.requests, self.tokens + other.tokens)


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class CallReport:
    """One call.

    attempt:        counts the calls of one script in a run, from 1
    started_at:     ISO 8601
    tools, playbooks, metrics: None where the platform did not report them
    baseline:       what the script measured in the run that this one is compared with
    judged:         what judging and simulating the caller cost
    recording:      the WAV beside the report (caller left, agent right), if it had sound
    folder:         where the call's files are, relative to the run's folder
    revision:       the number of the revision that served when the call was made, None where that is unknown;
                    `label` is what it was published under, such as the commit
    """

    script: str
    name: str
    agent: str
    mode: Mode
    verdict: Verdict
    checks: tuple[Check, ...]
    turns: tuple[Turn, ...] = ()
    measures: Measures = Measures()
    ending: Ending = Ending(None, "never connected")
    environment: str = ""
    agent_id: str = ""
    call_id: str = ""
    attempt: int = 1
    tags: tuple[str, ...] = ()
    started_at: str = ""
    duration_ms: float = 0.0
    notes: tuple[str, ...] = ()
    tools: tuple[ToolUse, ...] | None = None
    playbooks: tuple[str, ...] | None = None
    metrics: Mapping[str, Any] | None = None
    baseline: Measures | None = None
    judged: Usage = NO_USAGE
    waveform: Waveform | None = None
    recording: str | None = None
    folder: str | None = None
    revision: int | None = None
    label: str = ""

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.passed)

    @property
    def title(self) -> str:
        return self.name or self.script


def verdict_of(checks: Sequence[Check]) -> Verdict:
    """Failed when a check has failed, else inconclusive when one is, else passed; no checks at all are a failure."""
    missed = [check for check in checks if not check.passed]
    if any(not check.is_inconclusive for check in missed):
        return Verdict.FAILED
    if missed:
        return Verdict.INCONCLUSIVE
    return Verdict.PASSED if checks else Verdict.FAILED


@dataclass(frozen=True, slots=True)
class Covered:
    """A tool or a playbook of an agent, and the scripts whose calls exercised it.

    is_known: False where no script did, but the platform did not report what some call used
    """

    agent: str
    kind: str
    name: str
    scripts: tuple[str, ...]
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class ScriptReport:
    """All calls of one script. Inconclusive calls don't count towards the pass rate, unless all of them are."""

    script: str
    name: str
    agent: str
    pass_rate: float
    calls: tuple[CallReport, ...]

    @property
    def passed_share(self) -> float | None:
        conclusive = [c for c in self.calls if c.verdict is not Verdict.INCONCLUSIVE]
        return sum(c.verdict is Verdict.PASSED for c in conclusive) / len(conclusive) if conclusive else None

    @property
    def verdict(self) -> Verdict:
        share = self.passed_share
        if share is None:
            return Verdict.INCONCLUSIVE
        if share < self.pass_rate:
            return Verdict.FAILED
        # A script that must pass every time has not been shown to when a call could not be judged.
        unsure = any(c.verdict is Verdict.INCONCLUSIVE for c in self.calls)
        return Verdict.INCONCLUSIVE if unsure and self.pass_rate == 1 else Verdict.PASSED

    @property
    def title(self) -> str:
        return self.name or self.script


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run of scripts.

    shard:    (index, count), both from 1, when the run is a part of a larger one
    coverage: what the scripts exercised, where that was asked for
    plan:     the page of the plan that was applied, relative to the run's folder; "" where there was none
    """

    environment: str
    scripts: tuple[ScriptReport, ...]
    started_at: str = ""
    duration_ms: float = 0.0
    shard: tuple[int, int] | None = None
    coverage: tuple[Covered, ...] = ()
    plan: str = ""
    format_version: int = field(default=REPORT_FORMAT)

    @property
    def calls(self) -> tuple[CallReport, ...]:
        return tuple(call for script in self.scripts for call in script.calls)

    @property
    def covered_share(self) -> float | None:
        """0..1 of all tools and playbooks; None where there are none, or it was not asked for."""
        return sum(bool(row.scripts) for row in self.coverage) / len(self.coverage) if self.coverage else None

    @property
    def verdict(self) -> Verdict:
        verdicts = {script.verdict for script in self.scripts}
        for verdict in (Verdict.FAILED, Verdict.INCONCLUSIVE):
            if verdict in verdicts:
                return verdict
        return Verdict.PASSED if verdicts else Verdict.FAILED
