"""Text becomes audio of the asked rate and voice, with the times of its words."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from agentops import speech

pytestmark = pytest.mark.speech
SENTENCE = "Hello Ada, this is Acme support."


def samples(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, dtype="<i2").astype(float)


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 44100, 48000])
def test_the_duration_does_not_depend_on_the_sample_rate(rate: int) -> None:
    pcm = speech.synthesize(SENTENCE, sample_rate_hz=rate)
    reference = speech.synthesize(SENTENCE, sample_rate_hz=22050)
    assert len(pcm) / rate == pytest.approx(len(reference) / 22050, abs=0.05)
    assert abs(samples(pcm)).max() > 3000


def test_words_come_in_order_and_end_with_the_text() -> None:
    said = speech.speak(SENTENCE, sample_rate_hz=24000)
    assert [SENTENCE[: word.end] for word in said.words][-1] == SENTENCE
    assert SENTENCE[: said.words[1].end] == "Hello Ada,"
    starts = [word.start_ms for word in said.words]
    assert starts == sorted(starts)
    assert starts[-1] < len(said.pcm) / 2 / 24


def test_word_positions_count_characters_not_bytes() -> None:
    text = "¿En qué puedo ayudarle? Sí."
    said = speech.speak(text, sample_rate_hz=16000, language="es")
    assert [text[: word.end] for word in said.words][-2:] == ["¿En qué puedo ayudarle?", text]


def test_voices_sound_different() -> None:
    def brightness(voice: str) -> float:
        spectrum = abs(np.fft.rfft(samples(speech.synthesize(SENTENCE, sample_rate_hz=16000, voice=voice))))
        frequencies = np.linspace(0, 8000, len(spectrum))
        return float((spectrum * frequencies).sum() / spectrum.sum())

    assert abs(brightness("f5") - brightness("m7")) > 300


def test_speed_and_empty_text() -> None:
    slow = speech.synthesize(SENTENCE, sample_rate_hz=16000, speed=0.8)
    fast = speech.synthesize(SENTENCE, sample_rate_hz=16000, speed=1.4)
    assert len(slow) > 1.3 * len(fast)
    assert speech.speak("", sample_rate_hz=16000).words == ()


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(ValueError, match="xx-nowhere"):
        speech.synthesize("Hello", sample_rate_hz=16000, language="xx-nowhere")


def test_threads_do_not_mix_their_sentences() -> None:
    """The library keeps one state for the whole process."""
    texts = [f"This is sentence number {number}." for number in range(6)]
    alone = {text: len(speech.synthesize(text, sample_rate_hz=16000)) for text in texts}
    together: dict[str, int] = {}

    def say(text: str) -> None:
        together[text] = len(speech.synthesize(text, sample_rate_hz=16000))

    threads = [threading.Thread(target=say, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {text: pytest.approx(length, rel=0.02) for text, length in alone.items()} == together
