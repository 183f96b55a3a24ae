"""Tools, knowledge bases and webhooks, deployed together with the agents that refer to them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from deploy_world import open_world
from fault_cases import Calls
from shelf_world import AGENT, FILES, PROJECT, TOOL, WEBHOOK, ShelfWorld, open_shelf_world

from agentops.apply.model import Outcome, Verdict, Warned
from agentops.document import Generation
from agentops.emulator.options import Choices, EmulatorOptions
from agentops.errors import RefusedError, StaleError
from agentops.importers.atoms.importing import AtomsImport
from agentops.plan.approval import require_same
from agentops.plan.build import PlanOptions
from agentops.plan.plan_json import to_json
from agentops.plan.serial import from_json
from agentops.remote.port import Publication
from agentops.render.drift.text import drift_text
from agentops.resources import Kind
from agentops.settings import Settings
from agentops.workflow.history import plan_going_back
from agentops.workflow.import_atoms import AtomsRequest, import_into_project
from agentops.workflow.previewing import PreviewHooks, preview_down, preview_up
from agentops.workflow.pulling import pull, write_pulled

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


async def test_an_address_of_another_webhook_is_refused_without_its_secret(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    theirs = await shelf.world.writer.webhooks.create({"endpoint": "https://a.example/s3cret-value", "description": ""})
    shelf.write({"webhooks/crm.yaml": WEBHOOK.replace("crm.example.com/hooks", "a.example/${{ secrets.TOKEN }}")})
    [refusal] = (await shelf.plan()).refusals
    assert (refusal.code, refusal.acknowledgement) == ("FOREIGN_WEBHOOK", None)
    assert theirs in refusal.summary
    shelf.write({"webhooks/crm.yaml": None})
    await shelf.plan()
    shelf.write({"webhooks/other.yaml": WEBHOOK.replace("crm.example.com/hooks", "a.example/${{ secrets.TOKEN }}")})
    plan = await shelf.plan()
    assert {"ADOPT"} <= {each.code for each in plan.refusals}
    assert "s3cret-value" not in to_json(plan)


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


async def edited_tool(shelf: ShelfWorld, **changes: object) -> None:
    """What a person does in the console to the tool that serves."""
    [tool] = await shelf.world.writer.tools.list()
    shelf.world.clock.elapsed_s += 60
    await shelf.world.writer.tools.update(tool.resource_id, {**tool.content, **changes})


async def test_a_tool_that_was_edited_in_the_console_is_drift_and_can_be_pulled(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    await edited_tool(shelf, description="Find it.")
    drift = await shelf.drift()
    assert [each.key for each in drift.resources if each.is_drifted] == ["tool look_up"]
    assert "tool look_up" in drift_text(drift)
    plan = await shelf.plan()
    assert [(each.code, each.agent) for each in plan.refusals] == [("DRIFT", "tool.look_up")]
    assert not (await shelf.plan(overwrites_drift=True)).refusals
    pulled = await pull(shelf.deployment(), PlanOptions(), Settings(shelf.environ), takes_conflicts=False)
    assert [(each.agent, each.file) for each in pulled.written] == [("tool look_up", "tools/look_up.yaml")]
    assert not pulled.unwritten
    write_pulled(pulled, shelf.root)
    assert (shelf.root / "tools/look_up.yaml").read_text() == TOOL.replace("Look up the order.", '"Find it."')
    assert (await shelf.plan()).is_empty


async def test_a_tool_that_was_renamed_in_the_console_is_drift_and_can_be_pulled(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    await edited_tool(shelf, name="seek")
    drift = await shelf.drift()
    assert [each.key for each in drift.resources if each.is_drifted] == ["tool look_up"]
    plan = await shelf.plan()
    assert [(each.code, each.agent) for each in plan.refusals] == [("DRIFT", "tool.look_up")]
    pulled = await pull(shelf.deployment(), PlanOptions(), Settings(shelf.environ), takes_conflicts=False)
    write_pulled(pulled, shelf.root)
    assert "name: seek" in (shelf.root / "tools/look_up.yaml").read_text()
    assert (await shelf.plan()).is_empty
    shelf.write({"tools/look_up.yaml": TOOL})
    assert (await shelf.deploy(overwrites_drift=True)).exit_code == 0
    assert await shelf.live_tools() == ["Look up the order."]
    assert (await shelf.plan()).is_empty


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ({"name": "Rules"}, "it was renamed outside git: it is called 'Rules' now"),
        ({"name": "Returns", "description": "Ours"}, "its description, where our mark was, was changed outside git"),
    ],
)
async def test_knowledge_that_was_relabelled_in_the_console_is_drift(
    edit: dict[str, str], told: str, shelf: ShelfWorld
) -> None:
    await shelf.deploy()
    [base] = await shelf.world.writer.knowledge.list()
    await shelf.world.writer.knowledge.update(base.resource_id, edit)
    [refusal] = (await shelf.plan()).refusals
    assert (refusal.code, refusal.summary) == ("DRIFT", f"knowledge returns: {told}")
    assert (await shelf.deploy(overwrites_drift=True)).exit_code == 0
    assert (await shelf.plan()).is_empty


async def test_what_was_added_to_an_agent_in_the_console_is_pulled_into_a_file_of_its_own(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    writer = shelf.world.writer
    definition = {
        "type": "api_call",
        "name": "Cancel",
        "description": "C.",
        "method": "GET",
        "url": "https://a.example",
    }
    added = await writer.tools.create(definition)
    pages = await writer.knowledge.create({"name": "Pages", "description": ""})
    await writer.knowledge.add_pages(pages, ["https://acme.example/returns"])
    [listing] = await writer.list_agents()
    observed = await writer.read_agent(listing)
    assert observed.live is not None
    assert observed.live.document is not None
    single = observed.live.document["singlePromptConfig"]
    single = {**single, "toolRefs": [*single["toolRefs"], added]}
    body = {"singlePromptConfig": single, "globalKnowledgeBaseId": pages}
    await writer.write_draft(observed, await writer.open_draft(observed, "x"), body)
    await writer.publish_draft(Publication(observed.agent_id, "by hand", branch_id=observed.branch_id))
    shelf.world.clock.elapsed_s += 60
    pulled = await pull(shelf.deployment(), PlanOptions(), Settings(shelf.environ), takes_conflicts=False)
    assert not pulled.unwritten, pulled.unwritten
    write_pulled(pulled, shelf.root)
    spec = (shelf.root / "agents/support.yaml").read_text()
    assert "globalKnowledgeBaseId: ${{ ref.knowledge.pages }}" in spec
    assert "${{ ref.tool.look_up }}" in spec
    assert "${{ ref.tool.cancel }}" in spec
    assert sorted(each for each in pulled.files if each != "agents/support.yaml") == [
        "knowledge/pages.yaml",
        "tools/cancel.yaml",
    ]
    plan = await shelf.plan()
    assert not [each for each in plan.changes if each.is_change]
    assert not [each for each in plan.resources if each.is_change], plan.resources


async def test_a_file_that_was_added_in_the_console_is_drift_by_its_name(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    [base] = await shelf.world.writer.knowledge.list()
    await shelf.world.writer.knowledge.add_file(base.resource_id, "prices.pdf", b"%PDF")
    plan = await shelf.plan()
    [refusal] = plan.refusals
    assert (refusal.code, refusal.summary) == ("DRIFT", "knowledge returns: changed outside git: prices.pdf was added")
    assert (await shelf.deploy(overwrites_drift=True)).exit_code == 0
    assert (await shelf.plan()).is_empty


async def test_an_event_that_was_changed_in_the_console_is_drift(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    [hook] = await shelf.world.writer.webhooks.list()
    [agent_id] = hook.content["events"]
    await shelf.world.writer.webhooks.subscribe(agent_id, hook.resource_id, ["pre-conversation"])
    assert [(each.code, each.agent) for each in (await shelf.plan()).refusals] == [("DRIFT", "webhook.crm")]
    pulled = await pull(shelf.deployment(), PlanOptions(), Settings(shelf.environ), takes_conflicts=False)
    assert not pulled.unwritten
    assert "pre-conversation" in pulled.files["webhooks/crm.yaml"][1]
    assert (await shelf.deploy(overwrites_drift=True)).exit_code == 0
    assert (await shelf.plan()).is_empty
    await shelf.world.writer.webhooks.subscribe(agent_id, hook.resource_id, ["pre-conversation"])
    write_pulled(pulled, shelf.root)
    assert not (await shelf.plan()).refusals
    assert (await shelf.deploy()).exit_code == 0
    assert (await shelf.plan()).is_empty


async def test_somebody_elses_resources_are_refused_by_name(shelf: ShelfWorld) -> None:
    writer = shelf.world.writer
    tool = await writer.tools.create({"type": "client_tool", "name": "look_up", "description": "Theirs."})
    base = await writer.knowledge.create({"name": "Returns", "description": "by hand"})
    await writer.webhooks.create({"endpoint": "https://crm.example.com/hooks", "description": "by hand"})
    found = {(each.code, each.agent) for each in (await shelf.plan()).refusals}
    assert found == {("ADOPT", "tool.look_up"), ("ADOPT", "knowledge.returns"), ("ADOPT", "webhook.crm")}
    assert tool in str((await shelf.plan()).refusals)
    assert base in str((await shelf.plan()).refusals)
    assert (await shelf.deploy(acknowledged=frozenset({"ADOPT"}))).exit_code == 0
    assert (await shelf.plan()).is_empty
    assert len((await shelf.shelf())["webhooks"]) == 1  # taken over; the others are made beside theirs
    assert len((await shelf.shelf())["tools"]) == len((await shelf.shelf())["knowledge"]) == 2


async def test_two_environments_of_one_account_keep_their_own(shelf: ShelfWorld) -> None:
    shelf.write({"webhooks/crm.yaml": WEBHOOK.replace("/hooks", "/${{ environment }}")})
    await shelf.deploy()
    refused = await shelf.plan("other")
    codes = {(each.code, each.agent) for each in refused.refusals}
    assert codes == {("FOREIGN_RESOURCE", "tool.look_up"), ("FOREIGN_RESOURCE", "knowledge.returns")}
    result = await shelf.deploy("other", acknowledged=frozenset({"FOREIGN_RESOURCE"}))
    assert [each.outcome.value for each in result.resources] == ["applied"] * 3
    assert len((await shelf.shelf())["tools"]) == len((await shelf.shelf())["knowledge"]) == 2
    assert (await shelf.plan()).is_empty
    assert (await shelf.plan("other")).is_empty
    shelf.write({"tools/look_up.yaml": CHANGED})
    await shelf.deploy("other")
    assert await shelf.live_tools() == ["Look up the order."]
    assert await shelf.live_tools("Acme support (other)") == ["Find the order."]
    assert (await shelf.deploy()).exit_code == 0
    assert (await shelf.shelf())["tools"].count("Find the order.") == 2
    assert (await shelf.plan()).is_empty
    assert (await shelf.plan("other")).is_empty


async def test_a_renamed_project_takes_over_what_it_is_told_to_and_leaves_the_rest(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    shelf.write({"agentops.yaml": PROJECT.replace("project: acme", "project: acme-two")})
    plan = await shelf.plan()
    codes = {(each.code, each.agent) for each in plan.refusals}
    assert codes == {
        ("FOREIGN_AGENT", "support"),
        ("FOREIGN_RESOURCE", "knowledge.returns"),
        ("FOREIGN_WEBHOOK", "webhook.crm"),
    }
    assert (await shelf.deploy(acknowledged=frozenset(code for code, _ in codes))).exit_code == 0
    assert (await shelf.plan()).is_empty
    assert len((await shelf.shelf())["webhooks"]) == 1


async def test_a_subscription_that_would_go_is_refused_by_the_webhooks_name(shelf: ShelfWorld) -> None:
    shelf.write({"webhooks/crm.yaml": None})
    await shelf.deploy()
    writer = shelf.world.writer
    [listing] = await writer.list_agents()
    theirs = await writer.webhooks.create({"endpoint": "https://audit.example.com", "description": "Audit"})
    await writer.webhooks.subscribe(listing.agent_id, theirs, ["post-conversation"])
    shelf.write({"webhooks/crm.yaml": WEBHOOK})
    [refusal] = (await shelf.plan()).refusals
    assert refusal.code == "FOREIGN_SUBSCRIPTION"
    assert "support would be taken off the webhook 'Audit'" in refusal.summary


async def test_a_subscription_made_since_the_plan_is_not_taken_away(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    shelf.write({"webhooks/crm.yaml": WEBHOOK.replace("[post-conversation]", "[analytics-completed]")})
    plan, hooks = await shelf.plan(), shelf.world.writer.webhooks
    [listing] = await shelf.world.writer.list_agents()
    theirs = await hooks.create({"endpoint": "https://audit.example.com", "description": "Audit"})
    await hooks.subscribe(listing.agent_id, theirs, ["post-conversation"])
    result = await shelf.apply(plan)
    assert int(result.exit_code) == 5
    [problem] = [each.problem for each in result.resources if each.problem]
    assert (problem.code, "'Audit' (https://audit.example.com)" in problem.summary) == ("subscribed_elsewhere", True)
    events = {each.name: each.content["events"] for each in await hooks.list()}
    assert events == {"CRM": {}, "Audit": {listing.agent_id: ["post-conversation"]}}
    refused = await shelf.plan(overwrites_drift=True)
    assert [each.code for each in refused.refusals] == ["FOREIGN_SUBSCRIPTION"]
    agreed = frozenset({"FOREIGN_SUBSCRIPTION:webhook.crm"})
    assert (await shelf.deploy(acknowledged=agreed, overwrites_drift=True)).exit_code == 0
    assert (await shelf.plan()).is_empty


async def test_a_webhook_takes_the_place_of_another_of_the_project_without_a_word(shelf: ShelfWorld) -> None:
    shelf.write(
        {"agents/other.yaml": OTHER, "webhooks/crm.yaml": WEBHOOK.replace("{s", "{other: [post-conversation], s")}
    )
    await shelf.deploy()
    shelf.write({"webhooks/crm.yaml": WEBHOOK.replace("support:", "other:")})
    shelf.write({"webhooks/new.yaml": "endpoint: https://new.example.com\nevents: {support: [post-conversation]}\n"})
    assert (await shelf.deploy(only=("support",))).exit_code == 0
    assert (await shelf.deploy()).exit_code == 0
    assert (await shelf.plan()).is_empty
    assert [len(each.content["events"]) for each in await shelf.world.writer.webhooks.list()] == [1, 1]


@pytest.mark.parametrize("kind", ["tool", "knowledge"])
async def test_what_is_edited_in_place_is_left_alone_where_it_was_changed_since_the_plan(
    kind: str, shelf: ShelfWorld
) -> None:
    await shelf.deploy()
    shelf.write({"tools/look_up.yaml": CHANGED + "in_place: true\n"} if kind == "tool" else IN_PLACE)
    plan = await shelf.plan(acknowledged=frozenset({"IN_PLACE"}))
    writer = shelf.world.writer
    if kind == "tool":
        await edited_tool(shelf, description="By hand.")
    else:
        [base] = await writer.knowledge.list()
        await writer.knowledge.add_file(base.resource_id, "prices.pdf", b"%PDF")
    result = await shelf.apply(plan)
    assert (int(result.exit_code), result.resources[-2].problem and result.resources[-2].problem.code) == (
        5,
        "resource_moved",
    )
    [tool], [base] = await writer.tools.list(), await writer.knowledge.list()
    assert tool.content["description"] == ("By hand." if kind == "tool" else "Look up the order.")
    assert len(await writer.knowledge.read_parts(base.resource_id)) == (2 if kind == "tool" else 3)


IN_PLACE = {
    "knowledge/returns.yaml": FILES["knowledge/returns.yaml"] + "in_place: true\n",
    "knowledge/policy.md": "# Returns\n\nSixty days.\n",
}


async def test_knowledge_that_is_edited_in_place_stays_where_it_is(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    [before] = await shelf.world.writer.knowledge.list()
    shelf.write(IN_PLACE)
    plan = await shelf.plan()
    assert [(each.code, each.acknowledgement) for each in plan.refusals] == [("IN_PLACE", "IN_PLACE")]
    assert [each.key for each in (*plan.resources, *plan.changes) if each.is_change] == ["knowledge returns"]
    assert (await shelf.deploy(acknowledged=frozenset({"IN_PLACE:knowledge.returns"}))).exit_code == 0
    [after] = await shelf.world.writer.knowledge.list()
    assert after.resource_id == before.resource_id
    assert after.mark != before.mark
    assert len(await shelf.world.writer.knowledge.read_parts(after.resource_id)) == 2
    assert (await shelf.plan()).is_empty


async def test_knowledge_that_others_use_is_not_edited_in_place_without_a_word(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    writer = shelf.world.writer
    [base] = await writer.knowledge.list()
    theirs = await writer.read_agent(await writer.read_listing(await writer.create_agent("Theirs")))
    body = {"globalKnowledgeBaseId": base.resource_id}
    await writer.write_draft(theirs, await writer.open_draft(theirs, "x"), body)
    await writer.publish_draft(Publication(theirs.agent_id, "by hand", branch_id=theirs.branch_id))
    shelf.world.clock.elapsed_s += 60
    shelf.write(IN_PLACE)
    assert {each.code for each in (await shelf.plan()).refusals} == {"IN_PLACE", "FOREIGN_RESOURCE"}


async def test_what_can_not_be_taken_back_comes_after_what_may_still_fail(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    shelf.write({"tools/look_up.yaml": CHANGED + "in_place: true\n"})
    shelf.write({"knowledge/returns.yaml": "name: Returns\nurls: [https://acme.invalid/x]\n"})
    result = await shelf.deploy(acknowledged=frozenset({"IN_PLACE"}))
    assert [each.outcome for each in result.resources[:2]] == [Outcome.FAILED, Outcome.NOT_ATTEMPTED]
    assert await shelf.live_tools() == ["Look up the order."]


async def test_in_place_with_an_older_version_beside_it_converges(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    shelf.write({"tools/look_up.yaml": CHANGED})
    await shelf.deploy()
    shelf.write({"tools/look_up.yaml": TOOL.replace("Look up", "Seek") + "in_place: true\n"})
    assert (await shelf.deploy(acknowledged=frozenset({"IN_PLACE"}))).exit_code == 0
    assert await shelf.live_tools() == ["Seek the order."]
    assert (await shelf.deploy()).exit_code == 0
    assert (await shelf.shelf())["tools"] == ["Seek the order."]
    assert (await shelf.plan()).is_empty


async def test_copies_leave_alone_what_is_edited_in_place(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    shelf.write({"tools/look_up.yaml": CHANGED + "in_place: true\n"})
    hooks = PreviewHooks(shelf.world.events.append, clock=shelf.world.clock)
    assert (await preview_up(shelf.deployment(), "pr-1", hooks)).exit_code == 0
    assert await shelf.live_tools() == ["Look up the order."]
    assert [each.key for each in shelf.world.events if isinstance(each, Warned)] == ["tool look_up"]


async def test_an_edit_in_place_is_acknowledged_and_moves_no_agent(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    shelf.write({"tools/look_up.yaml": CHANGED + "in_place: true\n"})
    plan = await shelf.plan()
    assert [each.code for each in plan.refusals] == ["IN_PLACE"]
    assert [each.key for each in (*plan.resources, *plan.changes) if each.is_change] == ["tool look_up"]
    assert (await shelf.deploy(acknowledged=frozenset({"IN_PLACE"}))).exit_code == 0
    assert (await shelf.shelf())["tools"] == ["Find the order."]
    assert (await shelf.plan()).is_empty


@asynccontextmanager
async def account_that_takes_a_name_once(root: Path) -> AsyncIterator[ShelfWorld]:
    options = EmulatorOptions(seed=1, scan_delay_s=3.0, choices=Choices(tool_name="refused"))
    async with open_shelf_world(root, options) as shelf:
        await shelf.deploy()
        shelf.write({"tools/look_up.yaml": CHANGED})
        yield shelf


async def test_where_a_name_is_taken_once_a_change_leaves_what_serves_and_says_the_way_out(
    tmp_path: Path, anyio_backend: str
) -> None:
    async with account_that_takes_a_name_once(tmp_path) as shelf:
        result = await shelf.deploy()
        assert int(result.exit_code) == 1, result
        assert result.resources[0].problem is not None
        assert "set `in_place: true` in tools/look_up.yaml" in str(result.resources[0].problem.hint)
        assert result.agents[0].outcome is Outcome.NOT_ATTEMPTED
        assert await shelf.live_tools() == (await shelf.shelf())["tools"] == ["Look up the order."]
        shelf.write({"tools/look_up.yaml": CHANGED + "in_place: true\n"})
        assert (await shelf.deploy(acknowledged=frozenset({"IN_PLACE"}))).exit_code == 0
        assert await shelf.live_tools() == (await shelf.shelf())["tools"] == ["Find the order."]
        assert (await shelf.plan()).is_empty


async def test_where_a_probe_says_that_a_name_is_taken_once_nothing_is_written(
    tmp_path: Path, anyio_backend: str
) -> None:
    async with account_that_takes_a_name_once(tmp_path) as shelf:
        shelf.write({"agentops-probe.json": '{"answers": {"tool_name": {"answer": "refused", "reason": null}}}'})
        [refusal] = (await shelf.plan()).refusals
        assert (refusal.code, refusal.agent) == ("TOOL_NAME_TAKEN", "tool.look_up")
        assert "set `in_place: true` in tools/look_up.yaml" in refusal.hint
        named = frozenset({"TOOL_NAME_TAKEN:tool.look_up"})  # the file may be of another account
        assert not (await shelf.plan(acknowledged=named)).refusals
        shelf.write({"tools/look_up.yaml": CHANGED.replace("name: look_up", "name: find")})
        assert (await shelf.deploy()).exit_code == 0
        assert await shelf.live_tools() == ["Find the order."]


async def test_a_tool_that_the_account_did_not_keep_as_it_was_written_is_taken_away_again(shelf: ShelfWorld) -> None:
    """As where a second one of a name is given another."""
    await shelf.deploy()
    shelf.write({"tools/look_up.yaml": CHANGED})
    writer, create = shelf.world.writer, shelf.world.writer.tools.create

    async def renamed(body: dict[str, object]) -> str:
        return await create({**body, "name": "look_up_2"})

    writer.tools.create = renamed  # type: ignore[method-assign]
    result = await shelf.deploy()
    assert [each.problem.code for each in result.resources if each.problem] == ["not_kept"]
    assert await shelf.live_tools() == (await shelf.shelf())["tools"] == ["Look up the order."]


@pytest.mark.parametrize("names", [{}, {"knowledge_name": "globalKnowledgeBase", "tool_refs_name": "toolReferences"}])
async def test_what_serves_keeps_what_it_needs_under_whatever_name_it_is_read_back(
    names: dict[str, Any], tmp_path: Path, anyio_backend: str
) -> None:
    options = EmulatorOptions(seed=1, scan_delay_s=3.0, choices=Choices(**names))
    async with open_shelf_world(tmp_path, options) as shelf:
        await shelf.deploy()
        for number in ("Sixty", "Ninety"):
            shelf.write({"knowledge/policy.md": f"# Returns\n\n{number} days.\n"})
            assert (await shelf.deploy()).exit_code == 0
            assert (await shelf.shelf())["knowledge"] == ["Returns", "Returns"]  # what serves, and what did before
            assert (await shelf.plan()).is_empty


OTHER = "name: Other (${{ environment }})\nconfig: {firstMessage: Hi., singlePromptConfig: {prompt: Help.}}\n"


async def test_a_secret_that_was_rotated_makes_the_tool_anew(shelf: ShelfWorld) -> None:
    tool = TOOL.replace("client_tool", "api_call").replace(
        "order.}", "order., url: https://a.example, method: GET, %s}"
    )
    tool %= "headers: {T: '${{ secrets.TOKEN }}'}"
    shelf.write({"tools/look_up.yaml": tool})
    await shelf.deploy()
    shelf.environ["TOKEN"] = "another-value"
    plan = await shelf.plan()
    assert [each.key for each in plan.resources if each.is_change] == ["tool look_up"]
    assert "value" not in to_json(plan).replace('"value"', "")
    assert (await shelf.deploy()).exit_code == 0
    assert (await shelf.plan()).is_empty


async def test_a_plan_is_read_back_and_has_the_same_digest(shelf: ShelfWorld) -> None:
    plan = await shelf.plan()
    read = from_json(to_json(plan))
    assert read == plan
    require_same(read, await shelf.plan())
    shelf.write({"tools/look_up.yaml": CHANGED})
    with pytest.raises(StaleError, match="tool look_up"):
        require_same(read, await shelf.plan())


async def test_an_approved_edit_of_a_webhook_is_of_what_it_was_then(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    shelf.write({"webhooks/crm.yaml": WEBHOOK.replace("[post-conversation]", "[analytics-completed]")})
    read = from_json(to_json(await shelf.plan()))
    require_same(read, await shelf.plan())
    [hook] = await shelf.world.writer.webhooks.list()
    [agent_id] = hook.content["events"]
    await shelf.world.writer.webhooks.subscribe(agent_id, hook.resource_id, ["pre-conversation"])
    with pytest.raises(StaleError, match="webhook crm: it was changed after the plan was approved"):
        require_same(read, await shelf.plan())


async def test_only_what_the_selected_agents_need_is_planned(shelf: ShelfWorld) -> None:
    shelf.write({"agents/other.yaml": OTHER})
    assert await shelf.told(only=("other",)) == ["other: create"]
    assert [each.split(":")[0] for each in await shelf.told(only=("support",))] == [
        "tool look_up",
        "knowledge returns",
        "support",
        "webhook crm",
    ]


async def test_many_deploys_of_some_agents_leave_no_tool_behind(shelf: ShelfWorld) -> None:
    other = AGENT.replace("Acme support", "Other")
    shelf.write({"webhooks/crm.yaml": None, "agents/other.yaml": other})
    await shelf.deploy()
    for number in range(8):
        shelf.write({"tools/look_up.yaml": TOOL.replace("Look up", f"Look {number}")})
        assert (await shelf.deploy(only=("support",))).exit_code == 0
    assert (await shelf.deploy()).exit_code == 0
    shelf.write(
        {"agents/support.yaml": AGENT.replace("Hello.", "Hi."), "agents/other.yaml": other.replace("Hello", "Hi")}
    )
    assert (await shelf.deploy()).exit_code == 0
    assert (await shelf.shelf())["tools"] == ["Look 7 the order."]
    assert (await shelf.plan()).is_empty


async def test_the_older_generation_says_that_it_has_no_shelf(tmp_path: Path, anyio_backend: str) -> None:
    async with open_world(Generation.V1) as world:
        shelf = ShelfWorld(world, tmp_path)
        shelf.write(FILES)
        with pytest.raises(RefusedError, match="older versioning"):
            await shelf.plan()


async def test_an_account_without_the_folders_is_asked_nothing_more(shelf: ShelfWorld) -> None:
    shelf.write(dict.fromkeys(name for name in FILES if name.split("/")[0] not in ("agentops.yaml", "agents")))
    shelf.write({"agents/support.yaml": "name: A\nconfig: {firstMessage: Hi., singlePromptConfig: {prompt: Help.}}\n"})
    await shelf.deploy()
    shelf.world.transport.log.clear()
    await shelf.plan()
    assert len(shelf.world.transport.log) == 3, shelf.world.transport.log
    for kind in Kind:
        (shelf.root / kind.folder).rmdir()
    await shelf.plan(prune=True)
    await shelf.drift()
    shelf.write(
        {"agents/support.yaml": "name: A\nconfig: {firstMessage: Hello., singlePromptConfig: {prompt: Help.}}\n"}
    )
    await shelf.deploy()
    assert not (await plan_going_back(shelf.deployment(), PlanOptions())).refusals
    asked = [line for line in shelf.world.transport.log if re.search("/(tool|knowledgebase|webhook)", line)]
    assert asked == []


async def imported(shelf: ShelfWorld, *wanted: str) -> AtomsImport:
    """The import of agents of the account into the project, whose files are written."""
    made = await import_into_project(AtomsRequest(wanted, shelf.root), shelf.deployment())
    shelf.write(made.files)
    return made


async def test_an_import_writes_what_agents_share_and_its_plan_changes_nothing(shelf: ShelfWorld) -> None:
    writer = shelf.world.writer
    headers = {"Authorization": "Bearer sk_live_51Habcdefghijklmnopqrs"}
    definition = {"type": "api_call", "name": "Look-Up", "description": "D ${{ x }}", "method": "GET"}
    tool_id = await writer.tools.create({**definition, "url": "https://a.example", "headers": headers})
    pages, files = [await writer.knowledge.create({"name": name, "description": ""}) for name in ("Pages", "Files")]
    await writer.knowledge.add_pages(pages, ["https://acme.example/returns"])
    await writer.knowledge.add_file(files, "policy.pdf", b"%PDF-1.4 x")
    search = {"type": "knowledge_base_search", "name": "s", "description": "S.", "knowledgeBaseId": files}
    single = {"prompt": "Help.", "toolRefs": [tool_id], "tools": [search]}
    body = {"firstMessage": "Hi.", "globalKnowledgeBaseId": pages, "singlePromptConfig": single}
    agent_id = await shelf.publish_by_hand("Acme", body)
    hook = await writer.webhooks.create({"endpoint": "https://crm.example/calls", "description": "CRM"})
    await writer.webhooks.update(hook, {"headers": {"X-Token": "by hand"}})
    await writer.webhooks.subscribe(agent_id, hook, ["post-conversation"])
    shelf.write(dict.fromkeys(name for name in FILES if name != "agentops.yaml"))
    made = await imported(shelf)
    assert list(made.secrets) == ["LOOK_UP_AUTHORIZATION"]
    assert "sk_live" not in str(made.files)
    assert sorted(made.shared.files) == ["knowledge/pages.yaml", "tools/look_up.yaml", "webhooks/crm.yaml"]
    spec = made.files["agents/acme.yaml"]
    assert "${{ ref.tool.look_up }}" in spec
    assert "globalKnowledgeBaseId: ${{ ref.knowledge.pages }}" in spec
    assert "# The knowledge base 'Files': the account does not give back what is in policy.pdf" in spec
    assert f'knowledgeBaseId: "{files}"' in spec
    assert any("knowledge/files.yaml" in each and files in each for each in made.shared.remarks)
    shelf.environ["LOOK_UP_AUTHORIZATION"] = headers["Authorization"]
    plan = await shelf.plan()
    assert [each.key for each in plan.resources if each.is_change] == ["webhook crm"]
    assert not [each for each in plan.changes if each.is_change]
    assert [each.code for each in plan.refusals] == ["ADOPT"]
    assert (await shelf.deploy(acknowledged=frozenset({"ADOPT"}))).exit_code == 0
    assert shelf.world.store.database.all("webhook")[0]["headers"] == {"X-Token": "by hand"}  # not lost by adopting
    assert (await shelf.plan()).is_empty
    shelf.write({"agents/acme.yaml": (shelf.root / "agents/acme.yaml").read_text().replace("Hi.", "Hello.")})
    assert (await shelf.deploy(acknowledged=frozenset({"ADOPT"}))).exit_code == 0
    await writer.knowledge.add_pages(pages, ["https://acme.example/added"])
    assert [(each.code, each.agent) for each in (await shelf.plan()).refusals] == [("DRIFT", "knowledge.pages")]
    pulled = await pull(shelf.deployment(), PlanOptions(), Settings(shelf.environ), takes_conflicts=False)
    assert not pulled.unwritten, pulled.unwritten
    write_pulled(pulled, shelf.root)
    plan = await shelf.plan()
    assert not [each for each in plan.resources if each.is_change], plan.resources
    shelf.write(
        {"knowledge/pages.yaml": "name: Pages\nurls: [https://acme.example/returns, https://acme.example/faq]\n"}
    )
    assert (await shelf.deploy(acknowledged=frozenset({"ADOPT"}))).exit_code == 0
    assert (await shelf.shelf())["knowledge"] == ["Pages", "Files", "Pages"]  # a new one: the old one serves till then
    await writer.knowledge.add_pages(files, ["https://acme.example/other"])
    assert (await shelf.plan()).is_applyable


async def test_an_import_says_which_webhooks_it_can_not_describe(shelf: ShelfWorld) -> None:
    writer = shelf.world.writer
    body = {"firstMessage": "Hi.", "singlePromptConfig": {"prompt": "Help."}}
    mine, other = [await shelf.publish_by_hand(name, body) for name in ("Acme", "Other")]
    plain = await writer.webhooks.create({"endpoint": "https://both.example/x", "description": ""})
    for agent_id in (mine, other):
        await writer.webhooks.subscribe(agent_id, plain, ["post-conversation"])
    shelf.write(dict.fromkeys(name for name in FILES if name != "agentops.yaml"))
    made = await imported(shelf, "Acme")
    assert not made.shared.files
    [remark] = made.shared.remarks
    assert f"it is told of agents that have no spec here: {other}" in remark
    made = await imported(shelf, "Other")
    assert list(made.shared.files) == ["webhooks/both_example.yaml"]
    assert "acme:" in made.shared.files["webhooks/both_example.yaml"]


async def test_going_back_to_a_revision_whose_tool_is_gone_is_refused(shelf: ShelfWorld) -> None:
    await shelf.deploy()
    shelf.write({"tools/look_up.yaml": CHANGED})
    await shelf.deploy()
    assert not (await plan_going_back(shelf.deployment(), PlanOptions())).refusals  # the revision before is kept whole
    shelf.write({"agents/support.yaml": AGENT.replace("Help the caller.", "Help them.")})
    await shelf.deploy()
    plan = await plan_going_back(shelf.deployment(), PlanOptions(), to="2")
    [refusal] = plan.refusals
    assert (refusal.code, refusal.agent) == ("RESOURCE_GONE", "support")
    assert "revision 2 refers to tool_" in refusal.summary


async def test_a_copy_that_is_called_first_refers_to_the_real_tool(shelf: ShelfWorld) -> None:
    plain = AGENT.replace("  globalKnowledgeBaseId: ${{ ref.knowledge.returns }}\n", "")
    shelf.write({"agents/support.yaml": plain, "knowledge/returns.yaml": None, "webhooks/crm.yaml": None})
    hooks = PreviewHooks(shelf.world.events.append, clock=shelf.world.clock)
    assert (await preview_up(shelf.deployment(), "pr-1", hooks)).exit_code == 0
    assert await shelf.live_tools("Acme support (test) (preview pr-1)") == ["Look up the order."]
    assert (await shelf.deploy()).exit_code == 0
    assert (await shelf.shelf())["tools"] == ["Look up the order."]
    shelf.write({"tools/look_up.yaml": CHANGED})
    assert (await preview_up(shelf.deployment(), "pr-1", hooks)).exit_code == 0
    assert await shelf.live_tools() == ["Look up the order."]  # callers still have the old one
    assert await shelf.live_tools("Acme support (test) (preview pr-1)") == ["Find the order."]
    assert (await preview_down(shelf.deployment(), "pr-1", hooks)).exit_code == 0
    assert (await shelf.deploy()).exit_code == 0
    assert (await shelf.plan()).is_empty
