"""Where each part of a rendered text is written: in the template, in a file that it reads, or by an expression.

A text keeps its origins from the moment it is rendered; what is made of it with filters is plain text and has none, and
is found again by its lines.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from agentops.diagnostics import Stretch


@dataclass(frozen=True, slots=True)
class Origin:
    """A part of a text, from the character `start` to the next origin: what is in line `line` (from 0) of `file`.

    file:        None for the template that is being rendered, whose file is known to those who read it
    is_verbatim: each further line of the part is the file's next one; otherwise an expression in that line made it
    """

    start: int
    file: str | None
    line: int
    is_verbatim: bool


class TracedText(str):
    """Text that remembers where its parts are written."""

    __slots__ = ("origins",)
    origins: tuple[Origin, ...]

    def __new__(cls, text: str, origins: Sequence[Origin]) -> TracedText:
        self = super().__new__(cls, text)
        self.origins = tuple(origins)
        return self


class FileText(TracedText):
    """Text that remembers the file it is from, too."""

    __slots__ = ("file",)
    file: str

    def __new__(cls, text: str, file: str, origins: Sequence[Origin] | None = None) -> FileText:
        found = [Origin(0, file, 0, is_verbatim=True)] if origins is None else origins
        self = str.__new__(cls, text)
        self.file = file
        self.origins = tuple(replace(each, file=file) if each.file is None else each for each in found)
        return self


def joined_text(literals: Sequence[str], values: Sequence[str], lines: Sequence[int]) -> TracedText:
    """A template's literals with the values of its expressions between them. `lines` are those in which each literal
    begins; an expression stands in the line in which the literal before it ends."""
    parts, origins, start = [literals[0]], [Origin(0, None, lines[0], is_verbatim=True)], len(literals[0])
    for index, value in enumerate(values):
        if isinstance(value, TracedText):
            origins += [replace(each, start=start + each.start) for each in value.origins]
        else:
            line = lines[index] + literals[index].count("\n")
            origins.append(Origin(start, None, line, is_verbatim=False))
        start += len(value)
        origins.append(Origin(start, None, lines[index + 1], is_verbatim=True))
        parts += (value, literals[index + 1])
        start += len(literals[index + 1])
    return TracedText("".join(parts), origins)


def found_again(template: str, text: str, read: Sequence[FileText] = ()) -> TracedText:
    """A text that a template with statements made, with the lines of the template that stand in it, and the files that
    it `read`, in order."""
    lines, made = template.splitlines(keepends=True), text.splitlines(keepends=True)
    starts = [0]
    for line in made:
        starts.append(starts[-1] + len(line))
    origins: list[Origin] = []
    for tag, i1, _, j1, j2 in SequenceMatcher(None, lines, made).get_opcodes():
        if j1 < j2:
            origins.append(Origin(starts[j1], None, min(i1, len(lines) - 1), is_verbatim=tag == "equal"))
    end = 0
    for each in read:
        start = text.find(each, end)
        if start >= 0 and each.strip():
            end = start + len(each)
            origins = _overlaid(origins, start, end, each.origins)
    return TracedText(text, origins)


def _overlaid(origins: Sequence[Origin], start: int, end: int, inner: Sequence[Origin]) -> list[Origin]:
    before = [each for each in origins if each.start < start]
    covered = [each for each in origins if start <= each.start < end]
    last = (covered or before)[-1:]
    rest = [replace(each, start=end, is_verbatim=False) for each in last]
    behind = [each for each in origins if each.start >= end]
    moved = [replace(each, start=start + each.start) for each in inner]
    return [*before, *moved, *([] if behind and behind[0].start == end else rest), *behind]


def stretches(text: str, origins: Sequence[Origin], file: str, first: int, *, is_block: bool) -> tuple[Stretch, ...]:
    """Where the lines of a text are written. The template is in `file`, from line `first` (from 0) on; unless it
    `is_block`, its lines are not those of the file, and all of it is in that one."""
    found: list[Stretch] = []
    starts, start = [each.start for each in origins], 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        at = max(_covering(starts, start, start + len(line)), key=lambda part: part[1])[0]
        origin = origins[at]
        ahead = text.count("\n", origin.start, start) if origin.is_verbatim and origin.start < start else 0
        is_verbatim = origin.is_verbatim and (origin.file is not None or is_block)
        of_template = first + (origin.line if is_block else 0)
        place = origin.line if origin.file is not None else of_template
        made = Stretch(number, origin.file or file, place + (ahead if is_verbatim else 0) + 1, is_verbatim)
        if not found or found[-1].place(number) != made.place(number) or found[-1].is_verbatim != is_verbatim:
            found.append(made)
        start += len(line)
    return tuple(found)


def _covering(starts: Sequence[int], start: int, end: int) -> Iterator[tuple[int, int]]:
    """The origins that a line has characters of, and how many."""
    at = max(bisect_right(starts, start) - 1, 0)
    while at < len(starts) and (starts[at] < end or starts[at] <= start):
        stop = starts[at + 1] if at + 1 < len(starts) else end
        yield at, min(stop, end) - max(starts[at], start)
        at += 1
