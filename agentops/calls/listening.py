"""Hears for itself whether the agent's audio says what its transcript claims. Works offline, in English.

A platform's transcript is what the agent meant to say; a caller only has the sound. The words of each turn's transcript
are looked for in its sound, which gives a score and the words that are missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentops import speech
from agentops.calls import audio
from agentops.calls.language import language_of
from agentops.calls.model import Check, Kind, Turn
from agentops.calls.protocol import Role
from agentops.calls.recording import Recording


@dataclass(frozen=True, slots=True)
class Listened:
    """One check per turn that could be judged, and the worst score of all (None when there was nothing to hear)."""

    checks: tuple[Check, ...]
    worst_score: float | None


def listen(recording: Recording, turns: Sequence[Turn], at_least: float) -> Listened:
    """Judges the agent's turns that have an English transcript and were not interrupted in the middle of a word."""
    judged = [turn for turn in turns if _can_be_judged(turn)]
    matches = [_match(recording, turn) for turn in judged]
    checks = tuple(_check(turn, match, at_least) for turn, match in zip(judged, matches, strict=True))
    if not judged:
        wanted, heard = "a turn of the agent with an English transcript", "none that could be listened to"
        checks = (Check("audio says its transcript", Kind.AUDIO, False, wanted, heard),)
    return Listened(checks, min((match.score for match in matches), default=None))


def _can_be_judged(turn: Turn) -> bool:
    is_english = language_of(turn.text) in (None, "en")
    return turn.role is Role.AGENT and is_english and not turn.is_interrupted and bool(speech.words_of(turn.text))


def _match(recording: Recording, turn: Turn) -> speech.TextMatch:
    pcm = audio.to_pcm(recording.agent_part(turn.start_ms, turn.end_ms))
    return speech.match_text(pcm, sample_rate_hz=recording.rate_hz, text=turn.text)


def _check(turn: Turn, match: speech.TextMatch, at_least: float) -> Check:
    missing = f", without the words: {' '.join(match.missing)}" if match.missing else ""
    return Check(
        name="audio says its transcript",
        kind=Kind.AUDIO,
        passed=match.score >= at_least,
        expected=f'audio that says "{turn.text}", with a score of at least {at_least:.2f}',
        heard=f"a score of {match.score:.2f}{missing}",
        at_ms=turn.start_ms,
        value=match.score,
        limit=at_least,
    )
