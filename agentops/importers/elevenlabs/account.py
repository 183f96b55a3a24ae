"""The account of one agent's leaves: conversions settle the leaves they carry over, the table of rows explains the
rest, and nothing can be missing at the end.

A leaf is settled once; what is never settled is closed by its row: a default, bookkeeping, or a reported loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentops.importers.elevenlabs.leaves import Place, is_empty, leaves_of, place_text, same
from agentops.importers.elevenlabs.table import Row, row_for
from agentops.importers.fidelity import NOT_COPIED, Addition, Grade, Item

UNKNOWN = "EL020"
WRONG_TYPE = "EL021"
_MOST = 1e12  # no field means more; NaN is not below it either


class Account:
    """Settles every leaf of `tree` exactly once; remarks and additions are kept beside."""

    def __init__(self, tree: Any) -> None:
        self._open: dict[Place, Any] = dict(leaves_of(tree))
        self._order = list(self._open)
        self._settled: dict[Place, Item] = {}
        self._remarks: list[Item] = []
        self._additions: list[Addition] = []

    def carry(
        self, place: Place, target: str | None, value: Any = None, *, grade: Grade | None = None, why: str = ""
    ) -> None:
        """The leaf at `place` went to `target` as `value`; grade and advice come from its row unless given."""
        row = row_for(place)
        self._settle(
            place,
            grade or (row.grade if row else Grade.EXACT),
            target=target,
            target_value=value,
            why=why or (row.why if row else ""),
            todo=row.todo if row else "",
            code=row.code if row else UNKNOWN,
        )

    def carry_tree(self, place: Place, target: str | None, *, grade: Grade | None = None, why: str = "") -> None:
        """Everything at or below `place` was carried over whole, into `target`."""
        for leaf in [p for p in self._open if p[: len(place)] == place]:
            self.carry(leaf, target, grade=grade, why=why)

    def hide(self, place: Place, target: str | None, why: str, todo: str, code: str = "EL009") -> None:
        """The leaf is a credential or personal: its place is reported, its value is not."""
        if place in self._open:
            self._open[place] = NOT_COPIED
            self._settle(place, Grade.CHOICE, target=target, why=why, todo=todo, code=code)

    def leave(self, place: Place, why: str, todo: str) -> None:
        """Everything at or below `place` that was touched is left behind for one reason."""
        for leaf in [p for p in self._open if p[: len(place)] == place]:
            row, value = row_for(leaf), self._open[leaf]
            if not is_empty(value) and not (row and row.is_default(value)):
                self._settle(leaf, Grade.UNSUPPORTED, code=row.code if row else UNKNOWN, why=why, todo=todo)

    def repeat(self, place: Place, of: str) -> None:
        """The leaf says again what stands at `of`."""
        self._settle(place, Grade.BOOKKEEPING, why=f"repeats {of}", code=UNKNOWN)

    def misread(self, place: Place, expected: str) -> None:
        """The leaf has a type that the field cannot have; the default is used instead."""
        why = f"expected {expected}; the value was not used"
        self._settle(place, Grade.UNSUPPORTED, why=why, todo="Check the source and set it by hand.", code=WRONG_TYPE)

    def remark(
        self, grade: Grade, code: str, source: Place, why: str, todo: str = "", target: str | None = None
    ) -> None:
        """A finding about the agent, or a further one about a leaf that is settled already."""
        item = Item(grade, code, place_text(source), why, todo, target=target, is_leaf=False)
        if item not in self._remarks:
            self._remarks.append(item)

    def add(self, target: str, value: Any, why: str) -> None:
        """A field was written that the source does not hold."""
        self._additions.append(Addition(target, value, why))

    def close(self) -> tuple[tuple[Item, ...], tuple[Addition, ...]]:
        """All items, in the order of the source, remarks last; and the additions."""
        for place in list(self._open):
            self._close_leaf(place)
        return (*(self._settled[place] for place in self._order), *self._remarks), tuple(self._additions)

    def _close_leaf(self, place: Place) -> None:
        row, value = row_for(place), self._open[place]
        if is_empty(value) or (row is not None and row.is_default(value)):
            self._settle(place, Grade.DEFAULT, code=row.code if row else UNKNOWN)
        elif row is None:
            self._settle(place, Grade.UNSUPPORTED, code=UNKNOWN, why=UNKNOWN_WHY, todo="Check whether it matters.")
        else:
            self._close_by_row(place, row)

    def _close_by_row(self, place: Place, row: Row) -> None:
        if row.is_secret:
            self._open[place] = NOT_COPIED
        unused = row.grade in (Grade.EXACT, Grade.APPROXIMATED)
        grade = Grade.UNSUPPORTED if unused else row.grade
        why = row.why if not unused else f"not carried over here. {row.why}".strip()
        self._settle(place, grade, code=row.code, why=why, todo=row.todo)

    def _settle(
        self,
        place: Place,
        grade: Grade,
        *,
        code: str,
        target: str | None = None,
        target_value: Any = None,
        why: str = "",
        todo: str = "",
    ) -> None:
        if place not in self._open:
            return
        value = self._open.pop(place)
        self._settled[place] = Item(grade, code, place_text(place), why, todo, value, target, target_value)


UNKNOWN_WHY = "not a documented field of an ElevenLabs agent; nothing on the other side answers to it"


class Source:
    """One agent's tree, read through typed getters that put wrong types into the account instead of raising."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self.tree = tree
        self.account = Account(tree)

    def get(self, *place: str | int) -> Any:
        """Whatever stands at `place`; None when nothing does."""
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
        """A number; a numeral in a text is accepted, since real files hold those."""
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

    def is_default(self, *place: str | int) -> bool:
        """Whether the value is absent, says nothing, or is the row's default."""
        value, row = self.get(*place), row_for(place)
        return is_empty(value) or (row is not None and row.is_default(value))

    def _typed(self, place: Place, fits: Callable[[Any], bool], expected: str) -> Any:
        value = self.get(*place)
        if value is None or fits(value):
            return value
        if not is_empty(value):
            for leaf, _ in list(leaves_of(value, place)):
                self.account.misread(leaf, expected)
        return None


def _is_numeral(text: str) -> bool:
    try:
        return abs(float(text)) < _MOST
    except ValueError:
        return False


__all__ = ["Account", "Source", "same"]
