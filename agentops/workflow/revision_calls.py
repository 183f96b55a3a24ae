"""Calls to revisions that don't serve: a copy of the agent is put up for them, and archived however that ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from agentops.apply.model import Outcome, Warned
from agentops.apply.rollback import choose_revision
from agentops.commands import in_environment
from agentops.document import AgentListing, DesiredAgent, Revision
from agentops.errors import UnavailableError, UsageError
from agentops.workflow.deployment import Deployment
from agentops.workflow.history import REVISIONS, list_deployed
from agentops.workflow.previewing import PreviewHooks, preview_down, preview_up


@dataclass(frozen=True, slots=True)
class PublishedAgent:
    """An agent with its published revisions, newest first."""

    agent: DesiredAgent
    listing: AgentListing
    live: Revision | None
    revisions: tuple[Revision, ...]

    def revision(self, name: str) -> Revision:
        """The revision that `name` means. Raises UsageError for none or several, RefusedError for no earlier one."""
        return choose_revision(self.agent.key, self.live, self.revisions, name)


async def read_published(deployment: Deployment) -> PublishedAgent:
    """The one selected agent. Raises UsageError for several, or one that is not on the platform."""
    deployed = await list_deployed(deployment)
    if len(deployed) != 1:
        keys = ", ".join(agent.key for agent, _ in deployed)
        hint = "name one with --agent"
        raise UsageError(f"revisions are one agent's, and these are several: {keys}", hint=hint, code="several-agents")
    agent, listing = deployed[0]
    account = deployment.account
    live = await account.read_live(listing.agent_id)
    revisions = await account.list_revisions(listing.agent_id, limit=REVISIONS)
    return PublishedAgent(agent, listing, live, tuple(each for each in revisions if each.is_published))


@dataclass(slots=True)
class AgentCopy:
    """The copy of one agent, which can be given any revision. `agent_id`: the agent to call, once it has one."""

    deployment: Deployment
    published: PublishedAgent
    name: str
    hooks: PreviewHooks
    revision_id: str | None = None
    agent_id: str = ""

    async def switch_to(self, revision: Revision) -> str:
        """Deploys the document of `revision` to the copy, and returns the copy's id.

        Raises UnavailableError if that fails, CancelledError if the run was interrupted.
        """
        if self.revision_id == revision.revision_id:
            return self.agent_id
        published = self.published
        found = await self.deployment.account.read_revision(
            published.listing.agent_id, revision.revision_id, branch_id=revision.branch_id
        )
        result = await preview_up(_holding(self.deployment, published, found), self.name, self.hooks)
        if result.is_interrupted:
            raise asyncio.CancelledError
        (copy,) = result.agents
        if copy.agent_id is None or copy.problem is not None:
            why = copy.problem.summary if copy.problem else copy.detail
            raise UnavailableError(
                f"no copy of revision {revision.name} of {published.agent.key} could be put up: {why}",
                hint=(copy.problem and copy.problem.hint) or "call another revision, or run it again later",
            )
        self.revision_id, self.agent_id = revision.revision_id, copy.agent_id
        return copy.agent_id


def _holding(deployment: Deployment, published: PublishedAgent, revision: Revision) -> Deployment:
    """The deployment of an agent whose spec has the document of `revision`."""
    agent = replace(
        published.agent,
        name=published.agent.name or published.listing.name,
        config=revision.document or {},
        metadata={},
        workflow_type=published.listing.workflow_type or published.agent.workflow_type,
        calls=(),
        where={},
    )
    project = replace(deployment.project, unresolved={}, agents=(agent,))
    return replace(deployment, project=project, agents=(agent,))


@asynccontextmanager
async def open_copy(
    deployment: Deployment, published: PublishedAgent, name: str, hooks: PreviewHooks
) -> AsyncIterator[AgentCopy]:
    """A copy called `name`, which is archived at the end, also after a failure or Ctrl-C."""
    copy = AgentCopy(deployment, published, name, hooks)
    try:
        yield copy
    finally:
        swept = await preview_down(_holding(deployment, published, Revision("")), name, hooks)
        later = in_environment("`agentops preview gc` does it later", deployment.environment.name)
        for each in swept.agents:
            if each.outcome is not Outcome.APPLIED:
                hooks.on_event(Warned(each.key, f"it could not be taken down: {later}"))
