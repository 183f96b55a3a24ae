"""How a plan is put together: what happens to an agent and why, what is acknowledged, what is worth knowing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentops.document import (
    CLEARED,
    AgentListing,
    DesiredAgent,
    Environment,
    Generation,
    IgnoredDrift,
    Mark,
    Note,
    NoteKind,
    ObservedAgent,
    Revision,
    build_label,
)
from agentops.plan.build import (
    AgentPlan,
    Planner,
    PlanOptions,
    World,
    acknowledge,
    names_for,
    with_acknowledged,
    with_refusals,
)
from agentops.plan.canonical import fingerprint
from agentops.plan.identity import FoundBy, Match, Matching
from agentops.plan.model import Action, AgentChange, Drift, Operation, Plan, Refusal

ENVIRONMENT = Environment("acme", "prod")
SPEC = {"firstMessage": "Hi"}


def revision(number: int, document: Any, spec: Any = None, **facts: Any) -> Revision:
    """One that we published from `spec`, unless that is left out."""
    label = build_label("", Mark("acme", "prod", "desk", fingerprint(spec))) if spec is not None else "by hand"
    return Revision(f"r{number}", number, label, document=document, **facts)


def planned(
    spec: Any, *history: Revision, base: Revision | None = None, environment: Environment = ENVIRONMENT, **facts: Any
) -> AgentPlan:
    options = PlanOptions(**facts.pop("options", {}))
    metadata, desired = facts.pop("metadata", {}), DesiredAgent("desk", "Desk", spec, facts.pop("wanted", {}))
    generation = facts.pop("generation", Generation.V2)
    listing = AgentListing("a1", "Desk", metadata, facts.pop("archived", False), note=facts.pop("note", None))
    live = facts.pop("live", history[0] if history else None)
    observed = ObservedAgent(listing, live=live, base=base or live, history=history, **facts)
    match = Match(desired, FoundBy.NAME, listing)
    world = World(generation, "", Matching((match,)), {}, 1)
    return Planner(environment, world, options).plan_agent(match, observed)


def codes(made: AgentPlan) -> list[str]:
    return [note.code for note in made.diagnostics]


# ---- what happens, and why


@pytest.mark.parametrize(
    ("made", "action", "reason"),
    [
        (planned(SPEC, revision(2, SPEC, SPEC)), Action.UNCHANGED, "revision 2 serves what the spec asks for"),
        (
            planned(SPEC, replace(revision(2, SPEC, SPEC), number=None)),
            Action.UNCHANGED,
            "revision r2 serves what the spec asks for",
        ),
        (planned(SPEC, revision(2, {}, {})), Action.UPDATE, "revision 2 differs from the spec"),
        (planned(SPEC), Action.UPDATE, "nothing was ever published"),
        (planned(SPEC, revision(2, SPEC, SPEC), archived=True), Action.UPDATE, "it was archived in the console"),
        (
            planned(SPEC, revision(2, SPEC, SPEC), metadata={"description": "x"}, wanted={"description": "y"}),
            Action.UPDATE,
            "only unversioned fields differ",
        ),
        (
            planned(SPEC, revision(2, {}, {}), metadata={"description": "x"}, wanted={"description": "y"}),
            Action.UPDATE,
            "revision 2 differs from the spec",
        ),
        (
            planned(SPEC, revision(2, SPEC, SPEC), note=Note(NoteKind.UNCALLED, "1")),
            Action.CALL,
            "revision 2 serves what the spec asks for and has not passed its calls",
        ),
        (
            planned(SPEC, revision(2, SPEC, SPEC), note=Note(NoteKind.UNCALLED, "2")),
            Action.UPDATE,
            "the note of a deploy that never went live is taken off its description",
        ),
    ],
)
def test_what_happens_to_an_agent_and_why(made: AgentPlan, action: Action, reason: str) -> None:
    assert (made.change.action, made.change.reason) == (action, reason)


def test_a_version_of_what_is_wanted_only_has_to_go_live() -> None:
    new, old = revision(3, SPEC, SPEC), revision(2, {}, {}, activated_at="01")
    made = planned(SPEC, new, old, live=old, generation=Generation.V1).change
    assert (made.action, made.restore_to) == (Action.GO_LIVE, new)
    assert made.reason == "revision 3 is published and not live yet"
    other = planned({"firstMessage": "Hey"}, new, old, live=old, generation=Generation.V1).change
    assert (other.action, other.restore_to) == (Action.UPDATE, None)


def test_what_was_read_is_kept_where_it_is_needed() -> None:
    assert planned(SPEC, revision(2, SPEC, SPEC)).change.observed is None
    assert planned(SPEC, revision(2, {}, {})).change.observed is not None
    edited = planned(
        SPEC,
        revision(3, {"firstMessage": "Hey"}),
        revision(2, SPEC, SPEC),
        base=revision(2, SPEC, SPEC),
        environment=replace(ENVIRONMENT, ignore_drift=(IgnoredDrift("slmModel", "x"),)),
    )
    assert edited.change.drift is Drift.EDITED
    assert edited.change.observed is not None


def test_fields_that_can_not_be_read_back_are_written_with_the_spec() -> None:
    spec = {**SPEC, "globalKnowledgeBaseId": "kb1"}
    unseen = frozenset({"globalKnowledgeBaseId", "customLLMWebSocketUrl"})
    same = planned(spec, revision(2, SPEC, spec, unverifiable=unseen))
    assert (same.change.action, same.change.unverifiable) == (Action.UNCHANGED, ("globalKnowledgeBaseId",))
    assert codes(same) == ["unverifiable"]
    moved = planned(spec, revision(2, SPEC, SPEC, unverifiable=unseen)).change
    assert [(each.path, each.operation, each.after) for each in moved.fields] == [
        (("globalKnowledgeBaseId",), Operation.REPLACE, "kb1")
    ]
    assert moved.fields[0].reason == "cannot be read back, so it is written whenever the spec changes"


def test_how_much_the_model_reads_is_said_where_that_changes() -> None:
    def impact(spec: Any, served: Any) -> Any:
        return planned(spec, revision(2, served, served)).change.impact

    assert str(impact({"firstMessage": "Hi there"}, SPEC)).startswith("the model reads 1 -> 2 words")
    assert impact({"firstMessage": "Ho"}, SPEC) is None
    assert impact(SPEC, SPEC) is None
    assert str(impact({"firstMessage": "Hi you"}, {**SPEC, "globalPrompt": "Be kind"})).startswith(
        "the model reads 3 -> 4"
    )
    assert impact({"slmModel": CLEARED, "firstMessage": "Hi there"}, {**SPEC, "slmModel": "x"}) is None


def test_phone_numbers_are_those_that_it_has_and_gets() -> None:
    made = planned(
        SPEC,
        revision(2, SPEC, SPEC),
        metadata={"telephonyProductId": ["p1", "p2"]},
        wanted={"telephonyProductId": ["p2", "p3"]},
    )
    assert made.change.numbers == ("p1", "p2", "p3")


def test_what_is_unmanaged_is_listed_when_that_is_asked_for() -> None:
    serving = revision(2, {**SPEC, "slmModel": "gpt"}, SPEC)
    assert planned(SPEC, serving).change.unmanaged == ()
    assert planned(SPEC, serving, options={"lists_unmanaged": True}).change.unmanaged == (("slmModel",),)


def test_what_was_taken_back_blameless_may_be_deployed_again() -> None:
    history = (revision(4, {}, None, restored_from="r2"), revision(3, SPEC, SPEC), revision(2, {}, {}))
    refused = planned(SPEC, *history, base=history[2])
    assert [each.code for each in refused.refusals] == ["REDEPLOY"]
    assert planned(SPEC, *history, base=history[2], note=Note(NoteKind.UNDONE, "3")).refusals == []


# ---- worth knowing


def test_what_is_worth_knowing_of_an_agent_that_stays() -> None:
    narrowed = planned({}, revision(2, SPEC, SPEC))
    assert codes(narrowed) == ["spec-narrowed"]
    assert narrowed.diagnostics[0].hint == "to reset it, write the value you want"
    assert codes(planned(SPEC, revision(2, SPEC, SPEC))) == []
    assert codes(planned({"firstMessage": "Hey"}, revision(2, SPEC, SPEC))) == []
    pulled = planned({"firstMessage": "Hey"}, revision(3, {"firstMessage": "Hey"}), base=revision(2, SPEC, SPEC))
    assert "spec-narrowed" not in codes(pulled)
    back = (revision(4, SPEC, None, restored_from="r2"), revision(3, {}, {}), revision(2, SPEC, SPEC))
    assert codes(planned(SPEC, *back, base=back[2])) == ["rolled-back"]
    rule = replace(ENVIRONMENT, ignore_drift=(IgnoredDrift("firstMessage", "a test"),))
    ignored = planned(
        SPEC,
        revision(3, {"firstMessage": "Hey"}),
        revision(2, SPEC, SPEC),
        base=revision(2, SPEC, SPEC),
        environment=rule,
    )
    assert codes(ignored) == ["drift-ignored"]
    assert ignored.diagnostics[0].path == "firstMessage"


def test_what_can_not_be_emptied_is_a_mistake_of_the_spec() -> None:
    spec = {"slmModel": CLEARED, "globalPrompt": CLEARED, "synthesizer": {"speed": CLEARED}, "x": [{"y": CLEARED}]}
    found = planned(spec, revision(2, SPEC, SPEC))
    assert [each.path for each in found.diagnostics if each.is_error] == ["slmModel", "synthesizer.speed", "x[0].y"]


# ---- refusals, and what takes them away

REFUSAL = Refusal("ADOPT", "desk: is there", "pass it", "desk", "ADOPT")


@pytest.mark.parametrize(
    ("refusal", "names"),
    [
        (REFUSAL, {"ADOPT", "ADOPT:desk"}),
        (replace(REFUSAL, agent=None), {"ADOPT"}),
        (replace(REFUSAL, acknowledgement=None), set()),
        (replace(REFUSAL, acknowledgement="FREEZE:fair", agent=None), {"FREEZE:fair"}),
    ],
)
def test_what_acknowledges_a_refusal(refusal: Refusal, names: set[str]) -> None:
    assert names_for(refusal) == names
    for name in names:
        assert acknowledge([refusal], frozenset({name, "OTHER"}), "prod") == ((), (name,))
    remaining, used = acknowledge([refusal], frozenset({"OTHER", "ADOPT:sales"}), "prod")
    assert ([each.code for each in remaining], used) == (["ADOPT"], ())


def test_a_plan_takes_more_refusals_and_loses_those_that_are_acknowledged() -> None:
    plan = Plan("acme", "prod", "", Generation.V2, (), "d1", refusals=(REFUSAL,), acknowledged=("X", "B"))
    more = with_refusals(plan, [replace(REFUSAL, code="DRIFT", acknowledgement=None)], frozenset())
    assert [each.code for each in more.refusals] == ["ADOPT", "DRIFT"]
    assert more.acknowledged == ("B", "X")
    less = with_acknowledged(more, frozenset({"ADOPT"}))
    assert [each.code for each in less.refusals] == ["DRIFT"]
    assert (less.acknowledged, less.digest) == (("ADOPT", "B", "X"), "d1")


def test_what_no_spec_describes_is_archived_or_spoken_of() -> None:
    orphan = ObservedAgent(AgentListing("a9", "Old", {"telephonyProductId": ["p1", "p2"]}), live=revision(4, {}, {}))
    bare = ObservedAgent(AgentListing("a8", "Older", {}))
    leftover = {"z": "Last", "b": "First"}
    world = World(Generation.V2, "", Matching(()), {"old": orphan, "bare": bare}, 2, leftover, 3)
    rules = (IgnoredDrift("a", "x", until="2026-01-01"), IgnoredDrift("b", "y", until="2027-01-01"))
    environment = replace(ENVIRONMENT, ignore_drift=rules)
    plan = Planner(environment, world, PlanOptions(today="2026-11-29")).conclude([])
    assert [(each.key, each.action, each.base_revision_id, each.base_number) for each in plan.changes] == [
        ("bare", Action.ARCHIVE, None, None),
        ("old", Action.ARCHIVE, "r4", 4),
    ]
    gone = "deployed from this project, and no spec describes it any more"
    assert [each.reason for each in plan.changes] == [gone, f"{gone}; detached first from phone number p1, p2"]
    assert [(each.code, each.agent) for each in plan.diagnostics] == [
        ("ignore-expired", None),
        ("no-spec", "b"),
        ("no-spec", "z"),
        ("not-looked-at", None),
    ]
    assert plan.archives
    assert [each.code for each in plan.refusals] == ["LIMIT_ARCHIVED"]
    quiet = replace(world, orphans={}, leftover={}, unseen=0)
    assert Planner(ENVIRONMENT, quiet, PlanOptions()).conclude([]).diagnostics == ()


def test_a_new_agent_is_made_with_all_that_its_spec_has() -> None:
    desired = DesiredAgent("desk", "Desk", SPEC, {"telephonyProductId": ["p1"]})
    match = Match(desired, FoundBy.NOTHING)
    made = Planner(ENVIRONMENT, World(Generation.V2, "", Matching((match,)), {}, 0), PlanOptions()).plan_agent(
        match, None
    )
    change: AgentChange = made.change
    assert (change.action, change.reason) == (Action.CREATE, "the account has no agent called 'Desk'")
    assert [(each.path, each.is_immediate) for each in change.fields] == [
        (("firstMessage",), False),
        (("telephonyProductId",), True),
    ]
    assert (change.numbers, change.fingerprint) == (("p1",), fingerprint(SPEC))
    assert str(change.impact).startswith("the model reads 0 -> 1 words")
