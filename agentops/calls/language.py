"""Which language a sentence is in, by its script or its small words. Pure, offline, and modest: it may not know."""

from __future__ import annotations

import re

# Words that a sentence of the language can hardly do without.
_SMALL_WORDS = {
    "en": "the is are you your we our and to of for i it this that with can how what on at my have do not from",
    "es": "el la los las es está son usted su que en y de para por con puedo cómo qué lo un una le no a",
    "fr": "le la les est êtes vous votre nous et de pour je que ce avec puis comment un une des à pas",
    "de": "der die das ist sind sie ihr wir und zu für ich es dass mit kann wie was ein eine nicht von",
    "it": "il lo gli è sono lei suo noi e di per io che questo con posso come un una non del",
    "pt": "o os as é são você seu nós e de para eu que isto com posso como um uma não do da em",
}
_SMALL = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}

# Scripts that only one of the platform's languages is written in, as first and last letter.
_SCRIPTS = {
    "hi": ("\u0900", "\u097f"),
    "bn": ("\u0980", "\u09ff"),
    "pa": ("\u0a00", "\u0a7f"),
    "gu": ("\u0a80", "\u0aff"),
    "ta": ("\u0b80", "\u0bff"),
    "te": ("\u0c00", "\u0c7f"),
    "kn": ("\u0c80", "\u0cff"),
    "ml": ("\u0d00", "\u0d7f"),
    "ru": ("\u0400", "\u04ff"),
    "ar": ("\u0600", "\u06ff"),
}


def language_of(text: str) -> str | None:
    """The language's code; None when too few words tell, or two languages are as likely."""
    for language, (first, last) in _SCRIPTS.items():
        if sum(first <= c <= last for c in text) > len(text) / 4:
            return language
    words = re.findall(r"[^\W\d_]+", text.casefold())
    counts = {language: sum(word in small for word in words) for language, small in _SMALL.items()}
    best = max(counts, key=lambda language: counts[language])
    rival = max(count for language, count in counts.items() if language != best)
    return best if counts[best] >= 2 and counts[best] > rival else None
