"""What is live and has not passed its calls: noted on the platform, seen by any plan, called again until it has."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from deploy_world import World, agent
from faulty import Fault

from agentops.apply.model import ApplyOptions, ApplyResult, Event, Outcome, SmokeVerdict, Stage, StageFinished, Verdict
from agentops.document import Deploy, DesiredAgent, Generation, Note, NoteKind, OnFailure
from agentops.emulator.rest.account.numbers import add_phone_number
from agentops.errors import ExitCode
from agentops.plan.model import Action, AgentChange, Drift, Plan

KEEP = ApplyOptions(deploy=Deploy(label="abc123 A change", on_failure=OnFailure.KEEP))
NEW = [agent(prompt="New.")]


class Calls:
    """Calls with an opinion; `meanwhile` happens while they last."""

    def __init__(self, verdict: Verdict = Verdict.PASSED, meanwhile: Callable[[], object] | None = None) -> None:
        self.verdict, self.meanwhile = verdict, meanwhile
        self.called: list[str] = []

    def is_called(self, change: AgentChange) -> bool:
        return True

    async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
        self.called.append(change.key)
        if self.meanwhile is not None:
            self.meanwhile()
            await asyncio.sleep(0)
        return SmokeVerdict(self.verdict, "heard nothing")


async def note(world: World) -> Note | None:
    return (await world.observe("Acme support")).listing.note


async def described(world: World) -> Any:
    """The description as people see it in the console."""
    [listing] = await world.writer.list_agents()
    return (await world.writer._get(f"/agent/{listing.agent_id}"))["description"]  # type: ignore[attr-defined]


async def assert_called_again(world: World, wanted: list[DesiredAgent], since: str) -> None:
    """A plan from a fresh clone says that what serves has not passed, and an apply makes the calls until it has."""
    plan = await world.plan(wanted)
    assert not plan.is_empty
    [change] = plan.changes
    assert (change.uncalled_since, change.drift, change.drift_fields) == (since, Drift.NONE, ())
    calls = Calls()
    result = await world.apply(plan, smoke=calls)
    assert result.exit_code is ExitCode.DONE, result
    assert calls.called == ["support"]
    assert await note(world) is None
    assert (await world.plan(wanted)).is_empty


@pytest.mark.parametrize("verdict", [Verdict.INCONCLUSIVE, Verdict.FAILED])
async def test_calls_that_did_not_pass_are_made_again_by_the_next_apply(world: World, verdict: Verdict) -> None:
    await world.deploy([agent()])
    result = await world.apply(await world.plan(NEW), smoke=Calls(verdict), options=KEEP)
    assert result.exit_code is ExitCode.CALLS_FAILED
    assert await described(world) == "The support line [ao uncalled since 2]"
    plan = await world.plan(NEW)
    assert [change.action for change in plan.changes] == [Action.CALL]
    assert "has not passed its calls" in plan.changes[0].reason
    await assert_called_again(world, NEW, "2")
    assert await described(world) == "The support line"


async def test_a_first_deploy_whose_calls_came_to_nothing_is_called_again(world: World) -> None:
    result = await world.apply(await world.plan(NEW), smoke=Calls(Verdict.INCONCLUSIVE))
    assert result.exit_code is ExitCode.CALLS_FAILED
    await assert_called_again(world, NEW, "1")


async def test_an_interrupt_during_the_calls_is_known_to_the_next_plan(world: World) -> None:
    await world.deploy([agent()])
    plan = await world.plan(NEW)
    applying: asyncio.Task[ApplyResult]
    applying = asyncio.create_task(world.apply(plan, smoke=Calls(meanwhile=lambda: applying.cancel())))
    assert (await applying).exit_code is ExitCode.INTERRUPTED
    await assert_called_again(world, NEW, "2")


async def test_a_socket_cut_after_going_live_is_known_to_the_next_plan(world: World) -> None:
    await world.deploy([agent()])
    plan = await world.plan(NEW)

    def cut(event: Event) -> None:
        if isinstance(event, StageFinished) and event.stage is Stage.LIVE:
            world.transport.fault = Fault("GET", "", "connect", times=999)

    world.watch = cut
    result = await world.apply(plan, smoke=Calls())
    world.transport.fault = None
    assert result.exit_code is not ExitCode.DONE
    await assert_called_again(world, NEW, "2")


async def test_unversioned_fields_wait_until_the_calls_have_passed(world: World) -> None:
    await world.deploy([agent()])
    wanted = [replace(agent(prompt="New."), name="Acme support", metadata={"description": "Better"})]
    await world.apply(await world.plan(wanted), smoke=Calls(Verdict.INCONCLUSIVE))
    assert await described(world) == "The support line [ao uncalled since 2]"
    plan = await world.plan(wanted)
    assert [(change.action, change.uncalled_since) for change in plan.changes] == [(Action.UPDATE, "2")]
    await assert_called_again(world, wanted, "2")
    assert await described(world) == "Better"


async def test_calls_that_fail_the_second_time_go_back_to_what_passed_last(world: World) -> None:
    await world.deploy([agent()])
    await world.apply(await world.plan(NEW), smoke=Calls(Verdict.INCONCLUSIVE))
    result = await world.apply(await world.plan(NEW), smoke=Calls(Verdict.FAILED))
    [ended] = result.agents
    assert (ended.outcome, result.exit_code) == (Outcome.ROLLED_BACK, ExitCode.CALLS_FAILED)
    assert await world.live_prompt() == "Help the caller."
    assert await note(world) is None
    assert [refusal.code for refusal in (await world.plan(NEW)).refusals] == ["REDEPLOY"]
    assert (await world.plan([agent()])).is_empty


async def test_a_change_on_top_of_what_never_passed_goes_back_to_what_did(world: World) -> None:
    await world.deploy([agent()])
    await world.apply(await world.plan(NEW), smoke=Calls(Verdict.INCONCLUSIVE))
    newer = [agent(prompt="Newer.")]
    await world.apply(await world.plan(newer), smoke=Calls(Verdict.INCONCLUSIVE))
    assert await note(world) == Note(NoteKind.UNCALLED, "2")
    result = await world.apply(await world.plan(newer), smoke=Calls(Verdict.FAILED))
    assert result.agents[0].outcome is Outcome.ROLLED_BACK
    assert await world.live_prompt() == "Help the caller."


async def test_a_run_that_makes_no_calls_says_that_they_are_missing(world: World) -> None:
    await world.deploy([agent()])
    await world.apply(await world.plan(NEW), smoke=Calls(Verdict.INCONCLUSIVE))
    result = await world.apply(await world.plan(NEW))
    [ended] = result.agents
    assert result.exit_code is ExitCode.CALLS_FAILED
    assert ended.problem is not None
    assert (ended.outcome, ended.problem.code) == (Outcome.FAILED, "not_called")
    result = await world.apply(await world.plan([agent(prompt="Newer.")]))
    assert result.agents[0].outcome is Outcome.APPLIED
    assert result.exit_code is ExitCode.CALLS_FAILED
    assert result.agents[0].verdict == SmokeVerdict(
        Verdict.INCONCLUSIVE, "none was made, and none has passed since revision 2"
    )
    assert await world.live_prompt() == "Newer."
    assert await note(world) == Note(NoteKind.UNCALLED, "2")


async def test_a_rollback_by_hand_takes_the_note_off(world: World) -> None:
    from test_apply_rollback import rollback_plan

    await world.deploy([agent()])
    await world.apply(await world.plan(NEW), smoke=Calls(Verdict.INCONCLUSIVE))
    result = await world.apply(await rollback_plan(world, NEW))
    assert result.exit_code is ExitCode.DONE, result
    assert await world.live_prompt() == "Help the caller."
    assert await note(world) is None


async def test_a_note_of_a_deploy_that_never_went_live_is_taken_off(world: World) -> None:
    await world.deploy([agent()])
    [listing] = await world.writer.list_agents()
    await world.writer.write_metadata(listing.agent_id, {"description": "The support line [ao uncalled since 2]"})
    plan = await world.plan([agent()])
    [change] = plan.changes
    assert (change.action, change.fields, change.uncalled_since) == (Action.UPDATE, (), None)
    assert (await world.apply(plan)).exit_code is ExitCode.DONE
    assert await described(world) == "The support line"
    assert (await world.plan([agent()])).is_empty


async def test_a_deploy_that_fails_before_it_is_live_leaves_no_note(world: World) -> None:
    await world.deploy([agent()])
    path = "/publish$" if world.generation is Generation.V2 else "/activate$"
    world.transport.fault = Fault("POST|PATCH", path, "answer", 400, {"errors": ["no"]}, times=9)
    world.transport.fault.method = "POST" if world.generation is Generation.V2 else "PATCH"
    plan = await world.plan(NEW)
    result = await world.apply(plan, smoke=Calls())
    assert result.agents[0].outcome is Outcome.FAILED
    assert await described(world) == "The support line"


async def test_people_may_move_the_note_and_keep_their_words(world: World) -> None:
    await world.deploy([agent()])
    await world.apply(await world.plan(NEW), smoke=Calls(Verdict.INCONCLUSIVE))
    [listing] = await world.writer.list_agents()
    text = "[ao uncalled since 2] The support line"
    await world.writer.write_metadata(listing.agent_id, {"description": text})
    assert [change.action for change in (await world.plan(NEW)).changes] == [Action.CALL]


# ---- a first deploy takes no calls before it has passed its own


async def test_a_new_agent_takes_no_calls_before_its_own_have_passed(world: World) -> None:
    number = add_phone_number(world.store, "+14155550142")["_id"]
    wanted = agent()
    wanted.metadata["telephonyProductId"] = [number]
    created = await first_apply(world, await world.plan([wanted]), Calls(Verdict.INCONCLUSIVE))
    assert created == {
        "name": "Acme support",
        "workflowType": "single_prompt",
        "description": "The support line [ao uncalled since 1]",
        "allowInboundCall": False,
    }
    held = (await world.observe("Acme support")).listing.metadata
    assert held["allowInboundCall"] is False
    assert "telephonyProductId" not in held
    plan = await world.plan([wanted])
    assert {str(field.path[0]) for field in plan.changes[0].fields} == {"allowInboundCall", "telephonyProductId"}
    await assert_called_again(world, [wanted], "1")
    held = (await world.observe("Acme support")).listing.metadata
    assert held["allowInboundCall"] is True
    assert held["telephonyProductId"] == [number]


async def test_a_failed_first_deploy_stays_out_of_service_until_it_has_passed(world: World) -> None:
    result = await world.apply(await world.plan(NEW), smoke=Calls(Verdict.FAILED))
    assert result.exit_code is ExitCode.CALLS_FAILED
    assert (await world.observe("Acme support")).listing.metadata["allowInboundCall"] is False
    better = [agent(prompt="Better.")]
    assert (await world.apply(await world.plan(better), smoke=Calls())).exit_code is ExitCode.DONE
    assert (await world.observe("Acme support")).listing.metadata["allowInboundCall"] is True
    assert (await world.plan(better)).is_empty


@pytest.mark.parametrize("prompt", ["New.", "Better."])
async def test_a_failed_first_deploy_is_not_put_into_service_by_a_run_without_calls(world: World, prompt: str) -> None:
    wanted = agent(prompt=prompt)
    wanted.metadata["telephonyProductId"] = [add_phone_number(world.store, "+14155550142")["_id"]]
    wanted.metadata["allowInboundCall"] = True
    await world.apply(await world.plan(NEW), smoke=Calls(Verdict.FAILED))
    result = await world.apply(await world.plan([wanted]))
    assert result.exit_code is ExitCode.CALLS_FAILED
    held = (await world.observe("Acme support")).listing.metadata
    assert held["allowInboundCall"] is False
    assert "telephonyProductId" not in held
    assert (await world.apply(await world.plan([wanted]), smoke=Calls())).exit_code is ExitCode.DONE
    held = (await world.observe("Acme support")).listing.metadata
    assert held["allowInboundCall"] is True
    assert held["telephonyProductId"] == wanted.metadata["telephonyProductId"]


async def test_inbound_that_the_spec_switches_off_stays_off(world: World) -> None:
    wanted = agent()
    wanted.metadata["allowInboundCall"] = False
    await world.apply(await world.plan([wanted]), smoke=Calls())
    assert (await world.observe("Acme support")).listing.metadata["allowInboundCall"] is False
    assert (await world.plan([wanted])).is_empty


async def test_an_agent_that_nobody_calls_is_created_as_before(world: World) -> None:
    created = await first_apply(world, await world.plan(NEW), None)
    assert created == {"name": "Acme support", "workflowType": "single_prompt"}
    assert (await world.plan(NEW)).is_empty


async def first_apply(world: World, plan: Plan, calls: Calls | None) -> Any:
    """Applies, and returns the body of the request that created the agent."""
    bodies: list[Any] = []

    def look(request: httpx2.Request) -> None:
        if request.method == "POST" and request.url.path.endswith("/v1/agent"):
            bodies.append(json.loads(request.content))

    world.transport.before = look
    await world.apply(plan, smoke=calls)
    world.transport.before = None
    [body] = bodies
    return body


# ---- taken back for no fault of its own


async def test_an_innocent_agent_of_an_atomic_run_may_be_deployed_again(world: World) -> None:
    class SalesFails(Calls):
        async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
            return SmokeVerdict(Verdict.FAILED if change.key == "sales" else Verdict.PASSED)

    await world.deploy([agent("sales"), agent()])
    wanted = [agent("sales", "New."), *NEW]
    atomic = ApplyOptions(deploy=Deploy(label="abc123 A change"), is_atomic=True)
    await world.apply(await world.plan(wanted), smoke=SalesFails(), options=atomic)
    assert await world.live_prompt() == "Help the caller."
    assert await note(world) == Note(NoteKind.UNDONE, "3")
    again = await world.plan([agent("sales", "Fixed."), *NEW])
    assert again.refusals == ()
    result = await world.apply(again, smoke=Calls())
    assert result.exit_code is ExitCode.DONE, result
    assert await world.live_prompt() == "New."
    assert await note(world) is None
