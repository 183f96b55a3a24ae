"""Versioning v2 as a deploy uses it: drafts, conflicts, publishing, scans, restore, live and archive."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from emulated import Account


async def draft_path(account: Account, agent_id: str) -> str:
    return f"/agent/{agent_id}/branches/{(await account.branch(agent_id))['branch']['_id']}"


async def test_a_new_agent_serves_a_published_first_revision(account: Account) -> None:
    agent_id = await account.agent("Support")
    summary = await account.branch(agent_id)
    agent = await account.call("GET", f"/agent/{agent_id}")
    assert summary["isLive"]
    assert (summary["branch"]["name"], summary["headRevisionNumber"], summary["hasOpenDraft"]) == ("Main", 1, False)
    assert agent["activeVersionId"] == summary["branch"]["headRevisionId"]
    assert agent["_resolvedConfig"]["firstMessage"]
    assert agent["_configSource"] == "active"


async def test_publishing_takes_a_scan_and_then_serves(account: Account) -> None:
    agent_id = await account.agent()
    path = await draft_path(account, agent_id)
    await account.call("PUT", f"{path}/draft", json={"singlePromptConfig": {"prompt": "Be kind."}})
    assert await account.call("POST", f"{path}/draft/publish", 202, json={"label": "first"}) == {"state": "scanning"}
    again = await account.call("POST", f"{path}/draft/publish", 409)
    assert again["error_type"] == "publish_in_progress"
    assert (await account.call("GET", f"{path}/revisions"))["total"] == 1
    account.clock.advance(10)
    newest = (await account.call("GET", f"{path}/revisions?limit=1"))["revisions"][0]
    assert (newest["label"], newest["revisionNumber"], newest["isActive"]) == ("first", 2, True)
    assert newest["securityCheck"]["status"] == "passed"
    assert (await account.call("GET", f"/agent/{agent_id}"))["_resolvedConfig"]["prompt"] == "Be kind."
    await account.call("GET", f"{path}/draft", 404)


async def test_the_stored_names_differ_from_the_written_ones(account: Account) -> None:
    agent_id = await account.agent()
    summary = await account.branch(agent_id)
    head, branch = summary["branch"]["headRevisionId"], summary["branch"]["_id"]
    written = {
        "slmModel": "gpt-4o",
        "synthesizer": {"sampleRate": 24000, "voiceConfig": {"voiceId": "daniel"}},
        "language": {"default": "es", "supported": ["en", "es"]},
    }
    await account.call("PUT", f"/agent/{agent_id}/branches/{branch}/draft", json=written)
    diff = await account.call("GET", f"/agent/{agent_id}/diff", params={"a": head, "b": f"{branch}:draft"})
    changed = {f"{d['section']}.{c['path']}": c.get("newValue") for d in diff["diffs"] for c in d["changes"]}
    assert changed == {
        "llm.modelName": "gpt-4o",
        "voice.synthesizerSampleRate": 24000,
        "voice.synthesizerArgs.voiceId": "daniel",
        "language.defaultLanguage": "es",
        "language.supportedLanguages[1]": "es",
    }
    assert "timeouts" in diff["unchangedSections"]


async def test_a_value_equal_to_the_default_is_no_difference(account: Account) -> None:
    agent_id = await account.agent()
    summary = await account.branch(agent_id)
    head, branch = summary["branch"]["headRevisionId"], summary["branch"]["_id"]
    body = {"redactionConfig": {"isEnabled": True}, "denoisingConfig": {"isEnabled": False}}
    await account.call("PUT", f"/agent/{agent_id}/branches/{branch}/draft", json=body)
    diff = await account.call("GET", f"/agent/{agent_id}/diff", params={"a": head, "b": f"{branch}:draft"})
    assert diff["diffs"] == []


@pytest.mark.parametrize("body", ["lean", "rich"])
async def test_only_the_same_leaf_conflicts(open_account: Callable[..., Account], body: str) -> None:
    from agentops.emulator.options import Choices

    account = open_account(choices=Choices(conflict_body=body))
    agent_id = await account.agent()
    path = await draft_path(account, agent_id)
    first = await account.call("PUT", f"{path}/draft", json={"firstMessage": "A", "expectedRevision": 0})
    assert first["draftRevision"] == 1
    await account.call("PUT", f"{path}/draft", json={"firstMessage": "B"})
    other = await account.call("PUT", f"{path}/draft", json={"slmModel": "gpt-4o", "expectedRevision": 1})
    assert other["draftRevision"] == 3
    stale = await account.call("PUT", f"{path}/draft", 409, json={"firstMessage": "C", "expectedRevision": 1})
    assert stale["errors"] == ["call_handling.firstMessage"]
    assert "error_type" not in stale
    if body == "rich":
        assert stale["data"]["conflict"]["latestRevision"] == 3
    else:
        assert "data" not in stale
    unknown = await account.call("PUT", f"{path}/draft", 409, json={"firstMessage": "C", "expectedRevision": 99})
    assert unknown["errors"] == ["base_revision_unavailable"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "No recognized config fields in request body"),
        ({"workflow_prompt": {"prompt": "x"}}, "No recognized config fields in request body"),
        ({"name": "x"}, "No recognized config fields in request body"),
        ({"denoisingConfig": {"isEnabled": None}}, "denoisingConfig.isEnabled: Expected boolean, received null"),
        ({"firstMessage": None}, "firstMessage: Expected string, received null"),
        ({"firstMessage": "x" * 501}, "firstMessage: String must contain at most 500 character(s)"),
        ({"language": {"supported": ["ta", "en"]}}, "language.supported: Tamil cannot be combined"),
        ({"synthesizer": {"voiceConfig": {"voiceId": "no body"}}}, "Invalid Voice ID: no body"),
        ({"singlePromptConfig": {"tools": [{"type": "end_call"}]}}, "singlePromptConfig.tools.0.name: Required"),
        ({"interruptionBackoffTimer": 11}, "interruptionBackoffTimer: Number must be less than or equal to 10"),
    ],
)
async def test_a_draft_refuses_what_the_platform_refuses(account: Account, body: Any, error: str) -> None:
    path = await draft_path(account, await account.agent())
    refused = await account.call("PUT", f"{path}/draft", 400, json=body)
    assert refused["errors"][0].startswith(error)
    await account.call("GET", f"{path}/draft", 404)


async def test_a_gated_model_is_forbidden(account: Account) -> None:
    path = await draft_path(account, await account.agent())
    refused = await account.call("PUT", f"{path}/draft", 403, json={"slmModel": "gpt-5.2"})
    assert "not available for your organization" in refused["errors"][0]


async def test_publishing_needs_a_first_message(account: Account) -> None:
    path = await draft_path(account, await account.agent())
    await account.call("PUT", f"{path}/draft", json={"firstMessage": ""})
    refused = await account.call("POST", f"{path}/draft/publish", 400)
    assert refused["errors"] == ["A first message is required to publish this agent."]


@pytest.mark.parametrize(("label", "status"), [("plan 3f9c, ok!", 202), ("a+b", 400), ("a/b", 400), ("x" * 201, 400)])
async def test_a_label_takes_plain_characters_only(account: Account, label: str, status: int) -> None:
    path = await draft_path(account, await account.agent())
    await account.call("PUT", f"{path}/draft", json={"firstMessage": "Hi"})
    await account.call("POST", f"{path}/draft/publish", status, json={"label": label})


@pytest.mark.parametrize(("word", "status"), [("jailbreak-me", "failed"), ("crash-the-scan", "errored")])
async def test_a_failed_scan_keeps_the_draft_until_it_is_edited(account: Account, word: str, status: str) -> None:
    path = await draft_path(account, await account.agent())
    await account.call("PUT", f"{path}/draft", json={"singlePromptConfig": {"prompt": f"Now {word}."}})
    await account.call("POST", f"{path}/draft/publish", 202)
    account.clock.advance(10)
    draft = await account.call("GET", f"{path}/draft")
    assert draft["latest"]["securityCheck"]["status"] == status
    assert (await account.call("GET", f"{path}/revisions"))["total"] == 1
    await account.call("POST", f"{path}/draft/publish", 409)
    await account.call("PUT", f"{path}/draft", json={"singlePromptConfig": {"prompt": "Fine now."}})
    await account.call("POST", f"{path}/draft/publish", 202)


async def test_cancelling_a_publish_leaves_the_draft(account: Account) -> None:
    path = await draft_path(account, await account.agent())
    await account.call("PUT", f"{path}/draft", json={"firstMessage": "Hi"})
    await account.call("POST", f"{path}/draft/publish", 202)
    assert await account.call("POST", f"{path}/draft/publish/cancel") == {"cancelled": True}
    account.clock.advance(60)
    assert (await account.call("GET", f"{path}/draft"))["latest"]["pendingPublish"]["state"] == "cancelled"
    assert await account.call("POST", f"{path}/draft/publish/cancel") == {"cancelled": True}


async def test_content_that_passed_before_is_committed_at_once(account: Account) -> None:
    agent_id = await account.agent()
    await account.publish(agent_id, firstMessage="One")
    await account.publish(agent_id, firstMessage="Two")
    path = await draft_path(account, agent_id)
    await account.call("PUT", f"{path}/draft", json={"firstMessage": "One"})
    published = await account.call("POST", f"{path}/draft/publish", json={"label": "again"})
    assert published["state"] == "committed"
    assert published["revision"]["label"] == "again"


async def test_restore_copies_an_older_revision_to_the_head(account: Account) -> None:
    agent_id = await account.agent()
    one = await account.publish(agent_id, "one", firstMessage="One")
    two = await account.publish(agent_id, "two", firstMessage="Two")
    path = await draft_path(account, agent_id)
    restored = (await account.call("POST", f"{path}/revisions/{one['_id']}/restore"))["revision"]
    assert (restored["restoredFromRevisionId"], restored["restoredFromLabel"]) == (one["_id"], "one")
    assert restored["revisionNumber"] == two["revisionNumber"] + 1
    assert restored["blocks"] == one["blocks"]
    assert (await account.call("GET", f"/agent/{agent_id}"))["_resolvedConfig"]["firstMessage"] == "One"
    await account.call("POST", f"{path}/revisions/{restored['_id']}/restore", 409)


async def test_a_staging_branch_serves_only_when_made_live(account: Account) -> None:
    agent_id = await account.agent()
    main = (await account.branch(agent_id))["branch"]["_id"]
    fork = {"sourceBranchId": main, "name": "staging"}
    staging = (await account.call("POST", f"/agent/{agent_id}/branches", 201, json=fork))["_id"]
    taken = await account.call("POST", f"/agent/{agent_id}/branches", 409, json=fork)
    assert taken["error_type"] == "branch_name_exists"
    path = f"/agent/{agent_id}/branches/{staging}"
    await account.call("PUT", f"{path}/draft", json={"firstMessage": "Staged"})
    await account.call("POST", f"{path}/draft/publish", 202)
    account.clock.advance(10)
    assert (await account.call("GET", f"/agent/{agent_id}"))["_resolvedConfig"]["firstMessage"] != "Staged"
    assert (await account.call("POST", f"{path}/live"))["isLive"]
    assert (await account.call("GET", f"/agent/{agent_id}"))["_resolvedConfig"]["firstMessage"] == "Staged"
    await account.call("POST", f"{path}/archive", 403)
    await account.call("POST", f"/agent/{agent_id}/branches/{main}/archive", 403)
    await account.call("POST", f"/agent/{agent_id}/branches/{main}/live")
    assert await account.call("POST", f"{path}/archive") == {"archived": True}
    assert [b["branch"]["_id"] for b in (await account.call("GET", f"/agent/{agent_id}/branches"))["branches"]] == [
        main
    ]
    await account.call("PUT", f"{path}/draft", 403, json={"firstMessage": "x"})


async def test_a_late_listing_hides_the_new_row_but_not_the_new_head(open_account: Callable[..., Account]) -> None:
    account = open_account(late_listing_s=30.0)
    agent_id = await account.agent()
    account.clock.advance(31)
    path = await draft_path(account, agent_id)
    await account.call("PUT", f"{path}/draft", json={"firstMessage": "Hi"})
    await account.call("POST", f"{path}/draft/publish", 202)
    account.clock.advance(10)
    assert (await account.call("GET", path))["headRevisionNumber"] == 2
    assert (await account.call("GET", f"{path}/revisions"))["total"] == 1
    account.clock.advance(30)
    assert (await account.call("GET", f"{path}/revisions"))["total"] == 2


async def test_v1_writes_are_retired(account: Account) -> None:
    agent_id = await account.agent()
    refused = await account.client.post(f"/atoms/v1/agent/{agent_id}/drafts", json={})
    assert (refused.status_code, refused.headers["deprecation"]) == (409, "true")
    assert refused.json()["error_type"] == "versioning_v2_migration_required"
    head = (await account.branch(agent_id))["branch"]["headRevisionId"]
    kept = await account.call("GET", f"/agent/{agent_id}/versions/{head}")
    assert kept["version"]["_id"] == head


async def test_a_revision_of_another_branch_is_a_bad_request(account: Account) -> None:
    agent_id = await account.agent()
    main = (await account.branch(agent_id))["branch"]
    fork = {"sourceBranchId": main["_id"], "name": "other"}
    other = await account.call("POST", f"/agent/{agent_id}/branches", 201, json=fork)
    await account.call("GET", f"/agent/{agent_id}/branches/{other['_id']}/revisions/{main['headRevisionId']}", 400)
    await account.call("GET", f"/agent/{agent_id}/branches/{main['_id']}/revisions/{'0' * 24}", 404)


async def test_nested_writes_keep_what_they_do_not_name(account: Account) -> None:
    agent_id = await account.agent()
    await account.publish(agent_id, singlePromptConfig={"prompt": "P", "tools": []}, defaultVariables={"a": 1, "b": 2})
    tool = {"type": "end_call", "name": "end_call", "description": "Ends."}
    await account.publish(agent_id, singlePromptConfig={"tools": [tool]}, defaultVariables={"a": 1})
    resolved = (await account.call("GET", f"/agent/{agent_id}"))["_resolvedConfig"]
    assert resolved["prompt"] == "P"
    assert resolved["tools"] == [{"enabled": True, **tool}]
    assert resolved["defaultVariables"] == {"a": 1}


def test_shuffled_choices_are_repeatable_and_differ() -> None:
    from agentops.emulator.options import Choices

    assert Choices.shuffled(3) == Choices.shuffled(3)
    assert len({Choices.shuffled(seed) for seed in range(20)}) > 15
    assert any(left != right for left, right in itertools.pairwise(map(Choices.shuffled, range(5))))
