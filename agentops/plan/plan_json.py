"""A plan as JSON, the versioned machine format; `serial` reads it back.

Secrets are written as `{"$secret": reference}`; what only lives in memory (desired, observed) is not written.
"""

from __future__ import annotations

import json
from typing import Any

from agentops.diagnostics import Diagnostic, Where
from agentops.document import CLEARED, Secret, path_text
from agentops.plan.model import (
    AgentChange,
    CallCosts,
    ExpectedCalls,
    FieldChange,
    Impact,
    Plan,
    Refusal,
    ResourceChange,
)
from agentops.plan.sharing import Shared, share
from agentops.resources import Ref


def to_json(plan: Plan) -> str:
    """The plan as indented JSON with a stable order."""
    return json.dumps(to_data(plan), indent=2, ensure_ascii=False) + "\n"


def to_data(plan: Plan) -> dict[str, Any]:
    """The plan as JSON data."""
    return {
        "format_version": plan.format_version,
        "project": plan.project,
        "environment": plan.environment,
        "target": plan.target,
        "generation": plan.generation.value,
        "digest": plan.digest,
        "empty": plan.is_empty,
        "applyable": plan.is_applyable,
        "changes": [_change_data(change) for change in plan.changes],
        "resources": [resource_data(change) for change in plan.resources],
        "shared": [_shared_data(each) for each in share(plan.changes).shared],
        "diagnostics": [diagnostic_data(diagnostic) for diagnostic in plan.diagnostics],
        "refusals": [_refusal_data(refusal) for refusal in plan.refusals],
        "acknowledged": list(plan.acknowledged),
        "call_costs": _costs_data(plan.call_costs),
    }


def value_data(value: Any) -> Any:
    """A value of a field change as JSON data."""
    if isinstance(value, Secret):
        return {"$secret": value.reference}
    if isinstance(value, Ref):
        return {"$ref": f"{value.kind.value}.{value.key}", "fingerprint": value.fingerprint}
    if value is CLEARED:
        return {"$clear": True}
    if isinstance(value, dict):
        return {name: value_data(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [value_data(item) for item in value]
    return value


def diagnostic_data(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "summary": diagnostic.summary,
        "hint": diagnostic.hint,
        "where": _place_data(diagnostic.where),
        "expected": diagnostic.expected,
        "agent": diagnostic.agent,
        "path": diagnostic.path,
    }


def field_data(change: FieldChange) -> dict[str, Any]:
    return {
        "path": list(change.path),
        "field": path_text(change.path),
        "operation": change.operation.value,
        "before": value_data(change.before),
        "after": value_data(change.after),
        "category": change.category.value,
        "risk": change.risk.value,
        "changed_by": change.changed_by.value,
        "reason": change.reason,
        "where": _place_data(change.where),
        "is_immediate": change.is_immediate,
        "renamed": change.renamed,
        "lines": [
            {"first": each.first, "file": each.file, "line": each.line, "verbatim": each.is_verbatim}
            for each in change.lines
        ],
    }


def _calls_data(calls: ExpectedCalls | None) -> dict[str, Any] | None:
    if calls is None:
        return None
    minutes = round(calls.minutes, 1)
    return {"scripts": calls.scripts, "called": calls.called, "minutes": minutes, "reason": calls.reason}


def _change_data(change: AgentChange) -> dict[str, Any]:
    return {
        "key": change.key,
        "name": change.name,
        "action": change.action.value,
        "reason": change.reason,
        "agent_id": change.agent_id,
        "base_revision_id": change.base_revision_id,
        "base_number": change.base_number,
        "restore_to_revision_id": change.restore_to.revision_id if change.restore_to else None,
        "fingerprint": change.fingerprint,
        "fields": [field_data(field) for field in change.fields],
        "drift": change.drift.value,
        "drift_fields": [field_data(field) for field in change.drift_fields],
        "drift_detail": change.drift_detail,
        "unmanaged": [list(path) for path in change.unmanaged],
        "unverifiable": list(change.unverifiable),
        "foreign_draft": change.foreign_draft,
        "uncalled_since": change.uncalled_since,
        "calls": _calls_data(change.calls),
        "impact": _impact_data(change.impact),
        "numbers": list(change.numbers),
    }


def _costs_data(costs: CallCosts | None) -> dict[str, Any] | None:
    if costs is None:
        return None
    return {"minutes": costs.minutes, "cost": costs.cost, "credits_left": costs.credits_left}


def _impact_data(impact: Impact | None) -> dict[str, Any] | None:
    return {"words_before": impact.words_before, "words_after": impact.words_after} if impact else None


def _shared_data(shared: Shared) -> dict[str, Any]:
    return {
        "fields": [path_text(change.path) for change in shared.changes],
        "where": _place_data(shared.changes[-1].where),  # of a renamed item the added half, which alone is in the spec
        "agents": list(shared.agents),
        "on_phone_numbers": shared.numbers,
    }


def resource_data(change: ResourceChange) -> dict[str, Any]:
    return {
        "kind": change.address.kind.value,
        "key": change.address.key,
        "name": change.name,
        "action": change.action.value,
        "reason": change.reason,
        "resource_id": change.resource_id,
        "fingerprint": change.fingerprint,
        "fields": [field_data(field) for field in change.fields],
        "reaches": list(change.reaches),
        "drift": change.drift.value,
        "drift_detail": change.drift_detail,
        "is_pruned": change.is_pruned,
    }


def _refusal_data(refusal: Refusal) -> dict[str, Any]:
    return {
        "code": refusal.code,
        "summary": refusal.summary,
        "hint": refusal.hint,
        "agent": refusal.agent,
        "acknowledgement": refusal.acknowledgement,
        "is_stale": refusal.is_stale,
    }


def _place_data(where: Where | None) -> dict[str, Any] | None:
    return {"file": where.file, "line": where.line, "column": where.column} if where else None
