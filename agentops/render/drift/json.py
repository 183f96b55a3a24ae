"""What was changed outside git, as JSON."""

from __future__ import annotations

import json

from agentops.plan.model import FORMAT_VERSION, Plan
from agentops.plan.plan_json import diagnostic_data, field_data, resource_data
from agentops.render.drift.advice import advice


def drift_json(plan: Plan) -> str:
    """Every agent with its verdict, the drifted fields, what to do."""
    data = {
        "format_version": FORMAT_VERSION,
        "project": plan.project,
        "environment": plan.environment,
        "drifted": [
            *(change.key for change in plan.changes if change.is_drifted),
            *(change.key for change in plan.resources if change.is_drifted),
        ],
        "agents": [
            {
                "key": change.key,
                "name": change.name,
                "agent_id": change.agent_id,
                "verdict": change.drift.value,
                "is_drifted": change.is_drifted,
                "detail": change.drift_detail,
                "fields": [field_data(field) for field in change.drift_fields],
                "foreign_draft": change.foreign_draft,
                "unversioned": [field_data(field) for field in change.fields if field.is_immediate and change.agent_id],
                "advice": advice(change, plan.environment),
            }
            for change in plan.changes
        ],
        "resources": [resource_data(change) for change in plan.resources if change.is_drifted],
        "diagnostics": [diagnostic_data(each) for each in plan.diagnostics],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
