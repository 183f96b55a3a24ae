"""Versioning v1, as the vendor's migration page has it: drafts, config patches, versions, activation."""

from __future__ import annotations

import pytest
from emulated import Account


async def open_draft(account: Account, agent_id: str) -> str:
    active = (await account.call("GET", f"/agent/{agent_id}"))["activeVersionId"]
    draft = await account.call("POST", f"/agent/{agent_id}/drafts", 201, json={"sourceVersionId": active})
    assert draft["draftId"] != draft["_id"]
    return f"/agent/{agent_id}/drafts/{draft['draftId']}"


async def test_publish_does_not_activate_and_activation_waits_for_the_scan(account_v1: Account) -> None:
    account = account_v1
    agent_id = await account.agent("Support", workflowType="single_prompt")
    first = (await account.call("GET", f"/agent/{agent_id}"))["activeVersionId"]
    draft = await open_draft(account, agent_id)
    patched = await account.call(
        "PATCH", f"{draft}/config", json={"singlePromptConfig": {"prompt": "Help."}, "slmModel": "gpt-4o"}
    )
    assert patched["draftRevision"] == 1
    published = {"label": "initial", "activate": True}
    version = await account.call("POST", f"{draft}/publish", 201, json=published)
    assert (version["isActive"], version["versionNumber"], version["securityCheck"]["status"]) == (False, 2, "queued")
    path = f"/agent/{agent_id}/versions/{version['_id']}"
    early = await account.call("PATCH", f"{path}/activate", 400)
    assert "pending" in early["errors"][0]
    account.clock.advance(10)
    assert (await account.call("GET", path))["version"]["securityCheck"]["status"] == "passed"
    assert (await account.call("GET", f"/agent/{agent_id}"))["activeVersionId"] == first
    for _ in range(2):
        assert (await account.call("PATCH", f"{path}/activate"))["isActive"]
    agent = await account.call("GET", f"/agent/{agent_id}")
    assert agent["activeVersionId"] == version["_id"]
    assert (agent["_resolvedConfig"]["prompt"], agent["_resolvedConfig"]["modelName"]) == ("Help.", "gpt-4o")


async def test_a_version_whose_scan_failed_cannot_be_activated(account_v1: Account) -> None:
    agent_id = await account_v1.agent()
    draft = await open_draft(account_v1, agent_id)
    await account_v1.call("PATCH", f"{draft}/config", json={"singlePromptConfig": {"prompt": "jailbreak-me"}})
    version = await account_v1.call("POST", f"{draft}/publish", 201)
    account_v1.clock.advance(10)
    refused = await account_v1.call("PATCH", f"/agent/{agent_id}/versions/{version['_id']}/activate", 400)
    assert "failed" in refused["errors"][0]


async def test_branches_do_not_exist_yet(account_v1: Account) -> None:
    agent_id = await account_v1.agent()
    missing = await account_v1.call("GET", f"/agent/{agent_id}/branches", 404)
    assert f"Cannot GET /atoms/v1/agent/{agent_id}/branches" in missing.text


async def test_drafts_are_listed_renamed_compared_and_discarded(account_v1: Account) -> None:
    account = account_v1
    agent_id = await account.agent()
    draft, other = await open_draft(account, agent_id), await open_draft(account, agent_id)
    await account.call("PATCH", f"{draft}/config", json={"firstMessage": "Hi"})
    assert await account.call("PATCH", draft, json={"draftName": "mine"}) == {"draftName": "mine"}
    assert len(await account.call("GET", f"/agent/{agent_id}/drafts")) == 2
    detail = await account.call("GET", draft)
    assert (detail["latest"]["draftName"], detail["editCount"]) == ("mine", 1)
    assert detail["editHistory"][0]["changedSections"] == ["call_handling"]
    changes = (await account.call("GET", f"{draft}/diff"))["diffs"][0]["changes"]
    assert [(change["path"], change["newValue"]) for change in changes] == [("firstMessage", "Hi")]
    assert await account.call("DELETE", other) is None
    await account.call("GET", other, 404)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "Either sourceVersionId or sourceDraftId is required"),
        ({"sourceVersionId": "nope"}, "sourceVersionId: Invalid"),
    ],
)
async def test_a_draft_needs_a_source(account_v1: Account, body: dict[str, str], error: str) -> None:
    agent_id = await account_v1.agent()
    assert (await account_v1.call("POST", f"/agent/{agent_id}/drafts", 400, json=body))["errors"] == [error]


async def test_metadata_alone_is_no_config(account_v1: Account) -> None:
    draft = await open_draft(account_v1, await account_v1.agent())
    refused = await account_v1.call("PATCH", f"{draft}/config", 400, json={"name": "x"})
    assert refused["errors"] == ["No recognized config fields"]


async def test_the_total_of_versions_ignores_the_pin_filter(account_v1: Account) -> None:
    agent_id = await account_v1.agent()
    draft = await open_draft(account_v1, agent_id)
    version = await account_v1.call("POST", f"{draft}/publish", 201)
    await account_v1.call("PATCH", f"/agent/{agent_id}/versions/{version['_id']}", json={"isPinned": True})
    listed = await account_v1.call("GET", f"/agent/{agent_id}/versions?isPinned=true")
    assert ([row["_id"] for row in listed["versions"]], listed["total"]) == ([version["_id"]], 2)


async def test_two_versions_are_compared(account_v1: Account) -> None:
    agent_id = await account_v1.agent()
    first = (await account_v1.call("GET", f"/agent/{agent_id}"))["activeVersionId"]
    draft = await open_draft(account_v1, agent_id)
    await account_v1.call("PATCH", f"{draft}/config", json={"slmModel": "gpt-4.1"})
    second = (await account_v1.call("POST", f"{draft}/publish", 201))["_id"]
    query = {"versionA": first, "versionB": second}
    diff = await account_v1.call("GET", f"/agent/{agent_id}/versions/diff", params=query)
    change = {"path": "modelName", "oldValue": "electron", "newValue": "gpt-4.1"}
    assert diff["diffs"] == [{"section": "llm", "changes": [change]}]
