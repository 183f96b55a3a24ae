"""Phrase templates: `(hi|hello) [there], my order is {order}` as the finite list of sentences it stands for.

`[x]` is optional, `(a|b)` one of several, `{name}` one of the values listed for that slot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod

MOST_SENTENCES = 2000  # of one template: a longer list slows the recogniser down and tells phrases apart badly

_TOKENS = re.compile(r"[\[\]()|]|\{(\w+)\}|[^\[\]()|{}]+")


class PhraseError(ValueError):
    """A template that can't be read; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    slots: Mapping[str, str] = field(default_factory=dict)


def expand(template: str, slots: Mapping[str, Sequence[str]]) -> tuple[Sentence, ...]:
    """Every sentence of `template`. Raises PhraseError when it is malformed, has an unknown slot or is too large."""
    parser = _TemplateParser(template, slots)
    sentences = parser.alternatives()
    if parser.token is not None:
        raise PhraseError(f"{template!r}: unexpected {parser.token.group()!r}")
    return tuple(Sentence(" ".join(each.text.split()), each.slots) for each in sentences)


class _TemplateParser:
    """A recursive-descent parser over the tokens of one template."""

    def __init__(self, template: str, slots: Mapping[str, Sequence[str]]) -> None:
        self._template = template
        self._slots = slots
        self._tokens: Iterator[re.Match[str]] = _TOKENS.finditer(template)
        self.token: re.Match[str] | None = next(self._tokens, None)

    def alternatives(self) -> list[Sentence]:
        found = self._sequence()
        while self._took("|"):
            found += self._sequence()
        return found

    def _sequence(self) -> list[Sentence]:
        parts: list[list[Sentence]] = []
        while self.token is not None and self.token.group() not in "|)]":
            parts.append(self._part())
        size = prod(map(len, parts))  # counted before the sentences are made: the product grows without bound
        if size > MOST_SENTENCES:
            raise PhraseError(f"{self._template!r} stands for {size} sentences; at most {MOST_SENTENCES} are allowed")
        return [
            Sentence(
                " ".join(part.text for part in combination),
                {name: value for part in combination for name, value in part.slots.items()},
            )
            for combination in product(*parts)
        ]

    def _part(self) -> list[Sentence]:
        token = self.token
        assert token is not None
        if self._took("["):
            return [Sentence(""), *self._until("]")]
        if self._took("("):
            return self._until(")")
        self.token = next(self._tokens, None)
        if (name := token.group(1)) is None:
            return [Sentence(token.group())]
        if name not in self._slots:
            raise PhraseError(f"{self._template!r} uses the slot {{{name}}}, which has no values")
        return [Sentence(value, {name: value}) for value in self._slots[name]]

    def _until(self, closing: str) -> list[Sentence]:
        inner = self.alternatives()
        if not self._took(closing):
            raise PhraseError(f"{self._template!r}: {closing!r} is missing")
        return inner

    def _took(self, text: str) -> bool:
        if self.token is None or self.token.group() != text:
            return False
        self.token = next(self._tokens, None)
        return True
