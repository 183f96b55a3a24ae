"""Compares agents as two sides have them: specs, environments, what serves, revisions. Reads only what is named."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentops.apply.rollback import choose_revision
from agentops.document import AgentListing, DesiredAgent, Document, Revision
from agentops.plan.agent_diff import AgentDiff, Side, SideKind
from agentops.plan.canonical import without
from agentops.plan.changes import Describer
from agentops.plan.compare import compare_documents
from agentops.plan.concealment import Concealer, KnownSecrets, known_secrets
from agentops.plan.identity import match_agents
from agentops.plan.names import hide_in_fields
from agentops.remote.port import Reader
from agentops.spec import Project
from agentops.workflow.deployment import Deployment
from agentops.workflow.resources import open_shelf

_HISTORY = 1000


@dataclass(frozen=True, slots=True)
class _SideDocument:
    """An agent as one side has it. `is_spec`: its fields are the managed ones; a revision has every field."""

    document: Document
    is_spec: bool = True
    unverifiable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sides:
    """The two sides of a comparison. `others`: the project's other environments, by name."""

    before: Side
    after: Side
    others: Mapping[str, Project]

    def secrets(self, *projects: Project) -> KnownSecrets:
        """The secrets of every environment that is compared."""
        looked_at = (*projects, *self.others.values())
        return KnownSecrets(secret for each in looked_at for secret in known_secrets(each.environment, each.agents))


def diff_specs(sides: Sides, agents: Sequence[DesiredAgent]) -> tuple[AgentDiff, ...]:
    """The differences of every agent, if no side needs the account."""
    secrets = sides.secrets()
    return tuple(
        _diff(sides, agent, _spec(sides, agent, sides.before), _spec(sides, agent, sides.after), secrets)
        for agent in agents
    )


async def diff_account(sides: Sides, deployment: Deployment) -> tuple[AgentDiff, ...]:
    """The differences of every selected agent, if a side is on the platform. Raises UsageError for unknown sides."""
    account = deployment.account
    await open_shelf(account, deployment.project, [agent.key for agent in deployment.agents], prunes=False)
    matching = match_agents(deployment.environment, deployment.agents, await account.list_agents())
    secrets = sides.secrets(deployment.project)

    async def diff_one(agent: DesiredAgent, listing: AgentListing | None) -> AgentDiff:
        before, after = await asyncio.gather(
            _side_document(sides, account, agent, listing, sides.before),
            _side_document(sides, account, agent, listing, sides.after),
        )
        return _diff(sides, agent, before, after, secrets)

    return tuple(await asyncio.gather(*(diff_one(match.desired, match.listing) for match in matching.matches)))


async def _side_document(
    sides: Sides, reader: Reader, agent: DesiredAgent, listing: AgentListing | None, side: Side
) -> _SideDocument | None:
    if not side.needs_account:
        return _spec(sides, agent, side)
    revision = None if listing is None else await _revision(reader, agent, listing, side)
    if revision is None:
        return None
    return _SideDocument(revision.document or {}, is_spec=False, unverifiable=revision.unverifiable)


def _spec(sides: Sides, agent: DesiredAgent, side: Side) -> _SideDocument | None:
    if side.kind is SideKind.ENVIRONMENT:
        found = next((each for each in sides.others[side.name].agents if each.key == agent.key), None)
        return _SideDocument({"name": found.name, **found.metadata, **found.config}) if found else None
    # Compared with another environment's spec, name and description count; a revision has neither.
    is_beside_spec = SideKind.ENVIRONMENT in (sides.before.kind, sides.after.kind)
    return _SideDocument({"name": agent.name, **agent.metadata, **agent.config} if is_beside_spec else agent.config)


def _diff(
    sides: Sides, agent: DesiredAgent, before: _SideDocument | None, after: _SideDocument | None, secrets: KnownSecrets
) -> AgentDiff:
    names = (str(sides.before), str(sides.after))
    if before is None or after is None:
        side = names[0] if before is None else names[1]
        return AgentDiff(agent.key, agent.name, *names, note=f"{side} does not have this agent")
    hidden = before.unverifiable | after.unverifiable
    old, new = without(before.document, hidden), without(after.document, hidden)
    is_one_spec = before.is_spec is not after.is_spec
    managed = (old if before.is_spec else new) if is_one_spec else None
    specs = [side.document for side in (before, after) if side.is_spec]
    describer = Describer(agent, Concealer(secrets, agent.config, agent.metadata, *specs), is_of_spec=after.is_spec)
    found = compare_documents(describer, old, new, managed)
    return AgentDiff(agent.key, agent.name, *names, fields=hide_in_fields(found, secrets))


async def _revision(reader: Reader, agent: DesiredAgent, listing: AgentListing, side: Side) -> Revision | None:
    live = await reader.read_live(listing.agent_id)
    if side.kind is SideKind.LIVE:
        return live
    revisions = await reader.list_revisions(listing.agent_id, limit=_HISTORY)
    chosen = choose_revision(agent.key, live, revisions, side.name)
    return await reader.read_revision(listing.agent_id, chosen.revision_id, branch_id=chosen.branch_id)
