"""Ids of the account and references of the project, both ways, and the order in which what is referred to is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentops.document import DesiredAgent, Generation
from agentops.errors import StaleError
from agentops.plan.canonical import fingerprint
from agentops.plan.graph import in_order, is_first, is_last, steps
from agentops.plan.model import Action, AgentChange, Plan, ResourceAction, ResourceChange
from agentops.plan.references import ReferenceMap, ids_in, mentioned, references_in, with_fingerprints
from agentops.resources import Address, DesiredResource, Kind, Ref

TOOL, BASE = Ref(Kind.TOOL, "look_up", "f1"), Ref(Kind.KNOWLEDGE, "returns", "f2")
DOCUMENT: dict[str, Any] = {
    "firstMessage": "tool_1",
    "globalKnowledgeBaseId": "kb_1",
    "defaultVariables": {"knowledgeBaseId": "kb_1"},  # the author's own name
    "singlePromptConfig": {
        "toolRefs": ["tool_1", "tool_9"],
        "tools": [{"name": "kb", "knowledgeBaseId": "kb_1", "headers": {"knowledgeBaseId": "kb_1"}}],
    },
    "playbooks": {"playbooks": [{"id": "p", "globalToolRefs": ["tool_1"], "triggerToolRefs": ["kb_1"]}]},
}


def known() -> ReferenceMap:
    references = ReferenceMap()
    references.learn(TOOL, "tool_1")
    references.learn(BASE, "kb_1")
    return references


def test_ids_become_references_where_a_field_holds_ids() -> None:
    named = known().to_references(DOCUMENT)
    tool, base = replace(TOOL, resource_id="tool_1"), replace(BASE, resource_id="kb_1")
    assert named == {
        **DOCUMENT,
        "globalKnowledgeBaseId": base,
        "singlePromptConfig": {
            "toolRefs": [tool, "tool_9"],
            "tools": [{"name": "kb", "knowledgeBaseId": base, "headers": {"knowledgeBaseId": "kb_1"}}],
        },
        "playbooks": {"playbooks": [{"id": "p", "globalToolRefs": [tool], "triggerToolRefs": ["kb_1"]}]},
    }
    assert list(references_in(named)) == [base, tool, base, tool]
    assert known().to_ids(named) == DOCUMENT


def test_what_is_not_made_yet_has_no_id() -> None:
    references, document = ReferenceMap(), {"globalKnowledgeBaseId": BASE}
    with pytest.raises(StaleError, match="the account has no knowledge returns as the project describes it"):
        references.to_ids(document)
    references.has_made(BASE, "kb_7")
    assert references.to_ids(document) == {"globalKnowledgeBaseId": "kb_7"}
    assert references.made == {BASE: "kb_7"}
    assert known().made == {}
    assert references.to_references({"globalKnowledgeBaseId": "kb_7"}) == {
        "globalKnowledgeBaseId": replace(BASE, resource_id="kb_7")
    }


def test_the_ids_that_a_document_holds() -> None:
    document = {**DOCUMENT, "globalKnowledgeBaseId": replace(BASE, resource_id="kb_2"), "x": {"knowledgeBaseId": ""}}
    assert ids_in(document) == {"tool_1", "tool_9", "kb_1", "kb_2"}
    assert ids_in(document, Kind.KNOWLEDGE) == {"kb_1", "kb_2"}
    assert ids_in(document, Kind.TOOL) == {"tool_1", "tool_9", "kb_1"}  # whatever stands where tools do
    assert ids_in({"globalKnowledgeBaseId": BASE}) == frozenset()


def test_an_id_is_mentioned_wherever_it_stands() -> None:
    ids = frozenset({"tool_1", "kb_1", "kb_2"})
    assert mentioned({"any": ["tool_1", {"deep": ["kb_2 and more", 7, None]}]}, ids) == {"tool_1"}
    assert mentioned([replace(BASE, resource_id="kb_2"), BASE], ids) == {"kb_2"}
    assert mentioned({"tool_1": 1}, ids) == frozenset()


def test_a_reference_says_what_it_means() -> None:
    content = {"name": "look_up", "description": "Find it."}
    tool = DesiredResource(Address(Kind.TOOL, "look_up"), "look_up", content)
    agent = DesiredAgent(
        "desk", "Desk", {"globalKnowledgeBaseId": BASE, "singlePromptConfig": {"toolRefs": [TOOL, "t"]}}
    )
    config = with_fingerprints(agent, [tool]).config
    assert config["singlePromptConfig"]["toolRefs"] == [replace(TOOL, fingerprint=fingerprint(content)), "t"]
    assert config["globalKnowledgeBaseId"].fingerprint == ""
    assert with_fingerprints(agent, []) is agent


# ---- the order


def change(kind: Kind, key: str, action: ResourceAction = ResourceAction.CREATE, *needs: str) -> ResourceChange:
    address = Address(kind, key)
    content = {"toolRefs": [Ref(Kind.TOOL, need) for need in needs]}
    desired = None if action is ResourceAction.DELETE else DesiredResource(address, key, content)
    return ResourceChange(address, key, action, "", resource_id=f"id {key}", desired=desired)


def test_what_is_referred_to_comes_first_and_what_goes_last() -> None:
    changes = [
        change(Kind.TOOL, "gone", ResourceAction.DELETE),
        change(Kind.WEBHOOK, "crm"),
        change(Kind.WEBHOOK, "changed", ResourceAction.UPDATE),
        change(Kind.KNOWLEDGE, "edited", ResourceAction.UPDATE),
        change(Kind.TOOL, "edited", ResourceAction.UPDATE),
        change(Kind.KNOWLEDGE, "b"),
        change(Kind.KNOWLEDGE, "a"),
        change(Kind.TOOL, "a_needs_z", ResourceAction.CREATE, "z"),
        change(Kind.TOOL, "z", ResourceAction.UNCHANGED),
        change(Kind.WEBHOOK, "left", ResourceAction.DELETE),
    ]
    for listed in (changes, changes[::-1]):
        ordered, notes = in_order(listed)
        kinds = list(Kind)
        assert notes == ()
        made = [str(each.address) for each in ordered if is_first(each)]
        first, second = sorted((Kind.TOOL, Kind.KNOWLEDGE), key=kinds.index)
        of_kind = {Kind.TOOL: ["tool z", "tool a_needs_z"], Kind.KNOWLEDGE: ["knowledge a", "knowledge b"]}
        assert made == [*of_kind[first], *of_kind[second], f"{first.value} edited", f"{second.value} edited"]
        told = [str(each.address) for each in ordered[len(made) :]]
        assert told == ["webhook crm", "webhook changed", "tool gone", "webhook left"]
        assert [is_last(each) for each in ordered[-3:]] == [False, True, True]


def test_the_accounts_order_is_chance() -> None:
    two = [replace(change(Kind.TOOL, "t", ResourceAction.DELETE), resource_id=each) for each in ("t2", "t1")]
    assert [each.resource_id for each in in_order(two)[0]] == ["t1", "t2"]
    assert in_order(two)[0] == in_order(two[::-1])[0]


def test_what_needs_itself_has_no_order() -> None:
    circle = [change(Kind.TOOL, "a", ResourceAction.CREATE, "b"), change(Kind.TOOL, "b", ResourceAction.CREATE, "a")]
    listed, [problem] = in_order(circle)
    assert len(listed) == 2
    assert problem.code == "reference-cycle"
    assert problem.summary in (
        "resources need each other in a circle: tool a -> tool b -> tool a",
        "resources need each other in a circle: tool b -> tool a -> tool b",
    )


def test_agents_are_dealt_with_between_what_they_need_and_what_is_told_of_them() -> None:
    agent = AgentChange("desk", "Desk", Action.UPDATE, "")
    kept = [change(Kind.WEBHOOK, "crm"), change(Kind.TOOL, "gone", ResourceAction.DELETE), change(Kind.TOOL, "new")]
    plan = Plan("acme", "prod", "", Generation.V2, (agent,), "", resources=tuple(kept))
    assert list(steps(plan)) == [kept[2], agent, kept[0], kept[1]]
