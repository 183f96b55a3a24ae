"""Resolved agents as YAML. Secrets show as references."""

from __future__ import annotations

from collections.abc import Iterable

from agentops.document import DesiredAgent
from agentops.importers.yaml_text import to_yaml
from agentops.render.document.data import agent_data, resource_data
from agentops.resources import DesiredResource


def document_yaml(agents: Iterable[DesiredAgent], resources: Iterable[DesiredResource] = ()) -> str:
    """One YAML document per agent, and one per tool, knowledge base and webhook."""
    written = [to_yaml(agent_data(agent), header=f"{agent.key}: {agent.source}") for agent in agents]
    written += [to_yaml(resource_data(each), header=f"{each.address}: {each.source}") for each in resources]
    return "---\n".join(written).rstrip("\n")
