"""Which languages a sentence can be in: by its script first, then by telling letters and common short words.

Pure and offline. It rather says nothing than something wrong.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

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

# Script (the first word of a letter's Unicode name) -> the languages written in it, and the signs that only one of them
# has. Without such a sign the sentence can be in any of them.
_SCRIPTS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "DEVANAGARI": (("hi", "mr", "ne"), {"mr": r"ळ|आहे|आणि", "hi": r"(?<!\S)(?:है|हैं|में|और|का|की|के)(?![^\s।?!.,])"}),
    "ARABIC": (("ar", "fa", "ur"), {"ur": "[ٹڈڑںےہھ]", "fa": "[پچژگ]", "ar": r"[ةىكيإأ]|\bال"}),
    "CYRILLIC": (("ru", "uk", "bg"), {"uk": "[іїєґ]", "ru": "[ыэё]"}),
    "CJK": (("zh", "ja"), {"ja": "[ぁ-ヿ]"}),
    "HIRAGANA": (("ja",), {}),
    "KATAKANA": (("ja",), {}),
    "HANGUL": (("ko",), {}),
    "BENGALI": (("bn", "as"), {"as": "[ৰৱ]"}),
    "GURMUKHI": (("pa",), {}),
    "GUJARATI": (("gu",), {}),
    "TAMIL": (("ta",), {}),
    "TELUGU": (("te",), {}),
    "KANNADA": (("kn",), {}),
    "MALAYALAM": (("ml",), {}),
    "ORIYA": (("or",), {}),
    "SINHALA": (("si",), {}),
    "THAI": (("th",), {}),
    "HEBREW": (("he",), {}),
    "GREEK": (("el",), {}),
}


def languages_of(text: str) -> frozenset[str]:
    """ISO 639-1 codes of the languages that `text` can be in; empty when no two words tell, or two languages tie."""
    scripts = Counter(unicodedata.name(c, "").partition(" ")[0] for c in text if c.isalpha())
    script = scripts.most_common(1)[0][0] if scripts else ""
    if script in _SCRIPTS:
        languages, signs = _SCRIPTS[script]
        found = [language for language, sign in signs.items() if re.search(sign, text)]
        return frozenset(found[:1] or languages)
    words = re.findall(r"[^\W\d_]+", text.casefold())
    counts = {language: sum(word in small for word in words) for language, small in _SMALL.items()}
    best = max(counts, key=lambda language: counts[language])
    rival = max(count for language, count in counts.items() if language != best)
    return frozenset({best}) if counts[best] >= 2 and counts[best] > rival else frozenset()
