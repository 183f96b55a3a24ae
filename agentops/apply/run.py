"""What all stages of one run share: its plan, port, options and clock, and where each agent of it stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar, assert_never

from agentops.apply.intent import differing_paths
from agentops.apply.model import ApplyOptions, EventSink, Smoke, Stage, StageFinished, StageStarted, Warned
from agentops.apply.reached import (
    Archived,
    Called,
    Created,
    Deployed,
    Drafted,
    Guarded,
    Live,
    Opened,
    Planned,
    Published,
    Publishing,
    Reached,
    Restoring,
    StoppedError,
    Superseded,
    Verified,
)
from agentops.apply.scans import Scans
from agentops.apply.writes import write_once
from agentops.clock import Clock
from agentops.document import Document, Draft, Mark, ObservedAgent, Revision
from agentops.errors import AgentopsError, NotFoundError
from agentops.plan.model import AgentChange, Plan
from agentops.remote.port import Writer

R = TypeVar("R", bound=Reached)


@dataclass(slots=True)
class Run:
    """Handed to every stage. `reached` and `warnings` are by key, and the only things that change in it."""

    plan: Plan
    writer: Writer
    options: ApplyOptions
    clock: Clock
    scans: Scans
    tell: EventSink
    smoke: Smoke | None = None
    reached: dict[str, Reached] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)

    def reach(self, value: R) -> R:
        """Notes where an agent stands, for the case that it is interrupted, and returns it."""
        self.reached[value.change.key] = value
        return value

    def warn(self, key: str, text: str) -> None:
        self.warnings.setdefault(key, []).append(text)
        self.tell(Warned(key, text))

    @contextmanager
    def at(self, reached: Reached, stage: Stage) -> Iterator[list[str]]:
        """Tells of a stage from its start to its end; texts put into the list become the event's detail.

        Raises StoppedError with the value reached before, where the stage fails.
        """
        key = reached.change.key
        self.tell(StageStarted(key, stage))
        details: list[str] = []
        try:
            yield details
        except AgentopsError as error:
            raise StoppedError(reached, stage, error) from error
        self.tell(StageFinished(key, stage, "; ".join(details)))

    def mark_of(self, change: AgentChange) -> Mark:
        return Mark(self.plan.project, self.plan.environment, change.key, change.fingerprint)


async def clean_up(run: Run, reached: Reached) -> None:
    """Takes back what this run has left open on an agent; where that fails, a warning says so."""
    try:
        match reached:
            case Opened(agent, draft) | Drafted(agent, draft):
                await discard_draft(run, agent.observed, draft)
            case Publishing(agent, publication, Draft() as draft):
                await run.writer.cancel_publication(publication)
                await discard_draft(run, agent.observed, draft)
            case Publishing() | Planned() | Created() | Guarded() | Published():
                pass  # nothing is open; what was published serves nobody, and the next run makes it live
            case Live() | Superseded() | Verified() | Deployed() | Called() | Restoring() | Archived():
                pass
            case _:
                assert_never(reached)
    except AgentopsError as error:
        run.warn(reached.change.key, f"the draft of this run is still open: {error.summary}")


async def discard_draft(run: Run, observed: ObservedAgent, draft: Draft) -> None:
    """Throws the draft away; that it is gone already is no error."""

    async def write() -> bool:
        with suppress(NotFoundError):
            await run.writer.discard_draft(observed, draft)
        return True

    async def read_back() -> bool | None:
        return True if await run.writer.read_draft(observed) is None else None

    await write_once(write, read_back, run.clock)


async def write_unversioned(run: Run, agent_id: str, body: Document) -> None:
    """Writes fields that take effect at once and are in no revision."""

    async def write() -> bool:
        await run.writer.write_metadata(agent_id, body)
        return True

    async def read_back() -> bool | None:
        listing = await run.writer.read_listing(agent_id)
        held = {**listing.metadata, "name": listing.name}
        return True if not differing_paths(body, Revision("", document=held)) else None

    await write_once(write, read_back, run.clock)
