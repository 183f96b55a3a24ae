"""Plans an environment: reads what the platform has, concurrently, and plans each agent from it. Writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import TypeVar

from agentops.account import PhoneNumber
from agentops.clock import Clock, SystemClock
from agentops.document import AgentListing, Mark, ObservedAgent, read_mark
from agentops.errors import PlatformError, SpecError, UsageError
from agentops.plan.account import check_account, names_numbers, questions, with_product_ids
from agentops.plan.build import AgentPlan, Planner, PlanOptions, World, with_refusals
from agentops.plan.drift import serves_base
from agentops.plan.identity import Match, Matching, as_deployed, match_agents
from agentops.plan.model import Plan
from agentops.plan.promotion import refuse_untested, why_untested
from agentops.plan.safety import refuse_closed, refuse_lint
from agentops.remote.port import Reader
from agentops.spec import Project
from agentops.spec.environment import choose_environment
from agentops.spec.lint import lint_errors
from agentops.timing import closed_at
from agentops.workflow.account import ask_account
from agentops.workflow.call_costs import compare_with_credits
from agentops.workflow.deployment import Deployment
from agentops.workflow.expected_calls import AS_CONFIGURED, CallSettings, expect_calls
from agentops.workflow.policing import judge_plan
from agentops.workflow.probing import with_read_names
from agentops.workflow.resources import Shelf, conclude_shelf, open_shelf, with_references

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_LOOKED_AT = 50  # agents without a spec whose history is read when only a warning depends on it
_AT_ONCE = 256  # the most requests that an environment may allow in flight


@dataclass(frozen=True, slots=True)
class Surveyed(World):
    """What was read of the account, its tools, knowledge bases and webhooks included."""

    shelf: Shelf | None = None


async def plan_deployment(
    deployment: Deployment,
    options: PlanOptions,
    *,
    prune: bool = False,
    calls: CallSettings = AS_CONFIGURED,
    requires: str | None = None,
    clock: Clock | None = None,
) -> Plan:
    """The plan for the selected agents. With `prune`, it archives agents of ours that no spec describes any more.

    It includes the calls that an apply would make, and mistakes in their scripts. The account is asked for everything
    that specs can't know: voices, knowledge bases, phone numbers, limits, campaigns.

    requires: the environment where everything must have been tried, instead of the one that the project names
    clock:    tells whether this is a time to deploy; default: the machine's
    """
    world = await survey(deployment, prune=prune)
    plan = _with_lint(await plan_agents(deployment, world, options), deployment.project, options)
    answers = await ask_account(deployment.account, questions(plan), world.agent_count)
    plan = check_account(plan, answers, options.acknowledged)
    plan = expect_calls(plan, deployment.project, calls, options.acknowledged)
    plan = judge_plan(plan, deployment.project, options.acknowledged)
    plan = await compare_with_credits(plan, deployment.account, options.acknowledged)
    environment = deployment.environment
    closed = closed_at((clock or SystemClock()).now(), environment.freezes, environment.calm_hours)
    shut = refuse_closed(environment, plan.changes, plan.resources, closed)
    plan = with_refusals(plan, shut, options.acknowledged)
    if (required := requires or environment.requires) is not None:
        plan = await _require_tested(deployment, plan, required, options.acknowledged)
    return with_read_names(plan, deployment.root)


async def _require_tested(deployment: Deployment, plan: Plan, required: str, acknowledged: frozenset[str]) -> Plan:
    """`plan` with a refusal for each agent that it would deploy, unless `required` serves it, tried, from the same
    files. That environment is only read, and not even that if nothing would be deployed."""
    if deployment.project.context is not None:
        choose_environment(required, None, deployment.project.context.environments)
    keys = frozenset(change.key for change in plan.changes if change.is_deploy)
    if required == deployment.environment.name or deployment.open_other is None:
        hint = "name the environment where the change was tried before"
        raise UsageError(f"{required} can't be what was tried before {required}", hint=hint, code="bad-promotion")
    if not keys:
        return plan
    settled: set[str] = set()
    try:
        async with deployment.open_other(required, keys) as other:
            observed: dict[str, ObservedAgent] = {}
            found = await plan_agents(other, await survey(other), PlanOptions(), on_agent=observed.__setitem__)
            changes = {change.key: change for change in found.changes}
            sources = {agent.key: agent.sources for agent in other.agents}
    except (PlatformError, SpecError, UsageError) as error:
        reasons = dict.fromkeys(keys, f"what {required} serves is not known: {error.summary}")
    else:
        untested = {
            key: why_untested(changes.get(key), observed.get(key), sources.get(key, ""), required) for key in keys
        }
        reasons = {key: why for key, why in untested.items() if why is not None}
        settled = {key for key, change in changes.items() if not change.is_change}
    refused = [
        refuse_untested(key, why, required, is_deployable=key not in settled) for key, why in sorted(reasons.items())
    ]
    return with_refusals(plan, refused, acknowledged)


def _with_lint(plan: Plan, project: Project, options: PlanOptions) -> Plan:
    """`plan` with the errors that lint finds in the specs that it would deploy: a wrong prompt must not reach callers
    because nobody ran `lint`."""
    keys = {change.key for change in plan.changes if change.is_deploy}
    sources = [agent.source for agent in project.agents if agent.key in keys]
    shared = [each for each in plan.resources if each.is_change and each.desired is not None]
    keys |= {each.address.name for each in shared}
    sources += [each.desired.source for each in shared if each.desired is not None]
    found = [error for error in lint_errors(project, sources) if error.agent in keys]
    return with_refusals(plan, refuse_lint(found), options.acknowledged)


async def survey(deployment: Deployment, *, prune: bool = False, has_shelf: bool = True) -> Surveyed:
    """Which agents there are and which spec each belongs to: from one listing, and from marks where names don't
    suffice. With `has_shelf`, the project's tools, knowledge bases and webhooks as well."""
    account, project = deployment.account, with_references(deployment.project)
    selected = [agent.key for agent in deployment.agents]
    shelf = await open_shelf(account, project, selected, prunes=prune) if has_shelf else None
    listings = await account.list_agents()
    numbers: Sequence[PhoneNumber] = ()
    if names_numbers(project.agents):
        numbers = await account.list_phone_numbers()
        project = replace(project, agents=tuple(with_product_ids(agent, numbers) for agent in project.agents))
    matching = match_agents(deployment.environment, project.agents, listings).only(selected)
    is_everything = len(selected) == len(project.agents) and not project.unresolved
    looked_at = matching.unmatched[:_LOOKED_AT] if is_everything else ()
    archived: list[AgentListing] = []
    if matching.needs_marks or prune:
        archived = await _namesakes(account, matching) if matching.needs_marks else []
        looked_at = (*matching.unmatched, *archived)
    marks = await _read_marks(deployment, looked_at)
    if matching.needs_marks:
        matching = match_agents(deployment.environment, project.agents, (*listings, *archived), marks).only(selected)
    orphans = _orphans(deployment, matching, marks)
    pruned = await _read_orphans(deployment, orphans) if prune else {}
    return Surveyed(
        generation=account.generation,
        target=account.base_url,
        matching=matching,
        orphans=pruned,
        agent_count=len(listings),
        leftover={key: each.name for key, each in orphans.items() if key not in pruned} if is_everything else {},
        unseen=sum(each.agent_id not in marks for each in matching.unmatched) if is_everything else 0,
        numbers={each.product_id: each.number for each in numbers if each.number},
        shelf=shelf,
    )


async def plan_agents(
    deployment: Deployment,
    world: Surveyed,
    options: PlanOptions,
    on_agent: Callable[[str, ObservedAgent], None] = lambda key, found: None,
) -> Plan:
    """Reads and plans every matched agent, each as soon as it is read: planning happens while others are still being
    read, and the documents of an unchanged agent can be dropped, unless `on_agent` keeps them."""
    mine = (deployment.environment.project, deployment.environment.name)
    planner = Planner(deployment.environment, world, options)
    matches, done = world.matching.matches, count(1)

    async def plan_one(match: Match) -> AgentPlan:
        found = await deployment.account.read_agent(match.listing, mine=mine) if match.listing else None
        if found is not None:
            on_agent(match.desired.key, found)
            if world.shelf is not None:
                world.shelf.note(match.desired.key, found)
        if match.desired.key in deployment.project.unresolved:
            match = as_deployed(match, found)
        planned = planner.plan_agent(match, found)
        deployment.on_read(next(done), len(matches))
        return planned

    parts = await _each(plan_one, matches)
    shared = None
    if world.shelf is not None:
        shared = await conclude_shelf(
            deployment.account,
            world.shelf,
            world.matching,
            [part.change for part in parts],
            world.orphans,
            overwrites_drift=options.overwrites_drift,
        )
    return planner.conclude(parts, deployment.project.diagnostics, shared)


async def _namesakes(account: Reader, matching: Matching) -> list[AgentListing]:
    """Archived agents that have the name, or the bound id, of a spec without an agent."""
    bound = {match.desired.agent_id for match in matching.matches}
    archived = await account.list_agents(archived=True)
    return [each for each in archived if each.name in matching.sought_names or each.agent_id in bound]


async def _read_marks(deployment: Deployment, listings: Sequence[AgentListing]) -> dict[str, Mark | None]:
    """Agent id -> the newest mark in its history, this environment's before any other: an agent of ours stays ours
    after an edit in the console."""
    mine = (deployment.environment.project, deployment.environment.name)

    async def mark_of(listing: AgentListing) -> Mark | None:
        revisions = await deployment.account.list_revisions(listing.agent_id)
        marks = [mark for revision in revisions if (mark := read_mark(revision.label)) is not None]
        ours = (mark for mark in marks if (mark.project, mark.environment) == mine)
        return next(ours, marks[0] if marks else None)

    return dict(zip([each.agent_id for each in listings], await _each(mark_of, listings), strict=True))


def _orphans(deployment: Deployment, matching: Matching, marks: Mapping[str, Mark | None]) -> dict[str, AgentListing]:
    """Agents that have this environment's mark with a key that the project no longer has, except for forgotten keys.

    There are none while a spec has errors, since the project's keys are not known then.
    """
    if deployment.project.unresolved:
        return {}
    mine = (deployment.environment.project, deployment.environment.name)
    known = {key for agent in deployment.project.agents for key in (agent.key, *agent.previous_keys)}
    known |= deployment.project.forgotten
    return {
        mark.key: listing
        for listing in matching.unmatched
        if not listing.is_archived
        and (mark := marks.get(listing.agent_id)) is not None
        and (mark.project, mark.environment) == mine
        and mark.key not in known
    }


async def _read_orphans(deployment: Deployment, orphans: Mapping[str, AgentListing]) -> dict[str, ObservedAgent]:
    """The orphans that still serve what we deployed. One that was edited in the console is not ours to archive."""
    mine = (deployment.environment.project, deployment.environment.name)
    found = await _each(partial(deployment.account.read_agent, mine=mine), list(orphans.values()))
    return {key: agent for key, agent in zip(orphans, found, strict=True) if serves_base(agent)}


async def _each(ask: Callable[[Item], Awaitable[Answer]], items: Sequence[Item]) -> list[Answer]:
    """Every answer, in order. The first failure cancels the others, and is raised as itself instead of as a group.

    A fixed number of workers, so that the number of half-read agents doesn't grow with the account.
    """
    answers: dict[int, Answer] = {}
    waiting = iter(enumerate(items))

    async def work() -> None:
        for index, item in waiting:
            answers[index] = await ask(item)

    first: Exception | None = None
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(len(items), _AT_ONCE)):
                group.create_task(work())
    except ExceptionGroup as failed:
        first = failed.exceptions[0]
    if first is not None:  # raised out here: in there it would get the group that holds it as its context
        raise first
    return [answers[index] for index in range(len(items))]
