"""YAML data that remembers where it was written: mappings and lists whose items carry marks.

A `Map` is a `dict` and a `Seq` a `list`, so that everything that reads plain data reads them. The marks follow the
values through merging and rendering. Nothing here reads files or knows what the fields mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from agentops.diagnostics import Where
from agentops.document import Path

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
    """The mark of the value at `path`, or of the nearest thing around it that has one."""
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
            if isinstance(item, dict) and part in (item.get(key) for key in NATURAL_KEYS):
                return item, mark
    return None


# How an item of a list can be named in a path, besides by its index.
NATURAL_KEYS = ("name", "identifier", "variableName", "word", "key", "id")


class Positions(Mapping[Path, Where]):
    """Path -> place of the value, read from the tree when asked: most paths never are. `extra` are further paths."""

    __slots__ = ("_extra", "_tree")

    def __init__(self, tree: Map, extra: Mapping[Path, Where] | None = None) -> None:
        self._tree = tree
        self._extra = dict(extra or {})

    def __getitem__(self, path: Path) -> Where:
        if path in self._extra:
            return self._extra[path]
        tree: Any = self._tree
        mark = self._tree.mark
        for part in path:
            found = _child(tree, part)
            if found is None:
                raise KeyError(path)
            tree, mark = found
        return value_place(mark)

    def __iter__(self) -> Iterator[Path]:
        yield ()
        yield from self._extra
        yield from _paths(self._tree, ())

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _paths(tree: Any, base: Path) -> Iterator[Path]:
    items: Any = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*base, key)
        yield from _paths(value, (*base, key))


def to_plain(tree: Any) -> Any:
    """The same data as plain dicts and lists, without marks."""
    if isinstance(tree, dict):
        return {key: to_plain(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [to_plain(value) for value in tree]
    return tree
