"""Reads what was published: the history of agents, and plans that go back to an earlier revision."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from agentops.apply.rollback import PREVIOUS, RollbackTarget, commit_in, plan_rollback
from agentops.apply.run_history import read_run, read_verdicts
from agentops.closest import closest
from agentops.document import AgentListing, DesiredAgent
from agentops.errors import UsageError
from agentops.plan.build import PlanOptions, with_refusals
from agentops.plan.history import HistoryEntry, build_history
from agentops.plan.identity import as_deployed
from agentops.plan.model import Plan
from agentops.plan.rollback import refuse_gone, resources_needed
from agentops.workflow.deployment import Deployment
from agentops.workflow.planning import survey

REVISIONS = 1000  # the most that are read of one agent: ten requests


@dataclass(frozen=True, slots=True)
class AgentHistory:
    """One agent's revisions, newest first."""

    agent: DesiredAgent
    agent_id: str
    entries: tuple[HistoryEntry, ...]


async def read_histories(deployment: Deployment) -> tuple[AgentHistory, ...]:
    """The history of every selected agent that is on the platform. Raises UsageError when none is."""
    verdicts = read_verdicts(deployment.root, deployment.environment.name)
    found = await list_deployed(deployment)
    return tuple(await asyncio.gather(*(_history(deployment, agent, listing, verdicts) for agent, listing in found)))


async def _history(
    deployment: Deployment, agent: DesiredAgent, listing: AgentListing, verdicts: Mapping[str, str]
) -> AgentHistory:
    account = deployment.account
    revisions = await account.list_revisions(listing.agent_id, limit=REVISIONS)
    live = await account.read_live(listing.agent_id)
    entries = build_history(deployment.environment, revisions, live.revision_id if live else None, verdicts)
    return AgentHistory(agent, listing.agent_id, entries)


def commit_of(history: AgentHistory, entry: HistoryEntry) -> str | None:
    """The commit in the label of a revision, or of the one that it was restored from; None if neither names one."""
    by_id = {each.revision.revision_id: each.revision for each in history.entries}
    revision = entry.revision
    while commit_in(revision.label) is None and revision.restored_from in by_id:
        revision = by_id[revision.restored_from or ""]
    return commit_in(revision.label)


async def plan_going_back(deployment: Deployment, options: PlanOptions, *, to: str = PREVIOUS) -> Plan:
    """The plan that puts an earlier revision of every selected agent back in service.

    Raises RefusedError if there is nothing to go back to, UsageError if `to` matches no revision, or several.
    """
    targets = [(agent, listing, to) for agent, listing in await list_deployed(deployment)]
    return await _plan(deployment, targets, options)


async def plan_going_back_to(deployment: Deployment, to: Mapping[str, str], options: PlanOptions) -> Plan:
    """The plan that puts one named revision of each agent back in service. `to`: agent key -> revision id."""
    listed = await list_deployed(deployment)
    targets = [(agent, listing, to[agent.key]) for agent, listing in listed if agent.key in to]
    return await _plan(deployment, targets, options)


async def plan_undoing(deployment: Deployment, run: str, options: PlanOptions) -> Plan:
    """The plan that restores what served before the run whose id starts with `run`, by this machine's journal."""
    result = read_run(deployment.root, deployment.environment.name, run)
    if result is None:
        raise UsageError(
            f"no run on this machine is called {run!r}",
            hint="`ls .agentops/runs` lists them; elsewhere, roll back by number: `agentops rollback KEY --to N`",
            code="unknown-run",
        )
    before = {each["key"]: each["previous_revision_id"] for each in result["agents"] if each["previous_revision_id"]}
    plan = await plan_going_back_to(deployment, before, options)
    if not plan.changes:
        raise UsageError(
            f"run {result['run_id']} changed none of the selected agents",
            hint="select others, or none",
            code="nothing-to-undo",
        )
    return plan


async def _plan(
    deployment: Deployment, targets: list[tuple[DesiredAgent, AgentListing, str]], options: PlanOptions
) -> Plan:
    environment = deployment.environment
    mine = (environment.project, environment.name)
    observed = await asyncio.gather(*(deployment.account.read_agent(listing, mine=mine) for _, listing, _ in targets))
    chosen = [RollbackTarget(agent, seen, to) for (agent, _, to), seen in zip(targets, observed, strict=True)]
    plan = await plan_rollback(deployment.account, environment, chosen, options)
    if resources_needed(plan):
        tools, bases = await asyncio.gather(
            deployment.account.tools.list(), deployment.account.list_knowledge_base_ids()
        )
        gone = refuse_gone(plan, frozenset((*(each.resource_id for each in tools), *bases)))
        plan = with_refusals(plan, gone, options.acknowledged)
    return replace(plan, diagnostics=(*plan.diagnostics, *deployment.left_out))


async def list_deployed(deployment: Deployment) -> list[tuple[DesiredAgent, AgentListing]]:
    """The selected agents that are on the platform. They need no specs: our marks identify them as well."""
    world = await survey(deployment, has_shelf=False)
    matches = [as_deployed(each, None) if not each.desired.name else each for each in world.matching.matches]
    found = [(match.desired, match.listing) for match in matches if match.listing is not None]
    if not found:
        name = deployment.environment.name
        if not deployment.agents:
            hint = "name an agent by its key, such as `agentops history KEY`: our marks identify it"
            raise UsageError("no agent is selected, and the project has no spec to go by", hint=hint, code="no-agents")
        keys = ", ".join(agent.key for agent in deployment.agents)
        known = [agent.key for agent in deployment.project.agents if agent.name]
        meant = [close for agent in deployment.agents if not agent.name and (close := closest(agent.key, known))]
        raise UsageError(
            f"none of the selected agents is on the platform in environment {name!r}: {keys}",
            hint=f"did you mean {', '.join(meant)}?"
            if meant
            else f"deploy first: `agentops apply -e {name}`; `agentops history -e {name}` shows what is there",
            code="not-deployed",
        )
    return found
