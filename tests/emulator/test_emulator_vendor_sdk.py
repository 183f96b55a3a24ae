"""The vendor's own Python SDK and command line against the emulator, unchanged but for the base URL."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentops.cli.app import run
from agentops.emulator.options import Choices, EmulatorOptions
from agentops.emulator.server import RunningEmulator, start

ROOT = Path(__file__).parents[2]
smallestai = pytest.importorskip("smallestai", reason="the vendor's SDK is in the dev group")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RunningEmulator]:
    monkeypatch.setenv("SMALLESTAI_TELEMETRY", "0")
    monkeypatch.setenv("HOME", str(tmp_path))
    with start(EmulatorOptions(scan_delay_s=0.2, choices=Choices(conflict_body="rich"))) as running:
        monkeypatch.setenv("SMALLEST_BASE_URL", f"{running.base_url}/atoms/v1")
        monkeypatch.setenv("SMALLEST_API_KEY", "sk_vendor")
        yield running
    gc.collect()  # the SDK leaves connections to the collector; here their warnings still belong to its tests


@pytest.fixture
def client(emulator: RunningEmulator) -> Any:
    from smallestai.environment import SmallestAIEnvironment

    url = emulator.base_url
    environment = SmallestAIEnvironment(
        atoms=f"{url}/atoms/v1", waves=url, waves_ws=url.replace("http", "ws"), payment=url
    )
    return smallestai.SmallestAI(environment=environment, api_key="sk_vendor", max_retries=0)


def test_agents_branches_drafts_and_publishing(client: Any) -> None:
    from smallestai.atoms.helpers import Versioning
    from smallestai.atoms.helpers.versioning import BaseRevisionUnavailableError, DraftConflictError

    agent_id = client.atoms.agents.create_agent(name="Support", workflow_type="single_prompt").data
    assert [agent.id for agent in client.atoms.agents.list_agents(page=1, offset=10).data.agents] == [agent_id]
    client.atoms.agents.update_agent(agent_id, description="Front line")
    versioning = Versioning(client)
    main = versioning.branches.list(id=agent_id).data.branches[0].branch
    side = versioning.branches.create_branch(id=agent_id, source_branch_id=main.id, name="side").data
    first = versioning.update_draft(agent_id, side.id, first_message="Hello", slm_model="gpt-4o")
    assert first.data.draft_revision == 1
    versioning.update_draft(agent_id, side.id, first_message="Hi")
    with pytest.raises(DraftConflictError) as conflict:
        versioning.update_draft(agent_id, side.id, first_message="Hey", expected_revision=1)
    assert conflict.value.latest_revision == 2
    with pytest.raises(BaseRevisionUnavailableError):
        versioning.update_draft(agent_id, side.id, first_message="Hey", expected_revision=99)
    revision = versioning.publish_and_wait(agent_id, side.id, label="side one", poll_interval=0.05)
    assert revision.label == "side one"
    assert versioning.branches.make_live(id=agent_id, branch_id=side.id).data.is_live
    agent = client.atoms.agents.get_agent(agent_id).data
    assert agent.active_version_id == revision.id
    assert [row.id for row in versioning.revisions.list(id=agent_id, branch_id=side.id).data.revisions] == [revision.id]
    versioning.update_draft(agent_id, side.id, first_message="Good morning", slm_model="electron")
    second = versioning.publish_and_wait(agent_id, side.id, poll_interval=0.05)
    restored = versioning.revisions.restore(id=agent_id, branch_id=side.id, revision_id=revision.id).data
    assert restored.revision.restored_from_revision_id == revision.id
    diff = versioning.revisions.diff(id=agent_id, a=second.id, b=restored.revision.id).data
    assert {change.path for section in diff.diffs for change in section.changes} == {"firstMessage", "modelName"}
    versioning.branches.make_live(id=agent_id, branch_id=main.id)
    versioning.branches.archive(id=agent_id, branch_id=side.id)
    client.atoms.agents.archive_agent(agent_id)


def test_the_tools_helper_edits_and_publishes(client: Any) -> None:
    from smallestai.atoms.helpers import Secrets, Tools
    from smallestai.atoms.helpers.agent_tools import AgentTools

    agent_id = client.atoms.agents.create_agent(name="Support").data
    tools = AgentTools()
    tools.set_tools(agent_id, [{"type": "end_call", "name": "end_call", "description": "Ends the call."}])
    assert [tool.name for tool in tools.get_tools(agent_id)] == ["end_call"]
    tools.remove_tool(agent_id, "end_call")
    assert tools.get_tools(agent_id) == []
    registry = Tools()
    definition = {
        "type": "api_call",
        "name": "look_up",
        "description": "d",
        "method": "GET",
        "url": "https://a.example",
    }
    tool_id = registry.create(definition)["data"]["toolId"]
    assert registry.list()["data"][0]["toolId"] == tool_id
    registry.update(tool_id, {**definition, "description": "e"})
    registry.delete(registry.duplicate(tool_id)["data"]["toolId"])
    vault = Secrets()
    secret = vault.create("TOKEN", "value")["data"]
    assert [each["name"] for each in vault.list()["data"]] == ["TOKEN"]
    vault.delete(secret["_id"])


def test_calls_webhooks_and_numbers(client: Any, emulator: RunningEmulator) -> None:
    atoms = client.atoms
    agent_id = atoms.agents.create_agent(name="Support").data
    token = atoms.realtime.register_call(agent_id=agent_id, mode="chat").data
    assert token.access_token.startswith("wct_")
    call_id = atoms.calls.start_outbound_call(agent_id=agent_id, phone_number="+14155550111").data.conversation_id
    assert atoms.calls.get(call_id).data.status == "in_queue"
    assert [row.call_id for row in atoms.calls.list(limit=5).data.logs] == [call_id]
    assert atoms.calls.search(call_ids=[call_id]).data.total == 1
    assert atoms.conversations.cancel(call_id=call_id).data.status == "cancelled"
    assert atoms.web_call.start_web_chat_conversation(agent_id=agent_id).data.room_name
    webhook_id = atoms.webhooks.create(endpoint="https://example.com/hook", description="CRM", events=[]).data
    atoms.webhooks.replace_webhook_subscriptions_for_an_agent(
        agent_id, event_types=["post-conversation"], webhook_id=webhook_id
    )
    subscriptions = atoms.webhooks.get_webhook_subscriptions_for_an_agent(agent_id).data
    assert [each.event_type for each in subscriptions] == ["post-conversation"]
    atoms.webhooks.delete_webhook_subscriptions_for_an_agent(agent_id)
    atoms.webhooks.delete(webhook_id)
    number = atoms.phone_numbers.list().data[0]
    atoms.agents.update_agent(agent_id, telephony_product_id=[number.id])
    assert atoms.agents.get_agent(agent_id).data.phone_number == [number.attributes.phone_number]
    assert atoms.user.get_user_details().data.organization_id
    assert atoms.user.get_subscription().data.plan_id == "emulator"


def test_knowledge_campaigns_and_actions(client: Any, tmp_path: Path) -> None:
    from smallestai.atoms.helpers import KB, Audience, Campaign

    atoms = client.atoms
    agent_id = atoms.agents.create_agent(name="Support").data
    base = KB().create("Prices", "2026")["data"]["_id"]
    pdf = tmp_path / "prices.pdf"
    pdf.write_bytes(b"%PDF-1.4")
    KB().add_file(base, str(pdf))
    KB().scrape_urls(base, ["https://example.com"])
    assert [item["fileName"] for item in KB().get_items(base)["data"]] == ["prices.pdf"]
    assert atoms.knowledge_base.get(base).data.name == "Prices"
    KB().delete(base)
    audience = Audience().create("People", phone_numbers=["+14155550111", "+14155550112"])["data"]
    assert len(Audience().get_members(audience["_id"])["data"]["members"]) == 2
    campaign = Campaign().create("Spring", agent_id, audience["_id"], phone_ids=[])["data"]["_id"]
    Campaign().start(campaign)
    assert Campaign().get(campaign)["data"]["campaign"]["status"] == "processing"
    Campaign().pause(campaign)
    Campaign().delete(campaign)
    action = atoms.call_actions.create_call_action(
        agent_id=agent_id, category="post-call", provider="hubspot", config={"body": "{}"}
    ).data
    assert atoms.call_actions.list_call_actions(agent_id=agent_id).data.total_count == 1
    atoms.call_actions.delete_call_action(action.id)
    assert atoms.concurrency.get_concurrency().data.org_limit > 0


def test_the_command_line_lists_creates_updates_and_shows(emulator: RunningEmulator, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "SMALLEST_BASE_URL": emulator.base_url,
        "SMALLEST_API_KEY": "sk_vendor",
        "SMALLESTAI_TELEMETRY": "0",
        "COLUMNS": "200",
    }

    def run(*arguments: str) -> str:
        command = [str(Path(sys.executable).parent / "smallestai"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    created = run("agents", "create", "Support", "--first-message", "Hello", "--model", "gpt-4o")
    agent_id = created.split("Created agent")[1].split()[0]
    assert "Support" in run("agents", "list")
    run("agents", "update", agent_id, "--prompt", "Be kind.", "--name", "Desk")
    shown = run("agents", "get", agent_id, "--json")
    assert "Desk" in shown
    assert "Be kind." in shown
    assert "CALL" not in run("calls", "list")
    run("agents", "call", agent_id, "--to", "+14155550111")
    listed = run("calls", "list")
    call_id = next(word for word in listed.split() if word.startswith("CALL-"))
    assert "in_queue" in run("calls", "get", call_id)


def test_the_playbooks_helper_is_refused_without_the_opt_in_and_works_with_it(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from smallestai.atoms.helpers import (
        IntentRouter,
        MultiAgent,
        MultiAgentNotEntitledError,
        Playbook,
        PlaybooksConfig,
        Verification,
    )
    from smallestai.environment import SmallestAIEnvironment

    def playbook(name: str, **more: Any) -> Playbook:
        return Playbook(id=name, name=name, intent_name=name, intent_description=f"About {name}.", prompt="Do.", **more)

    config = PlaybooksConfig(
        router=IntentRouter(fallback_playbook_id="general"),
        playbooks=[playbook("general"), playbook("card", verification_ids=["birthday"])],
        verifications=[Verification(id="birthday", tool_refs=["check_birthday"])],
    )
    with pytest.raises(MultiAgentNotEntitledError):
        MultiAgent(client).create_agent(name="Line", config=config)
    with start(EmulatorOptions(scan_delay_s=0.0, multi_agents=True)) as running:
        url = running.base_url
        environment = SmallestAIEnvironment(
            atoms=f"{url}/atoms/v1", waves=url, waves_ws=url.replace("http", "ws"), payment=url
        )
        allowed = smallestai.SmallestAI(environment=environment, api_key="sk_vendor", max_retries=0)
        agent_id = MultiAgent(allowed).create_agent(name="Line", config=config)
        assert MultiAgent(allowed).read_config(agent_id) == config


def test_the_call_helper_reads_what_the_emulator_holds(client: Any) -> None:
    from smallestai.atoms.helpers import Call

    agent_id = client.atoms.agents.create_agent(name="Support").data
    call_id = client.atoms.calls.start_outbound_call(
        agent_id=agent_id, phone_number="+14155550111"
    ).data.conversation_id
    assert Call().get_call(call_id)["data"]["status"] == "in_queue"
    assert [row["callId"] for row in Call().get_calls()["data"]["logs"]] == [call_id]
    assert Call().search_calls([call_id])["data"]["total"] == 1


def test_what_an_apply_made_is_read_back(
    client: Any, emulator: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example with a tool, a knowledge base and a webhook, deployed by us and read by the vendor's SDK."""
    from smallestai.atoms.helpers.agent_tools import AgentTools
    from smallestai.atoms.helpers.tools import Tools

    shutil.copytree(ROOT / "examples" / "shop", tmp_path / "shop", ignore=shutil.ignore_patterns(".agentops"))
    settings = tmp_path / "shop" / "agentops.yaml"
    settings.write_text(settings.read_text().replace("target: emulator", f"base_url: {emulator.base_url}"))
    monkeypatch.chdir(tmp_path / "shop")
    assert run(["apply", "--yes", "--no-smoke"]) == 0
    atoms = client.atoms
    [agent] = atoms.agents.list_agents(page=1, offset=10).data.agents
    [tool] = Tools().list()["data"]
    assert tool["definition"]["name"] == "look_up_order"
    assert tool["definition"]["headers"] == {"Authorization": "Bearer demo-token"}
    assert AgentTools().get_tools(agent.id)[0].name == "end_call"
    [base] = atoms.knowledge_base.list().data
    assert base.name == "Returns policy"
    assert [item.file_name for item in atoms.knowledge_base.get_all_knowledge_base_items(base.id).data] == [
        "returns-policy.pdf"
    ]
    [subscription] = atoms.webhooks.get_webhook_subscriptions_for_an_agent(agent.id).data
    assert subscription.event_type == "post-conversation"
