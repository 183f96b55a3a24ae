"""Everything before callers could notice: guard, create, branch, draft, patch, compare.

Each step reads what it needs right before it writes, is resumable, and fails in its own typed way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agentops.apply.intent import (
    body_to_write,
    differing_paths,
    unplanned_leaves,
    wanted_config,
)
from agentops.apply.model import Stage
from agentops.apply.settle import settled
from agentops.apply.steps import Progress, Steps, known
from agentops.document import (
    Draft,
    Revision,
    read_mark,
)
from agentops.errors import (
    StaleError,
)
from agentops.plan.drafts import foreign_draft
from agentops.plan.model import Action
from agentops.remote.port import DEPLOY_BRANCH, SERVED, Branch, Head


@dataclass(frozen=True, slots=True)
class Staging(Steps):
    """The steps that prepare one agent."""

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
            elif change.action is Action.UPDATE and progress.writes_config and not self.uses_branch(progress):
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

    async def branch_off(self, progress: Progress) -> None:
        """A branch of what serves, to stage on; one that a killed run left is gone on with, whatever it has on it."""
        if not self.uses_branch(progress):
            return
        observed, agent_id = known(progress.observed), progress.agent_id or ""
        name = f"{DEPLOY_BRANCH}{progress.change.key}-{progress.change.fingerprint}"
        with self.at(progress, Stage.BRANCH) as said:

            async def write() -> Branch:
                return await self.writer.create_branch(agent_id, observed.branch_id or "", name)

            async def look() -> Branch | None:
                found = await self.writer.list_branches(agent_id)
                return next((each for each in found if each.name in (name, name + SERVED)), None)

            branch = await look()
            if branch is None:
                branch = await settled(write, look, self.clock)
            progress.branch = branch
            progress.observed = observed = replace(observed, branch_id=branch.branch_id, draft=None)
            if branch.head_revision_id is not None:
                head = await self.writer.read_revision(agent_id, branch.head_revision_id, branch_id=branch.branch_id)
                progress.revision = head if read_mark(head.label) == self.mark_of(progress.change) else None
            if branch.has_draft and progress.revision is None:
                progress.draft = await self.writer.read_draft(observed)
            said.append(branch.name)

    async def draft(self, progress: Progress) -> None:
        """The draft to write into: the one found, else a new one."""
        if progress.draft is not None:
            progress.is_ours_open = True
            return
        observed = known(progress.observed)
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
        observed, draft = known(progress.observed), progress.draft or Draft("")
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
        live = known(progress.observed).live
        unverifiable = live.unverifiable if live else frozenset()
        held = Revision(draft.draft_id, document=draft.document, unverifiable=unverifiable)
        return draft.document is None or bool(differing_paths(wanted_config(progress.change, live), held))

    async def compare(self, progress: Progress) -> None:
        """The platform's own comparison may hold nothing that was not planned: drafts are shared with the console."""
        observed, draft = known(progress.observed), progress.draft or Draft("")
        if draft.is_publishing:
            return
        with self.at(progress, Stage.COMPARE):
            leaves = await self.writer.diff_draft(observed, draft)
            fields = frozenset((observed.live.document if observed.live else None) or {})
            pairs = [(leaf, self.writer.written_path(leaf)) for leaf in leaves]
            foreign, unknown = unplanned_leaves(progress.change, progress.body, pairs, fields)
            if foreign:
                raise StaleError(
                    f"{progress.change.key}: the draft holds changes that were not planned: {', '.join(foreign)}",
                    hint="somebody is editing this agent in the console: agree with them, then plan again; "
                    "--discard-draft throws their draft away",
                    code="unplanned_changes",
                )
            progress.warnings += [f"the platform reports a change of {name}, which is unknown here" for name in unknown]
