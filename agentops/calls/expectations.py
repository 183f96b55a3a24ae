"""Whether a text says what a script expects, however it is spelled. Pure.

A phrase matches whole words only, so `art` is not found in `start`, and whole numbers only, so `5` is not found in
`2.5`. `words` decides when two words or numbers are the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from agentops.calls.criteria import Expect
from agentops.calls.patterns import has_match
from agentops.calls.words import find, names_of, plain_words


def similarity(text: str, to: str) -> float:
    """0..1: the share of words that both have in the same order; of `text` the best stretch of that length counts."""
    words, wanted = names_of(text, like=to), names_of(to)
    if not wanted:
        return 0.0
    stretches = [words] + [words[i : i + len(wanted)] for i in range(max(0, len(words) - len(wanted)) + 1)]
    return max(SequenceMatcher(None, stretch, wanted, autojunk=False).ratio() for stretch in stretches)


def missing_of(expect: Expect, text: str) -> list[str]:
    """The conditions of `expect` that `text` does not meet yet and that more text could still meet."""
    missing = [f'contains "{p}"' for p in (*expect.contains, *expect.all_of) if not find(text, p)]
    if expect.any_of and not any(find(text, p) for p in expect.any_of):
        missing.append("contains any of " + _quoted(expect.any_of))
    if expect.matches is not None and not has_match(expect.matches, text):
        missing.append(f"matches /{expect.matches}/")
    if expect.similar is not None and (score := similarity(text, expect.similar.to)) < expect.similar.at_least:
        missing.append(f'is at least {expect.similar.at_least:g} similar to "{expect.similar.to}" (it is {score:.2f})')
    if expect.min_words is not None and len(plain_words(text)) < expect.min_words:
        missing.append(f"has at least {expect.min_words} words")
    return missing


def violations_of(expect: Expect, text: str) -> list[str]:
    """The conditions of `expect` that `text` breaks for good, whatever the agent says next."""
    broken = [f'does not contain "{p}"' for p in expect.not_contains if find(text, p)]
    if expect.max_words is not None and len(plain_words(text)) > expect.max_words:
        broken.append(f"has at most {expect.max_words} words")
    return broken


def needs_whole_turn(expect: Expect) -> bool:
    """Whether the agent's turn must be over before anybody can say that `expect` holds."""
    return bool(expect.not_contains or expect.meets or expect.not_meets) or expect.max_words is not None


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
    parts += [f'meets "{p}"' for p in expect.meets] + [f'does not meet "{p}"' for p in expect.not_meets]
    return f"{expect.role} {' and '.join(parts)} within {expect.within_s:g} s"


def _quoted(phrases: Iterable[str]) -> str:
    return ", ".join(f'"{p}"' for p in phrases)
