"""Texts as sequences of words and numerals, which is how they are compared. Pure.

Case, punctuation and the encoding of a character do not count, nor how a number, a range, a weekday or a street is
written. What was heard and what is expected are treated alike, so neither has to be in a canonical form.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from agentops.calls.numerals import Numeral, read_numeral

Segment: TypeAlias = str | Numeral

# Vowel signs and other marks of Hebrew, Arabic, Indic scripts and Thai: parts of a word that `\w` does not match.
_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963"
    "\u0981-\u0983\u09bc-\u09cd\u09d7\u0a01-\u0a03\u0a3c-\u0a51\u0a70\u0a71\u0a81-\u0a83\u0abc-\u0acd\u0b01-\u0b03\u0b3c-\u0b57"
    "\u0b82\u0bbe-\u0bd7\u0c00-\u0c04\u0c3c-\u0c56\u0c81-\u0c83\u0cbc-\u0cd6\u0d00-\u0d03\u0d3b-\u0d57\u0d81-\u0d83\u0dca-\u0ddf"
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u200c\u200d"
)
_LETTERS = rf"[^\W\d_](?:[^\W\d_]|[{_MARKS}])*"
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}])*(?:'[^\W_](?:[^\W_]|[{_MARKS}])*)*")
_TOKEN = re.compile(
    rf"""tel:\d+ | \d{{1,2}}:\d\d(?!\d) | \d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?(?!\d) | \d+/\d+ | \d+(?:st|nd|rd|th)\b
      | \d+(?:\.\d+)? | [$€£₹¢%] | {_LETTERS}(?:'{_LETTERS})*""",
    re.VERBOSE,
)
_DAY = r"(?:mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)(?:day|nesday|sday|rsday|urday)?"


def _figures(found: re.Match[str]) -> str:
    return re.sub(r"[^0-9]", "", found[0])


# What is spoken as words but written otherwise, and what it is replaced by before the text is cut into words. In this
# order: `9am-5pm` is a range once `am` stands apart, and a hyphen that is still left before a figure is a minus.
_Replacement: TypeAlias = str | Callable[[re.Match[str]], str]
_SPELLED_OUT: tuple[tuple[re.Pattern[str], _Replacement], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (
            r"\+?(?:\b\d{1,3}[ -])?(?:\(\d{3}\) ?|\b\d{3}[ .-])\d{3}[ .-]\d{4}\b|\b\d{3}-\d{4}\b|\+\d{7,15}\b",
            lambda found: f" tel:{_figures(found)} ",
        ),
        (r"(?<=\d)\s?([ap])\.?m\b\.?|\b([ap])\.\s?m\b\.?", r" \1\2m "),
        (r"(?<=[\d%])\s*[-–—]\s*(?=[$€£₹]?\d)|(?<= [ap]m )\s*[-–—]\s*(?=[$€£₹]?\d)", " to "),
        (rf"\b({_DAY})\.?\s*[-–—]\s*(?={_DAY}\b)", r"\1 to "),
        (r"(?<![\w.])[-−](?=[$€£₹]?\d)", " minus "),
        (r"(?<=\d)k\b", " thousand"),
        (r"(?<=\d)m\b", " million"),
        (r"\b\d(?: \d){2,}\b", _figures),  # digits that were dictated: `4 2 7`
        (r"&", " and "),
    )
)
# One word for those that can be written in several ways.
_SAME = {
    "mon": "monday", "tue": "tuesday", "tues": "tuesday", "wed": "wednesday", "thu": "thursday", "thur": "thursday",
    "thurs": "thursday", "fri": "friday", "sat": "saturday", "sun": "sunday", "street": "st", "saint": "st",
    "avenue": "ave", "road": "rd", "boulevard": "blvd", "apartment": "apt", "suite": "ste", "hrs": "hours",
    "hr": "hour", "mins": "minutes", "min": "minute", "through": "to", "thru": "to", "until": "to", "till": "to",
}  # fmt: skip


def plain_words(text: str) -> list[str]:
    """The words as they are written, for counting and for quotes: `"It's twenty-five."` gives `it's twenty five`."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold().replace("’", "'"))


@lru_cache(maxsize=2048)
def segments_of(text: str) -> tuple[Segment, ...]:
    """`text` as words and numerals: `"It's twenty-five."` gives `it's` and the numeral 25."""
    plain = unicodedata.normalize("NFKC", "".join(map(_plain_figure, text))).casefold().replace("’", "'")
    for pattern, replacement in _SPELLED_OUT:
        plain = pattern.sub(replacement, plain)
    words = _TOKEN.findall(plain)
    segments: list[Segment] = []
    at = 0
    while at < len(words):
        found = read_numeral(words, at)
        segment, at = found if found is not None else (_SAME.get(words[at], words[at]), at + 1)
        segments.append(segment)
    return tuple(segments)


def _plain_figure(character: str) -> str:
    """A digit of any script as an ASCII digit, and `¾` with blanks around it: `2¾` is not 23/4."""
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.digit(character))
    parts = unicodedata.normalize("NFKC", character).split("\N{FRACTION SLASH}")
    return f" {parts[0]}/{parts[1]} " if len(parts) == 2 and all(map(str.isdecimal, parts)) else character


def is_same(heard: Segment, wanted: Segment) -> bool:
    """Whether `heard` can be what `wanted` asks for."""
    if isinstance(heard, Numeral) and isinstance(wanted, Numeral):
        return heard.meets(wanted)
    return heard == wanted


def find(text: str, phrase: str) -> bool:
    """Whether the words of `phrase` follow each other in `text`."""
    wanted, words = segments_of(phrase), segments_of(text)
    if not wanted:
        return False
    starts = range(len(words) - len(wanted) + 1)
    return any(all(map(is_same, words[at : at + len(wanted)], wanted)) for at in starts)


def names_of(text: str, like: str = "") -> list[str]:
    """`text` as a list of strings that compare like its segments; a numeral that can be one of `like` gets its name."""
    known = [segment for segment in segments_of(like) if isinstance(segment, Numeral)]
    names = []
    for segment in segments_of(text):
        if isinstance(segment, Numeral):
            names.append(next((other for other in known if segment.meets(other)), segment).name)
        else:
            names.append(segment)
    return names
