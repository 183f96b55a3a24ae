"""One field change taken apart into what differs inside it: the fields of a tool, the entries of an object. Pure.

Values are those of a plan, so everything in them that must not be seen is hidden already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agentops.document import Path, path_text
from agentops.fields import NATURAL_KEYS, Risk
from agentops.plan.canonical import natural_key
from agentops.plan.model import FieldChange, Operation


@dataclass(frozen=True, slots=True)
class FieldPart:
    """A leaf inside a field: text, number, secret, or a list of plain values. None on the side that does not have it.

    `path` leads from the field to the leaf; it is empty where the field is one itself.
    """

    path: Path
    before: Any
    after: Any

    @property
    def name(self) -> str:
        return path_text(self.path)

    def name_of(self, change: FieldChange) -> str | int:
        """What the leaf itself is called, wherever it stands."""
        return self.path[-1] if self.path else change.path[-1]


def joined(fields: Iterable[FieldChange]) -> list[FieldChange]:
    """The field changes as they read: an item that got another key is one change, with both its sides."""
    changes = tuple(fields)
    half = [each for each in changes if each.renamed is not None]
    gone = {each.path: each for each in half if each.operation is Operation.REMOVE}
    come = {_former(each) for each in half if each.operation is Operation.ADD}
    found = []
    for each in changes:
        former = gone.get(_former(each)) if each.renamed is not None else None
        if former is not None and each.operation is Operation.ADD:
            risk = max(each.risk, former.risk, key=list(Risk).index)
            found.append(replace(each, operation=Operation.REPLACE, before=former.before, risk=risk))
        elif each.path not in gone or each.path not in come:
            found.append(each)
    return found


def _former(change: FieldChange) -> Path:
    return (*change.path[:-1], change.renamed or "")


def field_parts(change: FieldChange) -> list[FieldPart]:
    """Every leaf of a change that differs, in the order of the new value, followed by what is gone.

    Of an item that got another key, the key counts only where nothing else differs; what it has only under its old key
    is left to `left_behind`.
    """
    found = list(_leaves((), change.path[-1], change.before, change.after))
    if is_renamed(change):
        found = [part for part in found if part.after is not None]
        key = (NATURAL_KEYS.get(str(change.path[-2])),)
        found = [part for part in found if part.path != key] or found
    return found or [FieldPart((), change.before, change.after)]


def left_behind(change: FieldChange) -> list[FieldPart]:
    """What an item has under its old key only: mostly what the platform had filled in, and fills in again."""
    if not is_renamed(change):
        return []
    return [part for part in _leaves((), change.path[-1], change.before, change.after) if part.after is None]


def is_renamed(change: FieldChange) -> bool:
    """Whether it is an item that got another key, with both its sides."""
    return change.renamed is not None and change.before is not None and change.after is not None


def _leaves(path: Path, name: str | int, before: Any, after: Any) -> Iterator[FieldPart]:
    if before == after and type(before) is type(after):  # to Python, 1 == True == 1.0
        return
    sides = [side for side in (before, after) if side is not None]
    kinds = {_kind(name, side) for side in sides}
    if len(kinds) > 1 or "" in kinds:  # a leaf, or two sides that have no parts to compare
        yield FieldPart(path, before, after)
        return
    one, other = (_children(side, min(kinds)) if side is not None else {} for side in (before, after))
    for part in (*other, *(part for part in one if part not in other)):
        yield from _leaves((*path, part), part, one.get(part), other.get(part))


_OBJECT, _ITEMS = "object", "items"


def _kind(name: str | int, value: Any) -> str:
    """How a value is taken apart: by its names, its items by their natural key or by position; empty for a leaf."""
    if isinstance(value, dict):
        return _OBJECT if value else ""
    if not isinstance(value, list | tuple) or not any(isinstance(item, dict | list) for item in value):
        return ""
    return natural_key(name, value) or _ITEMS


def _children(value: Any, kind: str) -> Mapping[str | int, Any]:
    if kind == _OBJECT:
        return dict(value)
    return dict(enumerate(value)) if kind == _ITEMS else {item[kind]: item for item in value}
