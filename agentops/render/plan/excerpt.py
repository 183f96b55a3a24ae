"""A diff shortened to what is worth reading: a few words around each change, and a limit for long texts. Pure.

What is left out stays in the pieces, marked as cut, so that the renderers can say how much it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from agentops.render.plan.word_diff import DiffLine, DiffPiece, Entry, Fold, Moved, PieceKind, word_diff

_AROUND = 6  # words on each side of a change
_BEGINNING = 12  # words of a line that is only there for orientation
_WORTH_CUTTING = 8  # words; fewer take no more room than saying how many they are
_AT_ONCE = 400  # words that came or went in one piece
_IN_ALL = 2_000  # words of changed lines, of one text
_WORD = re.compile(r"\s*\S+")


def text_diff(before: str, after: str) -> list[Entry]:
    """The diff of two texts as it is shown."""
    return list(_bounded([_excerpt(entry) for entry in word_diff(before, after)]))


def beginning(text: str) -> str:
    """The first words of a line."""
    words = _WORD.findall(text)
    return text.strip() if len(words) <= _BEGINNING else "".join(words[:_BEGINNING]).strip() + " …"


def _excerpt(entry: Entry) -> Entry:
    if not isinstance(entry, DiffLine):
        return entry
    if not entry.is_changed:
        return replace(entry, pieces=tuple(_cut(entry.pieces[0], _BEGINNING, 0)))
    last = len(entry.pieces) - 1
    cut: list[DiffPiece] = []
    for position, piece in enumerate(entry.pieces):
        if piece.kind is PieceKind.SAME:
            cut += _cut(piece, _AROUND if position else 0, _AROUND if position < last else 0)
        else:
            cut += _cut(piece, _AT_ONCE * 3 // 4, _AT_ONCE // 4)  # a text is best known by its beginning
    return replace(entry, pieces=tuple(cut))


def _cut(piece: DiffPiece, head: int, tail: int) -> Iterator[DiffPiece]:
    """`piece` with all but its first and last words cut, where that is worth it."""
    words = _WORD.findall(piece.text)
    rest = piece.text[sum(map(len, words)) :]  # space at the end, which belongs to the last word
    words = [*words[:-1], words[-1] + rest] if words else [piece.text]
    if len(words) <= head + tail + _WORTH_CUTTING:
        yield piece
        return
    end = len(words) - tail
    for text, is_cut in ((words[:head], False), (words[head:end], True), (words[end:], False)):
        if text:
            yield replace(piece, text="".join(text), is_cut=is_cut)


def _bounded(entries: Sequence[Entry]) -> Iterator[Entry]:
    """As many entries as fit; the lines and words of the others are counted."""
    room = _IN_ALL
    for position, entry in enumerate(entries):
        if isinstance(entry, DiffLine):
            room -= sum(len(piece.text.split()) for piece in entry.pieces if not piece.is_cut) + 1
        if room < 0 and position:
            yield _rest(entries[position:])
            return
        yield entry


def _rest(entries: Iterable[Entry]) -> Fold:
    lines = words = 0
    for entry in entries:
        match entry:
            case Fold():
                lines += entry.count
            case Moved():
                lines += len(entry.lines)
                words += sum(len(line.split()) for line in entry.lines)
            case DiffLine():
                lines += 1
                words += sum(len(piece.text.split()) for piece in entry.pieces)
    return Fold(lines, max(words, 1))
