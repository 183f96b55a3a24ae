"""Everything that callers notice on the way forward: going live, verify, calls, metadata, archive.

Each stage reads what it needs right before it writes, and goes on from what a killed run left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from agentops.apply.intent import (
    body_to_write,
    differing_paths,
    metadata_to_write,
    unplanned_differences,
    wanted_config,
)
from agentops.apply.model import SmokeVerdict, Stage, Verdict
from agentops.apply.publishing import newer_than, overtaken, publish, wait_for_scan
from agentops.apply.reached import (
    Archived,
    Called,
    Deployed,
    Drafted,
    Guarded,
    Live,
    Mixed,
    Overtook,
    Published,
    Serving,
    StoppedError,
    Superseded,
    UncalledError,
    Verified,
    VerifyError,
)
from agentops.apply.run import Run, clean_up, description_with, write_unversioned
from agentops.apply.scans import ScanFailedError
from agentops.apply.stale import base_moved, not_live, overtook, unplanned_changes
from agentops.apply.writes import write_once
from agentops.document import Note, NoteKind, Path, Revision, note_on, path_text, read_mark, with_note
from agentops.errors import AgentopsError, OutcomeUnknownError
from agentops.plan.diff import Difference
from agentops.plan.model import Action, AgentChange
from agentops.plan.notes import FIRST_REVISION, INBOUND, NUMBERS
from agentops.remote.port import Head, Slot


async def go_live(run: Run, ready: Drafted | Published | Live) -> Live:
    """The one place where calls move to what this run publishes, in both generations. Raises StoppedError.

    v2: publishing on the live branch does it, as soon as the scan has passed. v1: the version is activated.
    """
    # The note comes first: a run that is killed from here on leaves it for the next one.
    ready = run.reach(await note_uncalled(run, ready))
    match ready:
        case Drafted():
            return await _publish_live(run, ready)
        case Published(agent, revision, seen):
            try:
                with run.at(ready, Stage.LIVE):
                    before = await _activate(run, ready)
                return Live(agent, revision, seen, before)
            except StoppedError as stopped:
                return await recover(run, stopped)
        case Live():
            return ready
        case _:
            assert_never(ready)


async def note_uncalled(run: Run, ready: Drafted | Published | Live) -> Drafted | Published | Live:
    """Notes on the agent that what goes live has not been called: for later runs, however this one ends."""
    agent = ready.agent
    note = note_on(NoteKind.UNCALLED, agent.back_to) if agent.back_to else Note(NoteKind.UNCALLED, FIRST_REVISION)
    if agent.note == note or not run.is_called(agent.change):
        return ready
    with run.at(ready, Stage.NOTE) as details:
        await write_unversioned(run, agent.agent_id, description_with(agent, note))
        details.append(str(note))
    return replace(ready, agent=replace(agent, note=note))


async def _publish_live(run: Run, drafted: Drafted) -> Live:
    """Publishes and waits for the scan. A publish that we give up on may go live all the same, so we look."""
    publishing = None
    try:
        publishing = run.reach(await publish(run, drafted))
        revision = await wait_for_scan(run, publishing)
        with run.at(drafted, Stage.LIVE):
            return Live(drafted.agent, revision, drafted.seen, publishing.before)
    except StoppedError as stopped:
        if isinstance(stopped.cause, ScanFailedError):
            raise
        await clean_up(run, stopped.reached)  # before we look: what is cancelled can't go live after the look
        found = await recover(run, StoppedError(run.reach(drafted.agent), stopped.stage, stopped.cause))
        return replace(found, seen=drafted.seen, before=publishing.before) if publishing else found


async def recover(run: Run, stopped: StoppedError) -> Live:
    """Looks at what serves after a stage on the way live has failed.

    Exactly this configuration is where we want to be. Another one that went live meanwhile becomes the error; in any
    other case `stopped` is raised as it is.
    """
    reached = stopped.reached
    if not hasattr(reached, "agent") or isinstance(reached, Live | Superseded):
        raise stopped
    agent: Guarded = reached.agent
    try:
        head = await run.writer.read_head(agent.agent_id)
        if head.revision_id in (None, agent.base_id):
            raise stopped
        revision = await run.writer.read_revision(agent.agent_id, head.revision_id or "", branch_id=head.branch_id)
    except AgentopsError:
        raise stopped from stopped.cause
    if read_mark(revision.label) == run.mark_of(agent.change):
        return Live(agent, revision)
    if isinstance(stopped.cause, OutcomeUnknownError):
        raise stopped  # ours may still go through after theirs
    serving = Head(revision.revision_id, revision.number, revision.branch_id)
    theirs = Superseded(agent.change, serving, served_before=agent.served_before)
    moved = base_moved(agent.change, revision.name)
    raise StoppedError(theirs, stopped.stage, moved) from stopped.cause


async def _activate(run: Run, published: Published) -> Slot:
    """v1: moves the calls to the version, unless the base has moved or it holds what nobody planned.

    Gives the slot as it was right before. v2 can only look afterwards (`verify`): there publishing moves the calls.
    """
    agent, revision = published.agent, published.revision
    before = await run.writer.read_slot(agent.agent_id, None)
    if before.serving not in (agent.base_id, revision.revision_id):
        raise base_moved(agent.change, (newer_than(before, agent.base_id) or Revision(before.serving or "")).name)
    found = revision
    if found.document is None:
        found = await run.writer.read_revision(agent.agent_id, revision.revision_id)
    edits, wrong = _beyond_plan(published, found)
    if edits:
        raise unplanned_changes(agent.change, f"version {revision.name}, which is published and not live,", edits)
    if wrong:
        raise _not_kept(agent.change, wrong)

    async def write() -> bool:
        await run.writer.make_live(agent.agent_id, revision)
        return True

    async def read_back() -> bool | None:
        slot = await run.writer.read_slot(agent.agent_id, None)
        return True if slot.serving == revision.revision_id else None

    if before.serving != revision.revision_id:  # it serves where a run that was killed had activated it
        await write_once(write, read_back, run.clock)
    return before


def _beyond_plan(reached: Live | Published, found: Revision) -> tuple[list[Difference], tuple[Path, ...]]:
    """What a revision of this run holds that nobody planned, and the fields where it does not hold what was wanted."""
    live = reached.agent.observed.live
    wrong = differing_paths(wanted_config(reached.change, live), found)
    if reached.seen is None and isinstance(reached, Live):
        return [], wrong  # another run made it, from a base that is not known here
    body = body_to_write(reached.change, live)
    edits = unplanned_differences(live, body, found.document or {}, seen=reached.seen)
    return [edit for edit in edits if edit.path not in wrong], wrong


def _not_kept(change: AgentChange, wrong: Sequence[Path]) -> VerifyError:
    return VerifyError(
        f"{change.key}: the platform did not keep what was written, or somebody edited the draft right before it was "
        f"published: {', '.join(map(path_text, wrong))}",
        hint="the platform changed or dropped these fields; check their values against its documentation",
        code="not_kept",
    )


async def verify(run: Run, live: Live) -> Verified:
    """Reads back what serves now, and compares it with what was wanted and with what was there before.

    Stops with StaleError when something else serves, or somebody else's work is in what serves or was replaced by it;
    with VerifyError when the platform kept something else.
    """
    agent, change, revision = live.agent, live.change, live.revision
    # The head is read last: somebody who goes live after the slot was read is still noticed.
    with run.at(live, Stage.VERIFY):
        found = await run.writer.read_revision(agent.agent_id, revision.revision_id, branch_id=revision.branch_id)
        slot = await run.writer.read_slot(agent.agent_id, revision.branch_id)
        await require_serving(run, live, revision)
        theirs = overtaken(live.before, slot, revision, agent.base_id) if live.before else None
        if theirs is not None and read_mark(theirs.label) != run.mark_of(change):
            raise StoppedError(Overtook(agent, revision, theirs), Stage.VERIFY, overtook(change, revision, theirs))
        edits, wrong = _beyond_plan(live, found)
        if edits:
            cause = unplanned_changes(change, f"revision {revision.name}, which went live,", edits)
            raise StoppedError(Mixed(agent, found, tuple(edits)), Stage.VERIFY, cause)
        if wrong:
            raise _not_kept(change, wrong)
    return Verified(agent, found)


async def require_serving(run: Run, reached: Live | Called, revision: Revision) -> None:
    """Looks once more at what serves. Stops with StaleError where it is no longer `revision`."""
    head = await run.writer.read_head(reached.agent.agent_id)
    if head.revision_id == revision.revision_id:
        return
    verdict = reached.verdict if isinstance(reached, Called) else None
    theirs = Superseded(reached.change, head, revision, reached.agent.served_before, verdict)
    stage = Stage.SMOKE if verdict else Stage.VERIFY
    raise StoppedError(theirs, stage, not_live(reached.change, revision, head.name))


async def call(run: Run, serving: Serving) -> Serving | Called:
    """Calls the agent by its scripts, if it has any. What follows from the verdict is up to the engine."""
    change, agent = serving.change, serving.agent
    revision = serving.revision if isinstance(serving, Verified) else None
    if run.smoke is None and change.uncalled_since is not None and revision is None:
        raise StoppedError(serving, Stage.SMOKE, _not_called(serving))
    if change.action is Action.CALL:
        revision = agent.served_before
    if run.smoke is None or not run.is_called(change):
        return serving
    with run.at(serving, Stage.SMOKE) as details:
        verdict = await run.smoke.smoke(change, agent.agent_id)
        if verdict is None:
            return serving
        details.append(verdict.verdict.value)
    return Called(agent, revision, verdict)


def _not_called(serving: Serving) -> UncalledError:
    change = serving.change
    return UncalledError(
        f"{change.key}: revision {change.base_name} serves and has not passed its calls, and this run makes none",
        hint="`agentops apply --smoke` makes the calls",
        code="not_called",
    )


async def settle(run: Run, reached: Serving | Called) -> Deployed:
    """Writes the unversioned fields, and takes off the note that calls are still to come, where they have passed or
    there are none to make.

    Last, because these fields take effect at once and no revision holds them. A run that makes no calls on what has not
    passed them leaves a new agent out of service.
    """
    agent, change = reached.agent, reached.change
    verdict = reached.verdict if isinstance(reached, Called) else None
    revision = None if isinstance(reached, Guarded) else reached.revision
    if isinstance(reached, Called):  # calls take minutes, in which somebody may have put another revision live
        await require_serving(run, reached, revision or agent.served_before or Revision(""))
    is_uncalled = change.uncalled_since is not None and verdict is None and run.smoke is None
    note = agent.note if is_uncalled and change.action is not Action.RESTORE else None
    body = metadata_to_write(change, agent.observed)
    if note is not None:
        verdict = SmokeVerdict(
            Verdict.INCONCLUSIVE, f"none was made, and none has passed since revision {note.revision}"
        )
        if note.revision == FIRST_REVISION:
            body = {name: value for name, value in body.items() if name not in (INBOUND, NUMBERS)}
    if note != agent.note or "description" in body:
        body["description"] = with_note({**description_with(agent, None), **body}["description"], note)
    if not body:
        return Deployed(agent, revision, verdict)
    with run.at(reached, Stage.METADATA) as details:
        await write_unversioned(run, agent.agent_id, body)
        details.append(", ".join(sorted(body)))
    return Deployed(replace(agent, note=note), revision, verdict, has_written_metadata=True)


async def archive(run: Run, guarded: Guarded) -> Archived:
    """Detaches the phone numbers, then archives the agent: it stops taking calls and can be brought back.

    In this order because an archived agent takes no changes, and a number stays bound until its agent lets go of it.
    """
    agent_id = guarded.agent_id
    with run.at(guarded, Stage.ARCHIVE) as details:
        if numbers := guarded.observed.listing.metadata.get(NUMBERS):
            await write_unversioned(run, agent_id, {NUMBERS: []})
            details.append(f"detached from phone number {', '.join(numbers)}")

        async def write() -> bool:
            await run.writer.archive_agent(agent_id)
            return True

        async def read_back() -> bool | None:
            return True if (await run.writer.read_listing(agent_id)).is_archived else None

        await write_once(write, read_back, run.clock)
    return Archived(guarded)
