"""Text for a terminal: colour and width are the caller's to decide, nothing here looks at the terminal itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from agentops.commands import in_project

_CODES = {
    "add": "32",
    "remove": "31",
    "change": "33",
    "strong": "1",
    "faint": "2",
    "bad": "1;31",
    "good": "32",
}


# The control sequences that `Style.paint` writes, as a pattern.
COLOURS = r"\033\[(?:0|" + "|".join(dict.fromkeys(_CODES.values())) + r")m"

_WORDS = re.compile(r"\s+|\S+")
# A command in backticks is one word: a line break in it would be pasted along with it.
_WHOLE = re.compile(r"\s+|[^\s`]*`(?:agentops |--)[^`]*`\S*|\S+")
_NARROWEST = 20  # columns that are left for text, however deep it is indented


@dataclass(frozen=True, slots=True)
class Style:
    """How wide the output may be, in columns, and whether it may have colour.

    project: the folder that the reader named, without which the commands would not run where the reader is
    """

    width: int = 100
    is_colored: bool = False
    project: str | None = None

    def paint(self, text: str, role: str) -> str:
        """`text` in the colour of `role`: add, remove, change, strong, faint, bad, good."""
        return f"\033[{_CODES[role]}m{text}\033[0m" if self.is_colored and text else text

    def pasteable(self, text: str) -> str:
        """A text of ours, whose commands the reader can run as they stand."""
        return text if self.project is None else in_project(text, self.project)

    def next_step(self, hint: str, indent: str) -> list[str]:
        """The line, or the lines, that say what to do."""
        return self.wrap(f"next: {self.pasteable(hint)}", indent, f"{indent}  ")

    def wrap(self, text: str, indent: str, hanging: str | None = None) -> list[str]:
        """`text` in lines of at most `width` columns; nothing is cut, a word that is too long is broken."""
        rest = indent if hanging is None else hanging
        room = max(self.width, max(len(indent), len(rest)) + _NARROWEST)
        lines: list[str] = []
        for paragraph in text.split("\n"):
            lines += _wrapped(paragraph, rest if lines else indent, rest, room)
        return lines


PLAIN = Style()


def plural(count: int, noun: str) -> str:
    """`1 agent`, `2 agents`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _wrapped(text: str, indent: str, hanging: str, width: int) -> Iterator[str]:
    """One paragraph. White space at a break is dropped, inside a line it stays."""
    line, used, is_empty, is_first = indent, columns(indent), True, True
    for word in _words(text, width - columns(hanging)):
        size = columns(word)
        if used + size > width and not is_empty:
            yield line.rstrip()
            line, used, is_empty, is_first = hanging, columns(hanging), True, False
        if is_empty and word.isspace() and not is_first:
            continue
        if used + size > width:
            *broken, word = _broken(word, width - used, width - columns(hanging))
            for part in broken:
                yield line + part
                line = hanging
            used, size = columns(hanging), columns(word)
        line, used, is_empty = line + word, used + size, False
    yield line.rstrip() if not is_empty else line


def _words(text: str, room: int) -> Iterator[str]:
    """The words and the white space between them; a command that has room on a line is one word, to be pasted whole."""
    if "`agentops " not in text and "`--" not in text:
        yield from _WORDS.findall(text)
        return
    for word in _WHOLE.findall(text):
        yield from [word] if columns(word) <= room else _WORDS.findall(word)


def _broken(word: str, first: int, room: int) -> Iterator[str]:
    """`word` in parts that fit into `first` and then `room` columns each, of one character at the least."""
    start = used = 0
    if word.isascii():
        first = max(first, 1)
        yield word[:first]
        yield from (word[at : at + room] for at in range(first, len(word), room))
        return
    for index, character in enumerate(word):
        size = columns(character)
        if used + size > first and index > start:
            yield word[start:index]
            start, used, first = index, 0, room
        used += size
    yield word[start:]


def columns(text: str) -> int:
    """How many columns `text` takes on a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(bool(unicodedata.combining(c)) for c in text)
