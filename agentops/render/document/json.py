"""Resolved agents as JSON. Secrets show as references."""

from __future__ import annotations

import json
from collections.abc import Iterable

from agentops.document import DesiredAgent
from agentops.render.document.data import agent_data


def document_json(agents: Iterable[DesiredAgent]) -> str:
    return json.dumps({agent.key: agent_data(agent) for agent in agents}, indent=2, ensure_ascii=False)
