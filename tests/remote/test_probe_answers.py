"""The probe's questions where an account answers in a way that the emulator never does: it tells what is not known."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from scripted_account import KEY, Asked, Platform, Whole, refused

from agentops.errors import PlatformError
from agentops.net import Http, NetOptions, RetryPolicy
from agentops.remote import probe, scratch
from agentops.remote.probe import ProbeAnswer

AGENT, BRANCH, WRITE = "GET /agent/a1", "GET /agent/a1/branches/b1", "PUT /agent/a1/branches/b1/draft"
DISCARD, REVISIONS = "DELETE /agent/a1/branches/b1/draft", "GET /agent/a1/branches/b1/revisions"
PUBLISH, CANCEL = "POST /agent/a1/branches/b1/draft/publish", "POST /agent/a1/branches/b1/draft/publish/cancel"
LOOK, TOOL, CREATE = "GET /agent/a1/branches/b1/draft", "POST /tool", "POST /agent"
NAME = "agentops probe 2026-11-22 10:30:00"
NO = refused(400, "no")


def client(platform: Platform, attempts: int = 1) -> Http:
    return Http(
        "http://platform.test",
        api_key=KEY,
        options=NetOptions(requests_per_second=None, retry=RetryPolicy(attempts=attempts)),
        dialect=scratch.probing_dialect(),
        transport=httpx2.MockTransport(platform),
        clock=platform.clock,
    )


def scratch_on(platform: Platform, **seen: Any) -> scratch.Scratch:
    http = client(platform)
    made = {"agent_ids": ["a1"], "branch_id": "b1", **seen}
    return scratch.Scratch(http, http, platform.clock, NAME, **made)


async def findings(script: dict[str, Any], *names: str, **seen: Any) -> tuple[list[ProbeAnswer], Platform]:
    """What the questions of these names find."""
    platform = Platform({DISCARD: {}, **script})
    asked = scratch_on(platform, **seen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probe, "QUESTIONS", [each for each in probe.QUESTIONS if each.name in names])
        return [found async for found in probe.ask_all(asked)], platform


async def finding(script: dict[str, Any], name: str, **seen: Any) -> ProbeAnswer:
    [found], _ = await findings(script, name, **seen)
    return found


def drafted(config: Any, **more: Any) -> dict[str, Any]:
    """An account whose open draft is read as `config`, whatever was written."""
    return {WRITE: {}, BRANCH: {"branch": {"openDraftId": "d1"}}, AGENT: {"_resolvedConfig": config}, **more}


UNTOLD = "it can't be told"
FLAT_FORK = {"branchId": "b2", "headRevisionId": None}
SCANNED = {PUBLISH: {"state": "committed"}, REVISIONS: ([], [{"_id": "v2"}]), WRITE: {}, AGENT: {}}


@pytest.mark.parametrize(
    ("name", "script", "seen", "answer", "reason"),
    [
        ("single_prompt_write", drafted({"singlePromptConfig": {"tools": [1]}}), {}, "merge", ""),
        ("single_prompt_write", drafted({"prompt": "x"}), {}, "replace", ""),
        ("analytics_write", drafted({}), {}, "replace", ""),
        ("nested_write", drafted({}), {}, "replace", ""),
        ("nested_write", drafted({"smartTurnConfig": {"waitTimeInSecs": 5}}), {}, "replace", ""),
        ("unknown_keys", {WRITE: NO}, {}, None, "a key that the schema doesn't name is refused (400)"),
        ("unknown_keys", drafted({"other": {"deep": "kept"}}), {}, "kept", ""),
        ("config_revision", drafted({}), {}, "absent", ""),
        ("scanning_row", {}, {}, None, "no scan took long enough to look at its row"),
        ("scanning_row", {}, {"was_scanning_listed": True}, "listed", ""),
        ("scanning_row", {}, {"was_scanning_listed": False}, "absent", ""),
        ("draft_counter", {WRITE: {"draftRevision": 3}}, {"counter_before": 2}, "continues", ""),
        ("draft_counter", {WRITE: {"draftRevision": 2}}, {"counter_before": 2}, "restarts", ""),
        ("draft_counter", {WRITE: {"draftRevision": 2}}, {}, None, UNTOLD),
        ("draft_counter", {WRITE: ["no object"]}, {"counter_before": 2}, None, UNTOLD),
        (
            "active_version_id",
            {AGENT: {"activeVersionId": "v9"}, BRANCH: {"headRevisionId": "v2"}},
            {},
            None,
            "it names a revision that doesn't serve",
        ),
        ("active_version_id", {AGENT: {"activeVersionId": "v2"}, BRANCH: {"headRevisionId": "v2"}}, {}, "live", ""),
        ("active_version_id", {AGENT: ["no object"], BRANCH: {"branch": {"headRevisionId": "v2"}}}, {}, "null", ""),
        ("mirrors", {AGENT: {}}, {}, None, "an agent is shown without its first message beside _resolvedConfig"),
        ("first_message_section", {}, {"sections": {"call_handling": {"x": scratch.GREETING}}}, "call_handling", ""),
        ("sample_rate_section", {}, {"sections": {"a": {"x": 16000.0}, "b": {"y": {"z": 16000}}}}, "b", ""),
        ("transcriber_section", {}, {"sections": {"a": "pulse"}}, None, UNTOLD),
        ("custom_llm_name", {WRITE: refused(403, "no")}, {}, None, "the account may not write it (403)"),
        ("custom_llm_name", drafted({"x": "wss://probe.example.com/agentops"}), {}, "x", ""),
        ("custom_llm_name", drafted({}), {}, None, UNTOLD),
        (
            "knowledge_name",
            {"GET /knowledgebase": []},
            {},
            None,
            "the account has no knowledge base to refer to",
        ),
        ("knowledge_name", drafted({"kb": "k1"}, **{"GET /knowledgebase": [{"_id": "k1"}]}), {}, "kb", ""),
        ("conflict_body", {WRITE: {}}, {}, None, "a write over somebody else's was answered with 200"),
        ("conflict_body", {WRITE: ({}, {}, Whole({"data": {"conflict": 1}}, 409))}, {}, "rich", ""),
        ("conflict_body", {WRITE: ({}, {}, Whole({"data": {"draft": 1}}, 409))}, {}, "lean", ""),
        ("conflict_body", {WRITE: ({}, {}, Whole({"data": ["conflict"]}, 409))}, {}, "lean", ""),
        ("conflict_body", {WRITE: ({}, {}, Whole("conflict", 409))}, {}, "lean", ""),
        ("expected_before_first_write", {WRITE: {}}, {}, "0 is taken", ""),
        ("expected_before_first_write", {WRITE: refused(409, "no")}, {}, "0 is refused with 409", ""),
        ("scan_scope", SCANNED, {}, "prompts", ""),
        ("scan_scope", {**SCANNED, PUBLISH: {"state": "scanning"}}, {}, "everything", ""),
        ("scan_scope", {**SCANNED, PUBLISH: None}, {}, None, UNTOLD),
        ("scan_scope", {**SCANNED, PUBLISH: Whole(b"", 202)}, {}, None, UNTOLD),
        ("identical_publish", SCANNED, {}, "published as a new revision", ""),
        ("identical_publish", {**SCANNED, PUBLISH: refused(409, "no")}, {}, "refused with 409", ""),
        ("draft_id_form", {WRITE: {"draftId": "0123456789abcdef01234567"}}, {}, "24 hexadecimal digits", ""),
        ("draft_id_form", {WRITE: {"draftId": "d-0123/77"}}, {}, "x-x/x", ""),
        ("draft_id_form", {WRITE: {"draftId": "0123456789abcdef0123456"}}, {}, "x", ""),
        ("draft_id_form", {WRITE: {}}, {}, None, UNTOLD),
        ("unknown_voice", {WRITE: {}}, {}, "taken", ""),
        ("unknown_voice", {WRITE: NO}, {}, "refused with 400", ""),
        ("unknown_number", {"PATCH /agent/a1": refused(404, "no")}, {}, "refused with 404", ""),
        ("missing_agent", {"GET /agent/" + "0" * 24: refused(400, "no")}, {}, "400", ""),
        ("created_data", {}, {"created": "a1"}, "string", ""),
        ("created_data", {}, {"created": {"_id": "a1"}}, "object", ""),
        ("duplicate_name", {CREATE: NO}, {}, None, "a second agent of the name was refused (400)"),
        ("duplicate_name", {CREATE: Whole("a2", 201), "GET /agent/a2": {"name": NAME}}, {}, "kept", ""),
        ("duplicate_name", {CREATE: {"_id": "a2"}, "GET /agent/a2": {"name": "b"}}, {}, "renamed", ""),
        ("create_config", {}, {}, None, "there is no second agent to look at"),
        (
            "create_config",
            {"GET /agent/a2": {"firstMessage": scratch.GREETING}},
            {"agent_ids": ["a1", "a2"]},
            "kept",
            "",
        ),
        (
            "create_config",
            {"GET /agent/a2": {"firstMessage": scratch.GREETING, "_resolvedConfig": {"firstMessage": "Hi"}}},
            {"agent_ids": ["a1", "a2"]},
            "ignored",
            "",
        ),
        ("tool_name", {TOOL: NO}, {}, None, "the account takes no tool"),
        ("tool_name", {TOOL: ({"toolId": "t1"}, NO)}, {}, "refused", ""),
        ("tool_name", {TOOL: ({"toolId": "t1"}, {"toolId": "t2"})}, {}, "shared", ""),
        ("tool_refs_name", {}, {}, None, "the account takes no tool"),
        ("tool_refs_name", drafted({"tools": ["t1"], "refs": ["t1"]}), {"tool_ids": ["t1", "t2"]}, "tools", ""),
        ("retired_status", {"GET /agent/a1/drafts": refused(409, "no")}, {}, "409", ""),
        ("retired_status", {"GET /agent/a1/drafts": refused(404, "no")}, {}, "404", ""),
        (
            "retired_status",
            {"GET /agent/a1/drafts": []},
            {},
            None,
            "the older versioning's drafts are answered with 200",
        ),
        ("wrong_key_status", {"GET /agent": refused(401, "no")}, {}, "401", ""),
        ("wrong_key_status", {"GET /agent": refused(500, "no")}, {}, "500", ""),
        ("wrong_key_status", {"GET /agent": refused(403, "no")}, {}, None, "it is 403"),
        ("wrong_key_status", {"GET /agent": []}, {}, None, "a key that is nobody's was taken"),
    ],
)
async def test_what_an_answer_tells(
    name: str, script: dict[str, Any], seen: dict[str, Any], answer: str | None, reason: str
) -> None:
    assert await finding(script, name, **seen) == ProbeAnswer(name, answer, reason)


@pytest.mark.parametrize(
    ("created", "path", "answer"),
    [
        ({"branch": {"_id": "b2", "headRevisionId": "v2"}}, "b2", "source"),
        ({"branch": {"_id": "b2", "branchId": "b3"}}, "b2", "none"),
        (FLAT_FORK, "b2", "none"),
    ],
)
async def test_a_fork_is_archived_as_soon_as_it_was_looked_at(created: Any, path: str, answer: str) -> None:
    archive = f"POST /agent/a1/branches/{path}/archive"
    [found], platform = await findings({"POST /agent/a1/branches": created, archive: {}}, "fork_head")
    assert found.answer == answer
    assert platform.requests == ["POST /agent/a1/branches", archive, DISCARD]


@pytest.mark.parametrize(
    ("label", "answer"), [(None, "none"), ("", "none"), (scratch.LABEL, "its source's"), ("x", "one of its own")]
)
async def test_the_label_of_what_was_restored(label: str | None, answer: str) -> None:
    restore = "POST /agent/a1/branches/b1/revisions/v1/restore"
    rows = ([{"_id": "v1", "label": "other"}], [{"_id": "v2", "label": label}, {"_id": "v1"}])
    assert (await finding({restore: {}, REVISIONS: rows}, "restored_label", published_id="v1")).answer == answer


async def test_labels_are_tried_one_by_one_only_where_they_are_refused_together() -> None:
    def publish(asked: Asked) -> Any:
        return NO if any(character in asked.body["label"] for character in "+é") else {}

    script = {WRITE: {}, PUBLISH: publish, CANCEL: {}}
    [found], platform = await findings(script, "label_characters")
    assert found.answer == "refused: + é"
    tried = [each.body["label"] for each in platform.asked if each.request == PUBLISH]
    assert tried == [f"probe {each}" for each in ("+/#@&'\"!?;[]=é", *"+/#@&'\"!?;[]=é")]
    assert platform.requests.count(CANCEL) == len(tried) - 3, "what was refused is not under way"
    assert platform.requests.count(DISCARD) == len(tried) - 3 + 1
    greetings = [each.body["firstMessage"] for each in platform.asked if each.request == WRITE]
    assert len(greetings) == len(tried)
    [all_taken], platform = await findings({**script, PUBLISH: {}}, "label_characters")
    assert all_taken.answer == "refused: none of those tried"
    assert platform.requests.count(PUBLISH) == 1


@pytest.mark.parametrize(("answer", "verdict"), [({}, "taken"), (NO, "refused")])
async def test_one_character_more_than_documented_is_tried(answer: Any, verdict: str) -> None:
    [found], platform = await findings({WRITE: {}, PUBLISH: answer, CANCEL: {}}, "label_length")
    assert found.answer == f"201 characters are {verdict}"
    assert [len(each.body["label"]) for each in platform.asked if each.request == PUBLISH] == [201]


async def test_fields_that_can_be_emptied_are_named() -> None:
    def write(asked: Asked) -> Any:
        return {} if asked.body.keys() <= {"firstMessage", "defaultVariables"} else NO

    assert (await finding({WRITE: write}, "clearing")).answer == "taken empty: firstMessage, defaultVariables"
    assert (await finding({WRITE: NO}, "clearing")).answer == "taken empty: none"


async def test_an_identical_publish_is_of_what_the_live_agent_says() -> None:
    live = {**SCANNED, AGENT: {"_resolvedConfig": {"firstMessage": "Good day."}}}
    for script, greeting in ((live, "Good day."), (SCANNED, scratch.GREETING)):
        _, platform = await findings(script, "identical_publish")
        assert [each.body for each in platform.asked if each.request == WRITE] == [{"firstMessage": greeting}]


@pytest.mark.parametrize(
    ("name", "seen", "more"),
    [
        ("knowledge_name", {}, {"GET /knowledgebase": [{"_id": "k1"}, {"_id": "k2"}]}),
        ("tool_refs_name", {"tool_ids": ["t1", "t2"]}, {}),
    ],
)
async def test_what_is_looked_for_is_what_was_written(name: str, seen: Any, more: Any) -> None:
    """An account that reads back what it was given."""
    written: dict[str, Any] = {}

    def write(asked: Asked) -> Any:
        written.update(asked.body)
        return {}

    script = drafted(written, **more) | {WRITE: write}
    assert (await finding(script, name, **seen)).answer in ("globalKnowledgeBaseId", "toolRefs")


async def test_a_conflict_is_made_by_expecting_what_was_there_before() -> None:
    _, platform = await findings({WRITE: ({"draftRevision": 4}, {"draftRevision": 5}, NO)}, "conflict_body")
    assert [each.body.get("expectedRevision") for each in platform.asked if each.request == WRITE] == [None, None, 4]


async def test_a_second_write_only_leaves_out_what_the_first_one_had() -> None:
    _, platform = await findings(drafted({}), "nested_write")
    first, second = (each.body["smartTurnConfig"] for each in platform.asked if each.request == WRITE)
    assert first == {**second, "waitTimeInSecs": 4}
    assert "waitTimeInSecs" not in second


async def test_with_a_key_that_is_nobodys_one_agent_is_asked_for() -> None:
    _, platform = await findings({"GET /agent": refused(401, "no")}, "wrong_key_status")
    assert platform.asked[0].query == {"page": "1", "offset": "1"}


async def test_the_first_write_expects_nothing_before_it() -> None:
    _, platform = await findings({WRITE: {}}, "expected_before_first_write")
    assert platform.asked[0].body["expectedRevision"] == 0


async def test_a_question_that_fails_says_why_and_the_next_is_asked_on_a_clean_branch() -> None:
    """A refusal where an answer is needed, no documented shape, and then one that can be told."""
    script = {WRITE: (Whole("upstream", 503), {}, {}, {}), BRANCH: {"branch": None}, AGENT: {}}
    names = ("draft_counter", "single_prompt_write", "expected_before_first_write")
    found, platform = await findings(script, *names, counter_before=1)
    assert [(each.name, each.answer) for each in found] == [
        ("draft_counter", None),
        ("single_prompt_write", None),
        ("expected_before_first_write", "0 is taken"),
    ]
    assert "503" in found[0].reason or "may or may not" in found[0].reason
    assert found[1].reason == "the answer had none of the documented shapes"
    assert platform.requests.count(DISCARD) == 3


# ---- the scratch agent


async def test_a_publish_that_was_refused_is_not_waited_for() -> None:
    platform = Platform({REVISIONS: [], PUBLISH: NO})
    answer = await scratch_on(platform).publish("x")
    assert answer.status == 400
    assert platform.requests == [REVISIONS, PUBLISH]


@pytest.mark.parametrize(
    ("rows", "latest", "listed"),
    [
        ([{"_id": "v2", "status": "scanning"}], {"latest": {"pendingPublish": {"state": "active"}}}, True),
        ([], {"latest": {"pendingPublish": {"state": "active"}}}, False),
        ([{"_id": "v2", "status": "scanning"}], {"latest": {"pendingPublish": None}}, None),
        ([], {"latest": ["no row"]}, None),
        ([], refused(404, "no draft"), None),
        ([], Whole(b"", 204), None),
    ],
)
async def test_whether_a_scanning_revision_is_listed_is_seen_while_it_is_waited_for(
    rows: Any, latest: Any, listed: bool | None
) -> None:
    old = {"_id": "v1"}
    script = {REVISIONS: ([*rows, old], [*rows, old], [{"_id": "v2", "status": "published"}, old]), LOOK: latest}
    platform = Platform(script)
    waiting = scratch_on(platform)
    assert await waiting.wait({"v1"}) == {"_id": "v2", "status": "published"}
    assert waiting.was_scanning_listed is listed
    assert platform.requests.count(LOOK) == (2 if listed is None else 1)
    assert platform.clock.elapsed_s == 4.0


async def test_of_several_new_revisions_the_newest_is_waited_for() -> None:
    platform = Platform({REVISIONS: [{"_id": "v3"}, {"_id": "v2"}, {"_id": "v1"}]})
    assert await scratch_on(platform).wait({"v1"}) == {"_id": "v3"}


async def test_a_scan_that_never_ends_is_given_up_after_three_minutes() -> None:
    platform = Platform({REVISIONS: [{"_id": "v2", "status": "scanning"}, {"_id": "v1"}], LOOK: {"latest": {}}})
    with pytest.raises(PlatformError, match="no revision came within 180 s") as caught:
        await scratch_on(platform).wait({"v1"})
    assert "run the probe again" in str(caught.value.hint)
    assert 180 < platform.clock.elapsed_s <= 182


CREATED = {"_id": "a1"}
BRANCHES, SHOWN = "GET /agent/a1/branches", "GET /agent/a1/branches/b1/revisions/v2"


@pytest.mark.parametrize("created", [CREATED, "a1", Whole("a1", 201)])
@pytest.mark.parametrize("first", [{"branch": {"_id": "b1", "branchId": "x"}}, {"_id": "b1"}, {"branchId": "b1"}])
async def test_a_scratch_agent_is_made_and_published_once(created: Any, first: Any) -> None:
    def revisions(asked: Asked) -> Any:
        old = {"_id": "v1", "status": "published"}
        committed = {"_id": "v2", "status": None}
        done = PUBLISH in platform.requests
        return [{"_id": "v3", "status": "scanning"}, committed, old] if done else [old]

    script = {
        CREATE: created,
        BRANCHES: {"branches": [first, {"_id": "b9"}]},
        WRITE: ({"draftRevision": 1}, {"draftRevision": 2}),
        REVISIONS: revisions,
        PUBLISH: {},
        SHOWN: {"resolvedConfig": {"llm": {"modelName": "x"}}},
    }
    platform = Platform(script)
    made = scratch_on(platform, agent_ids=[], branch_id="")
    await scratch.make_scratch(made)
    assert (made.agent_ids, made.branch_id, made.published_id, made.counter_before) == (["a1"], "b1", "v2", 2)
    assert made.sections == {"llm": {"modelName": "x"}}
    assert platform.asked[0].body == {"name": NAME, "workflowType": "single_prompt"}
    published = [each.body for each in platform.asked if each.request == PUBLISH]
    assert published == [{"label": scratch.LABEL}]
    [_, whole] = [each.body for each in platform.asked if each.request == WRITE]
    assert (whole["transcriberType"], whole["synthesizer"]["sampleRate"]) == ("pulse", 16000)


async def test_a_scratch_tool_has_the_time_in_its_name() -> None:
    assert scratch_on(Platform({})).tool["name"] == "agentops_probe_20261122103000"


# ---- taking it away


@pytest.mark.parametrize(
    ("answer", "is_gone"),
    [({}, True), (refused(409, "The agent is Already archived"), True), (refused(409, "in a campaign"), False)],
)
async def test_a_scratch_agent_is_archived_unless_that_is_refused(answer: Any, is_gone: bool) -> None:
    platform = Platform({"DELETE /agent/a1/archive": (Whole("upstream", 503), answer)})
    assert await scratch.archive(client(platform, attempts=2), "a1") is is_gone
    assert platform.asked[-1].query == {"on": "true"}


@pytest.mark.parametrize(
    ("answer", "is_gone"), [({}, True), (refused(404, "no"), True), (refused(409, "it is referenced"), False)]
)
async def test_a_scratch_tool_is_deleted_unless_that_is_refused(answer: Any, is_gone: bool) -> None:
    platform = Platform({"DELETE /tool/t1": (Whole("upstream", 503), answer)})
    assert await scratch.delete_tool(client(platform, attempts=2), "t1") is is_gone


async def test_what_earlier_probes_left_is_found_on_every_page() -> None:
    def page(asked: Asked) -> Any:
        number = int(asked.query["page"])
        count = 100 if number < 3 else 99
        rows = [{"_id": f"x{number}-{each}", "name": "agentops probes"} for each in range(count - 1)]
        return {"agents": [*rows, {"_id": f"p{number}", "name": NAME}]}

    platform = Platform({"GET /agent": page})
    assert await scratch.find_scratch(client(platform)) == ["p1", "p2", "p3"]
    assert [each.query for each in platform.asked] == [{"page": f"{n}", "offset": "100"} for n in (1, 2, 3)]


@pytest.mark.parametrize("answer", [Whole(["a row"]), Whole(b"", 204)])
async def test_an_account_that_lists_nothing_known_has_nothing_left(answer: Any) -> None:
    platform = Platform({"GET /agent": answer, "GET /tool": answer})
    assert await scratch.find_scratch(client(platform)) == []
    assert await scratch.find_scratch_tools(client(platform)) == []


async def test_scratch_tools_are_told_by_their_names() -> None:
    names = ("agentops_probe_1", "agentops_probed", None)
    tools = [{"toolId": f"t{n}", "definition": {"name": name} if name else {}} for n, name in enumerate(names)]
    assert await scratch.find_scratch_tools(client(Platform({"GET /tool": {"tools": tools}}))) == ["t0"]
