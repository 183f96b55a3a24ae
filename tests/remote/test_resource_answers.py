"""Tools, knowledge bases and webhooks as the platform may put them: times, states and ids that are there or not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from scripted_account import Whole, refused, scripted

from agentops.errors import PlatformError
from agentops.remote.port import ProcessingFailedError
from agentops.resources import Part, PartState

EARLY, LATE = "2026-11-20T10:00:00Z", "2026-11-20T10:00:01"


@pytest.mark.parametrize(
    ("made", "changed", "edited"),
    [
        (EARLY, LATE, datetime(2026, 11, 20, 10, 0, 1, tzinfo=UTC)),
        (EARLY, EARLY, None),
        (LATE, EARLY, None),
        (None, LATE, None),
        (EARLY, None, None),
        ("yesterday", LATE, None),
    ],
)
async def test_a_tool_was_edited_when_it_was_changed_after_it_was_made(
    made: str | None, changed: str | None, edited: datetime | None
) -> None:
    row = {"toolId": "t1", "definition": {"name": "look_up", "url": None}, "createdAt": made, "updatedAt": changed}
    async with scripted({"GET /tool": {"tools": [row]}}) as (account, _):
        [tool] = await account.tools.list()
    assert (tool.name, tool.content, tool.edited_at) == ("look_up", {"name": "look_up"}, edited)


ITEMS, PAGES = "GET /knowledgebase/k1/items", "GET /knowledgebase/k1/scraped-urls"


def item(status: str | None, **more: Any) -> dict[str, Any]:
    return {"_id": "i1", "fileName": "faq.pdf", "processingStatus": status, **more}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (None, PartState.READY),
        ("", PartState.READY),
        ("Completed", PartState.READY),
        ("done", PartState.READY),
        ("queued", PartState.PROCESSING),
        ("FAILED", PartState.FAILED),
        ("errored", PartState.FAILED),
    ],
)
@pytest.mark.parametrize("container", ["urls", "scrapedUrls"])
async def test_a_part_is_ready_failed_or_still_on_its_way(status: str | None, state: PartState, container: str) -> None:
    page = {"_id": "p1", "url": "https://acme.example", "status": status}
    async with scripted({ITEMS: {"items": [item(status, size=3)]}, PAGES: {container: [page]}}) as (account, _):
        assert await account.knowledge.read_parts("k1") == [
            Part("i1", "faq.pdf", state, 3),
            Part("p1", "https://acme.example", state, is_page=True),
        ]
        if state is PartState.FAILED:
            with pytest.raises(ProcessingFailedError) as caught:
                await account.knowledge.is_ready("k1")
            assert caught.value.summary == "the platform could not use the file faq.pdf"
            assert caught.value.code == "processing_failed"
        else:
            assert await account.knowledge.is_ready("k1") is (state is PartState.READY)


async def test_a_part_that_failed_is_told_while_others_are_on_their_way() -> None:
    items = [item("queued"), item("failed", metadata={"error": "no text"})]
    async with scripted({ITEMS: items, PAGES: []}) as (account, _):
        with pytest.raises(ProcessingFailedError, match=r"the file faq\.pdf: no text"):
            await account.knowledge.is_ready("k1")


async def test_an_item_has_its_files_name_or_its_title() -> None:
    rows = [{"_id": "i1", "title": "A title"}, {"_id": "i2", "fileName": "b.pdf", "title": "B"}, {"_id": "i3"}]
    async with scripted({ITEMS: {"items": rows}, PAGES: []}) as (account, _):
        parts = await account.knowledge.read_parts("k1")
    assert [part.name for part in parts] == ["A title", "b.pdf", ""]


@pytest.mark.parametrize("error", [None, {"code": 3}, 7])
async def test_a_reason_that_is_no_text_is_left_out(error: Any) -> None:
    async with scripted({ITEMS: [item("failed", metadata={"error": error})], PAGES: []}) as (account, _):
        [part] = await account.knowledge.read_parts("k1")
    assert (part.state, part.reason) == (PartState.FAILED, None)


async def test_what_is_gone_already_is_no_error_to_delete() -> None:
    gone = refused(404, "not found")
    script = {
        "DELETE /tool/x": gone,
        "DELETE /webhook/x": gone,
        "DELETE /knowledgebase/x": gone,
        "DELETE /knowledgebase/x/items/i1": gone,
    }
    async with scripted(script) as (account, platform):
        await account.tools.delete("x")
        await account.webhooks.delete("x")
        await account.knowledge.delete("x")
        await account.knowledge.remove_part("x", Part("i1", "faq.pdf", PartState.READY))
    assert platform.requests == list(script)


HOOK = {
    "_id": "w1",
    "url": "https://crm.example.com",
    "description": None,
    "subscriptions": [
        {"agentId": {"_id": "a1"}, "eventType": "post-conversation"},
        {"agentId": "a2", "eventType": "post-conversation"},
        {"agentId": "a1", "eventType": "analytics-completed"},
    ],
}


@pytest.mark.parametrize("answer", [[HOOK], {"webhooks": [HOOK]}])
async def test_a_webhook_without_a_description_is_called_by_its_address(answer: Any) -> None:
    async with scripted({"GET /webhook": answer}) as (account, _):
        [found] = await account.webhooks.list()
        assert await account.webhooks.is_ready("w1")
    assert (found.name, found.description) == ("https://crm.example.com", "")
    events = {"a1": ["analytics-completed", "post-conversation"], "a2": ["post-conversation"]}
    assert found.content == {"endpoint": "https://crm.example.com", "events": events}


@pytest.mark.parametrize(
    "answer",
    [
        {**HOOK, "decryptedSecretKey": "s1"},
        [{**HOOK, "decryptedSecretKey": "s1"}, {**HOOK, "decryptedSecretKey": "s2"}],
    ],
)
async def test_a_secret_is_read_from_one_webhook_or_the_first_of_a_list(answer: Any) -> None:
    async with scripted({"GET /webhook": answer}) as (account, platform):
        assert await account.webhooks.read_secret("w1") == "s1"
    assert platform.asked[0].query == {"webhookId": "w1"}


async def test_a_secret_that_is_not_told_is_looked_up_elsewhere() -> None:
    async with scripted({"GET /webhook": (HOOK, [])}) as (account, _):
        with pytest.raises(PlatformError, match="did not say the webhook's signing secret") as caught:
            await account.webhooks.read_secret("w1")
        assert caught.value.hint == "look it up in the console"
        with pytest.raises(PlatformError, match="the whole"):
            await account.webhooks.read_secret("w1")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"status": True, "data": [{"toolId": "t1"}]}, ["t1"]),
        ({"success": True, "data": {"tools": [{"toolId": "t1"}]}}, ["t1"]),
        ({"tools": [{"toolId": "t1"}]}, ["t1"]),
        ({"status": "ok", "tools": [{"toolId": "t1"}]}, ["t1"]),
        ([{"toolId": "t1"}], ["t1"]),
        ({"status": True}, []),
    ],
)
async def test_an_answer_carries_its_data_in_an_envelope_or_without(body: Any, found: list[str]) -> None:
    async with scripted({"GET /tool": Whole(body)}) as (account, _):
        assert [tool.resource_id for tool in await account.tools.list()] == found


@pytest.mark.parametrize("verdict", [{"status": False}, {"success": False}])
async def test_an_envelope_that_says_no_is_an_error_whatever_its_status(verdict: dict[str, bool]) -> None:
    script = {request: Whole({**verdict, "errors": ["not today"]}) for request in ("GET /tool", "PATCH /tool/t1")}
    async with scripted(script) as (account, _):
        with pytest.raises(PlatformError, match="not today") as reading:
            await account.tools.list()
        with pytest.raises(PlatformError, match="not today") as writing:
            await account.tools.update("t1", {})
    assert (reading.value.request, writing.value.request) == ("GET /atoms/v1/tool", "PATCH /atoms/v1/tool/t1")
