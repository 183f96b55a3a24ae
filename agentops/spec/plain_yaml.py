"""The everyday part of YAML, read line by line: what nearly every spec is written in, at a fraction of a parser's cost.

Block mappings and lists with plain keys, scalars on one line, literal blocks, and flow collections on one line.
Whatever is anything else, doubtful or wrong is left to the real parser (`source`), so that this one never reports and
never guesses: it gives exactly the tree that the real one gives, or none. The tests hold the two side by side.
"""

from __future__ import annotations

import json
import re
import string
from sys import intern
from typing import Any

from agentops.spec.scalars import MAY_BE_MORE, OLD_BOOLEANS, is_finite, scalar
from agentops.spec.tree import Map, Seq

# Far below what could reach the limits of the real parser, which are then not checked here.
_MAX_TEXT = 150_000
_MAX_INDENT = 24
_MAX_FLOW = 8

_KEY = r"[A-Za-z_$][A-Za-z0-9_$./-]{0,100}"
# A line: its indentation, the dash of a list item, a key, and what is left.
_LINE = re.compile(rf"( *+)(-(?: ++|(?=\n)))?+(?:({_KEY}+):(?: ++|(?=\n)))?+(.*)\n")
_NOT_PLAIN = frozenset("&*!%@`,[]{}?:|>\"'#")  # a plain scalar starts with none of them
# And one that starts with a letter is text for sure, unless it is one of the words that mean something.
_LETTERS = frozenset(string.ascii_letters)
_SURE = _LETTERS - MAY_BE_MORE
_LONGEST_WORD = len("false")
_ASCII = bytes((ord("\n"), *range(0x20, 0x7F)))
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)" *(?: #.*)?')
_SINGLE = re.compile(r"'((?:[^']|'')*)' *(?: #.*)?")
_SAME_AS_JSON = re.compile(r'(?:[^\\]|\\["\\/bfnrt])*')  # of the escapes that YAML knows
_COMMENT = re.compile(r" *(?: #.*)?")
# In a flow collection: an entry of a mapping or an item of a list, the value if it is a scalar, and the sign behind it.
_FLOW_VALUE = r"""\"[^\"\\]*\"|'[^']*'|(?:[A-Za-z0-9_$+./~]|-(?=[0-9]))[^,\[\]{}:#&*!|>'\"%@`?]*"""
_FLOW_ENTRY = re.compile(rf" *({_KEY}): +(?:({_FLOW_VALUE}) *([,}}]))?")
_FLOW_ITEM = re.compile(rf"()? *(?:({_FLOW_VALUE}) *([,\]]))?")
_FLOW_SIGN = re.compile(r" *([,}\]])")


class _Unsure(Exception):
    """Something that is for the real parser to judge."""


def read_plain(text: str, file: str) -> Map | Seq | None:
    """The document in `text` with its marks, or None when it is not plain enough for this reader."""
    if len(text) > _MAX_TEXT or not _is_printable(text):
        return None
    try:
        return _Reader(text, file).document()
    except _Unsure:
        return None


def _is_printable(text: str) -> bool:
    """Whether there is nothing but printable characters and line ends; the bytes of ASCII tell it six times faster."""
    return not text.encode().translate(None, _ASCII) if text.isascii() else text.replace("\n", "").isprintable()


class _Reader:
    """`line` is the one that is to be read next; it says something, or is the end.

    A project has a hundred thousand lines, so the loops over them call nothing that is not needed.
    """

    def __init__(self, text: str, file: str) -> None:
        self.lines = text.split("\n")
        self.rows = _LINE.findall(text if text.endswith("\n") else text + "\n")
        self.indents = [len(row[0]) for row in self.rows]
        self.end = len(self.rows)
        self.rows.append(("", "", "", ""))
        self.indents.append(-1)
        self.file = file
        self.line = 0

    def document(self) -> Map | Seq | None:
        self._skip(0)
        if self.line == self.end:
            return None
        node = self._container()
        if self.line != self.end:
            raise _Unsure
        return node

    def _skip(self, line: int) -> None:
        """Goes on to `line`, or to the first one after it that is more than a comment or empty."""
        while line < self.end:
            _, dash, key, rest = self.rows[line]
            if key or dash:
                break
            if rest and rest[0] != "#":
                raise _Unsure
            line += 1
        self.line = line

    def _container(self) -> Map | Seq:
        column = self.indents[self.line]
        if column > _MAX_INDENT:
            raise _Unsure
        return self._list(column) if self.rows[self.line][1] else self._mapping(column)

    def _mapping(self, column: int) -> Map:
        """The mapping whose first key is in this line; leaves on the first line that is not of it."""
        rows, lines, indents, file = self.rows, self.lines, self.indents, self.file
        line = self.line
        node = Map((file, line, column, file, line, column))
        marks, is_constant = node.marks, True
        while True:
            line = value_line = self.line
            value: Any = None
            _, _, key, rest = rows[line]
            if not key or key in node:
                raise _Unsure
            if rest and rest[0] != "#":
                at = len(lines[line]) - len(rest)
                is_word = rest[0] in _SURE or (rest[0] in _LETTERS and len(rest) > _LONGEST_WORD)
                is_text = is_word and ": " not in rest and " #" not in rest and rest[-1] not in ": "
                value = rest if is_text else self._value(rest, at, column)
                self.line += 1
                if not rows[self.line][2]:
                    self._skip(self.line)
            else:
                at = column + len(key) + 1
                self._skip(line + 1)
                below = indents[self.line]
                if below > column or (below == column and rows[self.line][1]):
                    value = self._container()
                    value_line, at = value.mark[1], value.mark[2]
            node[intern(key)] = value
            marks[key] = (file, line, column, file, value_line, at)
            if is_constant:
                is_constant = key[0] != "$" and _is_constant(value)
            if indents[self.line] != column or rows[self.line][1]:
                break
        if indents[self.line] > column:
            raise _Unsure
        node.is_constant = is_constant
        return node

    def _list(self, column: int) -> Seq:
        """The list whose first item is in this line; leaves on the first line that is not of it."""
        rows, indents, file, line = self.rows, self.indents, self.file, self.line
        node = Seq((file, line, column, file, line, column))
        marks, is_constant = node.marks, True
        while indents[self.line] == column and (row := rows[self.line])[1]:
            _, dash, key, rest = row
            line, at = self.line, column + 1
            value: Any = None
            if key:
                at = column + len(dash)
                value = self._mapping(at)
            elif rest and rest[0] != "#":
                at = len(self.lines[line]) - len(rest)
                value = self._value(rest, at, column)
                self._skip(self.line + 1)
            else:
                self._skip(line + 1)
                if indents[self.line] > column:
                    value = self._container()
                    line, at = value.mark[1], value.mark[2]
            node.append(value)
            marks.append((file, line, at, file, line, at))
            is_constant = is_constant and _is_constant(value)
        if indents[self.line] > column:
            raise _Unsure
        node.is_constant = is_constant
        return node

    def _value(self, rest: str, at: int, parent: int) -> Any:
        """The value that starts in column `at` of this line with `rest`, inside of what is in column `parent`."""
        first = rest[0]
        if first not in _NOT_PLAIN:
            if " #" in rest:
                rest = rest[: rest.index(" #")]
            value = rest.rstrip(" ")
            if ": " in value or value[-1] == ":" or (first == "-" and value[1:2] in ("", " ")):
                raise _Unsure
            return _plain(value) if first in MAY_BE_MORE else value
        if first == '"':
            return _double(rest)
        if first == "'" and (found := _SINGLE.fullmatch(rest)) is not None:
            return found[1].replace("''", "'")
        if first in "[{":
            return _Flow(rest, self.file, self.line, at).collection()
        if first == "|":
            return self._block(rest.rstrip(" "), parent)
        raise _Unsure

    def _block(self, header: str, parent: int) -> str:
        """The literal block below this line; leaves on its last line."""
        lines = self.lines
        start = end = self.line + 1
        while start < self.end and not lines[start]:
            start += 1
        column = self.indents[start]
        if header not in ("|", "|-") or column <= parent or column == len(lines[start]):
            raise _Unsure
        margin = lines[start][:column]
        end = start
        while end < self.end and (lines[end].startswith(margin) or not lines[end]):
            end += 1
        if end == len(lines):  # the text ends in the middle of its last line
            raise _Unsure
        text = "\n".join([line[column:] for line in lines[self.line + 1 : end]])
        self.line = end - 1
        return text.rstrip("\n") + ("\n" if header == "|" else "")


class _Flow:
    """One flow collection on a line: `text` from its first bracket on, which is in column `column`."""

    def __init__(self, text: str, file: str, line: int, column: int) -> None:
        self.text, self.file, self.line, self.column = text, file, line, column
        self.position = 0

    def collection(self) -> Map | Seq:
        node = self._node(1)
        if not _COMMENT.fullmatch(self.text, self.position):
            raise _Unsure
        return node

    def _node(self, depth: int) -> Map | Seq:
        """The collection that starts here; leaves behind its closing bracket."""
        text, file, line, column = self.text, self.file, self.line, self.column
        start, is_map = column + self.position, text[self.position] == "{"
        end, node = ("}", Map((file, line, start) * 2)) if is_map else ("]", Seq((file, line, start) * 2))
        is_constant, sign = True, ""
        self.position += 1
        if text.startswith(end, self.position):
            self.position, sign = self.position + 1, end
        while sign != end:
            found = (_FLOW_ENTRY if is_map else _FLOW_ITEM).match(text, self.position)
            if found is None:
                raise _Unsure
            key, value, sign = found.groups()
            at = column + (found.start(2) if value else found.end())
            self.position = found.end()
            if value:
                value = _flow_scalar(value)
            else:
                value, sign = self._nested(depth)
                if sign not in (",", end):
                    raise _Unsure
            if isinstance(node, Seq):
                node.put(value, (file, line, at) * 2)
            elif key not in node:
                node.put(intern(key), value, (file, line, column + found.start(1), file, line, at))
                is_constant = is_constant and key[0] != "$"
            else:
                raise _Unsure
            is_constant = is_constant and _is_constant(value)
        node.is_constant = is_constant
        return node

    def _nested(self, depth: int) -> tuple[Map | Seq, str]:
        """The collection that starts here, and the sign behind it."""
        if depth == _MAX_FLOW or self.text[self.position : self.position + 1] not in ("{", "["):
            raise _Unsure
        node = self._node(depth + 1)
        found = _FLOW_SIGN.match(self.text, self.position)
        if found is None:
            raise _Unsure
        self.position = found.end()
        return node, found[1]


def _flow_scalar(written: str) -> Any:
    if written[0] in "\"'":
        return written[1:-1]
    plain = written.rstrip(" ")
    return _plain(plain) if plain[0] in MAY_BE_MORE else plain


def _double(written: str) -> str:
    """A text in double quotes, and what may follow it on the line."""
    found = _DOUBLE.fullmatch(written)
    if found is None:
        raise _Unsure
    inner = found[1]
    if "\\" not in inner:
        return inner
    if not _SAME_AS_JSON.fullmatch(inner):
        raise _Unsure
    value: str = json.loads(f'"{inner}"')
    return value


def _plain(text: str) -> Any:
    value = scalar(text)
    if (value is text and text in OLD_BOOLEANS) or not is_finite(value):
        raise _Unsure
    return value


def _is_constant(value: Any) -> bool:
    """Whether a value renders to itself."""
    if type(value) is str:
        return "${" not in value
    return value.is_constant if isinstance(value, Map | Seq) else value is not None
