"""Whether audio says a given text: the text's words are looked for in it, in order, and each may be missing."""

from __future__ import annotations

from dataclasses import dataclass

from agentops.speech.recognition import find_words, recognize, words_of

# How much worse than the free phone loop a word may fit, as mean log score per frame; see docs/speech.md.
_WORD_LIMIT = 45.0


@dataclass(frozen=True, slots=True)
class TextMatch:
    """`score` is 0..1: the share of the text's words that are said, less where the audio says more than the text.

    `missing` are the words that are not said, in order. The text is said when the score is 0.8 or more.
    """

    score: float
    missing: tuple[str, ...]


def match_text(pcm: bytes, *, sample_rate_hz: int, text: str) -> TextMatch:
    """How much of `text`, which is English, the audio says. Silence and noise say nothing of it.

    A text without words is always said. Raises SpeechUnavailableError without the extra.
    """
    words = words_of(text)
    if not words:
        return TextMatch(1.0, ())
    said = find_words(pcm, sample_rate_hz=sample_rate_hz, words=words)
    missing = tuple(word for index, word in enumerate(words) if said.get(index, _WORD_LIMIT) >= _WORD_LIMIT)
    whole = recognize(pcm, sample_rate_hz=sample_rate_hz, phrases=(text,)).score
    return TextMatch((1.0 - len(missing) / len(words)) * min(1.0, 2.0 * whole), missing)
