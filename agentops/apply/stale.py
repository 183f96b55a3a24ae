"""The errors raised when somebody else is working on the same agent or resource."""

from __future__ import annotations

from collections.abc import Sequence

from agentops.document import Revision, path_text
from agentops.errors import StaleError
from agentops.plan.diff import Difference
from agentops.plan.model import AgentChange, ResourceChange
from agentops.resources import ObservedResource


def base_moved(change: AgentChange, now: object) -> StaleError:
    return StaleError(
        f"{change.key}: revision {now} went live since the plan was made, "
        f"which was computed from {change.base_name or 'nothing'}",
        hint="plan again and look at what changed",
        code="base_moved",
    )


def unplanned_changes(change: AgentChange, holder: str, edits: Sequence[Difference]) -> StaleError:
    what = ", ".join(path_text(edit.path) for edit in edits) or "it was forked from another revision"
    return StaleError(
        f"{change.key}: {holder} holds changes that were not planned: {what}",
        hint="somebody is editing this agent in the console: agree with them, then plan again; "
        "--discard-draft throws their draft away",
        code="unplanned_changes",
    )


def not_live(change: AgentChange, ours: Revision, now: object, how: str = "was made live") -> StaleError:
    return StaleError(
        f"{change.key}: revision {ours.name} {how}, but {now} serves",
        hint="somebody else deployed at the same time: plan again",
        code="not_live",
    )


def overtook(change: AgentChange, ours: Revision, theirs: Revision) -> StaleError:
    return StaleError(
        f"{change.key}: revision {theirs.name} went live right before revision {ours.name}, which replaced it",
        hint="somebody else deployed at the same time: plan again",
        code="overtook",
    )


def resource_moved(change: ResourceChange) -> StaleError:
    return StaleError(
        f"{change.address}: it was changed since the plan was made, so it was left as it is",
        hint="plan again and look at what changed",
        code="resource_moved",
    )


def subscribed_elsewhere(change: ResourceChange, agent_id: str, webhook: ObservedResource) -> StaleError:
    return StaleError(
        f"{change.address}: since the plan was made, agent {agent_id} was subscribed to the webhook {webhook.name!r} "
        f"({webhook.content['endpoint']}), and would be taken off it",
        hint="agree with its owner, then plan again",
        code="subscribed_elsewhere",
    )
