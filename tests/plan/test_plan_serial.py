"""A plan as a file: whole, without secrets, and refused when it is not what it was."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import plan_cases
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.document import CLEARED, Generation, Secret, SecretRef
from agentops.errors import StaleError, UsageError
from agentops.fields import Category, Risk
from agentops.plan.approval import is_carried_out, require_digest, require_same, what_moved
from agentops.plan.model import (
    Action,
    AgentChange,
    ChangedBy,
    Drift,
    FieldChange,
    Operation,
    Plan,
    Refusal,
)
from agentops.plan.plan_json import to_json
from agentops.plan.serial import from_json
from agentops.resources import Kind, Ref

TEXT = st.text(max_size=12)
NAMES = st.text("abcXYZ_$.", min_size=1, max_size=6).filter(lambda name: name not in ("$secret", "$clear"))
SECRETS = st.builds(
    lambda before, name, value: Secret((before, SecretRef(name, value)) if before else (SecretRef(name, value),)),
    st.sampled_from(["", "Bearer "]),
    st.sampled_from(["TOKEN", "KEY_2"]),
    st.just("do-not-show-me"),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | TEXT | SECRETS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
PLACES = st.none() | st.builds(Where, NAMES, st.integers(1, 99), st.integers(1, 99))
PATHS = st.lists(NAMES | st.integers(0, 5), min_size=1, max_size=3).map(tuple)
FIELDS = st.builds(
    FieldChange,
    path=PATHS,
    operation=st.sampled_from(Operation),
    before=VALUES,
    after=VALUES,
    category=st.sampled_from(Category),
    risk=st.sampled_from(Risk),
    changed_by=st.sampled_from(ChangedBy),
    reason=TEXT,
    where=PLACES,
    is_immediate=st.booleans(),
)
CHANGES = st.builds(
    AgentChange,
    key=NAMES,
    name=TEXT,
    action=st.sampled_from(Action),
    reason=TEXT,
    agent_id=st.none() | TEXT,
    base_revision_id=st.none() | TEXT,
    base_number=st.none() | st.integers(1, 99),
    fingerprint=TEXT,
    fields=st.lists(FIELDS, max_size=2).map(tuple),
    drift=st.sampled_from(Drift),
    drift_fields=st.lists(FIELDS, max_size=1).map(tuple),
    drift_detail=TEXT,
    unmanaged=st.lists(PATHS, max_size=2).map(tuple),
    unverifiable=st.lists(NAMES, max_size=2).map(tuple),
    foreign_draft=st.none() | TEXT,
)
PLANS = st.builds(
    Plan,
    project=NAMES,
    environment=NAMES,
    target=TEXT,
    generation=st.sampled_from(Generation),
    changes=st.lists(CHANGES, max_size=2).map(tuple),
    digest=TEXT,
    diagnostics=st.lists(
        st.builds(Diagnostic, NAMES, st.sampled_from(Severity), TEXT, st.none() | TEXT, PLACES), max_size=1
    ).map(tuple),
    refusals=st.lists(st.builds(Refusal, NAMES, TEXT, TEXT, st.none() | NAMES, st.none() | NAMES), max_size=1).map(
        tuple
    ),
    acknowledged=st.lists(NAMES, max_size=2).map(tuple),
)


@pytest.mark.slow
@settings(max_examples=60)
@given(PLANS)
def test_a_plan_survives_its_file(plan: Plan) -> None:
    text = to_json(plan)
    assert from_json(text) == plan
    assert to_json(from_json(text)) == text
    assert "do-not-show-me" not in text


def plan_of(name: str) -> Plan:
    return plan_cases.read_case(plan_cases.FOLDER / f"{name}.yaml").plan()


def edited(plan: Plan, edit: Any) -> Plan:
    data = json.loads(to_json(plan))
    edit(data)
    return from_json(json.dumps(data))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("[]", "format version None"),
        ('{"format_version": 99}', "format version 99"),
        ('{"format_version": 1}', "damaged at project"),
    ],
)
def test_a_file_that_is_no_plan_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        from_json(text)


def test_an_unknown_member_is_refused() -> None:
    with pytest.raises(UsageError, match="damaged at surprise"):
        edited(plan_of("003-a-changed-greeting"), lambda data: data.update(surprise=1))


EDITS = {
    "the new value": lambda data: data["changes"][0]["fields"][0].update(after="Ahoy"),
    "the fingerprint": lambda data: data["changes"][0].update(fingerprint="0" * 16),
    "the base": lambda data: data["changes"][0].update(base_revision_id="r9"),
    "the agent": lambda data: data["changes"][0].update(agent_id="a9"),
    "the action": lambda data: data["changes"][0].update(action="archive"),
    "a field dropped": lambda data: data["changes"][0].update(fields=[]),
    "an agent dropped": lambda data: data.update(changes=[]),
    "the environment": lambda data: data.update(environment="staging"),
    "the account": lambda data: data.update(target="https://elsewhere.example"),
    "the digest": lambda data: data.update(digest="0" * 16),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edited_plan_is_refused(what: str) -> None:
    plan = plan_of("003-a-changed-greeting")
    with pytest.raises(StaleError, match="no longer holds"):
        require_same(edited(plan, EDITS[what]), plan)


def test_an_untouched_plan_is_accepted() -> None:
    plan = plan_of("112-a-review-with-everything-in-it")
    require_same(from_json(to_json(plan)), plan)
    require_digest(plan.digest.upper(), plan)


def test_what_moved_is_named() -> None:
    approved, fresh = plan_of("026-a-console-edit-is-drift"), plan_of("028-git-and-console-changed-the-same-field")
    newer = replace(fresh, changes=(replace(fresh.changes[0], base_revision_id="r4", base_number=4),))
    said = what_moved(approved, newer)
    assert said[0] == "support: revision 3 served when it was approved, revision 4 serves now"
    assert said[1].startswith("support: the spec changed (fingerprint ")


def test_a_wrong_digest_names_both() -> None:
    plan = plan_of("003-a-changed-greeting")
    with pytest.raises(StaleError, match=f"{plan.digest}, approved was beef"):
        require_digest("beef", plan)


def test_a_plan_that_was_carried_out_is_no_reason_to_refuse() -> None:
    approved = plan_of("003-a-changed-greeting")
    done = replace(approved, changes=(replace(approved.changes[0], action=Action.UNCHANGED, fields=()),), digest="x")
    assert is_carried_out(approved, done)
    assert not is_carried_out(replace(approved, environment="staging"), done)


def test_what_a_plan_file_leaves_out_is_nothing_special() -> None:
    """A file that an earlier release wrote has not everything that this one writes."""
    place = {"file": "agents/desk.yaml"}
    field = {
        "path": ["globalPrompt"],
        "field": "globalPrompt",
        "operation": "replace",
        "category": "prompt",
        "risk": "low",
        "changed_by": "git",
        "where": place,
        "lines": [{"first": 1, "file": "agents/desk.yaml", "line": 5}],
    }
    change = {"key": "desk", "name": "Desk", "action": "update", "reason": ""}
    data = {
        "format_version": 1,
        "project": "acme",
        "environment": "prod",
        "target": "",
        "generation": "v2",
        "digest": "0",
        "applyable": False,
        "empty": False,
        "changes": [{**change, "fields": [field], "calls": {"scripts": 1, "called": 1, "minutes": 2}}],
        "resources": [{"kind": "tool", "key": "look_up", "name": "look_up", "action": "unchanged", "reason": ""}],
        "refusals": [{"code": "ADOPT", "summary": "", "hint": ""}],
    }
    plan = from_json(json.dumps(data))
    [told] = plan.changes[0].fields
    assert told.where == Where("agents/desk.yaml", 1, 1)
    assert [line.place(3) for line in told.lines] == [Where("agents/desk.yaml", 7, 1)]
    assert (told.before, told.after, told.is_immediate, told.renamed) == (None, None, False, None)
    assert plan.changes[0] == replace(
        AgentChange("desk", "Desk", Action.UPDATE, ""), fields=(told,), calls=plan.changes[0].calls
    )
    assert not plan.resources[0].is_pruned
    assert not plan.refusals[0].is_stale
    assert plan.acknowledged == ()


def test_values_come_back_as_what_they_were() -> None:
    def read(value: Any) -> Any:
        plan = plan_of("003-a-changed-greeting")
        return edited(plan, lambda data: data["changes"][0]["fields"][0].update(after=value)).changes[0].fields[0].after

    two = read({"$secret": "Bearer ${{ secrets.A }} and ${{ secrets.B_2 }}"})
    assert two == Secret(("Bearer ", SecretRef("A"), " and ", SecretRef("B_2")))
    assert read({"$secret": "${{ secrets.A }}"}) == Secret((SecretRef("A"),))
    assert read({"$secret": "x", "more": 1}) == {"$secret": "x", "more": 1}
    assert read([{"$clear": True}, {"$clear": False}]) == [CLEARED, {"$clear": False}]
    tool = {"$ref": "tool.look_up", "fingerprint": "f1"}
    assert read(tool) == Ref(Kind.TOOL, "look_up", "f1")
    assert read({"$ref": "car.look_up", "fingerprint": "f1"}) == {"$ref": "car.look_up", "fingerprint": "f1"}
    assert read({"$ref": "tool.look_up"}) == {"$ref": "tool.look_up"}
