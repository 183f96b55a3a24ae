"""The sound of an ended call: its levels, pauses and overlaps, its waveform and its WAV file. Pure.

Needs numpy (through `audio`): import it for calls with sound only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from agentops.calls import audio
from agentops.calls.conversation import Track
from agentops.calls.ended_call import EndedCall
from agentops.calls.protocol import Role
from agentops.calls.report import Turn, Waveform

PEAKS_PER_SECOND = 50


@dataclass(frozen=True, slots=True)
class Recording:
    """Both sides as sound, from `session.created` on, equally long."""

    caller: audio.Samples
    agent: audio.Samples
    rate_hz: int

    @property
    def wav(self) -> bytes:
        return audio.stereo_wav(self.caller, self.agent, self.rate_hz)

    @property
    def waveform(self) -> Waveform:
        caller, agent = (audio.peaks(side, self.rate_hz, PEAKS_PER_SECOND) for side in (self.caller, self.agent))
        return Waveform(PEAKS_PER_SECOND, caller, agent)

    def agent_part(self, start_ms: float, end_ms: float) -> audio.Samples:
        """The agent's side between the two times."""
        return self.agent[round(start_ms * self.rate_hz / 1000) : round(end_ms * self.rate_hz / 1000)]

    def first_sound_ms(self, start_ms: float, end_ms: float) -> float | None:
        """When the agent is first audible between the two times; None where it is silent."""
        loud = np.flatnonzero(
            audio.frame_levels_dbfs(self.agent_part(start_ms, end_ms), self.rate_hz) > audio.SILENCE_DBFS
        )
        return start_ms + float(loud[0]) * audio.FRAME_MS if len(loud) else None


def record(caller: Track, agent: Track, duration_ms: float) -> Recording:
    """Both tracks as a recording of at least `duration_ms`."""
    rate = agent.sample_rate_hz
    length = max(round(duration_ms * rate / 1000), caller.end_sample, agent.end_sample)
    return Recording(audio.track_samples(caller, length), audio.track_samples(agent, length), rate)


@dataclass(frozen=True, slots=True)
class Overlap:
    """How both sides share the time of a call. Times are milliseconds; the ratio is 0..1, None where nobody spoke."""

    agent_talk_ratio: float | None
    longest_silence_ms: float
    longest_silence_at_ms: float
    talk_over_ms: float
    talk_over_at_ms: float | None


def compare_sides(recording: Recording, turns: Sequence[Turn], holds: Sequence[tuple[float, float]] = ()) -> Overlap:
    """How the sides share the call. `holds` (from and to, in ms) are neither call time nor silence."""
    agent = audio.frame_levels_dbfs(recording.agent, recording.rate_hz) > audio.SILENCE_DBFS
    # The caller is taken from its turns: its sound may have background noise throughout.
    caller = np.zeros(len(agent), dtype=bool)
    for turn in turns:
        if turn.role is Role.CALLER:
            caller[int(turn.start_ms / audio.FRAME_MS) : math.ceil(turn.end_ms / audio.FRAME_MS)] = True
    talking, both = agent | caller, agent & caller
    # What follows the last word is no pause.
    spoken = np.flatnonzero(talking)
    counts = np.ones(int(spoken[-1]) + 1 if len(spoken) else len(talking), dtype=bool)
    for began_ms, ended_ms in holds:
        counts[int(began_ms / audio.FRAME_MS) : math.ceil(ended_ms / audio.FRAME_MS)] = False
    silent_at, silent = _longest_run(~talking[: len(counts)][counts])
    silent_at = int(np.flatnonzero(counts)[silent_at]) if silent else 0
    voices = int(agent.sum() + caller.sum())
    return Overlap(
        agent_talk_ratio=float(agent.sum()) / voices if voices else None,
        longest_silence_ms=float(silent * audio.FRAME_MS),
        longest_silence_at_ms=float(silent_at * audio.FRAME_MS),
        talk_over_ms=float(both.sum()) * audio.FRAME_MS,
        talk_over_at_ms=float(np.argmax(both)) * audio.FRAME_MS if both.any() else None,
    )


def add_sound(call: EndedCall, recording: Recording) -> EndedCall:
    """`call` with everything that only the sound can tell."""
    overlap = compare_sides(recording, call.turns, call.holds)
    whole = audio.measure(recording.agent, recording.rate_hz)
    levels = {i: audio.measure(recording.agent_part(turn.start_ms, turn.end_ms), recording.rate_hz)
              for i, turn in call.agent_turns}  # fmt: skip
    turns = tuple(
        replace(turn, loudness_dbfs=_finite(levels[i].loudness_dbfs)) if i in levels else turn
        for i, turn in enumerate(call.turns)
    )
    measures = replace(
        call.measures,
        agent_talk_ratio=overlap.agent_talk_ratio,
        longest_silence_ms=overlap.longest_silence_ms,
        talk_over_ms=overlap.talk_over_ms,
        loudness_dbfs=_finite(whole.loudness_dbfs),
        clipping_share=whole.clipping_share,
    )
    return replace(
        call,
        turns=turns,
        measures=measures,
        audible_ms={i: level.audible_ms for i, level in levels.items()},
        longest_silence_at_ms=overlap.longest_silence_at_ms,
        talk_over_at_ms=overlap.talk_over_at_ms,
    )


def _finite(loudness_dbfs: float) -> float | None:
    return loudness_dbfs if math.isfinite(loudness_dbfs) else None


def _longest_run(flags: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Start and length of the longest stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    best = int(np.argmax(lengths)) if len(lengths) else -1
    return (int(starts[best]), int(lengths[best])) if best >= 0 else (0, 0)
