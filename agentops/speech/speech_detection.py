"""Whether a sound can be speech at all, by how its spectrum is spread and how it moves.

A recogniser compares phrases with each other and takes a tone for the phrase that is least unlike it. Speech changes
the shape of its spectrum several times a second and never has most of its energy in one narrow band.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FRAME = 320  # samples: 20 ms at 16 kHz
_BINS = 512
_BANDS = 16
_LOWEST_HZ, _HIGHEST_HZ, _NYQUIST_HZ = 150.0, 7000.0, 8000.0
_ACTIVE = 1e-3  # times the loudest frame's energy: quieter frames are pauses

# Measured (docs/speech.md): spoken words move by 6 to 16 dB and have 0.27 to 0.45 of their energy in one band; tones,
# chords, hum and noise move by less than 4 dB, or have more than half of it in one band.
_LEAST_MOVEMENT_DB = 4.5
_MOST_CONCENTRATION = 0.5


def can_be_speech(samples: NDArray[np.float64]) -> bool:
    """Whether `samples`, at 16 kHz and any level, can be speech."""
    import numpy as np

    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    if not len(frames):
        return False
    power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), _BINS)) ** 2
    edges = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, _BANDS + 1) / _NYQUIST_HZ * (_BINS // 2 + 1)
    bands = np.add.reduceat(power, np.unique(np.round(edges).astype(int))[:-1], axis=1)
    energy = bands.sum(axis=1)
    bands = bands[energy > energy.max() * _ACTIVE]
    if not len(bands):
        return False
    shape = 10.0 * np.log10(bands + 1e3)  # a floor, so that empty bands don't move by infinities
    shape -= shape.mean(axis=1, keepdims=True)
    movement = float(shape.std(axis=0).mean())
    concentration = float(np.median(bands.max(axis=1) / bands.sum(axis=1)))
    return movement >= _LEAST_MOVEMENT_DB and concentration <= _MOST_CONCENTRATION
