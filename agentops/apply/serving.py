"""Everything that callers notice: publish, scan, live, verify, metadata, calls, restore, archive.

Each step reads what it needs right before it writes, is resumable, and fails in its own typed way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agentops.apply.intent import (
    differing_paths,
    is_same_document,
    metadata_before,
    metadata_to_write,
    wanted_config,
)
from agentops.apply.model import Stage
from agentops.apply.settle import settled
from agentops.apply.steps import Progress, Steps, VerifyError, known
from agentops.document import (
    Document,
    Draft,
    Generation,
    ObservedAgent,
    Revision,
    build_label,
    path_text,
    read_mark,
)
from agentops.errors import (
    ConflictError,
    ConflictFlavour,
    StaleError,
)
from agentops.plan.model import Action
from agentops.remote.port import DEPLOY_BRANCH, SERVED, Head, Publication


@dataclass(frozen=True, slots=True)
class Serving(Steps):
    """The steps that put one agent in service, or back."""

    async def tidy_branches(self, progress: Progress) -> None:
        """Says on the branch that it has been live, and archives the oldest of those before it."""
        if progress.branch is None or progress.agent_id is None:
            return
        if not progress.branch.name.endswith(SERVED):
            name = progress.branch.name + SERVED
            await self.writer.rename_branch(progress.agent_id, progress.branch.branch_id, name)
        before = progress.served_before.branch_id if progress.served_before else None
        ours = [
            each
            for each in await self.writer.list_branches(progress.agent_id)
            if each.name.startswith(f"{DEPLOY_BRANCH}{progress.change.key}-")
            and not each.is_live
            and each.branch_id != before
        ]
        ours.sort(key=lambda each: each.updated_at or "", reverse=True)
        for each in ours[max(self.options.deploy.keep_branches - 1, 0) :]:
            await self.writer.archive_branch(progress.agent_id, each.branch_id)

    async def publish(self, progress: Progress) -> None:
        """Publishes the draft under the user's label and our mark; a publish that is on its way is not repeated."""
        observed, draft = known(progress.observed), progress.draft or Draft("")
        publication = Publication(
            agent_id=observed.agent_id,
            label=build_label(self.options.deploy.label, self.mark_of(progress.change)),
            newest_before=await self.writer.newest_revision_id(observed),
            branch_id=observed.branch_id,
            draft_id=draft.draft_id,
        )
        if draft.is_publishing:
            progress.publication = publication
            return
        with self.at(progress, Stage.PUBLISH):
            progress.publication = await self._published(observed, publication)

    async def _published(self, observed: ObservedAgent, publication: Publication) -> Publication:
        async def write() -> Publication:
            try:
                return await self.writer.publish_draft(publication)
            except ConflictError as conflict:
                draft = await self.writer.read_draft(observed)
                is_on_its_way = draft is None or draft.is_publishing
                if conflict.flavour is ConflictFlavour.PUBLISH_IN_PROGRESS and is_on_its_way:
                    return publication
                raise

        async def look() -> Publication | None:
            revision = await self.writer.read_publication(publication)
            if revision is not None:
                return replace(publication, revision=revision)
            draft = await self.writer.read_draft(observed)
            return publication if draft is None or draft.is_publishing else None

        return await settled(write, look, self.clock)

    async def scan(self, progress: Progress) -> None:
        """Waits until the security scan has passed."""
        publication = progress.publication
        if publication is None:
            return
        with self.at(progress, Stage.SCAN) as said:
            progress.revision = await self.scans.wait(publication, progress.change.key)
            progress.is_ours_open = False
            said.append(f"revision {progress.revision.number or progress.revision.revision_id}")
        if self.plan.generation is Generation.V2 and progress.branch is None:
            progress.is_live = True  # publishing on the live branch is going live

    async def find_published(self, progress: Progress) -> bool:
        """Whether a publish that was given up on went live after all."""
        head = await self.writer.read_head(progress.agent_id or "")
        if head.revision_id is None or head.revision_id == progress.change.base_revision_id:
            return False
        revision = await self.writer.read_revision(progress.agent_id or "", head.revision_id, branch_id=head.branch_id)
        if read_mark(revision.label) != self.mark_of(progress.change):
            return False
        progress.revision, progress.is_live, progress.is_ours_open = revision, True, False
        return True

    async def go_live(self, progress: Progress) -> None:
        """Makes the revision serve calls, unless publishing it has done so."""
        agent_id, revision = progress.agent_id or "", progress.revision
        if revision is None:
            return
        with self.at(progress, Stage.LIVE):
            if progress.is_live:
                return

            async def write() -> bool:
                if not await serves():
                    await self.writer.make_live(agent_id, revision)
                return True

            async def serves() -> bool | None:
                head = await self.writer.read_head(agent_id)
                return True if head.revision_id == revision.revision_id else None

            await settled(write, serves, self.clock)
            progress.is_live = True

    async def verify(self, progress: Progress) -> None:
        """Reads back what serves now, by its id, and compares it with what was wanted. Raises VerifyError."""
        change, revision = progress.change, progress.revision
        if revision is None:
            return
        with self.at(progress, Stage.VERIFY):
            agent_id = progress.agent_id or ""
            head = await self.writer.read_head(agent_id)
            if head.revision_id != revision.revision_id:
                progress.is_live = False
                raise StaleError(
                    f"{change.key}: revision {revision.number or revision.revision_id} was made live, but "
                    f"{head.number or head.revision_id} serves",
                    hint="somebody else deployed at the same time: plan again",
                    code="not_live",
                )
            found = await self.writer.read_revision(agent_id, revision.revision_id, branch_id=revision.branch_id)
            progress.revision = found
            wrong = differing_paths(self._expected(progress), found)
            if wrong:
                raise VerifyError(
                    f"{change.key}: the platform did not keep what was written: {', '.join(map(path_text, wrong))}",
                    hint="the platform changed or dropped these fields; check their values against its documentation",
                    code="not_kept",
                )

    def _expected(self, progress: Progress) -> Document:
        if progress.change.action is Action.RESTORE:
            return (progress.change.restore_to.document if progress.change.restore_to else None) or {}
        return wanted_config(progress.change, known(progress.observed).live)

    async def metadata(self, progress: Progress) -> None:
        """Writes the unversioned fields: immediate, and therefore last."""
        body = metadata_to_write(progress.change)
        if not body:
            return
        with self.at(progress, Stage.METADATA) as said:
            progress.has_written_metadata = True
            await self.write_metadata_settled(progress.agent_id or "", body)
            said.append(", ".join(sorted(body)))

    async def call(self, progress: Progress) -> None:
        """Calls the agent by its scripts; what follows from the verdict is the engine's."""
        if self.smoke is None or progress.agent_id is None:
            return
        with self.at(progress, Stage.SMOKE) as said:
            progress.verdict = await self.smoke.smoke(progress.change, progress.agent_id)
            if progress.verdict is not None:
                said.append(progress.verdict.verdict.value)

    async def restore(self, progress: Progress) -> Revision:
        """Puts back what served before, configuration and metadata, and makes sure that it does serve.

        Raises VerifyError when what serves afterwards is not what served before.
        """
        before = progress.served_before
        if before is None:
            raise VerifyError(f"{progress.change.key}: nothing served before", code="nothing_to_restore")
        with self.at(progress, Stage.RESTORE) as said:
            restored = await self.put_back(progress, before)
            said.append(f"revision {restored.number or restored.revision_id} serves")
            if progress.has_written_metadata and (body := metadata_before(progress.change)):
                await self.write_metadata_settled(progress.agent_id or "", body)
                progress.has_written_metadata = False
        return restored

    async def put_back(self, progress: Progress, revision: Revision) -> Revision:
        """Makes an older revision serve again and checks that it does."""
        agent_id, key = progress.agent_id or "", progress.change.key
        head = await self.writer.read_head(agent_id)
        if head.revision_id == revision.revision_id:
            return revision
        if revision.branch_id is not None and revision.branch_id != head.branch_id:
            await self.writer.make_live(agent_id, revision)
            result = revision
        else:
            result = await self._restored(agent_id, revision, head, key)
        found = await self.writer.read_revision(agent_id, result.revision_id, branch_id=result.branch_id)
        now = await self.writer.read_head(agent_id)
        if now.revision_id != found.revision_id or not is_same_document(found, revision):
            raise VerifyError(
                f"{key}: revision {now.number or now.revision_id} serves now, which is not what served before",
                hint="look at the agent in the console; `agentops rollback` tries again",
                code="not_restored",
            )
        return found

    async def _restored(self, agent_id: str, revision: Revision, head: Head, key: str) -> Revision:
        publication = Publication(
            agent_id, newest_before=head.revision_id, restored_from=revision.revision_id, branch_id=head.branch_id
        )

        async def write() -> Publication:
            return await self.writer.restore(publication)

        async def look() -> Publication | None:
            now = await self.writer.read_head(agent_id)
            if now.revision_id == revision.revision_id:
                return replace(publication, revision=revision)
            found = await self.writer.read_publication(publication)
            return replace(publication, revision=found) if found else None

        return await self.scans.wait(await settled(write, look, self.clock), key)

    async def archive(self, progress: Progress) -> None:
        """Detaches the phone numbers, then archives the agent: it stops taking calls and can be brought back."""
        agent_id = progress.agent_id or ""
        observed = known(progress.observed)
        with self.at(progress, Stage.ARCHIVE) as said:
            if numbers := observed.listing.metadata.get("telephonyProductId"):
                await self.write_metadata_settled(agent_id, {"telephonyProductId": []})
                said.append(f"detached from phone number {', '.join(numbers)}")

            async def write() -> bool:
                await self.writer.archive_agent(agent_id)
                return True

            async def look() -> bool | None:
                return True if (await self.writer.read_listing(agent_id)).is_archived else None

            await settled(write, look, self.clock)
