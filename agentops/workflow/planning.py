"""Plans an environment: reads what the platform holds, in parallel, and plans each agent from it. Writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import TypeVar

from agentops.document import AgentListing, Mark, ObservedAgent, read_mark
from agentops.errors import AgentopsError
from agentops.plan.account import check_account, questions
from agentops.plan.build import AgentPlan, Planner, PlanOptions, World
from agentops.plan.identity import Match, Matching, match_agents
from agentops.plan.model import Plan
from agentops.remote.port import Reader
from agentops.workflow.account import ask_account
from agentops.workflow.deployment import Deployment

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_AT_ONCE = 256  # as many as an environment may have in flight


async def plan_deployment(deployment: Deployment, options: PlanOptions, *, prune: bool = False) -> Plan:
    """The plan for the selected agents; with `prune`, agents of ours that no spec means are archived by it.

    Asks the account, too, for what the specs can't know: voices, knowledge bases, phone numbers, its limits.
    """
    world = await survey(deployment, prune=prune)
    plan = await plan_agents(deployment, world, options)
    answers = await ask_account(deployment.account, questions(plan), world.agent_count)
    return check_account(plan, answers, options.acknowledged)


async def survey(deployment: Deployment, *, prune: bool = False) -> World:
    """Which agents there are and what they are to us: one listing, and marks where names don't tell."""
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
    return World(
        generation=account.generation,
        target=account.base_url,
        matching=matching,
        orphans=await _read_orphans(deployment, matching, marks) if prune else {},
        agent_count=len(listings),
    )


async def plan_agents(
    deployment: Deployment,
    world: World,
    options: PlanOptions,
    on_agent: Callable[[str, ObservedAgent], None] = lambda key, found: None,
) -> Plan:
    """Reads and plans every matched agent, each as soon as it is there: planning hides behind the others' latency, and
    what was read of an agent that stays as it is need not be kept, unless `on_agent` does."""
    mine = (deployment.environment.project, deployment.environment.name)
    planner = Planner(deployment.environment, world, options)
    matches, done = world.matching.matches, count(1)

    async def plan_one(match: Match) -> AgentPlan:
        found = await deployment.account.read_agent(match.listing, mine=mine) if match.listing else None
        if found is not None:
            on_agent(match.desired.key, found)
        planned = planner.plan_agent(match, found)
        deployment.on_read(next(done), len(matches))
        return planned

    parts = await _each(plan_one, matches)
    return planner.conclude(parts, deployment.project.diagnostics)


async def _namesakes(account: Reader, matching: Matching) -> list[AgentListing]:
    """Archived agents that have the name, or the bound id, of a spec without an agent."""
    bound = {match.desired.agent_id for match in matching.matches}
    archived = await account.list_agents(archived=True)
    return [each for each in archived if each.name in matching.sought_names or each.agent_id in bound]


async def _read_marks(deployment: Deployment, listings: Sequence[AgentListing]) -> dict[str, Mark | None]:
    async def mark_of(listing: AgentListing) -> Mark | None:
        live = await deployment.account.read_live(listing.agent_id)
        return read_mark(live.label) if live else None

    return dict(zip([each.agent_id for each in listings], await _each(mark_of, listings), strict=True))


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
    read_agent = partial(deployment.account.read_agent, mine=mine)
    return dict(zip(orphans, await _each(read_agent, list(orphans.values())), strict=True))


async def _each(ask: Callable[[Item], Awaitable[Answer]], items: Sequence[Item]) -> list[Answer]:
    """Every answer, in order. The first failure ends the others and is raised as itself, not as a group.

    A fixed number of workers: what has been half read does not grow with the account.
    """
    answers: dict[int, Answer] = {}
    waiting = iter(enumerate(items))

    async def work() -> None:
        for index, item in waiting:
            answers[index] = await ask(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(len(items), _AT_ONCE)):
                group.create_task(work())
    except* AgentopsError as failed:
        raise failed.exceptions[0] from None
    return [answers[index] for index in range(len(items))]
