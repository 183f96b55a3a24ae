"""Scripted calls of the agents that serve: which are chosen, what they may cost, and scripts from real calls."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow_world import Pages, WorkflowWorld

from agentops.calls.report import Verdict
from agentops.calls.schedule import RunOptions
from agentops.errors import RefusedError, SpecError, UsageError
from agentops.workflow.calls import CallRequest, choose_scripts, estimate_min, find_agent_ids, script_from_record, smoke
from agentops.workflow.scripts import LoadedScript

pytestmark = pytest.mark.slow


def chosen(world: WorkflowWorld, **request: object) -> list[LoadedScript]:
    project = world.project()
    return choose_scripts(project, project.agents, CallRequest(**request))  # type: ignore[arg-type]


@pytest.fixture
def calls(world: WorkflowWorld) -> WorkflowWorld:
    world.agent(more="calls: [calls/one.yaml, calls/two.yaml]\n")
    world.script("one", tag="smoke")
    world.script("two", tag="nightly")
    world.script("unnamed", tag="smoke")
    return world


def files(scripts: list[LoadedScript]) -> list[str]:
    return [Path(each.file).stem for each in scripts]


def test_without_files_the_scripts_that_the_specs_name_are_called(calls: WorkflowWorld) -> None:
    assert files(chosen(calls)) == ["one", "two"]
    assert files(chosen(calls, tags=("nightly",))) == ["two"]
    assert files(chosen(calls, files=(calls.root.resolve() / "agents/calls/unnamed.yaml",))) == ["unnamed"]
    parts = [chosen(calls, shard=(part, 2)) for part in (1, 2)]
    assert sorted(name for part in parts for name in files(part)) == ["one", "two"]


def test_calls_that_cannot_be_meant(calls: WorkflowWorld, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no call script fits"):
        chosen(calls, tags=("none",))
    with pytest.raises(UsageError, match="outside of the project"):
        chosen(calls, files=(tmp_path / "elsewhere.yaml",))
    with pytest.raises(UsageError, match="can't be read"):
        chosen(calls, files=(calls.root.resolve() / "agents/calls/missing.yaml",))
    with pytest.raises(RefusedError) as refused:
        chosen(calls, budget_min=0.001)
    assert refused.value.code == "call-budget"
    assert estimate_min(chosen(calls, budget_min=10.0)) > 0.001


def test_a_script_for_nobody_is_a_problem_with_the_nearest_name(calls: WorkflowWorld) -> None:
    calls.script("one", agent="dsk")
    with pytest.raises(SpecError) as wrong:
        chosen(calls, files=(calls.root.resolve() / "agents/calls/one.yaml",))
    [problem] = wrong.value.diagnostics
    assert problem.hint == "did you mean desk?"


def test_all_problems_of_all_scripts_are_told_at_once(calls: WorkflowWorld) -> None:
    calls.write("agents/calls/one.yaml", "agent: [\n")
    calls.write("agents/calls/two.yaml", "agent: desk\nsteps: [{say: '${{ vars.missing }}'}]\n")
    with pytest.raises(SpecError) as wrong:
        chosen(calls)
    assert len({problem.where.file for problem in wrong.value.diagnostics if problem.where}) == 2


async def test_the_agents_that_serve_are_called(calls: WorkflowWorld) -> None:
    with pytest.raises(UsageError, match="not on the platform"):
        async with calls.opened() as deployment:
            await smoke(deployment, chosen(calls), RunOptions())
    await calls.apply()
    calls.script("two", greeting="Welcome to the zoo")
    async with calls.opened() as deployment:
        run = await smoke(deployment, chosen(calls), RunOptions())
    assert run.environment == "test"
    assert [call.verdict for call in run.calls] == [Verdict.PASSED, Verdict.FAILED]


async def test_an_agent_that_was_renamed_in_the_console_is_called(calls: WorkflowWorld) -> None:
    await calls.apply()
    [row] = (await calls.api("GET", "/agent"))["agents"]
    await calls.api("PATCH", f"/agent/{row['_id']}", {"name": "Desk of the week"})
    async with calls.opened() as deployment:
        assert (await find_agent_ids(deployment, ["desk"])) == {"desk": row["_id"]}
    await calls.api("DELETE", f"/agent/{row['_id']}/archive")
    async with calls.opened() as deployment:
        with pytest.raises(UsageError, match="not on the platform"):
            await find_agent_ids(deployment, ["desk"])


async def test_a_real_call_becomes_a_script_of_the_agent_that_took_it(calls: WorkflowWorld) -> None:
    script = (calls.root / "agents/calls/one.yaml").read_text()
    calls.write("agents/calls/one.yaml", script + "  - say: What are your hours?\n  - expect: {contains: help}\n")
    calls.write("agents/desk.yaml", (calls.root / "agents/desk.yaml").read_text().replace(", calls/two.yaml", ""))
    pages = Pages()
    await calls.apply(smoke=True, pages=pages)
    [(run, _)] = pages.written
    call_id = next(call.call_id for call in run.calls if call.call_id)
    async with calls.opened() as deployment:
        script = await script_from_record(deployment, call_id)
        assert script["agent"] == "desk"
    async with calls.opened("prod") as deployment:
        with pytest.raises(UsageError) as foreign:
            await script_from_record(deployment, call_id)
    assert foreign.value.code == "foreign-call"


async def test_after_an_update_only_scripts_for_what_it_touches_are_called(calls: WorkflowWorld) -> None:
    script = (calls.root / "agents/calls/one.yaml").read_text()
    calls.write("agents/calls/one.yaml", script.replace("tags: [smoke]", "tags: [voice]"))
    first, second = Pages(), Pages()
    await calls.apply(smoke=True, pages=first)
    assert len(first.written[0][0].calls) == 2, "what is new is called in full"
    calls.agent(prompt="Other words.", more="calls: [calls/one.yaml, calls/two.yaml]\n")
    await calls.apply(smoke=True, pages=second)
    assert [Path(call.script).stem for call in second.written[0][0].calls] == ["two"]
