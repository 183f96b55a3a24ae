"""Which changes several agents have in common: such a change is shown once, with the agents that it reaches. Pure.

Two agents share a change of text when the same lines are removed and added, whatever else their texts say.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import takewhile
from typing import TypeAlias

from agentops.diagnostics import Where
from agentops.document import Path, Secret
from agentops.plan.model import Action, AgentChange, Drift, FieldChange

_SHARING = (Action.UPDATE, Action.GO_LIVE, Action.RESTORE)
Unit: TypeAlias = tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """One change of several agents, as the first of them has it. Its place is kept only where all have the same.

    agents:  their keys, in the plan's order
    numbers: how many of them are on phone numbers
    """

    changes: tuple[FieldChange, ...]
    agents: tuple[str, ...]
    numbers: int

    @property
    def reach(self) -> str:
        """`changes 43 agents, 12 on phone numbers`"""
        return f"changes {len(self.agents)} agents, {self.numbers or 'none'} on phone numbers"


@dataclass(frozen=True, slots=True)
class Sharing:
    """The changes that several agents have, and what is left of each agent by its key."""

    shared: tuple[Shared, ...]
    own: Mapping[str, tuple[FieldChange, ...]]
    count: Mapping[str, int]

    def is_all_of(self, change: AgentChange) -> bool:
        """Whether there is nothing to show for an agent but what it has in common with others."""
        has_more = change.drift is not Drift.NONE or change.uncalled_since or change.unverifiable or change.unmanaged
        return bool(self.count.get(change.key)) and not self.own[change.key] and not has_more


def share(changes: Iterable[AgentChange]) -> Sharing:
    """What can be shown once for several agents. The halves of a renamed item stay together; the lines of one text are
    grouped by the agents that have them in common."""
    agents = {change.key: change for change in changes if change.action in _SHARING}
    with_hunks: dict[Hashable, set[str]] = {}
    for key, change in agents.items():
        for each in change.fields:
            for hunk in _hunks_of(each):
                with_hunks.setdefault((_kind(each), hunk.content), set()).add(key)
    holders: dict[Hashable, list[tuple[str, Unit]]] = {}
    found = {key: list(_units(change.fields, with_hunks)) for key, change in agents.items()}
    for key, units in found.items():
        for unit in units:
            holders.setdefault(_identity(unit), []).append((key, unit))
    several = {identity: held for identity, held in holders.items() if len(held) > 1}
    own = {key: [unit for unit in units if _identity(unit) not in several] for key, units in found.items()}
    return Sharing(
        shared=tuple(_shared(held, agents) for held in several.values()),
        own={key: tuple(each for unit in units for each in unit) for key, units in own.items()},
        count={key: len(units) - len(own[key]) for key, units in found.items()},
    )


def _units(fields: Sequence[FieldChange], with_hunks: Mapping[Hashable, set[str]]) -> Iterator[Unit]:
    """Field changes that are shown together: both halves of a renamed item, and the lines of a text that the same
    agents have. Anything else stands alone."""
    by_path: dict[Path, FieldChange] = {each.path: each for each in fields}
    for each in fields:
        other = by_path.get((*each.path[:-1], each.renamed)) if each.renamed is not None else None
        if other is None:
            yield from ((part,) for part in _parted(each, with_hunks))
        elif each.after is not None:
            yield (other, each)


def _parted(change: FieldChange, with_hunks: Mapping[Hashable, set[str]]) -> Iterator[FieldChange]:
    """A change of text as one for each set of agents with the same hunks: the new text without and with them."""
    sets: dict[frozenset[str], list[Hunk]] = {}
    for hunk in _hunks_of(change):
        sets.setdefault(frozenset(with_hunks[_kind(change), hunk.content]), []).append(hunk)
    if len(sets) < 2:
        yield change
        return
    new = change.after.splitlines(keepends=True)
    for hunks in sets.values():
        before = new.copy()
        for hunk in reversed(hunks):  # from the end, so that the starts of the others still hold
            before[hunk.start : hunk.start + len(hunk.added)] = hunk.removed
        number = min(hunks[0].start + 1, len(new))
        place = [stretch.place(number) for stretch in change.lines if stretch.first <= number]
        yield replace(change, before="".join(before), where=place[-1] if place else change.where)


def _identity(unit: Unit) -> Hashable:
    return tuple((_kind(each), _content(each)) for each in unit)


def _kind(change: FieldChange) -> Hashable:
    facts = (change.operation, change.category, change.risk, change.changed_by, change.is_immediate, change.renamed)
    return (change.path, *facts)


def _content(change: FieldChange) -> Hashable:
    hunks = _hunks_of(change)
    return tuple(hunk.content for hunk in hunks) if hunks else (_comparable(change.before), _comparable(change.after))


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that are removed and lines that are added in their place, at line `start` (from 0) of the new text."""

    start: int
    removed: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def content(self) -> Hashable:
        return self.removed, self.added


def _hunks_of(change: FieldChange) -> tuple[Hunk, ...]:
    """The hunks of a text of several lines; none of anything else."""
    before, after = change.before, change.after
    if isinstance(before, str) and isinstance(after, str) and ("\n" in before or "\n" in after):
        return _hunks(before, after)
    return ()


@lru_cache(maxsize=1024)
def _hunks(before: str, after: str) -> tuple[Hunk, ...]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    # What both texts begin and end with is cut off first: SequenceMatcher takes quadratic time, and prompts are long.
    head = _alike(zip(old, new, strict=False))
    tail = _alike(zip(reversed(old[head:]), reversed(new[head:]), strict=False))
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    codes = SequenceMatcher(None, old, new).get_opcodes()
    return tuple(
        Hunk(head + j1, tuple(old[i1:i2]), tuple(new[j1:j2])) for tag, i1, i2, j1, j2 in codes if tag != "equal"
    )


def _alike(pairs: Iterable[tuple[str, str]]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _comparable(value: object) -> str:
    return value.reference if isinstance(value, Secret) else repr(value)


def _shared(held: Sequence[tuple[str, Unit]], agents: Mapping[str, AgentChange]) -> Shared:
    keys = tuple(key for key, _ in held)
    units = [unit for _, unit in held]
    return Shared(
        changes=tuple(
            replace(each, where=_common([unit[position].where for unit in units]))
            for position, each in enumerate(units[0])
        ),
        agents=keys,
        numbers=sum(bool(agents[key].numbers) for key in keys),
    )


def _common(places: Sequence[Where | None]) -> Where | None:
    return places[0] if len(set(places)) == 1 else None
