"""Where the lines of a shown text are written: a prompt is numbered by the file that has each line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agentops.diagnostics import Stretch, Where
from agentops.plan.model import FieldChange
from agentops.render.plan.excerpt import beginning, text_diff
from agentops.render.plan.parts import FieldPart
from agentops.render.plan.values import has_lines
from agentops.render.plan.word_diff import DiffLine, Entry, Fold, Moved, PieceKind
from agentops.render.style import plural

_YAML = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry of a diff with the number of its line, empty where it has none in the file that is being shown.

    file: that of this and the following lines, where it is another than before
    """

    entry: Entry
    number: str = ""
    file: str | None = None
    moved: str = ""


def placed_diff(texts: tuple[str, str], change: FieldChange, part: FieldPart) -> Iterator[Placed]:
    """The diff of two texts of a change, line by line. A text of one line has no numbers."""
    lines, is_numbered = _LinePlaces(change, part), has_lines(*texts)
    file = lines.file
    entries = text_diff(*texts)
    for position, entry in enumerate(entries):
        if isinstance(entry, Fold):
            yield Placed(entry)
            continue
        is_gone = _is_gone(entry)
        # A line that is gone has no place in a file any more: it stood before the next one that is still there.
        standing = (each.number for each in entries[position:] if not isinstance(each, Fold) and not _is_gone(each))
        place = lines.place(next(standing, entry.number))
        is_elsewhere = place.file != file and entry.is_changed
        file = place.file if is_elsewhere else file
        number = str(place.line) if is_numbered and not is_gone and place.file == file else ""
        moved = _moved(entry, lines) if isinstance(entry, Moved) else ""
        yield Placed(entry, number, file if is_elsewhere else None, moved)


def _moved(entry: Moved, lines: _LinePlaces) -> str:
    if entry.is_here:
        where = f"here from line {entry.other} of the old text"
    else:
        place = lines.place(entry.other)
        where = f"to {'' if place.file == lines.file else f'{place.file}, '}line {place.line}"
    return f"{plural(entry.count, 'line')} moved {where}: {beginning(entry.head)}"


class _LinePlaces:
    """The places of the lines of a changed text, by their number in the new one. `file` is where the change begins.

    Where nothing is known of them, lines count from where the text begins: a prompt file starts with it, a block in
    YAML is one line below its key, and what is not from a file starts with 1.
    """

    def __init__(self, change: FieldChange, part: FieldPart) -> None:
        where = None if part.path else change.where
        self.file = where.file if where else ""
        first = 1 if where is None else where.line + where.file.endswith(_YAML)  # a block begins below its key
        self._stretches = (() if part.path else change.lines) or (Stretch(1, self.file, first),)

    def place(self, number: int) -> Where:
        before = [each for each in self._stretches if each.first <= number]
        return before[-1].place(number) if before else Where(self.file, number)


def _is_gone(entry: DiffLine | Moved) -> bool:
    """Whether an entry stands for lines of the old text only, which have no place in a file any more."""
    return not entry.is_here if isinstance(entry, Moved) else entry.kind is PieceKind.REMOVED
