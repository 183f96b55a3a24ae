"""Finds the row of a place: the deepest that covers it wins, and a literal key before `*` (any key or index)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from agentops.importers.elevenlabs.paths import Place
from agentops.importers.elevenlabs.rows import ROWS
from agentops.importers.elevenlabs.rows.row import Row


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
    for row in ROWS:
        for pattern in row.at:
            node = root
            for part in pattern.split("."):
                node = node.children.setdefault(part, _Node())
            node.row = row
    return root
