"""Two sides of agents compared, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from agentops.plan.agent_diff import AgentDiff
from agentops.plan.model import FORMAT_VERSION
from agentops.plan.plan_json import field_data


def diff_json(contrasts: Sequence[AgentDiff]) -> str:
    data = {
        "format_version": FORMAT_VERSION,
        "agents": [
            {
                "key": each.key,
                "name": each.name,
                "before": each.before,
                "after": each.after,
                "fields": [field_data(field) for field in each.fields],
                "note": each.note or None,
            }
            for each in contrasts
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
