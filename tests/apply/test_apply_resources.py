"""Tools, knowledge bases and webhooks, deployed together with the agents that refer to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fault_cases import Calls
from shelf_world import AGENT, FILES, TOOL, WEBHOOK, ShelfWorld, open_shelf_world

from agentops.apply.model import Outcome, Verdict

CHANGED = TOOL.replace("Look up the order.", "Find the order.")


@pytest.fixture
async def shelf(tmp_path: Path, anyio_backend: str) -> AsyncIterator[ShelfWorld]:
    async with open_shelf_world(tmp_path) as opened:
        yield opened


async def test_everything_is_made_in_one_run_and_the_next_plan_is_empty(shelf: ShelfWorld) -> None:
    assert await shelf.told() == [
        "tool look_up: create",
        "knowledge returns: create",
        "support: create",
        "webhook crm: create",
    ]
    result = await shelf.deploy()
    assert result.exit_code == 0, result
    assert [each.outcome for each in result.resources] == [Outcome.APPLIED] * 3
    assert await shelf.shelf() == {
        "tools": ["Look up the order."],
        "knowledge": ["Returns"],
        "webhooks": ["https://crm.example.com/hooks"],
    }
    plan = await shelf.plan()
    assert plan.is_empty, plan
    assert not plan.refusals
    assert await shelf.live_tools() == ["Look up the order."]
    [hook] = await shelf.world.writer.webhooks.list()
    assert list(hook.content["events"].values()) == [["post-conversation"]]
    [stored] = shelf.world.store.database.all("webhook")
    assert stored["headers"] == {"X-Token": "s3cret-value"}


async def test_a_changed_tool_is_made_anew_and_the_old_one_goes_with_the_deploy_after_next(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    shelf.write({"tools/look_up.yaml": CHANGED})
    plan = await shelf.plan()
    assert await shelf.told() == [
        "tool look_up: replace",
        "knowledge returns: unchanged",
        "support: update",
        "webhook crm: unchanged",
    ]
    assert plan.resources[0].reaches == ("support",)
    assert (await shelf.apply(plan)).exit_code == 0
    assert await shelf.live_tools() == ["Find the order."]
    assert (await shelf.shelf())["tools"] == ["Look up the order.", "Find the order."]
    assert (await shelf.plan()).is_empty
    shelf.write({"agents/support.yaml": AGENT.replace("Help the caller.", "Help them.")})
    assert await shelf.told() == [
        "tool look_up: unchanged",
        "knowledge returns: unchanged",
        "support: update",
        "webhook crm: unchanged",
        "tool look_up: delete",
    ]
    assert (await shelf.deploy()).exit_code == 0
    assert (await shelf.shelf())["tools"] == ["Find the order."]
    assert (await shelf.plan()).is_empty


async def test_after_a_failed_call_the_old_tool_serves_again(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    shelf.write({"tools/look_up.yaml": CHANGED})
    result = await shelf.deploy(smoke=Calls(Verdict.FAILED))
    assert result.agents[0].outcome is Outcome.ROLLED_BACK
    assert await shelf.live_tools() == ["Look up the order."]
    assert [each.code for each in (await shelf.plan()).refusals] == ["REDEPLOY"]
    shelf.write({"tools/look_up.yaml": TOOL.replace("Look up", "Look for")})
    assert (await shelf.deploy(smoke=Calls(Verdict.PASSED))).exit_code == 0
    assert await shelf.live_tools() == ["Look for the order."]
    assert (await shelf.plan()).is_empty


async def test_changed_knowledge_is_a_new_base(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    shelf.write({"knowledge/policy.md": "# Returns\n\nSixty days.\n"})
    plan = await shelf.plan()
    [change] = [each for each in plan.resources if each.is_change]
    assert (str(change.address), change.action.value, change.reaches) == ("knowledge returns", "replace", ("support",))
    assert (await shelf.apply(plan)).exit_code == 0
    assert (await shelf.shelf())["knowledge"] == ["Returns", "Returns"]
    assert (await shelf.plan()).is_empty
    shelf.write({"knowledge/policy.md": "# Returns\n\nNinety days.\n"})
    assert (await shelf.deploy()).exit_code == 0
    assert (await shelf.shelf())["knowledge"] == ["Returns", "Returns"]
    assert (await shelf.plan()).is_empty


async def test_a_file_that_can_not_be_processed_stops_everything_before_it_is_live(shelf: ShelfWorld) -> None:
    shelf.write({"knowledge/returns.yaml": "name: Returns\nurls: [https://acme.invalid/x]\n"})
    result = await shelf.deploy()
    failed = next(each for each in result.resources if each.problem)
    assert failed.problem is not None
    assert "https://acme.invalid/x" in failed.problem.summary
    assert result.agents[0].outcome is Outcome.NOT_ATTEMPTED
    assert await shelf.world.writer.list_agents() == []
    assert (await shelf.shelf())["tools"] == []  # what this run made is taken away again
    shelf.write({"knowledge/returns.yaml": FILES["knowledge/returns.yaml"]})
    assert (await shelf.deploy()).exit_code == 0
    assert (await shelf.plan()).is_empty


async def test_a_webhook_is_changed_where_it_is(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    shelf.write({"webhooks/crm.yaml": WEBHOOK.replace("[post-conversation]", "[analytics-completed]")})
    assert (await shelf.told())[-1] == "webhook crm: update"
    assert (await shelf.deploy()).exit_code == 0
    [hook] = await shelf.world.writer.webhooks.list()
    assert list(hook.content["events"].values()) == [["analytics-completed"]]
    shelf.write({"webhooks/crm.yaml": WEBHOOK.replace("X-Token", "X-Other")})
    assert (await shelf.deploy()).exit_code == 0
    assert shelf.world.store.database.all("webhook")[0]["headers"] == {"X-Other": "s3cret-value"}
    assert (await shelf.plan()).is_empty


PLAIN = AGENT.replace(', toolRefs: ["${{ ref.tool.look_up }}"]', ", toolRefs: []")


async def test_what_no_file_describes_goes_when_pruning_is_asked_for(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    shelf.write({"agents/support.yaml": PLAIN, "tools/look_up.yaml": None, "webhooks/crm.yaml": None})
    assert (await shelf.deploy()).exit_code == 0
    assert "tool look_up: delete" not in await shelf.told(prune=True)  # what served before needs it
    shelf.write({"agents/support.yaml": PLAIN.replace("Help the caller.", "Help them.")})
    assert (await shelf.deploy()).exit_code == 0
    plan = await shelf.plan(prune=True)
    assert [each.code for each in plan.refusals] == ["LIMIT_ARCHIVED"]
    assert [(each.key, each.is_pruned) for each in plan.resources if each.is_change] == [
        ("tool look_up", True),
        ("webhook CRM", True),
    ]
    assert (await shelf.deploy(prune=True, acknowledged=frozenset({"LIMIT_ARCHIVED"}))).exit_code == 0
    assert await shelf.shelf() == {"tools": [], "knowledge": ["Returns"], "webhooks": []}
    assert (await shelf.plan(prune=True)).is_empty
