"""YAML data that remembers where it was written: mappings and lists whose items carry marks.

A `Map` is a `dict` and a `Seq` a `list`, so that everything that reads plain data reads them. The marks follow the
values through merging and rendering. Nothing here reads files or knows what the fields mean.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from agentops.diagnostics import Where
from agentops.document import Path
from agentops.fields import KEY_NAMES

# (file of the key, its line, its column, file of the value, its line, its column), counted from 0 as libyaml does.
# A plain tuple, because a project has a hundred thousand of them.
Mark: TypeAlias = tuple[str, int, int, str, int, int]


class Map(dict[str, Any]):
    """A mapping with a mark per key. `mark` is the place of the mapping itself.

    `is_constant` is known of what was parsed: no expression, null or directive is in it, so that it renders to itself.
    """

    __slots__ = ("is_constant", "mark", "marks")

    def __init__(self, mark: Mark) -> None:
        self.mark = mark
        self.is_constant = False
        self.marks: dict[str, Mark] = {}

    def put(self, key: str, value: Any, mark: Mark) -> None:
        self[key] = value
        self.marks[key] = mark

    def drop(self, key: str) -> None:
        self.pop(key, None)
        self.marks.pop(key, None)


class Seq(list[Any]):
    """A list with a mark per item. `is_constant` as in `Map`."""

    __slots__ = ("is_constant", "mark", "marks")

    def __init__(self, mark: Mark) -> None:
        self.is_constant = False
        self.marks: list[Mark] = []
        self.mark = mark

    def put(self, value: Any, mark: Mark) -> None:
        self.append(value)
        self.marks.append(mark)


def key_place(mark: Mark) -> Where:
    return Where(mark[0], mark[1] + 1, mark[2] + 1)


def value_place(mark: Mark) -> Where:
    return Where(mark[3], mark[4] + 1, mark[5] + 1)


def mark_of(tree: Any, path: Path) -> Mark | None:
    """The mark of the value at `path`, or of the innermost container around it that has one."""
    mark: Mark | None = getattr(tree, "mark", None)
    for part in path:
        found = _child(tree, part)
        if found is None:
            break
        tree, mark = found
    return mark


def _child(tree: Any, part: str | int) -> tuple[Any, Mark] | None:
    if isinstance(tree, Map) and part in tree.marks:
        return tree[str(part)], tree.marks[str(part)]
    if isinstance(tree, Seq) and isinstance(part, int) and part < len(tree.marks):
        return tree[part], tree.marks[part]
    if isinstance(tree, Seq) and isinstance(part, str):
        for item, mark in zip(tree, tree.marks, strict=True):
            if _is_named(item, part):
                return item, mark
    return None


def _is_named(item: Any, name: str) -> bool:
    return isinstance(item, dict) and name in (item.get(key) for key in KEY_NAMES)


_LINE_BITS = _COLUMN_BITS = 22  # a file has at most a million bytes
_MASK = (1 << _LINE_BITS) - 1


class Positions(Mapping[Path, Where]):
    """Path -> place of the value, for every value of a document. `extra` are places of paths outside of it.

    One number a value, packed from file, line and column (from 0), in the order in which a walk over the document meets
    the values. A project has hundreds of thousands of them, and hardly any is ever looked up.
    """

    __slots__ = ("_document", "extra", "files", "places")

    def __init__(self, document: Any, files: Sequence[str], places: array[int], extra: Mapping[Path, Where]) -> None:
        self._document = document
        self.files, self.places, self.extra = files, places, extra

    def __getitem__(self, path: Path) -> Where:
        if path in self.extra:
            return self.extra[path]
        place = self.places[_order_of(self._document, path)]
        file, line, column = place >> _LINE_BITS + _COLUMN_BITS, place >> _COLUMN_BITS & _MASK, place & _MASK
        return Where(self.files[file], line + 1, column + 1)

    def __iter__(self) -> Iterator[Path]:
        yield ()
        yield from self.extra
        yield from _paths(self._document, ())

    def __len__(self) -> int:
        return len(self.places) + len(self.extra)


def _order_of(document: Any, path: Path) -> int:
    """How many values a walk over `document` meets before the one at `path`. Raises KeyError."""
    order, node = 0, document
    for part in path:
        order += 1
        if isinstance(part, str) and isinstance(node, list):
            part = next((i for i, item in enumerate(node) if _is_named(item, part)), part)
        for key, value in _items(node):
            if key == part:
                node = value
                break
            order += _size(value)
        else:
            raise KeyError(path)
    return order


def _items(node: Any) -> Iterable[tuple[str | int, Any]]:
    return node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()


def _size(node: Any) -> int:
    return 1 + sum(_size(value) for _, value in _items(node))


def _paths(tree: Any, base: Path) -> Iterator[Path]:
    for key, value in _items(tree):
        yield (*base, key)
        yield from _paths(value, (*base, key))


def to_document(tree: Map, extra: Mapping[Path, Where]) -> tuple[dict[str, Any], Positions]:
    """The same data as plain dicts and lists, and where its values are written."""
    marks = [tree.mark]
    document = _plain(tree, tree.mark, marks)
    files = {file: index for index, file in enumerate(dict.fromkeys([mark[3] for mark in marks]))}
    at_file, at_line = _LINE_BITS + _COLUMN_BITS, _COLUMN_BITS
    places = array("Q", [files[mark[3]] << at_file | mark[4] << at_line | mark[5] for mark in marks])
    return document, Positions(document, tuple(files), places, extra)


def _plain(node: Any, mark: Mark, marks: list[Mark]) -> Any:
    """`node` as plain data; the marks of what is in it are appended to `marks` in the order of a walk."""
    if isinstance(node, dict):
        own = node.marks if type(node) is Map else dict.fromkeys(node, mark)
        made = {}
        for key, value in node.items():
            of_value = own[key]
            marks.append(of_value)
            made[key] = value if type(value) in _LEAVES else _plain(value, of_value, marks)
        return made
    if isinstance(node, list):
        items = []
        for value, of_value in zip(node, node.marks if type(node) is Seq else [mark] * len(node), strict=True):
            marks.append(of_value)
            items.append(_plain(value, of_value, marks))
        return items
    return node


_LEAVES = frozenset((str, int, float, bool))


def to_plain(tree: Any) -> Any:
    """The same data as plain dicts and lists, without marks."""
    if isinstance(tree, dict):
        return {key: to_plain(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [to_plain(value) for value in tree]
    return tree
