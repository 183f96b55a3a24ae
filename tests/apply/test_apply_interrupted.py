"""Ctrl-C while an apply is at work: what can be taken back is, and the result says what was not done."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from deploy_world import World, agent

from agentops.apply.model import ApplyResult, Event, Outcome, ScanWaiting, SmokeVerdict, Verdict
from agentops.errors import ExitCode
from agentops.plan.model import AgentChange


async def interrupted_at(world: World, prompt: str, path: str, method: str = "POST") -> ApplyResult:
    """Applies a change and cancels the task when it sends the first request that fits."""
    plan = await world.plan([agent(prompt=prompt), agent("sales", prompt=prompt)])
    applying = asyncio.create_task(world.apply(plan))

    def cancel(request: httpx2.Request) -> None:
        if request.method == method and request.url.path.endswith(path):
            world.transport.before = None
            applying.cancel()

    world.transport.before = cancel
    result = await applying
    assert applying.cancelling() == 0, "whoever called goes on after an interrupt that was dealt with"
    return result


async def drafts(world: World) -> list[bool]:
    heads = [await world.writer.read_head(each.agent_id) for each in await world.writer.list_agents()]
    return [head.has_draft for head in heads]


@pytest.mark.parametrize(("method", "path"), [("GET", "/diff"), ("POST", "/publish")])
async def test_an_interrupt_before_anything_is_live_leaves_nothing(world: World, method: str, path: str) -> None:
    await world.deploy([agent(), agent("sales")])
    result = await interrupted_at(world, "New.", path, method)
    assert result.is_interrupted
    assert result.exit_code is ExitCode.INTERRUPTED
    assert {each.outcome for each in result.agents} == {Outcome.NOT_ATTEMPTED}
    assert await world.live_prompt() == "Help the caller."
    assert await drafts(world) == [False, False]
    again = await world.deploy([agent(prompt="New."), agent("sales", prompt="New.")])
    assert again.exit_code is ExitCode.DONE


async def test_an_interrupt_while_scanning_cancels_the_publish(world: World) -> None:
    await world.deploy([agent()])
    plan = await world.plan([agent(prompt="New.")])
    applying: asyncio.Task[ApplyResult]

    def cancel(event: Event) -> None:
        if isinstance(event, ScanWaiting):
            applying.cancel()

    world.watch = cancel
    applying = asyncio.create_task(world.apply(plan))
    result = await applying
    assert result.is_interrupted
    assert await drafts(world) == [False]
    await world.clock.sleep(60)
    assert await world.live_prompt() == "Help the caller."


async def test_an_interrupt_during_the_calls_says_that_they_did_not_end(world: World) -> None:
    await world.deploy([agent()])
    plan = await world.plan([agent(prompt="New.")])
    applying: asyncio.Task[ApplyResult]

    class LongCall:
        def is_called(self, change: AgentChange) -> bool:
            return True

        async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
            applying.cancel()
            await asyncio.sleep(0)
            raise AssertionError("the call went on")

    applying = asyncio.create_task(world.apply(plan, smoke=LongCall()))
    result = await applying
    [called] = result.agents
    assert called.outcome is Outcome.APPLIED
    assert called.verdict is not None
    assert called.verdict.verdict is Verdict.INCONCLUSIVE
    assert result.exit_code is ExitCode.INTERRUPTED
