"""Records of calls: one by its id, the last of an agent, all that a revision served, and those that are going on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from scripted_account import Asked, Whole, refused, scripted

from agentops.clock import Period
from agentops.errors import NotFoundError


def calls(*numbers: int) -> list[dict[str, Any]]:
    return [{"callId": f"c{number}"} for number in numbers]


async def test_a_call_is_read_by_its_id_whatever_is_in_it() -> None:
    async with scripted({"GET /conversation/CALL-1/../x": {"callId": "c"}}) as (account, platform):
        assert await account.read_call("CALL-1/../x") == {"callId": "c"}
        platform.script = {"GET /conversation/c2": ["no", "record"]}
        assert await account.read_call("c2") == {}


async def test_a_call_that_is_not_there_is_named_with_where_to_look() -> None:
    async with scripted({"GET /conversation/c1": refused(404, "conversation not found")}) as (account, _):
        with pytest.raises(NotFoundError) as caught:
            await account.read_call("c1")
    assert caught.value.summary == "there is no call 'c1'"
    assert "agentops calls list" in str(caught.value.hint)


async def test_the_last_calls_are_of_the_kinds_that_are_asked_for() -> None:
    async with scripted({"GET /conversation": {"logs": [*calls(1), "no row"]}}) as (account, platform):
        assert await account.list_last_calls("a1", 20, ("chat", "webcall")) == calls(1)
        assert await account.list_last_calls("a1", 5) == calls(1)
    asked = {"page": "1", "agentIds": "a1"}
    assert [each.query for each in platform.asked] == [
        {**asked, "limit": "20", "callTypes": "chat,webcall"},
        {**asked, "limit": "5"},
    ]


async def test_a_call_is_found_by_its_whole_id() -> None:
    async with scripted({"GET /conversation": {"logs": calls(10, 1)}}) as (account, platform):
        assert await account.find_call_row("c1") == {"callId": "c1"}
        assert await account.find_call_row("c") is None
    assert platform.asked[0].query == {"page": "1", "limit": "500", "search": "c1", "callAttemptFilter": "all"}


async def read(script: Any, period: Period | None = None) -> tuple[list[list[str]], list[Asked]]:
    """The ids of the calls, page by page, and what was asked."""
    async with scripted(script) as (account, platform):
        pages = account.list_calls("a1", "v1", ("chat", "webcall"), *([period] if period else []))
        return [[row["callId"] for row in page] async for page in pages], platform.asked


async def test_calls_of_a_revision_are_read_page_by_page_and_none_twice() -> None:
    """A call that ends meanwhile comes first, so that the last of one page is the first of the next."""
    pages = (
        {"logs": calls(1, 2), "pagination": {"hasMore": True}},
        {"logs": ["no row", *calls(2, 3)], "pagination": {"hasMore": True}},
        {"logs": calls(4), "pagination": {"hasMore": False}},
    )
    found, asked = await read({"GET /conversation": pages})
    assert found == [["c1", "c2"], ["c3"], ["c4"]]
    of_revision = {"agentIds": "a1", "versionFilter": "v1", "callTypes": "chat,webcall", "limit": "500"}
    assert [each.query for each in asked] == [{**of_revision, "page": f"{number}"} for number in (1, 2, 3)]


FULL = calls(*range(500))


@pytest.mark.parametrize(
    ("pages", "sizes"),
    [
        (({"logs": FULL, "pagination": {"hasMore": False}},), [500]),
        (({"logs": [], "pagination": {"hasMore": True}},), [0]),
        (({"logs": FULL}, {"logs": calls(600)}), [500, 1]),
        (({"logs": FULL, "pagination": {"hasMore": "yes"}}, {"logs": []}), [500, 0]),
        ((FULL, calls(600)), [500, 1]),
        (({"logs": FULL[:499]},), [499]),
    ],
    ids=["says it is all", "an empty page", "says nothing", "says no truth value", "rows alone", "one is missing"],
)
async def test_reading_calls_ends(pages: Any, sizes: list[int]) -> None:
    found, asked = await read({"GET /conversation": pages})
    assert [len(page) for page in found] == sizes
    assert len(asked) == len(sizes)


async def test_a_period_is_asked_for_in_utc_to_the_millisecond() -> None:
    madrid = timezone(timedelta(hours=1))
    since, until = datetime(2026, 11, 20, 1, 2, 3, 456789, madrid), datetime(2026, 11, 21, tzinfo=UTC)
    script = {"GET /conversation": {"logs": []}}
    _, [both] = await read(script, Period(since, until))
    assert (both.query["dateFrom"], both.query["dateTo"]) == ("2026-11-20T00:02:03.456Z", "2026-11-21T00:00:00.000Z")
    _, [open_end] = await read(script, Period(since))
    assert "dateTo" not in open_end.query


async def test_of_a_call_that_goes_on_only_events_are_told() -> None:
    frames = (
        b': keep-alive\nevent: x\ndata: {"event": "tool", "text": "a\x01b"}\n\ndata: [DONE]\ndata: [1]\ndata:{"n": 2}\n'
    )
    async with scripted({"GET /events": Whole(frames)}) as (account, platform):
        found = [event async for event in account.watch_call("c1")]
    assert found == [{"event": "tool", "text": "a\x01b"}, {"n": 2}]
    assert platform.asked[0].query == {"callId": "c1"}


@pytest.mark.parametrize("answer", [None, {}, {"access_token": 7}, "token"])
async def test_without_a_token_there_is_no_call(answer: Any) -> None:
    async with scripted({"POST /conversation/register-call": answer}) as (account, _):
        with pytest.raises(NotFoundError, match="no call token") as caught:
            await account.register_call("a1", mode="chat", variables={})
    assert "can be called from the console" in str(caught.value.hint)


async def test_a_token_opens_a_call() -> None:
    async with scripted({"POST /conversation/register-call": {"access_token": "once"}}) as (account, _):
        assert await account.register_call("a1", mode="chat", variables={}) == "once"
