"""The status of an environment as JSON."""

from __future__ import annotations

import json

from agentops.plan.plan_json import diagnostic_data
from agentops.plan.status import AgentStatus, Status

FORMAT_VERSION = 1


def status_json(status: Status) -> str:
    """Every agent; null where something is not known."""
    data = {
        "format_version": FORMAT_VERSION,
        "project": status.project,
        "environment": status.environment,
        "target": status.target,
        "generation": status.generation.value,
        "refused": list(status.refused),
        "agents": [_agent(agent) for agent in status.agents],
        "diagnostics": [diagnostic_data(each) for each in status.diagnostics],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _agent(agent: AgentStatus) -> dict[str, object]:
    change, live, draft = agent.change, agent.live, agent.draft
    return {
        "key": change.key,
        "name": change.name,
        "agent_id": change.agent_id,
        "live": live
        and {
            "revision_id": live.revision_id,
            "number": live.number,
            "published_at": live.published_at,
            "published_by": live.published_by,
            "label": agent.label,
            "commit": agent.commit,
            "calls": agent.verdict,
        },
        "drift": change.drift.value,
        "is_drifted": change.is_drifted,
        "draft": draft and {"draft_id": draft.draft_id, "editor": draft.editor, "edited_at": draft.edited_at},
        "phone_numbers": None if agent.numbers is None else list(agent.numbers),
        "plan": {"action": change.action.value, "fields": len(change.fields), "reason": change.reason}
        if agent.is_read
        else None,
    }
