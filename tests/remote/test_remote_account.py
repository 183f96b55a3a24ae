"""Agents and the account's facts, as the platform may put them: in pages or at once, nested or flat, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from scripted_account import Asked, Whole, refused, scripted

from agentops.account import PhoneNumber, Voice
from agentops.document import Generation, Note, NoteKind
from agentops.errors import PlatformError, UnavailableError
from agentops.net import NetOptions, Tiers

SORTED = {"offset": "100", "sortField": "createdAt", "sortOrder": "asc"}


def rows(*numbers: int) -> list[dict[str, Any]]:
    return [{"_id": f"a{number}", "name": f"Agent {number}"} for number in numbers]


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize("pages", [1, 2, 3])
async def test_as_many_pages_of_agents_are_read_as_there_are(pages: int, archived: bool) -> None:
    def page(asked: Asked) -> Any:
        number = int(asked.query["page"])
        return {"agents": rows(2 * number - 1, 2 * number), "totalPages": pages}

    async with scripted({"GET /agent": page, "GET /user/subscription": {}}) as (account, platform):
        found = await account.list_agents(archived=archived)
    assert [each.agent_id for each in found] == [f"a{number}" for number in range(1, 2 * pages + 1)]
    listed = [each.query for each in platform.asked if each.request == "GET /agent"]
    only = {"archived": "true"} if archived else {}
    assert listed == [{"page": f"{number}", **SORTED, **only} for number in range(1, pages + 1)]


@pytest.mark.parametrize(("agents", "requests"), [(99, 1), (100, 2), (103, 2), (203, 3)])
@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize("said", [None, "many"])
async def test_without_a_number_of_pages_they_are_read_up_to_one_that_is_not_full(
    agents: int, requests: int, archived: bool, said: str | None
) -> None:
    def page(asked: Asked) -> Any:
        start = (int(asked.query["page"]) - 1) * 100
        found = rows(*range(start, min(agents, start + 100)))
        return {"agents": found, "totalPages": said} if said else found

    async with scripted({"GET /agent": page, "GET /user/subscription": {}}) as (account, platform):
        found = await account.list_agents(archived=archived)
    assert [each.agent_id for each in found] == [f"a{number}" for number in range(agents)]
    assert platform.requests.count("GET /agent") == requests
    assert {each.query.get("archived") for each in platform.asked if each.request == "GET /agent"} == {
        "true" if archived else None
    }


async def test_a_listing_that_claims_to_have_no_end_is_read_until_it_ends() -> None:
    script = {"GET /agent": lambda asked: {"agents": [], "totalPages": 10**9}}
    async with scripted(script) as (account, platform):
        assert await account.list_agents() == []
    assert platform.requests.count("GET /agent") == 1


async def test_a_platform_that_ignores_the_page_gives_one() -> None:
    script = {"GET /agent": rows(*range(100)), "GET /user/subscription": {}}
    async with scripted(script) as (account, platform):
        assert len(await account.list_agents()) == 100
    assert platform.requests.count("GET /agent") == 2


async def test_a_refusal_in_an_answer_that_says_200_quotes_no_key() -> None:
    body = {"status": False, "errors": ["key sk_test refused"]}
    async with scripted({"GET /agent": Whole(body, headers={"x-request-id": "rid-sk_test"})}) as (account, _):
        with pytest.raises(PlatformError) as told:
            await account.list_agents()
    assert told.value.summary.endswith("key *** refused")
    assert told.value.request_id == "rid-***"


async def test_an_agent_that_moves_to_the_next_page_meanwhile_is_listed_once() -> None:
    pages = {"1": rows(1, 2), "2": [{"_id": "a2", "name": "Renamed"}, *rows(3)]}
    script = {"GET /agent": lambda asked: {"agents": pages[asked.query["page"]], "totalPages": 2}}
    async with scripted({**script, "GET /user/subscription": {}}) as (account, _):
        assert [each.name for each in await account.list_agents()] == ["Agent 1", "Renamed", "Agent 3"]


STORED = {
    "_id": "a1",
    "name": "Acme",
    "description": "A line [ao uncalled since 7]",
    "allowInboundCall": False,
    "telephonyProductId": ["of another agent by now"],
    "phoneNumber": ["+14155550100"],
    "archived": True,
    "activeVersionId": None,
    "versionId": "v1",
    "updatedAt": "2026-11-20T10:00:00Z",
    "workflowType": "single_prompt",
}
NUMBERS = {
    "telephonyProducts": [
        {"_id": "p1", "agentId": "a1", "phoneNumber": "+14155550100"},
        {"_id": "p2", "agentId": "a2", "attributes": {"phoneNumber": "+14155550101"}},
    ],
    "customProducts": [{"_id": "p3", "agentId": "a1"}],
}


@pytest.mark.parametrize("shown", [STORED, {"agent": STORED}], ids=["flat", "nested"])
async def test_an_agents_row_is_read_into_our_words(shown: Any) -> None:
    async with scripted({"GET /agent/a1": shown, "GET /product/all-numbers": NUMBERS}) as (account, _):
        listing = await account.read_listing("a1")
    assert (listing.agent_id, listing.name, listing.is_archived) == ("a1", "Acme", True)
    assert listing.metadata == {
        "description": "A line",
        "allowInboundCall": False,
        "telephonyProductId": ["p1", "p3"],
    }
    assert listing.note == Note(NoteKind.UNCALLED, "7")
    assert (listing.active_revision_id, listing.workflow_type) == ("v1", "single_prompt")
    assert listing.updated_at == "2026-11-20T10:00:00Z"


async def test_numbers_are_asked_for_only_where_an_agent_has_one() -> None:
    bare = {"_id": "a1", "name": "Acme", "description": None, "activeVersionId": "v2", "versionId": "v1"}
    script = {
        "GET /agent/a1": bare,
        "GET /agent": ([bare], [bare, {**STORED, "_id": "a2"}]),
        "GET /product/all-numbers": NUMBERS,
    }
    async with scripted(script) as (account, platform):
        alone = await account.read_listing("a1")
        assert (alone.metadata, alone.note, alone.is_archived) == ({}, None, False)
        assert alone.active_revision_id == "v2"
        assert await account.list_agents() == [alone]
        assert "GET /product/all-numbers" not in platform.requests
        _, other = await account.list_agents()
    assert other.metadata["telephonyProductId"] == ["p2"]


async def test_a_plain_list_of_numbers_is_read_once() -> None:
    async with scripted({"GET /product/all-numbers": [{"_id": "p1", "phoneNumber": "+14155550100"}]}) as (account, _):
        assert [each.product_id for each in await account.list_phone_numbers()] == ["p1"]


async def test_both_lists_of_numbers_are_read() -> None:
    async with scripted({"GET /product/all-numbers": NUMBERS}) as (account, _):
        assert await account.list_phone_numbers() == [
            PhoneNumber("p1", "+14155550100", "a1"),
            PhoneNumber("p2", "+14155550101", "a2"),
            PhoneNumber("p3", "", "a1"),
        ]


@pytest.mark.parametrize(
    ("archived", "answer", "is_refused"),
    [
        (True, refused(409, "The agent is already archived"), False),
        (False, refused(409, "The agent is already active"), False),
        (True, refused(409, "The agent is already active"), True),
        (False, refused(409, "The agent is already archived"), True),
        (True, refused(409, "The agent is associated with the Renewals campaign"), True),
        (True, Whole({"error_type": "publish_in_progress", "message": "already archived"}, 409), True),
        (True, Whole({"status": False, "errors": ["no"]}), True),
    ],
)
async def test_only_that_it_is_so_already_is_no_error_of_archiving(
    archived: bool, answer: Whole, is_refused: bool
) -> None:
    async with scripted({"DELETE /agent/a1/archive": answer}) as (account, platform):
        if is_refused:
            with pytest.raises(PlatformError):
                await account.archive_agent("a1", archived=archived)
        else:
            await account.archive_agent("a1", archived=archived)
    assert [each.query for each in platform.asked] == [{"on": "true" if archived else "false"}]


async def test_an_agent_is_archived_unless_the_contrary_is_asked_for() -> None:
    async with scripted({"DELETE /agent/a1/archive": None}) as (account, platform):
        await account.archive_agent("a1")
    assert platform.asked[0].query == {"on": "true"}


CATALOG = [
    {
        "voiceId": "nyah",
        "displayName": "Nyah",
        "tags": {"language": ["en", "es"], "gender": "female", "accent": "american"},
        "modelIds": ["m1", "m2"],
    },
    {"voiceId": "daniel", "tags": {"language": [], "gender": "", "accent": ""}, "language": "en"},
    {"voiceId": "old", "tags": ["english"], "language": "de"},
    {"voiceId": "bare"},
]


@pytest.mark.parametrize("clones", [{"data": [{"voiceId": "voice_1"}]}, {"voices": [{"voiceId": "voice_1"}]}])
async def test_voices_of_the_catalog_and_the_accounts_own(clones: Any) -> None:
    script = {
        "GET /waves/v1/lightning-v3.1/get_voices": Whole({"voices": CATALOG}),
        "GET /waves/v1/voice-cloning": Whole(clones),
    }
    async with scripted(script) as (account, _):
        assert await account.list_voices() == [
            Voice("nyah", "Nyah", ("en", "es"), "female", "american", models=("m1", "m2")),
            Voice("daniel", "daniel", ("en",)),
            Voice("old", "old", ("de",)),
            Voice("bare", "bare"),
            Voice("voice_1", "voice_1", is_cloned=True),
        ]


@pytest.mark.parametrize("status", [403, 404])
async def test_an_account_that_may_not_clone_has_no_clones(status: int) -> None:
    script = {
        "GET /waves/v1/lightning-v3.1/get_voices": Whole({"voices": CATALOG[:1]}),
        "GET /waves/v1/voice-cloning": (refused(status, "not available for your plan"), Whole("upstream", 502)),
    }
    async with scripted(script) as (account, _):
        assert [each.voice_id for each in await account.list_voices()] == ["nyah"]
        with pytest.raises(UnavailableError):
            await account.list_voices()


async def test_ids_of_knowledge_bases_are_those_that_have_one() -> None:
    async with scripted({"GET /knowledgebase": [{"_id": "k1"}, {"name": "Half made"}, {"_id": "k2"}]}) as (account, _):
        assert list(await account.list_knowledge_base_ids()) == ["k1", "k2"]


# ---- how fast an account may be asked


TIERS = NetOptions(requests_per_second=Tiers(start=1, highest=1000))
PAYS, FREE, SILENT = {"limits": {"agents": 4}}, {"limits": {"agents": 3}}, {"limits": {"agents": "many"}}


async def seconds_for_twenty(account: Any, platform: Any) -> float:
    before = platform.clock.elapsed_s
    for _ in range(20):
        await account.tools.list()
    return float(platform.clock.elapsed_s - before)


@pytest.mark.parametrize(
    ("agents", "archived", "subscription", "is_fast", "asked"),
    [
        (3, False, PAYS, False, 0),
        (4, False, PAYS, True, 1),
        (4, False, FREE, False, 1),
        (4, False, SILENT, True, 1),
        (4, False, "none", True, 1),
        (4, False, refused(403, "no"), True, 1),
        (4, True, PAYS, False, 0),
    ],
)
async def test_who_has_more_agents_than_the_free_plan_allows_is_asked_faster(
    agents: int, archived: bool, subscription: Any, is_fast: bool, asked: int
) -> None:
    script = {
        "GET /agent": {"agents": rows(*range(agents)), "totalPages": 1},
        "GET /user/subscription": subscription,
        "GET /tool": [],
    }
    async with scripted(script, options=TIERS) as (account, platform):
        assert len(await account.list_agents(archived=archived)) == agents
        await account.list_agents(archived=archived)
        assert platform.requests.count("GET /user/subscription") == asked, "once, however often agents are listed"
        assert (await seconds_for_twenty(account, platform) < 5) is is_fast


@pytest.mark.parametrize(
    ("subscription", "most", "is_fast"),
    [(PAYS, 4, True), (FREE, 3, False), (SILENT, None, False), ({"limits": None}, None, False), ([], None, False)],
)
async def test_the_plan_says_how_many_agents_and_how_fast(subscription: Any, most: int | None, is_fast: bool) -> None:
    async with scripted({"GET /user/subscription": subscription, "GET /tool": []}, options=TIERS) as (
        account,
        platform,
    ):
        assert (await account.read_account_limits()).max_agents == most
        assert (await seconds_for_twenty(account, platform) < 5) is is_fast


# ---- which generation answers


BRANCHES_OF_NOBODY = "GET /agent/000000000000000000000000/branches"


@pytest.mark.parametrize(
    ("answer", "generation"),
    [
        ([], Generation.V2),
        (refused(404, "Agent not found"), Generation.V2),
        (refused(400, "not an id"), Generation.V2),
        (refused(409, "not yet"), Generation.V2),
        (Whole(b"<html><body>Cannot GET</body></html>", 404), Generation.V1),
    ],
)
async def test_the_generation_is_told_by_how_the_route_of_branches_answers(answer: Any, generation: Generation) -> None:
    async with scripted({BRANCHES_OF_NOBODY: answer}, generation=None) as (account, platform):
        assert account.generation is generation
        assert account.base_url == "http://platform.test"
    assert platform.requests == [BRANCHES_OF_NOBODY]


async def test_an_account_that_forbids_looking_is_not_opened() -> None:
    with pytest.raises(PlatformError) as caught:
        async with scripted({BRANCHES_OF_NOBODY: refused(403, "no")}, generation=None):
            pytest.fail("it was opened")
    assert caught.value.status == 403
