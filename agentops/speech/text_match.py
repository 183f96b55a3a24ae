"""Whether audio says a given text: its words are looked for in the audio in order, and each may be missing."""

from __future__ import annotations

from dataclasses import dataclass

from agentops.speech.recognition import find_words, recognize, words_of

# How much worse than the free phone loop a word may fit, as mean log score per frame; see docs/speech.md.
_WORD_LIMIT = 45.0


@dataclass(frozen=True, slots=True)
class TextMatch:
    """How far some audio says a text.

    score:   0..1: the share of the text's words that are said, less where the audio says more than the text.
             A text counts as said from 0.8 on.
    missing: the words that are not said, in order
    """

    score: float
    missing: tuple[str, ...]


def match_text(pcm: bytes, *, sample_rate_hz: int, text: str) -> TextMatch:
    """How far the audio says `text`, in English. Silence and noise score 0; a text without words scores 1.

    Raises SpeechUnavailableError without the extra.
    """
    words = words_of(text)
    if not words:
        return TextMatch(1.0, ())
    found = find_words(pcm, sample_rate_hz=sample_rate_hz, words=words)
    missing = tuple(word for index, word in enumerate(words) if found.get(index, _WORD_LIMIT) >= _WORD_LIMIT)
    whole = recognize(pcm, sample_rate_hz=sample_rate_hz, phrases=(text,)).score
    return TextMatch((1.0 - len(missing) / len(words)) * min(1.0, 2.0 * whole), missing)
