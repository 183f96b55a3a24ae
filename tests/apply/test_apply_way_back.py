"""The way back when others are at work, answers are lost or the platform keeps something else: what serves then."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx2
import pytest
from deploy_world import World, agent, open_world
from faulty import Fault, FaultyTransport
from test_apply_beside_people import edited_by_hand
from test_apply_stages import Calls, Meanwhile, drafted_by_hand, meanwhile, published_by_hand

from agentops.apply.model import AgentResult, ApplyOptions, Outcome, Stage, Verdict
from agentops.document import Deploy, Generation, OnFailure
from agentops.errors import ExitCode

NEW = [agent(prompt="New.")]
KEEP = ApplyOptions(deploy=Deploy(label="abc123 A change", on_failure=OnFailure.KEEP))


async def greeting(world: World) -> str:
    live = (await world.observe("Acme support")).live
    assert live is not None
    assert live.document is not None
    return str(live.document["firstMessage"])


def before_request(world: World, number: int, happening: Callable[[], Awaitable[object]]) -> list[str]:
    """Has something happen before request `number` of the way back; the list says before which."""
    transport, seen, happened = world.transport, list[str](), list[str]()
    assert isinstance(transport, Meanwhile)

    async def count(request: httpx2.Request) -> None:
        seen.append(f"{request.method} {request.url.path}")
        if len(seen) == number:
            transport.happening = None
            happened.append(seen[-1])
            await happening()

    async def begin() -> None:
        transport.happening = count

    meanwhile(world, Stage.RESTORE, begin)
    return happened


@pytest.mark.parametrize("generation", [Generation.V2, Generation.V1])
async def test_whatever_is_published_during_a_restore_serves_in_the_end(
    generation: Generation, anyio_backend: str
) -> None:
    """At whichever of its requests somebody publishes: theirs is left, or put back, and it is said."""
    number, codes = 1, set[str]()
    while True:
        async with open_world(generation, wrap=Meanwhile) as world:
            await world.deploy([agent()])
            plan = await world.plan(NEW)
            happened = before_request(world, number, lambda world=world: published_by_hand(world))
            result = await world.apply(plan, smoke=Calls(Verdict.FAILED))
            if not happened:
                break
            [ended] = result.agents
            assert await greeting(world) == "By hand.", happened
            if ended.outcome is not Outcome.ROLLED_BACK:
                assert (ended.outcome, ended.stage) == (Outcome.FAILED, Stage.RESTORE)
                assert ended.problem is not None
                codes.add(str(ended.problem.code))
                assert result.exit_code is ExitCode.STALE
        number += 1
    assert number > 4
    assert codes


async def test_their_edits_stay_in_their_revision_where_a_draft_is_open_already(anyio_backend: str) -> None:
    async with open_world(Generation.V2, wrap=Meanwhile) as world:
        await world.deploy([agent()])
        plan = await world.plan(NEW)

        async def edit() -> None:
            await edited_by_hand(world, interruptionBackoffTimer=7)
            meanwhile(world, Stage.RESTORE, lambda: drafted_by_hand(world))

        meanwhile(world, Stage.PUBLISH, edit)
        [ended] = (await world.apply(plan)).agents
        assert ended.outcome is Outcome.ROLLED_BACK
        assert ended.warnings == ("their edits are in revision 3 only: a draft is open",)
        draft = (await world.observe("Acme support")).draft
        assert draft is not None
        assert draft.document is not None
        assert draft.document["firstMessage"] == "By hand."


async def test_their_edits_stay_in_their_revision_where_no_draft_can_be_written(anyio_backend: str) -> None:
    async with open_world(Generation.V2, wrap=Meanwhile) as world:
        await world.deploy([agent()])
        plan = await world.plan(NEW)

        async def refuse() -> None:
            world.transport.fault = Fault("PUT", "/draft$", "answer", 400, {"errors": ["no more drafts"]}, times=99)

        async def edit() -> None:
            await edited_by_hand(world, interruptionBackoffTimer=7)
            meanwhile(world, Stage.RESTORE, refuse)

        meanwhile(world, Stage.PUBLISH, edit)
        [ended] = (await world.apply(plan)).agents
        assert ended.outcome is Outcome.ROLLED_BACK
        [warning] = ended.warnings
        assert warning.startswith("their edits are in revision 3 only: ")
        assert "no more drafts" in warning


async def failed_calls(world: World) -> AgentResult:
    await world.deploy([agent()])
    [ended] = (await world.apply(await world.plan(NEW), smoke=Calls(Verdict.FAILED))).agents
    return ended


@dataclass(slots=True)
class ForgetfulOfTheOld(FaultyTransport):
    """A platform that keeps another prompt than the one that it is to restore."""

    is_restored: bool = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await FaultyTransport.handle_async_request(self, request)
        self.is_restored |= request.url.path.endswith(("/restore", "/activate")) and bool(self.log[:-1])
        if not self.is_restored or request.method != "GET" or not re.search("/(revisions|versions)/", request.url.path):
            return answer
        content = (await answer.aread()).replace(b'"Help the caller."', b'"Help nobody."')
        return httpx2.Response(answer.status_code, content=content, request=request)


async def test_a_restored_revision_that_differs_from_what_served_is_said(anyio_backend: str) -> None:
    async with open_world(Generation.V2, wrap=ForgetfulOfTheOld) as world:
        ended = await failed_calls(world)
        assert (ended.outcome, ended.stage) == (Outcome.FAILED, Stage.RESTORE)
        assert ended.problem is not None
        assert ended.problem.code == "not_restored"
        assert ended.problem.summary == "support: revision 4 serves now, which is not what served before"
        assert ended.problem.hint is not None
        assert "`agentops rollback support -e test` tries again" in ended.problem.hint


async def test_a_restore_whose_answer_is_lost_is_looked_up(world: World) -> None:
    await world.deploy([agent()])
    plan = await world.plan(NEW)
    is_v2 = world.generation is Generation.V2
    method, path = ("POST", "/restore$") if is_v2 else ("PATCH", "/activate$")
    world.transport.fault = Fault(method, path, "timeout_after", after=0 if is_v2 else 1)
    world.transport.log.clear()
    [ended] = (await world.apply(plan, smoke=Calls(Verdict.FAILED))).agents
    assert ended.outcome is Outcome.ROLLED_BACK
    assert world.transport.fault.times == 0
    # Making a version live twice changes nothing; a second restore would be another revision.
    assert len([each for each in world.transport.log if re.search(path, each)]) == (1 if is_v2 else 3)
    assert await world.live_prompt() == "Help the caller."


@pytest.mark.parametrize("generation", [Generation.V1])
async def test_what_somebody_put_back_themselves_is_not_put_back_again(
    generation: Generation, anyio_backend: str
) -> None:
    async with open_world(generation, wrap=Meanwhile) as world:
        await world.deploy([agent()])
        before = (await world.observe("Acme support")).live
        assert before is not None
        plan = await world.plan(NEW)
        agent_id = (await world.observe("Acme support")).agent_id
        meanwhile(world, Stage.RESTORE, lambda: world.writer.make_live(agent_id, before))
        [ended] = (await world.apply(plan, smoke=Calls(Verdict.FAILED))).agents
        assert (ended.outcome, ended.serving_revision_id) == (Outcome.ROLLED_BACK, before.revision_id)
        assert len([each for each in world.transport.log if each.endswith("/activate")]) == 3  # each deploy, and theirs


async def test_where_the_last_revision_that_passed_is_gone_there_is_nothing_to_go_back_to(world: World) -> None:
    await world.deploy([agent()])
    passed = (await world.observe("Acme support")).live
    assert passed is not None
    await world.apply(await world.plan(NEW), smoke=Calls(Verdict.INCONCLUSIVE), options=KEEP)
    plan = await world.plan(NEW)
    world.store.database.drop("revision", passed.revision_id)
    [ended] = (await world.apply(plan, smoke=Calls(Verdict.FAILED))).agents
    assert (ended.outcome, ended.stage) == (Outcome.FAILED, Stage.SMOKE)
    assert ended.detail == "nothing served before, so there is nothing to go back to"
    assert await world.live_prompt() == "New."
