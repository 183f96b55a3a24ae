"""Which lines of a text moved: removed in one place and added, unchanged, in another. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

_FEWEST_WORDS = 4  # in a line that can move; otherwise every `Thank you.` of a prompt would be reported as moved
_PLACES = 8  # a line that is gone from more places than this is too common to tell which of them moved


@dataclass(frozen=True, slots=True)
class Move:
    """Lines of the old text, and the same lines of the new one, from 0 on; blank lines around them may differ."""

    old: range
    new: range


def find_moves(before: Sequence[str], after: Sequence[str], gone: Collection[int], come: Collection[int]) -> list[Move]:
    """The moves among the lines that are `gone` from one text and have `come` in the other, in the new text's order."""
    places: dict[str, list[int]] = {}
    for i in sorted(gone):
        if len(before[i].split()) >= _FEWEST_WORDS:
            places.setdefault(before[i], []).append(i)
    left, waiting = set(gone), set(come)
    found: list[Move] = []
    for j in sorted(come):
        if j not in waiting or len(starts := places.get(after[j], ())) > _PLACES:
            continue
        runs = [_run(before, after, i, j, left, waiting) for i in starts if i in left]
        if not runs:
            continue
        move = max(runs, key=lambda run: (len(run.old), -run.old.start))
        move = Move(_with_blank(before, move.old, left), _with_blank(after, move.new, waiting))
        left.difference_update(move.old)
        waiting.difference_update(move.new)
        found.append(move)
    return found


def _run(before: Sequence[str], after: Sequence[str], i: int, j: int, gone: set[int], come: set[int]) -> Move:
    """The longest stretch of equal lines from `i` and `j` on, without blank lines at its end."""
    length = 1
    while i + length in gone and j + length in come and before[i + length] == after[j + length]:
        length += 1
    while not before[i + length - 1].strip():
        length -= 1
    return Move(range(i, i + length), range(j, j + length))


def _with_blank(lines: Sequence[str], run: range, changed: set[int]) -> range:
    """`run` with the blank line that sets it apart, which went and came with it."""
    if run.stop in changed and not lines[run.stop].strip():
        return range(run.start, run.stop + 1)
    if run.start - 1 in changed and not lines[run.start - 1].strip():
        return range(run.start - 1, run.stop)
    return run
