"""Resolved agents as YAML. Secrets show as references."""

from __future__ import annotations

from collections.abc import Iterable

from agentops.document import DesiredAgent
from agentops.importers.yaml_text import to_yaml
from agentops.render.document.data import agent_data


def document_yaml(agents: Iterable[DesiredAgent]) -> str:
    """One YAML document per agent."""
    written = (to_yaml(agent_data(agent), header=f"{agent.key}: {agent.source}") for agent in agents)
    return "---\n".join(written).rstrip("\n")
