"""Finds in a written success condition what can be checked without a model: words, numbers, tools, and hanging up.

Only what the sentence plainly demands is taken. A phrase that is an example, that the caller says, or that depends on
a case is left to a judge. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_MOST_WORDS = 14
_MOST_READ = 8000  # characters of a condition; the judge alone reads what comes later
_QUOTED = re.compile("\"([^\"\n]{2,160})\"|“([^”\n]{2,160})”|«([^»\n]{2,160})»|(?<![\\w])'([^'\n]{2,160})'(?![\\w])")
_HIDDEN = re.compile(r"\x00(\d+)\x00")
_CLAUSE = re.compile(
    r"(?<=[.;!?])\s+|\n+|,?\s+\bbut\b\s+"
    r"|,?\s+\band\b\s+(?=(?:then\s+)?(?:must|should|shall|does|do|did|never|not|asks?|says?|ends?|calls?|hangs?)\b)"
)
_NEGATIVE = re.compile(
    r"(?i)\b(?:not|never|without|avoids?|refrains?|cannot|instead of|rather than|forbidden|neither|nor)\b|n't\b"
)
_EXAMPLE = re.compile(
    r"(?i)\b(?:e\.?g|such as|like|similar|for (?:example|instance)|something|equivalent|paraphras\w*|along the lines|"
    r"close to|or so|etc|variation|any of|whether|about)\b"
)
_SAYING = re.compile(
    r"(?i)\b(?:sa(?:y|ys|id|ying)|mention\w*|stat(?:e|es|ing)|includ\w*|contain\w*|us(?:e|es|ing)|respond\w*|answer\w*|"
    r"repl\w+|greet\w*|ask\w*|tell\w*|quot\w+|giv\w+|provid\w*|confirm\w*|offer\w*|nam(?:e|es)|read\w*|word\w*|phrase\w*|"
    r"announc\w+|repeat\w*|output\w*)\b"
)
_OF_THE_CALLER = re.compile(
    r"(?i)\b(?:user|caller|customer|client|patient|guest|lead|person|they|he|she)\b['’]?s?\s+(?:\w+\s+){0,3}?"
    r"(?:sa(?:y|ys|id)|ask\w*|mention\w*|respond\w*|answer\w*|repl\w+|giv\w+|request\w*|want\w*|state\w*|message|words?)"
)
_CASE = re.compile(r"(?i)^\s*(?:if|when|once|after|in case|should the (?:user|caller|customer))\b[^,:]*[,:]\s*")
_CALLING = re.compile(r"(?i)\b(?:call|calls|called|calling|invok\w+|us(?:e|es|ed|ing)|trigger\w*|run|runs|execut\w+)\b")
_ENDING = re.compile(
    r"(?i)\b(?:end|ends|ended|ending|terminat\w+|close[sd]?|disconnect\w*)\s+(?:the|this)\s+(?:call|conversation)\b"
    r"|\bhang(?:s|ing)?\s+up\b|\bend_call\b"
)
_NUMBER = re.compile(
    r"[$€£₹]\s?\d[\d,]*(?:\.\d+)?|\b\d[\d,]*(?:\.\d+)?\s?%|\b\d{1,2}:\d{2}(?:\s?[ap]\.?m\b)?"
    r"|(?<!\w)\+?\d{3}[- .]\d{3}[- .]\d{3,4}\b|\b\d{1,2}\s?[ap]m\b|\b\d{2,}(?:,\d{3})*(?:\.\d+)?\b"
)
_COUNTED = re.compile(
    r"(?i)\s*(?:-|to \d|or \d)?\s*(?:words?|sentences?|seconds?|secs?|minutes?|characters?|times?|turns?|options?|"
    r"questions?|items?|digits?|steps?|points?|attempts?|lines?)\b"
)
_FEWER_WORDS = re.compile(
    r"(?i)\b(?:under|below|fewer than|less than|at most|no more than|not more than|maximum(?: of)?|within|up to)"
    r"\s+(\d{1,3})\s+words\b"
)
_ALTERNATIVE = re.compile(r"(?i)\b(?:or|either|may|can|could|optionally)\b")
_FORBIDDEN = re.compile(r"(?i)\bforbidden (?:words?|phrases?)\b|\bbanned (?:words?|phrases?)\b")


@dataclass(slots=True)
class Demands:
    """What an answer must and must not do. tools: the names of tools that must, and must not, be called."""

    all_of: list[str] = field(default_factory=list)
    any_of: list[str] = field(default_factory=list)
    not_contains: list[str] = field(default_factory=list)
    max_words: int | None = None
    ends_call: bool | None = None
    tools: list[str] = field(default_factory=list)
    no_tools: list[str] = field(default_factory=list)

    @property
    def words(self) -> dict[str, object]:
        """The demands on words, in the form of an `expect` step."""
        given = {"all_of": self.all_of, "any_of": self.any_of, "not_contains": self.not_contains}
        made: dict[str, object] = {key: list(dict.fromkeys(words)) for key, words in given.items() if words}
        return made | ({"max_words": self.max_words} if self.max_words else {})


def demands_of(condition: str, tools: Iterable[str], good: Sequence[str] = (), bad: Sequence[str] = ()) -> Demands:
    """What `condition` and the examples of good and bad answers demand. `tools` are those that the agent has."""
    found, names = Demands(), list(tools)
    quotes: list[str] = []

    # Quoted phrases are taken out first: their words and punctuation must not be read as the condition's own.
    def hide(match: re.Match[str]) -> str:
        quotes.append(next(filter(None, match.groups())).strip(" .,!?…"))
        return f"\x00{len(quotes) - 1}\x00"

    for clause in _CLAUSE.split(_QUOTED.sub(hide, condition[:_MOST_READ])):
        _read_clause(_CASE.sub("", clause), quotes, names, found)
    if match := _FEWER_WORDS.search(condition):
        found.max_words = int(match[1])
    if len(good) > 1:  # a number that all good answers have is demanded; in a single answer it may be by chance
        found.all_of += [number for number in _numbers(good[0]) if all(number in other for other in good[1:])]
    found.not_contains += [text.strip() for text in bad if _is_speakable(text)]
    _settle_conflicts(found, good)
    return found


def _read_clause(clause: str, quotes: list[str], tools: list[str], found: Demands) -> None:
    is_negative = bool(_NEGATIVE.search(clause) or _FORBIDDEN.search(clause))
    # "may say A" demands nothing; of all alternatives only an "or" between two quotes can be kept, as any of them.
    if _ALTERNATIVE.search(re.sub(r"\x00\s*,?\s*or\s*\x00", "\x00\x00", clause)) and not is_negative:
        return
    for name in tools:
        is_named = name != "end_call" and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", _shown(clause, quotes))
        if is_named and _CALLING.search(clause):
            (found.no_tools if is_negative else found.tools).append(name)
    if _ENDING.search(clause):
        found.ends_call = not is_negative
    if _OF_THE_CALLER.search(clause) or not (_SAYING.search(clause) or _FORBIDDEN.search(clause)):
        return
    phrases = [(match.start(), quotes[int(match[1])]) for match in _HIDDEN.finditer(clause)]
    spoken = [(at, text) for at, text in phrases if _is_speakable(text) and text not in tools]
    forbidden = [text for at, text in spoken if _NEGATIVE.search(clause[:at]) or _FORBIDDEN.search(clause[:at])]
    found.not_contains += forbidden
    if _EXAMPLE.search(clause):
        return
    wanted = [text for _, text in spoken if text not in forbidden]
    alternatives = len(wanted) > 1 and re.search(r"\x00\s*(?:,\s*)?(?:or|/)\s*\x00", clause)
    (found.any_of if alternatives else found.all_of).extend(wanted)
    plain = _HIDDEN.sub(" ", clause)
    for match in _NUMBER.finditer(plain):
        if not _COUNTED.match(plain, match.end()):
            is_forbidden = bool(_NEGATIVE.search(plain[: match.start()]))
            (found.not_contains if is_forbidden else found.all_of).append(match[0].strip())


def _settle_conflicts(found: Demands, good: Sequence[str]) -> None:
    """Drops demands that the condition's own good examples don't meet: there it was misread."""
    plain = [text.casefold() for text in good]
    found.all_of = [text for text in found.all_of if all(text.casefold() in each for each in plain)]
    found.not_contains = [text for text in found.not_contains if not any(text.casefold() in each for each in plain)]
    if plain and not all(any(text.casefold() in each for text in found.any_of) for each in plain):
        found.any_of = []
    found.not_contains = [text for text in found.not_contains if text not in (*found.all_of, *found.any_of)]
    found.no_tools = [name for name in found.no_tools if name not in found.tools]


def _numbers(text: str) -> list[str]:
    return [match[0].strip() for match in _NUMBER.finditer(text) if not _COUNTED.match(text, match.end())]


def _shown(clause: str, quotes: list[str]) -> str:
    return _HIDDEN.sub(lambda match: quotes[int(match[1])], clause).replace("`", "")


def _is_speakable(text: str) -> bool:
    """Whether an agent could say exactly this: no placeholder, no stage direction, and short enough."""
    words = text.split()
    return bool(words) and len(words) <= _MOST_WORDS and not re.search(r"[\[\]{}<>_]|\.\.\.|…|^\W*$", text)
