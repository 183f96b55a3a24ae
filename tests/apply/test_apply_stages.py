"""What is said of an agent follows from the last stage it reached: others that deploy too, interrupts, lost answers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace

import httpx2
import pytest
from deploy_world import World, agent, open_world
from faulty import Fault, FaultyTransport

from agentops.apply.model import (
    ApplyOptions,
    ApplyResult,
    Event,
    Outcome,
    SmokeVerdict,
    Stage,
    StageStarted,
    Verdict,
)
from agentops.document import Deploy, DesiredAgent, Generation, OnFailure, Revision
from agentops.errors import ConflictError, ConflictFlavour, ExitCode
from agentops.plan.model import AgentChange
from agentops.remote.port import Publication

KEPT = ApplyOptions(deploy=Deploy(label="abc123 A change", on_failure=OnFailure.KEEP), is_atomic=True)
ATOMIC = ApplyOptions(deploy=Deploy(label="abc123 A change"), is_atomic=True)


class Calls:
    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict

    def is_called(self, change: AgentChange) -> bool:
        return True

    async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
        return SmokeVerdict(self.verdict, "heard nothing")


@dataclass(slots=True)
class Meanwhile(FaultyTransport):
    """Lets something happen before a request is sent."""

    happening: Callable[[httpx2.Request], Awaitable[object]] | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.happening is not None:
            await self.happening(request)
        return await FaultyTransport.handle_async_request(self, request)


@pytest.fixture
async def busy(generation: Generation, anyio_backend: str) -> AsyncIterator[World]:
    """An account in which other things happen too (`meanwhile`)."""
    async with open_world(generation, wrap=Meanwhile) as opened:
        yield opened


def meanwhile(world: World, stage: Stage, happening: Callable[[], Awaitable[object]]) -> None:
    """Has something happen once, before the first request of `stage`."""
    transport = world.transport
    assert isinstance(transport, Meanwhile)

    async def once(request: httpx2.Request) -> None:
        transport.happening = None
        await happening()

    def watch(event: Event) -> None:
        if isinstance(event, StageStarted) and event.stage is stage:
            world.watch = lambda _: None
            transport.happening = once

    world.watch = watch


async def interrupt(task: asyncio.Task[ApplyResult]) -> None:
    """Cancels the task, and does not return before that has arrived."""
    task.cancel()
    await asyncio.Event().wait()


async def published_by_hand(world: World) -> Revision:
    """Somebody writes, publishes and puts live in the console."""
    writer, observed = world.writer, await world.observe("Acme support")
    draft = await writer.open_draft(observed, "by hand")
    draft = await writer.write_draft(observed, draft, {"firstMessage": "By hand."})
    newest = (await writer.read_slot(observed.agent_id, observed.branch_id)).newest
    publication = Publication(
        observed.agent_id, "by hand", newest, branch_id=observed.branch_id, draft_id=draft.draft_id
    )
    publication = await writer.publish_draft(publication)
    while (revision := await writer.read_publication(publication)) is None:
        await world.clock.sleep(1)
    await writer.make_live(observed.agent_id, revision)
    return revision


async def test_a_revision_that_went_live_since_the_plan_is_named_as_what_serves(world: World) -> None:
    await world.deploy([agent()])
    stale = await world.plan([agent(prompt="New.")])
    theirs = await published_by_hand(world)
    [ended] = (await world.apply(stale)).agents
    assert (ended.outcome, ended.stage) == (Outcome.FAILED, Stage.GUARD)
    assert ended.problem is not None
    assert ended.problem.code == "base_moved"
    assert ended.serving_revision_id == theirs.revision_id


async def test_what_another_run_has_put_live_meanwhile_is_not_published_again(world: World) -> None:
    await world.deploy([agent()])
    plan = await world.plan([agent(prompt="New.")])
    await world.deploy([agent(prompt="New.")])
    live = (await world.observe("Acme support")).live
    assert live is not None
    world.transport.log.clear()
    [ended] = (await world.apply(plan)).agents
    assert (ended.outcome, ended.serving_revision_id) == (Outcome.APPLIED, live.revision_id)
    assert [each for each in world.transport.log if not each.startswith("GET")] == []


async def test_whoever_is_overtaken_after_going_live_says_so_and_takes_nothing_back(busy: World) -> None:
    await busy.deploy([agent()])
    plan = await busy.plan([agent(prompt="New.")])
    theirs: list[Revision] = []

    async def overtake() -> None:
        theirs.append(await published_by_hand(busy))

    meanwhile(busy, Stage.VERIFY, overtake)
    result = await busy.apply(plan)
    [ended] = result.agents
    assert (ended.outcome, ended.stage) == (Outcome.FAILED, Stage.VERIFY)
    assert ended.problem is not None
    assert ended.problem.code == "not_live"
    assert result.exit_code is ExitCode.STALE
    assert ended.revision_id not in (None, theirs[0].revision_id)
    assert ended.serving_revision_id == theirs[0].revision_id
    assert "live all the same" not in ended.detail
    live = (await busy.observe("Acme support")).live
    assert live is not None
    assert live.revision_id == theirs[0].revision_id


async def test_a_new_agent_that_cannot_be_read_is_named_all_the_same(world: World) -> None:
    plan = await world.plan([agent()])
    read = "/agent/[0-9a-f]{24}$" if world.generation is Generation.V2 else "/versions$"
    world.transport.fault = Fault("GET", read, "connect", times=99)
    [ended] = (await world.apply(plan)).agents
    world.transport.fault = None
    assert (ended.outcome, ended.stage) == (Outcome.FAILED, Stage.CREATE)
    assert [ended.agent_id] == [listing.agent_id for listing in await world.writer.list_agents()]


async def test_metadata_is_put_back_together_with_what_served(world: World) -> None:
    old, new = replace(agent(), metadata={"description": "Old"}), replace(agent(), metadata={"description": "New"})
    await world.deploy([old])
    result = await world.apply(await world.plan([new]), smoke=Calls(Verdict.FAILED))
    [ended] = result.agents
    assert ended.outcome is Outcome.ROLLED_BACK
    assert ended.revision_id is None, "nothing was published"
    assert (await world.observe("Acme support")).listing.metadata["description"] == "Old"
    assert (await world.plan([old])).is_empty


async def test_metadata_that_was_not_touched_is_left_alone_by_a_restore(world: World) -> None:
    await world.deploy([agent()])
    plan = await world.plan([agent(prompt="New.")])
    world.transport.log.clear()
    await world.apply(plan, smoke=Calls(Verdict.FAILED))
    writes = [each for each in world.transport.log if each.startswith("PATCH") and each.count("/") == 4]
    assert len(writes) == 2, "the note that it has not been called, on and off"
    listing = (await world.observe("Acme support")).listing
    assert (listing.metadata["description"], listing.note) == ("The support line", None)


async def test_an_agent_whose_metadata_failed_is_called_and_its_failure_said(world: World) -> None:
    await world.deploy([replace(agent(), metadata={"description": "Old"})])
    new = replace(agent(prompt="New."), metadata={"description": "New"})
    plan = await world.plan([new])
    failing = Fault("PATCH", "/v1/agent/[0-9a-f]{24}$", "answer", 400, {"errors": ["no"]}, times=99, after=1)
    world.transport.fault = failing
    [ended] = (await world.apply(plan, smoke=Calls(Verdict.PASSED))).agents
    assert (ended.outcome, ended.stage) == (Outcome.FAILED, Stage.METADATA)
    assert ended.detail == "it is live all the same"
    assert ended.verdict is not None
    assert ended.verdict.verdict is Verdict.PASSED
    assert ended.serving_revision_id == ended.revision_id


async def test_nothing_is_called_live_that_published_nothing(world: World) -> None:
    await world.deploy([agent()])
    plan = await world.plan([replace(agent(), metadata={"description": "New"})])
    world.transport.fault = Fault("PATCH", "/v1/agent/[0-9a-f]{24}$", "answer", 400, {"errors": ["no"]}, times=99)
    [ended] = (await world.apply(plan)).agents
    assert (ended.outcome, ended.stage) == (Outcome.FAILED, Stage.METADATA)
    assert ended.detail == ""


@dataclass(slots=True)
class Forgetful(FaultyTransport):
    """A platform that keeps another prompt than the one that was written."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await FaultyTransport.handle_async_request(self, request)
        if request.method != "GET" or not re.search("/(revisions|versions)/", request.url.path):
            return answer
        content = (await answer.aread()).replace(b'"New."', b'"Other."')
        return httpx2.Response(answer.status_code, content=content, request=request)


async def test_what_the_platform_did_not_keep_is_named_and_taken_back(
    generation: Generation, anyio_backend: str
) -> None:
    async with open_world(generation, wrap=Forgetful) as world:
        await world.deploy([agent()])
        [ended] = (await world.apply(await world.plan([agent(prompt="New.")]))).agents
        is_v1 = generation is Generation.V1  # where a version is looked at before it goes live
        expected = (Outcome.FAILED, Stage.LIVE) if is_v1 else (Outcome.ROLLED_BACK, Stage.VERIFY)
        assert (ended.outcome, ended.stage) == expected
        assert ended.problem is not None
        assert ended.problem.code == "not_kept"
        assert "singlePromptConfig.prompt" in ended.problem.summary
        assert await world.live_prompt() == "Help the caller."


async def drafted_by_hand(world: World) -> None:
    observed = await world.observe("Acme support")
    draft = await world.writer.open_draft(observed, "by hand")
    await world.writer.write_draft(observed, draft, {"firstMessage": "By hand."})


async def test_a_draft_that_somebody_opened_since_the_plan_stops_the_agent(world: World) -> None:
    await world.deploy([agent()])
    plan = await world.plan([agent(prompt="New.")])
    await drafted_by_hand(world)
    result = await world.apply(plan)
    [ended] = result.agents
    assert (ended.outcome, ended.stage) == (Outcome.FAILED, Stage.GUARD)
    assert ended.problem is not None
    assert ended.problem.code == "foreign_draft"
    assert result.exit_code is ExitCode.STALE
    draft = (await world.observe("Acme support")).draft
    assert draft is not None, "it is not ours to throw away"
    assert draft.document is not None
    assert draft.document["firstMessage"] == "By hand."


async def test_somebodys_draft_keeps_no_agent_from_being_archived(world: World) -> None:
    await world.deploy([agent(), agent("sales")])
    pruned = {"prune": True, "acknowledged": frozenset({"LIMIT_ARCHIVED"})}
    plan = await world.plan([agent("sales")], **pruned)
    await drafted_by_hand(world)
    result = await world.apply(plan)
    assert result.exit_code is ExitCode.DONE, result
    assert [listing.name for listing in await world.writer.list_agents()] == ["Acme sales"]


async def test_somebodys_draft_is_thrown_away_where_that_was_asked_for(world: World) -> None:
    await world.deploy([agent()])
    plan = await world.plan([agent(prompt="New.")])
    await drafted_by_hand(world)
    result = await world.apply(plan, options=world.options(discard_draft=True))
    assert result.exit_code is ExitCode.DONE, result
    live = (await world.observe("Acme support")).live
    assert live is not None
    assert live.document is not None
    assert live.document["singlePromptConfig"]["prompt"] == "New."
    assert live.document["firstMessage"] == "Hello from support."


# ---- all or none


async def test_all_that_passed_stays_live_with_atomic(world: World) -> None:
    await world.deploy([agent("sales"), agent("support")])
    plan = await world.plan([agent("sales", "New."), agent("support", "New.")])
    result = await world.apply(plan, smoke=Calls(Verdict.PASSED), options=ATOMIC)
    assert result.exit_code is ExitCode.DONE, result
    assert Stage.RESTORE not in [event.stage for event in world.events if isinstance(event, StageStarted)]
    assert await world.live_prompt() == "New."


async def test_inconclusive_calls_take_nobody_back_with_atomic(world: World) -> None:
    await world.deploy([agent()])
    result = await world.apply(
        await world.plan([agent(prompt="New.")]), smoke=Calls(Verdict.INCONCLUSIVE), options=ATOMIC
    )
    assert [each.outcome for each in result.agents] == [Outcome.APPLIED]
    assert await world.live_prompt() == "New."


async def test_atomic_restores_even_where_every_agent_failed_and_would_be_kept(world: World) -> None:
    await world.deploy([agent("sales"), agent("support")])
    plan = await world.plan([agent("sales", "New."), agent("support", "New.")])
    result = await world.apply(plan, smoke=Calls(Verdict.FAILED), options=KEPT)
    assert [each.outcome for each in result.agents] == [Outcome.ROLLED_BACK] * 2
    assert {each.problem.code for each in result.agents if each.problem} == {"call_failed"}
    assert await world.live_prompt() == "Help the caller."


async def test_an_innocent_agent_of_an_atomic_run_stopped_at_no_stage_of_its_own(world: World) -> None:
    class SalesFails:
        def is_called(self, change: AgentChange) -> bool:
            return True

        async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
            return SmokeVerdict(Verdict.FAILED if change.key == "sales" else Verdict.PASSED)

    await world.deploy([agent("sales"), agent("support")])
    plan = await world.plan([agent("sales", "New."), agent("support", "New.")])
    sales, support = (await world.apply(plan, smoke=SalesFails(), options=ATOMIC)).agents
    assert (sales.outcome, sales.stage) == (Outcome.ROLLED_BACK, Stage.SMOKE)
    assert (support.outcome, support.stage) == (Outcome.ROLLED_BACK, None)


async def test_a_wrong_key_is_not_tried_on_every_agent(world: World) -> None:
    agents = [agent(f"line{number:03}") for number in range(120)]
    plan = await world.plan(agents)
    world.transport.fault = Fault("POST", "/v1/agent$", "answer", 401, {"errors": ["Unauthorized"]}, times=999)
    result = await world.apply(plan)
    outcomes = [each.outcome for each in result.agents]
    assert set(outcomes) == {Outcome.FAILED, Outcome.NOT_ATTEMPTED}
    untried = next(each for each in result.agents if each.outcome is Outcome.NOT_ATTEMPTED)
    assert untried.detail.startswith("not tried: ")


# ---- interrupts


async def interrupted(world: World, agents: list[DesiredAgent], options: ApplyOptions | None = None) -> ApplyResult:
    """The apply of a run that is interrupted by its first call."""
    applying: asyncio.Task[ApplyResult]

    class Interrupting:
        def is_called(self, change: AgentChange) -> bool:
            return True

        async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
            applying.cancel()
            await asyncio.sleep(0)
            raise AssertionError("the call went on")

    applying = asyncio.create_task(world.apply(await world.plan(agents), smoke=Interrupting(), options=options))
    return await applying


async def test_calls_that_were_not_made_any_more_are_inconclusive(world: World) -> None:
    await world.deploy([agent("sales"), agent("support")])
    changed = [agent("sales", "New."), agent("support", "New.")]
    result = await interrupted(world, changed, ApplyOptions(calls_at_once=1))
    assert [each.outcome for each in result.agents] == [Outcome.APPLIED] * 2
    assert [each.verdict.verdict for each in result.agents if each.verdict] == [Verdict.INCONCLUSIVE] * 2
    assert result.exit_code is ExitCode.INTERRUPTED


@pytest.mark.parametrize("calls", [None, Calls(Verdict.PASSED)], ids=["no calls", "calls that passed"])
async def test_an_interrupt_after_the_calls_says_what_may_be_unwritten(busy: World, calls: Calls | None) -> None:
    await busy.deploy([agent()])
    wanted = replace(agent(prompt="New."), metadata={"description": "The new line"})
    applying = asyncio.create_task(busy.apply(await busy.plan([wanted]), smoke=calls))
    meanwhile(busy, Stage.METADATA, lambda: interrupt(applying))
    result = await applying
    [ended] = result.agents
    assert ended.outcome is Outcome.APPLIED
    assert ended.detail == (
        "interrupted after it went live; what has no version (name, numbers, inbound) may be as before, "
        "and the next apply writes it"
    )
    assert result.exit_code is ExitCode.INTERRUPTED
    assert (await busy.observe("Acme support")).listing.metadata["description"] == "The support line"
    await busy.apply(await busy.plan([wanted]), smoke=calls)
    assert (await busy.observe("Acme support")).listing.metadata["description"] == "The new line"


async def test_what_serves_is_not_known_when_a_restore_is_interrupted(busy: World) -> None:
    await busy.deploy([agent()])
    plan = await busy.plan([agent(prompt="New.")])
    applying = asyncio.create_task(busy.apply(plan, smoke=Calls(Verdict.FAILED)))
    meanwhile(busy, Stage.RESTORE, lambda: interrupt(applying))
    result = await applying
    [ended] = result.agents
    assert (ended.outcome, ended.stage) == (Outcome.UNKNOWN, Stage.RESTORE)
    assert ended.serving_revision_id is None
    assert ended.verdict is not None
    assert result.is_interrupted
    assert result.exit_code is ExitCode.INTERRUPTED


async def test_a_second_interrupt_ends_the_cleaning_up_and_says_what_may_be_left(busy: World) -> None:
    await busy.deploy([agent()])
    plan = await busy.plan([agent(prompt="New.")])
    applying = asyncio.create_task(busy.apply(plan))
    transport = busy.transport
    assert isinstance(transport, Meanwhile)

    async def at_compare_and_at_discard(request: httpx2.Request) -> None:
        if request.url.path.endswith("/diff") or request.method == "DELETE":
            await interrupt(applying)

    transport.happening = at_compare_and_at_discard
    result = await applying
    transport.happening = None
    [ended] = result.agents
    assert ended.outcome is Outcome.NOT_ATTEMPTED
    assert ended.warnings == ("interrupted while cleaning up: a draft of this run may be open",)
    assert result.is_interrupted
    assert await busy.live_prompt() == "Help the caller."


# ---- answers that are lost or come twice


@pytest.mark.parametrize("flavour", [ConflictFlavour.PUBLISH_IN_PROGRESS, ConflictFlavour.GENERIC])
async def test_a_publish_that_is_on_its_way_already_is_waited_for(world: World, flavour: ConflictFlavour) -> None:
    """As where the answer to it was lost on the way, and asking again meets the first."""
    await world.deploy([agent()])
    plan = await world.plan([agent(prompt="New.")])
    publish = world.writer.publish_draft

    async def twice(publication: Publication) -> Publication:
        await publish(publication)
        raise ConflictError("a publish is in progress", flavour=flavour)

    world.writer.publish_draft = twice  # type: ignore[method-assign]
    [ended] = (await world.apply(plan)).agents
    if flavour is ConflictFlavour.PUBLISH_IN_PROGRESS:
        assert ended.outcome is Outcome.APPLIED, ended
        assert await world.live_prompt() == "New."
    else:
        assert (ended.outcome, ended.stage) == (Outcome.FAILED, Stage.PUBLISH)


async def test_a_publish_of_somebody_else_that_is_in_progress_is_no_publish_of_ours(world: World) -> None:
    await world.deploy([agent()])
    plan = await world.plan([agent(prompt="New.")])

    async def busy(publication: Publication) -> Publication:
        raise ConflictError("a publish is in progress", flavour=ConflictFlavour.PUBLISH_IN_PROGRESS)

    world.writer.publish_draft = busy  # type: ignore[method-assign]
    [ended] = (await world.apply(plan)).agents
    assert (ended.outcome, ended.stage) == (Outcome.FAILED, Stage.PUBLISH)
    assert await world.live_prompt() == "Help the caller."


@pytest.mark.parametrize(("kind", "deletes"), [("timeout", 2), ("timeout_after", 1)])
async def test_a_draft_whose_end_was_not_answered_is_looked_for(world: World, kind: str, deletes: int) -> None:
    await world.deploy([agent()])
    plan = await world.plan([agent(prompt="New.")])
    await drafted_by_hand(world)
    world.transport.log.clear()
    world.transport.fault = Fault("DELETE", "/draft", kind)
    result = await world.apply(plan, options=world.options(discard_draft=True))
    assert result.exit_code is ExitCode.DONE, result
    assert len([each for each in world.transport.log if each.startswith("DELETE")]) == deletes
    assert await world.live_prompt() == "New."
