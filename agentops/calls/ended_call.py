"""Everything that is known about a call when it is over, from the conversation and, where there is one, the recording.

Pure. What it means for a script is decided in `checks`.
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
    """Everything known about a call when it is over.

    tools, playbooks, metrics: None where the platform did not tell; audible_ms: by the index of an agent's turn
    holds: when the emulator's recogniser held the call up, from and to: that is no time of the call
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
        return [(i, turn) for i, turn in enumerate(self.turns) if turn.role is Role.AGENT]


def build_turns(conversation: Conversation, recording: Recording | None) -> tuple[Turn, ...]:
    """The utterances as turns; an agent's latency counts from the end of what the caller said right before it."""
    turns: list[Turn] = []
    asked: Utterance | None = None
    for utterance in conversation.utterances:
        sound_ms = _first_sound(utterance, recording)
        start_ms = sound_ms if sound_ms is not None else utterance.start_ms
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


def _first_sound(utterance: Utterance, recording: Recording | None) -> float | None:
    if utterance.role is Role.CALLER or recording is None or utterance.audio_ms is None:
        return None
    return recording.first_sound_ms(utterance.audio_ms, utterance.end_ms)


def ended_call_of(line: Line, recording: Recording | None, telemetry: Telemetry) -> EndedCall:
    """What an ended call came to, but for what only its sound tells. `recording` is None for a chat."""
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
    """The times to the agent's answers."""
    latencies = sorted(turn.latency_ms for turn in turns if turn.latency_ms is not None)
    return Measures(
        connect_ms=connect_ms,
        first_audio_ms=next((t.start_ms for t in turns if t.role is Role.AGENT and t.has_audio), None),
        latency_p50_ms=percentile(latencies, 0.5),
        latency_p95_ms=percentile(latencies, 0.95),
        latency_max_ms=latencies[-1] if latencies else None,
    )
