"""Which changes are told once for several agents, what stays each agent's own, and where a shared one is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentops.diagnostics import Stretch, Where
from agentops.document import Secret, SecretRef
from agentops.fields import Category, Risk
from agentops.plan.model import Action, AgentChange, ChangedBy, Drift, FieldChange, Operation
from agentops.plan.sharing import share

GREETING = FieldChange(("firstMessage",), Operation.REPLACE, "Hi", "Hello", Category.GREETING, Risk.MEDIUM)
PROMPT = FieldChange(("globalPrompt",), Operation.REPLACE, "", "", Category.PROMPT, Risk.MEDIUM)


def agent(key: str, *fields: FieldChange, **facts: Any) -> AgentChange:
    return replace(AgentChange(key, key, Action.UPDATE, "", fields=fields), **facts)


def prompt(before: str, after: str, **facts: Any) -> FieldChange:
    return replace(PROMPT, before=before, after=after, **facts)


def shared(*agents: AgentChange) -> list[tuple[tuple[Any, ...], ...]]:
    """Of each shared change: its agents, and both sides of each part of it."""
    return [(each.agents, *((part.before, part.after) for part in each.changes)) for each in share(agents).shared]


def own(*agents: AgentChange) -> dict[str, list[tuple[Any, Any]]]:
    return {key: [(each.before, each.after) for each in fields] for key, fields in share(agents).own.items()}


def test_one_change_of_two_agents_is_told_once() -> None:
    agents = (agent("a", GREETING), agent("b", GREETING, numbers=("p1",)), agent("c", replace(GREETING, after="Hey")))
    assert shared(*agents) == [(("a", "b"), ("Hi", "Hello"))]
    assert own(*agents) == {"a": [], "b": [], "c": [("Hi", "Hey")]}
    found = share(agents)
    assert found.count == {"a": 1, "b": 1, "c": 0}
    assert found.shared[0].reach == "changes 2 agents, 1 on phone numbers"
    assert share((agents[0], agent("d", GREETING))).shared[0].reach == "changes 2 agents, none on phone numbers"


@pytest.mark.parametrize(
    "other",
    [
        replace(GREETING, path=("globalPrompt",)),
        replace(GREETING, operation=Operation.ADD),
        replace(GREETING, before="Hey"),
        replace(GREETING, category=Category.PROMPT),
        replace(GREETING, risk=Risk.HIGH),
        replace(GREETING, changed_by=ChangedBy.BOTH),
        replace(GREETING, is_immediate=True),
    ],
)
def test_changes_that_differ_in_anything_that_is_told_are_not_shared(other: FieldChange) -> None:
    assert shared(agent("a", GREETING), agent("b", other)) == []


def test_only_agents_that_are_there_share() -> None:
    for action in (Action.CREATE, Action.ARCHIVE, Action.CALL, Action.UNCHANGED):
        assert shared(agent("a", GREETING), agent("b", GREETING, action=action)) == []
    for action in (Action.GO_LIVE, Action.RESTORE):
        assert len(shared(agent("a", GREETING), agent("b", GREETING, action=action))) == 1


def test_secrets_are_alike_by_their_reference() -> None:
    one, other = (replace(GREETING, after=Secret((SecretRef(name, "same"),))) for name in ("A", "B"))
    assert len(shared(agent("a", one), agent("b", one))) == 1
    assert shared(agent("a", one), agent("b", other)) == []
    assert shared(agent("a", one), agent("b", replace(one, after=one.after.reference))) == []
    assert shared(agent("a", replace(GREETING, after=1)), agent("b", replace(GREETING, after="1"))) == []


def test_a_shared_change_has_a_place_where_it_is_that_of_all() -> None:
    here, there = Where("agents/_base.yaml", 3), Where("agents/b.yaml", 9)
    for places, place in (([here, here], here), ([here, there], None), ([None, None], None), ([here, None], None)):
        agents = [agent(f"a{number}", replace(GREETING, where=each)) for number, each in enumerate(places)]
        assert share(agents).shared[0].changes[0].where == place


def test_both_halves_of_a_renamed_item_stay_together() -> None:
    tool = ("singlePromptConfig", "tools")
    gone = replace(GREETING, path=(*tool, "find"), operation=Operation.REMOVE, after=None, renamed="look_up")
    come = replace(GREETING, path=(*tool, "look_up"), operation=Operation.ADD, before=None, renamed="find")
    assert shared(agent("a", gone, come), agent("b", come, gone)) == [(("a", "b"), ("Hi", None), (None, "Hello"))]
    changed = replace(come, after="Hey")
    assert shared(agent("a", gone, come), agent("b", gone, changed)) == []
    alone = agent("c", replace(gone, renamed="elsewhere"))  # its other half is somebody else's
    assert own(alone, agent("d")) == {"c": [("Hi", None)], "d": []}


# ---- texts


def test_the_lines_that_agents_have_in_common_are_shared_and_their_own_are_not() -> None:
    a = agent("a", prompt("# A\nRule 1\n\nBye a\n", "# A\nRule one\n\nBye, a\n"))
    b = agent("b", prompt("# B\nRule 1\n\nBye b\n", "# B\nRule one\n\nBye b\n"))
    assert shared(a, b) == [(("a", "b"), ("# A\nRule 1\n\nBye, a\n", "# A\nRule one\n\nBye, a\n"))]
    assert own(a, b) == {"a": [("# A\nRule one\n\nBye a\n", "# A\nRule one\n\nBye, a\n")], "b": []}
    touching = agent("c", prompt("Rule 1\nBye c\n", "Rule one\nBye, c\n"))  # lines that touch are one change
    assert shared(b, touching) == []


def test_lines_that_come_or_go_are_shared_as_well() -> None:
    a = agent("a", prompt("1\n2\n3\n4\n5\n", "0\n1\n3\n4\n5\n6\n"))
    b = agent("b", prompt("x\n2\n3\n4\n5\n", "x\n3\n4\n5\n6\n"))
    assert shared(a, b) == [(("a", "b"), ("0\n1\n2\n3\n4\n5\n", "0\n1\n3\n4\n5\n6\n"))]
    assert own(a, b) == {"a": [("1\n3\n4\n5\n6\n", "0\n1\n3\n4\n5\n6\n")], "b": []}
    to_one = agent("c", prompt("x\nBye c", "Bye c")), agent("d", prompt("x\nBye d", "Bye d"))
    assert shared(*to_one) == [(("c", "d"), ("x\nBye c", "Bye c"))]
    from_one = agent("c", prompt("Bye c", "x\nBye c")), agent("d", prompt("Bye d", "x\nBye d"))
    assert shared(*from_one) == [(("c", "d"), ("Bye c", "x\nBye c"))]


def test_a_text_of_one_line_is_shared_whole() -> None:
    a, b = agent("a", prompt("x 1", "x 2")), agent("b", prompt("x 1", "x 2"))
    assert shared(a, b) == [(("a", "b"), ("x 1", "x 2"))]
    assert shared(a, agent("b", prompt("y 1", "y 2"))) == []
    split = agent("c", prompt("x 1", "x 1\nx 3")), agent("d", prompt("y 1", "y 1\nx 3"))
    assert shared(*split) == []  # the first line got an end, too


def test_where_the_shared_lines_are_written_is_said() -> None:
    lines = (Stretch(1, "agents/a.yaml", 5), Stretch(3, "agents/_rules.md", 1))
    here = Where("agents/a.yaml", 5)
    a = agent("a", prompt("1\n2\n3\n4\n", "one\n2\n3\nfour\n", lines=lines, where=here))
    b = agent("b", prompt("x\n2\n3\n4\n", "x\n2\n3\nfour\n", lines=lines, where=Where("agents/_rules.md", 2)))
    assert [each.changes[0].where for each in share((a, b)).shared] == [Where("agents/_rules.md", 2)]
    assert [each.where for each in share((a, b)).own["a"]] == [Where("agents/a.yaml", 5)]
    plain = [replace(each, fields=(replace(each.fields[0], lines=(), where=here),)) for each in (a, b)]
    assert [each.changes[0].where for each in share(plain).shared] == [here]


def test_lines_that_went_at_the_end_have_the_last_lines_place() -> None:
    lines = (Stretch(1, "agents/a.yaml", 5),)
    a = agent("a", prompt("1\n2\n3\n", "one\n2\n", lines=lines))
    b = agent("b", prompt("x\n2\n3\n", "x\n2\n", lines=lines, where=Where("agents/a.yaml", 6)))
    assert [each.changes[0].where for each in share((a, b)).shared] == [Where("agents/a.yaml", 6)]
    empty = agent("c", prompt("1\n3\n", "", lines=lines)), agent("d", prompt("1\n3\n", "", lines=lines))
    assert len(share(empty).shared) == 1


# ---- agents about which nothing else is to be said


@pytest.mark.parametrize(
    ("facts", "is_all"),
    [
        ({}, True),
        ({"drift": Drift.EDITED}, False),
        ({"uncalled_since": "2"}, False),
        ({"unverifiable": ("globalKnowledgeBaseId",)}, False),
        ({"unmanaged": (("slmModel",),)}, False),
    ],
)
def test_an_agent_with_nothing_of_its_own_is_told_of_with_the_others(facts: dict[str, Any], is_all: bool) -> None:
    one = agent("a", GREETING, **facts)
    others = (agent("b", GREETING), agent("c", GREETING, PROMPT), agent("d"))
    found = share((one, *others))
    assert found.is_all_of(one) is is_all
    assert [found.is_all_of(each) for each in others] == [True, False, False]
    assert not found.is_all_of(agent("new", GREETING, action=Action.CREATE))
