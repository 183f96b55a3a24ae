"""Noise reduction on the caller's side, where `denoisingConfig` says so: spectral subtraction, frame by frame.

Keeps what is well above the noise and turns the rest down by 24 dB. The noise is what the line sounds like while nobody
speaks; it is learned from the first moments of a call, and the estimate follows slow changes afterwards.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FRAME_MS = 32
_OVERSUBTRACTION = 4.0  # subtracts more than the mean, since babble comes in waves
_FLOOR = 0.06  # of the amplitude: -24 dB
_LEARN = 0.15  # how fast the estimate follows frames that may be noise
_RISE = 1.01  # per frame, for noise that became louder
_MAY_BE_NOISE = 3.0  # times the estimate, as power of the whole frame


class Denoiser:
    """Takes PCM16 in chunks of any size; gives back as much, late by one frame."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._hop = sample_rate_hz * _FRAME_MS // 2000
        self._window = np.sqrt(np.hanning(2 * self._hop + 1)[:-1])  # twice applied and overlapped, it adds up to one
        self._last: NDArray[np.float64] = np.zeros(self._hop)
        self._tail: NDArray[np.float64] = np.zeros(self._hop)
        self._noise: NDArray[np.float64] | None = None
        self._gain: NDArray[np.float64] = np.ones(self._hop + 1)
        self._rest = b""

    def feed(self, pcm: bytes) -> bytes:
        self._rest += pcm
        size = self._hop * 2
        whole = len(self._rest) - len(self._rest) % size
        blocks, self._rest = self._rest[:whole], self._rest[whole:]
        samples = np.frombuffer(blocks, dtype="<i2").astype(np.float64).reshape(-1, self._hop)
        out = [self._step(block) for block in samples]
        if not out:
            return b""
        return np.clip(np.rint(np.concatenate(out)), -32768, 32767).astype("<i2").tobytes()

    def _step(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        frame = np.concatenate((self._last, block)) * self._window
        self._last = block
        spectrum = np.fft.rfft(frame)
        power = np.abs(spectrum) ** 2
        if self._noise is None:
            self._noise = power + 1.0  # never zero, as digital silence is: the rise below multiplies
        elif power.sum() < _MAY_BE_NOISE * self._noise.sum():
            self._noise += _LEARN * (power - self._noise)
        else:
            self._noise *= _RISE
        # Smoothed over neighbouring frequencies and frames: single bins that are left over are heard as chirps.
        smooth = np.convolve(power, np.ones(5) / 5, mode="same")
        gain = np.sqrt(np.maximum(1.0 - _OVERSUBTRACTION * self._noise / np.maximum(smooth, 1e-9), _FLOOR**2))
        self._gain = 0.4 * self._gain + 0.6 * gain
        cleaned = np.fft.irfft(spectrum * self._gain) * self._window
        out = self._tail + cleaned[: self._hop]
        self._tail = cleaned[self._hop :]
        return out
