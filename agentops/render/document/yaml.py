"""Resolved agents as YAML or JSON for people and tools, and where one value came from. Secrets show as references."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from agentops.diagnostics import Where
from agentops.document import CLEARED, DesiredAgent, Secret
from agentops.importers.yaml_text import to_yaml


class StepLike(Protocol):
    """One thing that a value depends on."""

    @property
    def what(self) -> str: ...
    @property
    def where(self) -> Where | None: ...
    @property
    def written(self) -> str | None: ...


def document_yaml(agents: Iterable[DesiredAgent]) -> str:
    """One YAML document per agent."""
    return "---\n".join(to_yaml(_facts(agent), header=f"{agent.key}: {agent.source}") for agent in agents).rstrip("\n")


def document_json(agents: Iterable[DesiredAgent]) -> str:
    return json.dumps({agent.key: _facts(agent) for agent in agents}, indent=2, ensure_ascii=False)


def _facts(agent: DesiredAgent) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": agent.name, "workflow_type": agent.workflow_type}
    if agent.agent_id:
        facts["agent_id"] = agent.agent_id
    if agent.tags:
        facts["tags"] = dict(agent.tags)
    if agent.metadata:
        facts["metadata"] = shown(agent.metadata)
    return {**facts, "config": shown(agent.config)}


def shown(value: Any) -> Any:
    """The value as data: a secret by its reference, a cleared field as the directive."""
    if isinstance(value, Secret):
        return value.reference
    if value is CLEARED:
        return {"$clear": True}
    if isinstance(value, dict):
        return {key: shown(each) for key, each in value.items()}
    return [shown(each) for each in value] if isinstance(value, list) else value


def provenance_text(key: str, path: str, value: Any, steps: Sequence[StepLike]) -> str:
    """A value and what it depends on, one line each."""
    is_long = isinstance(value, dict | list) or (isinstance(value, str) and ("\n" in value or len(value) > 80))
    first = f"{key}: {path}" if is_long else f"{key}: {path} = {json.dumps(shown(value), ensure_ascii=False)}"
    lines = [first]
    for step in steps:
        place = f"  ({step.where})" if step.where else ""
        lines.append(f"  {step.what}" + (f": {step.written}" if step.written is not None else "") + place)
    return "\n".join(lines)
