"""The main road, in both generations: create, go live, read back; change; nothing to do; take back; go back."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from deploy_world import World, agent

from agentops.apply.model import ApplyOptions, Outcome, SmokeVerdict, Stage, StageStarted, Verdict
from agentops.document import Deploy, Draft, LeafDifference, ObservedAgent, OnFailure, read_mark
from agentops.errors import ExitCode
from agentops.plan.model import Action, AgentChange, Drift


class Calls:
    """Calls that have an opinion."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.called: list[str] = []

    def is_called(self, change: AgentChange) -> bool:
        return True

    async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
        self.called.append(change.key)
        return SmokeVerdict(self.verdict, "heard nothing, expected a greeting")


async def test_a_new_agent_goes_live_and_the_next_plan_is_empty(world: World) -> None:
    result = await world.deploy([agent("support"), agent("sales")])
    assert [each.outcome for each in result.agents] == [Outcome.APPLIED] * 2, result
    assert result.exit_code is ExitCode.DONE
    observed = await world.observe("Acme support")
    assert observed.live is not None
    assert observed.live.document is not None
    assert observed.live.document["singlePromptConfig"]["prompt"] == "Help the caller."
    mark = read_mark(observed.live.label)
    assert mark is not None
    assert (mark.project, mark.environment, mark.key) == ("acme", "test", "support")
    assert observed.listing.metadata["description"] == "The support line"
    assert (await world.plan([agent("support"), agent("sales")])).is_empty
    assert observed.draft is None


async def test_a_change_becomes_the_next_revision(world: World) -> None:
    await world.deploy([agent()])
    before = (await world.observe("Acme support")).live
    result = await world.deploy([agent(prompt="Help the caller kindly.")])
    [changed] = result.agents
    assert changed.outcome is Outcome.APPLIED
    assert before is not None
    assert changed.previous_revision_id == before.revision_id
    assert changed.number == (before.number or 0) + 1
    assert (await world.plan([agent(prompt="Help the caller kindly.")])).is_empty


async def test_stages_are_told_in_order(world: World) -> None:
    await world.deploy([agent()])
    stages = [event.stage for event in world.events if isinstance(event, StageStarted)]
    assert stages == sorted(stages, key=list(Stage).index)
    assert {Stage.CREATE, Stage.PATCH, Stage.COMPARE, Stage.PUBLISH, Stage.SCAN, Stage.LIVE, Stage.VERIFY} <= {*stages}


async def test_a_defect_of_ours_ends_one_agent_which_is_cleaned_up_and_not_the_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.deploy([agent("support"), agent("sales")])
    compare = world.writer.diff_draft

    async def broken(observed: ObservedAgent, draft: Draft) -> Sequence[LeafDifference]:
        if observed.listing.name == "Acme support":
            raise TypeError("sk_secret")
        return await compare(observed, draft)

    monkeypatch.setattr(world.writer, "diff_draft", broken)
    result = await world.deploy([agent("support", "New."), agent("sales", "New.")])
    assert [each.outcome for each in result.agents] == [Outcome.FAILED, Outcome.NOT_ATTEMPTED]
    problem = result.agents[0].problem
    assert problem is not None
    assert problem.code == "defect"
    assert problem.summary.startswith("internal error: TypeError in agentops/apply/")
    assert "sk_secret" not in problem.summary
    assert [(await world.writer.read_head(each.agent_id or "")).has_draft for each in result.agents] == [False, False]
    assert result.exit_code is ExitCode.FAILED


async def test_an_unchanged_agent_is_left_alone(world: World) -> None:
    await world.deploy([agent()])
    [same] = (await world.deploy([agent()])).agents
    assert same.outcome is Outcome.UNCHANGED
    assert len(await world.writer.list_revisions(same.agent_id or "")) == 2


async def test_a_failed_call_restores_what_served(world: World) -> None:
    await world.deploy([agent()])
    before = (await world.observe("Acme support")).live
    changed = [agent(prompt="Hang up at once.")]
    result = await world.apply(await world.plan(changed), smoke=Calls(Verdict.FAILED))
    [taken_back] = result.agents
    assert taken_back.outcome is Outcome.ROLLED_BACK
    assert taken_back.stage is Stage.SMOKE
    assert result.exit_code is ExitCode.CALLS_FAILED
    after = (await world.observe("Acme support")).live
    assert before is not None
    assert after is not None
    assert after.document == before.document
    assert taken_back.serving_revision_id == after.revision_id
    again = await world.plan(changed)
    assert [refusal.acknowledgement for refusal in again.refusals] == ["REDEPLOY"]
    assert again.changes[0].drift is Drift.ROLLED_BACK
    assert (await world.plan([agent()])).is_empty


async def test_inconclusive_calls_keep_what_was_deployed(world: World) -> None:
    result = await world.apply(await world.plan([agent()]), smoke=Calls(Verdict.INCONCLUSIVE))
    assert result.agents[0].outcome is Outcome.APPLIED
    assert result.exit_code is ExitCode.CALLS_FAILED


async def test_a_failed_call_is_kept_where_the_environment_says_so(world: World) -> None:
    await world.deploy([agent()])
    options = ApplyOptions(deploy=Deploy(on_failure=OnFailure.KEEP))
    plan = await world.plan([agent(prompt="Other.")])
    result = await world.apply(plan, smoke=Calls(Verdict.FAILED), options=options)
    assert result.agents[0].outcome is Outcome.FAILED
    assert result.exit_code is ExitCode.CALLS_FAILED
    again = await world.plan([agent(prompt="Other.")])
    assert [change.action for change in again.changes] == [Action.CALL]


async def test_a_first_deploy_has_nothing_to_go_back_to(world: World) -> None:
    result = await world.apply(await world.plan([agent()]), smoke=Calls(Verdict.FAILED))
    [kept] = result.agents
    assert kept.outcome is Outcome.FAILED
    assert "nothing to go back to" in kept.detail
    assert result.exit_code is ExitCode.CALLS_FAILED


async def test_a_failed_scan_leaves_production_as_it_was_and_no_draft(world: World) -> None:
    await world.deploy([agent("support"), agent("sales")])
    bad = [agent("support", prompt="jailbreak-me"), agent("sales", prompt="New.")]
    result = await world.apply(await world.plan(bad))
    support = result.agents[0]
    assert (support.outcome, support.stage) == (Outcome.FAILED, Stage.SCAN), support
    observed = await world.observe("Acme support")
    assert observed.draft is None
    assert observed.live is not None
    assert observed.live.document is not None
    assert observed.live.document["singlePromptConfig"]["prompt"] == "Help the caller."


async def test_a_moved_base_is_refused(world: World) -> None:
    await world.deploy([agent()])
    stale = await world.plan([agent(prompt="One.")])
    await world.deploy([agent(prompt="Two.")])
    result = await world.apply(stale)
    assert result.exit_code is ExitCode.STALE
    assert result.agents[0].problem is not None
    assert result.agents[0].problem.code == "base_moved"


async def test_a_publish_that_went_through_since_the_plan_counts_as_done(world: World) -> None:
    await world.deploy([agent()])
    twice = await world.plan([agent(prompt="One.")])
    await world.apply(twice)
    result = await world.apply(twice)
    assert result.exit_code is ExitCode.DONE, result
    assert len(await world.writer.list_revisions(result.agents[0].agent_id or "")) == 3


async def test_only_metadata_publishes_nothing(world: World) -> None:
    await world.deploy([agent()])
    renamed = agent()
    renamed.metadata["description"] = "Another text"
    [result] = (await world.deploy([renamed])).agents
    assert result.outcome is Outcome.APPLIED
    assert len(await world.writer.list_revisions(result.agent_id or "")) == 2
    assert (await world.observe("Acme support")).listing.metadata["description"] == "Another text"


async def test_an_agent_that_no_script_calls_is_not_called(world: World) -> None:
    class NoScripts(Calls):
        def is_called(self, change: AgentChange) -> bool:
            return False

    calls = NoScripts(Verdict.FAILED)
    result = await world.apply(await world.plan([agent()]), smoke=calls)
    assert (result.agents[0].outcome, calls.called) == (Outcome.APPLIED, [])


async def test_an_agent_without_a_spec_is_archived_with_prune(world: World) -> None:
    await world.deploy([agent("support"), agent("sales")])
    plan = await world.plan([agent("support")], prune=True, acknowledged=frozenset({"LIMIT_ARCHIVED"}))
    assert [change.action for change in plan.changes] == [Action.UNCHANGED, Action.ARCHIVE]
    result = await world.apply(plan)
    assert result.agents[1].outcome is Outcome.APPLIED, result
    assert [listing.name for listing in await world.writer.list_agents()] == ["Acme support"]


@pytest.mark.parametrize("prompt", ["One.", "Two."])
async def test_a_failure_while_staging_keeps_everybody_else_as_they_were(world: World, prompt: str) -> None:
    await world.deploy([agent("support"), agent("sales")])
    plan = await world.plan([agent("support", prompt=prompt), agent("sales", prompt=prompt)])
    await world.deploy([agent("support"), agent("sales", prompt="Somebody was faster.")])
    result = await world.apply(plan)
    assert [each.outcome for each in result.agents] == [Outcome.NOT_ATTEMPTED, Outcome.FAILED]
    observed = await world.observe("Acme support")
    assert observed.draft is None
    assert observed.live is not None
    assert observed.live.document is not None
    assert observed.live.document["singlePromptConfig"]["prompt"] == "Help the caller."
