"""Reading a fleet: each agent planned as it is read, a bounded number at a time, and nothing kept without need."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from agentops.document import (
    AgentListing,
    DesiredAgent,
    Environment,
    Generation,
    Mark,
    ObservedAgent,
    Revision,
    build_label,
)
from agentops.errors import UnavailableError
from agentops.plan.build import PlanOptions
from agentops.plan.canonical import fingerprint
from agentops.plan.model import Plan
from agentops.spec import Project
from agentops.workflow.deployment import Deployment
from agentops.workflow.planning import plan_agents, survey

ENVIRONMENT = Environment("acme", "prod")
AGENTS = tuple(DesiredAgent(f"a{n}", f"A{n}", {"firstMessage": f"Hi {n}"}) for n in range(600))


@dataclass
class Account:
    """Serves every agent as its spec wants it, but for those in `edited`; reading one in `broken` fails."""

    edited: frozenset[int] = frozenset()
    broken: frozenset[int] = frozenset()
    generation: Generation = Generation.V2
    base_url: str = "https://api.example.com"
    reading: int = 0
    most: int = 0
    read: list[str] = field(default_factory=list)

    async def list_agents(self, *, archived: bool = False) -> list[AgentListing]:
        return [AgentListing(f"id{n}", agent.name, {}) for n, agent in enumerate(AGENTS)]

    async def read_agent(self, listing: AgentListing, *, mine: tuple[str, str] | None = None) -> ObservedAgent:
        number = int(listing.agent_id.removeprefix("id"))
        self.read.append(listing.agent_id)
        self.reading += 1
        self.most = max(self.most, self.reading)
        await asyncio.sleep(0)
        self.reading -= 1
        if number in self.broken:
            raise UnavailableError(f"agent {number} can't be read")
        agent = AGENTS[number]
        document = {"firstMessage": "by hand"} if number in self.edited else dict(agent.config)
        label = build_label("", Mark("acme", "prod", agent.key, fingerprint(agent.config)))
        live = Revision(f"r{number}", 1, label, document=document)
        return ObservedAgent(listing, live=live, base=replace(live, document=dict(agent.config)))


async def plan(account: Account) -> Plan:
    project = Project(Path("/"), "acme", ENVIRONMENT, AGENTS, ())
    deployment = Deployment(project, AGENTS, account, None)  # type: ignore[arg-type]
    return await plan_agents(deployment, await survey(deployment), PlanOptions())


async def test_changes_stand_in_the_order_of_the_specs_whoever_was_read_first(anyio_backend: str) -> None:
    made = await plan(Account(edited=frozenset({7, 500})))
    assert [change.key for change in made.changes] == [agent.key for agent in AGENTS]
    assert [change.key for change in made.changes if change.is_change] == ["a7", "a500"]


async def test_of_an_agent_that_stays_as_it_is_nothing_read_is_kept(anyio_backend: str) -> None:
    made = await plan(Account(edited=frozenset({7})))
    kept = {change.key: change.observed for change in made.changes if change.observed is not None}
    assert list(kept) == ["a7"]
    assert kept["a7"].live is not None
    assert kept["a7"].live.document == {"firstMessage": "by hand"}
    assert all(change.base_revision_id for change in made.changes)


async def test_a_large_account_is_not_read_all_at_once(anyio_backend: str) -> None:
    account = Account()
    await plan(account)
    assert account.most <= 256
    assert sorted(account.read) == sorted(f"id{n}" for n in range(len(AGENTS)))


async def test_the_first_failure_ends_the_reading_as_itself(anyio_backend: str) -> None:
    account = Account(broken=frozenset({3, 4}))
    with pytest.raises(UnavailableError, match="agent 3 can't be read"):
        await plan(account)
    assert len(account.read) < len(AGENTS)
