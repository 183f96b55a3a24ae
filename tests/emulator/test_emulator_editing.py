"""The console's form: what it writes, what it refuses, and that it never overwrites somebody else's change."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from emulated import Account


async def form(account: Account, agent: str) -> dict[str, str]:
    """The fields of the form as the page holds them."""
    page = (await account.client.get(f"/console/agents/{agent}/edit")).text
    fields = dict(re.findall(r'<input[^>]* name="(\w+)" value="([^"]*)"', page))
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    areas = re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\n(.*?)</textarea>', page, flags=re.DOTALL)
    return {name: unescape(value) for name, value in [*fields.items(), *hidden, *areas]}


async def press(account: Account, agent: str, button: str, fields: dict[str, str]) -> Any:
    return await account.client.post(f"/console/agents/{agent}/edit", data={**fields, "do": button})


async def test_only_what_was_changed_is_written(account: Account) -> None:
    agent = await account.agent()
    fields = await form(account, agent)
    assert (await press(account, agent, "save", fields)).status_code == 303
    assert account.store.database.all("draft") == []
    await press(account, agent, "save", {**fields, "prompt": "Be brief.\r\nAnd kind.", "voice": "yuvika"})
    (draft,) = account.store.database.all("draft")
    (edit,) = account.store.database.all("edit")
    assert draft["config"]["singlePromptConfig"]["prompt"] == "Be brief.\nAnd kind."
    assert sorted(edit["changedSections"]) == ["voice", "workflow_prompt"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"first_message": "x" * 501}, "at most 500"),
        ({"model": "gpt-1"}, "slmModel"),
        ({"tools": "[{"}, "Tools: not valid JSON"),
        ({"rest": "[]"}, "Other configuration: expected a JSON object"),
        ({"first_message": "Hello", "label": "a/b"}, "basic punctuation"),
    ],
)
async def test_a_refusal_is_shown_and_the_typed_words_stay(
    account: Account, change: dict[str, str], words: str
) -> None:
    agent = await account.agent()
    answer = await press(account, agent, "publish", {**await form(account, agent), "prompt": "Kept words.", **change})
    assert answer.status_code == 400
    assert words in unescape(answer.text)
    assert "Kept words." in answer.text
    assert account.store.database.all("draft") == []


async def test_a_draft_that_moved_on_is_not_overwritten(account: Account) -> None:
    agent = await account.agent()
    fields = await form(account, agent)
    branch = (await account.branch(agent))["branch"]["_id"]
    await account.call("PUT", f"/agent/{agent}/branches/{branch}/draft", json={"firstMessage": "Theirs"})
    answer = await press(account, agent, "save", {**fields, "first_message": "Ours"})
    assert answer.status_code == 409
    assert account.store.database.all("draft")[0]["config"]["firstMessage"] == "Theirs"


async def test_a_draft_is_discarded(account: Account) -> None:
    agent = await account.agent()
    fields = await form(account, agent)
    await press(account, agent, "save", {**fields, "first_message": "Hello"})
    await press(account, agent, "discard", fields)
    assert account.store.database.all("draft") == []


async def test_before_branches_a_version_is_published_and_then_let_serve(open_account: Callable[..., Account]) -> None:
    account = open_account(api="v1")
    agent = await account.agent()
    fields = {**await form(account, agent), "first_message": "Good evening"}
    await press(account, agent, "publish", fields)
    account.clock.advance(60)
    version = account.store.database.all("revision")[-1]
    page = f"/console/agents/{agent}/revisions/{version['_id']}"
    assert "Let this version serve" in (await account.client.get(page)).text
    assert (await account.client.post(f"{page}/activate")).status_code == 303
    assert (await account.call("GET", f"/agent/{agent}"))["_resolvedConfig"]["firstMessage"] == "Good evening"
