"""The order in which a plan's changes are carried out: what is referred to comes before what refers to it. Pure.

What is new comes before the agents that need it, what is edited in place right before them, webhooks, which subscribe
agents, after them, and what goes is last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter

from agentops.diagnostics import Diagnostic, Severity
from agentops.plan.model import AgentChange, Plan, ResourceAction, ResourceChange
from agentops.plan.references import references_in
from agentops.resources import Address, Kind

Step = AgentChange | ResourceChange


def in_order(changes: Iterable[ResourceChange]) -> tuple[tuple[ResourceChange, ...], tuple[Diagnostic, ...]]:
    """The changes in their order, and a diagnostic instead of an order where they need each other in a circle."""
    listed = sorted(changes, key=lambda each: (each.address, each.resource_id or ""))  # the account has no order
    needs: dict[Address, set[Address]] = {}
    for change in listed:
        content = change.desired.content if change.desired else {}
        needs.setdefault(change.address, set()).update(ref.address for ref in references_in(content))
    try:
        ranks = {address: rank for rank, address in enumerate(TopologicalSorter(needs).static_order())}
    except CycleError as error:
        circle = " -> ".join(map(str, error.args[1]))
        summary = f"resources need each other in a circle: {circle}"
        return tuple(listed), (Diagnostic("reference-cycle", Severity.ERROR, summary, "break the circle"),)
    kinds = list(Kind)

    def place(change: ResourceChange) -> tuple[bool, bool, bool, int, int, str]:
        kind = change.address.kind
        is_in_place = change.action is ResourceAction.UPDATE  # can't be taken back, so whatever may fail comes before
        return (
            is_last(change),
            kind is Kind.WEBHOOK,
            is_in_place,
            kinds.index(kind),
            ranks[change.address],
            change.address.key,
        )

    listed.sort(key=place)
    return tuple(listed), ()


def is_first(change: ResourceChange) -> bool:
    """Whether agents may need it, so that it has to be there before they are staged."""
    return change.action is not ResourceAction.DELETE and change.address.kind is not Kind.WEBHOOK


def is_last(change: ResourceChange) -> bool:
    return change.action is ResourceAction.DELETE


def steps(plan: Plan) -> Sequence[Step]:
    """Agents and resources of a plan, changed or not, in one list and in the order in which they are carried out."""
    first = [each for each in plan.resources if is_first(each)]
    webhooks = [each for each in plan.resources if not is_first(each) and not is_last(each)]
    return (*first, *plan.changes, *webhooks, *(each for each in plan.resources if is_last(each)))
