"""Characters that nobody sees in an editor or a review, and that a model or a terminal obeys all the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

# Joiners are spelling between letters of scripts that have them, and inside emoji; everywhere else they hide something.
_ZWNJ, _ZWJ, _EMOJI_STYLE = "\u200c", "\u200d", "\ufe0f"
_JOINING = "DEVANAGARI BENGALI GURMUKHI GUJARATI ORIYA TAMIL TELUGU KANNADA MALAYALAM SINHALA ARABIC SYRIAC"
_SCRIPTS = tuple(_JOINING.split())
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5")  # letters and marks that show nothing


def hidden_characters(text: str) -> Iterator[tuple[int, str]]:
    """(position, name) of each hidden character: controls, directions, zero widths, tags, blanks that are letters, and
    line ends that only some programs take for one.

    Line ends and tabs are not hidden; a carriage return is.
    """
    if text.isascii() and text.isprintable():
        return
    for position, character in enumerate(text):
        if character.isprintable() and character not in _BLANKS and not _is_selector(character):
            continue
        if character in "\n\t \u00a0\u202f\u2003\u2009\u3000" or _is_spelling(text, position):
            continue
        if (
            unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")
            or character in _BLANKS
            or _is_selector(character)
        ):
            yield position, f"U+{ord(character):04X} {unicodedata.name(character, 'control character')}"


def control_character(text: str) -> int:
    """The position of the first control character that no text needs, as in YAML; -1 when there is none."""
    for position, character in enumerate(text):
        if unicodedata.category(character) == "Cc" and character not in "\n\t\r\x85":
            return position
    return -1


def _is_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0000" <= character <= "\U000e01ef"


def _is_spelling(text: str, position: int) -> bool:
    character = text[position]
    before, after = text[position - 1 : position], text[position + 1 : position + 2]
    if character in (_ZWNJ, _ZWJ) and _joins(before) and _joins(after):
        return True
    if character == _EMOJI_STYLE:
        return _is_emoji(before)
    return character == _ZWJ and (_is_emoji(before) or before == _EMOJI_STYLE) and _is_emoji(after)


def _joins(character: str) -> bool:
    return bool(character) and unicodedata.name(character, "").startswith(_SCRIPTS)


def _is_emoji(character: str) -> bool:
    """Symbols, skin tones, and the signs that become emoji with a style behind them."""
    return bool(character) and (
        unicodedata.category(character) in ("So", "Sk", "Sm") or character in "#*0123456789‼⁉〰"
    )
