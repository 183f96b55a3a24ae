"""The recogniser finds the phrase that was said, and nothing in what is none of them."""

from __future__ import annotations

import numpy as np
import pytest

from agentops import speech
from agentops.speech.pronunciation import pronounce

pytestmark = pytest.mark.speech

RATE = 24000
PHRASES = (
    "What are your opening hours?",
    "I would like to book an appointment.",
    "Can I speak to a human please?",
    "Where is my order?",
    "Thank you. Goodbye.",
    "My order number is 4 2 7.",
    "Yes please.",
    "I want to talk to Nyah.",
)
ELSEWHERE = (
    "The weather is lovely today in Paris.",
    "Tell me a joke about penguins.",
    "My neighbour is a plumber.",
    "Seven eleven.",
    "Opening a bank account is hard.",
)


def say(text: str, voice: str = "", rate: int = RATE) -> bytes:
    return speech.synthesize(text, sample_rate_hz=rate, voice=voice)


@pytest.mark.parametrize("voice", ["", "f3", "m3"])
@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_is_heard(phrase: str, voice: str) -> None:
    heard = speech.recognize(say(phrase, voice), sample_rate_hz=RATE, phrases=PHRASES)
    assert heard.text == phrase
    assert heard.score >= 0.5


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_every_rate_of_the_platform_is_heard(rate: int) -> None:
    assert speech.recognize(say(PHRASES[0], rate=rate), sample_rate_hz=rate, phrases=PHRASES).text == PHRASES[0]


@pytest.mark.parametrize("sentence", ELSEWHERE)
def test_speech_outside_the_grammar_is_nothing(sentence: str) -> None:
    heard = speech.recognize(say(sentence), sample_rate_hz=RATE, phrases=PHRASES)
    assert heard.text is None
    assert heard.score < 0.5


def sounds() -> dict[str, bytes]:
    moments = np.arange(RATE * 2) / RATE
    noise = np.random.default_rng(5).normal(0, 3000, len(moments))
    envelope = np.abs(np.frombuffer(say(" ".join(PHRASES)), dtype="<i2").astype(float))[: len(moments)]
    rhythm = np.convolve(envelope, np.ones(600) / 600, mode="same") * 3
    waves = {
        "tone": 8000 * np.sin(2 * np.pi * 440 * moments),
        "dtmf": 4000 * (np.sin(2 * np.pi * 697 * moments) + np.sin(2 * np.pi * 1209 * moments)),
        "noise": noise,
        "hum": 3000 * np.sin(2 * np.pi * 50 * moments) + noise / 100,
        "melody": 8000 * np.sin(2 * np.pi * np.repeat([300, 500, 900, 400, 1500, 700, 250, 2000], RATE // 4) * moments),
        "sweep": 8000 * np.sin(2 * np.pi * (200 + 1000 * moments) * moments),
        "square wave": 5000 * np.sign(np.sin(2 * np.pi * 150 * moments)),
        "clicks": np.where(np.arange(len(moments)) % 6000 < 30, 15000.0, 0.0),
        "tone with the rhythm of speech": rhythm * np.sin(2 * np.pi * 440 * moments),
        "noise with the rhythm of speech": rhythm * noise / 3000,
        "silence": 0 * moments,
    }
    return {name: wave.astype("<i2").tobytes() for name, wave in waves.items()}


def test_what_is_no_speech_is_nothing() -> None:
    heard = {name: speech.recognize(pcm, sample_rate_hz=RATE, phrases=PHRASES).text for name, pcm in sounds().items()}
    assert heard == dict.fromkeys(heard)
    assert len(heard) == 11


def test_speech_reversed_is_nothing() -> None:
    """The same energy and the same spectrum as the phrase, in the wrong order."""
    backwards = np.frombuffer(say(PHRASES[0]), dtype="<i2")[::-1].tobytes()
    assert speech.recognize(backwards, sample_rate_hz=RATE, phrases=PHRASES).text is None


def test_nothing_to_hear_with_and_nothing_to_hear() -> None:
    assert speech.recognize(say("Hello."), sample_rate_hz=RATE, phrases=[]).text is None
    assert speech.recognize(b"", sample_rate_hz=RATE, phrases=PHRASES).text is None


def test_hearing_is_repeatable() -> None:
    audio = say(PHRASES[3])
    first, second = (speech.recognize(audio, sample_rate_hz=RATE, phrases=PHRASES) for _ in range(2))
    assert first.text == second.text == PHRASES[3]
    assert first.score == pytest.approx(second.score, abs=0.03)  # the decoder remembers the end of what it heard before


def test_words_the_dictionary_lacks_are_pronounced() -> None:
    assert pronounce("Nyah") == "N AY AH"
    assert pronounce("427").startswith("F AO R")
    assert pronounce("") == ""


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert speech.words_of("Yes, that’s RIGHT!") == ["yes", "that's", "right"]
