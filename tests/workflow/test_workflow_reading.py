"""What is read and compared: drift, differences, history, the ledger, and the plans that go back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from workflow_world import WorkflowWorld

from agentops.apply.model import ignore_event
from agentops.errors import RefusedError, UsageError
from agentops.plan.agent_diff import AgentDiff, read_side
from agentops.plan.build import PlanOptions
from agentops.plan.model import Action
from agentops.workflow.applying import ApplyRequest, CallHooks, apply_deployment
from agentops.workflow.diff import Sides, diff_account, diff_specs
from agentops.workflow.drift import read_drift
from agentops.workflow.history import plan_going_back, plan_undoing, read_histories
from agentops.workflow.ledger import write_ledger

pytestmark = pytest.mark.slow

NAME = "Acme desk (test)"


async def compared(world: WorkflowWorld, before: str, after: str) -> AgentDiff:
    sides = Sides(read_side(before), read_side(after), {"prod": world.project("prod")})
    if not (sides.before.needs_account or sides.after.needs_account):
        return diff_specs(sides, world.project().agents)[0]
    async with world.opened() as deployment:
        return (await diff_account(sides, deployment))[0]


def values(contrast: AgentDiff) -> dict[str, tuple[object, object]]:
    return {".".join(map(str, field.path)): (field.before, field.after) for field in contrast.fields}


async def test_drift_names_the_field_and_the_revision_that_brought_it(world: WorkflowWorld) -> None:
    await world.apply()
    async with world.opened() as deployment:
        assert not any(c.is_drifted for c in (await read_drift(deployment, PlanOptions())).changes)
    await world.edit_in_console(NAME, {"firstMessage": "Once"})
    await world.edit_in_console(NAME, {"firstMessage": "Twice"})
    async with world.opened() as deployment:
        [change] = (await read_drift(deployment, PlanOptions())).changes
    assert change.is_drifted
    [field] = change.drift_fields
    assert (field.path, field.after) == (("firstMessage",), "Twice")


async def test_the_sides_of_a_diff(world: WorkflowWorld) -> None:
    await world.apply()
    world.agent(greeting="Good morning")
    assert values(await compared(world, "live", "spec")) == {"firstMessage": ("Hello", "Good morning")}
    assert values(await compared(world, "spec", "live")) == {"firstMessage": ("Good morning", "Hello")}
    await world.apply()
    between = values(await compared(world, "2", "3"))
    assert between == {"firstMessage": ("Hello", "Good morning")}
    environments = values(await compared(world, "env:prod", "spec"))
    assert environments == {"name": ("Acme desk (prod)", NAME)}


async def test_a_side_that_lacks_an_agent_says_so(world: WorkflowWorld) -> None:
    assert (await compared(world, "live", "spec")).note == "live does not have this agent"
    (world.root / "agents/desk.yaml").rename(world.root / "agents/other.yaml")
    lacking = Sides(read_side("spec"), read_side("env:prod"), {"prod": world.project("prod")})
    world.agent("desk")
    [desk] = [each for each in diff_specs(lacking, world.project().agents) if each.key == "desk"]
    assert desk.note == "environment prod does not have this agent"


async def test_a_revision_that_nobody_has(world: WorkflowWorld) -> None:
    await world.apply()
    with pytest.raises((UsageError, RefusedError)):
        await compared(world, "99", "spec")


async def test_the_history_of_an_agent_and_its_ledger(world: WorkflowWorld, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none of the selected agents"):
        async with world.opened() as deployment:
            await read_histories(deployment)
    first = await world.apply()
    world.agent(greeting="Good morning")
    second = await world.apply()
    async with world.opened() as deployment:
        [history] = await read_histories(deployment)
        ledger = tmp_path / "ledger.jsonl"
        assert write_ledger(deployment, [history], ledger) == 2
        with pytest.raises(UsageError, match="can't be written"):
            write_ledger(deployment, [history], tmp_path / "missing" / "ledger.jsonl")
    assert [entry.is_live for entry in history.entries if entry.is_ours] == [True, False]
    rows = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert [(row["run_id"], row["is_live"]) for row in rows] == [(first.run_id, False), (second.run_id, True)]
    assert {row["key"] for row in rows} == {"desk"}


async def test_going_back_one_revision_and_undoing_a_run(world: WorkflowWorld) -> None:
    await world.apply()
    world.agent(greeting="Good morning")
    run = await world.apply()
    async with world.opened() as deployment:
        going_back = await plan_going_back(deployment, PlanOptions())
        assert [change.action for change in going_back.changes] == [Action.RESTORE]
        undoing = await plan_undoing(deployment, run.run_id, PlanOptions())
        assert undoing.changes == going_back.changes
        hooks = CallHooks(lambda report, folder: folder)
        await apply_deployment(deployment, undoing, ApplyRequest(), calls=hooks, on_event=ignore_event)
    assert values(await compared(world, "live", "spec")) == {"firstMessage": ("Hello", "Good morning")}


async def test_runs_that_cannot_be_undone(world: WorkflowWorld) -> None:
    first = await world.apply()
    async with world.opened() as deployment:
        with pytest.raises(UsageError) as unknown:
            await plan_undoing(deployment, "nonsense", PlanOptions())
        with pytest.raises(UsageError) as nothing:
            await plan_undoing(deployment, first.run_id, PlanOptions())
    assert unknown.value.code == "unknown-run"
    assert nothing.value.code == "nothing-to-undo"
