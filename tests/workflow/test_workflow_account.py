"""What the account is asked, and what becomes of questions that it does not answer."""

from __future__ import annotations

from typing import Any

import pytest
from workflow_world import WorkflowWorld

from agentops import workflow
from agentops.apply.model import ignore_event
from agentops.errors import PlatformError, UnavailableError, UsageError
from agentops.plan.account import AccountQuestion
from agentops.plan.build import PlanOptions
from agentops.workflow.account import ask_account
from agentops.workflow.drift import read_drift
from agentops.workflow.previewing import PreviewHooks, preview_down, preview_up

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
