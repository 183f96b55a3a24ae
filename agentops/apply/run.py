"""What all stages of one run share: its plan, port, options and clock, and where each of its agents stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
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
    Mixed,
    Opened,
    Overtook,
    Planned,
    Published,
    Publishing,
    Reached,
    Restoring,
    StoppedError,
    Superseded,
    UnderWay,
    Verified,
)
from agentops.apply.scans import Scans
from agentops.apply.writes import write_once
from agentops.clock import Clock
from agentops.document import Document, Draft, Generation, Mark, Note, ObservedAgent, Revision, with_note
from agentops.errors import AgentopsError, DefectError, NotFoundError
from agentops.plan.drafts import foreign_draft
from agentops.plan.model import AgentChange, Plan
from agentops.remote.port import Publication, Writer

R = TypeVar("R", bound=UnderWay)


@dataclass(slots=True)
class Run:
    """Handed to every stage. Only `reached` and `warnings`, which are by key, ever change."""

    plan: Plan
    writer: Writer
    options: ApplyOptions
    clock: Clock
    scans: Scans
    emit: EventSink
    smoke: Smoke | None = None
    reached: dict[str, UnderWay] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)

    def reach(self, value: R) -> R:
        """Records where an agent stands, in case the run is interrupted, and returns it."""
        self.reached[value.change.key] = value
        return value

    def warn(self, key: str, text: str) -> None:
        self.warnings.setdefault(key, []).append(text)
        self.emit(Warned(key, text))

    @contextmanager
    def at(self, reached: Reached, stage: Stage) -> Iterator[list[str]]:
        """Reports a stage from start to end; texts put into the list become the event's detail.

        Raises StoppedError with the value reached before, where the stage fails. A defect of ours is such a failure,
        too: it ends one agent, which is cleaned up and reported, and not the run.
        """
        key = reached.change.key
        self.emit(StageStarted(key, stage))
        details: list[str] = []
        try:
            yield details
        except StoppedError:
            raise
        except AgentopsError as error:
            raise StoppedError(reached, stage, error) from error
        except Exception as bug:
            raise StoppedError(reached, stage, DefectError(bug)) from bug
        self.emit(StageFinished(key, stage, "; ".join(details)))

    def is_called(self, change: AgentChange) -> bool:
        """Whether this run calls the agent once the change is live."""
        return self.smoke is not None and self.smoke.is_called(change)

    def mark_of(self, change: AgentChange) -> Mark:
        """The mark of what this run publishes for the agent.

        It holds the hash of the agent's files only where calls follow, or the spec says why there are none: another
        environment that requires this one takes the hash as proof that these files were tried here.
        """
        desired = change.desired
        is_tried = desired is not None and (self.is_called(change) or desired.no_calls_reason is not None)
        sources = desired.sources if desired is not None and is_tried else ""
        return Mark(self.plan.project, self.plan.environment, change.key, change.fingerprint, sources)


async def clean_up(run: Run, reached: Reached) -> None:
    """Takes back what this run has left open on an agent; where that fails, a warning says so."""
    try:
        match reached:
            case Opened(agent, draft) | Drafted(agent, draft):
                await _withdraw(run, agent, draft, None)
            case Publishing(agent, publication, Draft() as draft):
                await _withdraw(run, agent, draft, publication)
            case Publishing() | Planned() | Created() | Guarded() | Published():
                pass  # nothing is open; what was published serves nobody, and the next run makes it live
            case Live() | Superseded() | Overtook() | Mixed() | Verified() | Called() | Deployed():
                pass
            case Restoring() | Archived():
                pass
            case _:
                assert_never(reached)
    except AgentopsError as error:
        run.warn(reached.change.key, f"the draft of this run is still open: {error.summary}")


async def _withdraw(run: Run, agent: Guarded, draft: Draft, publication: Publication | None) -> None:
    """Stops our publish and throws our draft away.

    On v2 everybody shares the draft: it is ours alone as long as the last write was ours, the base still serves and
    nobody else publishes it. Otherwise it is left open.
    """
    head = await run.writer.read_head(agent.agent_id)
    has_moved = head.revision_id != agent.base_id and run.plan.generation is Generation.V2
    # Before the draft is looked at, since a publish that goes through takes it away. It stops whatever is being
    # published on the branch, which may be somebody else's once another revision serves.
    if publication is not None and not has_moved:
        await run.writer.cancel_publication(publication)
    held = await run.writer.peek_draft(agent.observed, draft.draft_id)
    if held is None:
        return
    why = None
    if held.draft_revision != draft.draft_revision and not await _holds_ours(run, agent, held):
        why = "somebody else has written to it"
    elif has_moved:
        why = f"revision {head.name} went live meanwhile"
    elif held.is_publishing and publication is None and not draft.is_publishing:
        why = "somebody else publishes it"
    if why is None:
        await discard_draft(run, agent.observed, held)
    else:
        run.warn(agent.change.key, f"draft {held.draft_id} is open and is left as it is: {why}")


async def _holds_ours(run: Run, agent: Guarded, held: Draft) -> bool:
    """Whether the draft holds exactly what this run writes: the write may be ours, and its answer lost."""
    found, desired = await run.writer.read_draft(agent.observed), agent.change.desired
    is_it = found is not None and desired is not None and found.draft_id == held.draft_id
    return is_it and desired is not None and foreign_draft(desired, replace(agent.observed, draft=found)) is None


async def discard_draft(run: Run, observed: ObservedAgent, draft: Draft) -> None:
    """Throws the draft away; one that is gone already is no error."""

    async def write() -> bool:
        with suppress(NotFoundError):
            await run.writer.discard_draft(observed, draft)
        return True

    async def read_back() -> bool | None:
        return True if await run.writer.peek_draft(observed, draft.draft_id) is None else None

    await write_once(write, read_back, run.clock)


async def put_note_back(run: Run, reached: Reached) -> None:
    """Nothing went live, so the description gets back the note that it had.

    Where that fails, the new note stays and does no harm: it is read as stale while what it names still serves.
    """
    match reached:
        case Guarded() | Opened() | Drafted() | Publishing() | Published():
            agent = reached.agent
        case Planned() | Created() | Restoring() | Archived():
            return  # no note was written, or who restores sees to it
        case Live() | Superseded() | Overtook() | Mixed() | Verified() | Called() | Deployed():
            return  # another revision serves than the old note was about
        case _:
            assert_never(reached)
    before = agent.observed.listing.note
    if agent.note == before:
        return
    with suppress(AgentopsError):
        head = await run.writer.read_head(agent.agent_id)
        if head.revision_id == agent.base_id:  # the note may be about whatever else serves by now
            await write_unversioned(run, agent.agent_id, description_with(agent, before))


def description_with(agent: Guarded, note: Note | None) -> Document:
    """The agent's own description, with `note`, as fields to write."""
    return {"description": with_note(agent.observed.listing.metadata.get("description", ""), note)}


async def write_unversioned(run: Run, agent_id: str, body: Document) -> None:
    """Writes fields that take effect at once and are in no revision."""

    async def write() -> bool:
        await run.writer.write_metadata(agent_id, body)
        return True

    async def read_back() -> bool | None:
        listing = await run.writer.read_listing(agent_id)
        description = with_note(listing.metadata.get("description", ""), listing.note)
        held = {**listing.metadata, "name": listing.name, "description": description}
        return True if not differing_paths(body, Revision("", document=held)) else None

    await write_once(write, read_back, run.clock)
