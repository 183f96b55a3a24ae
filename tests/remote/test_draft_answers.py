"""The older versioning where the platform's answers leave something out, contradict each other, or come too late."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from scripted_account import Platform, refused, scripted

from agentops.document import (
    AgentListing,
    Document,
    Draft,
    Generation,
    Mark,
    ObservedAgent,
    Revision,
    ScanState,
    build_label,
)
from agentops.errors import PlatformError
from agentops.remote.port import Head, Publication, Slot, Writer

LISTING = AgentListing("a1", "Acme", {})
SERVING = ObservedAgent(LISTING, live=Revision("v2"))
MINE = ("acme", "prod")
OURS = build_label("abc1234", Mark("acme", "prod", "support", "0123456789abcdef"))
AGENT, VERSIONS, DRAFTS = "GET /agent/a1", "GET /agent/a1/versions", "GET /agent/a1/drafts"
DIFF = "GET /agent/a1/drafts/d1/diff"
LEAVES = {"diffs": [{"section": "call_handling", "changes": [{"path": "firstMessage", "newValue": "New"}]}]}
NO_DRAFT: dict[str, Any] = {"drafts": []}


def opened(script: dict[str, Any]) -> AbstractAsyncContextManager[tuple[Writer, Platform]]:
    return scripted(script, Generation.V1)


def agent(active: str | None) -> dict[str, Any]:
    return {"_id": "a1", "name": "Acme", "activeVersionId": active}


def version(version_id: str, number: int = 1, **more: Any) -> dict[str, Any]:
    return {"_id": version_id, "versionNumber": number, **more}


def shown(version_id: str, greeting: str = "Hi", **more: Any) -> dict[str, Any]:
    return {"version": {"_id": version_id, **more}, "resolvedConfig": {"firstMessage": greeting}}


def at(version_id: str) -> str:
    return f"GET /agent/a1/versions/{version_id}"


# ---- what serves


async def test_the_active_row_serves_whatever_the_agent_says() -> None:
    rows = [version("v1", 1), version("v2", 2, isActive=True), version("v3", 3, status="archived")]
    script = {VERSIONS: {"versions": rows}, at("v2"): shown("v2", "Two"), DRAFTS: NO_DRAFT}
    async with opened(script) as (account, platform):
        observed = await account.read_agent(LISTING)
    assert observed.live is not None
    assert (observed.live.revision_id, observed.live.document) == ("v2", {"firstMessage": "Two"})
    assert (observed.base, observed.history, observed.draft) == (None, (), None)
    assert platform.requests == [VERSIONS, at("v2"), DRAFTS]


async def test_where_no_row_says_it_the_agent_does() -> None:
    script = {
        VERSIONS: {"versions": [version("v1")]},
        AGENT: (agent("v1"), agent(None)),
        at("v1"): {**shown("v1", versionNumber=7), "resolvedConfig": None},
        DRAFTS: NO_DRAFT,
    }
    async with opened(script) as (account, _):
        live = (await account.read_agent(LISTING)).live
        nothing = await account.read_agent(LISTING, mine=MINE)
    assert live is not None
    assert (live.revision_id, live.number, live.document) == ("v1", 7, {})
    assert (nothing.live, nothing.base, nothing.history) == (None, None, ())


async def test_an_answer_that_is_no_version_is_refused_by_its_request() -> None:
    async with opened({at("v1"): []}) as (account, _):
        with pytest.raises(PlatformError, match="does not know") as caught:
            await account.read_revision("a1", "v1")
    assert caught.value.request == at("v1")


LIVE_OURS, LIVE_THEIRS = {"label": OURS, "activatedAt": "2026-11-20"}, {"label": "by hand", "activatedAt": "2026-11-20"}


@pytest.mark.parametrize(
    ("rows", "live", "base", "history"),
    [
        ([version("v2", 2, **LIVE_OURS), version("v1", 1)], LIVE_OURS, "v2", []),
        ([version("v3", 3), version("v2", 2, **LIVE_OURS)], LIVE_OURS, "v2", ["v3", "v2"]),
        ([version("v2", 2, **LIVE_THEIRS), version("v1", 1, **LIVE_OURS)], LIVE_THEIRS, "v1", ["v2", "v1"]),
        # published by us and never put live: not what we last put live
        ([version("v2", 2, **LIVE_THEIRS), version("v1", 1, label=OURS)], LIVE_THEIRS, None, ["v2", "v1"]),
        ([version("v2", 2, **LIVE_THEIRS)], LIVE_THEIRS, None, ["v2"]),
        ([], LIVE_OURS, "v2", []),
    ],
    ids=["ours", "ours, not the newest", "theirs after ours", "ours never served", "theirs", "no list"],
)
async def test_what_we_last_put_live_and_the_history_where_it_is_needed(
    rows: Any, live: Any, base: str | None, history: list[str]
) -> None:
    script = {
        VERSIONS: {"versions": rows},
        AGENT: agent("v2"),
        at("v2"): shown("v2", "Two", versionNumber=2, **live),
        at("v1"): shown("v1", "One", **LIVE_OURS),
        DRAFTS: NO_DRAFT,
    }
    async with opened(script) as (account, platform):
        observed = await account.read_agent(LISTING, mine=MINE)
        assert (await account.read_agent(LISTING)).base is None
    assert (observed.base.revision_id if observed.base else None) == base
    assert observed.base is None or observed.base.document is not None
    if not rows:
        assert observed.history == (), "what is not listed can not be shown"
    assert [each.revision_id for each in observed.history] == history
    assert platform.requests.count(at("v1")) == (1 if base == "v1" else 0)


async def test_what_serves_was_restored_so_the_history_is_needed() -> None:
    restored = {**LIVE_OURS, "restoredFromRevisionId": "v1"}
    script = {
        VERSIONS: {"versions": [version("v2", 2, isActive=True, **restored), version("v1", 1)]},
        at("v2"): shown("v2", **restored),
        DRAFTS: NO_DRAFT,
    }
    async with opened(script) as (account, _):
        observed = await account.read_agent(LISTING, mine=MINE)
    assert [each.revision_id for each in observed.history] == ["v2", "v1"]


async def test_the_head_is_what_the_agent_says_and_whether_a_draft_of_ours_is_open() -> None:
    ours = {"drafts": [{"_id": "r1", "draftId": "d1", "draftName": "agentops main"}]}
    theirs = {"drafts": [{"_id": "r1", "draftId": "d1", "draftName": "by hand"}, {"_id": "r2"}]}
    async with opened({AGENT: (agent("v1"), agent(None)), DRAFTS: (ours, theirs)}) as (account, _):
        assert await account.read_head("a1") == Head("v1", has_draft=True)
        assert await account.read_head("a1") == Head(None, has_draft=False)
        assert await account.read_live("a1") is None


async def test_what_serves_is_read_with_its_document() -> None:
    async with opened({AGENT: agent("v1"), DRAFTS: NO_DRAFT, at("v1"): shown("v1", "One")}) as (account, _):
        live = await account.read_live("a1")
    assert live is not None
    assert live.document == {"firstMessage": "One"}


async def test_versions_are_listed_by_their_number_and_only_those_that_are_published() -> None:
    rows = [
        {"_id": "v0"},
        version("v1", 1),
        version("v3", 3, status="published", sourceVersionId="v1"),
        version("v2", 2, status="archived"),
    ]
    async with opened({VERSIONS: {"versions": rows}}) as (account, platform):
        found = await account.list_revisions("a1")
    assert [(each.revision_id, each.based_on) for each in found] == [("v3", "v1"), ("v1", None), ("v0", None)]
    assert platform.asked[0].query == {"limit": "20"}


# ---- drafts


OPEN = [
    {"_id": "r0", "draftId": "d0", "draftName": "agentops main", "status": "archived", "updatedAt": "2026-11-29"},
    {"_id": "r1", "draftId": "d1", "draftName": "agentops main", "updatedAt": "2026-11-21", "draftRevision": 3},
    {"_id": "d2", "draftName": "agentops main", "updatedAt": "2026-11-20", "lastEditorName": "Ana"},
    {"_id": "d3", "draftName": "agentops other"},
    {"_id": "d4", "draftName": "by hand", "updatedAt": "2026-11-28"},
]


async def test_the_newest_of_our_open_drafts_is_shown_against_what_serves() -> None:
    script = {
        AGENT: (agent("v2"), agent(None)),
        at("v2"): shown("v2", "Old"),
        DRAFTS: {"drafts": OPEN},
        DIFF: LEAVES,
    }
    async with opened(script) as (account, platform):
        draft = await account.read_draft(SERVING)
        assert draft is not None
        assert (draft.draft_id, draft.draft_revision, draft.document) == ("d1", 3, {"firstMessage": "New"})
        assert [each.after for each in draft.differences or ()] == ["New"]
        await account.read_draft(SERVING)
        await account.diff_draft(SERVING, draft)
        await account.diff_draft(ObservedAgent(LISTING), draft)
    compared = [each.query for each in platform.asked if each.request == DIFF]
    assert compared == [{"compareTo": "v2"}, {}, {"compareTo": "v2"}, {}]


async def test_a_draft_that_is_published_meanwhile_is_none() -> None:
    script = {AGENT: agent(None), DRAFTS: {"drafts": OPEN}, DIFF: refused(404, "no draft")}
    async with opened(script) as (account, _):
        assert await account.read_draft(SERVING) is None


async def test_anybodys_draft_can_be_looked_at_by_its_id() -> None:
    async with opened({DRAFTS: {"drafts": OPEN}}) as (account, _):
        theirs = await account.peek_draft(SERVING, "d4")
        ours = await account.peek_draft(SERVING, "d2")
        assert await account.peek_draft(SERVING, "d0") is None, "it is thrown away"
    assert theirs == Draft("d4", edited_at="2026-11-28")
    assert ours == Draft("d2", editor="Ana", edited_at="2026-11-20")


async def test_a_draft_is_forked_from_what_serves() -> None:
    seen = Draft("d1", draft_revision=3)
    request = "POST /agent/a1/drafts"
    script = {AGENT: agent("v9"), request: {"_id": "r1", "draftId": "d1", "sourceVersionId": "v2"}}
    async with opened(script) as (account, platform):
        assert await account.open_draft(ObservedAgent(LISTING, draft=seen), "main") is seen
        assert platform.requests == []
        assert await account.open_draft(SERVING, "main") == Draft("d1", based_on="v2")
        await account.open_draft(ObservedAgent(LISTING), "main")
    sent = [each.body for each in platform.asked if each.request == request]
    assert sent == [{"sourceVersionId": source, "draftName": "agentops main"} for source in ("v2", "v9")]


async def test_a_write_says_what_the_draft_is_by_then() -> None:
    async with opened({"PATCH /agent/a1/drafts/d1/config": {"_id": "r1", "draftRevision": 5}}) as (account, _):
        written = await account.write_draft(SERVING, Draft("d1", based_on="v2"), {})
    assert written == Draft("d1", draft_revision=5, based_on="v2")


# ---- publishing


async def test_a_slot_tells_what_is_newest_from_what_serves() -> None:
    rows = [version("v3", 3, status="scanning"), version("v2", 2, status="published"), version("v1", 1, isActive=True)]
    answers = ({"versions": rows}, {"versions": rows[:2]}, [])
    async with opened({VERSIONS: answers, AGENT: agent("v2")}) as (account, _):
        slot = await account.read_slot("a1", None)
        assert (slot.newest, slot.serving) == ("v3", "v1")
        assert [each.revision_id for each in slot.revisions] == ["v2", "v1"]
        assert (await account.read_slot("a1", None)).serving == "v2"
        assert await account.read_slot("a1", None) == Slot(None, "v2", ())


async def test_a_publish_knows_its_version_at_once() -> None:
    publication = Publication("a1", "first", "v2", draft_id="d1")
    async with opened({"POST /agent/a1/drafts/d1/publish": version("v3", 3, label="first")}) as (account, _):
        published = await account.publish_draft(publication)
    assert published.revision is not None
    assert (published.revision.revision_id, published.revision.number) == ("v3", 3)


def scanned(status: str) -> dict[str, Any]:
    return {"securityCheck": {"status": status, "reason": "a bad word"}}


@pytest.mark.parametrize(
    ("status", "scan"), [("running", None), ("passed", ScanState.PASSED), ("Rejected", ScanState.FAILED)]
)
async def test_a_publish_is_done_when_its_scan_is(status: str, scan: ScanState | None) -> None:
    publication = Publication("a1", "first", "v2", revision=Revision("v3"))
    async with opened({at("v3"): shown("v3", **scanned(status))}) as (account, _):
        found = await account.read_publication(publication)
    assert (found.scan if found else None) is scan
    assert found is None or found.scan_reason == "a bad word"


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([version("v4", 4), version("v3", 3, label="first"), version("v2", 2)], "v3"),
        ([version("v3", 3, label="another"), version("v2", 2, label="first")], None),
        ([version("v2", 2), version("v1", 1, label="first")], None),
        ([version("v3", 3, label="first", **scanned("queued"))], None),
        ([], None),
    ],
)
async def test_a_publish_whose_answer_was_lost_is_found_by_its_label(rows: Any, found: str | None) -> None:
    async with opened({VERSIONS: {"versions": rows}}) as (account, platform):
        result = await account.read_publication(Publication("a1", "first", "v2", draft_id="d1"))
    assert (result.revision_id if result else None) == found
    assert platform.asked[0].query == {"limit": "20"}


async def test_restoring_activates_the_older_version_and_reads_it() -> None:
    script = {"PATCH /agent/a1/versions/v1/activate": {}, at("v1"): shown("v1", "One")}
    async with opened(script) as (account, platform):
        publication = await account.restore(Publication("a1", restored_from="v1"))
        await account.cancel_publication(publication)
    assert publication.revision is not None
    assert publication.revision.document == {"firstMessage": "One"}
    assert platform.requests == list(script), "and there is nothing to cancel"


async def test_references_mean_nothing_to_accounts_that_have_none() -> None:
    class Naming:
        def to_references(self, document: Document) -> Document:
            return {"named": True}

        to_ids = to_references

    script = {at("v1"): shown("v1", "One"), "PATCH /agent/a1/drafts/d1/config": {"_id": "r1"}}
    async with opened(script) as (account, platform):
        account.refer_by(Naming())
        assert (await account.read_revision("a1", "v1")).document == {"firstMessage": "One"}
        await account.write_draft(SERVING, Draft("d1"), {"firstMessage": "Two"})
    assert platform.asked[-1].body == {"firstMessage": "Two"}
