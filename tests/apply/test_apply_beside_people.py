"""People at work in the console while an apply runs: nothing of theirs goes live unseen or is lost, and it is said."""

from __future__ import annotations

from typing import Any

import pytest
from deploy_world import World, agent, open_world
from test_apply_stages import Meanwhile, meanwhile, published_by_hand

from agentops.apply.model import Outcome, Stage
from agentops.document import Document, Generation
from agentops.errors import ExitCode

NEW = [agent(prompt="New.")]


async def edited_by_hand(world: World, **fields: Any) -> None:
    """Somebody writes into the open draft: v2 has one for all, on v1 they open the run's own."""
    observed = await world.observe("Acme support")
    assert observed.draft is not None
    await world.writer.write_draft(observed, observed.draft, fields)


async def live(world: World) -> Document:
    revision = (await world.observe("Acme support")).live
    assert revision is not None
    assert revision.document is not None
    return revision.document


def busy(generation: Generation) -> Any:
    return open_world(generation, wrap=Meanwhile)


GENERATIONS = pytest.mark.parametrize("generation", [Generation.V2, Generation.V1])


@GENERATIONS
async def test_an_edit_between_compare_and_publish_does_not_stay_live(
    generation: Generation, anyio_backend: str
) -> None:
    """`timezone` is in no spec: nobody but the comparison with the base would ever notice it."""
    async with busy(generation) as world:
        await world.deploy([agent()])
        before = await live(world)
        plan = await world.plan(NEW)

        async def edit() -> None:
            await edited_by_hand(world, interruptionBackoffTimer=7)

        meanwhile(world, Stage.PUBLISH, edit)
        result = await world.apply(plan)
        [ended] = result.agents
        assert result.exit_code is ExitCode.STALE, result
        assert ended.problem is not None
        assert ended.problem.code == "unplanned_changes"
        assert "interruptionBackoffTimer" in ended.problem.summary
        assert await live(world) == before
        if generation is Generation.V2:
            assert ended.outcome is Outcome.ROLLED_BACK
            assert ended.warnings == ("their edits are in an open draft again",)
            draft = (await world.observe("Acme support")).draft
            assert draft is not None
            assert draft.document is not None
            assert draft.document == {**before, "interruptionBackoffTimer": 7}
        again = await world.plan(NEW, discards_draft=True)
        assert again.refusals == (), "it was taken back for no fault of its own"


@GENERATIONS
async def test_a_colleagues_edit_in_the_shared_draft_is_left(generation: Generation, anyio_backend: str) -> None:
    async with busy(generation) as world:
        await world.deploy([agent()])
        plan = await world.plan(NEW)

        async def edit() -> None:
            await edited_by_hand(world, firstMessage="By hand.")

        meanwhile(world, Stage.COMPARE, edit)
        result = await world.apply(plan)
        [ended] = result.agents
        assert (ended.outcome, ended.stage, result.exit_code) == (Outcome.FAILED, Stage.COMPARE, ExitCode.STALE)
        assert "somebody else has written to it" in ended.warnings[0]
        draft = (await world.observe("Acme support")).draft
        assert draft is not None
        assert draft.document is not None
        assert draft.document["firstMessage"] == "By hand."


@GENERATIONS
async def test_a_publish_by_hand_right_before_ours_serves_again(generation: Generation, anyio_backend: str) -> None:
    """v2: their revision is restored; v1: the base is looked at right before a version is made live."""
    async with busy(generation) as world:
        await world.deploy([agent()])
        plan = await world.plan(NEW)
        theirs: list[Any] = []

        async def publish() -> None:
            theirs.append(await published_by_hand(world))

        meanwhile(world, Stage.PATCH if generation is Generation.V2 else Stage.LIVE, publish)
        result = await world.apply(plan)
        [ended] = result.agents
        assert result.exit_code is ExitCode.STALE, result
        assert ended.problem is not None
        assert str(theirs[0].number) in ended.problem.summary
        assert (await live(world))["firstMessage"] == "By hand."
        assert (await live(world))["singlePromptConfig"]["prompt"] == "Help the caller."


@GENERATIONS
async def test_the_draft_that_is_gone_when_it_is_to_be_published(generation: Generation, anyio_backend: str) -> None:
    async with busy(generation) as world:
        await world.deploy([agent()])
        plan = await world.plan(NEW)

        async def discard() -> None:
            observed = await world.observe("Acme support")
            assert observed.draft is not None
            await world.writer.discard_draft(observed, observed.draft)

        meanwhile(world, Stage.PUBLISH, discard)
        result = await world.apply(plan)
        [ended] = result.agents
        assert (ended.outcome, ended.stage) == (Outcome.FAILED, Stage.PUBLISH)
        assert await world.live_prompt() == "Help the caller."
        assert (await world.deploy(NEW)).exit_code is ExitCode.DONE


# ---- equality after writing is the plan's equality


@GENERATIONS
@pytest.mark.parametrize(
    ("held", "spec"),
    [("Help.\r\nAlways.", "Help.\nAlways."), ("Caf\u0065\u0301.", "Caf\u00e9.")],
    ids=["line ends", "composition"],
)
async def test_a_prompt_that_is_equal_is_no_unplanned_change(
    generation: Generation, held: str, spec: str, anyio_backend: str
) -> None:
    async with open_world(generation) as world:
        await world.deploy([agent(prompt=held)])
        await written_as(world, held)
        tools = [{"type": "end_call", "name": "hang_up", "description": "End the call."}]
        wanted = [agent(singlePromptConfig={"prompt": spec, "tools": tools})]
        result = await world.deploy(wanted, overwrites_drift=True)
        assert result.exit_code is ExitCode.DONE, result
        assert (await world.plan(wanted)).is_empty


async def written_as(world: World, prompt: str) -> None:
    """What serves holds the prompt as it was typed, and not as a spec would write it."""
    observed = await world.observe("Acme support")
    assert observed.live is not None
    assert observed.live.document is not None
    assert observed.live.document["singlePromptConfig"]["prompt"] == prompt
