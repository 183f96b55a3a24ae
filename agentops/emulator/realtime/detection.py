"""SynthesizerVoice activity by energy: where the caller's speech starts and ends. No socket and no recogniser here.

The settings are the agent's own `voiceDetectionConfig`. `minVolume` is read as a level: 0 is -110 dBFS and 1 is
-10 dBFS, so that the platform's default of 0.6 is -50 dBFS. `confidence` belongs to a trained detector and means
nothing to an energy detector.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from agentops.emulator.realtime.denoising import Denoiser

_FRAME_MS = 20
_LEAD_IN_MS = 240  # kept before the trigger, so that a soft first consonant is not lost


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    pass


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """`pcm` is the speech with a little of what was before and after it."""

    pcm: bytes = field(repr=False)


Detected: TypeAlias = SpeechStarted | SpeechEnded


class VoiceDetector:
    """Takes PCM16 in chunks of any size; answers with what began or ended in them. A `denoiser` cleans it first."""

    def __init__(self, settings: Mapping[str, Any], sample_rate_hz: int, denoiser: Denoiser | None = None) -> None:
        self._denoiser = denoiser
        self._frame_bytes = sample_rate_hz * _FRAME_MS // 1000 * 2
        dbfs = 100.0 * float(settings.get("minVolume", 0.6)) - 110.0
        self._threshold = 32768.0 * 10.0 ** (dbfs / 20.0)
        self._trigger = max(1, math.ceil(float(settings.get("triggerTimeInSecs", 0.2)) * 1000 / _FRAME_MS))
        self._release = max(1, math.ceil(float(settings.get("releaseTimeInSecs", 0.4)) * 1000 / _FRAME_MS))
        self._before: deque[bytes] = deque(maxlen=self._trigger + _LEAD_IN_MS // _FRAME_MS)
        self._rest = b""
        self._run = 0  # frames in a row that contradict the present state: loud ones in silence, quiet ones in speech
        self._speech: bytearray | None = None

    @property
    def is_speech(self) -> bool:
        return self._speech is not None

    def feed(self, pcm: bytes) -> list[Detected]:
        self._rest += self._denoiser.feed(pcm) if self._denoiser is not None else pcm
        whole = len(self._rest) - len(self._rest) % self._frame_bytes
        frames, self._rest = self._rest[:whole], self._rest[whole:]
        if not frames:
            return []
        samples = np.frombuffer(frames, dtype="<i2").reshape(-1, self._frame_bytes // 2).astype(np.float32)
        loud = np.sqrt(np.mean(np.square(samples), axis=1)) > self._threshold
        found: list[Detected] = []
        for index, is_loud in enumerate(loud):
            frame = frames[index * self._frame_bytes : (index + 1) * self._frame_bytes]
            if (event := self._step(frame, is_loud=bool(is_loud))) is not None:
                found.append(event)
        return found

    def _step(self, frame: bytes, *, is_loud: bool) -> Detected | None:
        if self._speech is None:
            self._before.append(frame)
            # One quiet frame inside a word must not start the count again.
            self._run = self._run + 1 if is_loud else max(0, self._run - 1)
            if self._run < self._trigger:
                return None
            self._speech, self._run = bytearray().join(self._before), 0
            self._before.clear()
            return SpeechStarted()
        self._speech += frame
        self._run = 0 if is_loud else self._run + 1
        if self._run < self._release:
            return None
        ended = SpeechEnded(bytes(self._speech))
        self._speech, self._run = None, 0
        return ended
