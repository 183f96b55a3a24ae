"""Reads a plan from JSON: the trust boundary of `apply plan.json`. `plan_json` writes it.

The models here are the published schema (`schemas/plan.schema.json`).
"""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentops.diagnostics import Diagnostic, Severity, Stretch, Where
from agentops.document import CLEARED, Generation, Secret, SecretRef
from agentops.errors import UsageError
from agentops.fields import Category, Risk
from agentops.json_text import read_json
from agentops.plan.model import (
    FORMAT_VERSION,
    Action,
    AgentChange,
    CallCosts,
    ChangedBy,
    Drift,
    ExpectedCalls,
    FieldChange,
    Impact,
    Operation,
    Plan,
    Refusal,
    ResourceAction,
    ResourceChange,
)
from agentops.resources import Address, Kind, Ref

_KINDS = frozenset(kind.value for kind in Kind)
_REFERENCE = re.compile(r"\$\{\{ secrets\.(\w+) \}\}")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlaceModel(_Model):
    """A place in a file of the project; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1


class StretchModel(_Model):
    """Lines of a text that are written in one place: from line `first` of the text on, in line `line` of `file`.
    `verbatim`: each further line is the file's next one; otherwise that one line makes all of them."""

    first: int
    file: str
    line: int
    verbatim: bool = True


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
    renamed: str | None = Field(
        default=None,
        description="The other key of an item that was renamed: both its removal and its addition have one.",
    )
    lines: list[StretchModel] = Field(default=[], description="Where the lines of the new text are written.")


class ExpectedCallsModel(_Model):
    """The calls that an apply makes of one agent: how many scripts it has, how many are called, or why none is."""

    scripts: int
    called: int
    minutes: float
    reason: str = ""


class ImpactModel(_Model):
    """How many words the model reads at the start of a call: prompts, tool definitions and greeting."""

    words_before: int
    words_after: int


class SharedModel(_Model):
    """One change that several agents have in common: the fields, and whom it reaches. Each agent has it in full."""

    fields: list[str]
    where: PlaceModel | None = None
    agents: list[str]
    on_phone_numbers: int


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
    uncalled_since: str | None = None
    calls: ExpectedCallsModel | None = None
    impact: ImpactModel | None = None
    numbers: list[str] = Field(default=[], description="The phone numbers that it has or gets, by their product ids.")


class ResourceChangeModel(_Model):
    """One shared tool, knowledge base or webhook. A value `{"$ref": "tool.KEY", "fingerprint": "..."}` names one."""

    kind: Kind
    key: str
    name: str
    action: ResourceAction
    reason: str
    resource_id: str | None = None
    fingerprint: str = ""
    fields: list[FieldChangeModel] = []
    reaches: list[str] = []
    drift: Drift = Drift.NONE
    drift_detail: str = ""
    is_pruned: bool = False


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


class CallCostsModel(_Model):
    """All calls of the plan; `cost` by what the last calls cost; null: the platform does not say."""

    minutes: float
    cost: float | None = None
    credits_left: float | None = None


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
    resources: list[ResourceChangeModel] = []
    shared: list[SharedModel] = []
    diagnostics: list[DiagnosticModel] = []
    refusals: list[RefusalModel] = []
    acknowledged: list[str] = Field(default=[], description="Acknowledgements that were given and needed.")
    call_costs: CallCostsModel | None = None


def from_json(text: str, file: str = "the plan file") -> Plan:
    """The plan in a plan file, without what only lives in memory. Raises UsageError when the text is not one."""
    hint = "save one with `agentops plan --out FILE`"
    try:
        data = read_json(text)
    except (ValueError, RecursionError) as error:
        why = error if isinstance(error, ValueError) else "it is nested too deeply"
        raise UsageError(f"{file} is not JSON: {why}", hint=hint) from None
    # Before the model judges the fields: those of another version would only look damaged.
    version = data.get("format_version") if isinstance(data, dict) else None
    if version != FORMAT_VERSION:
        raise UsageError(
            f"{file} has format version {version!r}, this agentops reads {FORMAT_VERSION}",
            hint="make the plan again with this version of agentops",
            code="PLAN_FORMAT",
        )
    try:
        model = PlanModel.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"{file} is not a plan, or is damaged at {place}: {first['msg']}", hint=hint) from None
    return _plan_from(model)


def plan_schema() -> dict[str, Any]:
    """The JSON Schema of a plan file."""
    return PlanModel.model_json_schema()


def _plan_from(model: PlanModel) -> Plan:
    return Plan(
        project=model.project,
        environment=model.environment,
        target=model.target,
        generation=model.generation,
        changes=tuple(_change_from(change) for change in model.changes),
        resources=tuple(_resource_from(change) for change in model.resources),
        digest=model.digest,
        diagnostics=tuple(_diagnostic_from(diagnostic) for diagnostic in model.diagnostics),
        refusals=tuple(Refusal(**refusal.model_dump()) for refusal in model.refusals),
        acknowledged=tuple(model.acknowledged),
        call_costs=CallCosts(**model.call_costs.model_dump()) if model.call_costs else None,
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
        uncalled_since=model.uncalled_since,
        calls=ExpectedCalls(**model.calls.model_dump()) if model.calls else None,
        impact=Impact(**model.impact.model_dump()) if model.impact else None,
        numbers=tuple(model.numbers),
    )


def _resource_from(model: ResourceChangeModel) -> ResourceChange:
    return ResourceChange(
        address=Address(model.kind, model.key),
        name=model.name,
        action=model.action,
        reason=model.reason,
        resource_id=model.resource_id,
        fingerprint=model.fingerprint,
        fields=tuple(_field_from(field) for field in model.fields),
        reaches=tuple(model.reaches),
        drift=model.drift,
        drift_detail=model.drift_detail,
        is_pruned=model.is_pruned,
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
        renamed=model.renamed,
        lines=tuple(Stretch(each.first, each.file, each.line, each.verbatim) for each in model.lines),
    )


def _diagnostic_from(model: DiagnosticModel) -> Diagnostic:
    return Diagnostic(**{**model.model_dump(), "where": _place_from(model.where)})


def _place_from(model: PlaceModel | None) -> Where | None:
    return Where(model.file, model.line, model.column) if model else None


def _value_from(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"$secret"}:
            return _secret_from(str(value["$secret"]))
        if value.keys() == {"$ref", "fingerprint"}:
            kind, _, key = str(value["$ref"]).partition(".")
            return Ref(Kind(kind), key, str(value["fingerprint"])) if kind in _KINDS else value
        return CLEARED if value == {"$clear": True} else {name: _value_from(item) for name, item in value.items()}
    return [_value_from(item) for item in value] if isinstance(value, list) else value


def _secret_from(reference: str) -> Secret:
    parts: list[str | SecretRef] = []
    # `split` gives the text between references at even positions, and the names that the pattern captures at odd ones.
    for position, part in enumerate(_REFERENCE.split(reference)):
        if position % 2:
            parts.append(SecretRef(part))
        elif part:
            parts.append(part)
    return Secret(tuple(parts))
