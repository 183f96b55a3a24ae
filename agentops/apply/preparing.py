"""Everything that callers can't notice: guard, create, draft, patch, compare; on v1 also publish and scan.

Each stage reads what it needs right before it writes, and goes on from what a killed run left.
"""

from __future__ import annotations

from dataclasses import replace

from agentops.apply.intent import body_to_write, differing_paths, unplanned_differences, wanted_config
from agentops.apply.model import Stage
from agentops.apply.publishing import publish, wait_for_scan
from agentops.apply.reached import (
    Created,
    Drafted,
    Guarded,
    Live,
    Opened,
    Planned,
    Published,
    Publishing,
    Ready,
    StoppedError,
    Superseded,
)
from agentops.apply.run import Run, discard_draft
from agentops.apply.stale import base_moved, unplanned_changes
from agentops.apply.writes import write_once
from agentops.document import Document, Draft, Generation, Note, NoteKind, ObservedAgent, Revision, read_mark, with_note
from agentops.errors import AgentopsError, StaleError
from agentops.plan.drafts import foreign_draft
from agentops.plan.model import Action, AgentChange
from agentops.plan.notes import FIRST_REVISION, INBOUND
from agentops.remote.port import Head, Publication

_HISTORY = 100  # how many revisions to search for the one that last passed its calls


async def prepare(run: Run, planned: Planned) -> Ready:
    """Takes an agent as far as callers can't notice: to a draft (v2), or to a version that is not live (v1).

    It stays `Guarded` where nothing is to be published, and is `Live` where another run put the same thing live.
    Raises StoppedError.
    """
    change = planned.change
    if change.action is Action.CREATE:
        guarded = await create(run, planned)
    else:
        found = await guard(run, planned)
        if isinstance(found, Live):
            return run.reach(found)
        guarded = found
    run.reach(guarded)
    if change.action is Action.GO_LIVE and change.restore_to is not None:
        waiting = Publication(guarded.agent_id, change.restore_to.label or "", revision=change.restore_to)
        publishing = run.reach(Publishing(guarded, waiting, draft=None))
    elif _writes_config(change):
        opened = run.reach(await open_draft(run, guarded))
        drafted = run.reach(await fill_draft(run, opened))
        if run.plan.generation is Generation.V2:
            return drafted  # publishing on the live branch is going live
        publishing = run.reach(await publish(run, drafted))
    else:
        return guarded
    return run.reach(Published(guarded, await wait_for_scan(run, publishing)))


def _writes_config(change: AgentChange) -> bool:
    if change.action is Action.CREATE:
        return True
    return change.action is Action.UPDATE and any(not each.is_immediate for each in change.fields)


async def guard(run: Run, planned: Planned) -> Guarded | Live:
    """Makes sure that the world is still the one that the plan was made for. Stops with StaleError when it is not."""
    change = planned.change
    with run.at(planned, Stage.GUARD):
        observed = change.observed
        if observed is None:
            raise LookupError(f"{change.key}: a plan that is read from a file has to be computed again")
        head = await run.writer.read_head(observed.agent_id)
        if head.revision_id != change.base_revision_id:
            return await _follow_moved_base(run, change, observed, head)
        if _writes_config(change) and (head.has_draft or observed.draft is not None):
            observed = await _look_at_draft(run, change, observed, head)
        back_to = await _last_passed(run, change, observed)
        return Guarded(change, observed, observed.live, back_to, observed.listing.note)


async def _last_passed(run: Run, change: AgentChange, observed: ObservedAgent) -> Revision | None:
    """What to go back to: what serves, or the revision that served when calls last passed; None where it is gone."""
    since = change.uncalled_since
    if since is None:
        return observed.live
    revisions = await run.writer.list_revisions(observed.agent_id, limit=_HISTORY)
    here = [each for each in revisions if each.branch_id in (observed.branch_id, None)]
    found = next((each for each in here if since in (str(each.number), each.revision_id)), None)
    if found is None:
        return None
    return await run.writer.read_revision(observed.agent_id, found.revision_id, branch_id=found.branch_id)


async def _follow_moved_base(run: Run, change: AgentChange, observed: ObservedAgent, head: Head) -> Guarded | Live:
    """What the plan was made from serves no more. Where exactly this configuration does, we are where we want to be: an
    earlier try or another run of the same commit published it. Otherwise stops with StaleError."""
    if head.revision_id is not None:
        revision = await run.writer.read_revision(observed.agent_id, head.revision_id, branch_id=head.branch_id)
        head = replace(head, number=revision.number)
        if read_mark(revision.label) == run.mark_of(change):
            guarded = Guarded(change, observed, observed.live, observed.live, observed.listing.note)
            return guarded if change.action is Action.RESTORE else Live(guarded, revision)
    raise StoppedError(Superseded(change, head), Stage.GUARD, base_moved(change, head.name))


async def _look_at_draft(run: Run, change: AgentChange, observed: ObservedAgent, head: Head) -> ObservedAgent:
    """The agent with the draft that is open now, as long as it is ours to go on with."""
    draft = await run.writer.read_draft(observed) if head.has_draft else None
    observed = replace(observed, draft=draft)
    if draft is None or change.desired is None or (whose := foreign_draft(change.desired, observed)) is None:
        return observed
    if not run.options.discard_draft:
        raise StaleError(
            f"{change.key}: somebody else's draft is open: {whose}",
            hint="publish or discard it in the console, or pass --discard-draft to throw it away",
            code="foreign_draft",
        )
    await discard_draft(run, observed, draft)
    return replace(observed, draft=None)


async def create(run: Run, planned: Planned) -> Guarded:
    """Creates the agent by its name alone; the platform publishes a first revision of its own.

    The configuration goes through a draft, since it is not known what a create keeps of it. An agent that will be
    called is created with inbound calls off and the note that says why: both must stand if this run is killed.
    """
    change, desired = planned.change, planned.change.desired
    if desired is None:
        raise LookupError(f"{change.key}: an agent is to be created and the plan has no spec of it")
    metadata: Document = {}
    if run.is_called(change):
        first = Note(NoteKind.UNCALLED, FIRST_REVISION)
        metadata = {"description": with_note(desired.metadata.get("description", ""), first), INBOUND: False}
    with run.at(planned, Stage.CREATE) as details:

        async def write() -> str:
            return await run.writer.create_agent(desired.name, workflow_type=desired.workflow_type, **metadata)

        async def read_back() -> str | None:
            found = [a.agent_id for a in await run.writer.list_agents() if a.name == desired.name]
            if len(found) > 1:
                raise StaleError(
                    f"{change.key}: {len(found)} agents are called {desired.name!r} now: {', '.join(found)}",
                    hint="archive all but one in the console, then run this again",
                    code="duplicate_name",
                )
            return found[0] if found else None

        # Names are not unique: the platform would create a second agent without a word.
        if await read_back() is not None:
            raise StaleError(
                f"{change.key}: an agent called {desired.name!r} has appeared since the plan was made",
                hint="plan again",
                code="name_taken",
            )
        agent_id = await write_once(write, read_back, run.clock)
        details.append(f"agent {agent_id}")
        created = run.reach(Created(change, agent_id))
        # Whatever fails from here on names the agent, which exists.
        try:
            await _require_only(run, change, agent_id)
            observed = await run.writer.read_agent(await run.writer.read_listing(agent_id))
        except AgentopsError as error:
            raise StoppedError(created, Stage.CREATE, error) from error
    return Guarded(change, observed, note=observed.listing.note)


async def _require_only(run: Run, change: AgentChange, agent_id: str) -> None:
    """Two runs may create one agent at once, since names are not unique: the later one takes its own away again."""
    found = [a.agent_id for a in await run.writer.list_agents() if a.name == change.name or a.agent_id == agent_id]
    if found and found[0] != agent_id:
        await run.writer.archive_agent(agent_id)
        raise StaleError(
            f"{change.key}: agent {found[0]} of the same name was created at the same time; ours is archived again",
            hint="plan again",
            code="name_taken",
        )


async def open_draft(run: Run, guarded: Guarded) -> Opened:
    """The draft to write into: the one found, else a new one. v2 opens it with the first write."""
    observed = guarded.observed
    if observed.draft is not None:
        return Opened(guarded, observed.draft)
    # v1: drafts of ours are recognised by their name, so what people left open there is never in the way.
    name = f"{run.plan.project}/{run.plan.environment}/{guarded.change.key}"
    with run.at(guarded, Stage.DRAFT):

        async def write() -> Draft:
            return await run.writer.open_draft(observed, name)

        async def read_back() -> Draft | None:
            return await run.writer.read_draft(observed)

        return Opened(guarded, await write_once(write, read_back, run.clock))


async def fill_draft(run: Run, opened: Opened) -> Drafted:
    """Writes everything that changes in one request, and has the platform compare the draft with what serves.

    Drafts are shared with the console, so a difference that was not planned stops the agent with StaleError.
    """
    agent, draft = opened.agent, opened.draft
    if draft.is_publishing:  # sent by a run that was killed: what a write into it would do is not known
        return Drafted(agent, draft)
    change, observed = agent.change, agent.observed
    body = body_to_write(change, observed.live)
    if not _holds_all(agent, draft):
        with run.at(opened, Stage.PATCH) as details:

            async def write() -> Draft:
                return await run.writer.write_draft(observed, opened.draft, body)

            async def read_back() -> Draft | None:
                held = await run.writer.read_draft(observed)
                return held if held is not None and _holds_all(agent, held) else None

            draft = await write_once(write, read_back, run.clock)
            details.append(", ".join(sorted(body)))
        opened = run.reach(Opened(agent, draft))
    with run.at(opened, Stage.COMPARE):
        leaves = await run.writer.diff_draft(observed, draft)
        seen, unknown = run.writer.with_leaves((observed.live.document if observed.live else None) or {}, leaves)
        for name in unknown:
            run.warn(change.key, f"the platform reports a change of {name}, which is unknown here")
        # v1: a draft that was forked from another revision would bring that one's fields along.
        is_of_base = draft.based_on in (None, agent.base_id)
        foreign = unplanned_differences(observed.live, body, seen)
        if foreign or not is_of_base:
            raise unplanned_changes(change, "the draft", foreign)
    return Drafted(agent, draft, seen)


def _holds_all(agent: Guarded, draft: Draft) -> bool:
    """Whether the draft is known to hold everything that is wanted."""
    if draft.document is None:
        return False
    live = agent.observed.live
    held = Revision(draft.draft_id, document=draft.document, unverifiable=live.unverifiable if live else frozenset())
    return not differing_paths(wanted_config(agent.change, live), held)
