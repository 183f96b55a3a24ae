"""Agents: creation, the list's paging quirks, metadata, archiving, copies; and what is checked in every request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from emulated import Account

from agentops.emulator.app import FIRST_NUMBER, FIRST_NUMBER_ID
from agentops.emulator.options import Choices


async def test_offset_is_the_size_of_a_page(account: Account) -> None:
    for number in range(7):
        await account.agent(f"Agent {number}")
        account.clock.advance(1)
    page = await account.call("GET", "/agent?page=2&offset=3")
    assert [agent["name"] for agent in page["agents"]] == ["Agent 3", "Agent 2", "Agent 1"]
    assert (page["hasMore"], page["totalCount"], page["totalPages"]) == (True, 7, 3)
    assert "_resolvedConfig" not in page["agents"][0]
    everything = await account.call("GET", "/agent?offset=100000000")
    assert (len(everything["agents"]), everything["hasMore"]) == (7, False)
    assert len((await account.call("GET", "/agent?limit=100"))["agents"]) == 7


async def test_names_are_not_unique_and_search_finds_parts_of_them(account: Account) -> None:
    await account.agent("Acme Support")
    await account.agent("Acme Support")
    await account.agent("Desk")
    found = await account.call("GET", "/agent?search=support")
    assert (len(found["agents"]), found["isSearchResults"]) == (2, True)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({}, 400, "name: Required"),
        ({"name": None}, 400, "name: Expected string, received null"),
        ({"name": "A", "language": {"default": "en"}}, 400, "Invalid Input: Required"),
        ({"name": "A", "workflowType": "workflow_graph"}, 403, "workflow_graph is not available"),
        ({"name": "A", "workflowType": "multi_agents"}, 403, "Multi-Agent agents are not available"),
        ({"name": "A", "workflowType": "other"}, 400, "workflowType: Invalid enum value"),
        ({"name": "A", "telephonyProductId": ["0" * 24]}, 400, "Invalid product id"),
        ([], 400, "Expected object, received array"),
    ],
)
async def test_a_creation_that_is_refused(account: Account, body: Any, status: int, error: str) -> None:
    assert (await account.call("POST", "/agent", status, json=body))["errors"][0].startswith(error)
    assert (await account.call("GET", "/agent"))["totalCount"] == 0


async def test_config_given_at_creation_is_kept_but_for_the_background_sound(account: Account) -> None:
    agent_id = await account.agent(firstMessage="Hello there", backgroundSound="office")
    resolved = (await account.call("GET", f"/agent/{agent_id}"))["_resolvedConfig"]
    assert (resolved["firstMessage"], resolved["backgroundSound"]) == ("Hello there", "")


async def test_an_unknown_agent_is_a_bad_request(account: Account) -> None:
    assert (await account.call("GET", f"/agent/{'0' * 24}", 400))["errors"] == ["No agent found"]
    assert (await account.call("GET", "/agent/connect", 400))["errors"] == ["Invalid agent id"]


async def test_metadata_changes_at_once_and_config_does_not(account: Account) -> None:
    agent_id = await account.agent("Old")
    assert (
        await account.call("PATCH", f"/agent/{agent_id}", json={"name": "New", "allowInboundCall": False}) == agent_id
    )
    agent = await account.call("GET", f"/agent/{agent_id}")
    assert (agent["name"], agent["allowInboundCall"]) == ("New", False)
    refused = await account.call("PATCH", f"/agent/{agent_id}", 400, json={"firstMessage": "x"})
    assert refused["errors"][0].startswith("Agent has versioning enabled.")


async def test_a_number_moves_to_the_agent_that_takes_it(account: Account) -> None:
    one, two = await account.agent("One"), await account.agent("Two")
    bind = {"telephonyProductId": [FIRST_NUMBER_ID]}
    await account.call("PATCH", f"/agent/{one}", json=bind)
    await account.call("PATCH", f"/agent/{two}", json=bind)
    assert (await account.call("GET", "/product/phone-numbers"))[0]["agentId"] == two
    assert (await account.call("GET", f"/agent/{one}"))["phoneNumber"] == []
    assert (await account.call("GET", f"/agent/{two}"))["phoneNumber"] == [FIRST_NUMBER]


async def test_a_number_may_have_to_be_released_before_it_moves(open_account: Callable[..., Account]) -> None:
    account = open_account(choices=Choices(number_move="refused"))
    one, two = await account.agent("One"), await account.agent("Two")
    bind = {"telephonyProductId": [FIRST_NUMBER_ID]}
    await account.call("PATCH", f"/agent/{one}", json=bind)
    assert (await account.call("GET", f"/agent/{one}"))["phoneNumber"] == [FIRST_NUMBER]
    assert (await account.call("GET", "/product/phone-numbers"))[0]["agentId"] == one
    await account.call("PATCH", f"/agent/{two}", 400, json=bind)
    await account.call("PATCH", f"/agent/{one}", json={"telephonyProductId": []})
    await account.call("PATCH", f"/agent/{two}", json=bind)
    assert (await account.call("GET", "/product/phone-numbers"))[0]["agentId"] == two


async def test_archiving_is_reversible_and_refuses_to_repeat_itself(account: Account) -> None:
    agent_id = await account.agent()
    archive = f"/agent/{agent_id}/archive"
    assert await account.call("DELETE", archive) == {"message": "Agent archived"}
    assert (await account.call("DELETE", archive, 409))["errors"] == ["Agent is already archived"]
    assert (await account.call("GET", "/agent"))["totalCount"] == 0
    assert (await account.call("GET", "/agent?archived=true"))["totalCount"] == 1
    assert await account.call("DELETE", f"{archive}?on=false") == {"message": "Agent unarchived"}
    await account.call("DELETE", f"/agent/{agent_id}", 404)


async def test_a_copy_has_what_serves_without_knowledge_and_defaults(account: Account) -> None:
    agent_id = await account.agent("Source")
    search = {"type": "knowledge_base_search", "name": "kb", "description": "d", "knowledgeBaseId": "1"}
    end = {"type": "end_call", "name": "end_call", "description": "d"}
    config = {"singlePromptConfig": {"prompt": "P", "tools": [search, end]}, "defaultVariables": {"city": "Berlin"}}
    await account.publish(agent_id, **config)
    organization = (await account.call("GET", "/user"))["organizationId"]
    body = {"targetOrganizationId": organization}
    copy = (await account.call("POST", f"/agent/{agent_id}/duplicate", 201, json=body))["_id"]
    resolved = (await account.call("GET", f"/agent/{copy}"))["_resolvedConfig"]
    assert resolved["prompt"] == "P"
    assert [tool["name"] for tool in resolved["tools"]] == ["end_call"]
    assert resolved["defaultVariables"] == {"city": ""}


async def test_a_template_becomes_an_agent(account: Account) -> None:
    template = (await account.call("GET", "/agent/template?region=us"))[0]
    body = {"agentName": "Clinic", "templateId": template["id"]}
    agent_id = await account.call("POST", "/agent/from-template", json=body)
    agent = await account.call("GET", f"/agent/{agent_id}")
    assert agent["_resolvedConfig"]["prompt"] == template["singlePromptConfig"]["prompt"]
    tools = agent["_resolvedConfig"]["tools"]
    assert [(tool["name"], tool["enabled"]) for tool in tools] == [("end_call", True)]


@pytest.mark.parametrize("header", [None, "Basic x", "Bearer ", "Bearer wrong"])
async def test_a_bad_key_is_unauthorized(account: Account, header: str | None) -> None:
    headers = {"Authorization": header} if header else {"Authorization": ""}
    refused = await account.call("GET", "/agent", 401, headers=headers)
    assert refused["errors"][0].startswith("Unauthorized")


async def test_only_the_named_keys_are_taken(open_account: Callable[..., Account]) -> None:
    account = open_account(keys=("sk_mine",))
    await account.call("GET", "/agent", 401)
    await account.call("GET", "/agent", headers={"Authorization": "Bearer sk_mine"})
    account = open_account(choices=Choices(wrong_key_status="500"))
    assert (await account.client.get("/atoms/v1/agent", headers={"Authorization": "Bearer x"})).status_code == 500


async def test_unknown_paths_and_broken_json(account: Account) -> None:
    missing = await account.call("GET", "/organization", 404)
    assert "<pre>Cannot GET /atoms/v1/organization</pre>" in missing.text
    assert missing.headers["x-request-id"]
    await account.call("POST", "/agent", 400, content=b"{", headers={"content-type": "application/json"})


async def test_a_session_token_is_taken_once_and_within_half_a_minute(account: Account) -> None:
    agent_id = await account.agent()
    body = {"agent_id": agent_id, "mode": "chat", "variables": {"name": "Ada"}}
    minted = await account.call("POST", "/conversation/register-call", 201, json=body)
    assert (minted["expires_in"], minted["sample_rate"]) == (30, 24000)
    grant = account.store.take_token(minted["access_token"])
    assert grant is not None
    assert (grant.agent_id, grant.mode, grant.variables) == (agent_id, "chat", {"name": "Ada"})
    assert account.store.take_token(minted["access_token"]) is None
    late = await account.call("POST", "/conversation/register-call", 201, json={"agent_id": agent_id})
    account.clock.advance(31)
    assert account.store.take_token(late["access_token"]) is None
    await account.call("POST", "/conversation/register-call", 404, json={"agent_id": "0" * 24})
    assert (await account.call("POST", "/conversation/register-call", 400, json={}))["errors"] == ["agent_id: Required"]


async def test_the_catalog_has_no_envelope_and_no_clones(account: Account) -> None:
    catalog = await account.call("GET", "/waves/v1/lightning-v3.1/get_voices")
    assert "nyah" in [voice["voiceId"] for voice in catalog["voices"]]
    files = {"file": ("me.wav", b"RIFF", "audio/wav")}
    clone = await account.call("POST", "/waves/v1/voice-cloning", data={"displayName": "Me"}, files=files)
    assert clone["voiceId"] in [voice["voiceId"] for voice in await account.call("GET", "/waves/v1/voice-cloning")]
    assert (await account.call("GET", "/waves/v1/lightning-v3.1/get_voices")) == catalog
    agent_id = await account.agent()
    await account.publish(agent_id, synthesizer={"voiceConfig": {"voiceId": clone["voiceId"]}})
    await account.call("GET", "/waves/v1/other/get_voices", 400)


@pytest.mark.parametrize("number", ["NaN", "1e999", "-Infinity"])
async def test_a_number_that_json_does_not_have_is_refused(account: Account, number: str) -> None:
    content = f'{{"name": "A", "defaultVariables": {{"x": {number}}}}}'.encode()
    await account.call("POST", "/agent", 400, content=content, headers={"content-type": "application/json"})


async def test_half_a_surrogate_pair_is_replaced(account: Account) -> None:
    content = rb'{"name": "A\ud83d and \ud83d\ude00"}'
    headers = {"content-type": "application/json"}
    agent_id = await account.call("POST", "/agent", 201, content=content, headers=headers)
    assert (await account.call("GET", f"/agent/{agent_id}"))["name"] == "A\ufffd and \U0001f600"


async def test_reported_behaviour_that_no_source_confirms_is_a_switch(open_account: Callable[..., Account]) -> None:
    choices = Choices(created_data="object", duplicate_name="renamed", control_characters="raw", retired_status="404")
    account = open_account(choices=choices)
    first = (await account.call("POST", "/agent", 201, json={"name": "Desk"}))["_id"]
    second = (await account.call("POST", "/agent", 201, json={"name": "Desk"}))["_id"]
    assert (await account.call("GET", f"/agent/{second}"))["name"] == "Desk (2)"
    await account.call("POST", f"/agent/{first}/drafts", 404, json={})
    await account.publish(first, firstMessage="One\nTwo \\n \\\\n three")
    response = await account.client.get(f"/atoms/v1/agent/{first}")
    assert b"One\nTwo" in response.content
    resolved = json.loads(response.content, strict=False)["data"]["_resolvedConfig"]
    assert resolved["firstMessage"] == "One\nTwo \\n \\\\n three"


async def test_the_older_workflow_is_read_and_not_written(account: Account) -> None:
    agent_id = await account.agent()
    await account.publish(agent_id, singlePromptConfig={"prompt": "Be kind.", "tools": []})
    assert await account.call("GET", f"/agent/{agent_id}/workflow") == {"prompt": "Be kind.", "tools": []}
    workflow_id = (await account.call("GET", f"/agent/{agent_id}"))["workflowId"]
    body = {"type": "single_prompt", "singlePromptConfig": {"prompt": "Be rude."}}
    refused = await account.call("PATCH", f"/workflow/{workflow_id}", 400, json=body)
    assert refused["errors"] == ["Agent has versioning enabled. Config changes must be made through drafts."]
    await account.call("PATCH", f"/workflow/{agent_id}", 404, json=body)
