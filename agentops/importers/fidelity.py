"""What an import did to each value of its source: the result types from which the fidelity reports are rendered.

Plain values. They are made by the ledger in `importers.elevenlabs.leaf_ledger`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

FORMAT_VERSION = 2
NOT_COPIED = "(not copied)"
CHOSEN = "(your choice)"  # the value of a target for which the choices file has the answer


class Grade(StrEnum):
    """How much of a value was kept. The last two need nobody's attention, and short reports only count them."""

    EXACT = "exact"
    APPROXIMATED = "approximated"
    CHOICE = "needs a choice"
    UNSUPPORTED = "unsupported"
    BOOKKEEPING = "bookkeeping"
    DEFAULT = "default"


# Codes whose values need somebody's attention even where they were kept approximately.
_NEEDS_ATTENTION = frozenset({"EL003", "EL007", "EL014", "EL018", "EL022", "EL023"})
SHOWN = (Grade.CHOICE, Grade.UNSUPPORTED, Grade.APPROXIMATED, Grade.EXACT)


# What a finding of each code means for callers, the worst first.
RISKS: Mapping[str, str] = {
    "EL009": "Secrets were in the clear, or are kept elsewhere: replace what leaked and set them in each environment",
    "EL018": "Recording, retention and redaction cannot be set as before: settle it before taking calls",
    "EL012": "Transfers need a number, or callers are not put through",
    "EL011": "What a built-in tool or another agent did is missing",
    "EL008": "Tools are named but not defined in the input",
    "EL010": "Tools need an address or a client, or have no counterpart",
    "EL003": "Languages are missing, or switched in another way",
    "EL004": "The first words or the prompt must be written",
    "EL023": "The prompt mentions tools that are called otherwise now, or are gone",
    "EL013": "Knowledge must be loaded anew",
    "EL017": "Guardrails are instructions now, and no checks",
    "EL014": "The workflow is followed by instruction only",
    "EL007": "Variables differ or have no value",
    "EL016": "Webhooks must be registered anew, and sessions take variables only",
    "EL005": "Times were brought into other limits",
    "EL001": "A voice must be chosen and listened to",
    "EL002": "A model must be chosen and listened to",
    "EL019": "Texts hold marks that would be read aloud",
    "EL015": "Metrics have new names or types",
    "EL022": "Tests need the caller's words, a judge, or sharper checks",
    "EL021": "The input had to be repaired, or holds values of a wrong type",
    "EL006": "Settings behave a little differently",
    "EL020": "Settings have no counterpart",
}
MOST_TASKS = 5


@dataclass(frozen=True, slots=True)
class Item:
    """What became of one value.

    source, value:        its place, and what it was (`NOT_COPIED` for a secret); no value for a remark
    target, target_value: where it went in the spec; None if it went nowhere
    code:                 stable (`EL001` ...), one per kind of finding
    is_leaf:              True for a value of the source, False for a remark about it or about the agent as a whole
    """

    grade: Grade
    code: str
    source: str
    why: str = ""
    todo: str = ""
    value: Any = None
    target: str | None = None
    target_value: Any = None
    is_leaf: bool = True


@dataclass(frozen=True, slots=True)
class Addition:
    """A field that was written although the source doesn't have it, because the platforms' defaults differ."""

    target: str
    value: Any
    why: str


@dataclass(frozen=True, slots=True)
class OpenChoice:
    """A decision that only a person can make. `proposals`: (value, reason), best first."""

    agent: str
    name: str
    question: str
    proposals: tuple[tuple[str, str], ...] = ()
    answer: Any = None

    @property
    def is_open(self) -> bool:
        return self.answer is None


@dataclass(frozen=True, slots=True)
class AgentFidelity:
    """What became of one imported agent: every leaf of its source has exactly one item."""

    key: str
    name: str
    origin: str
    items: tuple[Item, ...]
    additions: tuple[Addition, ...] = ()
    choices: tuple[OpenChoice, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def counts(self) -> Mapping[Grade, int]:
        found = Counter(item.grade for item in self.items if item.is_leaf)
        return {grade: found.get(grade, 0) for grade in Grade}

    @property
    def open_choices(self) -> tuple[OpenChoice, ...]:
        return tuple(choice for choice in self.choices if choice.is_open)

    @property
    def leaves(self) -> int:
        return sum(1 for item in self.items if item.is_leaf)

    def of(self, grade: Grade) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.grade is grade)


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do before agents take calls: the risk, the ways to do it, and the agents."""

    code: str
    risk: str
    todos: tuple[str, ...]
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnreadableInput:
    """An input that could not be read as an agent, and why."""

    origin: str
    reason: str


@dataclass(frozen=True, slots=True)
class FidelityReport:
    """One import run: the agents that it imported, the inputs that it refused, and remarks that belong to no agent."""

    source: str
    agents: tuple[AgentFidelity, ...]
    refused: tuple[UnreadableInput, ...] = ()
    remarks: tuple[str, ...] = ()
    format_version: int = field(default=FORMAT_VERSION)

    @property
    def counts(self) -> Mapping[Grade, int]:
        return total(agent.counts for agent in self.agents)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Everything that somebody must do, the worst risk to callers first."""
        return tuple(task for code in RISKS if (task := self._task(code)) is not None)

    def _task(self, code: str) -> Task | None:
        todos: dict[str, None] = {}
        agents: dict[str, None] = {}
        for agent in self.agents:
            for item in agent.items:
                is_open = item.target_value != CHOSEN or bool(agent.open_choices)
                is_lacking = item.grade in (Grade.CHOICE, Grade.UNSUPPORTED)
                needs_somebody = is_lacking or (item.grade is Grade.APPROXIMATED and code in _NEEDS_ATTENTION)
                if item.code == code and item.todo and is_open and needs_somebody:
                    todos[item.todo] = None
                    agents[agent.key] = None
        return Task(code, RISKS[code], tuple(todos), tuple(agents)) if agents else None

    @property
    def choices(self) -> tuple[OpenChoice, ...]:
        return tuple(choice for agent in self.agents for choice in agent.choices)

    @property
    def open_choices(self) -> tuple[OpenChoice, ...]:
        return tuple(choice for choice in self.choices if choice.is_open)


def total(counts: Iterable[Mapping[Grade, int]]) -> Mapping[Grade, int]:
    """The counts of several agents added up."""
    summed = dict.fromkeys(Grade, 0)
    for each in counts:
        for grade, number in each.items():
            summed[grade] += number
    return summed
