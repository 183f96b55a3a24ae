"""Plans an environment: reads what the platform holds, in parallel, and builds the plan from it. Writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from agentops.document import AgentListing, Mark, ObservedAgent, read_mark
from agentops.errors import AgentopsError
from agentops.plan.account import check_account, questions
from agentops.plan.build import PlanOptions, World, build_plan
from agentops.plan.identity import Matching, match_agents
from agentops.plan.model import Plan
from agentops.remote.port import Reader
from agentops.workflow.account import ask_account
from agentops.workflow.deployment import Deployment

Answer = TypeVar("Answer")


async def plan_deployment(deployment: Deployment, options: PlanOptions, *, prune: bool = False) -> Plan:
    """The plan for the selected agents; with `prune`, agents of ours that no spec means are archived by it.

    Asks the account, too, for what the specs can't know: voices, knowledge bases, phone numbers, its limits.
    """
    world = await observe(deployment, prune=prune)
    plan = build_plan(deployment.environment, world, options, deployment.project.diagnostics)
    answers = await ask_account(deployment.account, questions(plan), world.agent_count)
    return check_account(plan, answers, options.acknowledged)


async def observe(deployment: Deployment, *, prune: bool = False) -> World:
    """One listing, then every matched agent at once, under the account's limiter."""
    account = deployment.account
    selected = [agent.key for agent in deployment.agents]
    listings = await account.list_agents()
    matching = match_agents(deployment.environment, deployment.project.agents, listings).only(selected)
    marks: Mapping[str, Mark | None] = {}
    if matching.needs_marks or prune:
        archived = await _namesakes(account, matching) if matching.needs_marks else []
        marks = await _read_marks(deployment, (*matching.unmatched, *archived))
        everything = (*listings, *archived)
        matching = match_agents(deployment.environment, deployment.project.agents, everything, marks).only(selected)
    matched = [match.listing for match in matching.matches if match.listing is not None]
    return World(
        generation=account.generation,
        target=account.base_url,
        matching=matching,
        observed=await _read_agents(deployment, matched),
        orphans=await _read_orphans(deployment, matching, marks) if prune else {},
        agent_count=len(listings),
    )


async def _namesakes(account: Reader, matching: Matching) -> list[AgentListing]:
    """Archived agents that have the name, or the bound id, of a spec without an agent."""
    bound = {match.desired.agent_id for match in matching.matches}
    archived = await account.list_agents(archived=True)
    return [each for each in archived if each.name in matching.sought_names or each.agent_id in bound]


async def _read_agents(deployment: Deployment, listings: Iterable[AgentListing]) -> dict[str, ObservedAgent]:
    """By agent id; two specs of one agent read it once."""
    mine = (deployment.environment.project, deployment.environment.name)
    unique = {listing.agent_id: listing for listing in listings}
    found = await _all(deployment.account.read_agent(listing, mine=mine) for listing in unique.values())
    return dict(zip(unique, found, strict=True))


async def _read_marks(deployment: Deployment, listings: Sequence[AgentListing]) -> dict[str, Mark | None]:
    live = await _all(deployment.account.read_live(listing.agent_id) for listing in listings)
    pairs = zip(listings, live, strict=True)
    return {listing.agent_id: read_mark(revision.label) if revision else None for listing, revision in pairs}


async def _read_orphans(
    deployment: Deployment, matching: Matching, marks: Mapping[str, Mark | None]
) -> dict[str, ObservedAgent]:
    """Agents that carry this environment's mark under a key that the project no longer has, but for forgotten ones."""
    mine = (deployment.environment.project, deployment.environment.name)
    known = {agent.key for agent in deployment.project.agents} | deployment.project.forgotten
    orphans = {
        mark.key: listing
        for listing in matching.unmatched
        if not listing.is_archived
        and (mark := marks.get(listing.agent_id)) is not None
        and (mark.project, mark.environment) == mine
        and mark.key not in known
    }
    observed = await _read_agents(deployment, orphans.values())
    return {key: observed[listing.agent_id] for key, listing in orphans.items()}


async def _all(questions: Iterable[Coroutine[Any, Any, Answer]]) -> list[Answer]:
    """Every answer in order; the first failure ends the others and is raised as itself, not as a group."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(question) for question in questions]
    except* AgentopsError as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
