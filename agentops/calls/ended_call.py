"""Everything that is known of an ended call: from the conversation, the telemetry and, with sound, the recording.

Pure. `checks` decides what it means for a script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from agentops.calls.conversation import Conversation, Utterance
from agentops.calls.line import Line, ended_by
from agentops.calls.protocol import Role, Violation
from agentops.calls.report import Ending, Measures, ToolUse, Turn, percentile
from agentops.calls.telemetry import Telemetry

if TYPE_CHECKING:
    from agentops.calls.recording import Recording


@dataclass(frozen=True, slots=True)
class EndedCall:
    """Everything known of a call when it has ended.

    tools, playbooks, metrics: None where the platform did not report them
    audible_ms: how long each turn of the agent is audible, by the turn's index
    holds:      when the emulator's recogniser held the call up, from and to, in ms; that doesn't count as call time
    """

    turns: tuple[Turn, ...]
    measures: Measures
    ending: Ending
    duration_ms: float
    violations: tuple[Violation, ...] = ()
    tools: tuple[ToolUse, ...] | None = None
    playbooks: tuple[str, ...] | None = None
    metrics: Mapping[str, Any] | None = None
    audible_ms: Mapping[int, float] = field(default_factory=dict)
    longest_silence_at_ms: float | None = None
    talk_over_at_ms: float | None = None
    holds: tuple[tuple[float, float], ...] = ()

    @property
    def agent_turns(self) -> list[tuple[int, Turn]]:
        """The agent's turns with their indexes among all turns."""
        return [(i, turn) for i, turn in enumerate(self.turns) if turn.role is Role.AGENT]


def build_turns(conversation: Conversation, recording: Recording | None) -> tuple[Turn, ...]:
    """The utterances as turns; an agent's latency counts from the end of what the caller said right before it."""
    turns: list[Turn] = []
    asked: Utterance | None = None
    for utterance in conversation.utterances:
        start_ms = utterance.start_ms
        if recording is not None and utterance.role is Role.AGENT and utterance.audio_ms is not None:
            # A turn starts where it can be heard: leading silence in the agent's audio is time that callers wait.
            sound_ms = recording.first_sound_ms(utterance.audio_ms, utterance.end_ms)
            start_ms = sound_ms if sound_ms is not None else start_ms
        latency_ms = None
        if asked is not None and utterance.role is Role.AGENT:
            latency_ms = start_ms - asked.end_ms - conversation.held_ms(asked.end_ms, start_ms)
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
                step=utterance.step,
            )
        )
        asked = None if utterance.role is Role.AGENT or utterance.is_aside else utterance
    return tuple(turns)


def ended_call_of(line: Line, recording: Recording | None, telemetry: Telemetry) -> EndedCall:
    """An ended call without what only its sound can show, see `recording.add_sound`. `recording` is None for a chat."""
    turns = build_turns(line.conversation, recording)
    call = EndedCall(
        turns=turns,
        measures=measure_times(turns, line.session.connect_ms),
        ending=Ending(*ended_by(line)),
        duration_ms=line.duration_ms,
        violations=tuple(event for event in line.events if isinstance(event, Violation)),
        holds=tuple((began, line.duration_ms if ended is None else ended) for began, ended in line.conversation.holds),
        tools=telemetry.tools,
        playbooks=telemetry.playbooks,
        metrics=telemetry.metrics,
    )
    first_ms = call.measures.first_audio_ms
    lateness = sorted(line.lateness_ms) if recording is not None else []
    measures = replace(
        call.measures,
        chunk_lateness_p50_ms=percentile(lateness, 0.5),
        chunk_lateness_p99_ms=percentile(lateness, 0.99),
        first_audio_ms=first_ms - line.conversation.held_ms(0.0, first_ms) if first_ms is not None else None,
        held_ms=line.conversation.held_ms(0.0, line.duration_ms) or None,
    )
    return replace(call, measures=measures)


def measure_times(turns: Sequence[Turn], connect_ms: float | None) -> Measures:
    """How long the caller waited: to connect, for the first sound, and for each answer."""
    latencies = sorted(turn.latency_ms for turn in turns if turn.latency_ms is not None)
    return Measures(
        connect_ms=connect_ms,
        first_audio_ms=next((t.start_ms for t in turns if t.role is Role.AGENT and t.has_audio), None),
        latency_p50_ms=percentile(latencies, 0.5),
        latency_p95_ms=percentile(latencies, 0.95),
        latency_max_ms=latencies[-1] if latencies else None,
    )
