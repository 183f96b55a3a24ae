"""Makes what others wrote safe to show: no character acts on the terminal, hides, or turns text around. Pure.

Prompts, console edits, names and errors are somebody else's. A control sequence in one can take the reviewed line
away, and an invisible character can hold what no reviewer sees. They are shown by their numbers.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")

_MOVING = r"\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"  # controls, C0 and C1; halves of characters
_TURNING = r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # direction; line ends of another kind
_HIDING = r"\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
_FORMATTING = r"\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # of hieroglyphs, shorthand and scores
_TAGGING = r"\ufff0-\uffff\U000e0000-\U000e0fff\ue000-\uf8ff\U000f0000-\U0010ffff"
# Joiners spell Indic and Arabic words and compose emoji: there, both neighbours are no ASCII. One variation selector
# after a sign says how the sign looks; a row of them holds a message.
_JOINING = r"(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])|[\u200c\u200d](?=[\u200c\u200d])"
_VARYING = r"(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]"
_UNSEEN = re.compile(f"[{_MOVING}{_TURNING}{_HIDING}{_FORMATTING}{_TAGGING}]|{_JOINING}|{_VARYING}")
# Fields of results whose texts are of many lines; all others are names and sentences.
_OF_MANY_LINES = frozenset({"before", "after", "text", "texts", "detail", "patch", "difference", "document", "content"})


def visible(text: str) -> str:
    """`text` with everything unseen shown by its number; line ends and tabs stay."""
    return _UNSEEN.sub(_number, text)


def visible_in_json(text: str) -> str:
    """As `visible`, by the numbers that JSON has: a reader of JSON gets back what was there."""
    return _UNSEEN.sub(lambda found: json_number(found[0]), text)


def json_number(text: str) -> str:
    """Every character of `text` as JSON escapes it, those beyond U+FFFF as two halves."""
    units = text.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def on_one_line(text: str) -> str:
    """As `visible`, with line ends and tabs shown as well: for text that is put into a line."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def all_visible(value: T) -> T:
    """A result as it may be shown: every text in it, names and sentences on one line. What only lives in memory
    (fields that `repr` leaves out) is left as it is."""
    made: T = _shown(value, on_one_line)
    return made


def _number(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _shown(value: Any, spell: Any) -> Any:
    if isinstance(value, str):
        return value if isinstance(value, Enum) else spell(value)
    if isinstance(value, Mapping):
        return {_shown(key, spell): _shown(item, spell) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_shown(item, spell) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {}
        for each in dataclasses.fields(value):
            held = getattr(value, each.name)
            if each.init and each.repr and not isinstance(held, bool | int | float | None):
                made = _shown(held, visible if each.name in _OF_MANY_LINES else spell)
                if made is not held and made != held:
                    changed[each.name] = made
        return dataclasses.replace(value, **changed) if changed else value
    return value
