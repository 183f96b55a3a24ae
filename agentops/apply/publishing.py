"""Publishing a draft and waiting for its scan: harmless on v1, and going live on v2 (see `live.go_live`)."""

from __future__ import annotations

from dataclasses import replace

from agentops.apply.model import Stage
from agentops.apply.reached import Drafted, Publishing
from agentops.apply.run import Run
from agentops.apply.writes import write_once
from agentops.document import Revision, build_label
from agentops.errors import ConflictError, ConflictFlavour
from agentops.remote.port import Publication


async def publish(run: Run, drafted: Drafted) -> Publishing:
    """Publishes the draft under the user's label and our mark; a publish that is on its way is not repeated."""
    change, observed, draft = drafted.change, drafted.agent.observed, drafted.draft
    with run.at(drafted, Stage.PUBLISH) as details:
        publication = Publication(
            agent_id=observed.agent_id,
            label=build_label(run.options.deploy.label, run.mark_of(change)),
            newest_before=await run.writer.newest_revision_id(observed),
            branch_id=observed.branch_id,
            draft_id=draft.draft_id,
        )

        async def write() -> Publication:
            try:
                return await run.writer.publish_draft(publication)
            except ConflictError as conflict:
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
    return Publishing(drafted.agent, publication, draft)


async def wait_for_scan(run: Run, publishing: Publishing) -> Revision:
    """The revision, once the security scan has passed."""
    with run.at(publishing, Stage.SCAN) as details:
        revision = await run.scans.wait(publishing.publication, publishing.change.key)
        details.append(f"revision {revision.number or revision.revision_id}")
    return revision
