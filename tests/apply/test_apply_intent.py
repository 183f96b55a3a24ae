"""What a change asks to be written, and what of what is found afterwards is somebody else's. Documents only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentops.apply.intent import (
    body_to_write,
    differing_paths,
    is_same_document,
    metadata_before,
    metadata_to_write,
    unplanned_differences,
    wanted_config,
    with_edits,
)
from agentops.apply.publishing import newer_than, overtaken
from agentops.document import AgentListing, DesiredAgent, Note, NoteKind, ObservedAgent, Path, Revision
from agentops.fields import Category, Risk
from agentops.plan.diff import ABSENT, Difference
from agentops.plan.model import Action, AgentChange, FieldChange, Operation
from agentops.remote.port import Slot

LIVE = Revision("r2", 2, document={"firstMessage": "Hi", "synthesizer": {"speed": 1, "warmth": 5}, "slmModel": "gpt"})


def field(*path: str | int, immediate: bool = False) -> FieldChange:
    return FieldChange(path, Operation.REPLACE, None, None, Category.OTHER, Risk.LOW, is_immediate=immediate)


def change(config: dict[str, Any], *fields: FieldChange, action: Action = Action.UPDATE) -> AgentChange:
    desired = DesiredAgent("desk", "Desk", config, {"description": "New", "allowInboundCall": True})
    return AgentChange("desk", "Desk", action, "", "a1", fields=fields, desired=desired)


# ---- what is written

SPEC = {"firstMessage": "Hello", "synthesizer": {"speed": 2, "warmth": 6}}
SPEED: Path = ("synthesizer", "speed")


def test_what_the_plan_leaves_alone_stays_as_it_serves() -> None:
    planned = change(SPEC, field("firstMessage"), field(*SPEED))
    assert wanted_config(planned, LIVE) == {"firstMessage": "Hello", "synthesizer": {"speed": 2, "warmth": 5}}
    assert wanted_config(change(SPEC), LIVE) == {"firstMessage": "Hi", "synthesizer": {"speed": 1, "warmth": 5}}
    whole = change(SPEC, field("firstMessage"), field(*SPEED), field("synthesizer", "warmth"))
    assert wanted_config(whole, LIVE) is whole.desired.config if whole.desired else None
    at_once = change(SPEC, field("firstMessage", immediate=True))
    assert wanted_config(at_once, LIVE)["firstMessage"] == "Hi"


def test_what_serves_nothing_gets_what_is_desired() -> None:
    for live in (None, replace(LIVE, document=None)):
        assert wanted_config(change(SPEC), live) == SPEC
        assert body_to_write(change(SPEC, action=Action.CREATE), live) == SPEC
    assert wanted_config(change(SPEC, action=Action.CREATE), LIVE) == SPEC
    assert wanted_config(replace(change(SPEC), desired=None), LIVE) == {}


def test_a_field_that_serves_and_is_left_alone_may_be_gone_there() -> None:
    ignored = change({"firstMessage": "Hello", "backgroundSound": "office"}, field("firstMessage"))
    assert wanted_config(ignored, LIVE)["backgroundSound"] == "office"  # nothing serves to be kept
    assert sorted(body_to_write(ignored, LIVE)) == ["firstMessage"]


def test_only_the_top_level_fields_that_change_are_written_and_those_whole() -> None:
    assert body_to_write(change(SPEC, field(*SPEED)), LIVE) == {"synthesizer": {"speed": 2, "warmth": 5}}
    assert body_to_write(change(SPEC, field("firstMessage", immediate=True)), LIVE) == {}


def test_what_is_not_versioned_is_written_and_put_back_by_itself() -> None:
    listing = AgentListing("a1", "Old desk", {"description": "Old"})
    observed = ObservedAgent(listing)
    made = change({}, field("description", immediate=True), field("name", immediate=True), field("firstMessage"))
    made = replace(made, observed=observed)
    assert metadata_to_write(made, observed) == {"name": "Desk", "description": "New"}
    assert metadata_before(made) == {"name": "Old desk", "description": "Old"}
    both = replace(made, fields=(field("allowInboundCall", immediate=True), field("name", immediate=True)))
    assert metadata_to_write(both, observed) == {"name": "Desk", "allowInboundCall": True}
    assert metadata_before(both) == {"name": "Old desk"}, "what it was before is not known"
    assert metadata_before(replace(made, observed=None)) == {}
    assert metadata_to_write(replace(made, desired=None), observed) == {}


def test_a_new_agent_takes_calls_once_it_was_called() -> None:
    note = Note(NoteKind.UNCALLED, "1")
    waiting = ObservedAgent(AgentListing("a1", "Desk", {"allowInboundCall": False}, note=note))
    made = change({})
    silent = replace(made, desired=replace(made.desired, metadata={}) if made.desired else None)
    assert metadata_to_write(silent, waiting) == {"allowInboundCall": True}
    assert metadata_to_write(made, waiting) == {}


# ---- what is found


def test_where_a_revision_does_not_hold_what_was_wanted() -> None:
    assert differing_paths({"firstMessage": "Hi", "synthesizer": {"speed": 1}}, LIVE) == ()
    assert differing_paths({"firstMessage": "Hello", "timezone": "UTC"}, LIVE) == (("firstMessage",), ("timezone",))
    unseen = replace(LIVE, unverifiable=frozenset({"timezone"}))
    assert differing_paths({"firstMessage": "Hi", "timezone": "UTC"}, unseen) == ()
    assert differing_paths({"firstMessage": "Hi"}, Revision("r1")) == (("firstMessage",),)


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (LIVE, True),
        (replace(LIVE, document={**(LIVE.document or {}), "timezone": "UTC"}), False),
        (replace(LIVE, document={**(LIVE.document or {}), "timezone": ""}), True),
        (
            replace(LIVE, document={"timezone": "UTC", **(LIVE.document or {})}, unverifiable=frozenset({"timezone"})),
            True,
        ),
        (replace(LIVE, document=None), False),
    ],
)
def test_whether_two_revisions_hold_the_same(other: Revision, is_same: bool) -> None:
    assert is_same_document(LIVE, other) is is_same
    assert is_same_document(other, LIVE) is is_same


BODY = {"synthesizer": {"speed": 2, "warmth": 5}}
HELD = {"firstMessage": "Hi", "synthesizer": {"speed": 2, "warmth": 5}, "slmModel": "gpt"}


@pytest.mark.parametrize(
    ("found", "seen", "edited"),
    [
        (HELD, None, []),
        ({**HELD, "firstMessage": "Hey"}, None, [("firstMessage",)]),
        ({**HELD, "timezone": "UTC"}, None, [("timezone",)]),
        ({**HELD, "synthesizer": {"speed": 3, "warmth": 5}}, None, [("synthesizer", "speed")]),
        ({**HELD, "synthesizer": {"speed": 1, "warmth": 5}}, None, []),  # the platform kept what was there
        ({**HELD, "synthesizer": {"speed": 2, "warmth": 5, "x": 1}}, None, []),  # a default of its own
        ({**HELD, "synthesizer": {"speed": 2, "warmth": 5, "x": 1}}, HELD, [("synthesizer", "x")]),
        (
            {**HELD, "synthesizer": {"speed": 2, "warmth": 5, "x": 1}},
            {**HELD, "synthesizer": {"speed": 2, "warmth": 5, "x": 1}},
            [],
        ),
        (
            {**HELD, "synthesizer": {"speed": 2, "warmth": 5, "x": 2}},
            {**HELD, "synthesizer": {"speed": 2, "warmth": 5, "x": 1}},
            [("synthesizer", "x")],
        ),
        ({"synthesizer": {"speed": 2, "warmth": 5}, "slmModel": "gpt"}, None, [("firstMessage",)]),
    ],
)
def test_what_nobody_planned_is_somebodys_edit(found: Any, seen: Any, edited: list[Path]) -> None:
    assert [each.path for each in unplanned_differences(LIVE, BODY, found, seen=seen)] == edited


def test_edits_of_an_agent_that_served_nothing() -> None:
    found = [each.path for each in unplanned_differences(None, BODY, {**BODY, "timezone": "UTC"})]
    assert found == [("timezone",)]
    assert unplanned_differences(replace(LIVE, document=None), BODY, BODY) == []


def test_what_may_be_read_back_under_another_name_is_nobodys_edit() -> None:
    base = replace(LIVE, unverifiable=frozenset({"globalKnowledgeBaseId"}))
    strange = {**HELD, "knowledge": "kb1"}
    wrote = {**BODY, "globalKnowledgeBaseId": "kb1"}
    assert unplanned_differences(base, wrote, strange) == []
    assert [each.path for each in unplanned_differences(base, BODY, strange)] == [("knowledge",)]
    assert [each.path for each in unplanned_differences(base, wrote, {**HELD, "timezone": "UTC"})] == [("timezone",)]


def test_edits_are_put_back_with_the_fields_that_they_touch() -> None:
    edits = [
        Difference(SPEED, 1, 3),
        Difference(("timezone",), ABSENT, "UTC"),
        Difference(("slmModel",), "gpt", ABSENT),
    ]
    assert with_edits(LIVE, edits) == {"synthesizer": {"speed": 3, "warmth": 5}, "timezone": "UTC"}
    assert with_edits(replace(LIVE, document=None), edits[1:2]) == {"timezone": "UTC"}


# ---- who went live in our place


def revision(number: int, at: str | None = None) -> Revision:
    return Revision(f"r{number}", number, activated_at=at)


def test_what_went_live_in_the_place_of_the_base() -> None:
    slot = Slot(newest=None, revisions=(revision(3), revision(2)), serving="r3")
    assert newer_than(slot, "r2") == revision(3)
    assert newer_than(slot, "r3") is None
    assert newer_than(slot, "r1") is None, "it is not listed any more, or not yet"
    assert newer_than(slot, None) is None
    assert newer_than(replace(slot, serving=None), "r2") is None
    assert newer_than(replace(slot, serving="r9"), "r2") is None


@pytest.mark.parametrize(
    ("before", "after", "theirs"),
    [
        ([2], [3, 2], None),
        ([2], [4, 3, 2], 4),
        ([2], [5, 4, 3, 2], 5),
        ([4, 2], [4, 3, 2], None),
        ([], [3, 2], None),
    ],
)
def test_who_went_live_between_two_looks(before: list[int], after: list[int], theirs: int | None) -> None:
    slots = [Slot(newest=None, revisions=tuple(map(revision, numbers)), serving=None) for numbers in (before, after)]
    found = overtaken(slots[0], slots[1], revision(3), "r2")
    assert (found.number if found else None) == theirs


def test_a_version_goes_live_by_being_activated() -> None:
    before = Slot(newest=None, revisions=(revision(2, "01"), revision(1, "00")), serving="r2")

    def theirs(*revisions: Revision) -> int | None:
        found = overtaken(before, Slot(newest=None, revisions=revisions, serving=None), revision(3, "05"), "r2")
        return found.number if found else None

    ours, base, old = revision(3, "05"), revision(2, "01"), revision(1, "00")
    assert theirs(ours, base, old) is None
    assert theirs(revision(4), ours, base, old) is None, "published, and not live"
    assert theirs(revision(4, "03"), ours, base, old) == 4
    assert theirs(ours, base, revision(1, "03")) == 1, "an old one, active again"
    assert theirs(revision(5, "02"), revision(4, "03"), ours, base, old) == 4
