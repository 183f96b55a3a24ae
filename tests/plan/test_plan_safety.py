"""Rules about calls, their costs, lint, protection and what agents share: what is refused, and what is just allowed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.document import DesiredAgent, Environment, Limits
from agentops.plan.model import Action, AgentChange, CallCosts, ExpectedCalls, ResourceAction, ResourceChange
from agentops.plan.safety import (
    refuse_closed,
    refuse_costs,
    refuse_excess,
    refuse_lint,
    refuse_protected,
    refuse_shared_numbers,
    refuse_uncalled,
)
from agentops.resources import Address, Kind
from agentops.timing import Closed

DESK = AgentChange("desk", "Desk", Action.UPDATE, "")
SALES = AgentChange("sales", "Sales", Action.UNCHANGED, "")
TOOL = ResourceChange(Address(Kind.TOOL, "look_up"), "look_up", ResourceAction.CREATE, "")


# ---- calls


@pytest.mark.parametrize(
    ("calls", "codes"),
    [
        (None, []),  # nobody is called here
        (ExpectedCalls(1, 1, 2.0), []),
        (ExpectedCalls(1, 0, 0.0), []),
        (ExpectedCalls(0, 0, 0.0, "tried by hand"), []),
        (ExpectedCalls(0, 0, 0.0), ["NO_CALLS"]),
    ],
)
def test_an_agent_is_called_or_its_spec_says_why_not(calls: ExpectedCalls | None, codes: list[str]) -> None:
    found = refuse_uncalled([replace(DESK, calls=calls), SALES], None)
    assert [refusal.code for refusal in found] == codes
    assert all((refusal.agent, refusal.acknowledgement) == ("desk", "NO_CALLS") for refusal in found)


@pytest.mark.parametrize(
    ("budget_min", "is_refused"), [(None, False), (6.0, False), (5.5, False), (5.4, True), (0, True)]
)
def test_all_calls_of_an_apply_keep_to_the_minutes_that_it_may_take(budget_min: float | None, is_refused: bool) -> None:
    calls = [ExpectedCalls(2, 2, 3.5), ExpectedCalls(1, 1, 2.0), None]
    changes = [replace(DESK, key=f"a{number}", calls=each) for number, each in enumerate(calls)]
    found = refuse_uncalled(changes, budget_min)
    assert [refusal.code for refusal in found] == ["CALL_MINUTES"] * is_refused
    if found:
        assert found[0].summary == f"the calls would take about 5.5 minutes, deploy.call_minutes is {budget_min:g}"
        assert found[0].acknowledgement is None


@pytest.mark.parametrize(
    ("cost", "left", "is_refused"),
    [
        (None, None, False),
        (5.0, None, False),
        (None, 0.5, False),
        (None, 0.0, True),
        (None, -1.0, True),
        (5.0, 5.0, False),
        (5.0, 4.9, True),
        (0.0, 0.0, True),
    ],
)
def test_calls_are_paid_for(cost: float | None, left: float | None, is_refused: bool) -> None:
    found = refuse_costs(CallCosts(2.0, cost, left))
    assert [refusal.code for refusal in found] == ["CREDITS"] * is_refused
    if found and cost:
        assert "about 2.0 minutes and cost about 5.00 by the last calls, the account has 4.90" in found[0].summary
    if found and cost is None:
        assert "cost" not in found[0].summary


# ---- lint, freezes


def test_an_error_of_lint_refuses_under_its_own_name() -> None:
    error = Diagnostic("no-greeting", Severity.ERROR, "says nothing", agent="desk")
    [plain] = refuse_lint([error])
    assert plain.summary == "desk: says nothing"
    assert plain.hint == "see `agentops lint`; if it is meant, pass `--ack no-greeting:desk`"
    assert (plain.agent, plain.acknowledgement) == ("desk", "no-greeting")
    [placed] = refuse_lint([replace(error, where=Where("agents/desk.yaml", 3, 1), hint="greet")])
    assert placed.summary == f"desk: says nothing ({Where('agents/desk.yaml', 3, 1)})"
    assert placed.hint.startswith("greet; if it is meant")


@pytest.mark.parametrize(
    ("change", "resource", "is_refused"),
    [
        (DESK, None, True),
        (SALES, None, False),
        (replace(DESK, action=Action.CALL), None, False),  # nothing is deployed by calling again
        (SALES, TOOL, True),
        (replace(DESK, action=Action.CALL), TOOL, True),
        (SALES, replace(TOOL, action=ResourceAction.UNCHANGED), False),
    ],
)
def test_nothing_is_deployed_while_it_is_closed(
    change: AgentChange, resource: ResourceChange | None, is_refused: bool
) -> None:
    closed = [
        Closed("FREEZE", "fair", "frozen for the fair", "2026-12-01"),
        Closed("CALM_HOURS", "", "it is night", "8:00"),
    ]
    found = refuse_closed(Environment("acme", "prod"), [change], [resource] if resource else [], closed)
    assert [each.acknowledgement for each in found] == (["FREEZE:fair", "CALM_HOURS"] if is_refused else [])
    assert [each.acknowledgement for each in refuse_closed(Environment("acme", "prod"), [DESK], [], [])] == []


# ---- protection, numbers, limits


def test_a_protected_agent_is_named_where_it_changes() -> None:
    environment = Environment("acme", "prod", protected_agents=("desk", "sales"))
    lobby = replace(DESK, key="lobby")
    [refusal] = refuse_protected(environment, [DESK, SALES, lobby])
    assert (refusal.agent, refusal.summary) == ("desk", "desk is protected in prod and would be changed")


def test_a_phone_number_belongs_to_one_spec() -> None:
    def line(key: str, *numbers: str) -> AgentChange:
        desired = DesiredAgent(key, key, {}, {"telephonyProductId": list(numbers)})
        return replace(DESK, key=key, desired=desired)

    changes = [line("a", "n1", "n2"), line("b", "n1"), line("c", "n3"), line("d", "n1", "n2"), SALES]
    found = refuse_shared_numbers(changes, {"n1": "+14155550199"})
    assert [refusal.summary for refusal in found] == [
        "a: phone number +14155550199 is claimed by b, d too",
        "b: phone number +14155550199 is claimed by a, d too",
        "d: phone number +14155550199 is claimed by a, b too",
        "a: phone number n2 is claimed by d too",
        "d: phone number n2 is claimed by a too",
    ]


def excess(limits: Limits, *resources: ResourceChange, changes: tuple[AgentChange, ...] = (DESK,)) -> list[str]:
    found = refuse_excess(Environment("acme", "prod", limits=limits), changes, resources)
    return [refusal.summary for refusal in found]


UPDATED = replace(TOOL, action=ResourceAction.UPDATE)
PRUNED = replace(TOOL, action=ResourceAction.DELETE, is_pruned=True)


def test_what_takes_effect_at_once_counts_like_an_agent() -> None:
    none = Limits(max_changed=0, max_archived=0)
    assert excess(none, changes=(SALES, DESK)) == ["1 of 2 agents would be changed, the limit is 0: desk"]
    assert excess(none) == ["1 of 1 agent would be changed, the limit is 0: desk"]
    assert excess(none, UPDATED, changes=()) == [
        "1 of 1 agents and shared resources would be changed, the limit is 0: tool look_up"
    ]
    assert excess(none, PRUNED, changes=()) == [
        "1 of 1 agents and shared resources would be archived, the limit is 0: tool look_up"
    ]
    assert excess(Limits(max_changed=1), UPDATED) == [
        "2 of 2 agents and shared resources would be changed, the limit is 1: desk, tool look_up"
    ]


@pytest.mark.parametrize("action", [ResourceAction.CREATE, ResourceAction.REPLACE, ResourceAction.DELETE])
def test_what_is_new_or_was_replaced_counts_by_its_agents(action: ResourceAction) -> None:
    assert excess(Limits(max_changed=0, max_archived=0), replace(TOOL, action=action), changes=(SALES,)) == []
    both = excess(Limits(max_changed=0), replace(TOOL, action=action))
    assert both == ["1 of 1 agent would be changed, the limit is 0: desk"]


def test_an_archived_agent_is_no_changed_one() -> None:
    gone = replace(DESK, action=Action.ARCHIVE)
    assert excess(Limits(max_changed=0, max_archived=1), changes=(gone,)) == []
    assert excess(Limits(max_archived=0), changes=(gone, SALES)) == [
        "1 of 2 agents would be archived, the limit is 0: desk"
    ]
    ten = tuple(replace(gone, key=f"a{number}") for number in range(10))
    assert excess(Limits(max_archived=None, max_archived_share=0.9), changes=ten) != []
    assert excess(Limits(max_archived=None, max_archived_share=1.0), changes=ten) == []
