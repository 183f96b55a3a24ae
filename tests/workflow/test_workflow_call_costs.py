"""What the calls of a plan cost against what the account has left: compared before anybody is called."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from agentops.document import Generation
from agentops.errors import PlatformError, RefusedError
from agentops.plan.model import Action, AgentChange, ExpectedCalls, Plan
from agentops.plan.plan_json import to_json
from agentops.plan.serial import from_json
from agentops.render.plan.html import plan_html
from agentops.render.plan.markdown import plan_markdown
from agentops.render.plan.text import plan_text
from agentops.workflow.call_costs import compare_with_credits, require_credits

PAID = [{"callCost": 0.5, "duration": 60}, {"callCost": 1.5, "duration": 60}, {"duration": 30}]


class Account:
    """An account that answers two questions, or neither."""

    def __init__(self, left: float | None, calls: Sequence[Mapping[str, Any]] = PAID, *, answers: bool = True) -> None:
        self.left, self.calls, self.answers, self.asked = left, calls, answers, 0

    def _answer(self, value: Any) -> Any:
        self.asked += 1
        if not self.answers:
            raise PlatformError("the account does not answer")
        return value

    async def read_credits(self) -> float | None:
        return self._answer(self.left)

    async def list_last_calls(self, agent_id: str, limit: int) -> Sequence[Mapping[str, Any]]:
        return self._answer(self.calls)


def plan_of(*minutes: float, agent_id: str | None = "a1") -> Plan:
    changes = tuple(
        AgentChange(f"k{n}", "K", Action.UPDATE, "r", agent_id=agent_id, calls=ExpectedCalls(1, 1 if each else 0, each))
        for n, each in enumerate(minutes)
    )
    return Plan("acme", "prod", "somewhere", Generation.V2, changes, "d")


def compared(account: Any, plan: Plan, *acknowledged: str) -> Plan:
    return asyncio.run(compare_with_credits(plan, account, frozenset(acknowledged)))


@pytest.mark.parametrize(
    ("account", "told", "is_refused"),
    [
        (Account(100), "cost: about 3.00 by the last calls; credits left: 100.00", False),
        (Account(2.5), "cost: about 3.00 by the last calls; credits left: 2.50", True),
        (Account(0, []), "cost: not known; credits left: 0.00", True),
        (Account(0.1, []), "cost: not known; credits left: 0.10", False),
        (Account(100, [{"callCost": 0, "duration": 60}]), "cost: not known; credits left: 100.00", False),
        (Account(None), "cost: about 3.00 by the last calls; credits left: not known", False),
        (Account(5, answers=False), "cost: not known; credits left: not known", False),
    ],
)
def test_minutes_and_credits_are_compared_as_far_as_they_are_known(account: Any, told: str, is_refused: bool) -> None:
    plan = compared(account, plan_of(1.0, 2.0))
    assert str(plan.call_costs) == f"about 3.0 minutes in all; {told}"
    assert [refusal.code for refusal in plan.refusals] == ["CREDITS"] * is_refused
    for form in (plan_text, plan_markdown, plan_html):
        assert told in form(plan)
    assert from_json(to_json(plan)).call_costs == plan.call_costs


def test_calls_that_can_not_be_paid_for_can_be_acknowledged() -> None:
    plan = compared(Account(0), plan_of(1.0), "CREDITS")
    assert plan.refusals == ()
    assert plan.acknowledged == ("CREDITS",)


def test_calls_on_their_own_are_refused_when_they_can_not_be_paid_for() -> None:
    async def asked(account: Any) -> None:
        await require_credits(account, 3.0, "a1")

    asyncio.run(asked(Account(3)))
    asyncio.run(asked(Account(None)))
    with pytest.raises(RefusedError, match=r"cost about 3\.00 by the last calls, the account has 2\.50") as error:
        asyncio.run(asked(Account(2.5)))
    assert error.value.code == "call-credits"


def test_a_new_agent_has_no_calls_to_tell_a_price() -> None:
    account = Account(5)
    plan = compared(account, plan_of(1.0, agent_id=None))
    assert account.asked == 1
    assert "cost: not known" in str(plan.call_costs)


def test_nothing_is_asked_where_nobody_is_called() -> None:
    account = Account(0)
    plan = compared(account, plan_of(0))
    assert (account.asked, plan.call_costs, plan.refusals) == (0, None, ())
