"""The way back: what served before serves again, after a failure, by hand, or where somebody else was faster."""

from __future__ import annotations

from dataclasses import replace

from agentops.apply.intent import is_same_document, metadata_before, with_edits
from agentops.apply.model import Stage
from agentops.apply.publishing import newer_than, overtaken
from agentops.apply.reached import (
    Deployed,
    Guarded,
    Mixed,
    Overtook,
    Restoring,
    StoppedError,
    Superseded,
    Undoable,
    Verified,
    VerifyError,
)
from agentops.apply.run import Run, description_with, write_unversioned
from agentops.apply.stale import not_live, overtook
from agentops.apply.writes import write_once
from agentops.document import NoteKind, Revision, note_on
from agentops.errors import AgentopsError
from agentops.remote.port import Head, Publication, Slot


async def restore(run: Run, undone: Undoable, *, is_blameless: bool = False) -> Revision:
    """Puts back what served before, configuration and metadata, and makes sure that it does serve.

    A revision that is taken back blameless is noted, so that it may be deployed again. Stops with VerifyError when what
    serves afterwards is not what served before, with StaleError when it is somebody else's.
    """
    agent = undone.agent
    ours = None if isinstance(undone, Guarded) else undone.revision
    before = undone.theirs if isinstance(undone, Overtook) else agent.back_to
    assert before is not None, "a first deploy stays"
    restoring = run.reach(Restoring(undone))
    with run.at(restoring, Stage.RESTORE) as details:
        # First: a run killed in between must not leave a revision that failed its calls without the note that says so.
        restored = await _put_back(run, agent, before, ours.revision_id if ours else agent.base_id)
        details.append(f"revision {restored.name} serves")
        note = note_on(NoteKind.UNDONE, ours) if is_blameless and ours else None
        body = metadata_before(agent.change) if isinstance(undone, Deployed) and undone.has_written_metadata else {}
        if note != agent.note:
            body |= description_with(agent, note)
        if body:
            await write_unversioned(run, agent.agent_id, body)
    return restored


async def put_edits_back(run: Run, mixed: Mixed) -> None:
    """Puts somebody's edits, which went live with ours and were taken back with them, into an open draft again.

    After the restore, so that the draft starts from what serves then. Never stops: the edits are in the revision too.
    """
    agent, base = mixed.agent, mixed.agent.observed.live
    observed = replace(agent.observed, draft=None)
    try:
        if base is None or (await run.writer.read_head(agent.agent_id)).has_draft:
            run.warn(agent.change.key, f"their edits are in revision {mixed.revision.name} only: a draft is open")
            return
        draft = await run.writer.open_draft(observed, "edits put back")
        await run.writer.write_draft(observed, draft, with_edits(base, mixed.edits))
        run.warn(agent.change.key, "their edits are in an open draft again")
    except AgentopsError as error:
        run.warn(agent.change.key, f"their edits are in revision {mixed.revision.name} only: {error.summary}")


async def roll_back(run: Run, guarded: Guarded) -> Verified:
    """Puts the revision that the plan names back in service."""
    with run.at(guarded, Stage.RESTORE) as details:
        target = guarded.change.restore_to
        if target is None:
            raise LookupError(f"{guarded.change.key}: the plan does not say what to go back to")
        revision = await _put_back(run, guarded, target, guarded.base_id)
        details.append(f"revision {revision.name} serves")
    return Verified(guarded, revision)


async def _put_back(run: Run, agent: Guarded, revision: Revision, replaced_id: str | None) -> Revision:
    """Makes an older revision serve again in the place of `replaced_id`, and checks that it does; the result is a copy
    of it on v2.

    The platform restores whatever serves by then. What somebody else put live before we looked is left alone; what came
    between our look and the restore is found in the slot afterwards, and put back in turn.
    """
    head = await run.writer.read_head(agent.agent_id)
    if head.revision_id == revision.revision_id:
        return revision
    if head.revision_id != replaced_id:
        raise _superseded(agent, revision, head)
    before = await run.writer.read_slot(agent.agent_id, head.branch_id)
    if (moved := newer_than(before, head.revision_id)) is not None:
        raise _superseded(agent, revision, Head(moved.revision_id, moved.number, moved.branch_id))
    if revision.branch_id is not None and revision.branch_id != head.branch_id:
        # A restore copies within one branch; what served from another one serves again by that branch going live.
        await run.writer.make_live(agent.agent_id, revision)
        result = revision
    else:
        result = await _restore(run, agent, revision, head, before)
    found = await run.writer.read_revision(agent.agent_id, result.revision_id, branch_id=result.branch_id)
    after = await run.writer.read_slot(agent.agent_id, result.branch_id)
    now = await run.writer.read_head(agent.agent_id)
    if now.revision_id != found.revision_id:
        raise _superseded(agent, found, now)
    if result.branch_id == head.branch_id and (theirs := overtaken(before, after, found, replaced_id)) is not None:
        back = await _put_back(run, agent, theirs, found.revision_id)
        head = Head(back.revision_id, back.number, back.branch_id)
        fault = overtook(agent.change, found, theirs)
        raise StoppedError(Superseded(agent.change, head, None, agent.served_before), Stage.RESTORE, fault)
    if not is_same_document(found, revision) and revision.document is not None:
        cause = VerifyError(
            f"{agent.change.key}: revision {found.name} serves now, which is not what served before",
            hint=f"look at the agent in the console; `agentops rollback {agent.change.key}` tries again",
            code="not_restored",
        )
        raise StoppedError(Verified(agent, found), Stage.RESTORE, cause)
    return found


def _superseded(agent: Guarded, revision: Revision, head: Head) -> StoppedError:
    cause = not_live(agent.change, revision, head.name, "was to serve again")
    return StoppedError(Superseded(agent.change, head, None, agent.served_before), Stage.RESTORE, cause)


async def _restore(run: Run, agent: Guarded, revision: Revision, head: Head, before: Slot) -> Revision:
    publication = Publication(
        agent.agent_id, newest_before=before.newest, restored_from=revision.revision_id, branch_id=head.branch_id
    )

    async def write() -> Publication:
        return await run.writer.restore(publication)

    async def read_back() -> Publication | None:
        now = await run.writer.read_head(agent.agent_id)
        if now.revision_id == revision.revision_id:
            return replace(publication, revision=revision)
        found = await run.writer.read_publication(publication)
        return replace(publication, revision=found) if found else None

    return await run.scans.wait(await write_once(write, read_back, run.clock), agent.change.key)
