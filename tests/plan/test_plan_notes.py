"""What a note in a description means beside what serves; whose an open draft is; what is written over what is there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentops.document import (
    CLEARED,
    AgentListing,
    DesiredAgent,
    Draft,
    LeafDifference,
    Mark,
    Note,
    NoteKind,
    ObservedAgent,
    Revision,
    build_label,
)
from agentops.plan.drafts import foreign_draft
from agentops.plan.merge import merge
from agentops.plan.notes import has_stale_note, is_inbound_pending, uncalled_since, undone_fingerprints

LIVE = Revision("r3", 3, document={"firstMessage": "Hi"})


def noted(note: Note | None, live: Revision | None = LIVE, **metadata: Any) -> ObservedAgent:
    history = (live, Revision("r2", 2), Revision("r1", 1)) if live else ()
    return ObservedAgent(AgentListing("a1", "Desk", metadata, note=note), live=live, history=history)


UNCALLED = NoteKind.UNCALLED


@pytest.mark.parametrize(
    ("note", "live", "since", "is_stale"),
    [
        (None, LIVE, None, False),
        (Note(UNCALLED, "2"), LIVE, "2", False),
        (Note(UNCALLED, "2"), None, None, True),
        (Note(NoteKind.UNDONE, "2"), LIVE, None, False),
        (Note(UNCALLED, "3"), LIVE, None, True),  # the deploy never went live
        (Note(UNCALLED, "r3"), LIVE, None, True),
        (Note(UNCALLED, "4"), LIVE, None, True),
        (Note(UNCALLED, "r4"), LIVE, "r4", False),  # an id says nothing of the order
        (Note(UNCALLED, "4"), replace(LIVE, number=None), "4", False),
        (Note(UNCALLED, "2"), Revision("r5", 5, restored_from="r2"), None, True),  # it was taken back
        (Note(UNCALLED, "1"), Revision("r5", 5, restored_from="r2"), "1", False),
    ],
)
def test_since_when_nothing_was_called(
    note: Note | None, live: Revision | None, since: str | None, is_stale: bool
) -> None:
    assert uncalled_since(noted(note, live)) == since
    assert has_stale_note(noted(note, live)) is is_stale


def test_what_was_taken_back_for_no_fault_of_its_own_is_known_by_its_mark() -> None:
    label = build_label("", Mark("acme", "prod", "desk", "f" * 16))
    history = (Revision("r3", 3, label), Revision("r2", 2, "by hand"), Revision("r1", 1, label.replace("f", "e")))
    observed = noted(Note(NoteKind.UNDONE, "3"))
    assert undone_fingerprints(replace(observed, history=history)) == {"f" * 16}
    for other in (Note(NoteKind.UNDONE, "2"), Note(NoteKind.UNDONE, "9"), Note(UNCALLED, "3"), None):
        assert undone_fingerprints(replace(noted(other), history=history)) == frozenset()


@pytest.mark.parametrize(
    ("note", "inbound", "spec", "is_pending"),
    [
        (Note(UNCALLED, "1"), False, {}, True),
        (Note(UNCALLED, "1"), True, {}, False),
        (Note(UNCALLED, "1"), None, {}, False),
        (Note(UNCALLED, "1"), False, {"allowInboundCall": False}, False),
        (Note(UNCALLED, "2"), False, {}, False),
        (Note(NoteKind.UNDONE, "1"), False, {}, False),
        (None, False, {}, False),
    ],
)
def test_a_new_agent_takes_calls_once_it_was_called(
    note: Note | None, inbound: bool | None, spec: dict[str, Any], is_pending: bool
) -> None:
    metadata: dict[str, Any] = {} if inbound is None else {"allowInboundCall": inbound}
    assert is_inbound_pending(DesiredAgent("desk", "Desk", {}, spec), noted(note, **metadata)) is is_pending


# ---- drafts

SPEC = DesiredAgent("desk", "Desk", {"firstMessage": "Hello", "globalKnowledgeBaseId": "kb1"})
SERVED = Revision(
    "r3",
    3,
    document={"firstMessage": "Hi", "slmModel": "gpt"},
    unverifiable=frozenset({"globalKnowledgeBaseId"}),
)


def whose(draft: Draft | None, live: Revision | None = SERVED, desired: DesiredAgent = SPEC) -> str | None:
    return foreign_draft(desired, ObservedAgent(AgentListing("a1", "Desk", {}), live=live, draft=draft))


@pytest.mark.parametrize(
    ("document", "is_foreign"),
    [
        ({"firstMessage": "Hello", "slmModel": "gpt"}, False),
        ({"firstMessage": "Hi", "slmModel": "gpt"}, False),  # nothing was changed in it
        ({"firstMessage": "Hello", "slmModel": "other"}, True),
        ({"firstMessage": "Hey", "slmModel": "gpt"}, True),
        ({"firstMessage": "Hello"}, True),
        ({"firstMessage": "Hello", "slmModel": "gpt", "globalKnowledgeBaseId": "kb2"}, False),  # can't be compared
        (None, True),
    ],
)
def test_a_draft_is_ours_when_it_holds_what_we_would_write(document: dict[str, Any] | None, is_foreign: bool) -> None:
    assert (whose(Draft("d1", document=document)) is not None) is is_foreign


def test_an_empty_draft_is_nobodys() -> None:
    assert whose(None) is None
    assert whose(Draft("d1", differences=())) is None
    assert whose(Draft("d1", differences=(LeafDifference("call_handling", "firstMessage"),))) == "draft d1"
    assert whose(Draft("d1", document={"firstMessage": "Hi"}), None) == "draft d1"
    assert whose(Draft("d1", document=dict(SPEC.config)), None) is None
    assert whose(Draft("d1", document={}), replace(SERVED, document=None)) == "draft d1"


def test_who_opened_a_draft_and_when_is_said() -> None:
    draft = Draft("d1", editor="Ada", edited_at="2026-11-20", document={"firstMessage": "Hey"})
    assert whose(draft) == "draft d1 by Ada at 2026-11-20"


def test_a_draft_is_foreign_where_the_spec_can_not_be_written() -> None:
    spec = replace(SPEC, config={"slmModel": CLEARED})
    assert whose(Draft("d1", document={"firstMessage": "Hi"}), desired=spec) == "draft d1"


# ---- what is written


@pytest.mark.parametrize(
    ("observed", "desired", "written"),
    [
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": 3}}, {"a": {"x": 3, "y": 2}}),
        ({"a": {"x": 1}, "b": 2}, {"a": {"z": {"deep": 1}}}, {"a": {"x": 1, "z": {"deep": 1}}}),
        (
            {"a": {"_id": "5", "__v": 1, "x": None, "y": {"_id": "6", "z": 0}}},
            {"a": {"w": 1}},
            {"a": {"y": {"z": 0}, "w": 1}},
        ),
        ({"a": [{"_id": "5", "x": 1}]}, {"a": {"w": 1}}, {"a": {"w": 1}}),
        ({"a": {"list": [{"_id": "5", "x": 1}, None]}}, {"a": {"w": 1}}, {"a": {"list": [{"x": 1}, None], "w": 1}}),
        ({"defaultVariables": {"old": "x"}}, {"defaultVariables": {"new": "y"}}, {"defaultVariables": {"new": "y"}}),
        ({"defaultVariables": {"old": "x"}}, {"defaultVariables": CLEARED}, {"defaultVariables": {}}),
        ({"x": [1, 2]}, {"x": [3]}, {"x": [3]}),
        ({"x": "text"}, {"x": [{"name": "a"}]}, {"x": [{"name": "a"}]}),
        (None, {"x": {"y": 1}}, {"x": {"y": 1}}),
    ],
)
def test_objects_are_written_over_what_is_there_and_lists_anew(observed: Any, desired: Any, written: Any) -> None:
    assert merge(observed, desired) == written


@pytest.mark.parametrize(
    ("observed", "wanted", "written"),
    [
        (
            {"name": "crm", "type": "api_call", "timeout": 5},
            {"name": "crm", "url": "u"},
            {"timeout": 5, "type": "api_call"},
        ),
        ({"name": "crm", "type": "api_call", "timeout": 5}, {"name": "crm", "type": "api_call"}, {"timeout": 5}),
        ({"name": "crm", "type": "api_call", "timeout": 5}, {"name": "crm", "type": "transfer_call"}, {}),
        ({"name": "other", "type": "api_call", "timeout": 5}, {"name": "crm", "type": "api_call"}, {}),
        ("no object", {"name": "crm"}, {}),
    ],
)
def test_an_item_of_a_keyed_list_keeps_what_the_platform_filled_in(observed: Any, wanted: Any, written: Any) -> None:
    made = merge({"config": {"tools": [{"name": "bye"}, observed]}}, {"config": {"tools": [wanted, {"name": "bye"}]}})
    assert made == {"config": {"tools": [{**wanted, **written}, {"name": "bye"}]}}


def test_items_that_are_not_told_apart_are_written_as_they_are() -> None:
    observed = {"config": {"queryParams": [{"key": "a", "value": "1", "extra": 1}]}}
    twice = {"config": {"queryParams": [{"key": "a", "value": "2"}, {"key": "a", "value": "3"}]}}
    assert merge(observed, twice) == twice
