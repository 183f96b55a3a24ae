"""`deploy.strategy: branch`: publish beside what serves, then switch; keep the way back; tidy up."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from deploy_world import World, agent, open_world
from faulty import Fault

from agentops.apply.model import ApplyOptions, Outcome, SmokeVerdict, Verdict
from agentops.document import Deploy, Generation, Strategy
from agentops.plan.model import Action, AgentChange, Drift

BRANCHES = ApplyOptions(deploy=Deploy(label="abc1234 A change", strategy=Strategy.BRANCH, keep_branches=2))


class FailingCalls:
    async def smoke(self, change: AgentChange, agent_id: str) -> SmokeVerdict | None:
        return SmokeVerdict(Verdict.FAILED, "silence")


@pytest.fixture
async def account(anyio_backend: str) -> AsyncIterator[World]:
    async with open_world(Generation.V2) as opened:
        await opened.apply(await opened.plan([agent(prompt="0")]), options=BRANCHES)
        yield opened


async def deploy(world: World, prompt: str, smoke: FailingCalls | None = None) -> Outcome:
    plan = await world.plan([agent(prompt=prompt)])
    assert plan.is_applyable, plan.refusals
    result = await world.apply(plan, options=BRANCHES, smoke=smoke)
    return result.agents[0].outcome


async def branch_names(world: World) -> list[str]:
    [listing] = await world.writer.list_agents()
    return [each.name for each in await world.writer.list_branches(listing.agent_id)]


async def test_a_deploy_gets_a_branch_and_the_previous_one_is_kept(account: World) -> None:
    assert await deploy(account, "1") is Outcome.APPLIED
    assert await account.live_prompt() == "1"
    main, branch = await branch_names(account)
    assert main == "Main"
    assert branch.startswith("ao-support-")
    assert branch.endswith(".served")
    assert (await account.plan([agent(prompt="1")])).is_empty


async def test_only_the_newest_branches_are_kept(account: World) -> None:
    for prompt in "12345":
        assert await deploy(account, prompt) is Outcome.APPLIED
    assert len(await branch_names(account)) == 1 + 1 + 2  # Main, the live one, two to go back to


async def test_a_failed_call_switches_back_at_once(account: World) -> None:
    await deploy(account, "1")
    before = (await account.observe("Acme support")).live
    assert await deploy(account, "2", FailingCalls()) is Outcome.ROLLED_BACK
    after = (await account.observe("Acme support")).live
    assert before is not None
    assert after is not None
    assert after.revision_id == before.revision_id
    plan = await account.plan([agent(prompt="2")])
    assert plan.changes[0].drift is Drift.ROLLED_BACK
    assert [refusal.acknowledgement for refusal in plan.refusals] == ["REDEPLOY"]
    assert (await account.plan([agent(prompt="1")])).is_empty


async def test_what_was_published_and_not_switched_to_is_gone_on_with(account: World) -> None:
    await deploy(account, "1")
    account.transport.fault = Fault("POST", "/live$", "connect", times=99)
    assert await deploy(account, "2") is Outcome.FAILED
    account.transport.fault = None
    assert await account.live_prompt() == "1"
    plan = await account.plan([agent(prompt="2")])
    assert [change.action for change in plan.changes] == [Action.GO_LIVE]
    published = [each for each in account.transport.log if each.endswith("/publish")]
    assert await deploy(account, "2") is Outcome.APPLIED
    assert [each for each in account.transport.log if each.endswith("/publish")] == published
    assert await account.live_prompt() == "2"
    assert await deploy(account, "3") is Outcome.APPLIED


async def test_a_failed_scan_leaves_no_branch(account: World) -> None:
    assert await deploy(account, "jailbreak-me") is Outcome.FAILED
    assert await branch_names(account) == ["Main"]
    assert await account.live_prompt() == "0"


async def test_nothing_goes_live_before_everything_is_published(account: World) -> None:
    await account.apply(await account.plan([agent(prompt="0"), agent("sales")]), options=BRANCHES)
    wanted = [agent(prompt="1"), agent("sales", prompt="jailbreak-me")]
    result = await account.apply(await account.plan(wanted), options=BRANCHES)
    assert [each.outcome for each in result.agents] == [Outcome.NOT_ATTEMPTED, Outcome.FAILED]
    assert await account.live_prompt() == "0"
