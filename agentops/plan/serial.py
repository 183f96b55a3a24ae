"""A plan as JSON and back: the versioned machine format, and the trust boundary of `apply plan.json`.

The models here are the published schema (`schemas/plan.schema.json`). Secrets are written as `{"$secret": reference}`;
what only lives in memory (desired, observed) is not written.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.document import CLEARED, Generation, Secret, SecretRef, path_text
from agentops.errors import UsageError
from agentops.fields import Category, Risk
from agentops.plan.model import (
    FORMAT_VERSION,
    Action,
    AgentChange,
    ChangedBy,
    Drift,
    FieldChange,
    Operation,
    Plan,
    Refusal,
)

_REFERENCE = re.compile(r"\$\{\{ secrets\.(\w+) \}\}")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlaceModel(_Model):
    """A place in a file of the project; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1


class FieldChangeModel(_Model):
    """One field. `field` is `path` in one text; a value `{"$secret": "..."}` is a secret by its reference."""

    path: list[str | int]
    field: str
    operation: Operation
    before: Any = None
    after: Any = None
    category: Category
    risk: Risk
    changed_by: ChangedBy
    reason: str = ""
    where: PlaceModel | None = None
    is_immediate: bool = False


class AgentChangeModel(_Model):
    """One agent: what apply does to it, and what it was computed from."""

    key: str
    name: str
    action: Action
    reason: str
    agent_id: str | None = None
    base_revision_id: str | None = None
    base_number: int | None = None
    restore_to_revision_id: str | None = None
    fingerprint: str = ""
    fields: list[FieldChangeModel] = []
    drift: Drift = Drift.NONE
    drift_fields: list[FieldChangeModel] = []
    drift_detail: str = ""
    unmanaged: list[list[str | int]] = []
    unverifiable: list[str] = []
    foreign_draft: str | None = None


class RefusalModel(_Model):
    """A rule that blocks applying; `acknowledgement` is what `--ack` takes."""

    code: str
    summary: str
    hint: str
    agent: str | None = None
    acknowledgement: str | None = None
    is_stale: bool = False


class DiagnosticModel(_Model):
    code: str
    severity: Severity
    summary: str
    hint: str | None = None
    where: PlaceModel | None = None
    expected: str | None = None
    agent: str | None = None
    path: str | None = None


class PlanModel(_Model):
    """An agentops plan. `digest` is what `apply --digest` takes; `applyable` is false while a refusal stands."""

    format_version: Literal[1]
    project: str
    environment: str
    target: str
    generation: Generation
    digest: str
    empty: bool
    applyable: bool
    changes: list[AgentChangeModel]
    diagnostics: list[DiagnosticModel] = []
    refusals: list[RefusalModel] = []
    acknowledged: list[str] = Field(default=[], description="Acknowledgements that were given and needed.")


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
        "diagnostics": [diagnostic_data(diagnostic) for diagnostic in plan.diagnostics],
        "refusals": [_refusal_data(refusal) for refusal in plan.refusals],
        "acknowledged": list(plan.acknowledged),
    }


def from_json(text: str) -> Plan:
    """The plan in a plan file, without what only lives in memory. Raises UsageError when the text is not one."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise UsageError(
            f"the plan file is not JSON: {error}", hint="make one with `agentops plan --out FILE`"
        ) from None
    version = data.get("format_version") if isinstance(data, dict) else None
    if version != FORMAT_VERSION:
        raise UsageError(
            f"the plan file has format version {version!r}, this agentops reads {FORMAT_VERSION}",
            hint="make the plan again with this version of agentops",
            code="PLAN_FORMAT",
        )
    try:
        model = PlanModel.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"the plan file is damaged at {place}: {first['msg']}", hint="make it again with `agentops plan --out FILE`"
        ) from None
    return _plan_from(model)


def plan_schema() -> dict[str, Any]:
    """The JSON Schema of a plan file."""
    return PlanModel.model_json_schema()


def value_data(value: Any) -> Any:
    """A value of a field change as JSON data."""
    if isinstance(value, Secret):
        return {"$secret": value.reference}
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
    }


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


def _plan_from(model: PlanModel) -> Plan:
    return Plan(
        project=model.project,
        environment=model.environment,
        target=model.target,
        generation=model.generation,
        changes=tuple(_change_from(change) for change in model.changes),
        digest=model.digest,
        diagnostics=tuple(_diagnostic_from(diagnostic) for diagnostic in model.diagnostics),
        refusals=tuple(Refusal(**refusal.model_dump()) for refusal in model.refusals),
        acknowledged=tuple(model.acknowledged),
        format_version=model.format_version,
    )


def _change_from(model: AgentChangeModel) -> AgentChange:
    return AgentChange(
        key=model.key,
        name=model.name,
        action=model.action,
        reason=model.reason,
        agent_id=model.agent_id,
        base_revision_id=model.base_revision_id,
        base_number=model.base_number,
        fingerprint=model.fingerprint,
        fields=tuple(_field_from(field) for field in model.fields),
        drift=model.drift,
        drift_fields=tuple(_field_from(field) for field in model.drift_fields),
        drift_detail=model.drift_detail,
        unmanaged=tuple(tuple(path) for path in model.unmanaged),
        unverifiable=tuple(model.unverifiable),
        foreign_draft=model.foreign_draft,
    )


def _field_from(model: FieldChangeModel) -> FieldChange:
    return FieldChange(
        path=tuple(model.path),
        operation=model.operation,
        before=_value_from(model.before),
        after=_value_from(model.after),
        category=model.category,
        risk=model.risk,
        changed_by=model.changed_by,
        reason=model.reason,
        where=_place_from(model.where),
        is_immediate=model.is_immediate,
    )


def _diagnostic_from(model: DiagnosticModel) -> Diagnostic:
    return Diagnostic(**{**model.model_dump(), "where": _place_from(model.where)})


def _place_from(model: PlaceModel | None) -> Where | None:
    return Where(model.file, model.line, model.column) if model else None


def _value_from(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"$secret"}:
            return _secret_from(str(value["$secret"]))
        return CLEARED if value == {"$clear": True} else {name: _value_from(item) for name, item in value.items()}
    return [_value_from(item) for item in value] if isinstance(value, list) else value


def _secret_from(reference: str) -> Secret:
    parts: list[str | SecretRef] = []
    for position, part in enumerate(_REFERENCE.split(reference)):
        if position % 2:
            parts.append(SecretRef(part))
        elif part:
            parts.append(part)
    return Secret(tuple(parts))
