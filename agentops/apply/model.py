"""What goes into an apply and what comes out: options, stages, events while it runs, and the result at the end.

Values only; `apply.engine` makes them, `render` and the command line show them. Nothing here prints or reads a clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

from agentops.clock import Clock
from agentops.commands import in_environment
from agentops.document import Deploy
from agentops.document import Verdict as Verdict
from agentops.errors import AgentopsError, ExitCode
from agentops.plan.model import Action, AgentChange, ResourceAction
from agentops.resources import Address, SourceFile


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """How one run goes about it; what it does is in the plan.

    deploy:          the environment's deploy rules: label, what to do when a call fails
    discard_draft:   throw away somebody else's open draft instead of refusing
    is_atomic:       when one agent fails after others went live, restore those, newest first
    scan_timeout_s:  how long one publish may be scanned before its outcome counts as unknown
    poll_interval_s: pause between two looks at all scans that are still running
    calls_at_once:   agents that are called at the same time after going live
    """

    deploy: Deploy = field(default_factory=Deploy)
    discard_draft: bool = False
    is_atomic: bool = False
    scan_timeout_s: float = 180.0
    poll_interval_s: float = 2.0
    calls_at_once: int = 4


class Stage(StrEnum):
    """The steps of one agent. They happen in this order, except that v1 notes right before it goes live; RESTORE
    comes only after a failure."""

    GUARD = "guard"
    CREATE = "create"
    DRAFT = "draft"
    PATCH = "patch"
    COMPARE = "compare"
    NOTE = "note"
    PUBLISH = "publish"
    SCAN = "scan"
    LIVE = "live"
    VERIFY = "verify"
    SMOKE = "smoke"
    METADATA = "metadata"
    RESTORE = "restore"
    ARCHIVE = "archive"


class Outcome(StrEnum):
    """How one agent ended. UNKNOWN: a write was cut off and reading could not tell whether it took effect."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNKNOWN = "unknown"
    ROLLED_BACK = "rolled_back"
    NOT_ATTEMPTED = "not_attempted"


@dataclass(frozen=True, slots=True)
class SmokeVerdict:
    """What the calls after going live came to. `text` is for people: what was heard and what was expected.

    `report` is the folder or page with the details. INCONCLUSIVE never restores anything by itself.
    """

    verdict: Verdict
    text: str = ""
    report: str | None = None


class Smoke(Protocol):
    """Calls an agent that has just gone live, by the scripts that its spec names."""

    def is_called(self, change: AgentChange) -> bool:
        """Whether there is anything to call after this change."""
        ...

    async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
        """None when there is nothing to call. Never raises: calls that can't be made are INCONCLUSIVE."""
        ...


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a stage failed, safe to show and to journal."""

    code: str
    summary: str
    hint: str | None = None
    exit_code: ExitCode = ExitCode.FAILED

    @classmethod
    def from_error(cls, error: AgentopsError, environment: str) -> Problem:
        hint = in_environment(error.hint, environment) if error.hint else None
        return cls(code=error.code, summary=error.summary, hint=hint, exit_code=error.exit_code)


@dataclass(frozen=True, slots=True)
class AgentResult:
    """How one agent of the plan ended, and what serves its calls now.

    revision_id, number:           what this run published, made live, restored or called again (None: nothing)
    previous_revision_id, _number: what served before this run
    serving_revision_id, _number:  what serves now; None where it is not known or nothing does
    stage:                         where it stopped, for FAILED, UNKNOWN and ROLLED_BACK
    calls:                         which calls were planned for it, or why none; "" where nobody is called
    """

    key: str
    name: str
    action: Action
    outcome: Outcome
    detail: str = ""
    agent_id: str | None = None
    stage: Stage | None = None
    problem: Problem | None = None
    revision_id: str | None = None
    number: int | None = None
    previous_revision_id: str | None = None
    previous_number: int | None = None
    serving_revision_id: str | None = None
    serving_number: int | None = None
    fingerprint: str = ""
    warnings: tuple[str, ...] = ()
    verdict: SmokeVerdict | None = None
    calls: str = ""

    @property
    def previous_name(self) -> str | None:
        """What people call the revision that served before: its number, or its id."""
        return str(self.previous_number) if self.previous_number is not None else self.previous_revision_id

    @property
    def serving_name(self) -> str | None:
        """What people call the revision that serves now: its number, or its id."""
        return str(self.serving_number) if self.serving_number is not None else self.serving_revision_id


_BAD = frozenset({Outcome.FAILED, Outcome.UNKNOWN, Outcome.ROLLED_BACK, Outcome.NOT_ATTEMPTED})
_UNSUCCESSFUL_CALLS = frozenset({Verdict.FAILED, Verdict.INCONCLUSIVE})


@dataclass(frozen=True, slots=True)
class ResourceResult:
    """How one tool, knowledge base or webhook of the plan ended. `resource_id`: of what is there now, or was."""

    address: Address
    name: str
    action: ResourceAction
    outcome: Outcome
    detail: str = ""
    resource_id: str | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """The whole run: one result per agent and one per resource of the plan, in the plan's order. Times are ISO 8601 in
    UTC."""

    run_id: str
    project: str
    environment: str
    digest: str
    agents: tuple[AgentResult, ...]
    started_at: str = ""
    finished_at: str = ""
    is_interrupted: bool = False
    resources: tuple[ResourceResult, ...] = ()

    @property
    def counts(self) -> dict[Outcome, int]:
        """Every outcome with its number, zeros included."""
        found = Counter(agent.outcome for agent in self.agents)
        return {outcome: found[outcome] for outcome in Outcome}

    @property
    def exit_code(self) -> ExitCode:
        """The first of these that is true: interrupted, calls failed, stale, refused, applied in part, failed."""
        if self.is_interrupted:
            return ExitCode.INTERRUPTED
        if any(a.verdict and a.verdict.verdict in _UNSUCCESSFUL_CALLS for a in self.agents):
            return ExitCode.CALLS_FAILED
        ended: tuple[AgentResult | ResourceResult, ...] = (*self.agents, *self.resources)
        bad = [each for each in ended if each.outcome in _BAD]
        codes = {each.problem.exit_code for each in bad if each.problem}
        for code in (ExitCode.CALLS_FAILED, ExitCode.STALE, ExitCode.REFUSED):
            if code in codes:
                return code
        if bad and any(each.outcome is Outcome.APPLIED for each in ended):
            return ExitCode.PARTIAL
        return ExitCode.FAILED if bad else ExitCode.DONE


# ---- events, in the order of a run; renderers match on the type


@dataclass(frozen=True, slots=True)
class RunStarted:
    run_id: str
    environment: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StageStarted:
    key: str
    stage: Stage


@dataclass(frozen=True, slots=True)
class StageFinished:
    """`detail` is a few words for people: the revision published, the draft opened."""

    key: str
    stage: Stage
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ScanWaiting:
    """Still being scanned, after `waited_s` seconds."""

    key: str
    waited_s: float


@dataclass(frozen=True, slots=True)
class ResourceWaiting:
    """Files or pages of a knowledge base are still being processed, after `waited_s` seconds."""

    address: Address
    waited_s: float


@dataclass(frozen=True, slots=True)
class ResourceFinished:
    result: ResourceResult


@dataclass(frozen=True, slots=True)
class Warned:
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class AgentFinished:
    result: AgentResult


@dataclass(frozen=True, slots=True)
class RunFinished:
    result: ApplyResult


Event: TypeAlias = (
    RunStarted
    | StageStarted
    | StageFinished
    | ScanWaiting
    | ResourceWaiting
    | ResourceFinished
    | Warned
    | AgentFinished
    | RunFinished
)
EventSink: TypeAlias = Callable[[Event], None]


def ignore_event(event: Event) -> None:
    """The sink of a run that nobody watches."""


class Record(Protocol):
    """Where a run writes down what it does (`apply.journal`): one line per event, safe on disk before it returns."""

    def write(self, event: Event) -> None: ...


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a run touches besides the platform. `read_file` gives a file of a knowledge base as it is uploaded."""

    smoke: Smoke | None = None
    record: Record | None = None
    on_event: EventSink = field(default=ignore_event)
    clock: Clock | None = None
    run_id: str = ""
    read_file: Callable[[SourceFile], bytes] | None = None

    def emit(self, event: Event) -> None:
        if self.record is not None:
            self.record.write(event)  # before it is shown, so that nobody has seen what no journal has
        self.on_event(event)
