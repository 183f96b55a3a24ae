"""Two texts as one folded diff, word by word, with line numbers of the new text; the renderers decide how it looks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import TypeAlias

from agentops.render.plan.moves import Move, find_moves

_WORDS = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")  # a word with the space before it
_MANY = 300  # words or lines; in longer sequences, those that occur everywhere no longer anchor the comparison
_SIMILAR_ENOUGH = 0.4  # less similar lines are shown as one removed and one added: easier to read than scattered words


class PieceKind(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class DiffPiece:
    """A stretch of text that stayed, came or went. `is_cut`: it is too long to be shown, only its size is."""

    kind: PieceKind
    text: str
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line; `number` counts from 1 in the new text, or in the old one for a line that is gone."""

    number: int
    pieces: tuple[DiffPiece, ...]

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
    """A run of lines that is not shown: unchanged ones, or changed ones (`words` in all) at the end of what is too
    long to be shown whole."""

    count: int
    words: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """Lines that stand elsewhere in the other text, blank ones around them included.

    number:  of the first that is not blank, in the new text where they came, in the old one where they went; from 1
    other:   of the same line in the other text
    is_here: whether this is where they came
    """

    number: int
    other: int
    lines: tuple[str, ...]
    is_here: bool

    @property
    def is_changed(self) -> bool:
        return True

    @property
    def head(self) -> str:
        """The first line that is not blank."""
        return next((line for line in self.lines if line.strip()), "")

    @property
    def count(self) -> int:
        return len([line for line in self.lines if line.strip()])


Entry: TypeAlias = DiffLine | Moved | Fold


def word_diff(before: str, after: str, *, context: int = 1) -> list[Entry]:
    """The lines that changed, with `context` unchanged lines around them; the rest is folded."""
    old, new = before.splitlines(), after.splitlines()
    lines = _lines(old, new)
    if before != after and not any(line.is_changed for line in lines):
        # The texts differ in their last line end only, which no line shows.
        kind = PieceKind.ADDED if after.endswith("\n") else PieceKind.REMOVED
        lines.append(DiffLine(max(len(new), 1), (DiffPiece(kind, "(line end at the end of the text)"),)))
    shown = {
        near
        for position, line in enumerate(lines)
        if line.is_changed
        for near in range(position - context, position + context + 1)
    }
    return list(_fold(lines, shown))


def pieces(before: str, after: str) -> tuple[DiffPiece, ...]:
    """One line's words: what stayed, what went, what came. A change of several words in a row reads as one."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    found: list[DiffPiece] = []
    for tag, i1, i2, j1, j2 in _opcodes(old, new):
        if tag == "equal":
            found.append(DiffPiece(PieceKind.SAME, "".join(old[i1:i2])))
            continue
        found += [DiffPiece(PieceKind.REMOVED, "".join(old[i1:i2])), DiffPiece(PieceKind.ADDED, "".join(new[j1:j2]))]
    return _joined(_spaced([piece for piece in found if piece.text]))


def _opcodes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """What `SequenceMatcher` finds, in bounded time: ends that are the same are set aside, and in long sequences
    what occurs everywhere is no anchor."""
    head = _shared(zip(old, new, strict=False))
    # The tail is looked for behind the head only, so that no word counts for both.
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


def _spaced(found: Sequence[DiffPiece]) -> Iterator[DiffPiece]:
    """Moves the space in front of a change out of it: `Be[- kind-]{+ warm+}` as `Be [-kind-]{+warm+}`, and
    `Be{+ warm+} kind` as `Be {+warm +}kind`. Both texts stay what they are."""
    position, owed = 0, ""
    while position < len(found):
        piece = found[position]
        following = found[position + 1] if position + 1 < len(found) else None
        space = piece.text[: len(piece.text) - len(piece.text.lstrip())]
        if piece.kind is PieceKind.SAME or not space or following is None or not following.text.startswith(space):
            yield DiffPiece(piece.kind, piece.text.removeprefix(owed))
            position, owed = position + 1, ""
        elif following.kind is PieceKind.SAME:
            yield from (DiffPiece(PieceKind.SAME, space), DiffPiece(piece.kind, piece.text.removeprefix(space) + space))
            position, owed = position + 1, space
        else:
            yield DiffPiece(PieceKind.SAME, space)
            yield from (DiffPiece(each.kind, each.text.removeprefix(space)) for each in (piece, following))
            position, owed = position + 2, ""


def _joined(found: Iterable[DiffPiece]) -> tuple[DiffPiece, ...]:
    """Neighbours of one kind as one piece."""
    joined: list[DiffPiece] = []
    for piece in found:
        if joined and joined[-1].kind is piece.kind:
            piece = DiffPiece(piece.kind, joined.pop().text + piece.text)
        if piece.text:
            joined.append(piece)
    return tuple(joined)


def _lines(old: Sequence[str], new: Sequence[str]) -> list[DiffLine | Moved]:
    codes = list(_opcodes(old, new))
    changed = [code for code in codes if code[0] != "equal"]
    gone = {i for _, i1, i2, _, _ in changed for i in range(i1, i2)}
    come = {j for _, _, _, j1, j2 in changed for j in range(j1, j2)}
    moves = find_moves(old, new, gone, come)
    gone.difference_update(*(move.old for move in moves))
    come.difference_update(*(move.new for move in moves))
    found: list[DiffLine | Moved] = []
    for tag, i1, i2, j1, j2 in codes:
        if tag == "equal":
            found += [DiffLine(j + 1, (DiffPiece(PieceKind.SAME, new[j]),)) for j in range(j1, j2)]
            continue
        left = [i for i in range(i1, i2) if i in gone], [j for j in range(j1, j2) if j in come]
        went = [move for move in moves if i1 <= move.old.start < i2]
        came = [move for move in moves if j1 <= move.new.start < j2]
        found += _with_moves(list(_replaced(old, new, *left)), old, new, went, came)
    return found


# Lines of the old text and of the new one, from 0, that an entry of a diff stands for.
_Placed: TypeAlias = tuple[int | None, int | None, DiffLine | Moved]


def _with_moves(
    placed: list[_Placed], old: Sequence[str], new: Sequence[str], went: Iterable[Move], came: Iterable[Move]
) -> Iterator[DiffLine | Moved]:
    """The entries of a stretch that changed, with those lines where they belong that went elsewhere or came."""
    for move in sorted(went, key=lambda move: move.old.start):
        i, lines = move.old.start, tuple(old[n] for n in move.old)
        at = next((at for at, (line, _, _) in enumerate(placed) if line is not None and line > i), len(placed))
        numbers = _first(old, move.old) + 1, _first(new, move.new) + 1
        placed.insert(at, (i, None, Moved(*numbers, lines, is_here=False)))
    for move in sorted(came, key=lambda move: move.new.start):
        j, lines = move.new.start, tuple(new[n] for n in move.new)
        at = next((at for at, (_, line, _) in enumerate(placed) if line is not None and line > j), len(placed))
        numbers = _first(new, move.new) + 1, _first(old, move.old) + 1
        placed.insert(at, (None, j, Moved(*numbers, lines, is_here=True)))
    return (entry for _, _, entry in placed)


def _first(lines: Sequence[str], run: range) -> int:
    """The first line of a run that is not blank."""
    return next(n for n in run if lines[n].strip())


def _replaced(old: Sequence[str], new: Sequence[str], gone: Sequence[int], come: Sequence[int]) -> Iterator[_Placed]:
    """Pairs lines that are versions of each other, in order; the others are gone or new."""
    at, to = 0, 0
    while at < len(gone) or to < len(come):
        i, j = gone[at] if at < len(gone) else None, come[to] if to < len(come) else None
        if i is not None and j is not None and is_similar(old[i], new[j]):
            # Two empty lines have no pieces at all.
            yield i, j, DiffLine(j + 1, pieces(old[i], new[j]) or (DiffPiece(PieceKind.SAME, new[j]),))
            at, to = at + 1, to + 1
        elif i is not None and (j is None or len(gone) - at >= len(come) - to):
            yield i, None, DiffLine(i + 1, (DiffPiece(PieceKind.REMOVED, old[i]),))
            at += 1
        elif j is not None:
            yield None, j, DiffLine(j + 1, (DiffPiece(PieceKind.ADDED, new[j]),))
            to += 1


def is_similar(old: str, new: str) -> bool:
    """Whether two lines are versions of each other; of long ones only the words count, not their order."""
    words, others = _WORDS.findall(old), _WORDS.findall(new)
    ends = _shared(zip(words, others, strict=False))
    ends += _shared(zip(reversed(words[ends:]), reversed(others[ends:]), strict=False))
    if ends and 2 * ends >= _SIMILAR_ENOUGH * (len(words) + len(others)):
        return True  # the usual case, and comparing what repeats itself takes its square
    # autojunk would leave the commonest words of a long line out of the ratio.
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    if matcher.quick_ratio() < _SIMILAR_ENOUGH:
        return False
    return max(len(words), len(others)) > _MANY or matcher.ratio() >= _SIMILAR_ENOUGH


def _fold(lines: Sequence[DiffLine | Moved], shown: set[int]) -> Iterator[Entry]:
    hidden: list[DiffLine | Moved] = []
    for position, line in enumerate(lines):
        if position not in shown:
            hidden.append(line)
            continue
        yield from _folded(hidden)
        hidden = []
        yield line
    yield from _folded(hidden)


def _folded(hidden: Sequence[DiffLine | Moved]) -> Iterator[Entry]:
    """A single line takes no more room than saying that there is one."""
    if len(hidden) == 1:
        yield hidden[0]
    elif hidden:
        yield Fold(len(hidden))
