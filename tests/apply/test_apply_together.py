"""What holds for the agents of one run together: all or none with `is_atomic`, so many calls at once, pruning."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from deploy_world import World, agent
from faulty import Fault

from agentops.apply.model import (
    ApplyOptions,
    ApplyResult,
    Outcome,
    SmokeVerdict,
    Stage,
    StageFinished,
    StageStarted,
    Verdict,
)
from agentops.document import Deploy, DesiredAgent, OnFailure
from agentops.emulator.rest.account.numbers import add_phone_number
from agentops.errors import ExitCode
from agentops.plan.model import Action, AgentChange

KEYS = ("desk", "sales", "support")
ATOMIC = ApplyOptions(deploy=Deploy(label="abc123 A change"), is_atomic=True)


@dataclass(slots=True)
class CallsThatFail:
    """Calls that fail for one agent, after those of all others have ended."""

    key: str
    others: int
    passed: int = 0
    all_passed: asyncio.Event = field(default_factory=asyncio.Event)

    def is_called(self, change: AgentChange) -> bool:
        return True

    async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
        if change.key == self.key:
            await self.all_passed.wait()
            return SmokeVerdict(Verdict.FAILED, "heard nothing")
        self.passed += 1
        if self.passed == self.others:
            self.all_passed.set()
        return SmokeVerdict(Verdict.PASSED, "all well")


@dataclass(slots=True)
class CallsInPairs:
    """Calls that end only when another one is being made, and count how many are."""

    pair: asyncio.Barrier = field(default_factory=lambda: asyncio.Barrier(2))
    open: int = 0
    most: int = 0

    def is_called(self, change: AgentChange) -> bool:
        return True

    async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
        self.open += 1
        self.most = max(self.most, self.open)
        await self.pair.wait()
        self.open -= 1
        return SmokeVerdict(Verdict.PASSED)


def fleet(prompt: str, **others: str) -> list[DesiredAgent]:
    return [agent(key, others.get(key, prompt)) for key in KEYS]


def outcomes(result: ApplyResult) -> dict[str, Outcome]:
    return {each.key: each.outcome for each in result.agents}


async def live_prompts(world: World) -> dict[str, str | None]:
    return {key: await world.live_prompt(f"Acme {key}") for key in KEYS}


async def test_all_that_went_live_is_restored_newest_first_when_one_agent_fails(world: World) -> None:
    await world.deploy(fleet("Old."))
    plan = await world.plan(fleet("New."))
    world.events.clear()
    result = await world.apply(plan, smoke=CallsThatFail("sales", others=2), options=ATOMIC)
    assert outcomes(result) == dict.fromkeys(KEYS, Outcome.ROLLED_BACK)
    assert await live_prompts(world) == dict.fromkeys(KEYS, "Old.")
    went_live = [e.key for e in world.events if isinstance(e, StageFinished) and e.stage is Stage.VERIFY]
    restored = [e.key for e in world.events if isinstance(e, StageStarted) and e.stage is Stage.RESTORE]
    assert restored == ["sales", *(key for key in reversed(went_live) if key != "sales")]
    told = {each.key: each for each in result.agents}
    assert told["desk"].problem is not None
    assert told["desk"].problem.summary == "another agent of the same run failed"
    assert "serves again" in told["desk"].detail
    assert told["sales"].problem is not None
    assert told["sales"].problem.code == "call_failed"
    assert result.exit_code is ExitCode.CALLS_FAILED
    assert (await world.plan(fleet("Old."))).is_empty
    again = await world.plan(fleet("New."))
    assert [(each.agent, each.acknowledgement) for each in again.refusals] == [("sales", "REDEPLOY")]


async def test_without_atomic_the_others_stay_live(world: World) -> None:
    await world.deploy(fleet("Old."))
    result = await world.apply(await world.plan(fleet("New.")), smoke=CallsThatFail("sales", others=2))
    assert await live_prompts(world) == {"desk": "New.", "sales": "Old.", "support": "New."}
    assert outcomes(result)["desk"] is Outcome.APPLIED


async def test_a_failure_on_the_way_live_takes_the_others_back(world: World) -> None:
    """v2: a scan that fails after others were published. v1: a version that can't be made live."""
    await world.deploy(fleet("Old."))
    plan = await world.plan(fleet("New.", sales="jailbreak-me" if world.generation == "v2" else "New."))
    if world.generation == "v1":
        sales = next(change.agent_id for change in plan.changes if change.key == "sales")
        world.transport.fault = Fault("PATCH", f"/agent/{sales}/versions/.*/activate$", "connect", times=99)
    result = await world.apply(plan, options=ATOMIC)
    expected = {"desk": Outcome.ROLLED_BACK, "sales": Outcome.FAILED, "support": Outcome.ROLLED_BACK}
    assert outcomes(result) == expected, result
    assert await live_prompts(world) == dict.fromkeys(KEYS, "Old.")
    assert result.exit_code is ExitCode.FAILED


async def test_a_failed_agent_that_serves_all_the_same_is_restored_too(world: World) -> None:
    await world.deploy(fleet("Old."))
    keep = ApplyOptions(deploy=Deploy(label="abc123 A change", on_failure=OnFailure.KEEP), is_atomic=True)
    result = await world.apply(await world.plan(fleet("New.")), smoke=CallsThatFail("sales", others=2), options=keep)
    assert outcomes(result) == dict.fromkeys(KEYS, Outcome.ROLLED_BACK)
    assert await live_prompts(world) == dict.fromkeys(KEYS, "Old.")
    failed = next(each for each in result.agents if each.key == "sales")
    assert failed.problem is not None
    assert failed.problem.code == "call_failed"
    again = await world.plan(fleet("New."))
    assert [(each.agent, each.acknowledgement) for each in again.refusals] == [("sales", "REDEPLOY")]


async def test_what_neighbours_had_written_at_once_is_put_back_too(world: World) -> None:
    def named(description: str, prompt: str) -> list[DesiredAgent]:
        return [replace(each, metadata={"description": f"{description} {each.key}"}) for each in fleet(prompt)]

    await world.deploy(named("Old", "Old."))
    plan = await world.plan(named("New", "New."))
    result = await world.apply(plan, smoke=CallsThatFail("sales", others=2), options=ATOMIC)
    assert outcomes(result) == dict.fromkeys(KEYS, Outcome.ROLLED_BACK)
    listings = {each.name: each for each in await world.writer.list_agents()}
    for key in KEYS:
        assert listings[f"Acme {key}"].metadata["description"] == f"Old {key}"
    assert (await world.plan(named("Old", "Old."))).is_empty


async def test_a_neighbour_that_can_not_be_restored_says_so(world: World) -> None:
    await world.deploy(fleet("Old."))
    plan = await world.plan(fleet("New."))
    desk = next(change.agent_id for change in plan.changes if change.key == "desk")
    path = f"/agent/{desk}/.*restore$" if world.generation == "v2" else f"/agent/{desk}/versions/.*/activate$"
    after = 0 if world.generation == "v2" else 1  # its own going live
    world.transport.fault = Fault(
        "POST" if world.generation == "v2" else "PATCH", path, "connect", times=99, after=after
    )
    result = await world.apply(plan, smoke=CallsThatFail("sales", others=2), options=ATOMIC)
    assert outcomes(result) == {"desk": Outcome.FAILED, "sales": Outcome.ROLLED_BACK, "support": Outcome.ROLLED_BACK}
    told = next(each for each in result.agents if each.key == "desk")
    assert told.detail == "what served before could not be restored"
    assert told.warnings == ("because of: another agent of the same run failed",)
    assert await live_prompts(world) == {"desk": "New.", "sales": "Old.", "support": "Old."}


async def test_with_atomic_nothing_follows_where_an_agent_was_taken_back(world: World) -> None:
    """An agent that is archived in the same run stays archived: there is no revision to put back."""
    await world.deploy(fleet("Old."))
    acknowledged = frozenset({"LIMIT_ARCHIVED"})
    plan = await world.plan(fleet("New.")[1:], prune=True, acknowledged=acknowledged)
    result = await world.apply(plan, smoke=CallsThatFail("sales", others=1), options=ATOMIC)
    assert outcomes(result) == {
        "desk": Outcome.APPLIED,
        "sales": Outcome.ROLLED_BACK,
        "support": Outcome.ROLLED_BACK,
    }


async def test_a_new_agent_of_an_atomic_run_says_that_there_is_no_way_back(world: World) -> None:
    await world.deploy([agent("sales", "Old.")])
    wanted = [agent("desk"), agent("sales", "New.")]
    result = await world.apply(await world.plan(wanted), smoke=CallsThatFail("sales", others=1), options=ATOMIC)
    assert outcomes(result) == {"desk": Outcome.FAILED, "sales": Outcome.ROLLED_BACK}
    assert "nothing to go back to" in result.agents[0].detail
    assert result.exit_code is ExitCode.CALLS_FAILED


async def test_only_so_many_agents_are_called_at_once(world: World) -> None:
    agents = [agent(f"line{number}") for number in range(6)]
    calls = CallsInPairs()
    async with asyncio.timeout(30):
        plan = await world.plan(agents)
        result = await world.apply(plan, smoke=calls, options=ApplyOptions(calls_at_once=2))
    assert result.exit_code is ExitCode.DONE
    assert calls.most == 2


async def test_a_pruned_agent_loses_its_phone_number_first_and_that_is_shown(world: World) -> None:
    number = add_phone_number(world.store, "+14155550142")["_id"]
    connected = agent("sales")
    connected.metadata["telephonyProductId"] = [number]
    await world.deploy([agent("support"), connected])
    plan = await world.plan([agent("support")], prune=True, acknowledged=frozenset({"LIMIT_ARCHIVED"}))
    archived = plan.changes[1]
    assert archived.action is Action.ARCHIVE
    assert f"detached first from phone number {number}" in archived.reason
    world.transport.log.clear()
    result = await world.apply(plan)
    assert result.agents[1].outcome is Outcome.APPLIED, result
    writes = [each.split("/")[0] for each in world.transport.log if not each.startswith("GET")]
    assert writes == ["PATCH ", "DELETE "]
    [told] = [e for e in world.events if isinstance(e, StageFinished) and e.stage is Stage.ARCHIVE]
    assert told.detail == f"detached from phone number {number}"
    [free] = [each for each in await world.writer.list_phone_numbers() if each.product_id == number]
    assert free.agent_id is None
