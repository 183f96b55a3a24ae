"""The branch model where the platform's answers leave something out, contradict each other, or come too late."""

from __future__ import annotations

from typing import Any

import pytest
from scripted_account import Asked, refused, scripted

from agentops.document import AgentListing, Draft, LeafDifference, Mark, ObservedAgent, Revision, ScanState, build_label
from agentops.errors import NotFoundError, PlatformError
from agentops.remote.port import Head, Publication, Slot

LISTING = AgentListing("a1", "Acme", {})
ON_MAIN = ObservedAgent(LISTING, live=Revision("v2", branch_id="b1"), branch_id="b1")
MINE = ("acme", "prod")
OURS = build_label("abc1234", Mark("acme", "prod", "support", "0123456789abcdef"))
LIST, DRAFT, DIFF = "GET /agent/a1/branches", "GET /agent/a1/branches/b1/draft", "GET /agent/a1/diff"
REVISIONS = "GET /agent/a1/branches/b1/revisions"
NONE_OPEN = refused(404, "no open draft")


def branch(branch_id: str = "b1", *, head: str | None = "v2", **more: Any) -> dict[str, Any]:
    """A row of the list of branches; `open_id` stands in the branch itself."""
    inner = {"_id": branch_id, "name": "Main", "headRevisionId": head, "openDraftId": more.pop("open_id", None)}
    return {"branch": {**inner, "isDefault": more.pop("default", None)}, "isLive": True, **more}


def revision(revision_id: str, greeting: str = "Hi", **more: Any) -> dict[str, Any]:
    return {"revision": {"_id": revision_id, **more}, "resolvedConfig": {"firstMessage": greeting}}


def at(revision_id: str, branch_id: str = "b1") -> str:
    return f"GET /agent/a1/branches/{branch_id}/revisions/{revision_id}"


# ---- what serves


async def test_an_agent_without_branches_has_nothing_to_look_at() -> None:
    async with scripted({LIST: []}) as (account, platform):
        assert await account.read_agent(LISTING, mine=MINE) == ObservedAgent(LISTING)
        assert platform.requests == [LIST]
        assert await account.read_head("a1") == Head()
        assert await account.read_live("a1") is None


async def test_a_branch_on_which_nothing_was_published_serves_nothing() -> None:
    async with scripted({LIST: [branch(head=None)]}) as (account, platform):
        observed = await account.read_agent(LISTING, mine=MINE)
        assert (observed.live, observed.base, observed.history, observed.draft) == (None, None, (), None)
        assert observed.branch_id == "b1"
        assert platform.requests == [LIST]
        assert await account.read_live("a1") is None


@pytest.mark.parametrize(
    ("rows", "head"),
    [
        ([branch("b1", isLive=None), branch("b2", default=True, isLive=None)], "b2"),
        ([branch("b1", default=True, isLive=False), branch("b2")], "b2"),
        ([branch("b1", isLive=False), branch("b2", isLive=False)], None),
    ],
    ids=["no row says it", "another than the default one", "neither"],
)
async def test_the_branch_that_serves_is_the_live_one_or_else_the_default(rows: Any, head: str | None) -> None:
    async with scripted({LIST: rows}) as (account, _):
        assert (await account.read_head("a1")).branch_id == head


@pytest.mark.parametrize(
    ("said", "is_open"), [({"hasOpenDraft": True}, True), ({"open_id": "d1"}, True), ({"hasOpenDraft": False}, False)]
)
async def test_an_open_draft_is_told_by_either_of_two_fields(said: Any, is_open: bool) -> None:
    script = {
        LIST: [branch(headRevisionNumber=7, **said)],
        at("v2"): revision("v2"),
        DRAFT: {"latest": {"_id": "r1", "draftId": "d1"}},
        DIFF: {},
    }
    async with scripted(script) as (account, platform):
        assert await account.read_head("a1") == Head("v2", 7, "b1", has_draft=is_open)
        observed = await account.read_agent(LISTING)
    assert (observed.draft is not None) is is_open
    assert (DRAFT in platform.requests) is is_open


async def test_a_revision_with_no_configuration_has_an_empty_document() -> None:
    async with scripted({at("v2"): {"revision": {"_id": "v2"}, "resolvedConfig": None}}) as (account, _):
        assert (await account.read_revision("a1", "v2", branch_id="b1")).document == {}


async def test_an_answer_that_is_no_revision_is_refused_by_its_request() -> None:
    async with scripted({at("v2"): []}) as (account, _):
        with pytest.raises(PlatformError, match="does not know") as caught:
            await account.read_revision("a1", "v2", branch_id="b1")
    assert caught.value.request == at("v2")


async def test_without_a_revision_of_ours_nothing_is_what_we_last_put_live() -> None:
    script = {LIST: [branch()], at("v2"): revision("v2", label="by hand"), REVISIONS: {"revisions": [{"_id": "v2"}]}}
    async with scripted(script) as (account, _):
        observed = await account.read_agent(LISTING, mine=MINE)
        assert (observed.base, [each.revision_id for each in observed.history]) == (None, ["v2"])
        assert (await account.read_agent(LISTING)).history == ()


async def test_what_another_project_published_is_not_ours() -> None:
    theirs = build_label("", Mark("acme", "staging", "support", "0123456789abcdef"))
    rows = [{"_id": "v2", "label": theirs}, {"_id": "v1", "label": OURS}]
    script = {
        LIST: [branch()],
        at("v2"): revision("v2", label=theirs),
        at("v1"): revision("v1", "Ours", label=OURS),
        REVISIONS: {"revisions": rows},
    }
    async with scripted(script) as (account, _):
        base = (await account.read_agent(LISTING, mine=MINE)).base
    assert base is not None
    assert (base.revision_id, base.document) == ("v1", {"firstMessage": "Ours"})


async def test_what_serves_was_restored_from_counts_before_what_is_newer() -> None:
    """A revision without a mark of its own, that copies one of ours from before our newest."""
    rows = [{"_id": "v4"}, {"_id": "v3", "label": OURS}, {"_id": "v2", "label": "x"}, {"_id": "v1", "label": OURS}]
    script = {
        LIST: [branch(head="v4")],
        at("v4"): revision("v4", restoredFromRevisionId="v1"),
        at("v1"): revision("v1", "First"),
        REVISIONS: {"revisions": rows},
    }
    async with scripted(script) as (account, _):
        base = (await account.read_agent(LISTING, mine=MINE)).base
    assert base is not None
    assert base.revision_id == "v1"


# ---- revisions


async def test_of_one_branch_revisions_stand_in_the_platforms_order_and_without_its_name() -> None:
    rows = [
        {"_id": "v2", "publishedAt": "2026-11-20", "status": "published"},
        {"_id": "v3", "publishedAt": "2026-11-21", "branch": "b0"},
        {"_id": "v4", "status": "scanning"},
    ]
    async with scripted({LIST: [branch()], REVISIONS: {"revisions": rows}}) as (account, platform):
        found = await account.list_revisions("a1")
    assert [(each.revision_id, each.branch_id, each.branch) for each in found] == [
        ("v2", "b1", None),
        ("v3", "b0", None),
    ]
    assert platform.asked[-1].query == {"limit": "20"}


async def test_of_several_branches_the_one_without_a_time_comes_last() -> None:
    second = "GET /agent/a1/branches/b2/revisions"
    script = {
        LIST: [branch(), branch("b2")],
        REVISIONS: {"revisions": [{"_id": "v1"}, {"_id": "v2", "publishedAt": "2026-11-20", "branch": "gone"}]},
        second: {"revisions": [{"_id": "v3", "publishedAt": "2026-11-21"}]},
    }
    async with scripted(script) as (account, _):
        found = await account.list_revisions("a1")
        assert [(each.revision_id, each.branch) for each in found] == [("v3", "Main"), ("v2", None), ("v1", "Main")]
        assert len(await account.list_revisions("a1", limit=2)) == 2


@pytest.mark.parametrize("answer", [refused(404, "revision not found"), refused(400, "not of this branch")])
async def test_a_revision_is_looked_for_on_every_branch_the_live_one_first(answer: Any) -> None:
    script = {
        LIST: [branch("b3", isLive=False), branch("b1"), branch("b2", isLive=None)],
        at("v9"): answer,
        at("v9", "b3"): answer,
        at("v9", "b2"): revision("v9"),
    }
    async with scripted(script) as (account, platform):
        assert (await account.read_revision("a1", "v9")).branch_id == "b2"
    assert platform.requests == [LIST, at("v9"), at("v9", "b3"), at("v9", "b2")]


async def test_a_revision_on_no_branch_is_not_found_and_says_why_it_may_be() -> None:
    async with scripted({LIST: [branch()], at("v9"): refused(400, "no")}) as (account, _):
        with pytest.raises(NotFoundError) as caught:
            await account.read_revision("a1", "v9")
    assert caught.value.status == 404
    assert "choose another revision" in str(caught.value.hint)


# ---- drafts


LATEST = {
    "_id": "r1",
    "draftRevision": 4,
    "sourceVersionId": "v2",
    "updatedAt": "2026-11-20T10:00:00Z",
    "securityCheck": {"status": "FAILED", "reason": "a bad word"},
    "pendingPublish": {"state": "active"},
}
LEAVES = {"diffs": [{"section": "call_handling", "changes": [{"path": "firstMessage", "newValue": "New"}]}]}


async def test_an_open_draft_is_shown_with_who_wrote_it_and_what_it_changes() -> None:
    script = {
        "GET /agent/a1/branches/b1": branch(),
        at("v2"): revision("v2", "Old"),
        DRAFT: {"latest": LATEST, "editHistory": [{"editorName": "Ana"}, "before any editor was kept"]},
        DIFF: LEAVES,
    }
    async with scripted(script) as (account, platform):
        draft = await account.read_draft(ON_MAIN)
        assert draft is not None
        assert (draft.draft_id, draft.draft_revision, draft.based_on, draft.editor) == ("r1", 4, "v2", "Ana")
        assert (draft.scan, draft.scan_reason, draft.is_publishing) == (ScanState.FAILED, "a bad word", True)
        assert draft.edited_at == "2026-11-20T10:00:00Z"
        assert draft.document == {"firstMessage": "New"}
        assert draft.differences == (LeafDifference("call_handling", "firstMessage", None, "New"),)
        assert platform.asked[-1] == Asked(DIFF, {"a": "v2", "b": "b1:draft"})
        peeked = await account.peek_draft(ON_MAIN, "whichever")
    assert peeked is not None
    assert (peeked.draft_id, peeked.editor, peeked.document, peeked.differences) == ("r1", "Ana", None, None)


@pytest.mark.parametrize("history", [None, [], ["nobody"], [{}]])
async def test_a_draft_whose_writer_is_not_known_is_read_all_the_same(history: Any) -> None:
    async with scripted({DRAFT: {"latest": {"_id": "r1"}, "editHistory": history}}) as (account, _):
        draft = await account.peek_draft(ON_MAIN, "")
    assert draft == Draft("r1")


async def test_without_a_revision_beneath_it_nobody_knows_what_a_draft_changes() -> None:
    script = {"GET /agent/a1/branches/b1": branch(head=None), DRAFT: {"latest": LATEST}}
    async with scripted(script) as (account, platform):
        draft = await account.read_draft(ON_MAIN)
    assert draft is not None
    assert (draft.differences, draft.document) == (None, None)
    assert DIFF not in platform.requests


async def test_a_draft_that_is_closed_meanwhile_is_none() -> None:
    script: dict[str, Any] = {"GET /agent/a1/branches/b1": branch(), at("v2"): revision("v2"), DRAFT: NONE_OPEN}
    async with scripted(script) as (account, platform):
        assert await account.read_draft(ON_MAIN) is None
        assert await account.peek_draft(ON_MAIN, "d1") is None
        platform.script = {**script, DRAFT: {"latest": LATEST}, DIFF: refused(404, "no draft")}
        assert await account.read_draft(ON_MAIN) is None


async def test_nothing_is_compared_where_nothing_serves() -> None:
    async with scripted({DIFF: LEAVES}) as (account, platform):
        assert await account.diff_draft(ObservedAgent(LISTING, branch_id="b1"), Draft("d1")) == ()
        assert platform.requests == []
        [leaf] = await account.diff_draft(ON_MAIN, Draft("d1"))
    assert leaf.after == "New"


async def test_an_open_draft_is_gone_on_with() -> None:
    async with scripted({}) as (account, _):
        assert await account.open_draft(ON_MAIN, "test") == Draft("")
        seen = Draft("d1", draft_revision=3)
        assert await account.open_draft(ObservedAgent(LISTING, draft=seen, branch_id="b1"), "test") is seen


async def test_a_write_says_what_the_draft_is_by_then() -> None:
    request = "PUT /agent/a1/branches/b1/draft"
    async with scripted({request: LATEST}) as (account, _):
        draft = await account.write_draft(ON_MAIN, Draft("d0"), {"firstMessage": "Hi"})
    assert (draft.draft_id, draft.draft_revision, draft.editor) == ("r1", 4, None)


async def test_an_agent_without_a_branch_can_not_be_written_to() -> None:
    async with scripted({}) as (account, _):
        with pytest.raises(PlatformError) as caught:
            await account.discard_draft(ObservedAgent(LISTING), Draft("d1"))
    assert (caught.value.code, caught.value.hint) == (
        "no_branch",
        "make a branch live in the console, then run it again",
    )


# ---- publishing


SLOT = [{"_id": "v3", "status": "scanning"}, {"_id": "v2", "status": "published"}, {"_id": "v1"}]


async def test_a_slot_tells_what_is_newest_from_what_serves() -> None:
    async with scripted({REVISIONS: ({"revisions": SLOT}, [])}) as (account, _):
        slot = await account.read_slot("a1", "b1")
        assert (slot.newest, slot.serving) == ("v3", "v2")
        assert [(each.revision_id, each.branch_id) for each in slot.revisions] == [("v2", "b1"), ("v1", "b1")]
        assert await account.read_slot("a1", "b1") == Slot(None, None, ())


PUBLICATION = Publication("a1", OURS, "v2", branch_id="b1")
RESTORE = Publication("a1", "", "v2", restored_from="v1", branch_id="b1")


@pytest.mark.parametrize(
    ("answer", "revision_id"),
    [
        ({"state": "committed", "revision": {"_id": "v3"}}, "v3"),
        ({"revision": {"_id": "v3"}}, "v3"),
        ({"state": "scanning", "revision": {"_id": "v3"}}, None),
        ({"state": "scanning"}, None),
        ({"state": "committed", "revision": "v3"}, None),
        ("accepted", None),
    ],
)
async def test_a_publish_knows_its_revision_where_the_answer_has_it_and_it_is_done(
    answer: Any, revision_id: str | None
) -> None:
    script = {
        "POST /agent/a1/branches/b1/draft/publish": answer,
        "POST /agent/a1/branches/b1/revisions/v1/restore": answer,
    }
    async with scripted(script) as (account, _):
        for publication in (await account.publish_draft(PUBLICATION), await account.restore(RESTORE)):
            found = publication.revision
            assert (found.revision_id if found else None) == revision_id
            assert found is None or found.branch_id == "b1"


SAME_MARK = build_label("another text", Mark("acme", "prod", "support", "0123456789abcdef"))
OTHER_MARK = build_label("abc1234", Mark("acme", "prod", "support", "ffffffffffffffff"))


def row(revision_id: str, status: str | None = "published", **more: Any) -> dict[str, Any]:
    return {"_id": revision_id, "status": status, **more}


def scanned(status: str | None) -> dict[str, Any]:
    return {"securityCheck": {"status": status, "reason": "a bad word"}}


@pytest.mark.parametrize(
    ("rows", "draft", "found"),
    [
        ([row("v3", label=OURS)], None, ("v3", ScanState.PASSED)),
        ([row("v3", label=SAME_MARK)], None, ("v3", ScanState.PASSED)),
        ([row("v3", "scanning", label=OURS, **scanned("running"))], None, None),
        ([row("v3", "scanning", label=OURS)], None, None),
        ([row("v3", "scanning", label=OURS, **scanned("failed"))], None, ("v3", ScanState.FAILED)),
        ([row("v3", "rejected", label=OURS, **scanned("errored"))], None, ("v3", ScanState.ERRORED)),
        ([row("v4", label="by hand"), row("v3", label=OURS)], None, ("v3", ScanState.PASSED)),
        ([row("v4", label="by hand"), row("v3", label=SAME_MARK)], None, ("v3", ScanState.PASSED)),
        ([row("v4", label=OTHER_MARK), row("v3", label=OURS)], None, ("v3", ScanState.PASSED)),
        # ours isn't there, and the draft is not open any more: somebody else has published it
        ([row("v3", label=OTHER_MARK)], None, ("v3", ScanState.PASSED)),
        ([row("v4", "scanning"), row("v3", None)], None, ("v3", ScanState.PASSED)),
        ([row("v4"), row("v3")], None, ("v4", ScanState.PASSED)),
        ([row("v4", "scanning")], None, None),
        ([], None, None),
        ([row("v2", label=OURS)], None, None),
        # it is still open: the scan goes on, was refused, or was called off
        ([row("v3")], {"pendingPublish": {"state": "active"}}, None),
        ([], scanned("pending"), None),
        ([], scanned("failed"), ("", ScanState.FAILED)),
        ([], scanned("error"), ("", ScanState.ERRORED)),
        ([], {"pendingPublish": {"state": "cancelled"}, **scanned("failed")}, ("", ScanState.ERRORED)),
        ([], {"pendingPublish": {"state": "cancelled"}}, ("", ScanState.ERRORED)),
    ],
)
async def test_what_became_of_a_publish(rows: Any, draft: Any, found: Any) -> None:
    older = [row("v2", label=OURS), row("v1", label=OURS)]
    script = {
        REVISIONS: {"revisions": rows + [each for each in older if each["_id"] not in {row["_id"] for row in rows}]},
        DRAFT: NONE_OPEN if draft is None else {"latest": {"_id": "r1", **draft}},
    }
    async with scripted(script) as (account, platform):
        result = await account.read_publication(PUBLICATION)
    assert (None if result is None else (result.revision_id, result.scan)) == found
    assert result is None or result.branch_id == "b1"
    assert platform.asked[0].query == {"limit": "10"}


async def test_a_publish_that_came_to_nothing_says_why() -> None:
    cancelled = {"pendingPublish": {"state": "cancelled"}, **scanned("failed")}
    drafts = ({"latest": {"_id": "r1", **scanned("failed")}}, {"latest": {"_id": "r1", **cancelled}})
    async with scripted({REVISIONS: [], DRAFT: drafts}) as (account, _):
        failed, called_off = [await account.read_publication(PUBLICATION) for _ in range(2)]
    assert failed is not None
    assert (failed.scan_reason, failed.is_published) == ("a bad word", False)
    assert called_off is not None
    assert called_off.scan_reason == "the publish was cancelled"


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([row("v3", restoredFromRevisionId="v1")], "v3"),
        ([row("v4", label=OURS), row("v3", restoredFromRevisionId="v1")], "v3"),
        ([row("v3", "scanning", restoredFromRevisionId="v1")], None),
        ([row("v3", restoredFromRevisionId="v0")], None),
        ([row("v2"), row("v1", restoredFromRevisionId="v1")], None),
    ],
)
async def test_a_restore_is_found_by_what_it_copies_and_no_draft_is_asked_about(rows: Any, found: str | None) -> None:
    async with scripted({REVISIONS: {"revisions": rows}}) as (account, platform):
        result = await account.read_publication(RESTORE)
    assert (result.revision_id if result else None) == found
    assert platform.requests == [REVISIONS]
