"""The part of an account that dials, as the platform may answer: in pages, in nested rows, or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from scripted_account import Asked, refused, scripted

from agentops.errors import PlatformError
from agentops.remote.port import StoredAudience, StoredCampaign, Writer

MORE, LAST = {"hasMore": True}, {"hasMore": False}
PEOPLE = {"_id": "x1", "name": "People", "description": "ao1", "memberCount": 3, "hasCampaigns": True}
READ = {
    "_id": "c1",
    "name": "Renewals",
    "status": "draft",
    "description": "ao1",
    "createdAt": "2026-11-20T10:00:00Z",
    "scheduledAt": "2026-11-21T10:00:00Z",
    "agent": {"_id": "a1"},
    "audience": {"_id": "x1"},
    "agentId": "another",
    "audienceId": "another",
}
FLAT = {"_id": "c2", "name": "Flat", "status": "running", "agentId": "a2", "audienceId": "x2"}


async def test_audiences_say_who_uses_them_where_the_platform_does() -> None:
    async with scripted({"GET /audience": [PEOPLE, {"_id": "x2"}]}) as (account, _):
        assert await account.list_audiences() == [
            StoredAudience("x1", "People", "ao1", 3, True),
            StoredAudience("x2", "", "", None, None),
        ]


async def test_an_audience_is_known_by_what_its_creation_answers() -> None:
    async with scripted({"POST /audience": (PEOPLE, refused(200, "no"))}) as (account, _):
        made = await account.create_audience("People", description="ao1", phone_column="phone", csv=b"")
        assert made == StoredAudience("x1", "People", "ao1", 3, True)
        with pytest.raises(PlatformError, match="no"):
            await account.create_audience("People", description="ao1", phone_column="phone", csv=b"")


WHOLE = StoredCampaign(
    "c1", "Renewals", "draft", "ao1", "2026-11-20T10:00:00Z", "a1", "x1", None, "2026-11-21T10:00:00Z"
)


async def test_campaigns_are_read_page_by_page_with_nested_ids_and_flat_ones() -> None:
    pages = ({"campaigns": [READ], "pagination": MORE}, {"campaigns": [FLAT], "pagination": LAST})
    async with scripted({"GET /campaign": pages}) as (account, platform):
        assert await account.list_campaigns() == [
            WHOLE,
            StoredCampaign("c2", "Flat", "running", None, None, "a2", "x2"),
        ]
    assert [each.query for each in platform.asked] == [{"page": "1", "offset": "100"}, {"page": "2", "offset": "100"}]


@pytest.mark.parametrize(
    ("shown", "people"),
    [
        (READ, None),
        ({"campaign": READ, "metrics": {"total_participants": 7}}, 7),
        ({"campaign": READ, "metrics": [7]}, None),
    ],
)
async def test_how_many_people_a_campaign_calls_stands_beside_it(shown: Any, people: int | None) -> None:
    async with scripted({"GET /campaign/c1": shown}) as (account, _):
        found = await account.read_campaign("c1")
    assert (found.campaign_id, found.agent_id, found.people) == ("c1", "a1", people)


LISTS: list[tuple[str, str, Any, Callable[[Writer], Awaitable[Any]], dict[str, str]]] = [
    ("GET /campaign", "campaigns", FLAT, lambda a: a.list_campaigns(), {"offset": "100"}),
    (
        "GET /conversation",
        "logs",
        {"callId": "1"},
        lambda a: a.list_campaign_calls("c1"),
        {"limit": "500", "campaignIds": "c1", "callAttemptFilter": "all"},
    ),
    ("GET /dnc", "entries", {"phoneNumber": "1"}, lambda a: a.list_not_to_call(), {"offset": "500"}),
]


@pytest.mark.parametrize(("request_", "container", "row", "read", "query"), LISTS, ids=[each[0] for each in LISTS])
@pytest.mark.parametrize(
    ("paginations", "pages"),
    [([MORE, MORE, LAST], 3), ([LAST], 1), ([None], 1), ([{}], 1), ([{"hasMore": "yes"}], 1), ([True], 1)],
)
async def test_a_list_ends_where_the_platform_does_not_say_that_there_is_more(
    request_: str,
    container: str,
    row: dict[str, str],
    read: Callable[[Writer], Awaitable[Any]],
    query: dict[str, str],
    paginations: list[Any],
    pages: int,
) -> None:
    def page(asked: Asked) -> Any:
        number = int(asked.query["page"])
        return {container: [{**row, **dict.fromkeys(row, f"{number}")}], "pagination": paginations[number - 1]}

    async with scripted({request_: page}) as (account, platform):
        assert len(await read(account)) == pages
    assert [each.query for each in platform.asked] == [{**query, "page": f"{n}"} for n in range(1, pages + 1)]


@pytest.mark.parametrize(("request_", "container", "row", "read", "query"), LISTS, ids=[each[0] for each in LISTS])
async def test_a_list_ends_with_an_empty_page_and_with_rows_alone(
    request_: str, container: str, row: Any, read: Callable[[Writer], Awaitable[Any]], query: Any
) -> None:
    async with scripted({request_: {container: [], "pagination": MORE}}) as (account, platform):
        assert len(await read(account)) == 0
        platform.script = {request_: [row]}
        assert len(await read(account)) == 1
    assert len(platform.asked) == 2


async def test_people_of_a_campaign_are_exported_as_json() -> None:
    path = "GET /campaign/c1/export/by-audience-member"
    async with scripted({path: [{"phone": "+1415"}]}) as (account, platform):
        assert await account.export_members("c1") == [{"phone": "+1415"}]
    assert platform.asked[0].query == {"format": "json"}


async def test_numbers_that_must_not_be_called() -> None:
    entries = {"entries": [{"phoneNumber": "+14155550100"}, {"phoneNumber": "+14155550101"}]}
    async with scripted({"GET /dnc": entries}) as (account, _):
        assert await account.list_not_to_call() == {"+14155550100", "+14155550101"}


@pytest.mark.parametrize(
    ("shown", "free"),
    [
        ({"unreservedPool": 3, "agents": [{"agentId": "a1", "outbound": 2}, {"agentId": "a2", "outbound": 9}]}, 5),
        ({"unreservedPool": 0, "agents": [{"agentId": "a1", "outbound": "many"}]}, 0),
        ({"unreservedPool": 3, "agents": None}, 3),
        ({"unreservedPool": 3}, 3),
        ({"unreservedPool": None, "agents": [{"agentId": "a1", "outbound": 2}]}, None),
        ([], None),
    ],
)
async def test_room_for_calls_is_the_agents_own_and_what_is_left_for_all(shown: Any, free: int | None) -> None:
    async with scripted({"GET /concurrency": shown}) as (account, _):
        assert await account.read_free_slots("a1") == free


@pytest.mark.parametrize(
    ("shown", "left"),
    [
        ({"creditBalance": 12}, 12.0),
        ({"creditBalance": 0.5, "isEnterprise": False}, 0.5),
        ({"creditBalance": 12, "isEnterprise": True}, None),
        ({"creditBalance": "12"}, None),
        ({}, None),
        ([12], None),
    ],
)
async def test_credits_are_known_where_the_account_says_and_needs_them(shown: Any, left: float | None) -> None:
    async with scripted({"GET /payment/v1/credits/balance": shown}) as (account, _):
        assert await account.read_credits() == left
