"""How well the recogniser tells its phrases from everything else: the measurement that docs/speech.md reports.

Run it with `python -m bench.hearing`. Every sentence is spoken by several voices at two speeds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import product

from agentops import speech

RATE_HZ = 16000
VOICES = ("", "f1", "f3", "m1", "m3", "m5")
SPEEDS = (0.9, 1.1)

PHRASES = (
    "what are your opening hours", "when are you open", "I would like to book an appointment",
    "can I speak to a human please", "where is my order", "goodbye", "yes please", "no thank you",
    "my order number is four two seven", "thanks that is all", "tomorrow at ten", "cancel my appointment",
    "I need to reschedule", "do you open on Sunday", "transfer me to an agent", "what is your return policy",
    "how much does it cost", "my name is Maria", "Tuesday afternoon works for me", "my package is late",
    "is my parcel on its way", "I want a refund", "that works", "can you repeat that",
)  # fmt: skip
# Nothing in common with any phrase.
FAR = (
    "the weather is lovely today in Paris", "tell me a joke about penguins", "my neighbour is a plumber",
    "opening a bank account is hard", "the quick brown fox", "maybe", "hello", "seven eleven",
    "thanks a lot for nothing", "yesterday at noon", "book a table for two", "good evening",
)  # fmt: skip
# Begins or ends like a phrase and means something else.
NEAR = (
    "what are your favourite colours", "where is my cat", "I would like to buy a bicycle", "can you speak Spanish",
    "I would like to book a flight to London", "can I speak to a doctor please", "my order arrived broken",
    "when are you leaving", "how much does she earn", "cancel my subscription", "do you open the window",
    "I want a pony", "my name is irrelevant", "transfer me some money",
)  # fmt: skip


def main() -> None:
    started = time.perf_counter()
    spoken = 0
    results = []
    for name, sentences in (("phrases", PHRASES), ("far", FAR), ("near", NEAR)):
        heard = [(sentence, *each) for sentence in sentences for each in hear(sentence)]
        spoken += len(heard)
        right = sum(text == sentence for sentence, text, _ in heard)
        nothing = sum(text is None for _, text, _ in heard)
        results.append((name, len(heard), right, nothing, len(heard) - right - nothing))
    print(f"{'':8} {'spoken':>7} {'right':>6} {'nothing':>8} {'wrong':>6}")
    for name, total, right, nothing, wrong in results:
        print(f"{name:8} {total:7} {right:6} {nothing:8} {wrong:6}")
    print(f"{(time.perf_counter() - started) * 1000 / spoken:.0f} ms per utterance, its synthesis included")


def hear(sentence: str) -> Iterator[tuple[str | None, float]]:
    for voice, speed in product(VOICES, SPEEDS):
        pcm = speech.synthesize(sentence, sample_rate_hz=RATE_HZ, voice=voice, speed=speed)
        heard = speech.recognize(pcm, sample_rate_hz=RATE_HZ, phrases=PHRASES)
        yield heard.text, heard.score


if __name__ == "__main__":
    main()
