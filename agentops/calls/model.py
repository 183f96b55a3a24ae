"""What a call and a run of calls came to: plain values, the same in memory, in JSON and in every report.

Times are milliseconds since `session.created`, which is also where the recording starts. Nothing here computes
anything but summaries of itself; `checks` judges, `render` shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from agentops.calls.protocol import Mode, Role
from agentops.document import Verdict as Verdict

REPORT_FORMAT = 1


class Kind(StrEnum):
    """What a check is about. LATENCY: too late, or too long; INFRASTRUCTURE makes a call inconclusive, not failed."""

    TRANSCRIPT = "transcript"
    LATENCY = "latency"
    AUDIO = "audio"
    TOOL = "tool"
    ENDING = "ending"
    PROTOCOL = "protocol"
    INFRASTRUCTURE = "infrastructure"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked: expected against heard.

    value, limit, unit: the numbers behind it, for a check that measures; at_ms: where in the recording to listen
    step:  index of the script's step, None for a check of the whole call; where: `file:line:column` in the script
    """

    name: str
    kind: Kind
    passed: bool
    expected: str
    heard: str
    at_ms: float | None = None
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    step: int | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said. `latency_ms`: the agent's, from the end of what the caller said before, if it was an answer."""

    role: Role
    start_ms: float
    end_ms: float
    text: str
    heard_as: str = ""
    latency_ms: float | None = None
    is_interrupted: bool = False
    has_audio: bool = True
    loudness_dbfs: float | None = None


@dataclass(frozen=True, slots=True)
class Measures:
    """The whole call in numbers; None where it can't be said. Shares are 0..1."""

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


@dataclass(frozen=True, slots=True)
class Ending:
    """by: None when nobody ended it (the line was cut, or it never opened)."""

    by: Role | None
    reason: str


@dataclass(frozen=True, slots=True)
class Waveform:
    """The loudest moment of each 1/`per_second` s on both sides, 0..100."""

    per_second: int
    caller: tuple[int, ...]
    agent: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CallReport:
    """One call. `recording` is the WAV beside the report (caller left, agent right), if it had sound."""

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
    waveform: Waveform | None = None
    recording: str | None = None
    folder: str | None = None

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.passed)

    @property
    def title(self) -> str:
        return self.name or self.script


def judge(checks: Sequence[Check]) -> Verdict:
    """Failed when a check says so; else inconclusive when the infrastructure did; nothing checked is a failure."""
    failed = {check.kind for check in checks if not check.passed}
    if failed - {Kind.INFRASTRUCTURE}:
        return Verdict.FAILED
    if failed:
        return Verdict.INCONCLUSIVE
    return Verdict.PASSED if checks else Verdict.FAILED


@dataclass(frozen=True, slots=True)
class ScriptReport:
    """All calls of one script. Inconclusive calls don't count towards the pass rate, but all of them being so does."""

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
        # A script that must always pass is not proven by calls that could not be made.
        unsure = any(c.verdict is Verdict.INCONCLUSIVE for c in self.calls)
        return Verdict.INCONCLUSIVE if unsure and self.pass_rate == 1 else Verdict.PASSED

    @property
    def title(self) -> str:
        return self.name or self.script


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run of scripts. `shard` is (index, count), both from 1, when the run is a part of a larger one."""

    environment: str
    scripts: tuple[ScriptReport, ...]
    started_at: str = ""
    duration_ms: float = 0.0
    shard: tuple[int, int] | None = None
    format_version: int = field(default=REPORT_FORMAT)

    @property
    def calls(self) -> tuple[CallReport, ...]:
        return tuple(call for script in self.scripts for call in script.calls)

    @property
    def verdict(self) -> Verdict:
        verdicts = {script.verdict for script in self.scripts}
        for verdict in (Verdict.FAILED, Verdict.INCONCLUSIVE):
            if verdict in verdicts:
                return verdict
        return Verdict.PASSED if verdicts else Verdict.FAILED
