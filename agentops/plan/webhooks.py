"""What becomes of each webhook: not versioned, so that a change takes effect at once, once the agents have moved. Pure.

Headers are never read back, so what was written last is known by the mark alone; endpoint and events are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from agentops.document import Document
from agentops.fields import Category, Risk
from agentops.plan.canonical import canonical
from agentops.plan.holdings import Holdings, ResourcePlan
from agentops.plan.model import Drift, FieldChange, Operation, Refusal, ResourceAction, ResourceChange
from agentops.plan.resources import as_described, field_changes_of, refuse_drift
from agentops.plan.safety import refuse_protected_reach
from agentops.resources import (
    SOURCES_LENGTH,
    Address,
    DesiredResource,
    Kind,
    ObservedResource,
    owner_of,
    without_resource_mark,
)


@dataclass(frozen=True, slots=True)
class Agents:
    """Agents of the project by key, with the account's ids; None for those that are still to be created."""

    ids: Mapping[str, str | None]

    def key_of(self, agent_id: str) -> str:
        """Its key, or its id where it is not of this project."""
        return next((key for key, known in self.ids.items() if known == agent_id), agent_id)


def match_webhooks(shared: Holdings, agents: Agents, planned: ResourcePlan, overwrites_drift: bool) -> None:
    """Adds what becomes of each webhook to `planned`."""
    for resource in shared.desired:
        if resource.kind is Kind.WEBHOOK:
            change = _matched(shared, resource, agents, planned)
            if change.drift is not Drift.NONE and not overwrites_drift:
                planned.refusals.append(refuse_drift(change))
            if change.is_change:
                going = list(displaced(change, shared.of_kind(Kind.WEBHOOK), agents.ids))
                change = replace(change, displaces=frozenset((each.resource_id, agent_id) for each, agent_id in going))
                planned.refusals += _refuse_displacing(shared, change, going, agents)
                planned.refusals += refuse_protected_reach(shared.environment, change)
            planned.changes.append(change)
    if shared.prunes and shared.is_all:
        planned.changes += _pruned(shared, agents)


def _matched(shared: Holdings, resource: DesiredResource, agents: Agents, planned: ResourcePlan) -> ResourceChange:
    change = as_described(resource, tuple(resource.content["events"]))
    webhooks = shared.of_kind(Kind.WEBHOOK)
    ours = [each for each in webhooks if shared.is_marked(each, resource.address)]
    if len(ours) > 1:
        planned.refusals.append(_refuse_ambiguous(resource, ours))
    wanted = {"endpoint": resource.content["endpoint"]}
    endpoint = canonical(wanted)
    of_address = [each for each in webhooks if canonical(each.content, wanted) == endpoint]
    before = next(iter([*ours, *of_address]), None)
    if before is None:
        reason = f"the account has no webhook that sends to {resource.content['endpoint']}"
        fields = field_changes_of(shared, resource, {}, _shown(resource.content))
        return replace(change, action=ResourceAction.CREATE, reason=reason, fields=fields)
    if not ours and not _is_given_up(shared, before):
        planned.refusals.append(_refuse_taken(resource, before))
    planned.refusals += [_refuse_address(resource, each) for each in of_address if ours and each not in ours]
    return _compared(shared, change, before, agents)


def _compared(shared: Holdings, change: ResourceChange, before: ObservedResource, agents: Agents) -> ResourceChange:
    resource = change.desired
    assert resource is not None
    change = replace(change, resource_id=before.resource_id, observed=before)
    events = {agents.key_of(agent_id): types for agent_id, types in before.content["events"].items()}
    had: Document = {**before.content, "events": events, "description": without_resource_mark(before.description)}
    wanted = _shown(resource.content)
    fields = field_changes_of(shared, resource, had, wanted)
    fields += tuple(
        FieldChange(("events", agent), Operation.REMOVE, list(types), None, Category.OTHER, Risk.MEDIUM)
        for agent, types in sorted(events.items())
        if agent not in change.reaches
    )
    is_ours = shared.is_marked(before, resource.address)
    is_written = is_ours and before.mark is not None and before.mark.sources == change.fingerprint[:SOURCES_LENGTH]
    reason = "differs from its file; takes effect at once"
    # Only headers can differ then, which can't be read back, so they are written again.
    if not is_written and not fields:
        fields = field_changes_of(shared, resource, {"headers": {}}, {"headers": resource.content.get("headers", {})})
        reason = reason if fields else "as its file describes it, but its mark does not say so yet"
    if is_written and not fields:
        return change
    at_once = tuple(replace(each, is_immediate=True) for each in fields)
    # The mark says that exactly this was written, so that somebody else has changed it since.
    drift = Drift.EDITED if is_written else Drift.NONE
    detail = "its endpoint or events were changed outside git" if is_written else ""
    return replace(
        change, action=ResourceAction.UPDATE, reason=reason, fields=at_once, drift=drift, drift_detail=detail
    )


def given_up(project: str, environment: str) -> str:
    """The owner in the mark of a webhook that is being deleted: once its subscriptions are gone, nothing else would
    say whose it was."""
    return owner_of(project, environment, Address(Kind.WEBHOOK, ""))


def _is_given_up(shared: Holdings, webhook: ObservedResource) -> bool:
    environment = shared.environment
    return webhook.mark is not None and webhook.mark.owner == given_up(environment.project, environment.name)


def _shown(content: Document) -> Document:
    """What can be compared: everything but the headers, which the account does not show."""
    return {name: value for name, value in content.items() if name != "headers"}


def to_subscribe(change: ResourceChange, ids: Mapping[str, str | None]) -> Mapping[str, Sequence[str]]:
    """Agent key -> events, of the agents whose subscription to the webhook is not what is wanted."""
    wanted: Mapping[str, Sequence[str]] = change.desired.content["events"] if change.desired else {}
    has: Mapping[str, Sequence[str]] = change.observed.content["events"] if change.observed else {}
    return {key: events for key, events in wanted.items() if list(has.get(ids.get(key) or "", ())) != list(events)}


def to_unsubscribe(change: ResourceChange, ids: Mapping[str, str | None]) -> Sequence[str]:
    """Ids of the agents that are subscribed to the webhook and should not be."""
    wanted = {ids.get(key) for key in (change.desired.content["events"] if change.desired else ())}
    return [each for each in (change.observed.content["events"] if change.observed else ()) if each not in wanted]


def displaced(
    change: ResourceChange, webhooks: Iterable[ObservedResource], ids: Mapping[str, str | None]
) -> Iterator[tuple[ObservedResource, str]]:
    """Subscriptions to other webhooks that would go, by webhook and agent id: a new one replaces all of an agent's."""
    subscribed = {ids.get(key) for key in to_subscribe(change, ids)}
    for webhook in webhooks:
        if webhook.resource_id != change.resource_id:
            yield from ((webhook, agent_id) for agent_id in webhook.content["events"] if agent_id in subscribed)


def _refuse_displacing(
    shared: Holdings, change: ResourceChange, going: Iterable[tuple[ObservedResource, str]], agents: Agents
) -> Iterator[Refusal]:
    """Refuses to take agents off somebody else's webhooks."""
    mine = {shared.owner(address) for address in shared.addresses}
    for webhook, agent_id in going:
        if webhook.mark is None or webhook.mark.owner not in mine:
            yield Refusal(
                code="FOREIGN_SUBSCRIPTION",
                summary=f"{change.address}: {agents.key_of(agent_id)} would be taken off the webhook {webhook.name!r} "
                f"({webhook.content['endpoint']}), which gets {', '.join(webhook.content['events'][agent_id])} "
                "and is not of this project",
                hint="a new subscription replaces all that an agent has: agree with the other owner, then pass "
                f"`--ack FOREIGN_SUBSCRIPTION:{change.address.name}`",
                agent=change.address.name,
                acknowledgement="FOREIGN_SUBSCRIPTION",
            )


def _refuse_taken(resource: DesiredResource, before: ObservedResource) -> Refusal:
    name = resource.address.name
    if before.mark is not None:
        return Refusal(
            code="FOREIGN_WEBHOOK",
            summary=f"{resource.address}: {resource.content['endpoint']} is the webhook {before.resource_id} of "
            "another project, environment or file, and the platform takes an address once",
            hint="give this one an address of its own, for example with ${{ environment }} in it; where it was ours "
            f"under another name, pass `--ack FOREIGN_WEBHOOK:{name}` to take it over, and its agents off it",
            agent=name,
            acknowledgement="FOREIGN_WEBHOOK",
        )
    becomes = "are replaced" if "headers" in resource.content else "stay, since the file has no `headers:`"
    return Refusal(
        code="ADOPT",
        summary=f"{resource.address}: webhook {before.resource_id} sends to {resource.content['endpoint']} and was "
        "never deployed by agentops",
        hint=f"pass `--ack ADOPT:{name}` to take it over; headers that it has can't be read and {becomes}",
        agent=name,
        acknowledgement="ADOPT",
    )


def _refuse_address(resource: DesiredResource, other: ObservedResource) -> Refusal:
    return Refusal(
        code="FOREIGN_WEBHOOK",
        summary=f"{resource.address}: {resource.content['endpoint']} is the address of the webhook "
        f"{other.resource_id} as well, and the platform takes an address once",
        hint="give this one an address of its own, or delete the other one in the console",
        agent=resource.address.name,
    )


def _refuse_ambiguous(resource: DesiredResource, ours: Sequence[ObservedResource]) -> Refusal:
    ids = " and ".join(sorted(each.resource_id for each in ours))
    return Refusal(
        code="AMBIGUOUS_RESOURCE",
        summary=f"{resource.address}: webhooks {ids} both carry its mark",
        hint="delete all but one in the console",
        agent=resource.address.name,
    )


def _pruned(shared: Holdings, agents: Agents) -> Iterator[ResourceChange]:
    """Webhooks whose mark fits no file and that only our agents subscribe to, and those that an earlier run gave up."""
    known = {shared.owner(address) for address in shared.addresses}
    ids = set(agents.ids.values())
    for each in shared.of_kind(Kind.WEBHOOK):
        subscribed = set(each.content["events"])
        is_left = each.mark is not None and each.mark.owner not in known and bool(subscribed)
        if (is_left or _is_given_up(shared, each)) and subscribed <= ids:
            reason = "deployed from this project, and no file describes it any more"
            yield ResourceChange(
                Address(Kind.WEBHOOK, each.name),
                each.name,
                ResourceAction.DELETE,
                reason,
                resource_id=each.resource_id,
                reaches=tuple(agents.key_of(agent_id) for agent_id in each.content["events"]),
                is_pruned=True,
                observed=each,
            )
