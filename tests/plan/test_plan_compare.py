"""One agent compared field by field: who moved what, what a rule leaves alone, how a change is described."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentops.diagnostics import Stretch, Where
from agentops.document import AgentListing, DesiredAgent, Environment, IgnoredDrift, ObservedAgent, Path, Revision
from agentops.fields import Category, Risk
from agentops.plan.canonical import canonical
from agentops.plan.changes import Describer, expand, lost_share, place_in_source, written_leaves
from agentops.plan.compare import (
    Comparison,
    active_rules,
    compare_config,
    compare_documents,
    compare_metadata,
    is_expired,
    new_metadata,
    unmanaged_paths,
)
from agentops.plan.concealment import Concealer, KnownSecrets
from agentops.plan.diff import diff
from agentops.plan.model import Action, AgentChange, ChangedBy, FieldChange, Operation

RULE = IgnoredDrift(path="synthesizer.speed", reason="a test")
PROMPT: Path = ("singlePromptConfig", "prompt")


def describer(config: dict[str, Any], **facts: Any) -> Describer:
    return Describer(DesiredAgent("desk", "Desk", config, **facts), Concealer(KnownSecrets()))


def compared(
    spec: Any, live: Any, base: Any = None, *rules: IgnoredDrift, unverifiable: tuple[str, ...] = ()
) -> Comparison:
    served = None if live is None else Revision("r3", 3, document=live, unverifiable=frozenset(unverifiable))
    before = None if base is None else Revision("r2", 2, document=base)
    return compare_config(describer(spec), canonical(spec), served, before, rules)


def movers(fields: tuple[FieldChange, ...]) -> dict[str, str]:
    return {str(field.path[0]): field.changed_by.value for field in fields}


def test_who_moved_a_field_since_the_last_deploy() -> None:
    base = {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}
    live = {"a": 1, "b": 2, "c": 2, "d": 2, "e": 1}
    spec = {"a": 3, "b": 1, "c": 3, "d": 2, "e": 1}
    found = compared(spec, live, base)
    assert movers(found.fields) == {"a": "git", "b": "console", "c": "both"}
    assert movers(found.drifted) == {"b": "console", "c": "both"}, "what both sides agree on is no drift"
    assert {str(field.path[0]): field.reason for field in found.fields} == {
        "a": "changed in git",
        "b": "changed outside git; git still has the value from before",
        "c": "changed in git and outside it",
    }
    assert {field.reason for field in found.drifted} == {"changed outside git"}
    alone = compared(spec, live)
    assert movers(alone.fields) == {"a": "git", "b": "git", "c": "git"}
    assert {field.reason for field in alone.fields} == {"differs from what serves"}
    assert alone.drifted == ()


def test_what_serves_is_its_own_base() -> None:
    live = Revision("r3", 3, document={"a": 2})
    found = compare_config(describer({"a": 1}), canonical({"a": 1}), live, live, ())
    assert movers(found.fields) == {"a": "git"}
    assert found.drifted == ()
    listed = replace(live, revision_id="r2", document=None)
    assert compare_config(describer({"a": 1}), canonical({"a": 1}), live, listed, ()).drifted == ()


def test_an_agent_that_serves_nothing_gets_everything() -> None:
    for found in (
        compared({"a": {"x": 1}, "b": 2}, None),
        compare_config(describer({"a": 1}), canonical({"a": 1}), Revision("r1"), None, ()),
    ):
        assert {field.reason for field in found.fields} == {"new agent"}
        assert {field.operation for field in found.fields} == {Operation.ADD}
    assert [field.path for field in compared({"a": {"x": 1}, "b": 2}, None).fields] == [("a", "x"), ("b",)]


def test_what_can_not_be_read_back_is_not_compared() -> None:
    spec = {"globalKnowledgeBaseId": "kb1", "firstMessage": "Hi"}
    assert compared(spec, {"firstMessage": "Hi"}, unverifiable=("globalKnowledgeBaseId",)) == Comparison()
    found = compared(spec, {"firstMessage": "Hi"})
    assert [field.path for field in found.fields] == [("globalKnowledgeBaseId",)]


@pytest.mark.parametrize(
    ("rule", "is_left_alone"),
    [
        ("synthesizer.speed", True),
        ("synthesizer", True),
        ("synthesizer.*", True),
        ("*.speed", True),
        ("synth", False),
        ("synthesizer.spee", False),
        ("synthesizer.speed.x", False),
        ("firstMessage", False),
    ],
)
def test_a_rule_names_a_field_what_is_below_it_or_a_glob(rule: str, is_left_alone: bool) -> None:
    spec, live = {"synthesizer": {"speed": 1}, "a": 1}, {"synthesizer": {"speed": 2}, "a": 2}
    found = compared(spec, live, spec, replace(RULE, path="other"), replace(RULE, path=rule))
    left = [path for path, _ in found.ignored]
    assert left == ([("synthesizer", "speed")] if is_left_alone else [])
    assert (("synthesizer", "speed") in [field.path for field in found.fields]) is not is_left_alone
    assert (("synthesizer", "speed") in [field.path for field in found.drifted]) is not is_left_alone
    assert ("a",) in [field.path for field in found.fields]


@pytest.mark.parametrize(
    ("rule", "today", "holds"),
    [
        (RULE, "2026-10-01", True),
        (replace(RULE, until="2026-10-01"), "2026-10-01", True),
        (replace(RULE, until="2026-09-30"), "2026-10-01", False),
        (replace(RULE, until="2026-09-30"), "", True),
        (replace(RULE, agent="desk"), "", True),
        (replace(RULE, agent="d*"), "", True),
        (replace(RULE, agent="sales"), "", False),
        (replace(RULE, agent="desk", until="2026-09-30"), "2026-10-01", False),
    ],
)
def test_which_rules_hold_for_an_agent_today(rule: IgnoredDrift, today: str, holds: bool) -> None:
    environment = Environment("acme", "prod", ignore_drift=(rule,))
    assert active_rules(environment, "desk", today) == ((rule,) if holds else ())
    assert is_expired(rule, today) is (rule.until == "2026-09-30" and bool(today))


def test_what_serves_beside_the_spec_is_unmanaged() -> None:
    spec = DesiredAgent("desk", "Desk", {"a": {"x": 1}, "globalKnowledgeBaseId": "kb1"})
    live = Revision("r1", 1, document={"a": {"x": 2, "y": 1}, "b": 1, "globalKnowledgeBaseId": "kb1"})
    assert unmanaged_paths(spec, live) == (("a", "y"), ("b",))
    unseen = replace(live, unverifiable=frozenset({"globalKnowledgeBaseId"}))
    assert unmanaged_paths(spec, unseen) == (("a", "y"), ("b",), ("globalKnowledgeBaseId",))
    assert unmanaged_paths(spec, None) == ()
    assert unmanaged_paths(spec, Revision("r1")) == ()


def test_metadata_takes_effect_at_once() -> None:
    observed = ObservedAgent(AgentListing("a1", "Old desk", {"description": "x", "avatarUrl": "u"}))
    held = compare_metadata(describer({}, metadata={"description": "y"}), observed)
    assert [(each.path, each.before, each.after) for each in held] == [
        (("description",), "x", "y"),
        (("name",), "Old desk", "Desk"),
    ]
    assert all(each.is_immediate and each.reason == "changed in git" for each in held)
    new = new_metadata(describer({}, metadata={"description": "y"}))
    assert [(each.path, each.before, each.after, each.is_immediate) for each in new] == [
        (("description",), None, "y", True)
    ]
    assert new[0].reason == "new agent"


def test_two_documents_are_compared_over_all_of_both_or_over_what_is_managed() -> None:
    sides = {"a": 1, "b": 1}, {"a": 2, "c": 1}
    everything = compare_documents(describer({}), *sides, None)
    assert [(each.path, each.before, each.after) for each in everything] == [
        (("a",), 1, 2),
        (("b",), 1, None),
        (("c",), None, 1),
    ]
    assert [each.path for each in compare_documents(describer({}), *sides, {"a": 0})] == [("a",)]


# ---- how a change is described


@pytest.mark.parametrize(
    ("path", "before", "after", "category", "risk"),
    [
        (PROMPT, "a b c d", "a b", Category.PROMPT, Risk.MEDIUM),
        (PROMPT, "a b c d", "a", Category.PROMPT, Risk.HIGH),
        (PROMPT, "a b c d", None, Category.PROMPT, Risk.HIGH),
        (PROMPT, None, "a", Category.PROMPT, Risk.MEDIUM),
        (("firstMessage",), "a b c d", "a", Category.GREETING, Risk.MEDIUM),
        (("singlePromptConfig", "tools", "crm"), {"name": "crm"}, None, Category.TOOLS, Risk.HIGH),
        (("singlePromptConfig", "tools", "crm"), None, {"name": "crm"}, Category.TOOLS, Risk.MEDIUM),
        (
            ("singlePromptConfig", "tools", "x"),
            None,
            {"name": "x", "transferNumber": "+1"},
            Category.TELEPHONY,
            Risk.HIGH,
        ),
        (
            ("singlePromptConfig", "tools", "x"),
            {"name": "x", "transferNumber": "+1"},
            None,
            Category.TELEPHONY,
            Risk.HIGH,
        ),
        (("playbooks", "playbooks", "b"), {"id": "b", "prompt": "x"}, None, Category.PROMPT, Risk.HIGH),
        (("playbooks", "playbooks", "b"), None, {"id": "b", "prompt": "x"}, Category.PROMPT, Risk.MEDIUM),
        (("playbooks", "auth"), "x", None, Category.PROMPT, Risk.HIGH),
        (("slmModel",), "a", "b", Category.MODEL, Risk.HIGH),
    ],
)
def test_what_is_taken_away_weighs_more(path: Path, before: Any, after: Any, category: Category, risk: Risk) -> None:
    def document(value: Any) -> Any:
        is_item = isinstance(before or after, dict)
        inner = [value] if is_item and value else [] if is_item else {path[-1]: value} if value else {}
        for part in reversed(path[:-1]):
            inner = {part: inner}
        return inner

    [found] = compare_documents(describer({}), document(before), document(after), None)
    assert (found.path, found.category, found.risk) == (path, category, risk)


@pytest.mark.parametrize(
    ("before", "after", "lost"), [("", "", 0), ("a b", "a b c", 0), ("a b", "a", 0.5), ("a b", None, 1), ("a b", 5, 1)]
)
def test_the_share_of_words_that_a_text_loses(before: str, after: Any, lost: float) -> None:
    assert lost_share(before, after) == lost


def test_a_field_is_found_where_it_is_written() -> None:
    tools = [{"name": "bye"}, {"name": "crm", "url": "u", "headersArray": [{"key": "A"}, {"key": "B", "value": "x"}]}]
    config = {"singlePromptConfig": {"prompt": "x", "tools": tools}, "language": {"supported": ["en", "de"]}}
    written = {
        (): 1,
        ("singlePromptConfig", "tools"): 3,
        ("singlePromptConfig", "tools", 0): 4,
        ("singlePromptConfig", "tools", 1): 5,
        ("singlePromptConfig", "tools", 1, "url"): 7,
        ("singlePromptConfig", "tools", 1, "headersArray", 1): 9,
        ("language", "supported", 1): 11,
    }
    where = {path: Where("agents/desk.yaml", line) for path, line in written.items()}
    desired = DesiredAgent("desk", "Desk", config, where=where)

    def line(*path: str | int) -> int | None:
        found = place_in_source(desired, path)
        return found.line if found else None

    tool = ("singlePromptConfig", "tools", "crm")
    assert [line(*tool), line(*tool, "url"), line(*tool, "other"), line(*tool, "headersArray", "B")] == [5, 7, 5, 9]
    assert line("singlePromptConfig", "tools", "bye") == 4
    assert line("singlePromptConfig", "tools", "gone") == 3
    assert line("singlePromptConfig", "tools", "gone", "url") == 3
    assert line("language", "supported", 1) == 11
    assert line("language", "supported", 5, "x") == 1
    assert line("firstMessage", "deep", "er") == 1


def test_the_first_line_that_differs_is_where_a_text_changed() -> None:
    lines = (Stretch(1, "agents/desk.yaml", 5), Stretch(3, "agents/_rules.md", 1))

    def place(before: str, after: str) -> str:
        config = {"singlePromptConfig": {"prompt": after}}
        made = describer(config, where={(): Where("agents/desk.yaml", 1)}, lines={PROMPT: lines})
        served = Revision("r1", 1, document={"singlePromptConfig": {"prompt": before}})
        [found] = compare_config(made, canonical(config), served, None, ()).fields
        assert found.lines == lines
        return str(found.where)

    assert place("1\n2\n3\n4", "1\n2\n3\nfour") == "agents/_rules.md:2:1"
    assert place("1\n2\n3\n4", "one\n2\n3\nfour") == "agents/desk.yaml:5:1"
    assert place("1\n2\n3", "1\n2\n3\n4") == "agents/_rules.md:2:1"
    assert place("1\n2\n3\n4", "1\n2\n3") == "agents/_rules.md:1:1"
    assert place("1\n2", "1\ntwo") == "agents/desk.yaml:6:1"


def test_a_new_object_is_taken_apart_and_a_new_item_is_not() -> None:
    tool = {"name": "crm", "url": "u"}
    before, after = canonical({}), canonical({"a": {"b": 1, "c": {"d": 2}}, "tools": [tool]})
    added = list(expand(diff(before, after)))
    assert [each.path for each in added] == [("a", "b"), ("a", "c", "d"), ("tools", "crm")]
    removed = list(expand(diff(after, before)))
    assert [(each.path, str(each.after)) for each in removed] == [
        (("a", "b"), "(absent)"),
        (("a", "c", "d"), "(absent)"),
        (("tools", "crm"), "(absent)"),
    ]


def test_every_leaf_that_is_written_is_known() -> None:
    field = FieldChange(("a",), Operation.REPLACE, None, {"b": [1, {"c": 2}], "d": 3}, Category.OTHER, Risk.LOW)
    gone = replace(field, path=("e",), operation=Operation.REMOVE, after=5)
    change = AgentChange("desk", "Desk", Action.UPDATE, "", fields=(field, gone))
    assert list(written_leaves(change)) == [(("a", "b", 0), 1), (("a", "b", 1, "c"), 2), (("a", "d"), 3)]


def test_an_item_is_renamed_where_one_hand_took_both_keys() -> None:
    def item(name: str) -> dict[str, Any]:
        return {"name": name, "description": "Finds the order of a caller by its number."}

    spec, live = {"x": {"tools": [item("look_up")]}}, {"x": {"tools": [item("find")]}}
    fields = compared(spec, live, live).fields
    assert [(field.path[-1], field.renamed) for field in fields] == [("find", "look_up"), ("look_up", "find")]
    other = compared(spec, live, {"x": {"tools": []}}).fields  # "find" came in the console
    assert [(field.path[-1], field.renamed) for field in other] == [("find", None), ("look_up", None)]
    assert [field.changed_by for field in other] == [ChangedBy.CONSOLE, ChangedBy.GIT]
