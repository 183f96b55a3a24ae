"""What the account is asked, and what becomes of questions that it does not answer."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from workflow_world import WorkflowWorld

from agentops import workflow
from agentops.apply.model import ignore_event
from agentops.calls.report import Verdict
from agentops.calls.schedule import RunOptions
from agentops.clock import ALWAYS
from agentops.errors import PlatformError, UnavailableError, UsageError
from agentops.plan.account import AccountQuestion
from agentops.plan.build import PlanOptions
from agentops.render.status.text import status_text
from agentops.settings import Settings
from agentops.workflow.account import ask_account
from agentops.workflow.calls import CallRequest, choose_scripts, smoke
from agentops.workflow.comparing import compare_revisions
from agentops.workflow.drift import read_drift
from agentops.workflow.past_calls import list_past_calls
from agentops.workflow.previewing import PreviewHooks, preview_down, preview_up
from agentops.workflow.status import read_status

pytestmark = pytest.mark.slow


async def test_a_question_without_an_answer_stays_open_and_is_named(
    world: WorkflowWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent() -> None:
        raise UnavailableError("no answer")

    async with world.opened() as deployment:
        monkeypatch.setattr(deployment.account, "list_voices", silent)
        asked = frozenset({AccountQuestion.VOICES, AccountQuestion.PHONE_NUMBERS})
        account = await ask_account(deployment.account, asked, agent_count=3)
    assert account.voices is None
    assert account.phone_numbers
    assert account.knowledge_base_ids is None, "nobody asked"
    assert (account.unanswered, account.agent_count) == (frozenset({AccountQuestion.VOICES}), 3)


def forbid(world: WorkflowWorld, path: str, **more: Any) -> None:
    fault = {"kind": "status", "method": "GET", "path": path, "status": 403, **more}
    httpx2.post(f"{world.url}/_emulator/faults", json=fault).raise_for_status()


async def test_a_status_without_the_phone_numbers_is_still_one(world: WorkflowWorld) -> None:
    await world.apply()
    async with world.opened() as deployment:
        known = await read_status(deployment, PlanOptions())
        forbid(world, "/atoms/v1/product/all-numbers")
        unknown = await read_status(deployment, PlanOptions())
    assert "numbers not known" not in status_text(known)
    assert "numbers not known" in status_text(unknown)


async def test_an_agent_is_called_though_the_platform_does_not_say_what_serves(world: WorkflowWorld) -> None:
    world.agent(more="calls: [calls/hello.yaml]\n")
    world.script()
    await world.apply()
    async with world.opened() as deployment:
        scripts = choose_scripts(deployment.project, deployment.agents, CallRequest())
        forbid(world, "/atoms/v1/agent/*/branches*")
        run = await smoke(deployment, scripts, RunOptions())
    [call] = run.calls
    assert (call.verdict, call.revision) == (Verdict.PASSED, None)


async def test_an_account_whose_plan_has_no_campaigns_has_none(world: WorkflowWorld) -> None:
    fault = {"kind": "plan_limit", "method": "GET", "path": "/atoms/v1/campaign"}
    httpx2.post(f"{world.url}/_emulator/faults", json=fault).raise_for_status()
    async with world.opened() as deployment:
        account = await ask_account(deployment.account, frozenset({AccountQuestion.CAMPAIGNS}), agent_count=1)
    assert (account.campaigns, account.unanswered) == ((), frozenset())


async def test_calls_are_read_of_one_agent_at_a_time(world: WorkflowWorld) -> None:
    world.agent("sales")
    await world.apply()
    async with world.opened() as deployment:
        with pytest.raises(UsageError, match="calls are listed of one agent, not of desk, sales"):
            await list_past_calls(deployment, (), 10)
        with pytest.raises(UsageError, match="one agent at a time can be compared, not desk, sales"):
            await compare_revisions(deployment, None, ("webcall",), ALWAYS, lambda count: None)


async def test_a_project_without_specs_is_told_how_to_name_an_agent(world: WorkflowWorld) -> None:
    await world.apply()
    (world.root / "agents/desk.yaml").unlink()
    async with world.opened() as deployment:
        with pytest.raises(UsageError, match="no agent is selected, and the project has no spec") as refused:
            await workflow.history.list_deployed(deployment)
    assert refused.value.hint is not None
    assert "`agentops history KEY`" in refused.value.hint


async def test_no_key_is_sent_to_a_host_that_is_not_the_platforms(world: WorkflowWorld) -> None:
    world.environment("{api_key: '${{ secrets.KEY }}'}", "prod")
    world.settings = Settings({"KEY": "sk_emulator", "SMALLEST_BASE_URL": "https://atoms.example.com"})
    with pytest.raises(
        UsageError, match=r"the key would go to atoms\.example\.com, which is not the platform's"
    ) as told:
        await workflow.deployment.open_deployment(world.project("prod"), world.settings).__aenter__()
    assert told.value.hint is not None
    assert "hosts: [atoms.example.com]" in told.value.hint


async def test_no_secret_is_in_a_failure_of_several(world: WorkflowWorld) -> None:
    world.environment("{target: emulator, secrets: {CRM: {value: s3cret-value}}}")
    failure = UnavailableError("s3cret-value was refused", hint="look at s3cret-value")
    with pytest.raises(ExceptionGroup) as raised:
        async with world.opened():
            raise ExceptionGroup("several", [failure])
    [told] = raised.value.exceptions
    assert isinstance(told, UnavailableError)
    assert "s3cret-value" not in f"{told} {told.summary} {told.hint}"


async def test_the_first_failure_of_many_reads_is_the_one_that_is_raised(
    world: WorkflowWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("a", "b", "c"):
        world.agent(key)
    await world.apply()
    async with world.opened() as deployment:

        async def broken(*_: Any, **__: Any) -> None:
            raise PlatformError("it broke")

        monkeypatch.setattr(deployment.account, "read_agent", broken)
        with pytest.raises(PlatformError, match="it broke"):
            await workflow.planning.plan_deployment(deployment, PlanOptions())


async def test_drift_is_told_where_a_revision_in_between_cannot_be_read(
    world: WorkflowWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.apply()
    for greeting in ("Once", "Twice", "Thrice"):
        await world.edit_in_console("Acme desk (test)", {"firstMessage": greeting})
    async with world.opened() as deployment:
        account = deployment.account
        [listing] = await account.list_agents()
        by_hand = {
            each.revision_id
            for each in await account.list_revisions(listing.agent_id, limit=100)
            if each.label == "tuned by hand"
        }
        read = account.read_revision

        async def gone(agent_id: str, revision_id: str, **where: Any) -> Any:
            if revision_id in by_hand:
                raise PlatformError("archived")
            return await read(agent_id, revision_id, **where)

        monkeypatch.setattr(account, "read_revision", gone)
        [change] = (await read_drift(deployment, PlanOptions())).changes
    assert [field.after for field in change.drift_fields] == ["Thrice"]


async def test_a_copy_that_was_never_finished_is_found_by_its_name(world: WorkflowWorld) -> None:
    hooks = PreviewHooks(ignore_event)
    await world.api("POST", "/agent", {"name": "Acme desk (test) (preview pr-9)"})
    await world.api("POST", "/agent", {"name": "Somebody else's (preview pr-9)"})
    async with world.opened() as deployment:
        with pytest.raises(UsageError, match="can't name a preview"):
            await preview_up(deployment, "No Name", hooks)
        await preview_down(deployment, "pr-9", hooks)
    assert await world.names() == ["Somebody else's (preview pr-9)"]


def test_a_use_case_is_loaded_by_its_name() -> None:
    assert workflow.planning.plan_deployment is not None
    with pytest.raises(AttributeError):
        workflow.no_such_use_case  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(workflow, "_private")
