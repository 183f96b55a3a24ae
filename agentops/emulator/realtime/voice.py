"""The agent's voice: which synthesizer voice stands for a platform voice, and what is spoken with it. Values only.

Each voice of the catalog has a sound of its own, so that a change of voice is audible. `synthesis` does the speaking.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_DEFAULT_SPEED = 1.2  # the platform's `synthesizer.speed` of an agent that sets none

# platform voice -> espeak-ng voice variant and pitch
_VOICES = {
    "avery": ("f2", 55), "liam": ("m2", 42), "devansh": ("m4", 48), "magnus": ("m7", 30), "quinn": ("f4", 50),
    "olivia": ("f1", 58), "daniel": ("m3", 40), "rachel": ("f5", 48), "zorin": ("m5", 35), "nyah": ("f3", 52),
    "daniella": ("f2", 65), "aarush": ("m1", 50), "meher": ("f1", 45), "mishka": ("f5", 62), "sophia": ("f4", 60),
}  # fmt: skip
_FEMALE, _MALE = ("f1", "f2", "f3", "f4", "f5"), ("m1", "m2", "m3", "m4", "m5", "m7")


@dataclass(frozen=True, slots=True)
class SynthesizerVoice:
    """How an agent sounds: an espeak-ng variant, a pitch of 0..100, and a speed where 1 is the usual one."""

    variant: str
    pitch: int
    speed: float


@dataclass(frozen=True, slots=True)
class SpokenReply:
    """A reply ready to be sent.

    frames:      the JSON frames of its audio, one per 20 ms; none in chat mode
    words:       for each word, when it starts and how much of the text is said with it
    duration_ms: of the audio
    """

    text: str
    frames: tuple[str, ...] = field(default=(), repr=False)
    pcm: bytes = field(default=b"", repr=False)
    words: tuple[tuple[float, int], ...] = ()
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """What is to be spoken. `text` is what the transcript says; `spoken` is what the audio says, usually the same."""

    text: str
    spoken: str
    language: str
    voice: SynthesizerVoice
    sample_rate_hz: int
    audio_fault: str | None = None


def voice_of(config: Mapping[str, Any]) -> SynthesizerVoice:
    """The voice of an agent with this configuration. A voice outside the catalog gets a sound from its id."""
    synthesizer = config.get("synthesizer", {})
    chosen = synthesizer.get("voiceConfig", {})
    voice_id = str(chosen.get("voiceId", "nyah"))
    if voice_id in _VOICES:
        variant, pitch = _VOICES[voice_id]
    else:
        # From a hash, so that the same voice sounds the same in every run.
        number = int(hashlib.sha256(voice_id.encode()).hexdigest()[:8], 16)
        variants = _MALE if chosen.get("gender", "female") == "male" else _FEMALE
        variant, pitch = variants[number % len(variants)], 30 + number // 16 % 40
    return SynthesizerVoice(variant, pitch, max(0.4, float(synthesizer.get("speed", _DEFAULT_SPEED))) / _DEFAULT_SPEED)
