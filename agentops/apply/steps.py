"""How far one agent of a run has come, and what all of its steps share. The steps are in `staging` and `serving`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from agentops.apply.intent import (
    differing_paths,
)
from agentops.apply.model import ApplyOptions, EventSink, Smoke, SmokeVerdict, Stage, StageFinished, StageStarted
from agentops.apply.settle import Scans, settled
from agentops.clock import Clock
from agentops.document import (
    Document,
    Draft,
    Generation,
    Mark,
    ObservedAgent,
    Revision,
    Strategy,
)
from agentops.errors import (
    AgentopsError,
    NotFoundError,
)
from agentops.plan.model import Action, AgentChange, Plan
from agentops.remote.port import Branch, Publication, Writer


class VerifyError(AgentopsError):
    """What went live is not what was wanted."""


@dataclass(slots=True)
class Progress:
    """How far one agent has come. Only the task that runs the agent writes here.

    branch:        the branch made for this deploy, where the environment deploys on branches
    is_ours_open:  a draft that this run opened or wrote is still open
    revision:      published by this run or found staged; serves once `is_live`
    served_before: the live revision from before, with its document; None for a first deploy
    """

    change: AgentChange
    agent_id: str | None = None
    stage: Stage = Stage.GUARD
    observed: ObservedAgent | None = None
    draft: Draft | None = None
    body: Document = field(default_factory=dict)
    publication: Publication | None = None
    revision: Revision | None = None
    served_before: Revision | None = None
    warnings: list[str] = field(default_factory=list)
    branch: Branch | None = None
    is_ours_open: bool = False
    is_live: bool = False
    has_written_metadata: bool = False
    verdict: SmokeVerdict | None = None

    @property
    def is_first_deploy(self) -> bool:
        """Nothing of anybody's served before: there is nothing to go back to."""
        before = self.served_before
        return before is None or (self.change.base_number in (None, 1) and not before.label and self._is_pristine)

    @property
    def _is_pristine(self) -> bool:
        observed = self.change.observed
        return observed is None or (observed.base is None and len(observed.history) <= 1)

    @property
    def writes_config(self) -> bool:
        change = self.change
        return change.action is Action.CREATE or any(not each.is_immediate for each in change.fields)


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps bound to one run's plan, port, options and clock."""

    plan: Plan
    writer: Writer
    options: ApplyOptions
    clock: Clock
    scans: Scans
    emit: EventSink
    smoke: Smoke | None = None

    @contextmanager
    def at(self, progress: Progress, stage: Stage) -> Iterator[list[str]]:
        """Marks where the agent is; a text appended to what is yielded becomes the event's detail."""
        progress.stage = stage
        self.emit(StageStarted(progress.change.key, stage))
        said: list[str] = []
        yield said
        self.emit(StageFinished(progress.change.key, stage, "; ".join(said)))

    def mark_of(self, change: AgentChange) -> Mark:
        return Mark(self.plan.project, self.plan.environment, change.key, change.fingerprint)

    def uses_branch(self, progress: Progress) -> bool:
        """Whether this deploy gets a branch of its own. A first deploy does not: it would protect nobody's calls."""
        on_branch = self.options.deploy.strategy is Strategy.BRANCH and self.plan.generation is Generation.V2
        return on_branch and not progress.is_first_deploy

    async def discard(self, progress: Progress, draft: Draft) -> None:
        """Throws the draft away; that it is gone already is no error."""
        observed = known(progress.observed)

        async def write() -> bool:
            with suppress(NotFoundError):
                await self.writer.discard_draft(observed, draft)
            return True

        async def look() -> bool | None:
            return True if await self.writer.read_draft(observed) is None else None

        await settled(write, look, self.clock)
        progress.observed = replace(observed, draft=None)
        progress.is_ours_open = False

    async def write_metadata_settled(self, agent_id: str, body: Document) -> None:
        async def write() -> bool:
            await self.writer.write_metadata(agent_id, body)
            return True

        async def look() -> bool | None:
            listing = await self.writer.read_listing(agent_id)
            held = {**listing.metadata, "name": listing.name}
            return True if not differing_paths(body, Revision("", document=held)) else None

        await settled(write, look, self.clock)


def known(observed: ObservedAgent | None) -> ObservedAgent:
    if observed is None:
        raise LookupError("the agent was not read before it was written")
    return observed
