"""Whether a text says what a script expects, however it is spelled. Pure.

Texts are compared as sequences of words: case, punctuation and accents written in two ways do not count, and numbers
are digits whether they were written `9`, `nine` or `twenty-five`. A phrase matches whole words only, so `art` is not
found in `start`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher

from agentops.calls.script import Expect

# fmt: off
_SMALL = {word: number for number, word in enumerate((
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
))}
_TENS = {word: 10 * n for n, word in enumerate(
    ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), 2
)}
# fmt: on
_SCALES = {"hundred": 100, "thousand": 1000}
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def words_of(text: str) -> list[str]:
    """`text` as comparable words: `"It's twenty-five."` gives `["it's", "25"]`."""
    plain = unicodedata.normalize("NFC", text).casefold().replace("’", "'")
    return _join_numbers(_WORD.findall(plain))


def _join_numbers(words: list[str]) -> list[str]:
    """Number words become digits; a spoken number of several words becomes one (`twenty five` -> `25`).

    Digits said one by one (`four two`) stay apart, as do digits that were written that way.
    """
    out: list[str] = []
    total, current, open_to = 0, None, 0  # open_to: what may still be added to `current`, e.g. 9 after "twenty"
    for word in [*words, ""]:
        if current is not None and word in _SMALL and 0 < _SMALL[word] <= open_to:
            current, open_to = current + _SMALL[word], 0
        elif current is not None and word in _TENS and open_to >= _TENS[word]:
            current, open_to = current + _TENS[word], 9
        elif current and word in _SCALES and current < _SCALES[word]:
            current, open_to = current * _SCALES[word], _SCALES[word] - 1
            total, current = (total + current, 0) if word == "thousand" else (total, current)
        else:
            if current is not None:
                out.append(str(total + current))
            total, current, open_to = 0, None, 0
            if word in _SMALL:
                current = _SMALL[word]
            elif word in _TENS:
                current, open_to = _TENS[word], 9
            elif word:
                out.append(word)
    return out


def says(text: str, phrase: str) -> bool:
    """Whether the words of `phrase` follow each other in `text`."""
    wanted, words = words_of(phrase), words_of(text)
    return bool(wanted) and any(words[i : i + len(wanted)] == wanted for i in range(len(words) - len(wanted) + 1))


def similarity(text: str, to: str) -> float:
    """0..1: the share of words that both have in the same order, the best stretch of `text` counting."""
    words, wanted = words_of(text), words_of(to)
    if not wanted:
        return 0.0
    stretches = [words] + [words[i : i + len(wanted)] for i in range(max(0, len(words) - len(wanted)) + 1)]
    return max(SequenceMatcher(None, stretch, wanted, autojunk=False).ratio() for stretch in stretches)


def missing_of(expect: Expect, text: str) -> list[str]:
    """The conditions of `expect` that `text` does not meet yet and that more text could still meet."""
    missing = [f'contains "{p}"' for p in (*expect.contains, *expect.all_of) if not says(text, p)]
    if expect.any_of and not any(says(text, p) for p in expect.any_of):
        missing.append("contains any of " + _quoted(expect.any_of))
    if expect.matches is not None and not re.search(expect.matches, text):
        missing.append(f"matches /{expect.matches}/")
    if expect.similar is not None and (score := similarity(text, expect.similar.to)) < expect.similar.at_least:
        missing.append(f'is at least {expect.similar.at_least:g} similar to "{expect.similar.to}" (it is {score:.2f})')
    if expect.min_words is not None and len(words_of(text)) < expect.min_words:
        missing.append(f"has at least {expect.min_words} words")
    return missing


def violations_of(expect: Expect, text: str) -> list[str]:
    """The conditions of `expect` that `text` breaks for good, whatever follows."""
    broken = [f'does not contain "{p}"' for p in expect.not_contains if says(text, p)]
    if expect.max_words is not None and len(words_of(text)) > expect.max_words:
        broken.append(f"has at most {expect.max_words} words")
    return broken


def needs_whole_turn(expect: Expect) -> bool:
    """Whether the agent must have finished before `expect` can be said to hold."""
    return bool(expect.not_contains) or expect.max_words is not None


def describe(expect: Expect) -> str:
    """What `expect` asks for, in one line."""
    parts = [f'contains "{p}"' for p in (*expect.contains, *expect.all_of)]
    if expect.any_of:
        parts.append("contains any of " + _quoted(expect.any_of))
    parts += [f'does not contain "{p}"' for p in expect.not_contains]
    if expect.matches is not None:
        parts.append(f"matches /{expect.matches}/")
    if expect.similar is not None:
        parts.append(f'is at least {expect.similar.at_least:g} similar to "{expect.similar.to}"')
    if expect.min_words is not None:
        parts.append(f"has at least {expect.min_words} words")
    if expect.max_words is not None:
        parts.append(f"has at most {expect.max_words} words")
    return f"{expect.role} {' and '.join(parts)} within {expect.within_s:g} s"


def _quoted(phrases: Iterable[str]) -> str:
    return ", ".join(f'"{p}"' for p in phrases)
