"""What a plan says of the calls that its apply would make, and what it refuses where nobody would be called."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow_world import WorkflowWorld

from agentops.document import DesiredAgent, Generation
from agentops.errors import ExitCode
from agentops.fields import Category, Risk
from agentops.plan.model import Action, AgentChange, FieldChange, Operation, Plan
from agentops.workflow.expected_calls import CallSettings, expect_calls


@pytest.fixture
def files(tmp_path: Path) -> WorkflowWorld:
    """A project that calls what it deploys; no account is needed to say what would be called."""
    world = WorkflowWorld(tmp_path, "")
    world.write(
        "agentops.yaml",
        "project: acme\nenvironments:\n  test: {target: emulator, deploy: {smoke: live}}\n",
    )
    world.agent(more="calls: [calls/hello.yaml]\n")
    world.script()
    return world


def planned(world: WorkflowWorld, *categories: Category, action: Action = Action.UPDATE, **settings: object) -> Plan:
    """The plan of a change in these categories, with its calls."""
    project = world.project()
    fields = tuple(FieldChange((each.value,), Operation.REPLACE, 1, 2, each, Risk.LOW) for each in categories)
    changes = tuple(_change(agent, action, fields) for agent in project.agents)
    plan = Plan(project.name, "test", "somewhere", Generation.V2, changes, "d")
    return expect_calls(plan, project, CallSettings(**settings), frozenset())  # type: ignore[arg-type]


def _change(agent: DesiredAgent, action: Action, fields: tuple[FieldChange, ...]) -> AgentChange:
    return AgentChange(agent.key, agent.name, action, "", agent_id="a1", fields=fields, desired=agent)


def test_what_is_called_is_said_with_its_minutes(files: WorkflowWorld) -> None:
    [change] = planned(files, Category.PROMPT).changes
    assert str(change.calls) == "1 of 1 script called, about 0.1 minutes"
    [twice] = planned(files, Category.PROMPT, gate_preview=True).changes
    assert change.calls is not None
    assert twice.calls is not None
    assert twice.calls.minutes == pytest.approx(2 * change.calls.minutes)


def test_a_change_that_calls_for_no_script_says_so(files: WorkflowWorld) -> None:
    files.script(tag="voice")
    plan = planned(files, Category.TOOLS)
    assert str(plan.changes[0].calls) == "0 of 1 script called: none fits a change of tools"
    assert plan.is_applyable


def test_an_agent_that_nobody_would_call_is_refused(files: WorkflowWorld) -> None:
    files.agent()
    [refusal] = planned(files, Category.PROMPT).refusals
    assert (refusal.code, refusal.acknowledgement) == ("NO_CALLS", "NO_CALLS")
    assert planned(files, Category.PROMPT, smoke=False).is_applyable
    files.agent(more="calls: {none: only the kiosk talks to it}\n")
    excused = planned(files, Category.PROMPT)
    assert excused.is_applyable
    assert str(excused.changes[0].calls) == "no calls: only the kiosk talks to it"


def test_an_agent_that_stays_as_it_is_needs_no_calls(files: WorkflowWorld) -> None:
    files.agent()
    plan = planned(files, action=Action.UNCHANGED)
    assert plan.is_applyable
    assert plan.changes[0].calls is None


def test_a_script_of_another_agent_is_a_mistake(files: WorkflowWorld) -> None:
    files.script(agent="sales")
    plan = planned(files, Category.PROMPT)
    assert plan.blocked_code is ExitCode.FAILED
    [problem] = plan.diagnostics
    assert (problem.code, problem.agent) == ("call-agent", "desk")


def test_calls_that_take_too_long_are_refused_by_the_plan(files: WorkflowWorld) -> None:
    files.environment("{target: emulator, deploy: {smoke: live, call_minutes: 0.01}}")
    [refusal] = planned(files, Category.PROMPT).refusals
    assert (refusal.code, refusal.acknowledgement) == ("CALL_MINUTES", None)
