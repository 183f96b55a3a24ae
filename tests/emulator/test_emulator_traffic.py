"""People who phone in of their own accord: when, to which revision, and how a call goes by its prompt and tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from emulated import Account

from agentops.emulator.options import Choices

BEHAVIOUR = """\
latency_ms: 500
turns:
  - name: order
    hears: where is my order
    replies:
      - when: {tool: look_up_order}
        call: {tool: look_up_order, result: {status: sent}, takes_ms: 200}
        say: It is on its way.
      - when: {prompt_contains: transfer}
        say: One moment please.
        transfer: to_people
  - name: hours
    hears: when are you open
    replies:
      - {when: {prompt_contains: slow}, say: From nine to five., faults: {delay_ms: 9000}}
      - {when: {prompt_contains: broken}, say: From nine to five., faults: {drops_after_ms: 10}}
      - say: From nine to five.
traffic:
  calls_per_hour: 60
  callers:
    - says: [where is my order, when are you open]
      patience: 1
      leaves_at: recorded
"""
LOOK_UP = {
    "type": "api_call",
    "name": "look_up_order",
    "description": "Order.",
    "url": "https://x.example/o",
    "method": "GET",
}
END = {"type": "end_call", "name": "end_call", "description": "Ends the call."}
TO_PEOPLE = {
    "type": "transfer_call",
    "name": "to_people",
    "description": "People.",
    "transferNumber": "+14155550100",
    "transferOption": {"type": "cold_transfer"},
}


@pytest.fixture
def phoned(open_account: Callable[..., Account], tmp_path: Path) -> Account:
    path = tmp_path / "support.yaml"
    path.write_text(BEHAVIOUR, "utf-8")
    return open_account(behaviours=(path,))


def config(prompt: str, *tools: dict[str, Any], first: str = "Hello.") -> dict[str, Any]:
    return {"firstMessage": first, "singlePromptConfig": {"prompt": prompt, "tools": list(tools)}}


async def calls(account: Account, agent: str, **query: Any) -> list[dict[str, Any]]:
    listed = await account.call("GET", "/conversation", params={"agentIds": agent, "limit": 500, **query})
    return list(listed["logs"])


async def reasons(account: Account, **written: Any) -> Counter[str]:
    """How calls to a revision that holds this end."""
    agent = await account.agent()
    revision = await account.publish(agent, **written)
    account.clock.advance(1800)
    rows = await calls(account, agent, versionFilter=revision["_id"])
    assert len(rows) > 10
    return Counter(each["disconnectionReason"] for each in rows)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (config("Help.", LOOK_UP, END), "agent_hangup"),
        (config("Help.", LOOK_UP), "user_hangup"),  # it has no tool to hang up with
        (config("Help.", END), "user_hangup"),  # no order is found, and nobody waits for another answer
        (config("Help, and transfer.", END, TO_PEOPLE), "transfer_complete"),
        (config("Be slow.", LOOK_UP, END), "user_hangup"),
        (config("You are broken.", LOOK_UP, END), "connection_error"),
        (config("Help.", LOOK_UP, END, first="This call is recorded."), "user_hangup"),
    ],
)
async def test_the_revision_decides_how_calls_go(phoned: Account, written: Any, reason: str) -> None:
    assert set(await reasons(phoned, **written)) == {reason}


async def test_rows_are_those_of_real_calls(phoned: Account) -> None:
    agent = await phoned.agent()
    metric = {
        "identifier": "resolved", "dispositionMetricPrompt": "Was it?", "dispositionMetricType": "BOOLEAN",
    }  # fmt: skip
    await phoned.publish(
        agent, **config("Help.", LOOK_UP, END), postCallAnalyticsConfig={"dispositionMetrics": [metric]}
    )
    phoned.clock.advance(3600)
    row = (await calls(phoned, agent))[0]
    assert (row["type"], row["status"], row["isTest"]) == ("telephony_inbound", "completed", False)
    assert row["dispositionMetrics"] == {"resolved": "true"}
    assert "isHelped" not in row
    assert 400 < row["turnLatencyMetrics"]["medianLatency"] < 900
    whole = await phoned.call("GET", f"/conversation/{row['callId']}")
    assert [line["content"] for line in whole["transcript"]] == [
        *("Hello.", "where is my order", "It is on its way.", "when are you open", "From nine to five."),
    ]


async def test_each_call_is_of_what_served_when_it_came(phoned: Account) -> None:
    agent = await phoned.agent()
    first = await phoned.publish(agent, **config("Help.", LOOK_UP, END))
    phoned.clock.advance(3600)
    second = await phoned.publish(agent, **config("Help.", END))
    phoned.clock.advance(3600)
    rows = await calls(phoned, agent)
    for revision, reason in ((first, "agent_hangup"), (second, "user_hangup")):
        mine = [each for each in rows if each["versionId"] == revision["_id"]]
        assert 30 < len(mine) < 90
        assert {each["disconnectionReason"] for each in mine} == {reason}
        assert all(each["createdAt"] >= revision["publishedAt"] for each in mine)
    assert {each["createdAt"] for each in rows if each["versionId"] == first["_id"]} <= {
        each["createdAt"] for each in rows if each["createdAt"] < second["publishedAt"]
    }


async def test_versions_that_are_activated_again_keep_their_calls(
    open_account: Callable[..., Account], tmp_path: Path
) -> None:
    path = tmp_path / "support.yaml"
    path.write_text(BEHAVIOUR, "utf-8")
    account = open_account(api="v1", behaviours=(path,))
    agent = await account.agent()
    draft = await account.call("POST", f"/agent/{agent}/drafts", 201, json=await _first(account, agent))
    await account.call("PATCH", f"/agent/{agent}/drafts/{draft['draftId']}/config", json=config("Help.", LOOK_UP, END))
    made = await account.call("POST", f"/agent/{agent}/drafts/{draft['draftId']}/publish", 201, json={"label": "a"})
    first = (await _first(account, agent))["sourceVersionId"]
    account.clock.advance(3600)
    for version in (made["_id"], first):
        await account.call("PATCH", f"/agent/{agent}/versions/{version}/activate")
        account.clock.advance(3600)
    found = Counter(each["versionId"] for each in await calls(account, agent))
    assert 30 < found[made["_id"]] < 90
    assert 60 < found[first] < 180


async def _first(account: Account, agent: str) -> dict[str, Any]:
    listed = await account.call("GET", f"/agent/{agent}/versions")
    return {"sourceVersionId": listed["versions"][-1]["_id"]}


async def test_it_does_not_matter_how_often_somebody_looks(
    open_account: Callable[..., Account], tmp_path: Path
) -> None:
    path = tmp_path / "support.yaml"
    path.write_text(BEHAVIOUR, "utf-8")
    found = []
    for looks in (1, 6):
        account = open_account(behaviours=(path,))
        agent = await account.agent()
        await account.publish(agent, **config("Help.", LOOK_UP, END))
        for _ in range(looks):
            account.clock.advance(3600 / looks)
            await calls(account, agent)
        found.append(len(await calls(account, agent)))
    assert abs(found[0] - found[1]) < 25
    assert min(found) > 30


async def test_nobody_phones_an_agent_that_takes_no_calls(phoned: Account) -> None:
    agent = await phoned.agent(allowInboundCall=False)
    await phoned.publish(agent, **config("Help.", LOOK_UP, END))
    phoned.clock.advance(3600)
    assert await calls(phoned, agent) == []
    await phoned.call("PATCH", f"/agent/{agent}", json={"allowInboundCall": True})
    phoned.clock.advance(3600)
    assert 30 < len(await calls(phoned, agent)) < 90


async def test_calls_break_off_as_often_as_the_file_says(open_account: Callable[..., Account], tmp_path: Path) -> None:
    path = tmp_path / "support.yaml"
    path.write_text(BEHAVIOUR.replace("  callers:", "  breaking_off: 0.3\n  callers:"), "utf-8")
    found = await reasons(open_account(behaviours=(path,)), **config("Help.", LOOK_UP, END))
    assert 0.1 < found["system_error"] / found.total() < 0.5


async def test_the_filter_by_revision_can_have_no_effect(open_account: Callable[..., Account]) -> None:
    for setting, found in (("honoured", 0), ("ignored", 1)):
        account = open_account(choices=Choices().set([f"version_filter={setting}"]))
        agent = await account.agent()
        revision = (await account.publish(agent, **config("Help.", END)))["_id"]
        facts = {"callId": "CALL-1790000000000-abcdef", "type": "chat", "status": "completed", "versionId": revision}
        account.store.add_call({**facts, "agentId": agent})
        assert len(await calls(account, agent, versionFilter=agent)) == found
