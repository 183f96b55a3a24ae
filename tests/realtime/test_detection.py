"""The energy detector finds where speech starts and ends, however the audio is cut into chunks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentops.emulator.realtime.denoising import Denoiser
from agentops.emulator.realtime.detection import SpeechEnded, SpeechStarted, VoiceDetector

RATE = 16000
SETTINGS = {"minVolume": 0.6, "triggerTimeInSecs": 0.2, "releaseTimeInSecs": 0.4}


def sound(seconds: float, dbfs: float) -> bytes:
    noise = np.random.default_rng(1).normal(0, 32768 * 10 ** (dbfs / 20), round(seconds * RATE))
    return np.clip(noise, -32768, 32767).astype("<i2").tobytes()


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * RATE) * 2)


def feed(pcm: bytes, chunk: int = 1280, **changes: float) -> list[tuple[str, float]]:
    """The detected events: the kind of each, and when, in seconds."""
    detector = VoiceDetector({**SETTINGS, **changes}, RATE)
    found = []
    for start in range(0, len(pcm), chunk):
        for event in detector.feed(pcm[start : start + chunk]):
            at = (start + chunk) / 2 / RATE
            found.append(("start" if isinstance(event, SpeechStarted) else "end", at))
    return found


def test_speech_starts_after_the_trigger_and_ends_after_the_release() -> None:
    (start, started), (end, ended) = feed(silence(1) + sound(1, -30) + silence(1))
    assert (start, end) == ("start", "end")
    assert started == pytest.approx(1.2, abs=0.05)
    assert ended == pytest.approx(2.4, abs=0.05)


def test_the_agents_own_settings_count() -> None:
    pcm = silence(1) + sound(1, -30) + silence(1.5)
    (_, started), (_, ended) = feed(pcm, triggerTimeInSecs=0.5, releaseTimeInSecs=1.0)
    assert (started, ended) == (pytest.approx(1.5, abs=0.05), pytest.approx(3.0, abs=0.05))


@pytest.mark.parametrize(("volume", "dbfs", "heard"), [(0.6, -45, True), (0.6, -55, False), (0.8, -45, False)])
def test_quiet_sounds_are_not_speech(volume: float, dbfs: float, heard: bool) -> None:
    assert bool(feed(silence(0.5) + sound(1, dbfs) + silence(1), minVolume=volume)) is heard


def test_a_click_is_not_speech_and_a_short_pause_does_not_end_it() -> None:
    assert feed(silence(0.5) + sound(0.1, -20) + silence(1)) == []
    assert [kind for kind, _ in feed(sound(0.5, -30) + silence(0.3) + sound(0.5, -30) + silence(1))] == ["start", "end"]


def test_the_speech_is_kept_whole() -> None:
    detector = VoiceDetector(SETTINGS, RATE)
    spoken = sound(0.8, -20)
    found = detector.feed(silence(0.6) + spoken + silence(0.8))
    ended = found[-1]
    assert isinstance(ended, SpeechEnded)
    assert spoken in ended.pcm
    assert not detector.is_speech


@settings(max_examples=25)
@given(st.integers(1, 3000))
def test_chunks_do_not_matter(chunk: int) -> None:
    pcm = silence(0.4) + sound(0.6, -25) + silence(0.6)
    assert [kind for kind, _ in feed(pcm, chunk)] == ["start", "end"]


# -- with noise reduction


def through(denoiser: Denoiser, pcm: bytes, chunk: int = 1280) -> bytes:
    return b"".join(denoiser.feed(pcm[start : start + chunk]) for start in range(0, len(pcm), chunk))


def level_dbfs(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, dtype="<i2").astype(float) / 32768
    return float(20 * np.log10(np.sqrt((samples**2).mean()) + 1e-9))


def test_steady_noise_is_turned_down_and_what_is_louder_is_kept() -> None:
    denoiser = Denoiser(RATE)
    quiet = through(denoiser, sound(2, -35))
    assert level_dbfs(quiet[len(quiet) // 2 :]) < -53
    tone = (np.sin(np.arange(RATE) * 2 * np.pi * 440 / RATE) * 32768 * 10 ** (-20 / 20)).astype("<i2").tobytes()
    assert level_dbfs(through(denoiser, tone)) == pytest.approx(-23, abs=1.5)


@pytest.mark.parametrize("chunk", [100, 640, 1280, 5000])
def test_the_denoiser_gives_back_as_much_as_it_gets(chunk: int) -> None:
    pcm = silence(0.5) + sound(0.5, -30)
    out = through(Denoiser(RATE), pcm, chunk)
    assert 0 <= len(pcm) - len(out) < RATE * 0.032 * 2
    assert out == through(Denoiser(RATE), pcm, 1280)


def test_with_a_denoiser_a_turn_ends_although_noise_goes_on() -> None:
    noisy = np.frombuffer(sound(4, -35), dtype="<i2").astype(int)
    loud = np.frombuffer(silence(1.5) + sound(1, -18) + silence(1.5), dtype="<i2").astype(int)
    pcm = np.clip(noisy + loud, -32768, 32767).astype("<i2").tobytes()
    assert [kind for kind, _ in feed(pcm)] == ["start"]
    detector = VoiceDetector(SETTINGS, RATE, Denoiser(RATE))
    found = [type(e) for at in range(0, len(pcm), 1280) for e in detector.feed(pcm[at : at + 1280])]
    assert found == [SpeechStarted, SpeechEnded]
