"""Going back by plan: to the previous revision, a number, a label; what cannot be gone back to; what plan says."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from deploy_world import World, agent

from agentops.apply.model import Outcome
from agentops.apply.rollback import RollbackTarget, choose_revision, commits_to_revert, plan_rollback
from agentops.document import DesiredAgent, Environment, Revision
from agentops.errors import RefusedError, UsageError
from agentops.plan.build import PlanOptions
from agentops.plan.model import Action, Drift, Plan

ENVIRONMENT = Environment(project="acme", name="test")


async def rollback_plan(world: World, agents: Sequence[DesiredAgent], to: str = "previous") -> Plan:
    targets = [RollbackTarget(each, await world.observe(each.name), to) for each in agents]
    return await plan_rollback(world.writer, ENVIRONMENT, targets, PlanOptions())


async def test_back_to_the_previous_revision(world: World) -> None:
    await world.deploy([agent(prompt="One.")])
    before = (await world.observe("Acme support")).live
    changed = [agent(prompt="Two.")]
    await world.deploy(changed)
    plan = await rollback_plan(world, changed)
    assert [change.action for change in plan.changes] == [Action.RESTORE]
    assert [field.path for field in plan.changes[0].fields] == [("singlePromptConfig", "prompt")]
    assert commits_to_revert(plan) == {}  # "abc123" is too short to be taken for a commit
    result = await world.apply(plan)
    assert result.agents[0].outcome is Outcome.APPLIED, result
    after = (await world.observe("Acme support")).live
    assert before is not None
    assert after is not None
    assert after.document == before.document
    next_plan = await world.plan(changed)
    assert next_plan.changes[0].drift is Drift.ROLLED_BACK
    assert [refusal.code for refusal in next_plan.refusals] == ["REDEPLOY"]


async def test_a_second_rollback_goes_one_further_back(world: World) -> None:
    for prompt in ("One.", "Two.", "Three."):
        await world.deploy([agent(prompt=prompt)])
    for prompt in ("Two.", "One."):
        await world.apply(await rollback_plan(world, [agent(prompt="Three.")]))
        live = (await world.observe("Acme support")).live
        assert live is not None
        assert live.document is not None
        assert live.document["singlePromptConfig"]["prompt"] == prompt


async def test_what_served_before_may_be_a_restored_revision(world: World) -> None:
    """Not the one that was taken back: callers must not get it again."""
    for prompt in ("One.", "Two."):
        await world.deploy([agent(prompt=prompt)])
        world.store.clock.advance(60)
    await world.apply(await rollback_plan(world, [agent(prompt="Two.")]))
    await world.deploy([agent(prompt="Three.")])
    await world.apply(await rollback_plan(world, [agent(prompt="Three.")]))
    assert await world.live_prompt() == "One."


async def test_back_to_a_number(world: World) -> None:
    for prompt in ("One.", "Two.", "Three."):
        await world.deploy([agent(prompt=prompt)])
    await world.apply(await rollback_plan(world, [agent()], to="2"))
    live = (await world.observe("Acme support")).live
    assert live is not None
    assert live.document is not None
    assert live.document["singlePromptConfig"]["prompt"] == "One."


async def test_a_first_deploy_refuses_before_anything_is_done(world: World) -> None:
    await world.deploy([agent()])
    with pytest.raises(RefusedError, match="first deploy"):
        await rollback_plan(world, [agent()])


def revisions(*labels: str | None) -> list[Revision]:
    count = len(labels)
    return [Revision(f"r{count - at}", number=count - at, label=label) for at, label in enumerate(labels)]


def test_a_label_that_fits_several_revisions_is_refused() -> None:
    with pytest.raises(UsageError, match="any of revisions 3, 2"):
        choose_revision("support", None, revisions("same", "same", None), "same")


def test_an_unknown_revision_is_refused() -> None:
    with pytest.raises(UsageError, match="no revision is called 'nope'"):
        choose_revision("support", None, revisions("a", None), "nope")


def test_part_of_a_label_names_a_revision() -> None:
    assert choose_revision("support", None, revisions("f00 second", "abc first", None), "abc").number == 2
