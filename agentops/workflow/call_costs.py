"""Compares what the calls of a plan will cost with the account's credits, before anybody is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agentops.errors import PlatformError, RefusedError
from agentops.plan.build import with_refusals
from agentops.plan.model import CallCosts, Plan
from agentops.plan.safety import refuse_costs
from agentops.remote.port import Writer

_CALLS_LOOKED_AT = 20  # of one agent only, so that every plan needs one request for the price of a minute


async def compare_with_credits(plan: Plan, account: Writer, acknowledged: frozenset[str]) -> Plan:
    """`plan` with the cost of its calls and the credits that are left. Nothing is read where nobody is called. A figure
    that the platform doesn't give stays unknown, and is no reason to refuse."""
    called = [change for change in plan.changes if change.calls and change.calls.called]
    minutes = sum(change.calls.minutes for change in called if change.calls)
    if not minutes:
        return plan
    known = next((change.agent_id for change in called if change.agent_id), None)
    costs = await _read_costs(account, minutes, known)
    return with_refusals(replace(plan, call_costs=costs), refuse_costs(costs), acknowledged)


async def require_credits(account: Writer, minutes: float, agent_id: str) -> None:
    """Raises RefusedError when calls of about `minutes` can't be paid for, as far as that is known."""
    for refusal in refuse_costs(await _read_costs(account, minutes, agent_id)):
        hint = "buy credits, or choose fewer calls with --tag or --agent"
        raise RefusedError(refusal.summary, hint=hint, code="call-credits")


async def _read_costs(account: Writer, minutes: float, agent_id: str | None) -> CallCosts:
    try:
        left = await account.read_credits()
    except PlatformError:
        left = None
    try:
        price = _price(await account.list_last_calls(agent_id, _CALLS_LOOKED_AT)) if agent_id else None
    except PlatformError:
        price = None
    return CallCosts(minutes, None if price is None else price * minutes, left)


def _price(calls: Sequence[Mapping[str, Any]]) -> float | None:
    """The price of a minute, from calls that have been made; None if no call has a cost."""
    priced = [
        (cost, seconds)
        for call in calls
        if isinstance(cost := call.get("callCost"), int | float)
        and isinstance(seconds := call.get("duration"), int | float)
        and seconds > 0
    ]
    cost, seconds = sum(cost for cost, _ in priced), sum(seconds for _, seconds in priced)
    return cost / seconds * 60 if cost > 0 else None
