"""Audio is held against the text it should say, and the words it lacks are named."""

from __future__ import annotations

import numpy as np
import pytest

from agentops import speech

pytestmark = pytest.mark.speech
RATE = 24000
TEXT = "We are open Monday to Friday from nine in the morning to five in the afternoon."
OTHER = "I'm sorry, I don't know our opening hours."


def say(text: str, voice: str = "f3", language: str = "en") -> bytes:
    return speech.synthesize(text, sample_rate_hz=RATE, voice=voice, language=language, speed=0.92)


def match(pcm: bytes, text: str = TEXT) -> speech.TextMatch:
    return speech.match_text(pcm, sample_rate_hz=RATE, text=text)


@pytest.mark.parametrize("voice", ["f3", "m3", "m7"])
@pytest.mark.parametrize("text", [TEXT, OTHER, "Your code is B 4 7."])
def test_what_is_said_matches(text: str, voice: str) -> None:
    found = match(say(text, voice), text)
    assert found.score >= 0.8
    assert len(found.missing) <= 1


def test_another_sentence_does_not_match() -> None:
    assert match(say(OTHER)).score < 0.6
    assert match(say(TEXT), OTHER).score < 0.6


def test_silence_and_tones_say_nothing() -> None:
    everything = tuple(speech.words_of(TEXT))
    assert match(bytes(RATE * 4)) == speech.TextMatch(0.0, everything)
    tone = (8000 * np.sin(np.arange(RATE * 4) * 0.1)).astype("<i2").tobytes()
    assert match(tone) == speech.TextMatch(0.0, everything)


def test_half_a_sentence_lacks_the_other_half() -> None:
    pcm = say(TEXT)
    found = match(pcm[: len(pcm) // 4 * 2])
    assert found.score < 0.6
    assert "afternoon" in found.missing
    assert "monday" not in found.missing


def test_a_changed_word_is_named() -> None:
    assert "six" in match(say(TEXT), TEXT.replace("five", "six")).missing


def test_a_text_without_words_is_always_said() -> None:
    assert match(say(OTHER), "... !") == speech.TextMatch(1.0, ())
