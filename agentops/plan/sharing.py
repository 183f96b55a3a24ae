"""Which changes several agents have in common: a shared fragment is read once, with the agents that it reaches. Pure.

Two agents share a change of text when the same lines go and come, whatever else their texts say.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import takewhile

from agentops.diagnostics import Where
from agentops.document import Path, Secret
from agentops.plan.model import Action, AgentChange, Drift, FieldChange

_SHARING = (Action.UPDATE, Action.GO_LIVE, Action.RESTORE)


@dataclass(frozen=True, slots=True)
class Shared:
    """One change of several agents, as the first of them has it. Its place is kept only where it is that of all.

    agents:        their keys, in the plan's order
    numbers:       how many of them are on phone numbers
    is_same_text:  whether before and after are the same for all, and not only what differs
    """

    changes: tuple[FieldChange, ...]
    agents: tuple[str, ...]
    numbers: int
    is_same_text: bool

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
        """Whether there is nothing to say of an agent but what it has in common with others."""
        is_alone = change.drift is not Drift.NONE or change.uncalled_since or change.unverifiable or change.unmanaged
        return bool(self.count.get(change.key)) and not self.own[change.key] and not is_alone


def share(changes: Iterable[AgentChange]) -> Sharing:
    """What is told once for several agents. The halves of a renamed item stay together."""
    agents = {change.key: change for change in changes if change.action in _SHARING}
    holders: dict[Hashable, list[tuple[str, tuple[FieldChange, ...]]]] = {}
    found = {key: list(_units(change.fields)) for key, change in agents.items()}
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


def _units(fields: Sequence[FieldChange]) -> Iterator[tuple[FieldChange, ...]]:
    """Field changes that are told together: both halves of a renamed item, any other alone."""
    by_path: dict[Path, FieldChange] = {each.path: each for each in fields}
    for each in fields:
        other = by_path.get((*each.path[:-1], each.renamed)) if each.renamed is not None else None
        if other is None:
            yield (each,)
        elif each.after is not None:
            yield (other, each)


def _identity(unit: Sequence[FieldChange]) -> Hashable:
    return tuple(
        (
            *(each.path, each.operation, each.category, each.risk, each.changed_by, each.is_immediate, each.renamed),
            _content(each),
        )
        for each in unit
    )


def _content(change: FieldChange) -> Hashable:
    before, after = change.before, change.after
    if isinstance(before, str) and isinstance(after, str) and ("\n" in before or "\n" in after):
        return _hunks(before, after)
    return _told(before), _told(after)


def _told(value: object) -> str:
    return value.reference if isinstance(value, Secret) else repr(value)


@lru_cache(maxsize=256)
def _hunks(before: str, after: str) -> Hashable:
    """The lines that go and come, stretch by stretch, without where they stand."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    head = _alike(zip(old, new, strict=False))
    tail = _alike(zip(reversed(old[head:]), reversed(new[head:]), strict=False))
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    codes = SequenceMatcher(None, old, new).get_opcodes()
    return tuple((tuple(old[i1:i2]), tuple(new[j1:j2])) for tag, i1, i2, j1, j2 in codes if tag != "equal")


def _alike(pairs: Iterable[tuple[str, str]]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _shared(held: Sequence[tuple[str, tuple[FieldChange, ...]]], agents: Mapping[str, AgentChange]) -> Shared:
    keys = tuple(key for key, _ in held)
    units = [unit for _, unit in held]
    return Shared(
        changes=tuple(
            replace(each, where=_common([unit[position].where for unit in units]))
            for position, each in enumerate(units[0])
        ),
        agents=keys,
        numbers=sum(bool(agents[key].numbers) for key in keys),
        is_same_text=len({tuple(_told((each.before, each.after)) for each in unit) for unit in units}) == 1,
    )


def _common(places: Sequence[Where | None]) -> Where | None:
    return places[0] if len(set(places)) == 1 else None
