"""Sample-rate conversion keeps what was there and adds nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops.speech import resample

RATES = (8000, 16000, 22050, 24000, 44100, 48000)


def tone(hertz: float, rate: int, seconds: float = 0.5) -> bytes:
    moments = np.arange(int(rate * seconds)) / rate
    return (10000 * np.sin(2 * np.pi * hertz * moments)).astype("<i2").tobytes()


def level(pcm: bytes) -> float:
    """RMS of the middle, away from the edges."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(float)
    return float(np.sqrt(np.mean(samples[len(samples) // 4 : -len(samples) // 4] ** 2)))


@pytest.mark.parametrize("source", RATES)
@pytest.mark.parametrize("target", RATES)
def test_a_tone_keeps_its_level_and_its_pitch(source: int, target: int) -> None:
    converted = resample(tone(1000, source), from_hz=source, to_hz=target)
    assert level(converted) == pytest.approx(level(tone(1000, target)), rel=0.01)
    spectrum = abs(np.fft.rfft(np.frombuffer(converted, dtype="<i2").astype(float)))
    assert np.argmax(spectrum) * target / (len(converted) // 2) == pytest.approx(1000, abs=5)


def test_what_the_lower_rate_can_not_hold_is_taken_out() -> None:
    aliased = resample(tone(7000, 24000), from_hz=24000, to_hz=8000)
    assert level(aliased) < level(tone(1000, 8000)) / 500


@given(st.lists(st.integers(-32768, 32767), max_size=400), st.sampled_from(RATES), st.sampled_from(RATES))
def test_any_audio_gives_the_length_of_the_new_rate(values: list[int], source: int, target: int) -> None:
    pcm = np.array(values, dtype="<i2").tobytes()
    assert len(resample(pcm, from_hz=source, to_hz=target)) // 2 == round(len(values) * target / source)


def test_the_same_rate_is_the_same_audio() -> None:
    pcm = tone(440, 24000)
    assert resample(pcm, from_hz=24000, to_hz=24000) is pcm
