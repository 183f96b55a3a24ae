"""How many requests each verb makes for one agent, as docs/performance.md says: what one agent more costs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from deploy_world import World, agent, open_world

from agentops.document import DesiredAgent, Generation
from agentops.emulator.options import EmulatorOptions

pytestmark = pytest.mark.slow

Work = Callable[[World, list[DesiredAgent]], Awaitable[object]]
PAGE = Path(__file__).parents[2] / "docs" / "performance.md"


async def plan(world: World, agents: list[DesiredAgent]) -> None:
    await world.plan(agents)


async def deploy(world: World, agents: list[DesiredAgent]) -> None:
    await world.deploy(agents)


def some(count: int, prompt: str) -> list[DesiredAgent]:
    return [agent(f"line{number}", prompt) for number in range(count)]


async def costs(generation: Generation, count: int, work: Work, *, changed: bool) -> list[str]:
    """The requests of `work` on so many agents that are there. The scans take no time: nothing is asked twice."""
    async with open_world(generation, EmulatorOptions(seed=1, scan_delay_s=0.0)) as world:
        await world.deploy(some(count, "Help the caller."))
        await world.writer.list_agents()  # learns the account's plan, once
        world.transport.log.clear()
        await work(world, some(count, "Help the caller at once." if changed else "Help the caller."))
        return world.transport.log


@pytest.mark.parametrize(
    ("generation", "verb", "work", "changed", "requests", "writes"),
    [
        (Generation.V2, "plan", plan, False, 2, 0),
        (Generation.V2, "plan", plan, True, 2, 0),
        (Generation.V2, "apply", deploy, False, 2, 0),
        (Generation.V2, "apply", deploy, True, 11, 2),
        (Generation.V1, "plan", plan, False, 3, 0),
        (Generation.V1, "plan", plan, True, 3, 0),
        (Generation.V1, "apply", deploy, False, 3, 0),
        (Generation.V1, "apply", deploy, True, 17, 4),
    ],
)
async def test_one_agent_more_costs_what_the_page_says(
    generation: Generation, verb: str, work: Work, changed: bool, requests: int, writes: int
) -> None:
    four = await costs(generation, 4, work, changed=changed)
    six = await costs(generation, 6, work, changed=changed)
    assert (len(six) - len(four)) / 2 == requests
    assert sum(not line.startswith("GET") for line in six) == 6 * writes
    row = f"| `{verb}`, {'changed' if changed else 'unchanged'} agent, {generation.value} | {requests} |"
    assert (verb == "plan" and changed) or row in PAGE.read_text()


@pytest.mark.parametrize(("count", "prompt", "asked"), [(2, "Other.", 1), (2, "Help the caller.", 0), (3, "", 0)])
async def test_campaigns_are_asked_for_once_where_an_agent_changes(count: int, prompt: str, asked: int) -> None:
    """Nobody's campaign notices an agent that stays as it is or is new."""
    async with open_world(Generation.V2) as world:
        await world.deploy(some(2, "Help the caller."))
        world.transport.log.clear()
        await world.plan(some(count, prompt or "Help the caller."))
    assert world.transport.log.count("GET /atoms/v1/campaign") == asked


async def test_the_plan_of_the_account_is_asked_for_once() -> None:
    async with open_world(Generation.V2) as world:
        for number in range(4):
            await world.writer.create_agent(f"Acme {number}")
        world.transport.log.clear()
        for _ in range(3):
            await world.writer.list_agents()
        assert world.transport.log == [
            "GET /atoms/v1/agent",
            "GET /atoms/v1/user/subscription",
            *["GET /atoms/v1/agent"] * 2,
        ]
