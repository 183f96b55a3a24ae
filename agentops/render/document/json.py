"""Resolved agents as JSON. Secrets show as references."""

from __future__ import annotations

import json
from collections.abc import Iterable

from agentops.document import DesiredAgent
from agentops.render.document.data import agent_data, resource_data
from agentops.resources import DesiredResource


def document_json(agents: Iterable[DesiredAgent], resources: Iterable[DesiredResource] = ()) -> str:
    """Agents by key; tools, knowledge bases and webhooks by kind and key."""
    shown = {agent.key: agent_data(agent) for agent in agents}
    shown |= {str(each.address): resource_data(each) for each in resources}
    return json.dumps(shown, indent=2, ensure_ascii=False)
