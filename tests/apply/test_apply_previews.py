"""Ephemeral copies: put up, called, taken down, swept; and the gate that calls them before anything goes live."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from deploy_world import KEY, World, agent

from agentops.apply.model import Event, Outcome, SmokeVerdict, Verdict, ignore_event
from agentops.document import DesiredAgent, Environment, read_mark
from agentops.errors import ExitCode, RefusedError, UsageError
from agentops.plan.model import AgentChange
from agentops.spec import Project
from agentops.timing import Freeze
from agentops.workflow.deployment import Deployment
from agentops.workflow.previewing import PreviewHooks, pass_gate, preview_down, preview_up, sweep_previews


class Calls:
    """Calls with an opinion that remember whom they called."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.called: list[str] = []

    def is_called(self, change: AgentChange) -> bool:
        return True

    async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
        self.called.append(agent_id)
        return SmokeVerdict(self.verdict, "heard nothing")


def deployment(world: World, *agents: DesiredAgent) -> Deployment:
    environment = Environment(project="acme", name="test")
    project = Project(root=Path("/nowhere"), name="acme", environment=environment, agents=agents, diagnostics=())
    return Deployment(project=project, agents=agents, account=world.writer, api_key=KEY)


def without_scripts(**config: Any) -> DesiredAgent:
    """An agent whose spec says that it has no call scripts; these tests call it all the same."""
    return replace(agent(**config), no_calls_reason="the test makes its own calls")


async def names(world: World) -> list[str]:
    return sorted(listing.name for listing in await world.writer.list_agents())


def hooks(world: World, calls: Calls | None = None) -> PreviewHooks:
    return PreviewHooks(ignore_event, calls, world.clock)


async def test_a_copy_is_marked_as_one_and_no_caller_reaches_it(world: World) -> None:
    await world.deploy([agent()])
    result = await preview_up(deployment(world, agent(prompt="New.")), "pr-1", hooks(world))
    assert result.exit_code is ExitCode.DONE
    assert await names(world) == ["Acme support", "Acme support (preview pr-1)"]
    observed = await world.observe("Acme support (preview pr-1)")
    assert observed.listing.metadata["allowInboundCall"] is False
    assert observed.live is not None
    mark = read_mark(observed.live.label)
    assert mark is not None
    assert mark.environment == "test-preview-pr-1"
    assert "preview pr-1 until 2026-11-22T16:00:" in (observed.live.label or "")
    assert await world.live_prompt() == "Help the caller."
    assert await world.live_prompt("Acme support (preview pr-1)") == "New."


async def test_putting_it_up_again_brings_it_up_to_date(world: World) -> None:
    await preview_up(deployment(world, agent(prompt="One.")), "pr-1", hooks(world))
    await preview_up(deployment(world, agent(prompt="Two.")), "pr-1", hooks(world))
    assert await world.live_prompt("Acme support (preview pr-1)") == "Two."
    assert len(await names(world)) == 1


async def test_one_that_was_taken_down_is_put_up_again(world: World) -> None:
    here = deployment(world, agent())
    await preview_up(here, "pr-1", hooks(world))
    await preview_down(here, "pr-1", hooks(world))
    assert await names(world) == []
    assert (await preview_up(here, "pr-1", hooks(world))).exit_code is ExitCode.DONE
    assert await names(world) == ["Acme support (preview pr-1)"]


async def test_what_speaks_against_a_copy_is_heard(world: World) -> None:
    wrong = deployment(world, agent(synthesizer={"voiceConfig": {"model": "waves_lightning_v3_1", "voiceId": "nyha"}}))
    with pytest.raises(RefusedError, match="nyha"):
        await preview_up(wrong, "pr-1", hooks(world))
    acknowledged = replace(hooks(world), acknowledged=frozenset({"VOICE_UNKNOWN:support"}))
    assert (await preview_up(wrong, "pr-1", acknowledged)).exit_code is ExitCode.DONE


async def test_rules_that_protect_callers_stop_no_copy(world: World) -> None:
    now = world.clock.now()
    freeze = Freeze("year-end", "everybody is away", now - timedelta(days=999), now + timedelta(days=9999), "Etc/UTC")
    here = deployment(world, agent())
    closed = replace(here.environment, freezes=(freeze,), requires="elsewhere", is_protected=True)
    here = replace(here, project=replace(here.project, environment=closed))
    assert (await preview_up(here, "pr-1", hooks(world))).exit_code is ExitCode.DONE


async def test_a_copy_that_is_to_be_called_needs_a_script(world: World) -> None:
    for without in (agent(), agent("sales")):
        with pytest.raises(RefusedError, match="names no call script") as refused:
            await preview_up(deployment(world, without), "pr-1", hooks(world, Calls(Verdict.PASSED)))
        assert refused.value.code == "NO_CALLS"
    assert (
        await preview_up(deployment(world, without_scripts()), "pr-1", hooks(world, Calls(Verdict.PASSED)))
    ).exit_code == 0
    result = await preview_up(deployment(world, agent("sales")), "pr-2", hooks(world))
    assert [each.calls for each in result.agents] == ["no calls: putting up a copy makes none"]


async def test_taking_one_down_leaves_the_others(world: World) -> None:
    await world.deploy([agent()])
    await preview_up(deployment(world, agent(), agent("sales")), "pr-1", hooks(world))
    await preview_up(deployment(world, agent()), "pr-2", hooks(world))
    result = await preview_down(deployment(world, agent(), agent("sales")), "pr-1", hooks(world))
    assert [each.outcome for each in result.agents] == [Outcome.APPLIED] * 2
    assert await names(world) == ["Acme support", "Acme support (preview pr-2)"]


async def test_only_what_is_over_is_swept(world: World) -> None:
    here = deployment(world, agent())
    await preview_up(here, "old", hooks(world), ttl=timedelta(hours=1))
    await preview_up(here, "new", hooks(world), ttl=timedelta(hours=9))
    await world.clock.sleep(2 * 3600)
    await sweep_previews(here, hooks(world))
    assert await names(world) == ["Acme support (preview new)"]


async def test_a_copy_that_was_never_finished_is_swept_too(world: World) -> None:
    await world.writer.create_agent("Acme support (preview cut-off)")
    await sweep_previews(deployment(world, agent()), hooks(world))
    assert await names(world) == ["Acme support (preview cut-off)"]
    await world.clock.sleep(5 * 3600)
    await sweep_previews(deployment(world, agent()), hooks(world))
    assert await names(world) == []


async def test_somebody_elses_agent_of_such_a_name_is_left_alone(world: World) -> None:
    await world.writer.create_agent("Their line (preview x)")
    await world.clock.sleep(100 * 3600)
    await sweep_previews(deployment(world, agent()), hooks(world))
    await preview_down(deployment(world, agent()), "x", hooks(world))
    assert await names(world) == ["Their line (preview x)"]


async def test_a_gate_that_passes_leaves_no_trace(world: World) -> None:
    await world.deploy([agent()])
    calls = Calls(Verdict.PASSED)
    changed = without_scripts(prompt="New.")
    plan = await world.plan([changed])
    assert await pass_gate(deployment(world, changed), plan, hooks(world, calls), "run-000001") is None
    assert len(calls.called) == 1
    assert calls.called[0] != plan.changes[0].agent_id
    assert await names(world) == ["Acme support"]


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.INCONCLUSIVE])
async def test_a_gate_that_does_not_pass_changes_nothing(world: World, verdict: Verdict) -> None:
    await world.deploy([agent()])
    changed = without_scripts(prompt="New.")
    plan = await world.plan([changed])
    held = await pass_gate(deployment(world, changed), plan, hooks(world, Calls(verdict)), "run-000001")
    assert held is not None
    assert held.exit_code is ExitCode.CALLS_FAILED
    assert [each.outcome for each in held.agents] == [Outcome.NOT_ATTEMPTED]
    assert held.agents[0].verdict is not None
    assert await names(world) == ["Acme support"]
    assert await world.live_prompt() == "Help the caller."


async def test_a_gate_whose_copy_cannot_be_deployed_changes_nothing(world: World) -> None:
    await world.deploy([agent()])
    bad = without_scripts(prompt="jailbreak-me")
    held = await pass_gate(deployment(world, bad), await world.plan([bad]), hooks(world), "run-000001")
    assert held is not None
    assert held.exit_code is ExitCode.FAILED
    assert held.agents[0].problem is not None
    assert held.agents[0].problem.code == "scan_failed"
    assert await names(world) == ["Acme support"]


async def test_a_name_that_cannot_be_one_is_refused_before_anything_is_done(world: World) -> None:
    told: list[Event] = []
    with pytest.raises(UsageError, match="can't name a preview"):
        await preview_up(deployment(world, agent()), "Pull Request", PreviewHooks(told.append))
    assert not told
    assert await names(world) == []
