"""Colour and width for text output: what a terminal shows, decided by the caller, never by looking around."""

from __future__ import annotations

import textwrap
import unicodedata
from dataclasses import dataclass

_CODES = {
    "add": "32",
    "remove": "31",
    "change": "33",
    "strong": "1",
    "faint": "2",
    "bad": "1;31",
    "good": "32",
}


@dataclass(frozen=True, slots=True)
class Style:
    """How wide the output may be, in columns, and whether it may have colour."""

    width: int = 100
    is_colored: bool = False

    def paint(self, text: str, role: str) -> str:
        """`text` in the colour of `role`: add, remove, change, strong, faint, bad, good."""
        return f"\033[{_CODES[role]}m{text}\033[0m" if self.is_colored and text else text

    def wrap(self, text: str, indent: str, hanging: str | None = None) -> list[str]:
        """`text` in lines of at most `width` columns; nothing is cut, a word that is too long is broken."""
        room = max(self.width, len(indent) + 20)
        lines: list[str] = []
        for paragraph in text.split("\n"):
            lines += textwrap.wrap(
                paragraph,
                width=room,
                initial_indent=indent if not lines else (hanging or indent),
                subsequent_indent=hanging or indent,
                replace_whitespace=False,
                drop_whitespace=True,
                break_on_hyphens=False,
            ) or [indent]
        return lines


PLAIN = Style()


def columns(text: str) -> int:
    """How many columns `text` takes on a terminal: wide characters take two, combining ones none."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(bool(unicodedata.combining(c)) for c in text)
