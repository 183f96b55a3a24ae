"""Sample-rate conversion of PCM16 by a windowed sinc. Nothing here knows what the samples mean."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ZERO_CROSSINGS = 16
_ROLL_OFF = 0.945  # of the lower Nyquist frequency: leaves the window's slope room before aliasing starts


def resample(pcm: bytes, *, from_hz: int, to_hz: int) -> bytes:
    """PCM16 mono at `from_hz` as PCM16 mono at `to_hz`; the length is rounded to the nearest sample."""
    import numpy as np

    if from_hz == to_hz or not pcm:
        return pcm
    up, down = to_hz // math.gcd(from_hz, to_hz), from_hz // math.gcd(from_hz, to_hz)
    filters = _filter_bank(up, down)
    width = filters.shape[1]
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
    count = round(len(samples) * up / down)
    positions = np.arange(count, dtype=np.int64) * down
    padded = np.pad(samples, (width, width))
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    result = np.empty(count, dtype=np.float32)
    for phase in range(up):  # every output sample of one phase uses the same filter
        chosen = slice(phase, None, up)
        starts = positions[chosen] // up - width // 2 + 1 + width
        result[chosen] = windows[starts] @ filters[(phase * down) % up]
    return np.clip(np.rint(result), -32768, 32767).astype("<i2").tobytes()


@lru_cache(maxsize=16)
def _filter_bank(up: int, down: int) -> NDArray[np.float32]:
    """One row of filter taps for each fractional position k/up between two input samples."""
    import numpy as np

    cutoff = min(1.0, up / down) * _ROLL_OFF
    half = math.ceil(_ZERO_CROSSINGS / cutoff)
    taps = np.arange(-half + 1, half + 1)[None, :] - (np.arange(up) / up)[:, None]
    window = np.where(np.abs(taps) <= half, 0.5 + 0.5 * np.cos(np.pi * taps / half), 0.0)
    bank = cutoff * np.sinc(cutoff * taps) * window
    return np.asarray(bank / bank.sum(axis=1, keepdims=True), dtype=np.float32)
