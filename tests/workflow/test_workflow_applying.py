"""Plan, apply, and the calls around them: what is refused before anything is written, and what a run returns."""

from __future__ import annotations

from dataclasses import replace

import pytest
from workflow_world import Pages, WorkflowWorld

from agentops.apply.model import Outcome, Verdict
from agentops.calls.session import NoConnection
from agentops.diagnostics import Diagnostic, Severity
from agentops.errors import ExitCode, LocalError, RefusedError, SpecError, StaleError, UnavailableError, UsageError
from agentops.plan.approval import require_applyable
from agentops.plan.model import Action, Refusal

pytestmark = pytest.mark.slow


async def test_what_is_planned_is_applied_and_then_there_is_nothing_to_do(world: WorkflowWorld) -> None:
    made = await world.plan()
    assert [(change.key, change.action) for change in made.changes] == [("desk", Action.CREATE)]
    result = await world.apply()
    assert [(agent.key, agent.outcome) for agent in result.agents] == [("desk", Outcome.APPLIED)]
    assert result.exit_code is ExitCode.DONE
    assert (await world.plan()).is_empty
    assert (world.root / ".agentops" / "runs" / f"{result.run_id}.jsonl").exists()


async def test_a_project_with_errors_is_not_opened(world: WorkflowWorld) -> None:
    world.write("agents/desk.yaml", "name: Desk\nconfig: {firstMesage: Hello}\n")
    with pytest.raises(SpecError):
        await world.plan()


async def test_pruning_archives_what_was_ours_and_leaves_strangers(world: WorkflowWorld) -> None:
    world.environment("{target: emulator, limits: {max_archived: 1}}")
    world.agent("sales")
    await world.apply()
    await world.api("POST", "/agent", {"name": "A stranger"})
    (world.root / "agents/sales.yaml").unlink()
    assert (await world.plan()).is_empty
    pruned = await world.plan(prune=True)
    assert [(c.key, c.action) for c in pruned.changes if c.is_change] == [("sales", Action.ARCHIVE)]
    await world.apply(prune=True)
    assert await world.names() == ["A stranger", "Acme desk (test)"]


async def test_an_agent_that_was_archived_by_hand_is_found_again_by_its_mark(world: WorkflowWorld) -> None:
    await world.apply()
    async with world.opened() as deployment:
        [listing] = await deployment.account.list_agents()
    await world.api("DELETE", f"/agent/{listing.agent_id}/archive")
    made = await world.plan()
    assert [refusal.code for refusal in made.refusals] == ["ARCHIVED"]


async def test_what_was_edited_outside_git_is_not_overwritten(world: WorkflowWorld) -> None:
    await world.apply()
    await world.edit_in_console("Acme desk (test)", {"firstMessage": "By hand"})
    world.agent(greeting="Ours")
    with pytest.raises(StaleError) as refused:
        await world.apply()
    assert "desk" in refused.value.summary
    assert "--overwrite-drift" in (refused.value.hint or "")


async def test_an_edit_that_is_left_alone_stays_when_a_field_beside_it_is_deployed(world: WorkflowWorld) -> None:
    world.environment("{target: emulator, ignore_drift: [{path: synthesizer.speed, reason: tuned by ear}]}")

    def speaks_with(voice: str) -> None:
        spoken = f"synthesizer: {{speed: 1.0, voiceConfig: {{model: waves_lightning_v3_1, voiceId: {voice}}}}}"
        said = "firstMessage: Hello, singlePromptConfig: {prompt: Help.}"
        world.write("agents/desk.yaml", f"name: Desk\nconfig: {{{said}, {spoken}}}\n")

    speaks_with("nyah")
    await world.apply()
    voice = {"model": "waves_lightning_v3_1", "voiceId": "nyah"}
    await world.edit_in_console("Desk", {"synthesizer": {"speed": 1.3, "voiceConfig": voice}})
    assert (await world.plan()).is_empty
    speaks_with("avery")
    result = await world.apply()
    assert [each.outcome for each in result.agents] == [Outcome.APPLIED]
    async with world.opened() as deployment:
        [listing] = await deployment.account.list_agents()
        live = await deployment.account.read_live(listing.agent_id)
    assert live is not None
    assert live.document is not None
    synthesizer = live.document["synthesizer"]
    assert (synthesizer["speed"], synthesizer["voiceConfig"]["voiceId"]) == (1.3, "avery")
    assert (await world.plan()).is_empty


async def test_of_several_refusals_the_world_comes_first_and_the_others_are_counted(world: WorkflowWorld) -> None:
    made = await world.plan()
    rule = Refusal("LIMIT", "too many at once", "apply fewer", acknowledgement="LIMIT")
    moved = Refusal("PLAN_STALE", "it moved", "plan again", is_stale=True)
    with pytest.raises(StaleError) as stale:
        require_applyable(replace(made, refusals=(rule, moved)))
    assert stale.value.summary == "it moved (and 1 more: see `agentops plan -e test`)"
    with pytest.raises(RefusedError) as refused:
        require_applyable(replace(made, refusals=(rule,)))
    assert (refused.value.code, refused.value.acknowledgement) == ("LIMIT", "LIMIT")
    problem = Diagnostic("phone-number", Severity.ERROR, "no such number")
    with pytest.raises(SpecError):
        require_applyable(replace(made, diagnostics=(problem,)))


async def test_calls_after_going_live_decide_what_stays(world: WorkflowWorld) -> None:
    world.agent(more="calls: [calls/hello.yaml]\n")
    world.script()
    pages = Pages()
    result = await world.apply(smoke=True, pages=pages)
    [agent] = result.agents
    assert agent.verdict is not None
    assert (agent.outcome, agent.verdict.verdict) == (Outcome.APPLIED, Verdict.PASSED)
    assert agent.verdict.text == "1 call passed"
    [(run, folder)] = pages.written
    assert (run.environment, folder.name) == ("test", "desk")
    assert [call.revision for call in run.calls] == [agent.number]

    world.environment("{target: emulator, deploy: {smoke: live, on_failure: rollback}}")
    world.agent(greeting="Good evening", more="calls: [calls/hello.yaml]\n")
    failed = await world.apply()
    assert [(agent.key, agent.outcome) for agent in failed.agents] == [("desk", Outcome.ROLLED_BACK)]
    assert failed.exit_code is ExitCode.CALLS_FAILED
    assert 'expected agent contains "Hello"' in (failed.agents[0].verdict.text if failed.agents[0].verdict else "")


async def test_a_broken_script_changes_nothing(world: WorkflowWorld) -> None:
    world.agent(more="calls: [calls/hello.yaml]\n")
    world.write("agents/calls/hello.yaml", "agent: desk\nsteps: [{expct: {contains: Hello}}]\n")
    with pytest.raises(SpecError):
        await world.apply(smoke=True)
    assert await world.names() == []


async def test_a_line_that_takes_no_calls_changes_nothing(
    world: WorkflowWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.agent(more="calls: [calls/hello.yaml]\n")
    world.script()
    await world.apply()
    world.agent(prompt="Other words.", more="calls: [calls/hello.yaml]\n")
    world.script(greeting="Hello")

    async def closed(*_: object) -> None:
        raise NoConnection("nobody answers")

    monkeypatch.setattr("agentops.workflow.calls.try_session", closed)
    with pytest.raises(UnavailableError, match="nobody answers"):
        await world.apply(smoke=True)
    assert not (await world.plan()).is_empty


async def test_calls_that_can_not_be_made_after_all_are_inconclusive(
    world: WorkflowWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.agent(more="calls: [calls/hello.yaml]\n")
    world.script()

    async def broken(*_: object) -> None:
        raise UnavailableError("the line is dead")

    monkeypatch.setattr("agentops.workflow.calls.run_calls", broken)
    result = await world.apply(smoke=True)
    [agent] = result.agents
    assert agent.verdict is not None
    assert (agent.outcome, agent.verdict.verdict) == (Outcome.APPLIED, Verdict.INCONCLUSIVE)
    assert agent.verdict.text == "the calls could not be made: the line is dead"
    assert result.exit_code is ExitCode.CALLS_FAILED


async def test_calls_whose_report_can_not_be_written_count_all_the_same(
    world: WorkflowWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.agent(more="calls: [calls/hello.yaml]\n")
    world.script()

    def no_room(*_: object) -> None:
        raise LocalError("no space left")

    pages = Pages()
    monkeypatch.setattr(pages, "write", no_room)
    result = await world.apply(smoke=True, pages=pages)
    [agent] = result.agents
    assert agent.verdict is not None
    assert (agent.verdict.verdict, agent.verdict.text) == (
        Verdict.PASSED,
        "1 call passed\nno report of them: no space left",
    )


async def test_the_preview_gate_holds_back_what_its_calls_do_not_pass(world: WorkflowWorld) -> None:
    world.agent(more="calls: [calls/hello.yaml]\n")
    world.script(greeting="Something else")
    world.agent("sales", more="calls: {none: it only takes messages}\n")
    held = await world.apply(gate_preview=True)
    assert {agent.key: agent.outcome for agent in held.agents} == {
        "desk": Outcome.NOT_ATTEMPTED,
        "sales": Outcome.NOT_ATTEMPTED,
    }
    assert held.exit_code is ExitCode.CALLS_FAILED
    assert await world.names() == []
    world.script()
    passed = await world.apply(gate_preview=True)
    assert passed.exit_code is ExitCode.DONE
    assert await world.names() == ["Acme desk (test)", "Acme sales (test)"]


async def test_calls_over_the_budget_are_refused_before_anything_is_written(world: WorkflowWorld) -> None:
    world.environment("{target: emulator, deploy: {smoke: live, call_minutes: 0.001}}")
    world.agent(more="calls: [calls/hello.yaml]\n")
    world.script()
    with pytest.raises(RefusedError, match=r"deploy\.call_minutes is"):
        await world.apply()
    assert await world.names() == []


async def test_an_environment_without_a_key_says_which_variable_to_set(world: WorkflowWorld) -> None:
    world.environment("{base_url: 'http://127.0.0.1:9'}", "prod")
    with pytest.raises(UsageError) as refused:
        await world.plan("prod")
    assert "SMALLEST_API_KEY is not set" in refused.value.summary


async def test_what_lint_calls_an_error_refuses_a_deploy(world: WorkflowWorld) -> None:
    await world.apply()
    world.agent(prompt='"  "')
    plan = await world.plan()
    [refusal] = plan.refusals
    assert (refusal.code, refusal.agent, refusal.acknowledgement) == ("prompt-empty", "desk", "prompt-empty")
    assert "agents/desk.yaml" in refusal.summary
    assert plan.blocked_code is ExitCode.REFUSED
    with pytest.raises(RefusedError):
        await world.apply()
    assert (await world.plan(acknowledged=frozenset({"prompt-empty:desk"}))).is_applyable
    world.agent(prompt='"  "', more="lint: [{rule: prompt-empty, reason: the kiosk sends one with every call}]\n")
    assert (await world.plan()).is_applyable


async def test_an_agent_that_stays_as_it_is_is_not_held_against_a_plan(world: WorkflowWorld) -> None:
    world.agent(prompt='"  "', more="lint: [{rule: prompt-empty, reason: the kiosk sends one with every call}]\n")
    await world.apply()
    world.agent(prompt='"  "')
    assert (await world.plan()).is_empty
