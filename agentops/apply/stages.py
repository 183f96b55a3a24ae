"""The steps of one agent, each small, resumable, and failing in its own typed way.

Every step reads what it needs right before it writes, and leaves in `Progress` what the next one needs. Which steps
run, for which agents and in which order is `engine`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from agentops.apply.intent import (
    body_to_write,
    differing_paths,
    is_same_document,
    metadata_before,
    metadata_to_write,
    unplanned_leaves,
    wanted_config,
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
    build_label,
    path_text,
    read_mark,
)
from agentops.errors import (
    AgentopsError,
    ConflictError,
    ConflictFlavour,
    NotFoundError,
    StaleError,
)
from agentops.plan.drafts import foreign_draft
from agentops.plan.model import Action, AgentChange, Plan
from agentops.remote.port import Head, Publication, Writer


class VerifyError(AgentopsError):
    """What went live is not what was wanted."""


@dataclass(slots=True)
class Progress:
    """How far one agent has come. Only the task that runs the agent writes here.

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
class Stages:
    """The steps, bound to one run's plan, port, options and clock."""

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

    # -- before anything is written

    async def guard(self, progress: Progress) -> None:
        """The world is still the one that the plan was made for. Raises StaleError when it is not."""
        change = progress.change
        if change.agent_id is None:
            return
        with self.at(progress, Stage.GUARD):
            progress.agent_id = change.agent_id
            progress.observed = change.observed
            progress.served_before = change.observed.live if change.observed else None
            head = await self.writer.read_head(change.agent_id)
            if head.revision_id != change.base_revision_id:
                await self._follow_moved_base(progress, head)
            elif change.action in (Action.CREATE, Action.UPDATE) and progress.writes_config:
                await self._look_at_draft(progress, head)

    async def _follow_moved_base(self, progress: Progress, head: Head) -> None:
        """A publish of exactly this configuration may have gone through since: that is where we want to be."""
        change = progress.change
        if head.revision_id is not None:
            revision = await self.writer.read_revision(
                change.agent_id or "", head.revision_id, branch_id=head.branch_id
            )
            if read_mark(revision.label) == self.mark_of(change):
                progress.revision, progress.is_live = revision, True
                return
        raise StaleError(
            f"{change.key}: revision {head.number or head.revision_id} went live since the plan was made, "
            f"which was computed from {change.base_number or change.base_revision_id}",
            hint="plan again and look at what changed",
            code="base_moved",
        )

    async def _look_at_draft(self, progress: Progress, head: Head) -> None:
        observed, change = progress.observed, progress.change
        if observed is None or change.desired is None or not (head.has_draft or observed.draft):
            return
        draft = await self.writer.read_draft(observed) if head.has_draft else None
        progress.observed = observed = replace(observed, draft=draft)
        if draft is None:
            return
        whose = foreign_draft(change.desired, observed)
        if whose is None:
            progress.draft = draft
            return
        if not self.options.discard_draft:
            raise StaleError(
                f"{change.key}: somebody else's draft is open: {whose}",
                hint="publish or discard it in the console, or pass --discard-draft to throw it away",
                code="foreign_draft",
            )
        await self.discard(progress, draft)

    async def discard(self, progress: Progress, draft: Draft) -> None:
        """Throws the draft away; that it is gone already is no error."""
        observed = _known(progress.observed)

        async def write() -> bool:
            with suppress(NotFoundError):
                await self.writer.discard_draft(observed, draft)
            return True

        async def look() -> bool | None:
            return True if await self.writer.read_draft(observed) is None else None

        await settled(write, look, self.clock)
        progress.observed = replace(observed, draft=None)
        progress.is_ours_open = False

    # -- staging

    async def create(self, progress: Progress) -> None:
        """Creates the agent by its name; the platform publishes a first revision of its own."""
        change = progress.change
        if change.action is not Action.CREATE or change.desired is None:
            return
        desired = change.desired
        with self.at(progress, Stage.CREATE) as said:

            async def write() -> str:
                return await self.writer.create_agent(desired.name, workflow_type=desired.workflow_type)

            async def look() -> str | None:
                found = [a.agent_id for a in await self.writer.list_agents() if a.name == desired.name]
                if len(found) > 1:
                    raise StaleError(
                        f"{change.key}: {len(found)} agents are called {desired.name!r} now: {', '.join(found)}",
                        hint="archive all but one in the console, then run this again",
                        code="duplicate_name",
                    )
                return found[0] if found else None

            if await look() is not None:
                raise StaleError(
                    f"{change.key}: an agent called {desired.name!r} has appeared since the plan was made",
                    hint="plan again",
                    code="name_taken",
                )
            progress.agent_id = await settled(write, look, self.clock)
            said.append(f"agent {progress.agent_id}")
        progress.observed = await self.writer.read_agent(await self.writer.read_listing(progress.agent_id))

    async def draft(self, progress: Progress) -> None:
        """The draft to write into: the one found, else a new one."""
        if progress.draft is not None:
            progress.is_ours_open = True
            return
        observed = _known(progress.observed)
        name = f"{self.plan.project}/{self.plan.environment}/{progress.change.key}"
        with self.at(progress, Stage.DRAFT):

            async def write() -> Draft:
                return await self.writer.open_draft(observed, name)

            async def look() -> Draft | None:
                return await self.writer.read_draft(observed)

            progress.draft = await settled(write, look, self.clock)
            progress.is_ours_open = bool(progress.draft.draft_id)

    async def patch(self, progress: Progress) -> None:
        """Writes everything that changes, in one request. A draft that holds it already is left as it is."""
        observed, draft = _known(progress.observed), progress.draft or Draft("")
        progress.body = body_to_write(progress.change, observed.live)
        if draft.is_publishing or (draft.document is not None and not self._missing(progress, draft)):
            return
        with self.at(progress, Stage.PATCH) as said:

            async def write() -> Draft:
                return await self.writer.write_draft(observed, draft, progress.body)

            async def look() -> Draft | None:
                held = await self.writer.read_draft(observed)
                return held if held is not None and not self._missing(progress, held) else None

            progress.is_ours_open = True
            progress.draft = await settled(write, look, self.clock)
            said.append(", ".join(sorted(progress.body)))

    def _missing(self, progress: Progress, draft: Draft) -> bool:
        """Whether the draft lacks something of what is wanted."""
        live = _known(progress.observed).live
        unverifiable = live.unverifiable if live else frozenset()
        held = Revision(draft.draft_id, document=draft.document, unverifiable=unverifiable)
        return draft.document is None or bool(differing_paths(wanted_config(progress.change, live), held))

    async def compare(self, progress: Progress) -> None:
        """The platform's own comparison may hold nothing that was not planned: drafts are shared with the console."""
        observed, draft = _known(progress.observed), progress.draft or Draft("")
        if draft.is_publishing:
            return
        with self.at(progress, Stage.COMPARE):
            leaves = await self.writer.diff_draft(observed, draft)
            known = frozenset((observed.live.document if observed.live else None) or {})
            pairs = [(leaf, self.writer.written_path(leaf)) for leaf in leaves]
            foreign, unknown = unplanned_leaves(progress.change, progress.body, pairs, known)
            if foreign:
                raise StaleError(
                    f"{progress.change.key}: the draft holds changes that were not planned: {', '.join(foreign)}",
                    hint="somebody is editing this agent in the console: agree with them, then plan again; "
                    "--discard-draft throws their draft away",
                    code="unplanned_changes",
                )
            progress.warnings += [f"the platform reports a change of {name}, which is unknown here" for name in unknown]

    # -- publishing and going live

    def mark_of(self, change: AgentChange) -> Mark:
        return Mark(self.plan.project, self.plan.environment, change.key, change.fingerprint)

    async def publish(self, progress: Progress) -> None:
        """Publishes the draft under the user's label and our mark; a publish that is on its way is not repeated."""
        observed, draft = _known(progress.observed), progress.draft or Draft("")
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
        observed = progress.observed
        if self.plan.generation is Generation.V2 and observed and observed.branch_id == publication.branch_id:
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
        return wanted_config(progress.change, _known(progress.observed).live)

    # -- afterwards

    async def metadata(self, progress: Progress) -> None:
        """Writes the unversioned fields: immediate, and therefore last."""
        body = metadata_to_write(progress.change)
        if not body:
            return
        with self.at(progress, Stage.METADATA) as said:
            progress.has_written_metadata = True
            await self._write_metadata(progress.agent_id or "", body)
            said.append(", ".join(sorted(body)))

    async def _write_metadata(self, agent_id: str, body: Document) -> None:
        async def write() -> bool:
            await self.writer.write_metadata(agent_id, body)
            return True

        async def look() -> bool | None:
            listing = await self.writer.read_listing(agent_id)
            held = {**listing.metadata, "name": listing.name}
            return True if not differing_paths(body, Revision("", document=held)) else None

        await settled(write, look, self.clock)

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
                await self._write_metadata(progress.agent_id or "", body)
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
        observed = _known(progress.observed)
        with self.at(progress, Stage.ARCHIVE):
            if observed.listing.metadata.get("telephonyProductId"):
                await self._write_metadata(agent_id, {"telephonyProductId": []})

            async def write() -> bool:
                await self.writer.archive_agent(agent_id)
                return True

            async def look() -> bool | None:
                return True if (await self.writer.read_listing(agent_id)).is_archived else None

            await settled(write, look, self.clock)


def _known(observed: ObservedAgent | None) -> ObservedAgent:
    if observed is None:
        raise LookupError("the agent was not read before it was written")
    return observed
