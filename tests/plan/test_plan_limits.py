"""How many agents one apply may change, at the edges of each limit."""

from __future__ import annotations

import pytest

from agentops.document import Environment, Limits
from agentops.plan.model import Action, AgentChange, Refusal
from agentops.plan.safety import refuse_excess


def refused(limits: Limits, updated: int, *, unchanged: int = 0, created: int = 0) -> list[Refusal]:
    actions = [Action.UPDATE] * updated + [Action.UNCHANGED] * unchanged + [Action.CREATE] * created
    changes = [AgentChange(f"a{n}", f"A{n}", action, "") for n, action in enumerate(actions, start=1)]
    return refuse_excess(Environment("acme", "prod", limits=limits), changes)


@pytest.mark.parametrize(
    ("limits", "updated", "unchanged", "allowed"),
    [
        (Limits(max_changed=3), 3, 0, True),
        (Limits(max_changed=3), 4, 0, False),
        (Limits(max_changed=0), 0, 4, True),
        (Limits(max_changed_share=0.3), 3, 7, True),
        (Limits(max_changed_share=0.3), 4, 6, False),
        (Limits(max_changed_share=0.3), 9, 0, True),  # too few agents for a share
        (Limits(max_changed=5, max_changed_share=0.3), 4, 6, False),  # the stricter one counts
        (Limits(), 50, 0, True),
    ],
)
def test_a_limit_holds_from_its_number_on(limits: Limits, updated: int, unchanged: int, allowed: bool) -> None:
    assert (refused(limits, updated, unchanged=unchanged) == []) is allowed


def test_new_agents_are_no_changed_ones() -> None:
    assert refused(Limits(max_changed=1), 1, created=5) == []


def test_a_refusal_names_twenty_agents_and_counts_the_others() -> None:
    (twenty,) = refused(Limits(max_changed=1), 20)
    assert twenty.summary.endswith(": " + ", ".join(f"a{n}" for n in range(1, 21)))
    (more,) = refused(Limits(max_changed=1), 22)
    assert more.summary.endswith(", a20 and 2 more")
