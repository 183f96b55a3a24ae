"""What is shown of a resolved agent, as data without secrets."""

from __future__ import annotations

from typing import Any

from agentops.document import CLEARED, DesiredAgent, Secret
from agentops.resources import DesiredResource, Ref


def agent_data(agent: DesiredAgent) -> dict[str, Any]:
    """Name, kind, tags, metadata and configuration; what is not set is left out."""
    facts: dict[str, Any] = {"name": agent.name, "workflow_type": agent.workflow_type}
    if agent.agent_id:
        facts["agent_id"] = agent.agent_id
    if agent.tags:
        facts["tags"] = dict(agent.tags)
    if agent.metadata:
        facts["metadata"] = shown(agent.metadata)
    return {**facts, "config": shown(agent.config)}


def resource_data(resource: DesiredResource) -> dict[str, Any]:
    """What its file describes; of a knowledge base's files that is the SHA-256 of what is in git."""
    facts: dict[str, Any] = {"kind": resource.kind.value}
    if resource.is_in_place:
        facts["in_place"] = True
    return {**facts, "content": shown(resource.content)}


def shown(value: Any) -> Any:
    """The value as data: a secret by its reference, a cleared field as the directive."""
    if isinstance(value, Secret):
        return value.reference
    if isinstance(value, Ref):
        return value.reference
    if value is CLEARED:
        return {"$clear": True}
    if isinstance(value, dict):
        return {key: shown(each) for key, each in value.items()}
    return [shown(each) for each in value] if isinstance(value, list) else value
