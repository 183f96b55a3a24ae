"""Two texts as one folded diff, word by word, with line numbers of the new text; the renderers decide how it looks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

_WORDS = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")  # a word with the space before it
_MANY = 300  # words or lines; in longer sequences, those that occur everywhere no longer anchor the comparison
_SIMILAR_ENOUGH = 0.4  # less similar lines are shown as one removed and one added: easier to read than scattered words
_TOKENS_PER_WORD = 4 / 3  # a rule of thumb for English text


class PieceKind(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that stayed, came or went."""

    kind: PieceKind
    text: str


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line; `number` counts from 1 in the new text, or in the old one for a line that is gone."""

    number: int
    pieces: tuple[Piece, ...]

    @property
    def kind(self) -> PieceKind:
        """SAME when nothing changed or only some words did."""
        kinds = {piece.kind for piece in self.pieces}
        return kinds.pop() if len(kinds) == 1 else PieceKind.SAME

    @property
    def is_changed(self) -> bool:
        return any(piece.kind is not PieceKind.SAME for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Fold:
    """A run of unchanged lines that is not shown."""

    count: int


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change of prompt means in size. Tokens are an estimate: four for every three words."""

    words_before: int
    words_after: int

    @property
    def tokens_before(self) -> int:
        return round(self.words_before * _TOKENS_PER_WORD)

    @property
    def tokens_after(self) -> int:
        return round(self.words_after * _TOKENS_PER_WORD)

    def __str__(self) -> str:
        return (
            f"{self.words_before} -> {self.words_after} words, "
            f"about {self.tokens_before} -> {self.tokens_after} tokens in every turn"
        )


def impact(before: str, after: str) -> Impact:
    return Impact(len(before.split()), len(after.split()))


def word_diff(before: str, after: str, *, context: int = 1) -> list[DiffLine | Fold]:
    """The lines that changed, with `context` unchanged lines around them; the rest is folded."""
    old, new = before.splitlines(), after.splitlines()
    lines = list(_lines(old, new))
    if not any(line.is_changed for line in lines) and before != after:
        # The texts differ in their last line end only, which no line shows.
        kind = PieceKind.ADDED if after.endswith("\n") else PieceKind.REMOVED
        lines.append(DiffLine(max(len(new), 1), (Piece(kind, "(line end at the end of the text)"),)))
    shown = {
        near
        for position, line in enumerate(lines)
        if line.is_changed
        for near in range(position - context, position + context + 1)
    }
    return list(_fold(lines, shown))


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """One line's words: what stayed, what went, what came. A change of several words in a row reads as one."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    found: list[Piece] = []
    for tag, i1, i2, j1, j2 in _opcodes(old, new):
        if tag == "equal":
            found.append(Piece(PieceKind.SAME, "".join(old[i1:i2])))
            continue
        found += [Piece(PieceKind.REMOVED, "".join(old[i1:i2])), Piece(PieceKind.ADDED, "".join(new[j1:j2]))]
    return _joined(_spaced([piece for piece in found if piece.text]))


def _opcodes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """What `SequenceMatcher` finds, in bounded time: ends that are the same are set aside, and in long sequences
    what occurs everywhere is no anchor."""
    head = _shared(zip(old, new, strict=False))
    tail = _shared(zip(reversed(old[head:]), reversed(new[head:]), strict=False))
    middle, other = old[head : len(old) - tail], new[head : len(new) - tail]
    if head:
        yield "equal", 0, head, 0, head
    matcher = SequenceMatcher(None, middle, other, autojunk=max(len(middle), len(other)) > _MANY)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        yield tag, head + i1, head + i2, head + j1, head + j2
    if tail:
        yield "equal", len(old) - tail, len(old), len(new) - tail, len(new)


def _shared(pairs: Iterable[tuple[str, str]]) -> int:
    """How many pairs are equal before the first that is not."""
    count = 0
    for one, other in pairs:
        if one != other:
            break
        count += 1
    return count


def _spaced(found: Sequence[Piece]) -> Iterator[Piece]:
    """Moves the space in front of a change out of it: `Be[- kind-]{+ warm+}` as `Be [-kind-]{+warm+}`, and
    `Be{+ warm+} kind` as `Be {+warm +}kind`. Both texts stay what they are."""
    position, owed = 0, ""
    while position < len(found):
        piece = found[position]
        following = found[position + 1] if position + 1 < len(found) else None
        space = piece.text[: len(piece.text) - len(piece.text.lstrip())]
        if piece.kind is PieceKind.SAME or not space or following is None or not following.text.startswith(space):
            yield Piece(piece.kind, piece.text.removeprefix(owed))
            position, owed = position + 1, ""
        elif following.kind is PieceKind.SAME:
            yield from (Piece(PieceKind.SAME, space), Piece(piece.kind, piece.text.removeprefix(space) + space))
            position, owed = position + 1, space
        else:
            yield Piece(PieceKind.SAME, space)
            yield from (Piece(each.kind, each.text.removeprefix(space)) for each in (piece, following))
            position, owed = position + 2, ""


def _joined(found: Iterable[Piece]) -> tuple[Piece, ...]:
    """Neighbours of one kind as one piece."""
    joined: list[Piece] = []
    for piece in found:
        if joined and joined[-1].kind is piece.kind:
            piece = Piece(piece.kind, joined.pop().text + piece.text)
        if piece.text:
            joined.append(piece)
    return tuple(joined)


def _lines(old: Sequence[str], new: Sequence[str]) -> Iterator[DiffLine]:
    for tag, i1, i2, j1, j2 in _opcodes(old, new):
        if tag == "equal":
            yield from (DiffLine(j + 1, (Piece(PieceKind.SAME, new[j]),)) for j in range(j1, j2))
        else:
            yield from _replaced(old, new, range(i1, i2), range(j1, j2))


def _replaced(old: Sequence[str], new: Sequence[str], gone: range, come: range) -> Iterator[DiffLine]:
    """Pairs lines that are versions of each other, in order; the others are gone or new."""
    i, j = gone.start, come.start
    while i < gone.stop and j < come.stop:
        if _similar(old[i], new[j]):
            yield DiffLine(j + 1, pieces(old[i], new[j]) or (Piece(PieceKind.SAME, new[j]),))
            i, j = i + 1, j + 1
        elif gone.stop - i >= come.stop - j:
            yield DiffLine(i + 1, (Piece(PieceKind.REMOVED, old[i]),))
            i += 1
        else:
            yield DiffLine(j + 1, (Piece(PieceKind.ADDED, new[j]),))
            j += 1
    yield from (DiffLine(n + 1, (Piece(PieceKind.REMOVED, old[n]),)) for n in range(i, gone.stop))
    yield from (DiffLine(n + 1, (Piece(PieceKind.ADDED, new[n]),)) for n in range(j, come.stop))


def _similar(old: str, new: str) -> bool:
    """Whether two lines are versions of each other; of long ones only the words count, not their order."""
    words, others = _WORDS.findall(old), _WORDS.findall(new)
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    if matcher.quick_ratio() < _SIMILAR_ENOUGH:
        return False
    return max(len(words), len(others)) > _MANY or matcher.ratio() >= _SIMILAR_ENOUGH


def _fold(lines: Sequence[DiffLine], shown: set[int]) -> Iterator[DiffLine | Fold]:
    hidden: list[DiffLine] = []
    for position, line in enumerate(lines):
        if position not in shown:
            hidden.append(line)
            continue
        yield from _folded(hidden)
        hidden = []
        yield line
    yield from _folded(hidden)


def _folded(hidden: Sequence[DiffLine]) -> Iterator[DiffLine | Fold]:
    """A single line takes no more room than saying that there is one."""
    if len(hidden) == 1:
        yield hidden[0]
    elif hidden:
        yield Fold(len(hidden))
