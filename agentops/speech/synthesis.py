"""Text to speech: sound at any sample rate, and when each word begins."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

from agentops.speech import espeak
from agentops.speech.resampling import resample

_WORDS_PER_MINUTE = 165
_ESPEAK_LANGUAGES = {"en": "en-us", "es": "es-419"}  # languages of the platform that espeak-ng calls differently


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word that begins `start_ms` into the audio; `text[:end]` ends with it and its punctuation."""

    end: int
    start_ms: float


@dataclass(frozen=True, slots=True)
class SynthesizedSpeech:
    """PCM16 mono, and its words in order; none for a text without words."""

    pcm: bytes
    words: tuple[SpokenWord, ...]


def is_available() -> bool:
    """Whether both the synthesizer and the recogniser are installed."""
    return all(importlib.util.find_spec(name) for name in ("espeakng_loader", "pocketsphinx", "numpy"))


def speak(
    text: str, *, sample_rate_hz: int, voice: str = "", language: str = "en", speed: float = 1.0, pitch: int = 50
) -> SynthesizedSpeech:
    """`text` spoken. `voice` is an espeak-ng voice variant such as `f3` or `m1`, `pitch` is 0..100.

    Raises SpeechUnavailableError without the extra and ValueError for a language that espeak-ng does not know.
    """
    name = _ESPEAK_LANGUAGES.get(language, language)
    raw = espeak.load().speak(
        text,
        voice=f"{name}+{voice}" if voice else name,
        words_per_minute=round(_WORDS_PER_MINUTE * speed),
        pitch=pitch,
    )
    pcm = resample(raw.pcm, from_hz=espeak.SAMPLE_RATE_HZ, to_hz=sample_rate_hz)
    ends = [start for start, _ in raw.words[1:]] + [len(text)]
    starts = [sample * 1000 / espeak.SAMPLE_RATE_HZ for _, sample in raw.words]
    return SynthesizedSpeech(
        pcm, tuple(SpokenWord(len(text[:end].rstrip()), ms) for end, ms in zip(ends, starts, strict=False))
    )


def synthesize(
    text: str, *, sample_rate_hz: int, voice: str = "", language: str = "en", speed: float = 1.0, pitch: int = 50
) -> bytes:
    """`text` spoken, as PCM16 mono at `sample_rate_hz`; see `speak`."""
    return speak(text, sample_rate_hz=sample_rate_hz, voice=voice, language=language, speed=speed, pitch=pitch).pcm
