"""A reply as frames to send: spoken by the synthesizer, and spoiled where a behaviour file asks for it.

Needs the speech extra, so it is imported only when a voice call speaks.
"""

from __future__ import annotations

import base64
from functools import lru_cache

import numpy as np

from agentops import speech
from agentops.emulator.realtime.voice import Line, Rendering

DELTA_MS = 20  # the platform's output deltas: 960 bytes at 24 kHz


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
