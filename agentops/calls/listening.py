"""Hears for itself whether the agent's audio says what its transcript claims. Works offline, in English.

A platform's transcript is what the agent meant to say; a caller only has the sound. Each turn is recognised against
the words of its own transcript, which gives a score, 0.5 being the border of what counts as said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentops import speech
from agentops.calls import audio
from agentops.calls.model import Check, Kind, Turn
from agentops.calls.protocol import Role
from agentops.calls.recording import Recording


@dataclass(frozen=True, slots=True)
class Listened:
    """One check per turn that could be judged, and the worst score of all (None when there was nothing to hear)."""

    checks: tuple[Check, ...]
    worst_score: float | None


def listen(recording: Recording, turns: Sequence[Turn], at_least: float) -> Listened:
    """Judges the agent's turns that have a transcript and were not interrupted: those stop in the middle of a word."""
    judged = [t for t in turns if t.role is Role.AGENT and speech.words_of(t.text) and not t.is_interrupted]
    scores = [_score(recording, turn) for turn in judged]
    checks = tuple(_check(turn, score, at_least) for turn, score in zip(judged, scores, strict=True))
    return Listened(checks, min(scores, default=None))


def _score(recording: Recording, turn: Turn) -> float:
    pcm = audio.to_pcm(recording.agent_part(turn.start_ms, turn.end_ms))
    return speech.recognize(pcm, sample_rate_hz=recording.rate_hz, phrases=[turn.text]).score


def _check(turn: Turn, score: float, at_least: float) -> Check:
    heard = (
        f"it does, with a score of {score:.2f}" if score >= at_least else f"other sounds, with a score of {score:.2f}"
    )
    return Check(
        name="audio says its transcript",
        kind=Kind.AUDIO,
        passed=score >= at_least,
        expected=f'audio that says "{turn.text}", with a score of at least {at_least:.2f}',
        heard=heard,
        at_ms=turn.start_ms,
        value=score,
        limit=at_least,
    )
