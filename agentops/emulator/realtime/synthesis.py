"""A reply as frames to send: spoken by the synthesizer, and made faulty where a behaviour file asks for it.

Needs the speech extra, so it is imported only when a voice call speaks.
"""

from __future__ import annotations

import base64
from functools import lru_cache

import numpy as np

from agentops import speech
from agentops.emulator.realtime.voice import SpeechRequest, SpokenReply

DELTA_MS = 20  # the platform's output deltas: 960 bytes at 24 kHz


@lru_cache(maxsize=128)
def synthesize(request: SpeechRequest) -> SpokenReply:
    """`request` spoken. Takes some milliseconds of the processor: not for an event loop."""
    spoken = speech.speak(
        request.spoken,
        sample_rate_hz=request.sample_rate_hz,
        voice=request.voice.variant,
        language=request.language,
        speed=request.voice.speed,
        pitch=request.voice.pitch,
    )
    pcm = _with_fault(spoken.pcm, request.audio_fault)
    size = request.sample_rate_hz * DELTA_MS // 1000 * 2
    chunks = [pcm[start : start + size].ljust(size, b"\0") for start in range(0, len(pcm), size)]
    if request.spoken == request.text:
        words = tuple((word.start_ms, word.end) for word in spoken.words)
    else:
        words = ((0.0, len(request.text)),)  # the transcript's words have no times of their own: all at the start
    # Encoded here, once: the result is cached, and every call of an agent speaks the same greeting.
    frames = tuple(f'{{"type":"output_audio.delta","audio":"{base64.b64encode(chunk).decode()}"}}' for chunk in chunks)
    return SpokenReply(request.text, frames, b"".join(chunks), words, float(len(chunks) * DELTA_MS))


def _with_fault(pcm: bytes, fault: str | None) -> bytes:
    if fault == "silent":
        return bytes(len(pcm))
    if fault == "clipped":
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) * 20
        return bytes(np.clip(samples, -32768, 32767).astype("<i2"))
    if fault == "tones":
        moments = np.arange(len(pcm) // 2)
        return bytes((8000 * np.sin(moments * 0.1)).astype("<i2"))
    return pcm
