"""What serves in an environment, since when, from which commit, and what a plan would do. Writes nothing."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace

from agentops.apply.rollback import commit_in
from agentops.apply.run_history import read_verdicts
from agentops.document import ObservedAgent, label_text
from agentops.errors import PlatformError
from agentops.plan.build import PlanOptions
from agentops.plan.model import AgentChange
from agentops.plan.status import AgentStatus, Status
from agentops.remote.port import Reader
from agentops.workflow.deployment import Deployment
from agentops.workflow.planning import plan_agents, survey


async def read_status(deployment: Deployment, options: PlanOptions) -> Status:
    """The status of the selected agents: one listing of the account, and what a plan reads of each of them."""
    observed: dict[str, ObservedAgent] = {}

    def keep(key: str, found: ObservedAgent) -> None:
        live = replace(found.live, document=None) if found.live else None
        observed[key] = ObservedAgent(found.listing, live=live, draft=found.draft)

    world, numbers = await asyncio.gather(survey(deployment), _read_numbers(deployment.account))
    plan = await plan_agents(deployment, world, options, on_agent=keep)
    verdicts = read_verdicts(deployment.root, deployment.environment.name)
    unread = deployment.project.unresolved
    agents = tuple(
        replace(_agent(change, observed.get(change.key), verdicts, numbers), is_read=change.key not in unread)
        for change in plan.changes
    )
    refused = tuple(sorted({refusal.code for refusal in plan.refusals}))
    return Status(plan.project, plan.environment, plan.target, plan.generation, agents, refused, plan.diagnostics)


def _agent(
    change: AgentChange,
    observed: ObservedAgent | None,
    verdicts: dict[str, str],
    numbers: dict[str, list[str]] | None,
) -> AgentStatus:
    if observed is None:
        return AgentStatus(change, numbers=())
    live = observed.live
    return AgentStatus(
        change=change,
        live=live,
        label=label_text(live.label) if live else "",
        commit=commit_in(live.label) if live else None,
        verdict=verdicts.get(live.revision_id) if live else None,
        draft=observed.draft,
        numbers=None if numbers is None else tuple(sorted(numbers[observed.agent_id])),
    )


async def _read_numbers(account: Reader) -> dict[str, list[str]] | None:
    """Agent id -> phone numbers; None if they can't be read, since a status is useful without them."""
    found: dict[str, list[str]] = defaultdict(list)
    try:
        for each in await account.list_phone_numbers():
            if each.agent_id:
                found[each.agent_id].append(each.number)
    except PlatformError:
        return None
    return found
