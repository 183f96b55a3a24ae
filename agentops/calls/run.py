"""Makes one call by its script and says what it came to.

Running many is `schedule`'s work, getting the words spoken `preparing`'s, writing files `folder`'s.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from agentops.calls.checks import Facts, check_call
from agentops.calls.conversation import Conversation, Utterance
from agentops.calls.evidence import Evidence, Watch, gather, needs_tools
from agentops.calls.line import Line, Room, Sound, ended_by
from agentops.calls.model import CallReport, Check, Ending, Kind, Measures, Turn, judge
from agentops.calls.protocol import Event, Mode, PlatformFault, Role, Violation
from agentops.calls.script import Script
from agentops.calls.session import Dial, NoConnection, Opening, Platform, Target, dial, open_session
from agentops.calls.steps import Walk

if TYPE_CHECKING:
    from agentops.calls.recording import Recording

# Recordings are listened to one at a time: more threads would compete with the calls that are still going on.
_LISTENERS = ThreadPoolExecutor(max_workers=1, thread_name_prefix="agentops-listening")
_THEIR_FAULTS = {"internal_error", "worker_not_ready", "no_session"}


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a call touches: the REST side (None: connect with the key), how to dial, and the time of day."""

    platform: Platform | None = None
    dial: Dial = dial
    now: Callable[[], datetime] = _now


@dataclass(frozen=True, slots=True)
class Prepared:
    """A script that is ready to be called: its file, its words as sound, and the room the caller is in.

    places: `file:line:column` of each step; sounds: by the index of the step that says them
    """

    script: Script
    file: str
    sounds: Mapping[int, Sound] = field(default_factory=dict)
    room: Room | None = None
    places: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CallResult:
    """The report, and what it was made from. `lateness_ms`: how late each 40 ms chunk left."""

    report: CallReport
    events: Sequence[Event] = ()
    recording: Recording | None = None
    lateness_ms: Sequence[float] = ()


async def run_call(prepared: Prepared, target: Target, wiring: Wiring, *, attempt: int = 1) -> CallResult:
    """Calls once. Never raises for what the platform or the agent does: that is in the report."""
    script = prepared.script
    report = CallReport(
        script=prepared.file,
        name=script.name,
        agent=script.agent,
        mode=script.mode,
        verdict=judge(()),
        checks=(),
        environment=target.environment,
        agent_id=target.agent_id,
        attempt=attempt,
        tags=script.tags,
        started_at=wiring.now().isoformat(timespec="seconds"),
    )
    opening = Opening(target, script.mode, script.sample_rate_hz, script.variables)
    try:
        session = await open_session(opening, wiring.platform, wiring.dial)
    except NoConnection as failure:
        return CallResult(_inconclusive(report, failure))
    line = Line(session, prepared.room)
    watch = _watch(wiring.platform, line, script)
    checks = await _converse(line, prepared)
    evidence = Evidence()
    if wiring.platform is not None and line.call_id:
        evidence = await gather(wiring.platform, line.call_id, script.checks, watch)
    conclude = partial(_conclude, report, prepared, line, (checks, evidence))
    return await asyncio.get_running_loop().run_in_executor(_LISTENERS, conclude)


def _watch(platform: Platform | None, line: Line, script: Script) -> Watch | None:
    """Follows the call's events from the start when the script checks which tools are used."""
    if platform is None or not line.call_id or not needs_tools(script.checks):
        return None
    watch = Watch(platform, line.now_ms)
    watch.start(line.call_id)
    return watch


def _inconclusive(report: CallReport, failure: NoConnection) -> CallReport:
    check = Check("agent is reached", Kind.INFRASTRUCTURE, False, "an open session", failure.summary, at_ms=0.0)
    return replace(report, checks=(check,), verdict=judge([check]))


async def _converse(line: Line, prepared: Prepared) -> list[Check]:
    walk = Walk(line, prepared.script, prepared.sounds, prepared.places)
    async with line:
        try:
            async with asyncio.timeout(prepared.script.timeout_s):
                await walk.follow()
        except TimeoutError:
            walk.note_time_limit(prepared.script.timeout_s)
        await line.hang_up()
    return walk.checks


def _conclude(report: CallReport, prepared: Prepared, line: Line, found: tuple[list[Check], Evidence]) -> CallResult:
    step_checks, evidence = found
    recording = _recording_of(line) if prepared.script.mode is Mode.WEBCALL else None
    facts = replace(_facts_of(line, recording), tools=evidence.tools, metrics=evidence.metrics)
    checks = [*step_checks, *_line_checks(line, facts.ending)]
    if facts.ending.by is not None:  # a call that was cut says nothing about its length, its pauses or its end
        checks += check_call(prepared.script, facts)
        if recording is not None and prepared.script.checks.says_transcript is not None:
            facts, heard = _listen(facts, recording, prepared.script.checks.says_transcript)
            checks += heard
    if not step_checks and not prepared.script.checks.model_fields_set:
        checks.append(Check("something is checked", Kind.PROTOCOL, False, "at least one check", "none was reached"))
    report = replace(
        report,
        verdict=judge(checks),
        checks=tuple(checks),
        turns=facts.turns,
        measures=facts.measures,
        ending=facts.ending,
        call_id=line.call_id,
        duration_ms=facts.duration_ms,
        notes=line.session.notes,
        waveform=recording.waveform if recording else None,
    )
    return CallResult(report, line.events, recording, line.lateness_ms)


def _recording_of(line: Line) -> Recording:
    from agentops.calls.recording import record

    return record(line.caller_track, line.conversation.agent_track, line.duration_ms)


def _facts_of(line: Line, recording: Recording | None) -> Facts:
    ending = Ending(*ended_by(line))
    violations = tuple(event for event in line.events if isinstance(event, Violation))
    turns = build_turns(line.conversation, recording)
    measures = _measure_times(line, turns)
    facts = Facts(turns, measures, ending, line.duration_ms, violations)
    if recording is None:
        return facts
    from agentops.calls.recording import add_sound

    return add_sound(facts, recording)


def _listen(facts: Facts, recording: Recording, at_least: float) -> tuple[Facts, Sequence[Check]]:
    from agentops.calls.listening import listen

    heard = listen(recording, facts.turns, at_least)
    return replace(facts, measures=replace(facts.measures, transcript_score=heard.worst_score)), heard.checks


def build_turns(conversation: Conversation, recording: Recording | None) -> tuple[Turn, ...]:
    """The utterances as turns; an agent's latency counts from the end of what the caller said right before it."""
    turns: list[Turn] = []
    asked: Utterance | None = None
    for utterance in conversation.utterances:
        sound_ms = _first_sound(utterance, recording)
        start_ms = sound_ms if sound_ms is not None else utterance.start_ms
        latency_ms = start_ms - asked.end_ms if asked is not None and utterance.role is Role.AGENT else None
        turns.append(
            Turn(
                role=utterance.role,
                start_ms=start_ms,
                end_ms=max(utterance.end_ms, start_ms),
                text=utterance.text,
                heard_as=utterance.heard_as,
                latency_ms=latency_ms if latency_ms is not None and latency_ms >= 0 else None,
                is_interrupted=utterance.is_interrupted,
                has_audio=utterance.audio_ms is not None or utterance.role is Role.CALLER,
            )
        )
        asked = None if utterance.role is Role.AGENT or utterance.is_aside else utterance
    return tuple(turns)


def _first_sound(utterance: Utterance, recording: Recording | None) -> float | None:
    if utterance.role is Role.CALLER or recording is None or utterance.audio_ms is None:
        return None
    return recording.first_sound_ms(utterance.audio_ms, utterance.end_ms)


def _measure_times(line: Line, turns: Sequence[Turn]) -> Measures:
    latencies = sorted(turn.latency_ms for turn in turns if turn.latency_ms is not None)
    first = next((t.start_ms for t in turns if t.role is Role.AGENT and t.has_audio), None)
    return Measures(
        connect_ms=line.session.connect_ms,
        first_audio_ms=first,
        latency_p50_ms=percentile(latencies, 0.5),
        latency_p95_ms=percentile(latencies, 0.95),
        latency_max_ms=latencies[-1] if latencies else None,
        chunk_lateness_p50_ms=percentile(sorted(line.lateness_ms), 0.5),
        chunk_lateness_p99_ms=percentile(sorted(line.lateness_ms), 0.99),
    )


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of `ordered` do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)] if ordered else None


def _line_checks(line: Line, ending: Ending) -> list[Check]:
    """What the line itself did wrong: faults the platform reported, and being cut."""
    found = []
    for fault in (event for event in line.events if isinstance(event, PlatformFault)):
        is_theirs = fault.code in _THEIR_FAULTS or fault.code.startswith("5")
        kind = Kind.INFRASTRUCTURE if is_theirs else Kind.PROTOCOL
        found.append(Check("no platform error", kind, False, "no error message", f"{fault.code}: {fault.message}",
                           fault.at_ms))  # fmt: skip
    if ending.by is None:
        found.append(Check("line stays up", Kind.INFRASTRUCTURE, False, "a call that one side ends", ending.reason,
                           line.duration_ms))  # fmt: skip
    return found
