"""The ledger of one agent's leaves: conversions settle the leaves that they carry over, the rows explain the rest, and
none can be missing at the end.

A leaf is settled once. A leaf that no conversion settles is closed by its row: a default, bookkeeping, or a reported
loss. The report says that a value went somewhere only if it is there: closing compares each claim with what was
written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from agentops.importers.elevenlabs.mapping import row_for
from agentops.importers.elevenlabs.paths import Place, is_empty, leaves_of, place_text, same
from agentops.importers.elevenlabs.rows.row import Row
from agentops.importers.elevenlabs.secret_stand_ins import (
    has_stand_in,
    with_references,
    with_variables,
    without_stand_ins,
)
from agentops.importers.fidelity import CHOSEN, NOT_COPIED, Addition, Grade, Item

UNKNOWN = "EL020"
WRONG_TYPE = "EL021"
UNKNOWN_WHY = "not a documented field of an ElevenLabs agent; nothing on the other side answers to it"
PROMPT_TARGET = "config.singlePromptConfig.prompt"

# A place in what is written: dotted, or a tuple where a name may hold a dot.
Target: TypeAlias = str | Place


class LeafLedger:
    """Settles every leaf of `tree` exactly once; remarks and additions are kept separately.

    moved: target -> the place to which everything at or below it has moved since
    """

    def __init__(self, tree: Any) -> None:
        self._open: dict[Place, Any] = dict(leaves_of(tree))
        self._order = list(self._open)
        self._settled: dict[Place, tuple[Item, Place | None]] = {}
        self._remarks: list[Item] = []
        self._additions: list[tuple[Place, Addition]] = []
        self.moved: dict[Place, Place] = {}

    def carry(
        self, place: Place, target: Target | None, value: Any = None, *, grade: Grade | None = None, why: str = ""
    ) -> None:
        """The leaf at `place` went to `target`, which now holds `value`, or a text that contains it. The row supplies
        what is not given. The value `CHOSEN` means that the choices file answers there."""
        row = row_for(place)
        fate = grade or (row.fate if row else Grade.EXACT)
        is_explained = row is not None and (fate is not Grade.EXACT or row.fate is Grade.EXACT)
        self._settle(
            place,
            fate,
            target=target,
            target_value=value,
            why=why or (row.why if row and is_explained else ""),
            todo=row.todo if row and is_explained else "",
            code=row.code if row else UNKNOWN,
        )

    def carry_tree(self, place: Place, target: Target | None, *, grade: Grade | None = None, why: str = "") -> None:
        """Everything at or below `place` was carried over whole, into `target`."""
        for leaf in [p for p in self._open if p[: len(place)] == place]:
            self.carry(leaf, target, grade=grade, why=why)

    def hide(self, place: Place, target: Target | None, why: str, todo: str) -> None:
        """The leaf is a credential or personal data: the report names its place, but not its value."""
        if place in self._open:
            self._open[place] = NOT_COPIED
            self._settle(place, Grade.CHOICE, target=target, why=why, todo=todo, code="EL009")

    def leave(self, place: Place, why: str, todo: str) -> None:
        """Everything at or below `place` that somebody had set is left behind, all for one reason."""
        for leaf in [p for p in self._open if p[: len(place)] == place]:
            row, value = row_for(leaf), self._open[leaf]
            if not is_empty(value) and not (row and row.is_untouched(value)):
                self._settle(leaf, Grade.UNSUPPORTED, code=row.code if row else UNKNOWN, why=why, todo=todo)

    def repeat(self, place: Place, of: str) -> None:
        """The leaf repeats what is at `of`."""
        self._settle(place, Grade.BOOKKEEPING, why=f"repeats {of}", code=UNKNOWN)

    def misread(self, place: Place, expected: str) -> None:
        """The leaf has a type that the field can't have; the default is used instead."""
        why = f"expected {expected}; the value was not used"
        self._settle(place, Grade.UNSUPPORTED, why=why, todo="Check the source and set it by hand.", code=WRONG_TYPE)

    def remark(self, grade: Grade, code: str, source: Place, why: str, todo: str = "") -> None:
        """A finding about the agent as a whole, or a further one about a leaf that is settled already."""
        item = Item(grade, code, place_text(source), without_stand_ins(why), todo, is_leaf=False)
        if item not in self._remarks:
            self._remarks.append(item)

    def add(self, target: Target, value: Any, why: str) -> None:
        """A field was written that the source doesn't have."""
        self._additions.append((_place_of(target), Addition(target_text(_place_of(target)), value, why)))

    def close(self, written: Mapping[str, Any]) -> tuple[tuple[Item, ...], tuple[Addition, ...]]:
        """All items, in the order of the source, remarks last, and the additions.

        written: the documents of the agent, as `Conversion.written` returns them
        """
        for place in list(self._open):
            self._close_leaf(place)
        items = [self._proven(place, written) for place in self._order]
        additions = []
        for place, each in self._additions:
            target = self._final(place)
            if stands(written, target, each.value):
                additions.append(replace(each, target=target_text(target)))
        return (*items, *self._remarks), tuple(additions)

    def _final(self, target: Place) -> Place:
        for old, new in self.moved.items():
            if target[: len(old)] == old:
                return (*new, *target[len(old) :])
        return target

    def _proven(self, place: Place, written: Mapping[str, Any]) -> Item:
        """The item of a leaf, with the claim of where it went only if it is there."""
        item, target = self._settled[place]
        if target is None:
            return item
        target = self._final(target)
        # A secret was written as a reference where one may be, and as a variable in texts, after the leaf was settled.
        for claim in (with_references(item.target_value), with_variables(item.target_value)):
            if stands(written, target, claim):
                return replace(item, target=target_text(target), target_value=claim)
        row = row_for(place)
        why = (row.why or "nothing of it is in the spec") if row else UNKNOWN_WHY
        return Item(Grade.UNSUPPORTED, item.code, item.source, why, item.todo, item.value)

    def _close_leaf(self, place: Place) -> None:
        row, value = row_for(place), self._open[place]
        if is_empty(value) or (row is not None and row.is_untouched(value)):
            self._settle(place, Grade.DEFAULT, code=row.code if row else UNKNOWN)
        elif row is None:
            self._settle(place, Grade.UNSUPPORTED, code=UNKNOWN, why=UNKNOWN_WHY, todo="Check whether it matters.")
        else:
            self._close_by_row(place, row)

    def _close_by_row(self, place: Place, row: Row) -> None:
        if row.is_private:
            self._open[place] = NOT_COPIED
        # The row promises a counterpart, but no conversion used it in this agent, so the value was lost.
        is_lost = row.fate in (Grade.EXACT, Grade.APPROXIMATED)
        grade = Grade.UNSUPPORTED if is_lost else row.fate
        why = row.why if not is_lost else f"not carried over here. {row.why}".strip()
        self._settle(place, grade, code=row.code, why=why, todo=row.todo)

    def _settle(
        self,
        place: Place,
        grade: Grade,
        *,
        code: str,
        target: Target | None = None,
        target_value: Any = None,
        why: str = "",
        todo: str = "",
    ) -> None:
        if place not in self._open:
            return
        value = self._open.pop(place)
        where = None if target is None else _place_of(target)
        if has_stand_in(value):
            grade, code, value = Grade.CHOICE, "EL009", NOT_COPIED
            why, todo = _EXPOSED, _REPLACE
        shown = target_text(where) if where is not None else None
        item = Item(grade, code, place_text(place), why, todo, value, shown, target_value)
        self._settled[place] = (item, where)


_EXPOSED = "a secret was here in the clear; the spec refers to it by a name"
_REPLACE = "Replace the leaked one, and set the new one in each environment."


def stands(written: Mapping[str, Any], target: Place, claim: Any) -> bool:
    """Whether something is at `target` in what was written, and says `claim`. None claims only that it is there."""
    found = _at(written, target)
    if found is None:
        return False
    if claim == CHOSEN:
        return "_choices.yaml" in str(found)
    return claim is None or _says(found, claim)


def target_text(target: Place) -> str:
    """`config.slmModel`, or `agents/calls/x.yaml: name` for what is in another file than the spec."""
    file, *rest = target
    return f"{file}: {place_text(tuple(rest))}" if "/" in str(file) else place_text(target)


def _says(found: Any, claim: Any) -> bool:
    if same(found, claim):
        return True
    if isinstance(found, str):
        return isinstance(claim, str | int | float) and str(claim).strip() in found
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return any(_says(each, claim) for each in inner)


def _at(node: Any, target: Place) -> Any:
    """The value at `target`; members of a list are found by their name, identifier or key."""
    for part in target:
        if isinstance(node, list):
            named = [m for m in node if isinstance(m, dict) and part in (m.get(name) for name in _MEMBER_NAMES)]
            node = named[0] if named else node[part] if isinstance(part, int) and part < len(node) else None
        else:
            node = node.get(part) if isinstance(node, dict) else None
    return node


_MEMBER_NAMES = ("name", "identifier", "variableName", "key", "id")


def _place_of(target: Target) -> Place:
    return tuple(target.split(".")) if isinstance(target, str) else target
