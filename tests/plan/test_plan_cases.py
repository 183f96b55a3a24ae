"""The catalogue `tests/cases/plan/`: each file is one behaviour of the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plan_cases
import pytest

from agentops.document import path_text
from agentops.plan.model import FieldChange, Plan
from agentops.plan.plan_json import to_json
from agentops.plan.serial import from_json
from agentops.plan.sharing import share
from agentops.render.plan.html import plan_html
from agentops.render.plan.markdown import plan_markdown
from agentops.render.plan.parts import joined
from agentops.render.plan.text import plan_text
from agentops.render.plan.values import FIELD_SYMBOLS, value_text

FILES = plan_cases.case_files()


def field_line(change: FieldChange) -> str:
    """A field change as the cases write it."""
    by = "" if change.changed_by == "git" else f" by {change.changed_by}"
    text = f"{FIELD_SYMBOLS[change.operation]} {path_text(change.path)}: "
    if change.before is None:
        return text + value_text(change.after) + by
    if change.after is None:
        return text + value_text(change.before) + by
    return f"{text}{value_text(change.before)} -> {value_text(change.after)}{by}"


def renaming(change: FieldChange) -> str:
    return f"{path_text((*change.path[:-1], change.renamed or ''))} -> {path_text(change.path)}"


def told(plan: Plan) -> dict[str, Any]:
    """What a plan says, in the words of the cases."""
    return {
        "changes": {change.key: change.action.value for change in plan.changes},
        "fields": {c.key: [field_line(field) for field in c.fields] for c in plan.changes if c.fields},
        "drift": {c.key: c.drift.value for c in plan.changes if c.drift != "none"},
        "drifted": {c.key: [field_line(f) for f in c.drift_fields] for c in plan.changes if c.drift_fields},
        "refusals": [refusal.code for refusal in plan.refusals],
        "stale": [refusal.code for refusal in plan.refusals if refusal.is_stale],
        "diagnostics": [diagnostic.code for diagnostic in plan.diagnostics],
        "acknowledged": list(plan.acknowledged),
        "renamed": {c.key: [renaming(f) for f in joined(c.fields) if f.renamed] for c in plan.changes if c.fields},
        "places": {c.key: [str(field.where) for field in c.fields] for c in plan.changes if c.fields},
        "impact": {c.key: [c.impact.words_before, c.impact.words_after] for c in plan.changes if c.impact},
        "shared": [[path_text(each.changes[-1].path), *each.agents] for each in share(plan.changes).shared],
        "reach": [each.reach for each in share(plan.changes).shared],
        "reasons": {change.key: change.reason for change in plan.changes},
        "summaries": [refusal.summary for refusal in plan.refusals],
        "unmanaged": {c.key: [path_text(path) for path in c.unmanaged] for c in plan.changes if c.unmanaged},
        "unverifiable": {c.key: list(c.unverifiable) for c in plan.changes if c.unverifiable},
        "categories": {c.key: sorted(c.categories) for c in plan.changes if c.fields},
        "risks": {c.key: [field.risk.value for field in c.fields] for c in plan.changes if c.fields},
        "immediate": {
            c.key: [path_text(f.path) for f in c.fields if f.is_immediate]
            for c in plan.changes
            if any(f.is_immediate for f in c.fields)
        },
        "resources": [
            f"{c.action.value} {c.key}" + (f" {c.resource_id}" if c.resource_id else "") for c in plan.resources
        ],
        "resource_fields": {c.key: [field_line(field) for field in c.fields] for c in plan.resources if c.fields},
        "resource_risks": {c.key: sorted({f.risk.value for f in c.fields}) for c in plan.resources if c.fields},
        "resource_drift": {c.key: c.drift_detail for c in plan.resources if c.is_drifted},
        "reaches": {c.key: list(c.reaches) for c in plan.resources if c.reaches},
        "refused": [f"{refusal.code} {refusal.agent}" for refusal in plan.refusals],
    }


ALWAYS = ("changes", "refusals", "diagnostics", "drift", "resources")  # what a case does not mention must not happen
EMPTY: dict[str, Any] = {"changes": {}, "refusals": [], "diagnostics": [], "drift": {}, "resources": []}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_plan_says_what_the_case_expects(path: Path) -> None:
    case = plan_cases.read_case(path)
    said = told(case.plan())
    expected = {**EMPTY, **case.expect}
    assert {name: said[name] for name in expected} == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_form_of_the_plan_is_whole_and_without_secrets(path: Path) -> None:
    case = plan_cases.read_case(path)
    plan = case.plan()
    assert from_json(to_json(plan)) == plan
    forms = [to_json(plan), plan_text(plan), plan_markdown(plan), plan_html(plan), repr(plan)]
    for secret in case.data.get("never_shown", ()):
        assert not any(secret in form for form in forms)
    assert all(plan.digest in form for form in forms)
