"""From differences to field changes: who moved each field, what kind it is, what it risks, where it is written.

Values leave canonical form here, and everything that must not be seen is hidden here, on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentops.diagnostics import Stretch, Where
from agentops.document import DesiredAgent, Path
from agentops.fields import NATURAL_KEYS, Category, Risk, category_of, risk_of
from agentops.plan.canonical import Canonical, KeyedItems, plain
from agentops.plan.concealment import Concealer
from agentops.plan.diff import ABSENT, Difference, leaves, renamings, value_at
from agentops.plan.model import AgentChange, ChangedBy, FieldChange, Operation

HALF = 0.5  # of a prompt's words: to lose more is a high risk, and refused where an environment is protected


@dataclass(frozen=True, slots=True)
class Describer:
    """What it takes to describe one agent's differences.

    concealer: what of the platform's side may be shown
    is_of_spec: the new value is the spec's, so its place there is worth showing
    """

    desired: DesiredAgent
    concealer: Concealer = field(repr=False)
    is_of_spec: bool = True

    def describe(
        self,
        difference: Difference,
        *,
        changed_by: ChangedBy = ChangedBy.GIT,
        reason: str = "",
        is_immediate: bool = False,
        renamed: Difference | None = None,
    ) -> FieldChange:
        """One leaf difference as a field change; `renamed` is its other half, where an item got another key."""
        path, before, after = difference.path, difference.before, difference.after
        # A renamed item is concealed against what it was, so that a secret it kept is not shown as changed.
        held = renamed.before if renamed and before is ABSENT else before
        category = _category(path, before, after)
        operation = _operation(before, after)
        lines = self.desired.lines.get(_by_index(self.desired.config, path), ()) if self.is_of_spec else ()
        return FieldChange(
            path=path,
            operation=operation,
            before=None if before is ABSENT else plain(self.concealer.conceal(path, before)),
            after=None if after is ABSENT else plain(self.concealer.conceal(path, after, held)),
            category=category,
            risk=_risk(path, category, before, after),
            changed_by=changed_by,
            reason=reason,
            where=self._place(path, before, after, lines),
            lines=lines,
            is_immediate=is_immediate,
            renamed=str(renamed.path[-1]) if renamed else None,
        )

    def _place(self, path: Path, before: Canonical, after: Canonical, lines: Sequence[Stretch]) -> Where | None:
        """Where the new value is written; of a text of several lines, where the first line that differs is."""
        if not self.is_of_spec:
            return None
        if not lines or not isinstance(before, str) or not isinstance(after, str):
            return place_in_source(self.desired, path)
        old, new = before.splitlines(), after.splitlines()
        differing = (n for n, (one, other) in enumerate(zip(old, new, strict=False)) if one != other)
        number = min(next(differing, len(old)) + 1, len(new))
        return [each for each in lines if each.first <= number][-1].place(number)

    def describe_all(
        self, moved: Iterable[tuple[Difference, ChangedBy]], reasons: Mapping[ChangedBy, str]
    ) -> tuple[FieldChange, ...]:
        """Leaf differences with who moved them; an item is renamed only where one of them changed both keys."""
        found = tuple(moved)
        pairs = {by: renamings(each for each, mover in found if mover is by) for by in ChangedBy}
        return tuple(
            self.describe(each, changed_by=by, reason=reasons[by], renamed=pairs[by].get(each.path))
            for each, by in found
        )


def expand(differences: Iterable[Difference]) -> Iterator[Difference]:
    """Differences leaf by leaf: an object that is new or gone is taken apart, the items of a keyed list stay whole."""
    for difference in differences:
        sides = [side for side in (difference.before, difference.after) if side is not ABSENT]
        whole = sides[0] if len(sides) == 1 and isinstance(sides[0], dict | KeyedItems) and sides[0] else None
        if whole is None or _is_item(difference.path, whole):
            yield difference
            continue
        for path, value in leaves(whole, difference.path):
            is_new = difference.before is ABSENT
            yield Difference(path, ABSENT, value) if is_new else Difference(path, value, ABSENT)


def three_way(differences: Iterable[Difference], base: Canonical | None) -> Iterator[tuple[Difference, ChangedBy]]:
    """Each difference of live and desired, with who moved it since `base` (None: nothing of ours to compare with)."""
    for difference in expand(differences):
        yield difference, _mover(difference, base)


def _mover(difference: Difference, base: Canonical | None) -> ChangedBy:
    if base is None:
        return ChangedBy.GIT
    ours = value_at(base, difference.path)
    if ours == difference.before:
        return ChangedBy.GIT
    return ChangedBy.CONSOLE if ours == difference.after else ChangedBy.BOTH


def written_leaves(change: AgentChange) -> Iterator[tuple[Path, Any]]:
    """Every leaf that a change writes, those inside new objects and lists too."""
    for each in change.fields:
        if each.operation is not Operation.REMOVE:
            yield from _values_in(each.path, each.after)


def _values_in(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _values_in((*path, name), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _values_in((*path, index), item)
    else:
        yield path, value


def place_in_source(desired: DesiredAgent, path: Path) -> Where | None:
    """Where the value at `path` is written; keyed items are looked up by their position in the spec's list."""
    return desired.place_of(_by_index(desired.config, path))


def _by_index(document: Any, path: Path) -> Path:
    parts: list[str | int] = []
    for part in path:
        if isinstance(document, list) and isinstance(part, str):
            key = NATURAL_KEYS.get(str(parts[-1])) if parts else None
            index = next((i for i, item in enumerate(document) if isinstance(item, dict) and item.get(key) == part), -1)
            if index < 0:
                return tuple(parts)
            part = index
        parts.append(part)
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and isinstance(part, int) and part < len(document):
            document = document[part]
        else:
            document = None
    return tuple(parts)


def _is_item(path: Path, whole: Canonical) -> bool:
    return len(path) > 1 and isinstance(whole, dict) and NATURAL_KEYS.get(str(path[-2])) in whole


def _category(path: Path, before: Canonical, after: Canonical) -> Category:
    sides = [side for side in (before, after) if isinstance(side, dict)]
    if any("transferNumber" in side for side in sides):
        return Category.TELEPHONY
    return category_of(path)


def _operation(before: Canonical, after: Canonical) -> Operation:
    if before is ABSENT:
        return Operation.ADD
    return Operation.REMOVE if after is ABSENT else Operation.REPLACE


def _risk(path: Path, category: Category, before: Canonical, after: Canonical) -> Risk:
    """What is taken away weighs more than what is changed: tools, playbooks, most of a prompt."""
    is_whole_item = after is ABSENT and path[:2] == ("playbooks", "playbooks")
    if is_whole_item or (category is Category.TOOLS and after is ABSENT):
        return Risk.HIGH
    if category is Category.PROMPT and isinstance(before, str) and lost_share(before, after) > HALF:
        return Risk.HIGH
    return risk_of(category)


def lost_share(before: str, after: Any) -> float:
    """The share of its words that a text loses; what is not a text any more has lost them all."""
    words = len(before.split())
    left = len(after.split()) if isinstance(after, str) else 0
    return max(words - left, 0) / words if words else 0.0
