"""Everything that callers notice: going live, verify, metadata, calls, restore, archive.

Each stage reads what it needs right before it writes, and goes on from what a killed run left.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from agentops.apply.intent import (
    differing_paths,
    is_same_document,
    metadata_before,
    metadata_to_write,
    wanted_config,
)
from agentops.apply.model import Stage
from agentops.apply.publishing import publish, wait_for_scan
from agentops.apply.reached import (
    Archived,
    Called,
    Deployed,
    Drafted,
    Guarded,
    Live,
    Published,
    Restoring,
    StoppedError,
    Superseded,
    Undoable,
    Verified,
    VerifyError,
)
from agentops.apply.run import Run, clean_up, write_unversioned
from agentops.apply.scans import ScanFailedError
from agentops.apply.writes import write_once
from agentops.document import Revision, path_text, read_mark
from agentops.errors import AgentopsError, StaleError
from agentops.remote.port import Head, Publication


async def go_live(run: Run, ready: Drafted | Published | Live) -> Live:
    """The one place where calls move to what this run publishes, in both generations. Raises StoppedError.

    v2: publishing on the live branch does it, as soon as the scan has passed. v1: the version is activated.
    """
    match ready:
        case Drafted(agent):
            revision = await _publish_live(run, ready)
            with run.at(ready, Stage.LIVE):
                return Live(agent, revision)
        case Published(agent, revision):
            with run.at(ready, Stage.LIVE):
                await _activate(run, agent.agent_id, revision)
            return Live(agent, revision)
        case Live():
            return ready
        case _:
            assert_never(ready)


async def _publish_live(run: Run, drafted: Drafted) -> Revision:
    """Publishes and waits; one that is given up on may have gone live all the same, so that is looked at."""
    try:
        publishing = run.reach(await publish(run, drafted))
        return await wait_for_scan(run, publishing)
    except StoppedError as stopped:
        if isinstance(stopped.cause, ScanFailedError):
            raise
        await clean_up(run, stopped.reached)
        found = await _find_published(run, drafted.agent)
        if found is None:
            raise StoppedError(run.reach(drafted.agent), stopped.stage, stopped.cause) from stopped.cause
        return found


async def _find_published(run: Run, agent: Guarded) -> Revision | None:
    try:
        head = await run.writer.read_head(agent.agent_id)
        if head.revision_id is None or head.revision_id == agent.change.base_revision_id:
            return None
        revision = await run.writer.read_revision(agent.agent_id, head.revision_id, branch_id=head.branch_id)
    except AgentopsError:
        return None
    return revision if read_mark(revision.label) == run.mark_of(agent.change) else None


async def _activate(run: Run, agent_id: str, revision: Revision) -> None:
    async def write() -> bool:
        if not await read_back():
            await run.writer.make_live(agent_id, revision)
        return True

    async def read_back() -> bool | None:
        head = await run.writer.read_head(agent_id)
        return True if head.revision_id == revision.revision_id else None

    await write_once(write, read_back, run.clock)


async def verify(run: Run, live: Live) -> Verified:
    """Reads back what serves now, by its id, and compares it with what was wanted.

    Stops with StaleError when something else serves, with VerifyError when the platform kept something else.
    """
    agent, change, revision = live.agent, live.change, live.revision
    with run.at(live, Stage.VERIFY):
        head = await run.writer.read_head(agent.agent_id)
        if head.revision_id != revision.revision_id:
            stale = StaleError(
                f"{change.key}: revision {revision.number or revision.revision_id} was made live, but "
                f"{head.number or head.revision_id} serves",
                hint="somebody else deployed at the same time: plan again",
                code="not_live",
            )
            raise StoppedError(Superseded(change, head, revision, agent.served_before), Stage.VERIFY, stale)
        found = await run.writer.read_revision(agent.agent_id, revision.revision_id, branch_id=revision.branch_id)
        wrong = differing_paths(wanted_config(change, agent.observed.live), found)
        if wrong:
            raise VerifyError(
                f"{change.key}: the platform did not keep what was written: {', '.join(map(path_text, wrong))}",
                hint="the platform changed or dropped these fields; check their values against its documentation",
                code="not_kept",
            )
    return Verified(agent, found)


async def write_metadata(run: Run, serving: Guarded | Verified) -> Deployed:
    """Writes the unversioned fields: immediate, and therefore last. That they can't be written stops nothing here."""
    agent = serving.agent
    revision = serving.revision if isinstance(serving, Verified) else None
    body = metadata_to_write(agent.change)
    if not body:
        return Deployed(agent, revision)
    try:
        with run.at(serving, Stage.METADATA) as details:
            await write_unversioned(run, agent.agent_id, body)
            details.append(", ".join(sorted(body)))
    except StoppedError as stopped:
        return Deployed(agent, revision, has_written_metadata=True, trouble=stopped)
    return Deployed(agent, revision, has_written_metadata=True)


async def call(run: Run, deployed: Deployed) -> Deployed | Called:
    """Calls the agent by its scripts, if it has any; what follows from the verdict is the engine's."""
    if run.smoke is None:
        return deployed
    with run.at(deployed, Stage.SMOKE) as details:
        verdict = await run.smoke.smoke(deployed.change, deployed.agent.agent_id)
        if verdict is None:
            return deployed
        details.append(verdict.verdict.value)
    return Called(deployed, verdict)


async def restore(run: Run, undone: Undoable) -> Revision:
    """Puts back what served before, configuration and metadata, and makes sure that it does serve.

    Stops with VerifyError when what serves afterwards is not what served before.
    """
    agent, before = undone.agent, undone.agent.served_before
    restoring = run.reach(Restoring(undone))
    with run.at(restoring, Stage.RESTORE) as details:
        if before is None:
            raise VerifyError(f"{agent.change.key}: nothing served before", code="nothing_to_restore")
        restored = await _put_back(run, agent, before)
        details.append(f"revision {restored.number or restored.revision_id} serves")
        deployed = undone.deployed if isinstance(undone, Called) else undone
        has_written_metadata = isinstance(deployed, Deployed) and deployed.has_written_metadata
        if has_written_metadata and (body := metadata_before(agent.change)):
            await write_unversioned(run, agent.agent_id, body)
    return restored


async def roll_back(run: Run, guarded: Guarded) -> Verified:
    """Puts the revision that the plan names back in service."""
    with run.at(guarded, Stage.RESTORE) as details:
        target = guarded.change.restore_to
        if target is None:
            raise LookupError(f"{guarded.change.key}: the plan does not say what to go back to")
        revision = await _put_back(run, guarded, target)
        details.append(f"revision {revision.number or revision.revision_id} serves")
    return Verified(guarded, revision)


async def _put_back(run: Run, agent: Guarded, revision: Revision) -> Revision:
    """Makes an older revision serve again and checks that it does; the result is a copy of it on v2."""
    head = await run.writer.read_head(agent.agent_id)
    if head.revision_id == revision.revision_id:
        return revision
    if revision.branch_id is not None and revision.branch_id != head.branch_id:
        await run.writer.make_live(agent.agent_id, revision)
        result = revision
    else:
        result = await _restore(run, agent, revision, head)
    found = await run.writer.read_revision(agent.agent_id, result.revision_id, branch_id=result.branch_id)
    now = await run.writer.read_head(agent.agent_id)
    if now.revision_id != found.revision_id or not is_same_document(found, revision):
        raise VerifyError(
            f"{agent.change.key}: revision {now.number or now.revision_id} serves now, which is not what served before",
            hint="look at the agent in the console; `agentops rollback` tries again",
            code="not_restored",
        )
    return found


async def _restore(run: Run, agent: Guarded, revision: Revision, head: Head) -> Revision:
    publication = Publication(
        agent.agent_id, newest_before=head.revision_id, restored_from=revision.revision_id, branch_id=head.branch_id
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


async def archive(run: Run, guarded: Guarded) -> Archived:
    """Detaches the phone numbers, then archives the agent: it stops taking calls and can be brought back."""
    agent_id = guarded.agent_id
    with run.at(guarded, Stage.ARCHIVE) as details:
        if numbers := guarded.observed.listing.metadata.get("telephonyProductId"):
            await write_unversioned(run, agent_id, {"telephonyProductId": []})
            details.append(f"detached from phone number {', '.join(numbers)}")

        async def write() -> bool:
            await run.writer.archive_agent(agent_id)
            return True

        async def read_back() -> bool | None:
            return True if (await run.writer.read_listing(agent_id)).is_archived else None

        await write_once(write, read_back, run.clock)
    return Archived(guarded)
