"""Speech recognition with pocketsphinx over a closed set of phrases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was heard: one of the phrases, or None when the audio is none of them. `score` is 0..1."""

    text: str | None
    score: float


def recognize(pcm: bytes, *, sample_rate_hz: int, phrases: Sequence[str]) -> Recognition:
    """Which of `phrases` the audio says; never invents one."""
    raise NotImplementedError
