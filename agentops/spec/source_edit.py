"""Changes single values in YAML text and leaves every other character as it is: comments, order, quotes, layout.

A place is the (line, column) of a value, counted from 0, as the marks of `tree` hold it. Every function gives None
where the place can't be edited safely (an alias, an anchor, something unexpected), and the caller shows a patch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from _ruamel_yaml import CParser  # type: ignore[import-not-found]  # a C module without stubs
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

Place: TypeAlias = tuple[int, int]
# Writes a value as lines of block YAML without indentation, and as one line for use between brackets.
BlockWriter: TypeAlias = Callable[[Any], list[str]]
FlowWriter: TypeAlias = Callable[[Any], str]


@dataclass(slots=True)
class Node:
    """A value in the text: `start` and `end` are character positions; children are pairs (key, value) or items."""

    place: Place
    start: int
    end: int = 0
    is_flow: bool = False
    style: str | None = None
    is_editable: bool = True
    is_mapping: bool = False
    is_sequence: bool = False
    text: str = ""
    keys: list[Node] = field(default_factory=list)
    values: list[Node] = field(default_factory=list)

    @property
    def is_scalar(self) -> bool:
        return not self.is_mapping and not self.is_sequence


@dataclass(frozen=True, slots=True)
class Writers:
    """How new values are written; the style is the caller's."""

    block: BlockWriter
    flow: FlowWriter


def node_at(text: str, place: Place) -> Node | None:
    """The innermost value that begins at `place`; None when there is none or the text does not parse."""
    root = _parse(text)
    found = None
    pending = [root] if root else []
    while pending:
        node = pending.pop()
        if node.place == place and (found is None or node.end - node.start <= found.end - found.start):
            found = node
        pending += node.values
    return found


def container_at(text: str, place: Place, *, is_mapping: bool) -> Node | None:
    """The outermost mapping or sequence that begins at `place`."""
    root = _parse(text)
    pending = [root] if root else []
    while pending:
        node = pending.pop(0)
        if node.place == place and (node.is_mapping if is_mapping else node.is_sequence):
            return node
        pending += node.values
    return None


def set_value(text: str, place: Place, value: Any, writers: Writers) -> str | None:
    """`text` with the value at `place` replaced by `value`."""
    node = node_at(text, place)
    if node is None or not node.is_editable:
        return None
    if node.is_flow or _is_inside_flow(text, node):
        return text[: node.start] + writers.flow(value) + text[node.end :]
    lines = writers.block(value)
    end = _content_end(text, node)
    # Two columns behind the first character, list dashes aside, of the line that the value stands in.
    before = text[text.rfind("\n", 0, node.start) + 1 : node.start]
    indent = len(before) - len(before.lstrip(" -")) + 2
    if len(lines) == 1:
        return text[: node.start] + lines[0] + text[end:]
    if node.is_scalar and lines[0].startswith(("|", ">")):
        body = "\n".join([lines[0], *(" " * indent + line if line else "" for line in lines[1:])])
        return text[: node.start] + body + text[end:]
    if node.is_sequence and not isinstance(value, dict):
        body = ("\n" + " " * node.place[1]).join(lines)
        return text[: node.start] + body + text[end:]
    return None


def add_entry(text: str, place: Place, key: str, value: Any, writers: Writers) -> str | None:
    """`text` with `key: value` added at the end of the mapping at `place`."""
    node = container_at(text, place, is_mapping=True)
    if node is None or not node.is_editable:
        return None
    if node.is_flow:
        entry = f"{writers.flow(key)}: {writers.flow(value)}"
        return _into_brackets(text, node, entry)
    return _after(text, node, _indented(writers.block({key: value}), node.place[1]))


def add_item(text: str, place: Place, value: Any, writers: Writers) -> str | None:
    """`text` with `value` added at the end of the list at `place`."""
    node = container_at(text, place, is_mapping=False)
    if node is None or not node.is_editable:
        return None
    if node.is_flow:
        return _into_brackets(text, node, writers.flow(value))
    return _after(text, node, _indented(writers.block([value]), node.place[1]))


def remove_entry(text: str, place: Place, key: str) -> str | None:
    """`text` without the entry `key` of the mapping at `place`."""
    node = container_at(text, place, is_mapping=True)
    index = next((i for i, each in enumerate(node.keys) if each.text == key), None) if node else None
    if node is None or index is None or not node.is_editable:
        return None
    return _without(text, node, index, node.keys[index].start)


def remove_item(text: str, place: Place, item: Place) -> str | None:
    """`text` without the item at `item` of the list at `place`."""
    node = container_at(text, place, is_mapping=False)
    index = next((i for i, each in enumerate(node.values) if each.place == item), None) if node else None
    if node is None or index is None or not node.is_editable:
        return None
    return _without(text, node, index, node.values[index].start)


def _into_brackets(text: str, node: Node, entry: str) -> str:
    inside = text[node.start + 1 : node.end - 1]
    head = inside.rstrip().rstrip(",").rstrip()
    return f"{text[: node.start + 1]}{head}{', ' if head.strip() else ''}{entry}{text[node.end - 1 :]}"


def _after(text: str, node: Node, lines: list[str]) -> str:
    end = _line_end(text, _content_end(text, node))
    return text[:end] + "\n" + "\n".join(lines) + text[end:]


def _without(text: str, node: Node, index: int, start: int) -> str | None:
    """The text without child `index`; the last child leaves an empty pair of brackets behind."""
    if len(node.values) == 1:
        return text[: node.start] + ("{}" if node.is_mapping else "[]") + text[_content_end(text, node) :]
    if node.is_flow:
        if index + 1 < len(node.values):
            following = (node.keys if node.is_mapping else node.values)[index + 1].start
            return text[:start] + text[following:]
        return text[: node.values[index - 1].end] + text[node.values[index].end :]
    first = text.rfind("\n", 0, start) + 1
    last = _line_end(text, _content_end(text, node.values[index]))
    if index == 0 and text[first:start].strip(" -"):
        return None  # it shares its line with something that has to stay
    if index == 0 and "-" in text[first:start] and node.is_mapping:
        # In `- first: 1` the dash stays, and the second entry moves up behind it.
        following = node.keys[1].start
        return text[:start] + text[following:]
    return text[:first] + text[last + 1 :]


def _content_end(text: str, node: Node) -> int:
    """Where a node's own text ends: block containers reach to their last child, blank lines after a text are not it."""
    if node.is_scalar or node.is_flow:
        if node.style in ("|", ">"):
            return node.start + len(text[node.start : node.end].rstrip("\n "))
        return node.end
    return _content_end(text, node.values[-1]) if node.values else node.end


def _line_end(text: str, position: int) -> int:
    found = text.find("\n", position)
    return len(text) if found < 0 else found


def _is_inside_flow(text: str, node: Node) -> bool:
    root = _parse(text)
    pending = [(root, False)] if root else []
    while pending:
        each, inside = pending.pop()
        if each.place == node.place and each.end == node.end:
            return inside
        pending += [(child, inside or each.is_flow) for child in each.values]
    return False


def _indented(lines: list[str], column: int) -> list[str]:
    return [" " * column + line if line else "" for line in lines]


def _parse(text: str) -> Node | None:
    """The document as nodes; None when it does not parse."""
    try:
        parser = CParser(text.encode("utf-8", "surrogatepass"))
        return _NodeReader().read(parser)
    except (YAMLError, ValueError):
        return None


class _NodeReader:
    """Builds nodes from the parser's events, with a stack of its own."""

    def __init__(self) -> None:
        self.stack: list[Node] = []
        self.root: Node | None = None

    def read(self, parser: CParser) -> Node | None:
        while True:
            event = parser.get_event()
            kind = type(event)
            if kind is StreamEndEvent:
                return self.root
            if kind in (MappingStartEvent, SequenceStartEvent):
                node = self._node(event)
                node.is_mapping, node.is_sequence = kind is MappingStartEvent, kind is SequenceStartEvent
                node.is_flow = bool(event.flow_style)
                self._put(node)
                self.stack.append(node)
            elif kind in (MappingEndEvent, SequenceEndEvent):
                self.stack.pop().end = event.end_mark.index
            elif kind in (ScalarEvent, AliasEvent):
                self._put(self._node(event))

    def _node(self, event: Event) -> Node:
        mark = event.start_mark
        node = Node((mark.line, mark.column), mark.index, event.end_mark.index)
        node.is_editable = type(event) is not AliasEvent and getattr(event, "anchor", None) is None
        node.style = getattr(event, "style", None)
        node.text = getattr(event, "value", "")
        return node

    def _put(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        owner = self.stack[-1]
        if owner.is_mapping and len(owner.keys) == len(owner.values):
            owner.keys.append(node)
        else:
            owner.values.append(node)
