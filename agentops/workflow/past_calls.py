"""Callers' calls, read from the platform on request. Nothing of them is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agentops.calls.call_history import PastCall, PastConversation, past_call, past_conversation
from agentops.errors import UsageError
from agentops.plan.concealment import known_secrets
from agentops.scrub import Scrubber
from agentops.workflow.deployment import Deployment
from agentops.workflow.history import REVISIONS, list_deployed


async def list_past_calls(deployment: Deployment, types: Sequence[str], limit: int) -> tuple[str, Sequence[PastCall]]:
    """The key of the one selected agent, and its most recently changed calls, those that began last first.

    types: the types of calls to list; none lists all. Raises UsageError for an agent that is not on the platform.
    """
    deployed = await list_deployed(deployment)
    if len(deployed) != 1:
        keys = ", ".join(agent.key for agent, _ in deployed)
        raise UsageError(
            f"calls are listed of one agent, not of {keys}", hint="name one of them", code="several-agents"
        )
    agent, listing = deployed[0]
    rows = await deployment.account.list_last_calls(listing.agent_id, limit, types)
    numbers = await _numbers(deployment, listing.agent_id, rows)
    found = sorted((past_call(row, numbers) for row in rows), key=lambda call: call.started_at or "", reverse=True)
    return agent.key, _scrubber(deployment).deep(found)


async def read_past_call(deployment: Deployment, call_id: str) -> PastConversation:
    """One call with its conversation. Raises NotFoundError if the account doesn't have it."""
    account = deployment.account
    record = await account.read_call(call_id)
    row = await account.find_call_row(str(record.get("callId") or call_id)) or {}
    agent = record.get("agent")
    agent_id = row.get("agentId") or (agent.get("_id") if isinstance(agent, Mapping) else None)
    numbers = await _numbers(deployment, agent_id, [row]) if isinstance(agent_id, str) else {}
    return _scrubber(deployment).deep(past_conversation(record, row, numbers))


async def _numbers(deployment: Deployment, agent_id: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Revision id -> number, read only if some of `rows` name a revision by its id alone."""
    if all(isinstance(row.get("versionNumber"), int) or not row.get("versionId") for row in rows):
        return {}
    revisions = await deployment.account.list_revisions(agent_id, limit=REVISIONS)
    return {each.revision_id: each.number for each in revisions if each.number is not None}


def _scrubber(deployment: Deployment) -> Scrubber:
    key = deployment.api_key.reveal() if deployment.api_key else ""
    return Scrubber((*known_secrets(deployment.environment, deployment.project.agents), key))
