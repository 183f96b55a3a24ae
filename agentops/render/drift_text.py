"""What was changed outside git, for people and as JSON, with the way out of each case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from agentops.document import path_text
from agentops.plan.model import FORMAT_VERSION, Action, AgentChange, ChangedBy, Drift, FieldChange, Plan
from agentops.plan.plan_json import field_data
from agentops.render.plan_text import field_lines
from agentops.render.style import PLAIN, Style
from agentops.render.values import DRIFT_WORDS, plural, value_text

_KEEP_OR_UNDO = (
    "keep it with `agentops pull --agent {key}`, or undo it with `agentops apply --agent {key} --overwrite-drift`"
)
ADVICE = {
    Drift.NONE: "nothing to do",
    Drift.EDITED: _KEEP_OR_UNDO,
    Drift.RESTORED: _KEEP_OR_UNDO,
    Drift.BRANCH_SWITCHED: _KEEP_OR_UNDO + "; publishing goes to the branch that is live",
    Drift.ROLLED_BACK: "revert the commit whose deploy was rolled back, or fix it and deploy again",
    Drift.FOREIGN: "let one project or environment deploy to it: rename it in the other, or bind another agent",
    Drift.UNMANAGED: "take it over with `agentops pull --agent {key}` and then `agentops apply --ack ADOPT`",
    Drift.RENAMED: "rename it in the spec, or give it the old name again with `--overwrite-drift`",
    Drift.ARCHIVED: "unarchive it in the console, or remove its spec",
}


def advice(change: AgentChange) -> str:
    """What to do about the verdict on one agent."""
    return ADVICE[change.drift].format(key=change.key)


def drift_text(plan: Plan, style: Style = PLAIN) -> str:
    """Every agent that stands otherwise than we left it, with fields and advice; the others on one line each."""
    title = f"Drift in {plan.project}, environment {plan.environment}"
    lines = [style.paint(title, "strong"), ""]
    for change in plan.changes:
        lines += _agent(change, style)
    drifted = [change for change in plan.changes if change.is_drifted]
    total = plural(len(plan.changes), "agent")
    if drifted:
        keys = ", ".join(change.key for change in drifted)
        lines += ["", style.paint(f"{len(drifted)} of {total} changed outside git: {keys}", "bad")]
    else:
        lines += ["", style.paint(f"No drift: {total} looked at.", "good")]
    return "\n".join(lines) + "\n"


def drift_json(plan: Plan) -> str:
    """The same as data: every agent with its verdict, the drifted fields, what to do."""
    data = {
        "format_version": FORMAT_VERSION,
        "project": plan.project,
        "environment": plan.environment,
        "drifted": [change.key for change in plan.changes if change.is_drifted],
        "agents": [_data(change) for change in plan.changes],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _agent(change: AgentChange, style: Style) -> Iterator[str]:
    if change.action is Action.CREATE:
        yield style.paint(f"= {change.key}  not on the platform yet", "faint")
        return
    notes = list(_notes(change))
    if not change.is_drifted and change.drift is Drift.NONE and not notes:
        yield style.paint(f"= {change.key}  no drift", "faint")
        return
    sign = "!" if change.is_drifted else "="
    detail = f": {change.drift_detail}" if change.drift_detail else ""
    head = f"{sign} {change.key}"
    first, *rest = style.wrap(f"{head}  {change.name!r}  {DRIFT_WORDS[change.drift]}{detail}", "", "    ")
    yield first.replace(head, style.paint(head, "bad" if change.is_drifted else "change"), 1)
    yield from rest
    for field in change.drift_fields:
        yield from field_lines(_as_moved(field), style)
        if field.reason:
            yield style.paint(f"        since {field.reason}", "faint")
    for note in notes:
        yield from style.wrap(note, "    ", "      ")
    if change.drift is not Drift.NONE:
        yield from style.wrap(f"next: {advice(change)}", "    ", "      ")


def _as_moved(field: FieldChange) -> FieldChange:
    """Without the place in the spec, where it did not come from; only a conflict needs the other hand named."""
    by = field.changed_by if field.changed_by is ChangedBy.BOTH else ChangedBy.GIT
    return replace(field, where=None, changed_by=by)


def _notes(change: AgentChange) -> Iterator[str]:
    """What is not drift and worth seeing beside it."""
    if change.drift is Drift.EDITED and not change.drift_fields:
        yield "every field that the spec manages still is as deployed"
    if change.foreign_draft:
        yield f"open draft, not ours: {change.foreign_draft}"
    for field in change.fields:
        if field.is_immediate and change.drift is not Drift.RENAMED:
            yield (
                f"{path_text(field.path)} is {value_text(field.before)}, the spec has {value_text(field.after)} "
                "(unversioned: nothing says who moved it)"
            )


def _data(change: AgentChange) -> dict[str, object]:
    return {
        "key": change.key,
        "name": change.name,
        "agent_id": change.agent_id,
        "verdict": change.drift.value,
        "is_drifted": change.is_drifted,
        "detail": change.drift_detail,
        "fields": [field_data(field) for field in change.drift_fields],
        "foreign_draft": change.foreign_draft,
        "unversioned": [field_data(field) for field in change.fields if field.is_immediate and change.agent_id],
        "advice": advice(change),
    }
