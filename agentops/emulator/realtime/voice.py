"""The agent's voice: which synthesizer voice stands for a platform voice, and a reply as frames to send.

Each voice of the catalog has a sound of its own, so that a change of voice is audible. Faults that a behaviour file
asks for are put into the audio here.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from agentops import speech

DELTA_MS = 20  # the platform's output deltas: 960 bytes at 24 kHz
_DEFAULT_SPEED = 1.2  # the platform's `synthesizer.speed` of an agent that sets none

# platform voice -> espeak-ng voice variant and pitch
_VOICES = {
    "avery": ("f2", 55), "liam": ("m2", 42), "devansh": ("m4", 48), "magnus": ("m7", 30), "quinn": ("f4", 50),
    "olivia": ("f1", 58), "daniel": ("m3", 40), "rachel": ("f5", 48), "zorin": ("m5", 35), "nyah": ("f3", 52),
    "daniella": ("f2", 65), "aarush": ("m1", 50), "meher": ("f1", 45), "mishka": ("f5", 62), "sophia": ("f4", 60),
}  # fmt: skip
_FEMALE, _MALE = ("f1", "f2", "f3", "f4", "f5"), ("m1", "m2", "m3", "m4", "m5", "m7")


@dataclass(frozen=True, slots=True)
class Voice:
    """How an agent sounds: an espeak-ng variant, a pitch of 0..100, and a speed where 1 is the usual one."""

    variant: str
    pitch: int
    speed: float


@dataclass(frozen=True, slots=True)
class Rendering:
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
class Line:
    """What is to be spoken. `text` is what the transcript says; `spoken` is what the audio says, usually the same."""

    text: str
    spoken: str
    language: str
    voice: Voice
    sample_rate_hz: int
    audio_fault: str | None = None


def voice_of(config: Mapping[str, Any]) -> Voice:
    """The voice of an agent with this configuration. A voice outside the catalog gets a sound from its id."""
    synthesizer = config.get("synthesizer", {})
    chosen = synthesizer.get("voiceConfig", {})
    voice_id = str(chosen.get("voiceId", "nyah"))
    variant, pitch = _VOICES.get(voice_id) or _derived(voice_id, str(chosen.get("gender", "female")))
    return Voice(variant, pitch, max(0.4, float(synthesizer.get("speed", _DEFAULT_SPEED))) / _DEFAULT_SPEED)


def _derived(voice_id: str, gender: str) -> tuple[str, int]:
    number = int(hashlib.sha256(voice_id.encode()).hexdigest()[:8], 16)
    variants = _MALE if gender == "male" else _FEMALE
    return variants[number % len(variants)], 30 + number // 16 % 40


@lru_cache(maxsize=128)
def render(line: Line) -> Rendering:
    """`line` spoken. Takes some milliseconds of the processor: not for an event loop."""
    said = speech.speak(
        line.spoken,
        sample_rate_hz=line.sample_rate_hz,
        voice=line.voice.variant,
        language=line.language,
        speed=line.voice.speed,
        pitch=line.voice.pitch,
    )
    pcm = _spoiled(said.pcm, line.audio_fault)
    size = line.sample_rate_hz * DELTA_MS // 1000 * 2
    chunks = [pcm[start : start + size].ljust(size, b"\0") for start in range(0, len(pcm), size)]
    if line.spoken == line.text:
        words = tuple((word.start_ms, word.end) for word in said.words)
    else:
        words = ((0.0, len(line.text)),)
    frames = tuple(f'{{"type":"output_audio.delta","audio":"{base64.b64encode(chunk).decode()}"}}' for chunk in chunks)
    return Rendering(line.text, frames, b"".join(chunks), words, float(len(chunks) * DELTA_MS))


def _spoiled(pcm: bytes, fault: str | None) -> bytes:
    if fault == "silent":
        return bytes(len(pcm))
    if fault == "clipped":
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) * 20
        return bytes(np.clip(samples, -32768, 32767).astype("<i2"))
    if fault == "tones":
        moments = np.arange(len(pcm) // 2)
        return bytes((8000 * np.sin(moments * 0.1)).astype("<i2"))
    return pcm
