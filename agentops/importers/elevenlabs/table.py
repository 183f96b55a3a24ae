"""The mapping table: for every place in an ElevenLabs agent, what can become of it on Atoms, why, and what to do.

A row's pattern stands for the place and everything below it; the deepest matching row decides, a literal key before
`*` (any key or list index). Conversions settle leaves and take the wording from here; leaves that no conversion
settles are judged by their row alone. Facts about ElevenLabs come from its published API types and from exported
agents; facts about Atoms from its API description.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from agentops.importers.elevenlabs.leaves import Place, same
from agentops.importers.elevenlabs.rows import ROWS
from agentops.importers.fidelity import Grade


@dataclass(frozen=True, slots=True)
class Row:
    """What can become of one place.

    defaults:  values that mean "untouched": such a leaf needs no word in the report
    is_secret: the value is a credential or personal and must never be copied into a report
    """

    pattern: str
    grade: Grade
    code: str
    why: str
    todo: str
    defaults: tuple[Any, ...]
    is_secret: bool

    def is_default(self, value: Any) -> bool:
        return any(same(value, default) for default in self.defaults)


@dataclass(slots=True)
class _Node:
    row: Row | None = None
    children: dict[str, _Node] = field(default_factory=dict)


def row_for(place: Place) -> Row | None:
    """The deepest row that covers `place`; None for a place that no row knows."""
    found = _deepest(_tree(), [str(part) for part in place], 0)
    return found[1] if found else None


def _deepest(node: _Node, parts: list[str], depth: int) -> tuple[int, Row] | None:
    best = (depth, node.row) if node.row else None
    if depth == len(parts):
        return best
    for key in (parts[depth], "*"):
        child = node.children.get(key)
        found = _deepest(child, parts, depth + 1) if child else None
        if found and (best is None or found[0] > best[0]):
            best = found
    return best


@cache
def _tree() -> _Node:
    root = _Node()
    for row in rows():
        node = root
        for part in row.pattern.split("."):
            node = node.children.setdefault(part, _Node())
        node.row = row
    return root


@cache
def rows() -> tuple[Row, ...]:
    """All rows, one per pattern."""
    made = []
    for patterns, grade, code, why, todo, *rest in ROWS:
        defaults = rest[0] if rest else ()
        for pattern in _expanded(patterns):
            made.append(Row(pattern, _GRADES[grade], code, why, todo, tuple(defaults), "!" in grade))
    return tuple(made)


def _expanded(patterns: str) -> list[str]:
    """`a.b a.{c,d}` as `a.b`, `a.c`, `a.d`."""
    found = []
    for pattern in patterns.split():
        head, brace, rest = pattern.partition("{")
        inner, _, tail = rest.partition("}")
        found += [head + each + tail for each in inner.split(",")] if brace else [pattern]
    return found


_GRADES = {
    "exact": Grade.EXACT,
    "near": Grade.APPROXIMATED,
    "ask": Grade.CHOICE,
    "ask!": Grade.CHOICE,
    "lost": Grade.UNSUPPORTED,
    "lost!": Grade.UNSUPPORTED,
    "skip": Grade.BOOKKEEPING,
    "skip!": Grade.BOOKKEEPING,
}
