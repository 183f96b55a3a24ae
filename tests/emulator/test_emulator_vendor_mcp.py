"""Every tool of the vendor's MCP server for Node against the emulator: what works, and what is missing by name."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp_server import PACKAGE, McpServer

from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start
from agentops.emulator.store.state import ORGANIZATION_ID

MODULES = Path(sys.prefix) / "node" / "node_modules"  # where `make node` puts what Node needs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="needs Node"),
    pytest.mark.skipif(
        not (MODULES / PACKAGE).is_dir(),
        reason="needs the vendor's MCP server: `make node` installs it where there is npm and a network",
    ),
]

# Its tools for what the emulator does not have: payment, speech apart from calls, invitations.
MISSING: dict[str, dict[str, Any]] = {
    "get_payment_methods": {},
    "get_auto_reload": {},
    "get_billing_alerts": {},
    "get_plans": {},
    "update_billing_alerts": {"is_enabled": True, "thresholds": [100]},
    "validate_coupon": {"code": "SPRING"},
    "redeem_coupon": {"code": "SPRING"},
    "text_to_speech": {"text": "Hello", "output_path": "hello.wav"},
    "transcribe_audio": {"language": "en", "audio_url": "https://audio.example/hello.wav"},
    "invite_member": {"emails": ["new@example.com"]},
}
PERIODS = (
    *("get_usage_stats", "get_dashboard", "get_call_volume", "get_call_outcomes", "get_agent_performance"),
    *("get_hourly_performance", "get_pickup_rates", "get_phone_number_trends", "get_weekly_trends"),
    *("get_duration_stats", "get_attempt_cohorts", "get_call_counts_by_day", "get_credit_usage"),
)


class Driven:
    """The server, and which of its tools were used."""

    def __init__(self, server: McpServer, http: httpx2.Client) -> None:
        self.server, self.http = server, http
        self.used: set[str] = set()

    def read(self, tool: str, **arguments: Any) -> Any:
        self.used.add(tool)
        return self.server.read(tool, **arguments)

    def call(self, tool: str, **arguments: Any) -> str:
        self.used.add(tool)
        return self.server.call(tool, **arguments)


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[Driven]:
    with (
        start(EmulatorOptions(scan_delay_s=0.0, multi_agents=True)) as emulator,
        McpServer(MODULES, tmp_path, emulator.base_url) as server,
        httpx2.Client(base_url=f"{emulator.base_url}/atoms/v1", headers={"Authorization": "Bearer sk_a"}) as http,
    ):
        yield Driven(server, http)


def test_every_tool_works_or_is_known_to_be_missing(driven: Driven) -> None:
    agent = use_agents(driven)
    use_versions(driven, agent)
    use_calls(driven, agent)
    use_campaigns(driven, agent)
    use_webhooks(driven, agent)
    use_playbooks(driven)
    copy = driven.read("duplicate_agent", agent_id=agent, target_organization_id=ORGANIZATION_ID)
    assert copy["newAgentId"] != agent
    assert "archived" in driven.call("delete_agent", agent_id=agent)
    for tool, arguments in MISSING.items():
        assert re.search("404|Not Found", driven.call(tool, **arguments)), tool
    assert driven.used == {tool["name"] for tool in driven.server.tools()}


def use_agents(driven: Driven) -> str:
    voice = {"model": "waves_lightning_v3_1", "voiceId": "meher"}
    agent = str(driven.read("create_agent", name="Support", synthesizer={"voiceConfig": voice})["agentId"])
    assert driven.read("get_agents")["agents"][0]["name"] == "Support"
    assert driven.read("get_agent", agent_id=agent)["name"] == "Support"
    pro = driven.http.get(f"/agent/{agent}").json()["data"]["_resolvedConfig"]["synthesizerArgs"]
    assert pro["modelId"] == "lightning-v3.1-pro"
    api = {"name": "look_up", "description": "Looks up.", "url": "https://crm.example/x", "method": "GET"}
    assert driven.read("add_agent_tool", agent_id=agent, **api)["tools"][0]["name"] == "look_up"
    driven.read("configure_call_actions", agent_id=agent, end_call=True, transfer_call_number="+14155550111")
    assert driven.read("remove_agent_tool", agent_id=agent, name="look_up")["totalTools"] == 2
    metric = {"identifier": "outcome", "prompt": "How did it end?", "metric_type": "STRING"}
    driven.read("update_agent", agent_id=agent, prompt="Be brief.", first_message="Hello")
    draft = driven.read("update_agent", agent_id=agent, transcriber_type="pulse", add_disposition_metrics=[metric])
    assert draft["status"] == "draft"
    return agent


def use_versions(driven: Driven, agent: str) -> None:
    assert driven.read("get_branch_draft", agent_id=agent)["latest"]["draftRevision"] == 5
    assert driven.read("publish_draft", agent_id=agent, label="one")["live"]
    assert driven.read("get_agent_prompt", agent_id=agent)["prompt"] == "Be brief."
    newest, oldest = driven.read("list_revisions", agent_id=agent)["revisions"]
    shown = driven.read("get_revision", agent_id=agent, revision_id=newest["revisionId"])["resolvedConfig"]
    assert shown["workflow_prompt"]["prompt"] == "Be brief."
    assert [tool["type"] for tool in shown["workflow_tools"]["tools"]] == ["end_call", "transfer_call"]
    assert driven.read("diff", agent_id=agent, a=oldest["revisionId"], b=newest["revisionId"])["diffs"]
    main = driven.read("list_branches", agent_id=agent)[0]["branchId"]
    side = driven.read("create_branch", agent_id=agent, name="side", source_branch_id=main)["branchId"]
    assert driven.read("rename_branch", agent_id=agent, branch_id=side, name="aside")["name"] == "aside"
    assert "no_committed_revision" in driven.call("make_branch_live", agent_id=agent, branch_id=side)
    driven.read("update_agent", agent_id=agent, branch_id=side, first_message="Hello from the side")
    assert not driven.read("publish_draft", agent_id=agent, branch_id=side)["live"]
    own = driven.read("list_revisions", agent_id=agent, branch_id=side)["revisions"]
    assert [revision["revisionNumber"] for revision in own] == [1]
    driven.read("make_branch_live", agent_id=agent, branch_id=side)
    driven.read("make_branch_live", agent_id=agent, branch_id=main)
    driven.read("delete_branch", agent_id=agent, branch_id=side)


def use_calls(driven: Driven, agent: str) -> None:
    assert driven.read("test_agent", agent_id=agent, mode="chat")["callId"]
    chat = driven.read("chat_with_agent", agent_id=agent, messages=["hello"], greeting_wait_ms=500, settle_ms=500)
    assert chat["greeting"] == "Hello"
    assert len(chat["transcript"]) == 3
    listed = driven.read("list_calls", call_type="chat", call_status="completed")
    assert [call["callId"] for call in listed["logs"]] == [chat["call_id"]]
    whole = driven.read("debug_call", call_id=chat["call_id"])
    assert [line["content"] for line in whole["transcript"]] == [line["text"] for line in chat["transcript"]]
    assert whole["postCallAnalytics"]["dispositionMetrics"][0]["identifier"] == "outcome"
    assert driven.read("make_call", agent_id=agent, phone_number="+14155550111")["callId"].startswith("CALL-")
    assert driven.read("get_credit_balance")["creditBalance"] > 0
    for tool in ("get_credit_ledger", "get_usage_breakdown", "get_invoices"):
        driven.read(tool)
    assert driven.read("get_usage_stats")["stats"]["totalCalls"]["current"] == 3
    for tool in PERIODS:
        driven.read(tool)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    for tool in ("get_concurrency", "get_call_start_distribution", "get_daily_summary"):
        assert driven.read(tool, date=today)["date"] == today


def use_campaigns(driven: Driven, agent: str) -> None:
    people = {"file": ("people.csv", b"phone,name\n+14155550112,Ann\n")}
    form = {"name": "People", "phoneNumberColumnName": "phone"}
    audience = driven.http.post("/audience", files=people, data=form).json()["data"]["_id"]
    assert driven.read("get_audiences")[0]["memberCount"] == 1
    assert driven.read("get_audience", audience_id=audience)["name"] == "People"
    driven.read("add_audience_members", audience_id=audience, members=[{"phone": "+14155550113", "name": "Bob"}])
    members = driven.read("get_audience_members", audience_id=audience)["members"]
    assert {member["data"]["name"] for member in members} == {"Ann", "Bob"}
    found = driven.read("search_audience_members", audience_id=audience, query="Ann")["members"]
    assert [member["data"]["name"] for member in found] == ["Ann"]
    numbers = [number["productId"] for number in driven.read("get_phone_numbers")["numbers"]]
    wish = {"name": "Spring", "agent_id": agent, "audience_id": audience, "phone_number_ids": numbers}
    campaign = driven.read("create_campaign", **wish)["campaignId"]
    assert driven.read("get_campaigns")["count"] == 1
    driven.read("start_campaign", campaign_id=campaign)
    assert driven.read("get_campaign", campaign_id=campaign)["campaign"]["status"] == "processing"
    assert len(driven.read("export_campaign_logs", campaign_id=campaign)) == 2
    assert "paused" in driven.call("pause_campaign", campaign_id=campaign)
    assert "deleted" in driven.call("delete_campaign", campaign_id=campaign)
    ids = [member["_id"] for member in members]
    assert driven.read("delete_audience_members", audience_id=audience, member_ids=ids[:1])["deletedCount"] == 1
    assert "deleted" in driven.call("delete_audience", audience_id=audience)


def use_webhooks(driven: Driven, agent: str) -> None:
    hook = {"endpoint": "https://hook.example/calls", "description": "CRM", "events": []}
    webhook = driven.read("create_webhook", **hook)["webhookId"]
    assert driven.read("get_webhooks")["count"] == 1
    driven.read("update_webhook", webhook_id=webhook, description="Our CRM")
    driven.read("attach_agent_webhook", agent_id=agent, webhook_id=webhook, event_types=["post-conversation"])
    assert driven.read("get_agent_webhooks", agent_id=agent)[0]["eventType"] == "post-conversation"
    assert driven.read("get_webhook_events", webhook_id=webhook) == []
    assert "removed" in driven.call("detach_agent_webhooks", agent_id=agent)
    assert "deleted" in driven.call("delete_webhook", webhook_id=webhook)
    voices = driven.read("get_voices", include_cloned=True)
    pro = {voice["voiceId"] for voice in voices["voices"] if "lightning-v3.1-pro" in voice["supportedModels"]}
    assert {"meher", "mishka"} <= pro


def use_playbooks(driven: Driven) -> None:
    line = {"name": "Line", "workflow_type": "multi_agents", "global_prompt": "Help.", "first_message": "Hello"}
    agent = str(driven.read("create_agent", **line)["agentId"])
    general = {"name": "General", "intent_name": "general", "intent_description": "Anything.", "prompt": "Help."}
    card = {"name": "Card", "intent_name": "card", "intent_description": "A stolen card.", "prompt": "Freeze it."}
    driven.read("add_playbooks", agent_id=agent, playbooks=[general, card])
    first, second = driven.read("get_playbooks", agent_id=agent)["playbooks"]
    driven.read("configure_playbooks", agent_id=agent, fallback_playbook_id=first["id"], conversation_guide="Be kind.")
    strict = {"auth_level": "strong", "prompt": "Freeze the card."}
    driven.read("update_playbook", agent_id=agent, playbook_id=second["id"], **strict)
    assert "auth.weakTools" in driven.call("publish_draft", agent_id=agent)
    proof = {"name": "know", "description": "d", "url": "https://crm.example/x", "method": "GET"}
    driven.read("configure_playbooks", agent_id=agent, weak_auth_tools=[proof], strong_auth_tools=[proof])
    assert driven.read("publish_draft", agent_id=agent)["live"]
    stored = json.loads(driven.http.get(f"/agent/{agent}").content)["data"]["_resolvedConfig"]["playbooks"]
    assert [each["prompt"] for each in stored["playbooks"]] == ["Help.", "Freeze the card."]
