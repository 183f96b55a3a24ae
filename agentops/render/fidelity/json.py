"""A fidelity report as JSON: every value of the source, defaults and bookkeeping included. Versioned."""

from __future__ import annotations

import json
from typing import Any

from agentops.importers.fidelity import AgentFidelity, FidelityReport, Item


def fidelity_json(report: FidelityReport) -> str:
    """The whole report, for tools."""
    data = {
        "format_version": report.format_version,
        "source": report.source,
        "counts": {grade.value: number for grade, number in report.counts.items()},
        "tasks": [
            {"code": task.code, "risk": task.risk, "todos": list(task.todos), "agents": list(task.agents)}
            for task in report.tasks
        ],
        "choices": {"asked": len(report.choices), "open": len(report.open_choices)},
        "agents": [_agent(agent) for agent in report.agents],
        "refused": [{"origin": refused.origin, "reason": refused.reason} for refused in report.refused],
        "remarks": list(report.remarks),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _agent(agent: AgentFidelity) -> dict[str, Any]:
    return {
        "key": agent.key,
        "name": agent.name,
        "origin": agent.origin,
        "leaves": agent.leaves,
        "counts": {grade.value: number for grade, number in agent.counts.items()},
        "open_choices": len(agent.open_choices),
        "items": [_item(item) for item in agent.items],
        "written": [{"target": a.target, "value": a.value, "why": a.why} for a in agent.additions],
        "choices": [
            {
                "name": choice.name,
                "question": choice.question,
                "proposals": [{"value": value, "reason": reason} for value, reason in choice.proposals],
                "answer": choice.answer,
                "is_open": choice.is_open,
            }
            for choice in agent.choices
        ],
        "files": list(agent.files),
    }


def _item(item: Item) -> dict[str, Any]:
    data: dict[str, Any] = {"grade": item.grade.value, "code": item.code, "source": item.source}
    if item.is_leaf:
        data["value"] = item.value
    if item.target is not None:
        data |= {"target": item.target, "target_value": item.target_value}
    for key, text in (("why", item.why), ("todo", item.todo)):
        if text:
            data[key] = text
    return data
