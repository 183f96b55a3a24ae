"""Publishing a draft and waiting for its scan: harmless on v1, and going live on v2 (see `live.go_live`)."""

from __future__ import annotations

from dataclasses import replace

from agentops.apply.model import Stage
from agentops.apply.reached import Drafted, Publishing
from agentops.apply.run import Run
from agentops.apply.stale import base_moved
from agentops.apply.writes import write_once
from agentops.document import Revision, build_label, read_mark
from agentops.errors import ConflictError, ConflictFlavour
from agentops.remote.port import Publication, Slot


async def publish(run: Run, drafted: Drafted) -> Publishing:
    """Publishes the draft under the user's label and our mark; a publish that is on its way is not repeated.

    Stops with StaleError when another revision serves than the draft was made for.
    """
    change, observed, draft = drafted.change, drafted.agent.observed, drafted.draft
    with run.at(drafted, Stage.PUBLISH) as details:
        # The platform publishes whatever serves by then, so we look once more; `verify` finds what comes after.
        before = await run.writer.read_slot(observed.agent_id, observed.branch_id)
        if (moved := newer_than(before, drafted.agent.base_id)) is not None:
            raise base_moved(change, moved.name)
        publication = Publication(
            agent_id=observed.agent_id,
            label=build_label(run.options.deploy.label, run.mark_of(change)),
            newest_before=before.newest,
            branch_id=observed.branch_id,
            draft_id=draft.draft_id,
        )

        async def write() -> Publication:
            try:
                return await run.writer.publish_draft(publication)
            except ConflictError as conflict:
                # A first try of ours whose answer was lost, or somebody else: the mark of what comes of it tells.
                held = await run.writer.read_draft(observed)
                is_on_its_way = held is None or held.is_publishing
                if conflict.flavour is ConflictFlavour.PUBLISH_IN_PROGRESS and is_on_its_way:
                    return publication
                raise

        async def read_back() -> Publication | None:
            revision = await run.writer.read_publication(publication)
            if revision is not None:
                return replace(publication, revision=revision)
            held = await run.writer.read_draft(observed)
            return publication if held is None or held.is_publishing else None

        if draft.is_publishing:
            details.append("was on its way already")
        else:
            publication = await write_once(write, read_back, run.clock)
    return Publishing(drafted.agent, publication, draft, drafted.seen, before)


async def wait_for_scan(run: Run, publishing: Publishing) -> Revision:
    """The revision, once the security scan has passed."""
    with run.at(publishing, Stage.SCAN) as details:
        change = publishing.change
        revision = await run.scans.wait(publishing.publication, change.key)
        if publishing.before is not None and read_mark(revision.label) != run.mark_of(change):
            raise base_moved(change, revision.name)
        details.append(f"revision {revision.name}")
    return revision


def newer_than(slot: Slot, base_id: str | None) -> Revision | None:
    """What went live in the place of the base; None where the base still serves, or one of the two is not listed.

    Being newest is no sign of it: v1 publishes without going live.
    """
    by_id = {revision.revision_id: revision for revision in slot.revisions}
    is_known = base_id in by_id and slot.serving in by_id
    return by_id[slot.serving or ""] if is_known and slot.serving != base_id else None


def overtaken(before: Slot, after: Slot, ours: Revision, base_id: str | None) -> Revision | None:
    """What somebody else made live between two looks and before `ours`, which has taken its place since."""
    # v1 says when a version went live, and may list some that never did. v2 says nothing: publishing was going live.
    known = {(each.revision_id, each.activated_at) for each in before.revisions}
    has_activations = any(each.activated_at for each in after.revisions)
    found = [
        each
        for each in after.revisions
        if (each.revision_id, each.activated_at) not in known
        and each.revision_id not in (ours.revision_id, base_id)
        and (each.activated_at is not None or not has_activations)
    ]
    return max(found, key=lambda each: (each.activated_at or "", each.number or 0), default=None)
