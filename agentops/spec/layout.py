"""`fmt`: a YAML file in the canonical order and layout, with every comment where it belongs.

Lines are moved, and what stands between the words of a line is set right by `source_style`: no text of a scalar is
rewritten. The result is read again and has to hold the same data, otherwise the file is left as it is.
"""

from __future__ import annotations

import typing
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from agentops.spec.check import models_in, step_into
from agentops.spec.source_events import read_yaml
from agentops.spec.source_style import comments, styled_text
from agentops.spec.source_text import SourceError
from agentops.spec.tree import Map, Seq, to_plain

Lines = list[str]


def format_yaml(text: str, file: str, model: type[BaseModel] | None = None) -> str:
    """`text` in canonical layout; with `model`, its keys in the model's order. Raises `SourceError`.

    The same text comes back when it can't be laid out without changing its data.
    """
    tree, _ = read_yaml(text, file)
    if not isinstance(tree, Map):
        return text
    lines = text.rstrip("\n").split("\n")
    start = min((mark[1] for mark in tree.marks.values()), default=0)
    header = lines[:start]
    layout = _Layout(lines)
    body = layout.mapping(tree, _Region(start, len(lines)), [model] if model is not None else [])
    formatted = "\n".join([*header, *body]).rstrip("\n") + "\n"
    formatted = formatted if _has_the_same_data(formatted, tree, file) else text
    styled = styled_text(formatted)
    if styled == formatted:
        return formatted
    keeps_all = comments(styled) == comments(formatted) is not None and _has_the_same_data(styled, tree, file)
    return styled if keeps_all else formatted


def _has_the_same_data(text: str, tree: Any, file: str) -> bool:
    try:
        return bool(to_plain(read_yaml(text, file)[0]) == to_plain(tree))
    except SourceError:
        return False


class _Region(typing.NamedTuple):
    """Lines `start` to `end` (not included)."""

    start: int
    end: int


class _Layout:
    """Lays out a block: every method returns lines as if the block began in the first column."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = list(lines)

    def mapping(self, node: Map, region: _Region, models: list[Any]) -> Lines:
        """The entries of a block mapping in canonical order, each with the comments above it."""
        marks = sorted((mark[1], mark[2], key) for key, mark in node.marks.items())
        if not marks or len({line for line, _, _ in marks}) < len(marks):
            return self._verbatim(region)  # keys that share a line can't be moved apart
        column = marks[0][1]
        # The comments above a key can't reach further up than the line below the key before it.
        floors = [region.start, *(line + 1 for line, _, _ in marks[:-1])]
        starts = [self._with_comments(line, column, floor) for (line, _, _), floor in zip(marks, floors, strict=True)]
        starts[0] = region.start
        ends = [*starts[1:], region.end]
        entries = {
            key: self._entry(node, key, _Region(start, end), (line, column), models)
            for (line, _, key), start, end in zip(marks, starts, ends, strict=True)
        }
        # In the order of the model's fields; what the model does not know stays in its order, at the end.
        fields = next((list(model.model_fields) for each in models for model in models_in(each)), [])
        order = [*(name for name in fields if name in entries), *(key for key in entries if key not in fields)]
        made = [line for key in order for line in entries[key]]
        blank = next((index for index, line in enumerate(made) if line.strip()), 0)
        return made[blank:]

    def _entry(self, node: Map, key: str, region: _Region, at: tuple[int, int], models: list[Any]) -> Lines:
        """One key with its value: the value's block two columns further in."""
        line, column = at
        value, mark = node[key], node.marks[key]
        above = [self._shifted(i, column) for i in range(region.start, line)]
        head = self._shifted(line, column)
        is_block = isinstance(value, Map | Seq) and mark[4] > line and region.start <= mark[4] < region.end
        if not is_block or self._is_flow(value):
            return [*above, head, *(self._shifted(i, column) for i in range(line + 1, region.end))]
        inner = _Region(line + 1, region.end)
        below = [each for model in models for each in step_into(model, key)]
        block = self.mapping(value, inner, below) if isinstance(value, Map) else self._sequence(value, inner, below)
        return [*above, head, *_indented(block)]

    def _sequence(self, node: Seq, region: _Region, models: list[Any]) -> Lines:
        """The items of a block sequence in their order."""
        column = node.mark[2]
        dashes = [i for i in range(node.mark[1], region.end) if self._dash_at(i, column)]
        if len(dashes) != len(node):
            return self._verbatim(region)
        starts = [
            self._with_comments(line, column, floor)
            for line, floor in zip(dashes, [region.start, *(d + 1 for d in dashes)], strict=False)
        ]
        starts[0] = region.start
        made: Lines = []
        for index, (dash, start, end) in enumerate(zip(dashes, starts, [*starts[1:], region.end], strict=True)):
            made += [self._shifted(i, column) for i in range(start, dash)]
            made += self._item(node, index, _Region(dash, end), column, models)
        return made

    def _item(self, node: Seq, index: int, region: _Region, column: int, models: list[Any]) -> Lines:
        value, mark = node[index], node.marks[index]
        below = [each for model in models for each in step_into(model, index)]
        if not isinstance(value, Map) or self._is_flow(value) or not region.start <= mark[4] < region.end:
            return [self._shifted(i, column) for i in range(region.start, region.end)]
        # The dash becomes a blank, so that the item can be laid out as a block of its own.
        self.lines[region.start] = " " * (column + 1) + self.lines[region.start][column + 1 :]
        first = region.start if mark[4] == region.start or self.lines[region.start].strip() else region.start + 1
        # Of the branches of a union, the one that the value's `type` names.
        tagged = [each for model in below for each in step_into(model, value.get("type"))]
        block = self.mapping(value, _Region(first, region.end), tagged or below)
        if block and block[0].startswith("#"):
            return ["-", *_indented(block)]
        indented = _indented(block)
        return [f"-{indented[0][1:]}", *indented[1:]]

    def _verbatim(self, region: _Region) -> Lines:
        used = [self.lines[i] for i in range(region.start, region.end) if self.lines[i].strip()]
        column = min((len(line) - len(line.lstrip()) for line in used), default=0)
        return [self._shifted(i, column) for i in range(region.start, region.end)]

    def _with_comments(self, line: int, column: int, floor: int) -> int:
        """The first of the blank and comment lines right above `line` that belong to it."""
        while line > floor:
            above = self.lines[line - 1]
            indent = len(above) - len(above.lstrip())
            if above.strip() and not (above.lstrip().startswith("#") and indent <= column):
                break
            line -= 1
        return line

    def _shifted(self, index: int, column: int) -> str:
        line = self.lines[index]
        return line[column:] if not line[:column].strip() else line.lstrip()

    def _dash_at(self, index: int, column: int) -> bool:
        line = self.lines[index]
        return (
            not line[:column].strip()
            and line[column : column + 1] == "-"
            and line[column + 1 : column + 2] in ("", " ")
        )

    def _is_flow(self, node: Map | Seq) -> bool:
        line, column = node.mark[1], node.mark[2]
        return self.lines[line][column : column + 1] in ("{", "[", "&", "*")


def _indented(block: Lines) -> Lines:
    return [f"  {line}" if line.strip() else "" for line in block]
