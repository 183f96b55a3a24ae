"""Regular expressions that come from scripts, over words that an agent chose: neither may hold up a call.

The only module that knows the `regex` library, which can stop a search after some time. Patterns that backtrack are
refused when their script is read, after a try on texts made of what the pattern holds; what slips through is stopped
during the call.
"""

from __future__ import annotations

import itertools
import re

import regex

# A chunk of sound is due every 40 ms: a search that takes longer is audible.
_LIMIT_S = 0.03
_LONGEST_TEXT = 20_000
_TRIED_UNITS = 40


class SlowPatternError(Exception):
    """A search was stopped because it took too long."""


def has_match(pattern: str, text: str) -> bool:
    """Whether `pattern` is found in `text`. Raises SlowPatternError, and ValueError for an invalid pattern."""
    try:
        return regex.search(pattern, text[:_LONGEST_TEXT], timeout=_LIMIT_S) is not None
    except TimeoutError:
        raise SlowPatternError(pattern) from None
    except regex.error as error:
        raise ValueError(f"not a regular expression: {error}") from None


def require_fast(pattern: str) -> None:
    """Raises ValueError for an invalid regular expression, and for one that takes too long on some text."""
    has_match(pattern, "")
    # Each text ends in what matches nothing, so that the search has to backtrack: once behind the pattern's own
    # characters, since a search may give up at once where a character is missing that the pattern needs.
    ends = ("\0", "".join(dict.fromkeys(c for c in pattern if not c.isspace())) + "\0")
    for unit in _units(pattern)[:_TRIED_UNITS]:
        # Exponential patterns are slow on the short text already, polynomial ones on the long one.
        for times, end in itertools.product((48, 2_000 // len(unit)), ends):
            try:
                has_match(pattern, unit * times + end)
            except SlowPatternError:
                raise ValueError(
                    f"the pattern takes too long on a text such as {unit * 3!r}...: it can match the same words in "
                    "many ways (a repeat inside a repeat, or alternatives that overlap)"
                ) from None


def _units(pattern: str) -> list[str]:
    """What a text that is hard for `pattern` may repeat: its own letters and words, and some that classes match."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"\\.", " ", pattern))
    letters = ["a", "1", " ", *dict.fromkeys(c for c in pattern if c.isalnum() or c in " ,.-")]
    pairs = ["".join(pair) for pair in itertools.permutations(letters[:4], 2)]
    return list(dict.fromkeys([*letters[:12], *words, *pairs]))
