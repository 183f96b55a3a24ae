"""One agent's tree, read through typed getters that enter wrong types in the ledger instead of raising."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentops.importers.elevenlabs.leaf_ledger import LeafLedger
from agentops.importers.elevenlabs.paths import Place, is_empty, leaves_of

_MOST = 1e12  # no field has larger numbers; comparing with it also keeps NaN out


class Source:
    """The tree of an agent, and the ledger of its leaves."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self.tree = tree
        self.ledger = LeafLedger(tree)

    def get(self, *place: str | int) -> Any:
        """The value at `place`, whatever its type; None if there is none."""
        node: Any = self.tree
        for part in place:
            if isinstance(node, dict) and part in node:
                node = node[part]
            elif not isinstance(node, list) or not isinstance(part, int) or part >= len(node):
                return None
            else:
                node = node[part]
        return node

    def text(self, *place: str | int) -> str:
        return self._typed(place, lambda value: isinstance(value, str), "text") or ""

    def flag(self, *place: str | int) -> bool | None:
        found: bool | None = self._typed(place, lambda value: isinstance(value, bool), "true or false")
        return found

    def number(self, *place: str | int) -> float | None:
        """A number, also one that is written as text, as it is in real files."""
        value = self.get(*place)
        if isinstance(value, str) and _is_numeral(value):
            return float(value)
        found: float | None = self._typed(
            place, lambda v: isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < _MOST, "a number"
        )
        return found

    def objects(self, *place: str | int) -> dict[str, Any]:
        return self._typed(place, lambda value: isinstance(value, dict), "an object") or {}

    def items(self, *place: str | int) -> list[Any]:
        return self._typed(place, lambda value: isinstance(value, list), "a list") or []

    def _typed(self, place: Place, fits: Callable[[Any], bool], expected: str) -> Any:
        value = self.get(*place)
        if value is None or fits(value):
            return value
        if not is_empty(value):
            for leaf, _ in list(leaves_of(value, place)):
                self.ledger.misread(leaf, expected)
        return None


def _is_numeral(text: str) -> bool:
    try:
        return abs(float(text)) < _MOST
    except ValueError:
        return False
