"""What is stored of a realtime call: transcript, events, latencies, tool calls, and both sides' audio.

The shapes are those of `GET /conversation/{callId}` and of the frames of `/events`.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from agentops.emulator.rest.calls.call_figures import turn_latencies
from agentops.emulator.store.state import to_iso

_JITTER_MS = 200.0  # audio that comes later than this after the audio before it: the caller has paused


@dataclass(frozen=True, slots=True)
class Setup:
    """What a session was opened with. `config` is the agent's live configuration in the write vocabulary."""

    agent_id: str
    agent_name: str
    call_id: str
    session_id: str
    mode: str
    sample_rate_hz: int
    config: Mapping[str, Any]
    variables: Mapping[str, Any]
    opened_at: datetime
    version_id: str | None = None
    version_number: int | None = None


@dataclass(slots=True)
class CallRecord:
    """Grows while the call runs. Times are milliseconds since it was opened."""

    setup: Setup
    transcript: list[dict[str, Any]] = field(default_factory=list)
    latencies: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)  # not yet taken by `take_events`
    _caller: list[tuple[float, bytes]] = field(default_factory=list)
    _agent: list[tuple[float, bytes]] = field(default_factory=list)
    _caller_until_ms: float = 0.0

    def stamp(self, at_ms: float) -> str:
        return to_iso(self.setup.opened_at + timedelta(milliseconds=at_ms))

    def add_line(self, role: str, text: str, at_ms: float) -> None:
        """`role` is `agent` or `user`, as call records spell it."""
        self.transcript.append({"role": role, "content": text, "timestamp": self.stamp(at_ms)})

    def add_event(self, event_type: str, at_ms: float, **payload: Any) -> None:
        self.events.append({"event_type": event_type, "timestamp": self.stamp(at_ms), **payload})

    def add_tool_start(self, turn: int, tool_call_id: str, name: str, at_ms: float, context: Mapping[str, Any]) -> None:
        common = {"turn_id": turn, "tool_call_id": tool_call_id, "function_name": name}
        self.add_event("tool_call_start", at_ms, context=dict(context), **common)

    def add_tool_end(
        self,
        turn: int,
        tool_call_id: str,
        name: str,
        at_ms: float,
        *,
        response: Any = None,
        error: str | None = None,
        latency_ms: float = 0.0,
    ) -> None:
        common = {"turn_id": turn, "tool_call_id": tool_call_id, "function_name": name}
        result = {"response": response, "error": error, "success": error is None, "latency_ms": round(latency_ms, 1)}
        self.add_event("tool_call_end" if error is None else "tool_call_error", at_ms, **common, **result)

    def take_events(self) -> list[dict[str, Any]]:
        taken, self.events = self.events, []
        return taken

    def add_latency(self, user_end_ms: float, bot_start_ms: float) -> float:
        latency = round(bot_start_ms - user_end_ms, 1)
        turn = len(self.latencies) + 1
        user_end, bot_start = self.stamp(user_end_ms), self.stamp(bot_start_ms)
        self.latencies.append({"turn": turn, "user_end": user_end, "bot_start": bot_start, "latency": latency})
        self.add_event("turn_latency", bot_start_ms, turn_index=turn, turn_latency=latency, total_turn_ms=latency)
        return latency

    # -- audio

    def add_caller_audio(self, pcm: bytes, at_ms: float) -> None:
        """Appends the chunk (PCM16) to the ones before it, unless the caller paused: chunks arrive unevenly, and placed
        by their arrival they would overlap or leave gaps.
        """
        start = self._caller_until_ms if at_ms - self._caller_until_ms < _JITTER_MS else at_ms
        self._caller.append((start, pcm))
        self._caller_until_ms = start + len(pcm) / 2 / self.setup.sample_rate_hz * 1000

    def add_agent_audio(self, pcm: bytes, at_ms: float, heard_ms: float) -> None:
        """`heard_ms` of the audio were played before it ended or was cut off."""
        # Whole samples of two bytes.
        self._agent.append((at_ms, pcm[: int(heard_ms / 1000 * self.setup.sample_rate_hz) * 2]))

    def to_wav(self) -> bytes:
        """The call as a WAV file with the caller on the left channel and the agent on the right."""
        import numpy as np  # only voice calls are recorded, and only they need the speech extra

        rate = self.setup.sample_rate_hz
        sides = [_mixed(self._caller, rate), _mixed(self._agent, rate)]
        length = max(map(len, sides))
        left, right = (np.pad(side, (0, length - len(side))) for side in sides)
        return _wav(np.column_stack((left, right)).tobytes(), rate, 2)

    # -- the stored document

    def to_document(self, *, status: str, ended_ms: float | None = None, disconnection: str | None = None) -> Any:
        """The call in the shape the REST side keeps; `agent` and recording links are added there."""
        setup = self.setup
        voice = setup.config.get("synthesizer", {}).get("voiceConfig", {})
        return {
            "callId": setup.call_id,
            "agentId": setup.agent_id,
            "type": setup.mode,
            "status": status,
            "duration": round((ended_ms or 0.0) / 1000, 1),
            "from": None,
            "to": None,
            "createdAt": self.stamp(0.0),
            "transcript": self.transcript,
            "variables": dict(setup.variables),
            "disconnectionReason": disconnection,
            "callFailureReason": None,
            "callCost": 0,
            "retryCount": 0,
            "isTest": False,
            "versionId": setup.version_id,
            "versionNumber": setup.version_number,
            "voiceConfigUsed": {name: voice.get(name) for name in ("model", "voiceId", "gender")},
            "slmModelUsed": setup.config.get("slmModel"),
            "turnLatencyMetrics": None if ended_ms is None else turn_latencies(self.latencies, self.stamp(ended_ms)),
        }


def to_mono(stereo: bytes) -> bytes:
    """A stereo WAV of `to_wav` as a WAV with both sides on one channel."""
    import numpy as np

    with wave.open(io.BytesIO(stereo)) as file:
        rate, frames = file.getframerate(), file.readframes(file.getnframes())
    sides = np.frombuffer(frames, dtype="<i2").reshape(-1, 2).astype(np.int32)  # wide enough for the sum
    return _wav(np.clip(sides.sum(axis=1), -32768, 32767).astype("<i2").tobytes(), rate, 1)


def _mixed(pieces: list[tuple[float, bytes]], rate: int) -> Any:
    import numpy as np

    starts = [int(at_ms / 1000 * rate) for at_ms, _ in pieces]
    length = max((start + len(pcm) // 2 for start, (_, pcm) in zip(starts, pieces, strict=True)), default=0)
    samples = np.zeros(length, dtype="<i2")
    for start, (_, pcm) in zip(starts, pieces, strict=True):
        samples[start : start + len(pcm) // 2] = np.frombuffer(pcm, dtype="<i2")
    return samples


def _wav(frames: bytes, rate: int, channels: int) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames)
    return buffer.getvalue()
