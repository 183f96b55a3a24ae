"""The plan as a value: what will change, why, what it risks, and what it was computed from.

Nothing here computes; `plan.build` does. `plan.plan_json` writes it as JSON, `plan.serial` reads it back. In memory an
`AgentChange` also carries the desired and observed state it came from, which apply needs; those two never leave the
process. Nothing is done to an agent that stays as it is, so what was observed of it is dropped: in a large account that
is most of a plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from agentops.diagnostics import Diagnostic, Stretch, Where, has_errors
from agentops.document import DesiredAgent, Generation, ObservedAgent, Path, Revision
from agentops.errors import ExitCode
from agentops.fields import Category, Risk
from agentops.plan.references import ReferenceMap
from agentops.resources import Address, DesiredResource, ObservedResource

FORMAT_VERSION = 1


class Action(StrEnum):
    """What apply will do to one agent."""

    CREATE = "create"
    UPDATE = "update"
    GO_LIVE = "go_live"  # already published, not live yet
    RESTORE = "restore"  # a rollback: an older revision becomes live again
    ARCHIVE = "archive"
    CALL = "call"  # it serves what is wanted and has not passed its calls: they are made again
    UNCHANGED = "unchanged"


class ResourceAction(StrEnum):
    """What apply will do about one resource."""

    CREATE = "create"
    REPLACE = "replace"  # a new one is made; the old one serves until the agents that refer to it have moved
    UPDATE = "update"  # where it is, at once
    DELETE = "delete"
    UNCHANGED = "unchanged"


class ChangedBy(StrEnum):
    """Who moved a field since we last put the agent live."""

    GIT = "git"
    CONSOLE = "console"
    BOTH = "both"


class Operation(StrEnum):
    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One leaf that differs. Secret values are `Secret` (shown by reference), an absent side is None.

    path:         in write names; a keyed list's item is named by its key: ("singlePromptConfig", "tools", "end_call")
    renamed:      for an item of a keyed list that was removed and added again under another key: that other key; both
                  changes have it
    lines:        for a text of several lines: where those of `after` are written; `where` is the first that differs
    is_immediate: unversioned metadata: takes effect at once and is not covered by the platform's rollback
    exact:        the path as the platform has it, where `path` or `renamed` hides a secret in a name (`plan.names`); in
                  memory only
    """

    path: Path
    operation: Operation
    before: Any
    after: Any
    category: Category
    risk: Risk
    changed_by: ChangedBy = ChangedBy.GIT
    reason: str = ""
    where: Where | None = None
    is_immediate: bool = False
    renamed: str | None = None
    lines: tuple[Stretch, ...] = ()
    exact: Path | None = field(default=None, compare=False, repr=False)

    @property
    def exact_path(self) -> Path:
        """Where the field is on the platform: what is done is done by this path, and `path` is what is shown."""
        return self.exact or self.path


class Drift(StrEnum):
    """How what serves differs from what we last put live."""

    NONE = "none"
    EDITED = "edited"  # a revision without our mark is live and differs in managed fields
    ROLLED_BACK = "rolled_back"  # an older revision of ours is live
    RESTORED = "restored"  # somebody restored an older revision that is not ours
    FOREIGN = "foreign"  # live carries another project's or environment's mark
    UNMANAGED = "unmanaged"  # no revision was ever ours: adoption
    RENAMED = "renamed"  # found by its mark under another name
    ARCHIVED = "archived"  # archived in the console
    BRANCH_SWITCHED = "branch_switched"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule that blocks applying. `acknowledgement` is what `--ack` takes; None when it can't be acknowledged."""

    code: str
    summary: str
    hint: str
    agent: str | None = None
    acknowledgement: str | None = None
    is_stale: bool = False  # drift and conflicts end in exit code 5, safety rules in 4


@dataclass(frozen=True, slots=True)
class ExpectedCalls:
    """The calls that an apply makes of one agent.

    scripts: how many its spec names; `called`: how many of them this change calls for
    minutes: about how long they take, repeats and the calls of a copy included
    reason:  why none is called; without scripts the spec's own words, "" where it gives none
    """

    scripts: int
    called: int
    minutes: float
    reason: str = ""

    def __str__(self) -> str:
        if not self.scripts:
            return f"no calls: {self.reason or 'its spec names no call script'}"
        counted = f"{self.called} of {self.scripts} script{'s' if self.scripts != 1 else ''} called"
        return f"{counted}, about {self.minutes:.1f} minutes" if self.called else f"{counted}: {self.reason}"


@dataclass(frozen=True, slots=True)
class CallCosts:
    """All calls of a plan against what the account has left; None for what the platform does not say.

    cost: by what a minute cost in the last calls of an agent that is called. No source says that this is in credits; it
          is compared with them as if it were.
    """

    minutes: float
    cost: float | None
    credits_left: float | None

    def __str__(self) -> str:
        cost = "not known" if self.cost is None else f"about {self.cost:.2f} by the last calls"
        left = "not known" if self.credits_left is None else f"{self.credits_left:.2f}"
        return f"about {self.minutes:.1f} minutes in all; cost: {cost}; credits left: {left}"


@dataclass(frozen=True, slots=True)
class Impact:
    """How many words the model reads at the start of a call: prompts, tool definitions and greeting. Tokens are an
    estimate: four for every three words."""

    words_before: int
    words_after: int

    @property
    def tokens_before(self) -> int:
        return round(self.words_before * 4 / 3)

    @property
    def tokens_after(self) -> int:
        return round(self.words_after * 4 / 3)

    def __str__(self) -> str:
        return (
            f"the model reads {self.words_before} -> {self.words_after} words at the start of a call (prompt, tools, "
            f"greeting), about {self.tokens_before} -> {self.tokens_after} tokens"
        )


@dataclass(frozen=True, slots=True)
class AgentChange:
    """One agent's part of a plan.

    uncalled_since: what serves has not passed its calls; this is the revision (by its number, or its id) to go back to
    calls:          those of its apply; None where nobody is called
    impact:         what the model reads at the start, where a change makes it more or less
    numbers:        the phone numbers that it has or gets, by their product ids
    """

    key: str
    name: str
    action: Action
    reason: str
    agent_id: str | None = None
    base_revision_id: str | None = None
    base_number: int | None = None
    fingerprint: str = ""
    fields: tuple[FieldChange, ...] = ()
    drift: Drift = Drift.NONE
    drift_fields: tuple[FieldChange, ...] = ()
    drift_detail: str = ""
    unmanaged: tuple[Path, ...] = ()
    unverifiable: tuple[str, ...] = ()
    foreign_draft: str | None = None
    uncalled_since: str | None = None
    calls: ExpectedCalls | None = None
    impact: Impact | None = None
    numbers: tuple[str, ...] = ()
    desired: DesiredAgent | None = field(default=None, compare=False, repr=False)
    observed: ObservedAgent | None = field(default=None, compare=False, repr=False)
    restore_to: Revision | None = field(default=None, compare=False, repr=False)

    @property
    def base_name(self) -> str | None:
        """What people call the revision it was computed from: its number, or its id; None where nothing served."""
        return str(self.base_number) if self.base_number is not None else self.base_revision_id

    @property
    def is_change(self) -> bool:
        return self.action is not Action.UNCHANGED

    @property
    def is_deploy(self) -> bool:
        """Whether it puts what the spec says before callers."""
        return self.action in (Action.CREATE, Action.UPDATE, Action.GO_LIVE)

    @property
    def is_drifted(self) -> bool:
        """Whether somebody else changed what serves, in anything that the spec manages. A rollback of ours and an agent
        that was never ours are no drift."""
        return bool(self.drift_fields) or self.drift in (Drift.FOREIGN, Drift.RENAMED, Drift.ARCHIVED)

    @property
    def categories(self) -> frozenset[Category]:
        return frozenset(change.category for change in self.fields)


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource's part of a plan.

    resource_id: of what is there and is replaced, updated, deleted or left, or of what an earlier run began to make
    fingerprint: of what is wanted; "" for what goes
    reaches:     keys of the agents that refer to it, or whose events a webhook gets
    is_pruned:   it goes because no file describes it any more
    displaces:   subscriptions, by webhook and agent, that those of this webhook replace
    """

    address: Address
    name: str
    action: ResourceAction
    reason: str
    resource_id: str | None = None
    fingerprint: str = ""
    fields: tuple[FieldChange, ...] = ()
    reaches: tuple[str, ...] = ()
    drift: Drift = Drift.NONE
    drift_detail: str = ""
    is_pruned: bool = False
    desired: DesiredResource | None = field(default=None, compare=False, repr=False)
    observed: ObservedResource | None = field(default=None, compare=False, repr=False)
    displaces: frozenset[tuple[str, str]] = field(default=frozenset(), compare=False, repr=False)

    @property
    def key(self) -> str:
        return str(self.address)

    @property
    def is_change(self) -> bool:
        return self.action is not ResourceAction.UNCHANGED

    @property
    def is_drifted(self) -> bool:
        return self.drift is not Drift.NONE


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes of one environment against one account, with everything that speaks against applying them.

    `resources` are in the order in which they are carried out (`plan.graph`); `references`, in memory only, says which
    id of the account means which resource.

    `digest` covers the environment, all targets, all base revisions and all desired fingerprints, and nothing else:
    the same intention on the same world has the same digest on any machine.
    """

    project: str
    environment: str
    target: str
    generation: Generation
    changes: tuple[AgentChange, ...]
    digest: str
    diagnostics: tuple[Diagnostic, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    acknowledged: tuple[str, ...] = ()
    call_costs: CallCosts | None = None
    format_version: int = FORMAT_VERSION
    resources: tuple[ResourceChange, ...] = ()
    references: ReferenceMap | None = field(default=None, compare=False, repr=False)

    @property
    def is_empty(self) -> bool:
        return not any(each.is_change for each in self.changes) and not any(each.is_change for each in self.resources)

    @property
    def archives(self) -> bool:
        """Whether it takes agents out of service, which it does only where it was asked to look for such agents."""
        return any(change.action is Action.ARCHIVE for change in self.changes)

    @property
    def is_applyable(self) -> bool:
        """Nothing refuses it and no diagnostic is an error."""
        return self.blocked_code is None

    @property
    def blocked_code(self) -> ExitCode | None:
        """How an apply would end at once: stale before refused before a mistake in a file. None where it may begin."""
        if any(refusal.is_stale for refusal in self.refusals):
            return ExitCode.STALE
        if self.refusals:
            return ExitCode.REFUSED
        return ExitCode.FAILED if has_errors(self.diagnostics) else None
